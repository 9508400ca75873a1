import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { shrink } from "../../../simulator/shrinking/shrink.ts";
import { times } from "../../support/long.ts";
import { type Model, MODEL_FINDING, ModelMaker, type ModelRun, wrongRun } from "./model.ts";

/** What of a run makes it wrong: rules that fire, numbers that are large enough, an item before another one. */
interface Condition {
  readonly rules: readonly number[];
  readonly least: readonly number[];
  readonly before: readonly [string, string] | null;
}

function isMet({ rules, least, before }: Condition, { fired, numbers, order }: ModelRun): boolean {
  return rules.every((rule) => fired.includes(rule)) &&
    least.every((number, at) => numbers[at]! >= number) &&
    (before === null || order.indexOf(before[0]) < order.indexOf(before[1]));
}

/** An item runs before one of another worker that fifo would take before, by one round. */
const overtaking = fc.record({
  turn: fc.integer({ min: 1, max: 3 }),
  fast: fc.integer({ min: 1, max: 3 }),
}).map(({ turn, fast }) => [`${fast}.${turn}`, `0.${turn}`] as const);

const conditions: fc.Arbitrary<Condition> = fc.record({
  rules: fc.uniqueArray(fc.nat(5), { maxLength: 2 }),
  least: fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 2 }),
  before: fc.option(overtaking),
});

Deno.test("shrink: keeps the faults, the numbers and the wait that a condition needs, and no more", async () => {
  await fc.assert(
    fc.asyncProperty(conditions, async (condition) => {
      const model: Model = {
        rules: 6,
        numbers: 4,
        workers: 4,
        items: 6,
        isWrong: (run) => isMet(condition, run),
      };
      const choices = wrongRun(model, 2000)!;
      const maker = new ModelMaker(model, choices);
      const { after, reruns, record } = await shrink(maker, MODEL_FINDING, { rerunsMax: 300 });
      assertEquals(after.faults, condition.rules.length);
      // One item waits; where it is passed twice by one worker, neither passing can be taken away alone.
      assertEquals(after.waits, condition.before === null ? 0 : 1);
      assert(after.switches <= 3, `${after.switches} switches`);
      assertEquals(after.draws, condition.least.filter((number) => number > 0).length);
      assert(reruns <= 300 && reruns === maker.runs, `${reruns} of ${maker.runs} re-runs`);
      assertEquals(record.steps, after.steps);
    }),
    { numRuns: times(8, 500) },
  );
});

Deno.test("shrink: an item that must wait for long is found to, where no switch can be taken away", async () => {
  // The first worker's third item comes after ten others: one by one each of these is needed.
  const model: Model = {
    rules: 0,
    numbers: 0,
    workers: 4,
    items: 6,
    isWrong: ({ order }) => order.indexOf("0.2") > 18,
  };
  const maker = new ModelMaker(model, wrongRun(model, 2000)!);
  const { after } = await shrink(maker, MODEL_FINDING, { rerunsMax: 300 });
  assertEquals(after.waits, 1);
});

Deno.test("shrink: makes as many re-runs as it may, and stops where it is told to", async () => {
  const model: Model = {
    rules: 6,
    numbers: 4,
    workers: 4,
    items: 6,
    isWrong: ({ fired }) => fired.length >= 3,
  };
  const choices = wrongRun(model, 2000)!;
  for (const rerunsMax of [2, 3, 10]) {
    const maker = new ModelMaker(model, choices);
    const { reruns } = await shrink(maker, MODEL_FINDING, { rerunsMax });
    assertEquals([reruns, maker.runs], [rerunsMax, rerunsMax]);
  }
  const stop = new AbortController();
  const maker = new ModelMaker(model, choices);
  const onProgress = (reruns: number) => reruns === 5 && stop.abort();
  const bounds = { rerunsMax: 300, signal: stop.signal, onProgress };
  const { reruns, after, before } = await shrink(maker, MODEL_FINDING, bounds);
  assertEquals([reruns, maker.runs], [7, 7]);
  assert(after.switches < before.switches);
});
