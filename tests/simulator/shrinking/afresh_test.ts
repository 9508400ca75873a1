// D670: where many things go wrong and many items wait, numbers are drawn anew in runs without a switch.
import { assert, assertEquals } from "@std/assert";
import type { Chance } from "../../../core/chance.ts";
import { huntAfresh } from "../../../simulator/shrinking/afresh.ts";
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

Deno.test("huntAfresh: draws all numbers anew, with nothing wrong, the last fault, or what is known, and no switch", async () => {
  const script = new Scripted(FIRST, () => null);
  await huntAfresh(script.search, 6);
  const faults = { [RULE]: [3], [OTHER]: [2] };
  const ways = (seed: number) => [
    { faults: {}, draws: {}, switches: [], anew: { seed, rules: [] } },
    { faults: {}, draws: {}, switches: [], anew: { seed, rules: [RULE] } },
    { faults, draws: {}, switches: [], anew: { seed, rules: [] } },
  ];
  assertEquals(script.plans, [...ways(0), ...ways(1)]);
});

Deno.test("huntAfresh: ends at the first run that is smaller, and where no run may be made any more", async () => {
  const script = new Scripted(
    FIRST,
    ({ anew }) => anew?.seed === 1 ? { choices: FIRST.choices.slice(2, 3) } : null,
  );
  await huntAfresh(script.search, 60);
  assertEquals([script.plans.length, script.search.best.size.switches], [4, 0]);
  const bounded = new Scripted(FIRST, () => null, { rerunsMax: 2 });
  await huntAfresh(bounded.search, 60);
  assertEquals(bounded.plans.length, 2);
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
