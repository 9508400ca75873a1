/**
 * The cases of `rings.json`: rings as our own writer leaves them, with what a reader has to ignore, and with each lie that
 * wire.md 1.9 has a name for.
 *
 * @module
 */

import { assert } from "../../../core/assert.ts";
import { Chance } from "../../../core/chance.ts";
import {
  FEATURE_BITS_OFFSET,
  INTERRUPT_MASK_OFFSET,
  PENDING_SEND_SIZE_OFFSET,
  WRITE_INDEX_OFFSET,
} from "../../../core/ring/layout.ts";
import { PAGE_BYTES } from "../../../core/units.ts";
import { createFabric, type GuestMemory } from "../../../mod.ts";
import {
  encodePacket,
  type PlainPacket,
  rawPacketBytes,
  u32Bytes,
} from "../../peers/raw_packet.ts";
import { RawRings } from "../../peers/raw_rings.ts";
import { RING_LIES } from "../../peers/ring_lies.ts";
import { payload } from "./bytes.ts";
import { observeRing, piecesOf } from "./ring_image.ts";
import { Image } from "./ring_maker.ts";
import type { RingCase } from "./rings_shape.ts";

/** The counter of FreeBSD in the control page, which nobody else looks at (wire.md 1.2). */
const COUNTER_OFFSET = 4088;
/** Worlds in which a lie is told whose numbers chance draws. */
const LIES_EACH = 2;

const IN_BAND: PlainPacket = { payload: payload(8) };
const REQUEST: PlainPacket = { payload: payload(16), completionRequested: true, transactionId: 5n };
const COMPLETION: PlainPacket = {
  type: 11,
  transactionId: 0xffff_ffff_ffff_fffdn,
  payload: payload(4),
};
const EXTERNAL: PlainPacket = {
  payload: payload(16),
  completionRequested: true,
  transactionId: 6n,
  ranges: [{ byteCount: 0x2400, byteOffset: 0x10, pfns: [0x111, 0x222, 0x333] }],
};
/** 73 of these, each of 56 bytes with its trailer, fill a data area of a page but for the 8 bytes that stay free. */
const FILLING: PlainPacket = { payload: payload(32) };
const FULL = new Array<PlainPacket>(73).fill(FILLING);

type Sketch = readonly [name: string, description: string, image: Image];

/** Rings that are in order. */
function orderly(): readonly Sketch[] {
  return [
    ["empty", "as it is set up: all 0 but the feature bit", new Image()],
    ["empty-midway", "empty, where the indices are equal in the middle", new Image(2048)],
    ["empty-stale", "empty, over bytes of packets that were read long ago", new Image(0, 1, 0xa5)],
    ["one-packet", "an in-band packet of 8 bytes", new Image().put(IN_BAND)],
    ["empty-payload", "an in-band packet without payload", new Image().put({})],
    [
      "padded-payload",
      "a payload of 13 bytes, padded by 3 of 0",
      new Image().put({ payload: payload(13) }),
    ],
    [
      "each-type",
      "one packet of each type that is sent: in-band, completion, GPA direct, transfer pages",
      new Image().put(IN_BAND, REQUEST, COMPLETION, EXTERNAL, {
        completionRequested: true,
        transactionId: 7n,
        transferPages: { pageSetId: 0xcafe, ranges: [{ byteCount: 0x600, byteOffset: 0x1000 }] },
      }),
    ],
    [
      "trailing-index",
      "three packets, two of which were read and given back",
      new Image()
        .put(IN_BAND, REQUEST, IN_BAND).pass(2),
    ],
    [
      "stale-behind",
      "one packet, over bytes of others that were read long ago",
      new Image(512, 1, 0xa5)
        .put(REQUEST),
    ],
    ["full", "full: 8 bytes stay free, as a full ring would look empty", new Image().put(...FULL)],
    [
      "nearly-full",
      "room for one packet without payload, and no byte more",
      new Image()
        .put(...FULL.slice(0, 72), { payload: payload(8) }),
    ],
    [
      "largest",
      "the largest packet that is written: all but 16 bytes",
      new Image()
        .put({ payload: payload(4056) }),
    ],
  ];
}

