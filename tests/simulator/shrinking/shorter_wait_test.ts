// D428: where one item waits for more than three others, one item of each worker's kind of work is tried for three.
import { assertEquals } from "@std/assert";
import type { Plan, ToldChoice } from "../../../simulator/shrinking/plan.ts";
import { shortenWait } from "../../../simulator/shrinking/shorter_wait.ts";
import { Scripted, type ScriptedEnd } from "./scripted.ts";

const SWITCHES_MAX = 3;

function item(about: string, taken?: string): ToldChoice {
  const offset = taken === undefined ? 0 : 1;
  return { kind: "item", count: 2, offset, about, ...taken !== undefined && { taken } };
}

/** Two items run, then `held` waits for so many. */
function waiting(held: string, times: number): ScriptedEnd {
  const waits = Array.from({ length: times }, (_, at) => item(held, `timer #${at}`));
  return { choices: [item("guest's messages #1"), item("signal #1"), ...waits, item("signal #2")] };
}

function heldIn({ switches }: Plan): string | null {
  const [first, ...others] = switches;
  return others.length === 0 && first !== undefined && "held" in first
    ? `${first.held} * ${first.times}`
    : null;
}

Deno.test("shortenWait: another worker's item, which waits for three others, does the same as one that waits for ten", async () => {
  const script = new Scripted(
    waiting("host's interrupt #4", 10),
    (plan) => heldIn(plan) === "guest's messages #1 * 3" ? waiting("guest's messages #1", 3) : null,
  );
  await shortenWait(script.search, SWITCHES_MAX);
  assertEquals(script.search.best.size.switches, 3);
});

Deno.test("shortenWait: tries an item of each kind of work, those before the wait first, for three and then for half", async () => {
  const script = new Scripted(waiting("host's interrupt #4", 10), () => null);
  await shortenWait(script.search, SWITCHES_MAX);
  const kinds = ["host's interrupt #4", "signal #1", "guest's messages #1"];
  assertEquals(
    script.plans.map(heldIn),
    [3, 5].flatMap((times) => kinds.map((kind) => `${kind} * ${times}`)),
  );
});

Deno.test("shortenWait: leaves a run alone that has few switches, or in which more than two items wait", async () => {
  const few = waiting("host's interrupt #4", SWITCHES_MAX);
  const many = {
    choices: ["a #1", "b #1", "c #1"].flatMap((name) => waiting(name, 5).choices),
  };
  for (const end of [few, many]) {
    const script = new Scripted(end, () => null);
    await shortenWait(script.search, SWITCHES_MAX);
    assertEquals(script.plans, []);
  }
});

Deno.test("shortenWait: ends where no run may be made any more", async () => {
  const script = new Scripted(waiting("host's interrupt #4", 10), () => null, { rerunsMax: 1 });
  await shortenWait(script.search, SWITCHES_MAX);
  assertEquals(script.plans.length, 1);
});
