import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { STATUS_DATA_ERROR } from "../../../core/ntstatus.ts";
import {
  EnvelopeBudget,
  FREE_HEAP_BYTES,
  HEAP_BYTES_MAX,
  HeapBudget,
} from "../../../core/saved/budget.ts";
import {
  EnvelopeWriter,
  joined,
  readEnvelope,
  type SavedKind,
} from "../../../core/saved/envelope.ts";
import { readSaved, SavedStateFault } from "../../../core/saved/fault.ts";
import { encodePlainData, type PlainData, weightOf } from "../../../core/saved/plain_data.ts";
import { decodePlainData, readPlainData } from "../../../core/saved/plain_data_reader.ts";

// docs/saved-state.md, "What it may weigh": what data takes of the heap follows from its length.

/** The bytes of a list of `count` times the same bytes. */
function listOf(count: number, member: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(5 + count * member.length);
  bytes[0] = 0xdd;
  new DataView(bytes.buffer).setUint32(1, count);
  for (let at = 5; at < bytes.length; at++) bytes[at] = member[(at - 5) % member.length]!;
  return bytes;
}

const VALUES: readonly PlainData[] = [
  7,
  "text",
  [],
  {},
  [1, [2, "three"], new Uint8Array(9)],
  { a: 1, bc: [null, 2 ** 40, 5n], d: { e: "x".repeat(100) } },
  Array.from({ length: 20 }, () => ({ first: 1, second: "two" })),
];

Deno.test("weightOf: who writes and who reads come to the same weight", () => {
  for (const value of VALUES) {
    const budget = new HeapBudget();
    assertEquals(decodePlainData(encodePlainData(value), budget), value);
    assertEquals(HEAP_BYTES_MAX - budget.leftBytes, weightOf(value));
  }
});

Deno.test("readPlainData: what weighs more than the budget is refused, and a byte less is enough", () => {
  for (const value of VALUES.slice(1)) {
    const bytes = encodePlainData(value);
    assertEquals(readPlainData(bytes, 8, new HeapBudget(weightOf(value))), value);
    assertEquals(readPlainData(bytes, 8, new HeapBudget(weightOf(value) - 1)), undefined);
  }
});

/** What `data` comes to in a chunk of this kind. */
function outcomeOf(kind: SavedKind, type: number, data: Uint8Array): unknown {
  const allowance = new EnvelopeBudget(kind === "partition" ? [2] : []).allowance(
    type,
    data.length,
  );
  return readSaved(() => decodePlainData(data, new HeapBudget(allowance)));
}

Deno.test("EnvelopeBudget: many small values are refused, before they take the memory", () => {
  const heavy = [[0x80], [0x90], [0xc4, 0], [0x81, 0xa1, 0x61, 1]];
  const light = [[1], [0xc0], [0xa2, 0x61, 0x61], [0xd3, 0, 0, 0, 0, 0, 0, 0, 1]];
  for (const [kind, type] of [["partition", 3], ["channel", 2], ["run", 1]] as const) {
    for (const member of heavy) {
      const outcome = outcomeOf(kind, type, listOf(70_000, member));
      assert(outcome instanceof SavedStateFault && outcome.status === STATUS_DATA_ERROR);
      assertMatch(outcome.message, /^data of \d+ bytes would take too much memory$/);
    }
    for (const member of light) {
      assert(Array.isArray(outcomeOf(kind, type, listOf(70_000, member))), `${member}`);
    }
  }
  // A driver's state has more, whatever its form.
  assert(Array.isArray(outcomeOf("partition", 2, listOf(70_000, [0x80]))));
  assert(outcomeOf("partition", 2, listOf(2 ** 20, [0x80])) instanceof SavedStateFault);
});

Deno.test("EnvelopeBudget: only a driver's state weighs more than its length allows, and all of them together", () => {
  for (const [kind, type, free] of [["partition", 2, true], ["partition", 4, false]] as const) {
    const budget = new EnvelopeBudget(kind === "partition" ? [2] : []);
    const first = budget.allowance(type, 1000);
    assertEquals(first > FREE_HEAP_BYTES, free);
    budget.spend(1000, first);
    assert(budget.allowance(type, 1000) < FREE_HEAP_BYTES / 100);
  }
  const budget = new EnvelopeBudget([2]);
  assertEquals(budget.allowance(6, 2 ** 40), HEAP_BYTES_MAX);
  budget.spend(2 ** 40, HEAP_BYTES_MAX);
  assertEquals(budget.allowance(6, 2 ** 40), 0);
});

Deno.test("EnvelopeWriter: does not write what could not be read, and continues with what can", () => {
  const writer = new EnvelopeWriter("partition");
  const heavy = Array.from({ length: 1000 }, () => ({}));
  assertThrows(() => writer.chunk(4, heavy), SavedStateFault, "would take too much memory");
  const pieces = [writer.header(), writer.chunk(2, heavy), writer.chunk(4, [{}]), writer.end()];
  assertEquals(readEnvelope("partition", joined(pieces)).length, 2);
});
