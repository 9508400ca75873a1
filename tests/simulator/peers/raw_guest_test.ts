import { assertEquals, assertThrows } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  type ControlMessage,
  encodePacket,
  RawGuest,
  wholePages,
} from "../../../simulator/peers/mod.ts";
import {
  makeServer,
  PAIR_INSTANCE,
  PAIR_TYPE,
  type PairOptions,
  serverTable,
} from "../../support/connected_pair.ts";
import { createFabric } from "../../support/fabric.ts";

/** A server that is enabled and started, and a guest in the hands of the test. */
function makeStage(options: PairOptions = {}) {
  const fabric = createFabric({ codec: "vmbus" });
  const heard: ControlMessage[] = [];
  const partition = fabric.createPartition({ name: "raw", memoryPages: 64 });
  const guest = new RawGuest(partition, (message) => heard.push(message));
  const vsp = serverTable(fabric);
  const calls: string[] = [];
  const server = makeServer(vsp, fabric, partition, calls, options);
  vmbus.expectSuccess(vsp.VmbChannelEnable(server));
  vsp.VmbChannelStart(server);
  return { fabric, guest, heard, vsp, server, calls };
}

function namesOf(messages: readonly ControlMessage[]): string[] {
  return messages.map(({ message }) => message);
}

// wire.md 4.5, 2.5
Deno.test("RawGuest: opens a channel over its own rings, sends a request and reads the answer", async () => {
  const { fabric, guest, heard, vsp, server } = makeStage();
  await fabric.settle();
  const [offer] = guest.offers;
  assertEquals([offer?.interfaceId, offer?.instanceId], [PAIR_TYPE, PAIR_INSTANCE]);
  const rings = guest.makeRings(1, 1);
  guest.open(rings, offer!.channelId, 77, { openId: 5 });
  await fabric.settle();
  assertEquals(guest.heard.splice(0).at(-1), {
    message: "openResult",
    channelId: 1,
    openId: 5,
    status: 0,
  });
  const payload = new Uint8Array(16).fill(9);
  const request = { completionRequested: true, transactionId: 7n, payload };
  rings.put("upstream", encodePacket("vmbus", request));
  guest.signal(offer!.channelId);
  await fabric.settle();
  const { packets, fault } = rings.take("downstream", "vmbus");
  assertEquals([packets.length, packets[0]?.payload, packets[0]?.transactionId, fault], [
    1,
    payload,
    7n,
    null,
  ]);
  guest.close(offer!.channelId, 77);
  await fabric.settle();
  assertEquals(vmbus.inspectChannel(server).lifecycle, "closed");
  assertEquals(namesOf(guest.heard), ["gpadlTorndown"]);
  assertEquals(namesOf(heard), [
    "offerChannel",
    "allOffersDelivered",
    "gpadlCreated",
    "openResult",
    "gpadlTorndown",
  ]);
  await vsp.VmbChannelDisable(server);
  await fabric.settle();
  assertEquals(guest.offers, []);
  guest.release();
  vsp.VmbChannelCleanup(server);
  await fabric.settle();
  assertEquals(fabric.inspect().partitions[1]?.faults, []);
  guest.partition.destroy();
  assertEquals(fabric.leaks(), []);
});

// kmcl.md G4: what the driver maps is what the guest described.
Deno.test("RawGuest: describes memory that a server maps", async () => {
  const { fabric, guest, vsp, server } = makeStage();
  guest.open(guest.makeRings(1, 1));
  const { gpa, pfns } = guest.partition.memory.allocate(2 * 4096);
  guest.describe(1, 2, [wholePages(pfns.toReversed())]);
  await fabric.settle();
  const { mdl } = vmbus.expectSuccess(vsp.VmbChannelMapGpadl(server, 0, 2));
  vmbus.mdlSegments(mdl)[0]!.fill(5);
  assertEquals(guest.partition.memory.read(gpa + 4096, 1), Uint8Array.of(5));
  vsp.VmbChannelUnmapGpadl(server, 2);
});

// wire.md 4.1
Deno.test("RawGuest: says whatever it is told to, and the host names what is wrong", async () => {
  const { fabric, guest, server } = makeStage();
  guest.postBytes(new Uint8Array(7));
  guest.postBytes(new Uint32Array([99, 0]));
  guest.post({ message: "gpadlTorndown", gpadlId: 1 });
  guest.signal(1000);
  await fabric.settle();
  const faults = fabric.inspect().partitions[1]?.faults;
  assertEquals(faults?.map(({ message, fault }) => [message, fault]), [
    [null, "messageTooSmall"],
    [null, "unknownMessageType"],
    ["gpadlTorndown", "unexpectedMessage"],
  ]);
  assertEquals(vmbus.inspectChannel(server).fault, null);
});

// wire.md 4.5: an answer at once, as a race would have it
Deno.test("RawGuest: may answer while it hears", async () => {
  const fabric = createFabric();
  const partition = fabric.createPartition({ name: "raw", memoryPages: 64 });
  const guest: RawGuest = new RawGuest(partition, (message) => {
    if (message.message === "offerChannel") guest.release(message.channelId);
  });
  const server = makeServer(serverTable(fabric), fabric, partition, [], {});
  serverTable(fabric).VmbChannelEnable(server);
  await fabric.settle();
  assertEquals([namesOf(guest.heard), guest.offers], [["offerChannel", "allOffersDelivered"], []]);
  assertEquals(vmbus.inspectChannel(server).channelId, null);
});

Deno.test("RawGuest: what is no message at all is refused in its name", async () => {
  const { fabric, guest } = makeStage();
  guest.partition.postControlMessage("toGuest", new Uint8Array(3));
  await fabric.settle();
  assertEquals(namesOf(guest.heard), ["offerChannel", "allOffersDelivered"]);
  const refused = {
    direction: "toGuest",
    message: null,
    fault: "messageTooSmall",
    reason: "a control message has at least 8 bytes, not 3",
  } as const;
  assertEquals(fabric.inspect().partitions[1]?.faults, [refused]);
});

Deno.test("RawGuest: misuse is told", () => {
  const { guest } = makeStage();
  const misuses: readonly [() => unknown, string][] = [
    [
      () => new RawGuest({} as vmbus.Partition),
      "Cannot take the guest's end of a bus: an object is no partition",
    ],
    [
      () => new RawGuest(guest.partition, 7 as never),
      "Cannot make a raw guest: onMessage must be a function, not 7",
    ],
    [() => guest.open({} as never), "Cannot open a channel: rings must be RawRings, not an object"],
    [
      () => guest.describe(1, 2, 7 as never),
      "Cannot describe a GPADL: ranges must be an array, not 7",
    ],
    [() => wholePages(7 as never), "Cannot describe pages: pfns must be an array, not 7"],
    [
      () => guest.signal(-1),
      "Cannot signal a channel: channelId must be a whole number from 0 to 4294967295, not -1",
    ],
    [
      () => guest.open(guest.makeRings(1, 1), NaN),
      "Cannot encode gpadlHeader: channelId must be a whole number from 0 to 4294967295, not NaN",
    ],
    [
      () => guest.postBytes("hello" as never),
      "Cannot post a control message: a value of type string is no ArrayBufferView",
    ],
    [
      () => guest.makeRings(1, 1.5),
      "Cannot make rings: downstreamDataPages must be a whole number from 1 to 8187, not 1.5",
    ],
  ];
  for (const [misuse, message] of misuses) {
    assertEquals(assertThrows(misuse, Error).message, message);
  }
});
