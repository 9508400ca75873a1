import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { Fifo } from "../../core/fifo.ts";
import { BrokenInvariant } from "../../core/assert.ts";

function fifoOf<T>(items: Iterable<T>): Fifo<T> {
  const fifo = new Fifo<T>();
  for (const item of items) fifo.push(item);
  return fifo;
}

/** Takes everything out from the front. */
function drain<T>(fifo: Fifo<T>): T[] {
  const items: T[] = [];
  for (let item = fifo.shift(); item !== null; item = fifo.shift()) items.push(item);
  return items;
}

Deno.test("Fifo: is empty at first", () => {
  const fifo = new Fifo<string>();
  assertEquals([fifo.length, fifo.peek(), fifo.shift(), fifo.list()], [0, null, null, []]);
});

Deno.test("Fifo: gives items back in their order", () => {
  const fifo = fifoOf(["a", "b", "c"]);
  assertEquals([fifo.length, fifo.peek(), fifo.list()], [3, "a", ["a", "b", "c"]]);
  assertEquals(drain(fifo), ["a", "b", "c"]);
  assertEquals([fifo.length, fifo.peek()], [0, null]);
});

Deno.test("Fifo: what is put first comes before all others, however many there are", () => {
  for (let count = 0; count < 20; count++) {
    const fifo = fifoOf(Array.from({ length: count }, (_, item) => item));
    fifo.putFirst(-1);
    fifo.putFirst(-2);
    fifo.push(count);
    assertEquals(drain(fifo), Array.from({ length: count + 3 }, (_, at) => [-2, -1][at] ?? at - 2));
  }
});

Deno.test("Fifo: removes an item from any place, once", () => {
  const fifo = fifoOf([1, 2, 3, 4]);
  assertEquals([fifo.remove(3), fifo.remove(3), fifo.remove(9)], [true, false, false]);
  assertEquals([fifo.remove(1), fifo.remove(4)], [true, true]);
  assertEquals([fifo.list(), fifo.length], [[2], 1]);
});

Deno.test("Fifo: removes the first of equal items", () => {
  const fifo = fifoOf(["x", "y", "x", "z"]);
  assertEquals(fifo.remove("x"), true);
  assertEquals(fifo.list(), ["y", "x", "z"]);
});

Deno.test("Fifo: clear takes everything out, and it can be used again", () => {
  const fifo = fifoOf([1, 2, 3]);
  fifo.shift();
  fifo.clear();
  assertEquals([fifo.length, fifo.peek(), fifo.list()], [0, null, []]);
  fifo.push(7);
  assertStrictEquals(fifo.shift(), 7);
});

Deno.test("Fifo: looks at and takes the item of a place; the others keep their order", () => {
  const fifo = fifoOf(["a", "b", "c", "d"]);
  assertEquals([fifo.at(0), fifo.at(3)], ["a", "d"]);
  assertEquals(fifo.take(2), "c");
  assertEquals(fifo.list(), ["a", "b", "d"]);
  assertEquals(fifo.take(0), "a");
  assertEquals(fifo.list(), ["b", "d"]);
  for (const place of [-1, 2]) {
    assertThrows(() => fifo.at(place), BrokenInvariant);
    assertThrows(() => fifo.take(place), BrokenInvariant);
  }
});

Deno.test("Fifo: thousands of items in and out keep their order", () => {
  const fifo = new Fifo<number>();
  let pushed = 0;
  let shifted = 0;
  for (let round = 0; round < 500; round++) {
    for (let count = 0; count < round % 37; count++) fifo.push(pushed++);
    for (let count = 0; count < round % 31; count++) {
      const item = fifo.shift();
      if (item !== null) assertStrictEquals(item, shifted++);
    }
    assertStrictEquals(fifo.length, pushed - shifted);
  }
  assertEquals(drain(fifo), Array.from({ length: pushed - shifted }, (_, at) => shifted + at));
});

Deno.test("Fifo: does whatever an array would do", () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant("push" as const), item: fc.nat(5) }),
    fc.record({ do: fc.constant("shift" as const) }),
    fc.record({ do: fc.constant("remove" as const), item: fc.nat(5) }),
    fc.record({ do: fc.constant("take" as const), place: fc.nat(20) }),
    fc.record({ do: fc.constant("clear" as const) }),
  );
  const steps = fc.array(step, { maxLength: 120, size: "max" });
  fc.assert(
    fc.property(steps, (done) => {
      const fifo = new Fifo<number>();
      const model: number[] = [];
      for (const now of done) {
        if (now.do === "push") assertEquals(fifo.push(now.item), void model.push(now.item));
        else if (now.do === "shift") assertEquals(fifo.shift(), model.shift() ?? null);
        else if (now.do === "take") {
          if (now.place < model.length) {
            assertEquals([fifo.take(now.place)], model.splice(now.place, 1));
          }
        } else if (now.do === "remove") {
          const at = model.indexOf(now.item);
          if (at >= 0) model.splice(at, 1);
          assertEquals(fifo.remove(now.item), at >= 0);
        } else assertEquals(fifo.clear(), void model.splice(0));
        assertEquals([fifo.length, fifo.peek()], [model.length, model[0] ?? null]);
      }
      assertEquals(fifo.list(), model);
    }),
    { seed: 3, numRuns: 200 },
  );
});
