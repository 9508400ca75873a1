/**
 * Lies in packets that a ring's reader takes, and its codec, the pipe or the channel does not (wire.md 2,
 * 3.1).
 *
 * @module
 */

import type { ChannelFault } from "../../actors/channel/types.ts";
import type { Chance } from "../../core/chance.ts";
import type { Lie, PacketLieName } from "./corruption_types.ts";
import { bytesPacket, rangedPacket, type RawPacket, u32Bytes } from "./raw_packet.ts";

type Needs = Pick<Lie, "codec" | "isPipe" | "ring">;

/** A packet as Hyper-V lays it out, on a channel that is no pipe. */
const VMBUS: Needs = { codec: "vmbus", isPipe: false, ring: null };
/** External data, which only a guest has. */
const MEMORY: Needs = { ...VMBUS, ring: "upstream" };
/** A tuple. */
const MSGPACK: Needs = { codec: "msgpack", isPipe: false, ring: null };
/** A pipe's packet. */
const PIPE: Needs = { codec: "vmbus", isPipe: true, ring: null };

/** `[6, 0, 0, bin of no bytes, nil]`: an in-band packet that says nothing. */
const EMPTY_TUPLE: readonly number[] = [0x95, 6, 0, 0, 0xc4, 0, 0xc0];

function lie(
  needs: Needs,
  fault: ChannelFault,
  what: string,
  make: (chance: Chance) => RawPacket,
): Lie {
  return {
    ...needs,
    noticedBy: "reader",
    fault,
    what,
    tell: (rings, ring, chance) => rings.put(ring, make(chance)),
  };
}

/** Each lie by its name. */
export const PACKET_LIES: Readonly<Record<PacketLieName, Lie>> = {
  // External data (wire.md 3.1)
  missingRange: lie(
    MEMORY,
    "emptyRange",
    "more ranges than the header has words for",
    (chance) => rangedPacket(1 + chance.below(100)),
  ),
  rangeWithoutBytes: lie(
    MEMORY,
    "emptyByteCount",
    "a range of no bytes",
    () => rangedPacket(1, 0, 0, 1, 0),
  ),
  rangeOffsetTooLarge: lie(MEMORY, "offsetTooLarge", "a range that begins behind its first page", (
    chance,
  ) => rangedPacket(1, 8, 4096 + chance.below(0xffff_f000), 1, 0)),
  rangeOverflow: lie(MEMORY, "rangeOverflow", "a range whose pages cannot be counted in 32 bits", (
    chance,
  ) => rangedPacket(1, 0xffff_ffff - chance.below(4000), 0, 1, 0)),
  rangeTooSmall: lie(
    MEMORY,
    "rangeTooSmall",
    "a range with fewer PFNs than pages",
    (chance) => rangedPacket(1, 8192 + chance.below(0x1_0000), 0, 1, 0),
  ),
  rangeOutsideMemory: lie(MEMORY, "rangeOutsideMemory", "a page that the guest does not have", (
    chance,
  ) => rangedPacket(1, 8, 0, 0xffff_ffff, chance.below(0x10_0000))),
  // What is not to be taken, or not now (wire.md 2.2, 2.5)
  transferPages: lie(VMBUS, "unexpectedPacketType", "transfer pages, which nobody sends here", (
    chance,
  ) => ({ ...rangedPacket(1, 8, 0), type: 7, flags: chance.below(2) })),
  completionWantsCompletion: lie(
    VMBUS,
    "unexpectedFlags",
    "a completion that asks for one",
    (chance) => ({ type: 11, flags: 1, transactionId: BigInt(chance.below(0x1_0000)) }),
  ),
  completionOfNothing: lie(
    VMBUS,
    "unknownTransaction",
    "a completion for a transaction that is nobody's",
    (chance) => ({ type: 11, transactionId: 1n << 40n | BigInt(chance.below(0x1_0000)) }),
  ),
  // The tuple (wire.md 9.1, the codec "msgpack")
  noTuple: lie(
    MSGPACK,
    "malformedMsgpack",
    "a body that is no tuple",
    (chance) => bytesPacket(chance.below(0x80)),
  ),
  mapForTuple: lie(
    MSGPACK,
    "malformedMsgpack",
    "a map in place of the tuple",
    (chance) => bytesPacket(0x80 + chance.below(16)),
  ),
  endlessTuple: lie(
    MSGPACK,
    "malformedMsgpack",
    "a tuple of more members than fit",
    () => bytesPacket(0xdd, 0xff, 0xff, 0xff, 0xff),
  ),
  bytesBehindTuple: lie(
    MSGPACK,
    "surplusBytes",
    "more behind the tuple than padding",
    (chance) => bytesPacket(...EMPTY_TUPLE, ...new Array(9 + chance.below(100)).fill(0)),
  ),
  typeInDescriptor: lie(
    MSGPACK,
    "unexpectedPacketType",
    "a type that the tuple should say",
    () => ({
      ...bytesPacket(...EMPTY_TUPLE),
      type: 11,
    }),
  ),
  typeInTuple: lie(
    MSGPACK,
    "unexpectedPacketType",
    "a tuple of transfer pages",
    () => bytesPacket(0x95, 7, 0, 0, 0xc4, 0, 0xc0),
  ),
  flagInDescriptor: lie(MSGPACK, "unexpectedFlags", "a flag that the tuple should say", () => ({
    ...bytesPacket(...EMPTY_TUPLE),
    flags: 1,
  })),
  fractionForId: lie(
    MSGPACK,
    "badTransactionId",
    "half a number as transaction id",
    () => bytesPacket(0x95, 6, 1, 0xcb, 0x3f, 0xe0, 0, 0, 0, 0, 0, 0, 0xc4, 0, 0xc0),
  ),
  // Pipes (wire.md 2.4)
  partOfPipeStream: lie(
    PIPE,
    "badPipePacketType",
    "part of a stream on a pipe of datagrams",
    () => ({
      body: u32Bytes(2, 0),
    }),
  ),
  pipeLengthBeyondPacket: lie(PIPE, "badPipeLength", "a datagram that is longer than its packet", (
    chance,
  ) => ({ body: u32Bytes(1, 1 + chance.below(0xffff_ffff)) })),
  pipeWithoutHeader: lie(PIPE, "badPipeLength", "a packet without the pipe's header", () => ({
    body: new Uint8Array(0),
  })),
  pipeWithCompletion: lie(
    PIPE,
    "transactionOnPipe",
    "a datagram that asks for a completion",
    () => ({
      flags: 1,
      body: u32Bytes(1, 0),
    }),
  ),
  pipeWithMemory: lie(
    { ...PIPE, ring: "upstream" },
    "transactionOnPipe",
    "a datagram with external data",
    () => rangedPacket(1, 8, 0, 1, 0),
  ),
};
