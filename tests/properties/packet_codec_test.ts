import { assertEquals, assertGreaterOrEqual, assertLessOrEqual } from "@std/assert";
import fc from "fast-check";
import { pack, unpack } from "msgpackr/pack";
import { createCodec } from "../../core/packet/codec.ts";
import type { GpaRange } from "../../core/memory/gpa_ranges.ts";
import { largestRangeCount, type PacketCodec, PacketFields } from "../../core/packet/packet.ts";
import { PAGE_BYTES, pagesSpanned, roundUp8 } from "../../core/units.ts";
import {
  decodeWhole,
  encodeBody,
  packetOf,
  payloadOf,
  sendThrough,
  summaryOf,
} from "../support/packet_frames.ts";

const SEED = 1999;
const U32_MAX = 0xffff_ffff;
const CODECS: readonly PacketCodec[] = [createCodec("msgpack"), createCodec("vmbus")];

const pfn = fc.oneof(
  fc.nat(300),
  fc.integer({ min: 0, max: U32_MAX }),
  fc.integer({ min: U32_MAX, max: Number.MAX_SAFE_INTEGER }),
);

const range: fc.Arbitrary<GpaRange> = fc.record({
  byteCount: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 80_000 })),
  byteOffset: fc.oneof(fc.constantFrom(0, 4095), fc.nat(4095)),
}).chain(({ byteCount, byteOffset }) => {
  const pages = pagesSpanned(byteOffset, byteCount);
  return fc.array(pfn, { minLength: pages, maxLength: pages })
    .map((pfns) => ({ byteCount, byteOffset, pfns }));
});

const payload = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.nat(70_000).map((byteCount) => new Uint8Array(byteCount).fill(byteCount)),
);

/** Any 64 bits, half of them such as need 32 at most. */
const transactionId = {
  transactionIdLow: fc.oneof(fc.nat(300), fc.integer({ min: 0, max: U32_MAX })),
  transactionIdHigh: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: U32_MAX })),
};

function idOf({ transactionIdLow, transactionIdHigh }: PacketFields): bigint {
  return BigInt(transactionIdHigh) << 32n | BigInt(transactionIdLow);
}

/** A packet whose payload is the middle of a longer array. */
function packetWith(fields: Partial<PacketFields>, bytes: Uint8Array): PacketFields {
  const longer = new Uint8Array(bytes.length + 5).fill(0xee);
  longer.set(bytes, 2);
  return packetOf({ ...fields, payload: longer, payloadStart: 2, payloadBytes: bytes.length });
}

const packet: fc.Arbitrary<PacketFields> = fc.oneof(
  fc.record({ type: fc.constant(6 as const), completionRequested: fc.boolean(), ...transactionId }),
  fc.record({ type: fc.constant(11 as const), ...transactionId }),
  fc.record({
    type: fc.constant(9 as const),
    completionRequested: fc.boolean(),
    ...transactionId,
    ranges: fc.array(range, { minLength: 1, maxLength: 20 }),
  }),
).chain((fields) => payload.map((bytes) => packetWith(fields, bytes)));

/** What must come out: no id where nobody waits for it, and with `padded` the payload so (wire.md 2.1). */
function expectedSummary(sent: PacketFields, padded: boolean): unknown {
  const hasTransaction = sent.completionRequested || sent.type === 11;
  const bytes = payloadOf(sent);
  const expected = padded ? new Uint8Array(roundUp8(bytes.length)).fill(0xee) : bytes;
  expected.set(bytes);
  return summaryOf(packetOf({
    type: sent.type,
    completionRequested: sent.completionRequested,
    transactionIdLow: hasTransaction ? sent.transactionIdLow : 0,
    transactionIdHigh: hasTransaction ? sent.transactionIdHigh : 0,
    payload: expected,
    ranges: sent.ranges,
  }));
}

Deno.test("PacketCodec: every packet comes out as it went in", () => {
  const into = new PacketFields();
  fc.assert(
    fc.property(packet, (sent) => {
      for (const codec of CODECS) {
        assertEquals(decodeWhole(codec, sendThrough(codec, sent), into), null);
        assertEquals(summaryOf(into), expectedSummary(sent, codec.name === "vmbus"));
      }
    }),
    { seed: SEED, numRuns: 300 },
  );
});

