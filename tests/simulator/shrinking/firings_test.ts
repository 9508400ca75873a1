import { assertEquals } from "@std/assert";
import { OPPORTUNITIES_MAX } from "../../../simulator/faults/trigger.ts";
import { firingsOf, offsetsOf } from "../../../simulator/shrinking/firings.ts";
import type { ToldChoice } from "../../../simulator/shrinking/plan.ts";

const RULE = "0 guestCrashed";

function fault(about: string, count: number, offset: number): ToldChoice {
  return { kind: "fault", count, offset, about };
}

/** The opportunity at which a rule fires, from the last one on; 0: at none. */
function opportunity(offset: number, about = RULE): ToldChoice {
  return fault(about, OPPORTUNITIES_MAX + 1, offset);
}

const CHOICES = [
  fault(RULE, 4, 2), // how often it fires
  opportunity(10),
  fault("1 other", 4, 3), // nothing of this rule
  fault(RULE, 3, 1), // whom it happens to
  { kind: "item", count: 2, offset: 1, about: RULE } as const,
  opportunity(5),
  fault(RULE, 3, 2),
  fault(RULE, 9, 7),
  opportunity(0), // at no further one
  opportunity(3, "1 other"),
];

Deno.test("firingsOf: each time is counted from the beginning of the run, with what was chosen then", () => {
  assertEquals(firingsOf(CHOICES, RULE), {
    head: [2],
    firings: [{ at: 10, rest: [1] }, { at: 15, rest: [2, 7] }],
  });
  assertEquals(firingsOf(CHOICES, "1 other"), { head: [3], firings: [{ at: 3, rest: [] }] });
  assertEquals(firingsOf(CHOICES, "2 nobody's"), { head: [], firings: [] });
});

// D427
Deno.test("offsetsOf: where a time is left out, the next one stays where it is in the run", () => {
  const { head, firings } = firingsOf(CHOICES, RULE);
  assertEquals(offsetsOf({ head, firings }), [2, 10, 1, 5, 2, 7]);
  assertEquals(offsetsOf({ head, firings: firings.slice(1) }), [2, 15, 2, 7]);
  assertEquals(offsetsOf({ head, firings: [] }), [2]);
});

Deno.test("offsetsOf: no opportunity is later than a rule can choose", () => {
  const at = OPPORTUNITIES_MAX + 5;
  const next = { at: at + 2, rest: [] };
  assertEquals(offsetsOf({ head: [], firings: [{ at, rest: [1] }, next] }), [
    OPPORTUNITIES_MAX,
    1,
    2,
  ]);
});
