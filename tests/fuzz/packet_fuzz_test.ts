import { assert, assertEquals, assertGreater } from "@std/assert";
import fc from "fast-check";
import { pack } from "msgpackr/pack";
import { createCodec } from "../../core/packet/codec.ts";
import { type ArrivedFrame, type PacketCodec, PacketFields } from "../../core/packet/packet.ts";
import { isU32, pagesSpanned, roundUp8 } from "../../core/units.ts";
import { times } from "../support/long.ts";
import { arrivedOf, bytesOf, encodeBody, packetOf } from "../support/packet_frames.ts";

const SEED = 4242;
/** Of each of the three kinds of body, for each codec: 60 000 in all. */
const RUNS = times(2_000, 10_000);

/** Every fault that a codec may name. A new one belongs here, and into PacketFault's text. */
const FAULTS: ReadonlySet<string> = new Set([
  "unexpectedPacketType",
  "unexpectedFlags",
  "badTransactionId",
  "malformedMsgpack",
  "surplusBytes",
  "emptyRange",
  "emptyByteCount",
  "offsetTooLarge",
  "rangeOverflow",
  "rangeTooSmall",
]);

/** Packets that are in order, as a start for mutations. */
const SOUND: readonly PacketFields[] = [
  packetOf({ payload: new Uint8Array(20) }),
  packetOf({ completionRequested: true, transactionIdLow: 70_000, payload: new Uint8Array(0) }),
  packetOf({ type: 11, transactionIdLow: 200, payload: new Uint8Array(300) }),
  packetOf({ type: 11, transactionIdHigh: 0xffff_ffff, payload: new Uint8Array(3) }),
  packetOf({
    type: 9,
    completionRequested: true,
    payload: new Uint8Array(9),
    ranges: [
      { byteCount: 9000, byteOffset: 100, pfns: [1, 70_000, 2 ** 40] },
      { byteCount: 1, byteOffset: 4095, pfns: [5] },
    ],
  }),
];

/** Tokens of the msgpack forms, and any other byte. */
const byte = fc.oneof(
  fc.constantFrom(0x00, 0x72, 0x80, 0x90, 0x91, 0x95, 0xa0),
  fc.integer({ min: 0xc0, max: 0xdf }),
  fc.nat(255),
);

/** Bodies of random bytes, some of which begin like a packet. */
const randomBody = fc.tuple(
  fc.constantFrom("", "95", "95 06 00 00", "95 09 01 05 c400", "00000000 01000000"),
  fc.array(byte, { maxLength: 60 }),
).map(([head, tail]) => Uint8Array.from([...bytesOf(head), ...tail]));

/** Numbers at the borders of what a range may hold (wire.md 3.1), the sound ones more often. */
const byteCount = fc.constantFrom(1, 1, 2, 2, 4097, 0, 4096, 0xffff_f001, 0xffff_ffff);
const byteOffset = fc.constantFrom(0, 0, 0, 1, 4095, 4096, 0xffff_ffff);
const range = fc.tuple(byteCount, byteOffset, fc.array(fc.nat(9), { maxLength: 3 }));
const ranges = fc.array(range, { maxLength: 3 });

/** Tuples of the right shape, in which a few members may not be what they should. */
const nearlyTuple = fc.tuple(
  fc.constantFrom<unknown>(6, 9, 9, 9, 11, 7),
  fc.constantFrom<unknown>(0, 0, 1, 1, 1, 2, true),
  fc.constantFrom<unknown>(
    0,
    1,
    70_000,
    0xffff_ffff,
    2 ** 32,
    2 ** 53,
    -1,
    null,
    0.5,
    1n,
    2n ** 63n,
  ),
  fc.constantFrom<unknown>(new Uint8Array(3), new Uint8Array(0), new Uint8Array(300), [], "a"),
  fc.oneof({ weight: 5, arbitrary: ranges }, fc.constantFrom(null, 3, [[]])),
).map((tuple) => new Uint8Array(pack(tuple)));

/** The header of a GPA direct packet with ranges that may not be what they should (wire.md 2.3). */
const nearlyGpaDirect = ranges.map((listed) => {
  const words = [0, listed.length];
  for (const [count, offset, pfns] of listed) {
    words.push(count, offset, ...pfns.flatMap((pfn) => [pfn, 0]));
  }
  return new Uint8Array(Uint32Array.from(words).buffer);
});

/** Bodies of sound packets with a few bytes changed, or cut short, or with more behind. */
function mutatedBody(codec: PacketCodec): fc.Arbitrary<Uint8Array> {
  const bodies = SOUND.map((sound) => encodeBody(codec, sound));
  const change = fc.record({ at: fc.nat(), value: byte });
  return fc.record({
    body: fc.constantFrom(...bodies),
    changes: fc.array(change, { maxLength: 3 }),
    tail: fc.oneof(fc.constant([]), fc.array(byte, { maxLength: 20 })),
    cut: fc.oneof(fc.constant(0), fc.nat(40)),
  }).map(({ body, changes, tail, cut }) => {
    const mutated = Uint8Array.from([...body.subarray(0, Math.max(0, body.length - cut)), ...tail]);
    for (const { at, value } of changes) {
      if (mutated.length > 0) mutated[at % mutated.length] = value;
    }
    return mutated;
  });
}

