// D427: the last fault before the finding is tried alone, at opportunities that lie evenly.
import { assert, assertEquals } from "@std/assert";
import { OPPORTUNITIES_MAX } from "../../../simulator/faults/trigger.ts";
import { firingsOf } from "../../../simulator/shrinking/firings.ts";
import type { Plan, ToldChoice } from "../../../simulator/shrinking/plan.ts";
import { lastRules, scanFaults } from "../../../simulator/shrinking/scan.ts";
import { Scripted, type ScriptedEnd } from "./scripted.ts";

const RULE = "0 guestCrashed";

/** What a rule that chose `offsets` has chosen: how often, and then opportunity and victim by turns. */
function choicesOf(offsets: readonly number[], about: string): readonly ToldChoice[] {
  return offsets.map((offset, at) => {
    const count = at === 0 ? 4 : at % 2 === 1 ? OPPORTUNITIES_MAX + 1 : 3;
    return { kind: "fault", count, offset, about };
  });
}

function endOf(faults: Plan["faults"]): ScriptedEnd {
  const choices = Object.entries(faults)
    .flatMap(([about, offsets]) => choicesOf(offsets, about));
  const count = Object.keys(faults)
    .reduce((sum, about) => sum + firingsOf(choices, about).firings.length, 0);
  return { choices, faults: count, lastFault: count === 0 ? null : "guestCrashed" };
}

/** Two guests crash, the second one at the 40th opportunity, and another rule fires. */
const FIRST = endOf({ [RULE]: [2, 30, 1, 10, 2], "1 messageDelayed": [1, 7, 0] });

/** The one time that the rule fires in a plan in which nothing else does; null: it is another plan. */
function onlyFiring({ faults }: Plan) {
  const { firings } = firingsOf(choicesOf(faults[RULE] ?? [], RULE), RULE);
  return Object.keys(faults).length === 1 && firings.length === 1 ? firings[0]! : null;
}

Deno.test("lastRules: are those of the fault that came last", () => {
  assertEquals(lastRules(new Scripted(FIRST, () => null).search.best), [RULE]);
  const nobody = new Scripted({ ...FIRST, lastFault: null }, () => null);
  assertEquals(lastRules(nobody.search.best), []);
});

Deno.test("scanFaults: finds the opportunity, up to twice as late, at which one fault alone is enough", async () => {
  const isNeeded = (plan: Plan) => {
    const only = onlyFiring(plan);
    return only !== null && only.at >= 57 && only.at <= 62 && only.rest[0] === 2;
  };
  const script = new Scripted(FIRST, (plan) => isNeeded(plan) ? endOf(plan.faults) : null);
  await scanFaults(script.search);
  assertEquals(script.search.best.size.faults, 1);
  assertEquals(script.plans.slice(0, 3).map((plan) => onlyFiring(plan)?.at), [41, 21, 61]);
});

Deno.test("scanFaults: tries whom it happened to last, and then whom before; each opportunity once, none beyond twice", async () => {
  const script = new Scripted(FIRST, () => null);
  await scanFaults(script.search);
  const tried = script.plans.map((plan) => onlyFiring(plan)!);
  const victims = [...new Set(tried.map(({ rest }) => rest[0]))];
  assertEquals(victims, [2, 1]);
  for (const [victim, last] of [[2, 40], [1, 30]] as const) {
    const at = tried.filter(({ rest }) => rest[0] === victim).map((each) => each.at);
    assert(at.every((each) => each >= 1 && each <= 2 * last), String(at));
    assert(new Set(at).size === at.length && at.length > 25, String(at));
  }
});

Deno.test("scanFaults: ends where no run may be made any more", async () => {
  const script = new Scripted(FIRST, () => null, { rerunsMax: 5 });
  await scanFaults(script.search);
  assertEquals(script.plans.length, 5);
});
