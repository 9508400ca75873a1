import { assert, assertEquals } from "@std/assert";
import { type PctBounds, PctChooser } from "../../../../actors/runtime/choosers/pct.ts";
import { Chance } from "../../../../core/chance.ts";
import { alternative, alternatives } from "./alternatives.ts";

/** What is chosen at each of `count` choices among three workers that always have work. */
function choicesOf(seed: number, bounds: PctBounds, count: number): number[] {
  const chooser = new PctChooser(Chance.fromSeed(seed), bounds);
  const workers = [{}, {}, {}];
  return Array.from({ length: count }, () => {
    const items = workers.map((worker) => alternative({ worker }));
    return chooser.choose("item", 3, alternatives(items));
  });
}

function switchesIn(choices: readonly number[]): number {
  return choices.filter((choice, at) => at > 0 && choice !== choices[at - 1]).length;
}

Deno.test("PctChooser: with depth 1 one worker goes first as long as it can, each as often", () => {
  const firsts = [0, 0, 0];
  for (let seed = 0; seed < 90; seed++) {
    const choices = choicesOf(seed, { depth: 1, steps: 5 }, 40);
    assertEquals(switchesIn(choices), 0);
    firsts[choices[0]!]!++;
  }
  for (const count of firsts) assert(count > 15, `${firsts}`);
});

Deno.test("PctChooser: priorities change depth - 1 times, within the steps that are expected", () => {
  const at = new Set<number>();
  for (let seed = 0; seed < 60; seed++) {
    const choices = choicesOf(seed, { depth: 2, steps: 6 }, 40);
    const change = choices.findIndex((choice) => choice !== choices[0]);
    assertEquals(switchesIn(choices), change < 0 ? 0 : 1);
    at.add(change);
    assert(switchesIn(choicesOf(seed, { depth: 4, steps: 6 }, 40)) <= 3);
  }
  assertEquals([...at].toSorted((a, b) => a - b), [-1, 1, 2, 3, 4, 5]); // -1: at the first choice
});

Deno.test("PctChooser: a worker that a change has made the last is the last until another one is", () => {
  for (let seed = 0; seed < 20; seed++) {
    const choices = choicesOf(seed, { depth: 3, steps: 30 }, 40);
    const [first, second] = [...new Set(choices)];
    if (second === undefined) continue;
    const left = choices.indexOf(second);
    // Of three, the one that was left comes back only if both others were made the last after it.
    assert(!choices.slice(left).includes(first!));
  }
});

Deno.test("PctChooser: without expected steps some runs change early, others late", () => {
  const changes = Array.from({ length: 40 }, (_, seed) => {
    const choices = choicesOf(seed, { depth: 2, steps: null }, 4096);
    return choices.findIndex((choice) => choice !== choices[0]);
  });
  assert(changes.some((at) => at > 0 && at < 32) && changes.some((at) => at > 512), `${changes}`);
});

// A client that waits for an offer looks again as long as messages are on their way: it must not go first.
Deno.test("PctChooser: work that would put itself off comes last, whatever its worker's priority", () => {
  for (let seed = 0; seed < 20; seed++) {
    const chooser = new PctChooser(Chance.fromSeed(seed), { depth: 2, steps: 8 });
    const [idle, busy] = [{}, {}];
    for (let step = 0; step < 10; step++) {
      const items = [
        alternative({ worker: idle, itemsAhead: 0 }),
        alternative({ worker: busy }),
      ];
      assertEquals(chooser.choose("item", 2, alternatives(items)), 1);
    }
    const all = [1, 2].map(() => alternative({ itemsAhead: 0 }));
    assert(chooser.choose("item", 2, alternatives(all)) < 2);
  }
});

Deno.test("PctChooser: nobody is kept waiting for ever", () => {
  const choices = choicesOf(1, { depth: 3, steps: 50 }, 10_100);
  assert(switchesIn(choices.slice(0, 10_000)) <= 2);
  assertEquals(new Set(choices.slice(10_000)).size, 3);
});
