/**
 * The cases of `packets.json`: packets of every type, as our own writer makes them and as a peer may, and each lie in a
 * packet that has a name.
 *
 * @module
 */

import { bytesToHex } from "@noble/hashes/utils.js";
import { assert } from "../../../core/assert.ts";
import { Chance } from "../../../core/chance.ts";
import { fieldsOf } from "../../../core/layout/mod.ts";
import type { GpaRange } from "../../../core/memory/gpa_ranges.ts";
import { TRAILER_BYTES } from "../../../core/ring/layout.ts";
import { DESCRIPTOR } from "../../../core/ring/layouts.ts";
import { PAGE_BYTES, pagesSpanned } from "../../../core/units.ts";
import { createFabric, type GuestMemory } from "../../../mod.ts";
import { PACKET_LIES } from "../../peers/packet_lies.ts";
import {
  encodePacket,
  type PlainPacket,
  rangedPacket,
  type RawPacket,
  rawPacketBytes,
  u32Bytes,
} from "../../peers/raw_packet.ts";
import { RawRings } from "../../peers/raw_rings.ts";
import { payload } from "./bytes.ts";
import { observePacket } from "./packet_bytes.ts";
import type { PacketCase } from "./packets_shape.ts";
import { onPipes, type PacketSketch } from "./pipe_packets.ts";

type Use = PacketCase["use"];

/** A request whose id no number of 53 bits holds. */
const REQUEST = { completionRequested: true, transactionId: 0xffff_ffff_ffff_fffdn } as const;

function plain(packet: PlainPacket): RawPacket {
  return encodePacket("vmbus", packet);
}

/** So many bytes from that offset on, on pages that are not in a row. */
function range(byteCount: number, byteOffset: number, firstPfn: number): GpaRange {
  const pages = pagesSpanned(byteOffset, byteCount);
  const pfns = Array.from({ length: pages }, (_, page) => firstPfn + 0x10 * page);
  return { byteCount, byteOffset, pfns };
}

function gpaDirect(ranges: readonly GpaRange[], changes: PlainPacket = {}): RawPacket {
  return plain({ ...REQUEST, ranges, payload: payload(16), ...changes });
}

function transferPages(
  ...ranges: readonly (readonly [byteCount: number, byteOffset: number])[]
): RawPacket {
  return plain({
    ...REQUEST,
    payload: payload(8),
    transferPages: {
      pageSetId: 0xcafe,
      ranges: ranges.map(([byteCount, byteOffset]) => ({ byteCount, byteOffset })),
    },
  });
}

/** Packets that describe no memory. */
function inOrder(): readonly PacketSketch[] {
  const sizes = [0, 1, 7, 8, 9, 16, 255].map((size): PacketSketch => [
    `in-band-${size}`,
    `in-band, a payload of ${size} bytes`,
    plain({ payload: payload(size) }),
  ]);
  return [
    ...sizes,
    [
      "in-band-request",
      "in-band, a completion requested, with an id above 2^53",
      plain({
        ...REQUEST,
        payload: payload(24),
      }),
    ],
    [
      "in-band-id-0",
      "a request with the id 0, which is one as any other",
      plain({ ...REQUEST, transactionId: 0n }),
    ],
    ["in-band-idle-id", "an id where no completion is requested: it means nothing", {
      transactionId: 0x1122_3344_5566_7788n,
    }],
    [
      "in-band-longer-header",
      "a payload that begins behind bytes that in-band packets do not have: where it says so",
      {
        dataOffset: 24,
        body: payload(16),
      },
    ],
    ["in-band-header-alone", "a packet that is all header, and has no payload", { dataOffset: 24 }],
    [
      "completion",
      "a completion with a payload",
      plain({ ...REQUEST, completionRequested: false, type: 11, payload: payload(12) }),
    ],
    ["completion-empty", "a completion that says no more", plain({ type: 11, transactionId: 5n })],
  ];
}

/** GPA direct packets with ranges of any size and place. */
function ofRanges(): readonly PacketSketch[] {
  const direct = [
    [1, 0, "one byte of one page"],
    [1, 4095, "the last byte of a page"],
    [2, 4095, "two bytes on two pages"],
    [4096, 0, "a whole page"],
    [4096, 1, "as many bytes as a page has, on two"],
    [4097, 0, "a page and a byte"],
    [0x2400, 0x10, "three pages, at an odd offset"],
    [0x1_0000, 0xfff, "seventeen pages, from the last byte of one on"],
  ] as const;
  return [
    ...direct.map(([byteCount, byteOffset, what]): PacketSketch => [
      `gpa-direct-${byteCount}-at-${byteOffset}`,
      `GPA direct, ${what}`,
      gpaDirect([range(byteCount, byteOffset, 0x111)]),
    ]),
    [
      "gpa-direct-two-ranges",
      "GPA direct, two ranges, the second of which shares a page with the first",
      gpaDirect([
        { byteCount: 4096, byteOffset: 20, pfns: [4096, 8192] },
        { byteCount: 200, byteOffset: 0, pfns: [8192] },
      ]),
    ],
    [
      "gpa-direct-32-ranges",
      "GPA direct, 32 ranges of a page each, as page buffers are written",
      gpaDirect(
        Array.from({ length: 32 }, (_, at) => range(4096, 0, 0x1000 + at)),
      ),
    ],
  ];
}

