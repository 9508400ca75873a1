import { assert, assertEquals } from "@std/assert";
import type { Alternative, Touch } from "../../../../actors/runtime/chooser.ts";
import { PosChooser } from "../../../../actors/runtime/choosers/pos.ts";
import { Chance } from "../../../../core/chance.ts";
import { alternative, alternatives } from "./alternatives.ts";

const SEEDS = Array.from({ length: 200 }, (_, seed) => seed);

/** The items in the order in which they are chosen, each once. */
function orderOf(chooser: PosChooser, items: readonly Alternative[]): string {
  const left = [...items];
  const order: number[] = [];
  while (left.length > 1) {
    const [chosen] = left.splice(chooser.choose("item", left.length, alternatives(left)), 1);
    order.push(items.indexOf(chosen!));
  }
  return [...order, items.indexOf(left[0]!)].join("");
}

/** How often each order comes, of three items that touch `touches`. */
function ordersOf(touches: readonly Touch[]): Map<string, number> {
  const orders = new Map<string, number>();
  for (const seed of SEEDS) {
    const items = [1, 2, 3].map(() => alternative({ touches }));
    const order = orderOf(new PosChooser(Chance.fromSeed(seed)), items);
    orders.set(order, (orders.get(order) ?? 0) + 1);
  }
  return orders;
}

Deno.test("PosChooser: each order of three items comes about as often, whether they collide or not", () => {
  for (const touches of [[], [{ of: SEEDS, part: 0, writes: true }]]) {
    const orders = ordersOf(touches);
    assertEquals(orders.size, 6);
    for (const count of orders.values()) assert(count > 15 && count < 60, `${count}`);
  }
});

/**
 * How often the one item of one task comes after all eight of the other task's, which touch what `touchesOf`
 * says. `isAnew`: the one is scheduled anew before each choice.
 */
function lateOnes(touchesOf: (task: number) => readonly Touch[], isAnew = false): number {
  return SEEDS.filter((seed) => {
    const chooser = new PosChooser(Chance.fromSeed(seed));
    const one = { ...alternative({ touches: touchesOf(0) }) };
    return Array.from({ length: 8 }, () => alternative({ touches: touchesOf(1) })).every((each) => {
      if (isAnew) one.order = alternative().order;
      return chooser.choose("item", 2, alternatives([one, each])) === 1;
    });
  }).length;
}

const APART = (task: number) => [{ of: SEEDS, part: task, writes: true }];

// The point of it: one that nothing collides with keeps its priority, and so comes last with a chance of 1 in 9.
Deno.test("PosChooser: a priority stays until something ran that collides with its item", () => {
  assert(lateOnes(APART) >= 12);
  assert(lateOnes(() => APART(0)) <= 4); // 1 in 256
});

Deno.test("PosChooser: an item that was scheduled anew has another priority", () => {
  assert(lateOnes(APART, true) <= 4);
});

Deno.test("PosChooser: draws where there are no items to weigh", () => {
  const [chance, chooser] = [Chance.fromSeed(2), new PosChooser(Chance.fromSeed(2))];
  assertEquals(chooser.choose("item", 1000, null), chance.below(1000));
});
