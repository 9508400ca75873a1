/** Each fault that a guest can be caught at: who sees it, and what stops (kmcl.md S13, section 5). */
import { assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { type RawPacket, type RawRings, u32Bytes } from "../../../simulator/peers/mod.ts";
import { type HostileOptions, HostileStage } from "../../support/hostile_server.ts";

/** A lie in the ring. */
interface Lie extends HostileOptions {
  readonly fault: vmbus.ChannelFault;
  readonly what: string;
  /** The packet that is wrong. */
  readonly packet?: RawPacket;
  /** Or what else is written into the rings. */
  readonly write?: (rings: RawRings) => void;
}

/** A packet that describes memory: u32 reserved, u32 count, then words (wire.md 2.3). */
function describing(count: number, ...words: readonly number[]): RawPacket {
  const body = u32Bytes(0, count, ...words);
  return { type: 9, flags: 1, dataOffset: 16 + body.length, body };
}

/** A pipe, on which the server takes datagrams. */
const pipe: HostileOptions = {
  server: (vsp, channel) => {
    vsp.VmbServerChannelInitSetFlags(
      channel,
      vmbus.VMBUS_SERVER_CHANNEL_INIT_FLAG_OFFER_AS_PIPE,
    );
  },
};

/** A packet with a body in msgpack, padded. */
function msgpack(...bytes: readonly number[]): RawPacket {
  const body = new Uint8Array(Math.ceil(bytes.length / 8) * 8);
  body.set(bytes);
  return { body };
}

/** `[type, flags, 0, bin of no bytes, nil]`. */
const EMPTY_TUPLE = [0x95, 6, 0, 0, 0xc4, 0, 0xc0];

const LIES: readonly Lie[] = [
  // wire.md 1.9: the ring
  {
    fault: "invalidWriteIndex",
    what: "a write index at the end of the data",
    write: (rings) => rings.store("upstream", "writeIndex", rings.dataBytes("upstream")),
  },
  {
    fault: "invalidWriteIndex",
    what: "a write index between words",
    write: (rings) => rings.store("upstream", "writeIndex", 36),
  },
  {
    fault: "invalidDataAvailable",
    what: "less than a descriptor",
    write: (rings) => rings.store("upstream", "writeIndex", 8),
  },
  {
    fault: "invalidDescriptorLengths",
    what: "a payload in the descriptor",
    packet: { dataOffset: 8 },
  },
  {
    fault: "invalidDescriptorLengths",
    what: "a payload behind the packet",
    packet: { dataOffset: 32 },
  },
  {
    fault: "invalidDescriptorLengths",
    what: "no room for the trailer",
    packet: { length: 32, dataOffset: 16 },
  },
  {
    fault: "invalidDescriptorLengths",
    what: "a length beyond the ring",
    packet: { length: 0x7_fff8 },
  },
  {
    fault: "invalidDescriptorLengths",
    what: "ranges without a header",
    packet: { type: 9, flags: 1 },
  },
  { fault: "invalidDescriptorFlags", what: "an unknown flag", packet: { flags: 2 } },
  { fault: "invalidDescriptorType", what: "an unknown type", packet: { type: 8 } },
  { fault: "invalidGpaDirectRangeCount", what: "no ranges", packet: describing(0) },
  {
    fault: "interruptsExternallyMasked",
    what: "a mask that the reader did not set",
    write: (rings) => rings.store("upstream", "interruptMask", 1),
  },
  // The packets (wire.md 2, 3.1)
  {
    fault: "unexpectedPacketType",
    what: "transfer pages",
    packet: { ...describing(1, 8, 0), type: 7 },
  },
  {
    fault: "unexpectedFlags",
    what: "a completion to be completed",
    packet: { type: 11, flags: 1 },
  },
  { fault: "emptyRange", what: "a range that is not there", packet: describing(1) },
  { fault: "emptyByteCount", what: "a range of no bytes", packet: describing(1, 0, 0, 1, 0) },
  { fault: "offsetTooLarge", what: "an offset of a page", packet: describing(1, 8, 4096, 1, 0) },
  {
    fault: "rangeOverflow",
    what: "a range of 4 GiB",
    packet: describing(1, 0xffff_ffff, 0, 1, 0),
  },
  { fault: "rangeTooSmall", what: "a page too few", packet: describing(1, 8192, 0, 1, 0) },
  {
    fault: "rangeOutsideMemory",
    what: "the page behind the last",
    packet: describing(1, 8, 0, 64, 0),
  },
  {
    fault: "rangeOutsideMemory",
    what: "a page beyond all numbers",
    packet: describing(1, 8, 0, 0xffff_ffff, 0xffff_ffff),
  },
  {
    fault: "unknownTransaction",
    what: "a completion for nothing",
    packet: { type: 11, transactionId: 0n },
  },
  { codec: "msgpack", fault: "malformedMsgpack", what: "no tuple", packet: msgpack(0) },
  { codec: "msgpack", fault: "malformedMsgpack", what: "a map", packet: msgpack(0x80) },
  {
    codec: "msgpack",
    fault: "malformedMsgpack",
    what: "an array without end",
    packet: msgpack(0xdd, 0xff, 0xff, 0xff, 0xff),
  },
  {
    codec: "msgpack",
    fault: "surplusBytes",
    what: "more than padding",
    packet: msgpack(...EMPTY_TUPLE, 0, 0, 0, 0, 0, 0, 0, 0, 0),
  },
  {
    codec: "msgpack",
    fault: "unexpectedPacketType",
    what: "a type in the descriptor",
    packet: { ...msgpack(...EMPTY_TUPLE), type: 11 },
  },
  {
    codec: "msgpack",
    fault: "unexpectedPacketType",
    what: "type 7 in the tuple",
    packet: msgpack(0x95, 7, 0, 0, 0xc4, 0, 0xc0),
  },
  {
    codec: "msgpack",
    fault: "unexpectedFlags",
    what: "a flag in the descriptor",
    packet: { ...msgpack(...EMPTY_TUPLE), flags: 1 },
  },
  {
    codec: "msgpack",
    fault: "badTransactionId",
    what: "half a number",
    packet: msgpack(0x95, 6, 1, 0xcb, 0x3f, 0xe0, 0, 0, 0, 0, 0, 0, 0xc4, 0, 0xc0),
  },
  // Pipes (wire.md 2.4)
  {
    ...pipe,
    fault: "badPipePacketType",
    what: "part of a stream",
    packet: { body: u32Bytes(2, 0) },
  },
  { ...pipe, fault: "badPipeLength", what: "more than came", packet: { body: u32Bytes(1, 1) } },
  { ...pipe, fault: "badPipeLength", what: "no header", packet: { body: new Uint8Array(0) } },
  {
    ...pipe,
    fault: "transactionOnPipe",
    what: "a completion asked for",
    packet: { flags: 1, body: u32Bytes(1, 0) },
  },
  { ...pipe, fault: "transactionOnPipe", what: "memory", packet: describing(1, 8, 0, 1, 0) },
];

for (const { fault, what, packet, write, ...options } of LIES) {
  // wire.md 1.9, kmcl.md S13
  Deno.test(`ChannelFault: ${fault} for ${what} (${options.codec ?? "vmbus"})`, async () => {
    const stage = await HostileStage.open(options);
    if (packet !== undefined) stage.rings.put("upstream", packet);
    write?.(stage.rings);
    await stage.signal();
    assertEquals(stage.received, []);
    await stage.assertStopped(fault);
    await stage.assertRecovers();
  });

  if (fault === "interruptsExternallyMasked") continue; // masked is how a ring begins
  Deno.test(`ChannelFault: ${fault} for ${what}, before the open`, async () => {
    const stage = new HostileStage(options);
    assertEquals(stage.vsp.VmbChannelEnable(stage.server), vmbus.STATUS_SUCCESS);
    stage.vsp.VmbChannelStart(stage.server);
    if (packet !== undefined) stage.rings.put("upstream", packet);
    write?.(stage.rings);
    stage.guest.open(stage.rings);
    await stage.fabric.settle();
    assertEquals(stage.state.fault, fault);
    // kmcl.md S4: packets may come before PostStarted; after a fault it is left out.
    assertEquals(stage.calls, ["server Opened", "server Started", "server Suspend"]);
    await stage.end();
  });
}

// wire.md 1.9: the writer's side.
Deno.test("ChannelFault: invalidReadIndex stops the send that meets it", async () => {
  for (const readIndex of [4, 8192, 0xffff_fff8]) {
    const stage = await HostileStage.open();
    stage.rings.store("downstream", "readIndex", readIndex);
    assertEquals(stage.send(), vmbus.STATUS_DEVICE_REMOVED);
    await stage.fabric.settle();
    await stage.assertStopped("invalidReadIndex");
    await stage.assertRecovers();
  }
});

// kmcl.md section 5, VmbChannelPacketFail
Deno.test("ChannelFault: packetFailed after VmbChannelPacketFail", async () => {
  const stage: HostileStage = await HostileStage.open({
    onPacket: (_channel, packet) => stage.vsp.VmbChannelPacketFail(packet),
  });
  stage.rings.put("upstream", { flags: 1, transactionId: 3n }, { flags: 1, transactionId: 4n });
  await stage.signal();
  assertEquals(stage.received.length, 1);
  assertEquals(stage.state.outstanding, 0);
  assertEquals(stage.rings.load("downstream", "writeIndex"), 0);
  await stage.assertStopped("packetFailed");
  await stage.assertRecovers();
});

// wire.md 2.5: an id is good for one completion.
Deno.test("ChannelFault: unknownTransaction for a completion that comes twice", async () => {
  const stage = await HostileStage.open();
  const ends: vmbus.NtStatus[] = [];
  const packet = stage.vsp.VmbPacketAllocate(stage.server);
  stage.vsp.VmbPacketSetCompletionRoutine(packet, (_packet, status) => void ends.push(status));
  stage.vsp.VmbPacketSend(packet, null, 0, null, 1);
  const completion: RawPacket = { type: 11, transactionId: 0n };
  stage.rings.put("upstream", completion, completion);
  await stage.signal();
  assertEquals(ends, [vmbus.STATUS_SUCCESS]);
  stage.vsp.VmbPacketFree(packet);
  await stage.assertStopped("unknownTransaction");
  await stage.assertRecovers();
});

// kmcl.md S7, S13: what the driver holds it must retire, fault or not.
Deno.test("ChannelFault: packets that were delivered before it stay with the driver", async () => {
  const held: vmbus.VMBPACKETCOMPLETION[] = [];
  const stage = await HostileStage.open({ onPacket: (_channel, packet) => void held.push(packet) });
  const good: RawPacket = { flags: 1, transactionId: 9n };
  stage.rings.put("upstream", good, good, { flags: 2 });
  await stage.signal();
  assertEquals(held.length, 2);
  assertEquals(stage.state.outstanding, 2);
  assertEquals(stage.state.fault, "invalidDescriptorFlags");
  assertEquals(stage.calls.splice(0), ["server Suspend"]);
  const paused = stage.vsp.VmbChannelPause(stage.server);
  for (const packet of held) stage.vsp.VmbChannelPacketComplete(packet, null, 0);
  await paused;
  assertEquals(stage.state.outstanding, 0);
  assertEquals(stage.rings.load("downstream", "writeIndex"), 0); // no completion leaves
  await stage.end();
});

// kmcl.md S15
Deno.test("ChannelFault: transactions under way end when the channel closes", async () => {
  const stage = await HostileStage.open();
  const ends: string[] = [];
  const send = () => {
    const packet = stage.vsp.VmbPacketAllocate(stage.server);
    stage.vsp.VmbPacketSetCompletionRoutine(packet, (done, status) => {
      ends.push(vmbus.ntStatusName(status) ?? "");
      stage.vsp.VmbPacketFree(done);
    });
    stage.vsp.VmbPacketSend(packet, new Uint8Array(4000), 4000, null, 1);
  };
  for (let packets = 0; packets < 3; packets++) send(); // the third finds the ring full
  await stage.fabric.settle();
  assertEquals(stage.state.queued, 1);
  stage.rings.put("upstream", { type: 8 });
  await stage.signal();
  assertEquals(stage.state.fault, "invalidDescriptorType");
  assertEquals(ends, []);
  stage.guest.close();
  await stage.fabric.settle();
  assertEquals(ends, ["STATUS_DEVICE_REMOVED", "STATUS_DEVICE_REMOVED", "STATUS_CANCELLED"]);
  await stage.end();
});