Deno.test("MsgpackCodec: any msgpack library writes and reads the same bytes", () => {
  const codec = createCodec("msgpack");
  fc.assert(
    fc.property(packet, (sent) => {
      const tuple = [
        sent.type,
        sent.completionRequested ? 1 : 0,
        sent.transactionIdHigh === 0 ? sent.transactionIdLow : idOf(sent),
        payloadOf(sent),
        sent.type === 9
          ? sent.ranges.map(({ byteCount, byteOffset, pfns }) => [byteCount, byteOffset, pfns])
          : null,
      ];
      const body = encodeBody(codec, sent);
      const packed = new Uint8Array(pack(tuple));
      if (sent.transactionIdHigh !== 0) packed[3] = 0xcf; // this one writes an int 64 where that will do
      assertEquals(body, packed);
      assertEquals(unpack(body.slice()), tuple);
    }),
    { seed: SEED, numRuns: 200 },
  );
});

/** Random cuts of `externalBytes` into at most `chainLength` ranges, at offsets that cost pages. */
function chainOf(externalBytes: number, cuts: readonly number[], byteOffset: number, page: number) {
  const ends = [...new Set([...cuts.map((cut) => cut % externalBytes), 0, externalBytes])]
    .sort((left, right) => left - right);
  return ends.slice(1).map((end, at): GpaRange => {
    const byteCount = end - ends[at]!;
    const pfns = new Array<number>(pagesSpanned(byteOffset, byteCount)).fill(page);
    return { byteCount, byteOffset, pfns };
  });
}

Deno.test("largestBodyBytes: no packet within the bounds is larger", () => {
  const bounds = fc.record({
    payloadBytes: fc.oneof(fc.nat(300), fc.nat(70_000)),
    externalBytes: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 300_000 })),
    cuts: fc.array(fc.nat(), { maxLength: 30 }),
    byteOffset: fc.oneof(fc.constant(4095), fc.nat(4095)),
  });
  fc.assert(
    fc.property(bounds, ({ payloadBytes, externalBytes, cuts, byteOffset }) => {
      const sent = packetOf({
        type: 9,
        completionRequested: true,
        transactionIdLow: U32_MAX,
        transactionIdHigh: U32_MAX,
        payload: new Uint8Array(payloadBytes),
        ranges: chainOf(externalBytes, cuts, byteOffset, Number.MAX_SAFE_INTEGER),
      });
      for (const codec of CODECS) {
        const largest = codec.largestBodyBytes(payloadBytes, externalBytes, cuts.length + 1);
        assertLessOrEqual(codec.frame(sent).bodyBytes, largest);
        // Nor is one without external data.
        const { transactionIdHigh, payload } = sent;
        const inBand = packetOf({ transactionIdHigh, payload });
        assertLessOrEqual(codec.frame(inBand).bodyBytes, largest);
        assertLessOrEqual(
          codec.frame(inBand).bodyBytes,
          codec.largestBodyBytes(payloadBytes, 0, 1),
        );
      }
    }),
    { seed: SEED, numRuns: 400 },
  );
});

/** Ranges that begin with the last byte of a page: as many of two bytes as there can be, and the rest. */
function worstChain(externalBytes: number, chainLength: number): GpaRange[] {
  const rangeCount = largestRangeCount(externalBytes, chainLength);
  const ranges: GpaRange[] = [];
  let left = externalBytes;
  for (let after = rangeCount - 1; after >= 0; after--) {
    const byteCount = after === 0 ? left : Math.min(2, left - after);
    const byteOffset = PAGE_BYTES - 1;
    const pfns = new Array<number>(pagesSpanned(byteOffset, byteCount)).fill(2 ** 32);
    ranges.push({ byteCount, byteOffset, pfns });
    left -= byteCount;
  }
  return ranges;
}

Deno.test("largestBodyBytes: the worst chain comes as near as promised", () => {
  const bounds = fc.record({
    payloadBytes: fc.nat(70_000),
    externalBytes: fc.oneof(
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 3_000_000 }),
    ),
    chainLength: fc.integer({ min: 1, max: 40 }),
  });
  fc.assert(
    fc.property(bounds, ({ payloadBytes, externalBytes, chainLength }) => {
      const ranges = worstChain(externalBytes, chainLength);
      const sent = packetOf({
        type: 9,
        completionRequested: true,
        transactionIdLow: U32_MAX,
        transactionIdHigh: U32_MAX,
        payload: new Uint8Array(payloadBytes),
        ranges,
      });
      for (const codec of CODECS) {
        const slack = codec.name === "vmbus" ? 0 : 8 * ranges.length;
        const largest = codec.largestBodyBytes(payloadBytes, externalBytes, chainLength);
        assertGreaterOrEqual(codec.frame(sent).bodyBytes, largest - slack);
      }
    }),
    { seed: SEED, numRuns: 200 },
  );
});
