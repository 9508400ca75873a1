import { assertEquals, assertThrows } from "@std/assert";
import { compare, type Goal, timingOf, verdictOf } from "../../bench/figure.ts";

const SPEED: Goal = { kind: "atLeast", bar: 4, stretch: 6 };
const TIME: Goal = { kind: "atMost", bar: 2, stretch: 1.5 };
const FLAT: Goal = { kind: "atMost", bar: 16, stretch: null };

Deno.test("verdictOf: the higher the better where a score is at least something", () => {
  const verdicts = [6, 5.9, 4, 3.9, 3, 2.9].map((score) => verdictOf({ score, goal: SPEED }));
  assertEquals(verdicts, ["stretch", "bar", "bar", "near", "near", "missed"]);
});

Deno.test("verdictOf: the lower the better where a score is at most something", () => {
  const verdicts = [1.5, 1.6, 2, 2.1, 2.5, 2.6].map((score) => verdictOf({ score, goal: TIME }));
  assertEquals(verdicts, ["stretch", "bar", "bar", "near", "near", "missed"]);
});

Deno.test("verdictOf: there is no stretch beyond a bar that stands alone, and no verdict without", () => {
  assertEquals(verdictOf({ score: 3, goal: FLAT }), "bar");
  assertEquals(verdictOf({ score: 21, goal: FLAT }), "missed");
  assertEquals(verdictOf({ score: 21, goal: null }), "");
});

Deno.test("verdictOf: what is the same on every machine is never near", () => {
  const verdicts = [16, 17].map((score) => verdictOf({ score, goal: { ...FLAT, isExact: true } }));
  assertEquals(verdicts, ["bar", "missed"]);
});

const OURS = { name: "ours", nanoseconds: [10, 20, 30] };
const OTHER = { name: "other", nanoseconds: [50, 80, 90] };

Deno.test("compare: says how many times as fast ours is, or how many times as long it takes", () => {
  assertEquals(compare("work", OURS, OTHER, SPEED), {
    work: "work",
    name: "ours",
    value: 20,
    unit: "ns",
    beside: { name: "other", value: 80 },
    score: 4,
    goal: SPEED,
  });
  assertEquals(compare("work", OURS, OTHER, TIME).score, 0.25);
  assertEquals(compare("work", OURS, OTHER, null).score, 4);
});

Deno.test("timingOf: finds a contender by its name, and misses none in silence", () => {
  assertEquals(timingOf([OURS, OTHER], "other"), OTHER);
  assertThrows(() => timingOf([OURS], "other"), RangeError, "Cannot find the timing of other");
});
