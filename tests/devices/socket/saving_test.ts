// A guest that has given sockets back by itself is saved while their rescinds are on their way (wire.md 4.5).

import { assertEquals } from "@std/assert";
import { encodeControlMessage } from "../../../core/control/codec.ts";
import * as vmbus from "../../../mod.ts";
import { offerMessage } from "../../../simulator/peers/mod.ts";
import { createFabric } from "../../support/fabric.ts";

const TYPE = "6d9d9a51-5ea2-4f9a-9d0c-3f2c7f3b8f10";
const INSTANCE = "0c7e1f4e-2f52-4c57-8a1e-0d7b4f1c2a33";

Deno.test("restorePartition: a rescind that was on its way, of a socket that the guest gave back, is no fault", async () => {
  const fabric = createFabric();
  const guest = fabric.createPartition({ name: "guest", memoryPages: 16, mmioMegabytes: 0 });
  await fabric.settle();
  guest.pause();
  const rescind = (channelId: number) =>
    encodeControlMessage({ message: "rescindChannelOffer", channelId });
  guest.postControlMessage("toGuest", rescind(7)); // it had it, and has it no more
  guest.postControlMessage(
    "toGuest",
    encodeControlMessage(offerMessage(TYPE, INSTANCE, { channelId: 8 })),
  );
  guest.postControlMessage("toGuest", rescind(8)); // offered and taken back
  guest.postControlMessage("toGuest", rescind(7)); // once is enough
  const { bytes } = vmbus.expectSuccess(await vmbus.savePartition(guest));
  const there = createFabric();
  const { partition } = vmbus.expectSuccess(vmbus.restorePartition(there, bytes));
  partition.resume();
  await there.settle();
  const { faults } = there.inspect().partitions[1]!;
  assertEquals(faults.filter(({ direction }) => direction === "toGuest"), [
    { direction: "toGuest", message: "rescindChannelOffer", fault: "unexpectedMessage" },
  ]);
});