/** Rings whose packets go around the end of the data area, or just to it. */
function around(): readonly Sketch[] {
  return [
    [
      "ends-at-end",
      "a packet that ends where the data area does: the write index is 0",
      new Image(4056)
        .put({ payload: payload(16) }),
    ],
    ["full-around", "full, around the end of the data area", new Image(1336).put(...FULL)],
    ["wrapped-payload", "a payload around the end", new Image(4064).put({ payload: payload(64) })],
    [
      "wrapped-descriptor",
      "a descriptor around the end: its transaction id is at 0",
      new Image(4088)
        .put(REQUEST),
    ],
    ["wrapped-ranges", "a list of ranges around the end", new Image(4056).put(EXTERNAL, IN_BAND)],
    [
      "wrapped-trailer",
      "a packet that ends with the data area, and its trailer at 0",
      new Image(4064)
        .put({ payload: payload(16) }),
    ],
    [
      "three-pages",
      "a data area of three pages, which is no power of two, around its end",
      new Image(12280, 3)
        .put({ payload: payload(5000) }, REQUEST),
    ],
  ];
}

/** What the control page has to say about signals. */
function signalling(): readonly Sketch[] {
  const P = PENDING_SEND_SIZE_OFFSET;
  return [
    [
      "masked",
      "empty and masked: a write is not signalled",
      new Image().word(INTERRUPT_MASK_OFFSET, 1),
    ],
    [
      "masked-otherwise",
      "masked by another number than 1: any that is not 0 counts",
      new Image()
        .word(INTERRUPT_MASK_OFFSET, 0x8000_0000),
    ],
    [
      "masked-behind",
      "masked, with a packet in it",
      new Image().put(IN_BAND).word(INTERRUPT_MASK_OFFSET, 1),
    ],
    [
      "pending",
      "full, and its writer waits for 56 free bytes and more",
      new Image().put(...FULL).word(P, 56),
    ],
    [
      "pending-had",
      "its writer waits for less room than there was: it was told before",
      new Image()
        .put(IN_BAND).word(P, 64),
    ],
    [
      "pending-just-had",
      "its writer waits for just the room that there was: a packet fits that is smaller",
      new Image()
        .put(IN_BAND).word(P, 4064),
    ],
    [
      "pending-all",
      "its writer waits until the ring is empty: 4095 bytes",
      new Image().put(IN_BAND).word(P, 4095),
    ],
    [
      "pending-never",
      "its writer waits for more than the ring has: nothing comes of it",
      new Image()
        .put(IN_BAND).word(P, 4096),
    ],
    [
      "pending-odd",
      "its writer waits for a number of bytes that is no multiple of 8",
      new Image()
        .put(...FULL).word(P, 61),
    ],
    [
      "pending-unadvertised",
      "the same as pending without the feature bit: what is asked for means nothing",
      new Image()
        .put(...FULL).word(P, 56).word(FEATURE_BITS_OFFSET, 0),
    ],
    [
      "pending-idle",
      "its writer waits, and there is nothing to read: no commit, no signal",
      new Image().word(P, 56),
    ],
  ];
}

/** What a reader has to ignore. */
function ignorable(): readonly Sketch[] {
  return [
    [
      "counter",
      "FreeBSD's counter of interrupts in the control page",
      new Image().put(IN_BAND)
        .poke(COUNTER_OFFSET, 3, 0, 0, 0, 0, 0, 0, 0),
    ],
    [
      "reserved-words",
      "reserved words of the control page that are not 0",
      new Image().put(IN_BAND)
        .poke(16, ...payload(48)).poke(68, ...payload(32)),
    ],
    [
      "feature-bits",
      "feature bits that have no meaning beside the one that has",
      new Image().put(IN_BAND)
        .word(FEATURE_BITS_OFFSET, 0xffff_ffff),
    ],
    [
      "padding",
      "padding that is not 0, as some writers leave it",
      new Image().put({ payload: payload(13) })
        .poke(PAGE_BYTES + 29, 0xde, 0xad, 0xbf),
    ],
    [
      "trailer",
      "a trailer that says anything: no reader relies on it",
      new Image().put(IN_BAND, REQUEST)
        .poke(PAGE_BYTES + 24, ...u32Bytes(0xffff_ffff, 0x1234_5678)),
    ],
    [
      "gpa-direct-reserved",
      "the reserved word of a GPA direct packet is not 0",
      new Image().put(EXTERNAL)
        .poke(PAGE_BYTES + 16, 0xff, 0xff, 0xff, 0xff),
    ],
    [
      "largest-read",
      "a packet of all but 8 bytes, as Linux and DPDK write it: read, and not written",
      new Image()
        .poke(PAGE_BYTES, ...rawPacketBytes({ body: payload(4064) })).word(
          WRITE_INDEX_OFFSET,
          4088,
        ),
    ],
  ];
}

