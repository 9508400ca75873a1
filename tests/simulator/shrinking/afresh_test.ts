// D670: where many things go wrong and many items wait, numbers are drawn anew in runs without a switch.
import { assert, assertEquals } from "@std/assert";
import type { Chance } from "../../../core/chance.ts";
import { huntAfresh } from "../../../simulator/shrinking/afresh.ts";
import { OPPORTUNITIES_MAX } from "../../../simulator/faults/trigger.ts";
import { chooserOfPlan } from "../../../simulator/shrinking/plan_chooser.ts";
import { shrink } from "../../../simulator/shrinking/shrink.ts";
import { type Model, MODEL_FINDING, ModelMaker, wrongRun } from "./model.ts";
import { Scripted } from "./scripted.ts";

const RULE = "0 guestCrashed";
const OTHER = "1 messageDelayed";
const FIRST = {
  choices: [
    { kind: "fault", count: 8, offset: 3, about: RULE },
    { kind: "fault", count: 8, offset: 2, about: OTHER },
    { kind: "draw", count: 9, offset: 4, about: "size" },
    { kind: "item", count: 2, offset: 1, about: "a #1", taken: "b #1" },
  ] as const,
  faults: 2,
  lastFault: "guestCrashed" as const,
};

/** A rule that fires at the `at`-th opportunity after the one before. */
function fires(about: string, at: number) {
  return { kind: "fault", count: OPPORTUNITIES_MAX + 1, offset: at, about } as const;
}

/** A run like the first, in which two rules fire late: each move of theirs is another plan. */
const LATE = {
  ...FIRST,
  choices: [fires(RULE, 3000), fires(OTHER, 2000), ...FIRST.choices.slice(2)],
};

/** What the tries of a hunt said that they draw anew; null where they draw nothing. */
function anewOf(script: Scripted): readonly unknown[] {
  return script.plans.map(({ anew }) => anew ?? null);
}

Deno.test("huntAfresh: by turns moves the faults that are left, and draws numbers anew, and switches nothing", async () => {
  const script = new Scripted(LATE, () => null);
  assertEquals(await huntAfresh(script.search, 0, 12), 12);
  const anew = (seed: number, rules: readonly string[] = []) => ({ seed, rules });
  const turns = [null, anew(0), null, anew(1, [RULE]), null, anew(2)];
  const later = [null, anew(3), null, anew(4, [RULE]), null, anew(5)];
  assertEquals(anewOf(script), [...turns, ...later]);
  assertEquals(script.plans.map(({ faults }) => Object.keys(faults).length), [
    2,
    0,
    2,
    0,
    2,
    2,
    2,
    0,
    2,
    0,
    2,
    2,
  ]);
  assertEquals(script.plans.some(({ switches }) => switches.length > 0), false);
  const kept = { size: [{ count: 9, offset: 4 }] };
  assertEquals(script.plans[0]!.draws, kept);
  assertEquals(script.plans[1]!.draws, {});
});

Deno.test("huntAfresh: a fault that is moved comes a part of its time earlier or later, after the one before it", async () => {
  const choices = [10, 1, 3000].map((at) => fires(RULE, at)); // at the opportunities 10, 11 and 3011
  const script = new Scripted({ ...FIRST, choices }, () => null);
  await huntAfresh(script.search, 0, 120);
  const moved = script.plans.filter(({ anew }) => anew === undefined);
  assert(moved.length > 40); // where the one rule is left as it is, the plan is tried once
  for (const { faults } of moved) {
    const [first, second, third] = faults[RULE]!;
    const last = first! + second! + third!;
    assert(first! >= 3 && first! <= 17 && second! >= 1 && third! >= 1);
    assert(last >= 904 && last <= 5119);
  }
  assert(moved.some(({ faults }) => faults[RULE]![0]! < 10));
  assert(moved.some(({ faults }) => faults[RULE]![0]! > 10));
});

Deno.test("huntAfresh: where many faults are left, every other try has other numbers alone", async () => {
  const choices = ["a", "b", "c", "d"].map((who) => fires(`${who} guestCrashed`, 3000));
  const script = new Scripted({ ...FIRST, choices, faults: 4 }, () => null);
  await huntAfresh(script.search, 0, 20);
  const plain = script.plans.filter((_plan, at) => at % 2 === 1);
  assertEquals(
    plain.map(({ faults, anew }) => [faults, anew?.seed]),
    [...plain.keys()].map((seed) => [{}, seed]),
  );
});

Deno.test("huntAfresh: ends at the first run that is smaller, and where no run may be made any more", async () => {
  const script = new Scripted(
    LATE,
    ({ anew }) => anew?.seed === 1 ? { choices: LATE.choices.slice(2, 3) } : null,
  );
  assertEquals(await huntAfresh(script.search, 0, 60), 3);
  assertEquals([script.plans.length, script.search.best.size.switches], [4, 0]);
  const bounded = new Scripted(LATE, () => null, { rerunsMax: 2 });
  await huntAfresh(bounded.search, 0, 60);
  assertEquals(bounded.plans.length, 2);
  const later = new Scripted(LATE, () => null);
  assertEquals(await huntAfresh(later.search, 7, 9), 9);
  assertEquals(anewOf(later).length, 2);
});

Deno.test("chooserOfPlan: what is drawn anew is drawn as a run by chance draws it, and nothing else is", () => {
  const known = (about: string) => ({ about, draw: (chance: Chance) => 1 + chance.below(7) });
  const draws = { size: [{ count: 8, offset: 5 }] };
  const choose = (seed: number) => {
    const plan = { faults: {}, draws, switches: [], anew: { seed, rules: [RULE] } };
    const chooser = chooserOfPlan(plan);
    return [
      chooser.choose("draw", 8, known("size")), // the plan says it
      chooser.choose("fault", 8, known(OTHER)), // no rule that is drawn anew
      chooser.choose("item", 8, null),
      ...Array.from({ length: 8 }, () => chooser.choose("draw", 8, known("size"))),
      chooser.choose("fault", 8, known(RULE)),
    ];
  };
  assertEquals(choose(1).slice(0, 3), [5, 0, 0]);
  assert(choose(1).slice(3).every((offset) => offset > 0), "each was drawn");
  assertEquals(choose(1), choose(1));
  assert(choose(1).join() !== choose(2).join());
});

Deno.test("shrink: where much goes wrong and an item waits for long, a number that does the same alone is found", async () => {
  const parts = { rules: 6, numbers: 4, workers: 4, items: 6 };
  const isLarge: Model["isWrong"] = ({ fired, order, numbers }) =>
    fired.length >= 4 && order.indexOf("0.2") > 18 && numbers[0]! < 10;
  const choices = wrongRun({ ...parts, isWrong: isLarge }, 5000)!;
  const model: Model = { ...parts, isWrong: (run) => isLarge(run) || run.numbers[0]! >= 10 };
  const { before, after } = await shrink(new ModelMaker(model, choices), MODEL_FINDING, {
    rerunsMax: 300,
  });
  assert(before.faults >= 4 && before.switches > 3);
  assertEquals([after.faults, after.switches, after.draws], [0, 0, 1]);
});