/** GPA direct packets with a header or a payload of another form. */
function otherDirect(): readonly PacketSketch[] {
  const big = 2n ** 64n - 1n;
  const plainly = gpaDirect([range(8, 8, 1)]);
  return [
    [
      "gpa-direct-no-payload",
      "GPA direct, without payload",
      gpaDirect([range(8, 8, 1)], { payload: payload(0) }),
    ],
    [
      "gpa-direct-unrequested",
      "GPA direct, no completion requested",
      gpaDirect([range(8, 8, 1)], {
        completionRequested: false,
      }),
    ],
    [
      "gpa-direct-high-pfn",
      "GPA direct, a page above 2^32 bytes and more: a PFN of 52 bits",
      gpaDirect([
        { byteCount: 8, byteOffset: 0, pfns: [2 ** 52 - 1] },
      ]),
    ],
    [
      "gpa-direct-any-pfn",
      "GPA direct, a PFN of 64 ones: the list can be read, and no guest has such a page",
      {
        ...rangedPacket(1, 8, 0, Number(big & 0xffff_ffffn), Number(big >> 32n)),
        transactionId: 9n,
      },
    ],
    [
      "gpa-direct-surplus-words",
      "GPA direct, more words in the header than its ranges take: they are dropped",
      {
        ...rangedPacket(1, 8, 0, 1, 0, 7, 7, 7, 7),
        transactionId: 9n,
      },
    ],
    ["gpa-direct-reserved", "GPA direct, the reserved word is not 0: it is ignored", {
      ...plainly,
      body: Uint8Array.from(plainly.body ?? [], (byte, at) => at < 4 ? 0xff : byte),
    }],
  ];
}

/** Packets that use transfer pages. */
function ofTransferPages(): readonly PacketSketch[] {
  return [
    ["transfer-pages", "transfer pages, one range", transferPages([0x600, 0x1000])],
    [
      "transfer-pages-three",
      "transfer pages, three ranges at odd offsets, which overlap",
      transferPages(
        [0x10, 0x10],
        [0x10, 0xfff],
        [0x10, 0x1000],
      ),
    ],
    [
      "transfer-pages-no-bytes",
      "transfer pages, a range of no bytes: who knows the buffer refuses it, the list can be read",
      transferPages(
        [0, 0],
      ),
    ],
  ];
}

/** A packet of each type that nobody sends (wire.md 2.2). */
function unsentTypes(): readonly PacketSketch[] {
  const types = [...Array(16).keys(), 0xffff];
  return types.flatMap((type): PacketSketch[] => {
    const packet = { type, dataOffset: 24, body: u32Bytes(0, 1, 8, 0) };
    const [named] = fieldsOf(DESCRIPTOR, rawPacketBytes(packet)).fields;
    const { fault } = observePacket(bytesToHex(rawPacketBytes(packet)), "device");
    return fault?.name === "invalidDescriptorType"
      ? [[`unsent-type-${type}`, `type ${named?.text}, which nobody sends`, packet]]
      : [];
  });
}

/** Packets at the edge (wire.md 9.1). */
function edges(): readonly PacketSketch[] {
  return [
    ["completion-requesting", "a completion that asks for one: nothing could answer it", {
      type: 11,
      flags: 1,
    }],
    ["gpa-direct-zero-ranges", "GPA direct, a list of no ranges", rangedPacket(0)],
    [
      "gpa-direct-offset-4096",
      "GPA direct, a range that begins with the second page that it names",
      rangedPacket(
        1,
        8,
        4096,
        1,
        0,
        2,
        0,
      ),
    ],
    [
      "gpa-direct-one-page-short",
      "GPA direct, a PFN fewer than the range has pages",
      rangedPacket(1, 4097, 0, 1, 0),
    ],
    [
      "gpa-direct-second-missing",
      "GPA direct, two ranges announced and one there",
      rangedPacket(2, 8, 0, 1, 0),
    ],
    ["transfer-pages-zero-ranges", "transfer pages, a list of no ranges", {
      ...rangedPacket(0),
      type: 7,
    }],
    ["transfer-pages-missing", "transfer pages, two ranges announced and one there", {
      ...rangedPacket(2, 8, 0),
      type: 7,
    }],
  ];
}

function caseOf([name, description, packet, use = "device"]: PacketSketch): PacketCase {
  return packetCaseOf(name, description, use, bytesToHex(rawPacketBytes(packet)));
}

function packetCaseOf(name: string, description: string, use: Use, hex: string): PacketCase {
  return { name, description, use, hex, ...observePacket(hex, use) };
}

/**
 * Each lie that the bytes of a packet alone give away: not those that a channel knows of, which has asked for nothing, nor
 * those of streams, which pipe_packets.ts has.
 */
function lies(memory: GuestMemory): readonly PacketCase[] {
  const rings = RawRings.allocate(memory, 1, 1);
  return Object.entries(PACKET_LIES).flatMap(([name, lie]) => {
    const { codec, isPipe, pipeMode, fault, what, tell } = lie;
    if (codec === "msgpack" || pipeMode === "bytes") return [];
    rings.reset(0);
    tell(rings, "upstream", Chance.fromSeed(1));
    const end = rings.load("upstream", "writeIndex") - TRAILER_BYTES;
    const bytes = rings.copy("upstream").subarray(PAGE_BYTES, PAGE_BYTES + end);
    const use = isPipe === true ? "datagrams" : "device";
    const found = packetCaseOf(`hostile-${name}`, what, use, bytesToHex(bytes));
    assert(found.fault === null || found.fault.name === fault, "a lie is found as its fault");
    return found.fault === null ? [] : [found];
  });
}

/** All cases. */
export function packetCases(): readonly PacketCase[] {
  const fabric = createFabric({ trace: "off" });
  const { memory } = fabric.createPartition({ name: "guest", memoryPages: 16 });
  const sketches = [
    ...inOrder(),
    ...ofRanges(),
    ...otherDirect(),
    ...ofTransferPages(),
    ...onPipes(),
    ...unsentTypes(),
    ...edges(),
  ];
  const cases = [...sketches.map(caseOf), ...lies(memory)];
  fabric.dispose();
  return cases;
}