/** Lies that need no name of their own in the list of those: the edges of wire.md 9.1. */
function edges(): readonly Sketch[] {
  const begun = rawPacketBytes({ transactionId: 7n });
  return [
    [
      "hostile-16-available",
      "a descriptor alone, and nothing behind it",
      new Image()
        .poke(PAGE_BYTES, ...begun).word(WRITE_INDEX_OFFSET, 16),
    ],
    [
      "hostile-length-0",
      "a packet of length 0, where a loop without care never ends",
      new Image()
        .poke(PAGE_BYTES, ...rawPacketBytes({ length: 0 })).word(WRITE_INDEX_OFFSET, 32),
    ],
    [
      "hostile-length-max",
      "the longest packet that a descriptor can say",
      new Image()
        .poke(PAGE_BYTES, ...rawPacketBytes({ length: 0xffff * 8 })).word(WRITE_INDEX_OFFSET, 4088),
    ],
    [
      "hostile-after-good",
      "two packets in order, then one that is not",
      new Image().put(IN_BAND, REQUEST)
        .poke(PAGE_BYTES + 72, ...rawPacketBytes({ dataOffset: 8 })).word(WRITE_INDEX_OFFSET, 104),
    ],
  ];
}

function caseOf([name, description, image]: Sketch): RingCase {
  return ringCaseOf(name, description, image.bytes, false);
}

function ringCaseOf(
  name: string,
  description: string,
  image: Uint8Array,
  isUnmasked: boolean,
): RingCase {
  const ringDataBytes = image.length - PAGE_BYTES;
  return {
    name,
    description,
    ringDataBytes,
    bytes: piecesOf(image),
    ...observeRing(image, isUnmasked),
  };
}

/** A ring with each lie that an image can have: those of a moment, as of who changes a packet that is being read, it cannot. */
function lies(memory: GuestMemory): readonly RingCase[] {
  const rings = RawRings.allocate(memory, 1, 1);
  return Object.entries(RING_LIES).flatMap(([name, { what, fault, tell }]) => {
    if (fault === null) return [];
    return Array.from({ length: LIES_EACH }, (_, at): RingCase => {
      rings.poke("upstream", 0, new Uint8Array(PAGE_BYTES));
      rings.reset(1024);
      // Who has something to read masks the ring before it could see that somebody else did.
      const isUnmasked = fault === "interruptsExternallyMasked";
      if (!isUnmasked) rings.put("upstream", encodePacket("vmbus", IN_BAND));
      tell(rings, "upstream", Chance.fromSeed(at));
      const image = rings.copy("upstream");
      const found = ringCaseOf(`hostile-${name}-${at + 1}`, what, image, isUnmasked);
      assert(
        [found.reader.fault, found.writer.fault].includes(fault),
        "a lie is found as its fault",
      );
      return found;
    });
  });
}

/** Cases of which there are not two with the same bytes. */
function distinct(cases: readonly RingCase[]): RingCase[] {
  const seen = new Set<string>();
  return cases.filter(({ sha256, reader: { isUnmasked } }) => {
    const key = `${sha256} ${isUnmasked}`;
    return !seen.has(key) && seen.add(key);
  });
}

/** All cases. */
export function ringCases(): readonly RingCase[] {
  const fabric = createFabric({ trace: "off" });
  const { memory } = fabric.createPartition({ name: "guest", memoryPages: 16 });
  const sketches = [...orderly(), ...around(), ...signalling(), ...ignorable(), ...edges()];
  const cases = distinct([...sketches.map(caseOf), ...lies(memory)]);
  fabric.dispose();
  return cases;
}
