import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { sha256 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import { BrokenInvariant } from "../../core/assert.ts";
import { CopyRoom } from "../../core/blocks.ts";
import { MixHash } from "../../core/mix_hash.ts";
import { Trace, TRACE_EVENTS, type TraceEvent, type TraceLevel } from "../../core/trace.ts";

/** The arguments of one call of record, or of recordBytes. */
type Call =
  | readonly [at100ns: number, event: TraceEvent, subjectId: number, ...values: number[]]
  | readonly [at100ns: number, event: TraceEvent, subjectId: number, bytes: Uint8Array];

function traceOf(calls: readonly Call[], level: TraceLevel = "digest"): Trace {
  const trace = new Trace(level);
  for (const [at100ns, event, subjectId, ...values] of calls) {
    const [a, b, c] = values;
    if (a instanceof Uint8Array) trace.recordBytes(at100ns, event, subjectId, a);
    else trace.record(at100ns, event, subjectId, a, b as number, c as number);
  }
  return trace;
}

/** The entries as text: time in 100 ns, event, subject and values, divided by spaces. */
function linesOf(trace: Trace): string[] {
  return trace.entries.map(({ at100ns, event, subject, values }) =>
    [at100ns, event, subject, ...values].join(" ")
  );
}

Deno.test("TRACE_EVENTS: each event has a u8 code of its own", () => {
  const codes = Object.values(TRACE_EVENTS);
  assertEquals(new Set<number>(codes).size, codes.length);
  assert(codes.every((code) => code > 0 && code <= 0xff));
});

// Written out by hand, so that the digest of a run stays the same from version to version.
Deno.test("Trace: the digest is SHA-256 of what the words of the records come to", () => {
  const trace = traceOf([
    [0x10, "packetQueued", 2, 3, 2 ** 32],
    [0x10, "violation", 0xffff_ffff],
    [0x11, "messageToHost", 1, Uint8Array.of(0xaa, 0xbb)],
  ]);
  const time = 67;
  const given = (bits: number) => bits << 12;
  const wide = (bits: number) => bits << 15;
  const withBytes = 4 << 8;
  const records = [
    [time, 0x10, 0],
    [48 | given(0b011) | wide(0b010), 2, 3, 0, 1],
    [80, -1],
    [time, 0x11, 0],
    [16 | withBytes, 1, 2],
    [0xbbaa, 0, 0, 0], // what are bytes begins with a step of its own
  ].flat();
  const hash = new MixHash();
  hash.takeWords(Int32Array.from(records), records.length);
  const words = Int32Array.from([16, 0, ...hash.lanes]); // how many words came before the bytes
  assertEquals(trace.digest(), sha256(new Uint8Array(words.buffer)).toHex());
});

// Short records and marks are what most of a run comes to: each word of theirs stands where it belongs.
Deno.test("Trace: the digest is that of a mark's and a short record's own words", () => {
  const { call, callReturned } = TRACE_EVENTS;
  const trace = new Trace("digest");
  trace.recordMark(0x10, call, 2, 3);
  trace.recordShort(0x10, callReturned, 4, 5, 6, 0xffff_ffff);
  trace.recordShort(0x10, call, 7, 0, 8, 9);
  const [time, mark, short] = [67, 1 << 8, 2 << 8];
  const beside = (value: number) => value << 12;
  const words = Int32Array.from([
    [time, 0x10, 0],
    [call | mark | beside(3), 2],
    [callReturned | short | beside(5), 4, 6, -1],
    [call | short, 7, 8, 9],
  ].flat());
  const hash = new MixHash();
  const taken = hash.takeWords(words, words.length); // whole steps
  const expected = Int32Array.from([words.length, 0, ...hash.lanes, ...words.subarray(taken)]);
  assertEquals(trace.digest(), sha256(new Uint8Array(expected.buffer)).toHex());
});

Deno.test("Trace: what comes before bytes is filled up with zeros to a step", () => {
  const trace = traceOf([[0, "messageToHost", 1, Uint8Array.of(7)], [0, "violation", 9]]);
  const hash = new MixHash();
  const records = [67, 0, 0, 16 | 4 << 8, 1, 1, 0, 0, 7, 0, 0, 0];
  hash.takeWords(Int32Array.from(records), records.length);
  const words = Int32Array.from([8 + 2, 0, ...hash.lanes, 80, 9]);
  assertEquals(trace.digest(), sha256(new Uint8Array(words.buffer)).toHex());
});

Deno.test("Trace: a packet's payload is recorded but for level digestWithoutPayloads, its length always", () => {
  const digestOf = (level: TraceLevel, ...payload: number[]) => {
    const trace = new Trace(level);
    const room = new CopyRoom();
    room.reserve(payload.length);
    room.copy.set(payload);
    trace.recordPacket(1, TRACE_EVENTS.packetArrived, 2, 3, 4, room, payload.length);
    trace.addPayload(Uint8Array.from(payload), payload.length);
    trace.recordPayload(1, "unread", 2, Uint8Array.from(payload), payload.length);
    return trace.digest();
  };
  assertNotEquals(digestOf("digest", 1), digestOf("digest", 2));
  assertEquals(digestOf("digest", 1), digestOf("full", 1));
  const without = "digestWithoutPayloads";
  assertEquals(digestOf(without, 1), digestOf(without, 2));
  assertNotEquals(digestOf(without, 1), digestOf(without, 1, 2));
  assertNotEquals(digestOf(without, 1), digestOf("digest", 1));
});

Deno.test("Trace.digest: what nobody has read counts, and is not recorded by it", () => {
  const trace = traceOf([[1, "interrupt", 2]]);
  const before = trace.digest();
  const unread = (byte: number) => [{ subjectId: 3, bytes: Uint8Array.of(byte) }];
  assertNotEquals(trace.digest(unread(1)), before);
  assertNotEquals(trace.digest(unread(1)), trace.digest(unread(2)));
  assertEquals(trace.digest(unread(1)), trace.digest(unread(1)));
  assertEquals(trace.digest(), before);
});

Deno.test("Trace: marks, short records, words and texts differ wherever one of theirs does", () => {
  const { call, callReturned } = TRACE_EVENTS;
  const records: ((trace: Trace) => void)[] = [
    (trace) => trace.recordMark(1, call, 2, 3),
    (trace) => trace.recordMark(2, call, 2, 3),
    (trace) => trace.recordMark(1, callReturned, 2, 3),
    (trace) => trace.recordMark(1, call, 3, 3),
    (trace) => trace.recordMark(1, call, 2, 4),
    (trace) => trace.recordShort(1, call, 2, 3, 0, 0),
    (trace) => trace.recordShort(1, call, 2, 3, 1, 0),
    (trace) => trace.recordShort(1, call, 2, 3, 0, 1),
    (trace) => trace.recordWords(1, "call", 2, 3, []),
    (trace) => trace.recordWords(1, "call", 2, 4, []),
    (trace) => trace.recordWords(1, "call", 2, 3, [0]),
    (trace) => trace.recordWords(1, "call", 2, 3, [0, 0]),
    (trace) => trace.recordTexts(1, "call", 2, "a", "b"),
    (trace) => trace.recordTexts(1, "call", 2, "ab", ""),
    (trace) => trace.recordTexts(1, "call", 2, "", "ab"),
  ];
  const digests = records.map((record) => {
    const trace = new Trace("digest");
    record(trace);
    return trace.digest();
  });
  assertEquals(new Set(digests).size, records.length);
});

Deno.test("Trace: words beyond its buffer are recorded like any others", () => {
  const words = Array.from({ length: 5000 }, (_, at) => at);
  const digestOf = (list: readonly number[]) => {
    const trace = new Trace("digest");
    trace.recordWords(1, "call", 2, 3, list);
    return trace.digest();
  };
  assertEquals(digestOf(words), digestOf([...words]));
  assertNotEquals(digestOf(words), digestOf(words.with(4999, 1)));
  assertNotEquals(digestOf(words), digestOf(words.with(0, 1)));
});

Deno.test("Trace: the same records give the same digest, at either level", () => {
  const calls: Call[] = [[1, "packetQueued", 2, 3, 4], [5, "messageToGuest", 6, Uint8Array.of(7)]];
  assertEquals(traceOf(calls).digest(), traceOf(calls).digest());
  assertEquals(traceOf(calls, "full").digest(), traceOf(calls).digest());
});

Deno.test("Trace: whatever changes in a record changes the digest", () => {
  const calls: Call[] = [
    [1, "packetQueued", 2, 3, 4, 5],
    [2, "packetQueued", 2, 3, 4, 5],
    [1, "packetEntered", 2, 3, 4, 5],
    [1, "packetQueued", 3, 3, 4, 5],
    [1, "packetQueued", 2, 4, 4, 5],
    [1, "packetQueued", 2, 3, 5, 5],
    [1, "packetQueued", 2, 3, 4, 6],
    [1, "packetQueued", 2, 3, 4],
    [1, "packetQueued", 2, 3, 4, 0],
    [1, "packetQueued", 2],
    [1, "packetQueued", 2, 0],
    [1, "packetQueued", 2, 2 ** 32 + 3, 4, 5],
    [1, "packetQueued", 2, -3, 4, 5],
    [1, "packetQueued", 2, Number.MAX_SAFE_INTEGER],
    [1, "packetQueued", 2, Number.MAX_SAFE_INTEGER - 1],
    [1, "packetQueued", 2, new Uint8Array(0)],
    [1, "packetQueued", 2, new Uint8Array(1)],
    [1, "packetQueued", 2, new Uint8Array(2)],
    [1, "packetQueued", 2, Uint8Array.of(1)],
  ];
  assertEquals(new Set(calls.map((call) => traceOf([call]).digest())).size, calls.length);
});

Deno.test("Trace: the order of records and the time of each matter", () => {
  const [a, b]: [Call, Call] = [[1, "workTimer", 1], [1, "workTimer", 2]];
  const digests = [
    [a, b],
    [b, a],
    [a],
    [a, [2, "workTimer", 2]],
    [[2, "workTimer", 1], [2, "workTimer", 2]],
    [a, b, [1, "workTimer", 1]],
  ].map((calls) => traceOf(calls as Call[]).digest());
  assertEquals(new Set(digests).size, digests.length);
});

const anyCall: fc.Arbitrary<Call> = fc.oneof(
  fc.tuple(
    fc.nat(3),
    fc.constantFrom<TraceEvent>("packetQueued", "interrupt"),
    fc.nat(2),
    fc.constantFrom(0, 1, 2 ** 32, 2 ** 53 - 1),
  ),
  fc.tuple(
    fc.nat(3),
    fc.constantFrom<TraceEvent>("packetQueued", "interrupt"),
    fc.nat(2),
    fc.uint8Array({ maxLength: 12 }),
  ),
);

Deno.test("Trace: two lists of records have the same digest only when they are the same", () => {
  const lists = fc.array(anyCall, { maxLength: 4 });
  fc.assert(
    fc.property(lists, lists, (one, other) => {
      const same = linesOf(traceOf(one, "full")).join() === linesOf(traceOf(other, "full")).join();
      assertEquals(traceOf(one).digest() === traceOf(other).digest(), same);
    }),
    { seed: 43, numRuns: 1000 },
  );
});

Deno.test("Trace: digest does not disturb what follows", () => {
  const [quiet, asked] = [new Trace("digest"), new Trace("digest")];
  const digests = new Set<string>();
  for (let index = 0; index < 5000; index++) {
    // Short and long records take turns, so that new ones lie over the rests of others.
    const value = index % 3 === 0 ? 2 ** 40 : index;
    quiet.record(index >> 1, "packetEntered", 1, value, value);
    asked.record(index >> 1, "packetEntered", 1, value, value);
    if (index % 50 === 0) {
      assertEquals(asked.digest(), asked.digest());
      digests.add(asked.digest());
    }
  }
  assertEquals(digests.size, 100);
  assertEquals(asked.digest(), quiet.digest());
});

Deno.test("Trace: bytes that exceed the buffer are recorded like any others", () => {
  for (const byteCount of [65_000, 65_536, 65_537, 200_000]) {
    const bytes = Uint8Array.from({ length: byteCount }, (_, index) => index * 7);
    const calls: Call[] = [[1, "workDpc", 1], [1, "messageToHost", 1, bytes], [1, "workDpc", 2]];
    const digest = traceOf(calls).digest();
    assertEquals(digest, traceOf(calls, "full").digest());
    const before = traceOf(calls.slice(0, 1));
    before.digest();
    before.recordBytes(1, "messageToHost", 1, bytes);
    before.record(1, "workDpc", 2);
    assertEquals(before.digest(), digest, `${byteCount} bytes`);
    bytes[byteCount - 1]! ^= 1;
    assertNotEquals(traceOf(calls).digest(), digest, `${byteCount} bytes`);
  }
});

Deno.test("Trace: recorded bytes are copied", () => {
  const bytes = Uint8Array.of(1, 2, 3);
  const trace = new Trace("full");
  trace.recordBytes(1, "messageToHost", 1, bytes);
  const digest = traceOf([[1, "messageToHost", 1, bytes.slice()]]).digest();
  bytes.fill(9);
  assertEquals(trace.digest(), digest);
  assertEquals(trace.entries[0]?.values, ["010203"]);
});

Deno.test("Trace: level full keeps entries and gives them as lines", () => {
  const trace = new Trace("full");
  trace.nameSubject(7, "guest/channel-1");
  trace.record(120, "packetQueued", 7, 5, 64);
  trace.record(120, "interrupt", 8);
  trace.recordBytes(130, "messageToHost", 7, Uint8Array.of(3, 0, 0xff));
  assertEquals(trace.entries, [
    {
      at100ns: 120,
      event: "packetQueued",
      subject: "guest/channel-1",
      values: [5, 64],
      details: { packet: 5, byteCount: 64 },
    },
    { at100ns: 120, event: "interrupt", subject: "#8", values: [], details: {} },
    {
      at100ns: 130,
      event: "messageToHost",
      subject: "guest/channel-1",
      values: ["0300ff"],
      details: { bytes: "0300ff" },
    },
  ]);
  assertEquals(linesOf(trace), [
    "120 packetQueued guest/channel-1 5 64",
    "120 interrupt #8",
    "130 messageToHost guest/channel-1 0300ff",
  ]);
});

Deno.test("Trace: a subject's name does not change the digest", () => {
  const [named, plain] = [new Trace("full"), new Trace("full")];
  named.nameSubject(1, "root");
  named.record(1, "interrupt", 1);
  plain.record(1, "interrupt", 1);
  assertEquals(named.digest(), plain.digest());
});

Deno.test("Trace: level digest keeps no entries, however much is recorded", () => {
  const trace = new Trace("digest");
  const first = trace.digest();
  for (let index = 0; index < 1_000_000; index++) {
    trace.record(index >> 2, "packetArrived", index & 0xff, index, 64);
  }
  assertEquals(trace.entries, []);
  assertEquals(linesOf(trace), []);
  assertNotEquals(trace.digest(), first);
});

Deno.test("Trace: level off records nothing", () => {
  const trace = new Trace("off");
  trace.nameSubject(1, "root");
  trace.record(1, "interrupt", 1, 2, 3, 4);
  trace.recordBytes(1, "messageToHost", 1, new Uint8Array(300));
  assertEquals(trace.entries, []);
  assertEquals(trace.digest(), sha256(new Uint8Array(0)).toHex());
});

Deno.test("Trace.tell: adds details, with the name of a status, and the driver's lines, to the last entry or another", () => {
  const trace = new Trace("full");
  trace.record(1, "callReturned", 1, 2);
  trace.record(2, "interrupt", 3);
  trace.tell({ status: 0xc000_000d }, ["file:///a.ts:1:2", "file:///b.ts:3:4"], 0);
  trace.tell({ status: 0x1234_5678, isMade: true }, ["file:///a.ts:1:2"]);
  assertEquals(trace.entries.map(({ details, source, stack }) => [details, source, stack]), [
    [
      { call: 2, status: 0xc000_000d, statusName: "STATUS_INVALID_PARAMETER" },
      "file:///a.ts:1:2",
      ["file:///a.ts:1:2", "file:///b.ts:3:4"],
    ],
    [
      { status: 0x1234_5678, statusName: "0x12345678", isMade: true },
      "file:///a.ts:1:2",
      undefined,
    ],
  ]);
});

Deno.test("Trace.imply: keeps an entry, where entries are kept, and changes no digest", () => {
  for (const level of ["full", "digest"] as const) {
    const trace = new Trace(level);
    const before = trace.digest();
    trace.imply(7, "callbackEnd", 1, { values: [2] });
    assertEquals(trace.digest(), before);
    const kept = trace.entries.map(({ event, values }) => [event, values]);
    assertEquals(kept, level === "full" ? [["callbackEnd", [2]]] : []);
  }
});

Deno.test("Trace: asserts a u32 subject and safe whole numbers", () => {
  const trace = new Trace("digest");
  assertThrows(() => trace.record(1, "interrupt", -1), BrokenInvariant, "subject");
  assertThrows(() => trace.record(1, "interrupt", 2 ** 32), BrokenInvariant, "subject");
  assertThrows(() => trace.record(1.5, "interrupt", 1), BrokenInvariant, "time");
  assertThrows(() => trace.record(1, "interrupt", 1, 0.5), BrokenInvariant, "value");
  assertThrows(() => trace.record(1, "interrupt", 1, 1, NaN), BrokenInvariant, "value");
  assertThrows(() => trace.record(1, "interrupt", 1, 1, 1, 2 ** 53), BrokenInvariant, "value");
});

for (const level of ["digest", "digestWithoutPayloads", "full", "off"] as const) {
  Deno.test(`Trace.rewind: what came after the mark was never recorded (${level})`, () => {
    const before: Call[] = [[5, "fault", 1], [9, "interrupt", 2, 7]];
    const after: Call[] = [[9, "fault", 3], [12, "messageToHost", 1, Uint8Array.of(1, 2)]];
    const trace = traceOf(before, level);
    const mark = trace.mark();
    for (let round = 0; round < 2; round++) { // the mark holds as often as it is used
      trace.record(9, "violation", 4);
      trace.record(20, "violation", 4);
      trace.rewind(mark);
      assertEquals(trace.digest(), traceOf(before, level).digest());
    }
    for (const [at100ns, event, subjectId] of after) trace.record(at100ns, event, subjectId);
    const expected = traceOf(before, level);
    for (const [at100ns, event, subjectId] of after) expected.record(at100ns, event, subjectId);
    assertEquals([trace.digest(), linesOf(trace)], [expected.digest(), linesOf(expected)]);
  });
}
