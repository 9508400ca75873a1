import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { median, race, ratioOf } from "../../bench/measure.ts";

Deno.test("median: is the middle value, whatever the order", () => {
  assertEquals(median([9, 1, 5]), 5);
  assertEquals(median([7]), 7);
});

Deno.test("median: is the mean of the two in the middle of an even number", () => {
  assertEquals(median([10, 1, 2, 4]), 3);
});

Deno.test("median: refuses no values", () => {
  assertThrows(() => median([]), RangeError, "Cannot take the median of no values");
});

Deno.test("ratioOf: compares each round with itself, so that one slow round counts once", () => {
  const one = { name: "one", nanoseconds: [20, 400, 30] };
  const other = { name: "other", nanoseconds: [10, 200, 10] };
  assertEquals(ratioOf(one, other), 2);
  assertEquals(ratioOf(other, one), 0.5);
});

/** A clock that only work moves, and contenders that note their turns. */
class FakeTrack {
  nowMs = 0;
  turns: string[] = [];
  readonly now = (): number => this.nowMs;

  contender(name: string, costMs: number) {
    return {
      name,
      run: (count: number) => {
        this.turns.push(name);
        this.nowMs += count * costMs;
      },
    };
  }
}

Deno.test("race: times one piece of work, and gives every round to each contender", async () => {
  const track = new FakeTrack();
  const timings = await race([track.contender("slow", 2), track.contender("fast", 0.5)], {
    rounds: 3,
    roundMs: 16,
    now: track.now,
  });
  assertEquals(timings.map(({ name }) => name), ["slow", "fast"]);
  assertEquals(timings.map(({ nanoseconds }) => nanoseconds.length), [3, 3]);
  for (const value of timings[0]!.nanoseconds) assertAlmostEquals(value, 2e6);
  for (const value of timings[1]!.nanoseconds) assertAlmostEquals(value, 5e5);
});

Deno.test("race: begins each round with the next contender", async () => {
  const track = new FakeTrack();
  const contenders = ["a", "b", "c"].map((name) => track.contender(name, 1));
  await race(contenders, { rounds: 3, roundMs: 4, now: track.now });
  assertEquals(track.turns.slice(-9), ["a", "b", "c", "b", "c", "a", "c", "a", "b"]);
});

Deno.test("race: a contender's part of a round is about as long as was asked for", async () => {
  const counts: number[] = [];
  let nowMs = 0;
  const run = (count: number) => {
    counts.push(count);
    nowMs += count * 0.1;
  };
  await race([{ name: "one", run }], { rounds: 2, roundMs: 50, now: () => nowMs });
  assertEquals(counts.slice(-2), [500, 500]);
});

Deno.test("race: waits for a contender that answers with a promise", async () => {
  let nowMs = 0;
  const run = async (count: number) => {
    await Promise.resolve();
    nowMs += count;
  };
  const [timing] = await race([{ name: "later", run }], {
    rounds: 1,
    roundMs: 8,
    now: () => nowMs,
  });
  assertEquals(timing?.nanoseconds, [1e6]);
});
