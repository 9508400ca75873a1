/**
 * The lies of wire.md 1.9: in the words of a control page, and in the numbers of a descriptor. They are
 * lies in either encoding and on pipes, as the ring's reader looks at them before anybody else.
 *
 * @module
 */

import type { Chance } from "../../core/chance.ts";
import type { Lie, RingLieName } from "./corruption_types.ts";
import { rangedPacket, type RawPacket } from "./raw_packet.ts";
import type { RawRings, RingField, RingName } from "./raw_rings.ts";

/** What most of them have in common. */
const RING = { noticedBy: "reader", codec: null, isPipe: null, ring: null } as const;

type Tell = Lie["tell"];

/** Types that no packet has (wire.md 2.2). */
const UNKNOWN_TYPES: readonly number[] = [0, 1, 2, 3, 4, 5, 8, 10, 12, 13, 14, 15, 0xffff];

/** Puts a packet that is wrong. */
export function puts(make: (chance: Chance) => RawPacket): Tell {
  return (rings, ring, chance) => rings.put(ring, make(chance));
}

/** An index at the end of the data area, or anywhere behind it. */
function outside(field: RingField): Tell {
  return (rings, ring, chance) => {
    const dataBytes = rings.dataBytes(ring);
    const words = chance.below((0x1_0000_0000 - dataBytes) / 8);
    rings.store(ring, field, dataBytes + 8 * (chance.below(2) * words));
  };
}

/** An index inside the data area, and not at a word of 8 bytes. */
function betweenWords(field: RingField): Tell {
  return (rings, ring, chance) => {
    const words = rings.dataBytes(ring) / 8;
    rings.store(ring, field, 8 * chance.below(words) + 1 + chance.below(7));
  };
}

/** An index that the end at work has a copy of, put to another place. */
function rewritten(field: RingField): Tell {
  return (rings, ring, chance) => {
    const words = rings.dataBytes(ring) / 8;
    rings.store(ring, field, 8 * chance.below(words));
  };
}

/** Shows `byteCount` bytes of what is unread, or of what was there before. */
function show(rings: RawRings, ring: RingName, byteCount: number): void {
  const at = rings.load(ring, "readIndex") + byteCount;
  rings.store(ring, "writeIndex", at % rings.dataBytes(ring));
}

/** Each lie by its name. */
export const RING_LIES: Readonly<Record<RingLieName, Lie>> = {
  writeIndexOutside: {
    ...RING,
    what: "a write index behind the data area",
    fault: "invalidWriteIndex",
    tell: outside("writeIndex"),
  },
  writeIndexBetweenWords: {
    ...RING,
    what: "a write index that is no multiple of 8",
    fault: "invalidWriteIndex",
    tell: betweenWords("writeIndex"),
  },
  readIndexOutside: {
    ...RING,
    noticedBy: "writer",
    what: "a read index behind the data area",
    fault: "invalidReadIndex",
    tell: outside("readIndex"),
  },
  readIndexBetweenWords: {
    ...RING,
    noticedBy: "writer",
    what: "a read index that is no multiple of 8",
    fault: "invalidReadIndex",
    tell: betweenWords("readIndex"),
  },
  lessThanDescriptor: {
    ...RING,
    what: "fewer bytes than a descriptor has",
    fault: "invalidDataAvailable",
    tell: (rings, ring) => show(rings, ring, 8),
  },
  payloadInDescriptor: {
    ...RING,
    what: "a payload that begins inside the descriptor",
    fault: "invalidDescriptorLengths",
    tell: puts((chance) => ({ dataOffset: 8 * chance.below(2) })),
  },
  payloadBehindPacket: {
    ...RING,
    what: "a payload that begins behind the packet",
    fault: "invalidDescriptorLengths",
    tell: puts((chance) => ({ dataOffset: 32 + 8 * chance.below(0xffff - 4) })),
  },
  lengthBeyondData: {
    ...RING,
    what: "a packet that is longer than what is unread",
    fault: "invalidDescriptorLengths",
    tell: (rings, ring, chance) => {
      const words = Math.min(rings.dataBytes(ring) / 8, 0xffff);
      rings.put(ring, { length: 8 * (words + chance.below(0x1_0000 - words)) });
    },
  },
  noRoomForTrailer: {
    ...RING,
    what: "a packet that ends where what is unread ends, so that it has no trailer",
    fault: "invalidDescriptorLengths",
    tell: (rings, ring) => {
      const at = rings.load(ring, "writeIndex");
      rings.put(ring, {});
      rings.store(ring, "writeIndex", (at + 24) % rings.dataBytes(ring));
    },
  },
  unknownFlag: {
    ...RING,
    what: "a descriptor flag other than bit 0",
    fault: "invalidDescriptorFlags",
    tell: puts((chance) => ({ flags: 2 << chance.below(15) | chance.below(2) })),
  },
  unknownType: {
    ...RING,
    what: "a descriptor type that no packet has",
    fault: "invalidDescriptorType",
    tell: puts((chance) => ({ type: UNKNOWN_TYPES[chance.below(UNKNOWN_TYPES.length)]! })),
  },
  gpaDirectWithoutHeader: {
    ...RING,
    what: "external data without the header that has its ranges",
    fault: "invalidDescriptorLengths",
    tell: puts((chance) => ({ type: 9, flags: chance.below(2) })),
  },
  gpaDirectWithoutRanges: {
    ...RING,
    what: "external data of no ranges",
    fault: "invalidGpaDirectRangeCount",
    tell: puts(() => rangedPacket(0)),
  },
  transferPagesWithoutHeader: {
    ...RING,
    what: "transfer pages without the header that has their ranges",
    fault: "invalidDescriptorLengths",
    tell: puts((chance) => ({ type: 7, flags: chance.below(2) })),
  },
  maskSetByPeer: {
    ...RING,
    what: "an interrupt mask that the reader did not set",
    fault: "interruptsExternallyMasked",
    tell: (rings, ring, chance) =>
      rings.store(ring, "interruptMask", 1 + chance.below(0xffff_ffff)),
  },
  packetChangedAfterCheck: {
    ...RING,
    noticedBy: "nobody",
    what:
      "other bytes in place of a packet that its reader is at: for its callback, where it is the only one",
    fault: null,
    tell: (rings, ring, chance) => rings.poke(ring, 0, chance.bytes(rings.dataBytes(ring))),
  },
  readIndexRewritten: {
    ...RING,
    noticedBy: "nobody",
    what: "another read index, which is the reader's own",
    fault: null,
    tell: rewritten("readIndex"),
  },
  writeIndexRewritten: {
    ...RING,
    noticedBy: "nobody",
    what: "another write index, which is the writer's own",
    fault: null,
    tell: rewritten("writeIndex"),
  },
};
