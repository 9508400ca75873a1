/**
 * Targets: the codecs of packets. An input is what the ring's reader says of a packet, and its body:
 * u16 type, u16 flags, u16 words of the type's header, u16 high half of the transaction id's low word,
 * u32 count of ranges, u32 high word of the transaction id; then the body, up to the last whole word.
 *
 * @module
 */

import fc from "fast-check";
import { assert } from "../../../core/assert.ts";
import { createCodec } from "../../../core/packet/codec.ts";
import {
  type ArrivedFrame,
  type BodySpace,
  type PacketCodec,
  PacketFields,
} from "../../../core/packet/packet.ts";
import { pagesSpanned } from "../../../core/units.ts";
import type { FuzzNote } from "../../../simulator/fuzzing/mod.ts";
import { Around, joined, u16At, u16Bytes, u32At, u32Bytes } from "../bytes.ts";
import type { NamedSeeds } from "../corpus.ts";
import { type PackageTarget, withCorpus } from "../package_target.ts";

const HEAD_BYTES = 16;
const GPA_DIRECT = 9;
const TRANSFER_PAGES = 7;

/** What the ring's reader shows, in one record that is used again. */
class Shown implements ArrivedFrame {
  type = 0;
  flags = 0;
  transactionIdLow = 0;
  transactionIdHigh = 0;
  bytes = new Uint8Array(0);
  start = 0;
  payloadStart = 0;
  end = 0;
  rangeCount = 0;

  /** What `input` says, in `around`; the reader promises a few things of it (wire.md 1.9, 2.3). */
  read(input: Uint8Array, around: Uint8Array): void {
    this.type = u16At(input, 0);
    this.flags = u16At(input, 2);
    this.transactionIdLow = u16At(input, 6) << 16 >>> 0;
    this.rangeCount = u32At(input, 8);
    this.transactionIdHigh = u32At(input, 12);
    this.bytes = around as Uint8Array<ArrayBuffer>;
    this.start = input.byteOffset + HEAD_BYTES;
    const bodyBytes = (input.length - HEAD_BYTES) & ~7;
    this.end = this.start + bodyBytes;
    const least = listsRanges(this.type) ? 8 : 0;
    const headerBytes = Math.min(bodyBytes, Math.max(least, u16At(input, 4) * 8));
    this.payloadStart = this.start + headerBytes;
  }
}

function listsRanges(type: number): boolean {
  return type === GPA_DIRECT || type === TRANSFER_PAGES;
}

/** Says what is not as a decoded packet must be, and takes note of what was read. */
function checkPacket(into: PacketFields, { start, end }: ArrivedFrame, note: FuzzNote): void {
  const { type, completionRequested, payloadStart, payloadBytes, ranges, transfer } = into;
  assert([6, 7, 9, 11].includes(type), "a packet has a type that is known");
  assert(
    payloadStart >= start && payloadBytes >= 0 && payloadStart + payloadBytes <= end,
    "a payload lies in its packet",
  );
  assert(!(completionRequested && type === 11), "a completion asks for no completion");
  assert((ranges.length > 0) === (type === 9), "GPA direct packets have ranges, others have none");
  assert((transfer !== null) === (type === 7), "transfer pages name a page set, others do not");
  note(type);
  if (transfer !== null) note(transfer.pageSetId);
  for (const { byteCount, byteOffset } of transfer?.ranges ?? []) {
    assert(payloadStart - start >= 16, "a range lies in the header");
    note(byteCount);
    note(byteOffset);
  }
  note(payloadStart - start);
  note(payloadBytes);
  note(into.transactionIdLow);
  note(into.transactionIdHigh);
  for (const { byteCount, byteOffset, pfns } of ranges) {
    assert(byteCount > 0 && byteOffset >= 0 && byteOffset < 4096, "a range has bytes");
    assert(pfns.length === pagesSpanned(byteOffset, byteCount), "a range has all of its pages");
    note(byteCount);
    note(byteOffset);
    for (const pfn of pfns) {
      assert(Number.isSafeInteger(pfn) && pfn >= 0, "a PFN is a whole number");
      note(pfn);
    }
  }
}

/** An input that says of `packet`, which `codec` encodes, what the reader would. */
function inputOf(codec: PacketCodec, fields: Partial<PacketFields>): Uint8Array {
  const packet = Object.assign(new PacketFields(), fields);
  packet.payloadBytes = packet.payload.length;
  const { type, flags, headerBytes, bodyBytes, transactionIdLow, transactionIdHigh } = codec.frame(
    packet,
  );
  const body = new Uint8Array(bodyBytes + 7 & ~7);
  const space: BodySpace = {
    body,
    bodyStart: 0,
    putPayload: (at, payload, start, byteCount) =>
      body.set(payload.subarray(start, start + byteCount), at),
  };
  codec.encode(packet, space);
  const rangeCount = packet.transfer?.ranges.length ?? packet.ranges.length;
  return joined(
    u16Bytes(type, flags, headerBytes / 8, transactionIdLow >>> 16),
    u32Bytes(rangeCount, transactionIdHigh),
    body,
  );
}

