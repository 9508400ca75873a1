import { assert, assertEquals, assertInstanceOf, assertNotEquals } from "@std/assert";
import { PctChooser } from "../../../actors/runtime/choosers/pct.ts";
import { PosChooser } from "../../../actors/runtime/choosers/pos.ts";
import { RandomChooser } from "../../../actors/runtime/choosers/random.ts";
import { UrwChooser } from "../../../actors/runtime/choosers/urw.ts";
import { createChooser, type Schedule, SCHEDULE_NAMES } from "../../../actors/runtime/schedule.ts";
import { runProtocol } from "./choosers/protocol.ts";
import { boundedBuffer } from "./choosers/protocols.ts";

function chooserOf(schedule: Schedule, seed: number) {
  return createChooser(schedule, seed);
}

function orderOf(schedule: Schedule, seed: number): string {
  return runProtocol(boundedBuffer(3), chooserOf(schedule, seed)).order.join("");
}

Deno.test("createChooser: has the chooser of each name, and none for fifo", () => {
  for (const form of [(name: Schedule) => name, (name: Schedule) => ({ name } as Schedule)]) {
    assertEquals(chooserOf(form("fifo"), 1), null);
    assertInstanceOf(chooserOf(form("random"), 1), RandomChooser);
    assertInstanceOf(chooserOf(form("pos"), 1), PosChooser);
    assertInstanceOf(chooserOf(form("pct"), 1), PctChooser);
    assertInstanceOf(chooserOf(form("urw"), 1), UrwChooser);
  }
});

for (const schedule of SCHEDULE_NAMES.slice(1)) {
  Deno.test(`createChooser: one seed is one order, another seed another: ${schedule}`, () => {
    assertEquals(orderOf(schedule, 1), orderOf(schedule, 1));
    const orders = Array.from({ length: 20 }, (_, seed) => orderOf(schedule, seed));
    assert(new Set(orders).size > 5);
  });
}

Deno.test("createChooser: a portfolio draws each of the others, and is the same as what it has drawn", () => {
  const kinds = new Map<unknown, number>();
  for (let seed = 0; seed < 50; seed++) {
    const { constructor } = chooserOf("portfolio", seed)!;
    kinds.set(constructor, (kinds.get(constructor) ?? 0) + 1);
    if (constructor === PosChooser) assertEquals(orderOf("portfolio", seed), orderOf("pos", seed));
  }
  assertEquals(kinds.size, 4);
  assert(kinds.get(PctChooser)! > kinds.get(RandomChooser)!); // with depth 2, and with depth 3
});

Deno.test("createChooser: pct has the bounds that it is given, and depth 3 by default", () => {
  const seeds = Array.from({ length: 40 }, (_, seed) => seed);
  const ordersOf = (schedule: Schedule) => seeds.map((seed) => orderOf(schedule, seed));
  const deep = ordersOf({ name: "pct", depth: 3, steps: 20 });
  assertEquals(ordersOf({ name: "pct", steps: 20 }), deep);
  assertNotEquals(ordersOf({ name: "pct", depth: 1, steps: 20 }), deep);
  assertNotEquals(ordersOf({ name: "pct", depth: 3, steps: 5 }), deep);
  assertEquals(ordersOf({ name: "pct", depth: 3 }), ordersOf("pct"));
});
