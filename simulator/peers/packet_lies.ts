/**
 * Lies in packets that a ring's reader takes, and its codec, the pipe or the channel does not (wire.md 2,
 * 3.1).
 *
 * @module
 */

import type { Lie, PacketLieName } from "./corruption_types.ts";
import { bytesPacket, rangedPacket, u32Bytes } from "./raw_packet.ts";
import { puts } from "./ring_lies.ts";

/** What they have in common: the ring takes them. */
const TAKEN = { noticedBy: "reader", ring: null } as const;
/** A packet as Hyper-V lays it out, on a channel that is no pipe. */
const VMBUS = { ...TAKEN, codec: "vmbus", isPipe: false } as const;
/** One that only a guest may send. */
const GUEST = { ...VMBUS, ring: "upstream" } as const;
/** A tuple. */
const MSGPACK = { ...TAKEN, codec: "msgpack", isPipe: false } as const;
/** A packet on a pipe. */
const PIPE = { ...TAKEN, codec: "vmbus", isPipe: true } as const;
/** A packet of a stream of bytes. */
const STREAM = { ...PIPE, pipeMode: "bytes" } as const;

/** `[6, 0, 0, bin of no bytes, nil]`: an in-band packet that says nothing. */
const EMPTY_TUPLE: readonly number[] = [0x95, 6, 0, 0, 0xc4, 0, 0xc0];

