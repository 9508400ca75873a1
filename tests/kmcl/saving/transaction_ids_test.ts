// docs/saved-state.md: ids of the opposite side's transactions, which may be any 64 bits (wire.md 2.5).
import { assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { foreseenRings, RawRings } from "../../../simulator/peers/mod.ts";
import { clientTable } from "../../support/connected_pair.ts";
import {
  stubClient,
  stubGuest,
  stubHost,
  stubServer,
  stubWorld,
} from "../../support/stub_drivers.ts";

const IDS = [0xffff_ffff_ffff_fffdn, 0x1_0000_0000n, 7n, 0xffff_ffff_ffff_fffdn];
/** The same as people see them. */
const SHOWN = ["18446744073709551613", 4294967296, 7, "18446744073709551613"];

/** A guest whose driver holds packets with these ids, and what is saved of it. */
async function savedGuest(): Promise<{ bytes: Uint8Array; rings: RawRings }> {
  const { fabric, guest } = stubWorld({ codec: "vmbus" });
  const held: vmbus.VMBPACKETCOMPLETION[] = [];
  let channel!: vmbus.VMBCHANNEL;
  vmbus.loadHostDriver(
    guest,
    stubHost({
      start: (context) => void stubServer(context),
      save: () => null,
    }),
  );
  const rings = foreseenRings(guest.memory, 1, 1);
  vmbus.loadGuestDriver(
    guest,
    stubGuest({
      start(context) {
        channel = stubClient(context, (_kmcl, packet) => void held.push(packet));
      },
      save: (tokens) => ({
        channel: tokens.of(channel),
        held: held.map((packet) => tokens.of(packet)),
      }),
    }),
  );
  await fabric.settle();
  rings.put("downstream", ...IDS.map((transactionId) => ({ flags: 1, transactionId })));
  guest.postInterrupt("toGuest", 1);
  await fabric.settle();
  assertEquals(vmbus.inspectChannel(channel).held.map(({ transactionId }) => transactionId), SHOWN);
  const { bytes, reason } = await vmbus.savePartition(guest);
  assertEquals(reason, null);
  return { bytes: bytes!, rings };
}

/** Ids of the completions that the guest has written, over a copy of its ring. */
function completedIds(rings: RawRings): bigint[] {
  const { packets, fault } = rings.read("upstream", "vmbus");
  assertEquals([fault, packets.filter(({ type }) => type !== 11)], [null, []]);
  return packets.map(({ transactionId }) => transactionId);
}

Deno.test("restorePartition: packets that a driver holds keep their senders' ids, all 64 bits", async () => {
  const { bytes, rings: { pfns, downstreamPageOffset } } = await savedGuest();
  const fabric = vmbus.createFabric({ codec: "vmbus" });
  const held: vmbus.VMBPACKETCOMPLETION[] = [];
  let channel!: vmbus.VMBCHANNEL;
  const { reason, partition } = vmbus.restorePartition(fabric, bytes, {
    guestDrivers: [stubGuest({
      restore(context) {
        channel = context.attachChannel("channel 0", { processPacket: () => {} });
        for (const [index] of IDS.entries()) {
          held.push(context.attachCompletion(`completion 0/${index}`).packet);
        }
      },
    })],
    hostDrivers: [stubHost()],
  });
  assertEquals(reason, null);
  assertEquals(vmbus.inspectChannel(channel).held.map(({ transactionId }) => transactionId), SHOWN);
  partition!.resume();
  for (const packet of held) clientTable(partition!).VmbChannelPacketComplete(packet, null, 0);
  const { memory } = partition!;
  assertEquals(completedIds(new RawRings(memory, pfns, downstreamPageOffset)), IDS);
  await fabric.settle();
});