/** Descriptor fields as hostile as the ring's reader lets them through, and a few beyond. */
const descriptor = fc.record({
  type: fc.oneof({ weight: 6, arbitrary: fc.constantFrom(6, 7, 9, 11) }, fc.nat(0xffff)),
  flags: fc.oneof({ weight: 6, arbitrary: fc.constantFrom(0, 1) }, fc.nat(0xffff)),
  transactionIdLow: fc.nat(0xffff_ffff),
  transactionIdHigh: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, fc.nat(0xffff_ffff)),
  headerWords: fc.oneof(fc.constant(1), fc.nat(12)),
  rangeCount: fc.oneof(fc.nat(3), fc.constantFrom(0xffff_ffff, 0x8000_0000)),
});
type Descriptor = typeof descriptor extends fc.Arbitrary<infer Value> ? Value : never;

function arrivedVmbus(body: Uint8Array, from: Descriptor): ArrivedFrame {
  // The reader has checked that a packet with ranges has room for its header.
  const least = from.type === 7 || from.type === 9 ? 8 : 0;
  const padded = new Uint8Array(Math.max(least, roundUp8(body.length)));
  padded.set(body);
  const { headerWords, ...fields } = from;
  const arrived = arrivedOf(padded, fields);
  const headerBytes = Math.min(padded.length, Math.max(least, headerWords * 8));
  return { ...arrived, payloadStart: arrived.start + headerBytes };
}

/** Fails unless `into` is a packet whose payload lies in what arrived and whose ranges are sound. */
function assertSound(into: PacketFields, arrived: ArrivedFrame): void {
  assert([6, 7, 9, 11].includes(into.type));
  assert(into.payloadStart >= arrived.start && into.payloadBytes >= 0);
  assert(into.payloadStart + into.payloadBytes <= arrived.end);
  assert(isU32(into.transactionIdLow) && isU32(into.transactionIdHigh));
  assert(!(into.completionRequested && into.type === 11));
  assertEquals(into.ranges.length > 0, into.type === 9);
  assertEquals(into.transfer !== null, into.type === 7);
  assert(into.transfer === null || into.transfer.ranges.length > 0);
  for (const { byteCount, byteOffset, pfns } of into.ranges) {
    assert(byteCount > 0 && byteOffset >= 0 && byteOffset < 4096);
    assert(byteCount + byteOffset + 4095 <= 0xffff_ffff);
    assertEquals(pfns.length, pagesSpanned(byteOffset, byteCount));
    assert(pfns.every((pfn) => Number.isSafeInteger(pfn) && pfn >= 0));
  }
}

/** Decodes what arrived, and counts the outcome. */
function attack(codec: PacketCodec, arrived: ArrivedFrame, outcomes: Map<string, number>): void {
  const into = new PacketFields();
  const fault = codec.decode(arrived, into);
  if (fault === null) assertSound(into, arrived);
  else assert(FAULTS.has(fault), `unknown fault ${fault}`);
  const outcome = fault ?? "sound";
  outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
}

/** Fails where the inputs were so poor that one of these outcomes never came. */
function assertSeen(outcomes: Map<string, number>, expected: readonly string[]): void {
  for (const outcome of expected) assertGreater(outcomes.get(outcome) ?? 0, 0, outcome);
}

Deno.test("MsgpackCodec: hostile bodies end in a named fault or a sound packet", () => {
  const codec = createCodec("msgpack");
  const outcomes = new Map<string, number>();
  const property = (body: Uint8Array) => attack(codec, arrivedOf(body), outcomes);
  for (const bodies of [randomBody, mutatedBody(codec), nearlyTuple]) {
    fc.assert(fc.property(bodies, property), { seed: SEED, numRuns: RUNS });
  }
  assertSeen(outcomes, ["sound", ...FAULTS]);
});

Deno.test("VmbusCodec: hostile packets end in a named fault or a sound packet", () => {
  const codec = createCodec("vmbus");
  const outcomes = new Map<string, number>();
  const property = (body: Uint8Array, from: Descriptor) =>
    attack(codec, arrivedVmbus(body, from), outcomes);
  for (const bodies of [randomBody, mutatedBody(codec), nearlyGpaDirect]) {
    fc.assert(fc.property(bodies, descriptor, property), { seed: SEED, numRuns: RUNS });
  }
  const foreign = new Set(["malformedMsgpack", "surplusBytes", "badTransactionId"]);
  assertSeen(outcomes, ["sound", ...FAULTS].filter((outcome) => !foreign.has(outcome)));
});

Deno.test("MsgpackCodec: a body as large as the ring allows is refused at once", () => {
  const codec = createCodec("msgpack");
  // wire.md 2.1: 65535 words, the descriptor among them. Each token over and over, after a head
  // that looks like a packet: nothing may take more than a step a byte.
  const largestBodyBytes = 65535 * 8 - 16;
  for (let token = 0; token < 0x100; token++) {
    const body = new Uint8Array(largestBodyBytes).fill(token);
    const outcomes = new Map<string, number>();
    attack(codec, arrivedOf(body), outcomes);
    body.set([0x95, 9, 1, 5, 0xc4, 0, 0xdd, 0, 1, 0, 0]);
    attack(codec, arrivedOf(body), outcomes);
    assertEquals(outcomes.get("sound"), undefined);
  }
});