/** Packets that are in order. */
function seeds(name: PacketCodec["name"]): NamedSeeds {
  const codec = createCodec(name);
  const pages = [{ byteCount: 9000, byteOffset: 100, pfns: [1, 70_000, 2 ** 40] }];
  const two = [...pages, { byteCount: 1, byteOffset: 4095, pfns: [5] }];
  const direct = { type: GPA_DIRECT, completionRequested: true } as const;
  const transfer = { pageSetId: 0xcafe, ranges: two };
  const parts = { ...direct, type: TRANSFER_PAGES, payload: new Uint8Array(3), transfer } as const;
  return {
    "in band": inputOf(codec, { payload: new Uint8Array(20) }),
    "in band, empty, wants a completion": inputOf(codec, {
      completionRequested: true,
      transactionIdLow: 70_000,
    }),
    "a completion": inputOf(codec, {
      type: 11,
      transactionIdLow: 200,
      payload: new Uint8Array(100).fill(7),
    }),
    "a completion of a large id": inputOf(codec, { type: 11, transactionIdHigh: 0xffff_ffff }),
    "one range": inputOf(codec, { ...direct, payload: new Uint8Array(9), ranges: pages }),
    "two ranges": inputOf(codec, { ...direct, payload: new Uint8Array(3), ranges: two }),
    ...(name === "vmbus" ? { "parts of a page set": inputOf(codec, parts) } : {}),
  };
}

const range = fc.record({
  byteCount: fc.constantFrom(1, 2, 4096, 4097, 9000),
  byteOffset: fc.constantFrom(0, 1, 8, 4088, 4095),
}).map(({ byteCount, byteOffset }) => {
  const pages = pagesSpanned(byteOffset, byteCount);
  const pfns = Array.from({ length: pages }, (_, at) => 2 ** (at * 13));
  return { byteCount, byteOffset, pfns };
});

/** Packets that `codec` can encode. */
const packetOf = (codec: PacketCodec["name"]) =>
  fc.record({
    type: codec === "vmbus" ? fc.constantFrom(6, 7, 9, 11) : fc.constantFrom(6, 9, 11),
    wants: fc.boolean(),
    transactionIdLow: fc.nat(0xffff_ffff),
    transactionIdHigh: fc.constantFrom(0, 0, 1, 0xffff_ffff),
    payload: fc.uint8Array({ maxLength: 40 }),
    ranges: fc.array(range, { minLength: 1, maxLength: 3 }),
  }).map(({ type, wants, ranges, ...rest }): Partial<PacketFields> => ({
    ...rest,
    type: type as 6 | 7 | 9 | 11,
    completionRequested: wants && type !== 11,
    ranges: type === GPA_DIRECT ? ranges : [],
    transfer: type === TRANSFER_PAGES ? { pageSetId: ranges.length, ranges } : null,
  }));

function packetTarget(name: PacketCodec["name"]): PackageTarget {
  const codec = createCodec(name);
  const encoder = createCodec(name);
  const shown = new Shown();
  const into = new PacketFields();
  const around = new Around();
  return withCorpus(() => seeds(name), {
    name: `packets-${name}`,
    title: `packets as ${name} that arrived in a ring`,
    inputBytesMax: 320,
    draw: (seed, count) =>
      fc.sample(packetOf(name), { seed, numRuns: count }).map((fields) => inputOf(encoder, fields)),
    run(input, note) {
      if (input.length < HEAD_BYTES) return "no packet";
      shown.read(input, around.of(input));
      // The reader refuses a packet that lists ranges without room for its header.
      if (listsRanges(shown.type) && shown.end - shown.start < 8) return "no packet";
      const fault = codec.decode(shown, into);
      if (fault !== null) return fault;
      checkPacket(into, shown, note);
      // Each range, and each of its pages, is a byte at least, and eight as Hyper-V has them.
      const words = into.ranges.reduce((sum, { pfns }) => sum + 1 + pfns.length, 0);
      const room = shown.end - shown.start - into.payloadBytes;
      assert(words * (name === "vmbus" ? 8 : 1) <= room, "ranges lie in their packet");
      return "sound";
    },
  });
}

/** The codecs' targets. */
export const packetTargets: readonly PackageTarget[] = [
  packetTarget("msgpack"),
  packetTarget("vmbus"),
];