/** Each lie by its name. */
export const PACKET_LIES: Readonly<Record<PacketLieName, Lie>> = {
  // External data (wire.md 3.1). What describes memory well is a lie of its own where a host does it.
  missingRange: {
    ...VMBUS,
    fault: "emptyRange",
    what: "more ranges than the header has words for",
    tell: puts((chance) => rangedPacket(1 + chance.below(100))),
  },
  rangeWithoutBytes: {
    ...VMBUS,
    fault: "emptyByteCount",
    what: "a range of no bytes",
    tell: puts(() => rangedPacket(1, 0, 0, 1, 0)),
  },
  rangeOffsetTooLarge: {
    ...VMBUS,
    fault: "offsetTooLarge",
    what: "a range that begins behind its first page",
    tell: puts((chance) => rangedPacket(1, 8, 4096 + chance.below(0xffff_f000), 1, 0)),
  },
  rangeOverflow: {
    ...VMBUS,
    fault: "rangeOverflow",
    what: "a range whose pages cannot be counted in 32 bits",
    tell: puts((chance) => rangedPacket(1, 0xffff_ffff - chance.below(4000), 0, 1, 0)),
  },
  rangeTooSmall: {
    ...VMBUS,
    fault: "rangeTooSmall",
    what: "a range with fewer PFNs than pages",
    tell: puts((chance) => rangedPacket(1, 8192 + chance.below(0x1_0000), 0, 1, 0)),
  },
  rangeOutsideMemory: {
    ...GUEST,
    fault: "rangeOutsideMemory",
    what: "a page that the guest does not have",
    tell: puts((chance) => rangedPacket(1, 8, 0, 0xffff_ffff, chance.below(0x10_0000))),
  },
  // What is not to be taken, or not now (wire.md 2.2, 2.5)
  transferPages: {
    ...VMBUS,
    fault: "unexpectedPacketType",
    what: "transfer pages, which nobody sends here",
    tell: puts((chance) => ({ ...rangedPacket(1, 8, 0), type: 7, flags: chance.below(2) })),
  },
  completionWantsCompletion: {
    ...VMBUS,
    fault: "unexpectedFlags",
    what: "a completion that asks for one",
    tell: puts((chance) => ({ type: 11, flags: 1, transactionId: BigInt(chance.below(0x1_0000)) })),
  },
  completionOfNothing: {
    ...VMBUS,
    fault: "unknownTransaction",
    what: "a completion for a transaction that is nobody's",
    tell: puts((chance) => ({
      type: 11,
      transactionId: 1n << 40n | BigInt(chance.below(0x1_0000)),
    })),
  },
  // The tuple of the codec "msgpack" (wire.md 9.1)
  noTuple: {
    ...MSGPACK,
    fault: "malformedMsgpack",
    what: "a body that is no tuple",
    tell: puts((chance) => bytesPacket(chance.below(0x80))),
  },
  mapForTuple: {
    ...MSGPACK,
    fault: "malformedMsgpack",
    what: "a map in place of the tuple",
    tell: puts((chance) => bytesPacket(0x80 + chance.below(16))),
  },
  endlessTuple: {
    ...MSGPACK,
    fault: "malformedMsgpack",
    what: "a tuple of more members than fit",
    tell: puts(() => bytesPacket(0xdd, 0xff, 0xff, 0xff, 0xff)),
  },
  bytesBehindTuple: {
    ...MSGPACK,
    fault: "surplusBytes",
    what: "more behind the tuple than padding",
    tell: puts((chance) =>
      bytesPacket(...EMPTY_TUPLE, ...new Array(9 + chance.below(100)).fill(0))
    ),
  },
  typeInDescriptor: {
    ...MSGPACK,
    fault: "unexpectedPacketType",
    what: "a type that the tuple should say",
    tell: puts(() => ({ ...bytesPacket(...EMPTY_TUPLE), type: 11 })),
  },
  typeInTuple: {
    ...MSGPACK,
    fault: "unexpectedPacketType",
    what: "a tuple of transfer pages",
    tell: puts(() => bytesPacket(0x95, 7, 0, 0, 0xc4, 0, 0xc0)),
  },
  flagInDescriptor: {
    ...MSGPACK,
    fault: "unexpectedFlags",
    what: "a flag that the tuple should say",
    tell: puts(() => ({ ...bytesPacket(...EMPTY_TUPLE), flags: 1 })),
  },
  fractionForId: {
    ...MSGPACK,
    fault: "badTransactionId",
    what: "half a number as transaction id",
    tell: puts(() => bytesPacket(0x95, 6, 1, 0xcb, 0x3f, 0xe0, 0, 0, 0, 0, 0, 0, 0xc4, 0, 0xc0)),
  },
  // Pipes (wire.md 2.4)
  partOfPipeStream: {
    ...PIPE,
    pipeMode: "datagrams",
    fault: "badPipePacketType",
    what: "part of a stream on a pipe of datagrams",
    tell: puts(() => ({ body: u32Bytes(2, 0) })),
  },
  pipeLengthBeyondPacket: {
    ...PIPE,
    fault: "badPipeLength",
    what: "a datagram that is longer than its packet",
    tell: puts((chance) => ({ body: u32Bytes(1, 1 + chance.below(0xffff_ffff)) })),
  },
  pipeWithoutHeader: {
    ...PIPE,
    fault: "badPipeLength",
    what: "a packet without the pipe's header",
    tell: puts(() => ({ body: new Uint8Array(0) })),
  },
  pipeWithCompletion: {
    ...PIPE,
    fault: "transactionOnPipe",
    what: "a datagram that asks for a completion",
    tell: puts(() => ({ flags: 1, body: u32Bytes(1, 0) })),
  },
  pipeWithMemory: {
    ...PIPE,
    ring: "upstream",
    fault: "transactionOnPipe",
    what: "a datagram with external data",
    tell: puts(() => rangedPacket(1, 8, 0, 1, 0)),
  },
  streamOfUnknownType: {
    ...STREAM,
    fault: "badPipePacketType",
    what: "a piece of a stream of another type than data, of which nothing or a part is taken",
    tell: puts((chance) => ({
      body: u32Bytes(chance.below(2) * (3 + chance.below(0xffff_fffc)), 0),
    })),
  },
  streamPartBeyondPacket: {
    ...STREAM,
    fault: "badPipeLength",
    what: "a part of a piece of a stream that is longer than its packet",
    tell: puts((chance) => {
      const length = 1 + chance.below(0xffff);
      return { body: u32Bytes(2, (length | chance.below(length) << 16) >>> 0) };
    }),
  },
  streamTakenWhole: {
    ...STREAM,
    fault: "badPipeLength",
    what: "a piece of a stream of which all was taken, or more than there is",
    tell: puts((chance) => {
      const length = chance.below(9);
      const taken = length + chance.below(0x1_0000 - length);
      const header = u32Bytes(2, (length | taken << 16) >>> 0);
      return { body: Uint8Array.of(...header, ...new Uint8Array(8)) };
    }),
  },
};
