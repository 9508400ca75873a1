import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { Chance } from "../../core/chance.ts";

function draws(chance: Chance, count = 20): number[] {
  return Array.from({ length: count }, () => chance.below(1000));
}

Deno.test("Chance: the same seed gives the same draws, another seed others", () => {
  assertEquals(draws(Chance.fromSeed(7)), draws(Chance.fromSeed(7)));
  assertEquals(draws(Chance.fromSeed(7)), draws(Chance.fromSeed(7n)));
  assertNotEquals(draws(Chance.fromSeed(7)), draws(Chance.fromSeed(8)));
});

// A seed is worth something only while it means the same run in every version. The numbers were
// computed apart from this code: SHA-256 of the seed, then xoroshiro128+ in 64-bit arithmetic.
Deno.test("Chance: the first draws of seed 0 are these", () => {
  assertEquals(draws(Chance.fromSeed(0), 6), [202, 149, 217, 380, 244, 504]);
  assertEquals(Chance.fromSeed(0).fork("schedule").bytes(6).toHex(), "7a03d6e4b111");
});

Deno.test("Chance: each of the seed's 64 bits matters", () => {
  const seeds = [0n, ...Array.from({ length: 64 }, (_, bit) => 1n << BigInt(bit))];
  const streams = new Set(seeds.map((seed) => draws(Chance.fromSeed(seed)).join()));
  assertEquals(streams.size, 65);
});

Deno.test("Chance: refuses seeds that are no whole number from 0 to 2^64 - 1", () => {
  assertThrows(() => Chance.fromSeed(-1), RangeError, "from 0 to 2^64 - 1: -1");
  assertThrows(() => Chance.fromSeed(-1n), RangeError, "from 0 to 2^64 - 1: -1");
  assertThrows(() => Chance.fromSeed(1n << 64n), RangeError, "18446744073709551616");
  assertThrows(() => Chance.fromSeed(0.5), RangeError, "not a safe whole number: 0.5");
  assertThrows(() => Chance.fromSeed(2 ** 53), RangeError, "not a safe whole number");
  assertThrows(() => Chance.fromSeed(NaN), RangeError, "NaN");
  const text: unknown = "7";
  assertThrows(() => Chance.fromSeed(text as number), TypeError, "the seed is no number: 7");
});

Deno.test("Chance: a fork depends on the seed and the names, not on what was drawn", () => {
  const fresh = Chance.fromSeed(7);
  const used = Chance.fromSeed(7);
  draws(used, 5);
  draws(used.fork("faults"), 3);
  assertEquals(draws(used.fork("faults")), draws(fresh.fork("faults")));
});

Deno.test("Chance: forks of other names, seeds and parents differ, also from the parent", () => {
  const root = Chance.fromSeed(7);
  const streams = new Set([
    draws(root).join(),
    draws(Chance.fromSeed(7).fork("")).join(),
    draws(Chance.fromSeed(7).fork("a")).join(),
    draws(Chance.fromSeed(7).fork("b")).join(),
    draws(Chance.fromSeed(8).fork("a")).join(),
    draws(Chance.fromSeed(7).fork("a").fork("b")).join(),
    draws(Chance.fromSeed(7).fork("b").fork("a")).join(),
    draws(Chance.fromSeed(7).fork("ab")).join(),
  ]);
  assertEquals(streams.size, 8);
});

Deno.test("Chance: below stays in its range and draws all of it alike", () => {
  const chance = Chance.fromSeed(1);
  const counts = new Array<number>(7).fill(0);
  for (let index = 0; index < 70_000; index++) counts[chance.below(7)]!++;
  assertEquals(counts.length, 7);
  // 10 000 each are expected; the standard deviation is about 93.
  for (const count of counts) assert(Math.abs(count - 10_000) < 500, `${counts}`);
});

Deno.test("Chance: below takes bounds from 1 to the largest safe number", () => {
  const chance = Chance.fromSeed(2);
  assertEquals(chance.below(1), 0);
  let largest = 0;
  for (let index = 0; index < 100; index++) {
    const drawn = chance.below(Number.MAX_SAFE_INTEGER);
    assert(Number.isSafeInteger(drawn) && drawn >= 0 && drawn < Number.MAX_SAFE_INTEGER);
    largest = Math.max(largest, drawn);
  }
  assert(largest > 2 ** 52);
  for (const bound of [0, -1, 1.5, NaN, 2 ** 53]) {
    assertThrows(() => chance.below(bound), RangeError, `${bound}`);
  }
});

Deno.test("Chance: bytes are as many as asked for, of every value", () => {
  const chance = Chance.fromSeed(3);
  assertEquals(chance.bytes(0).length, 0);
  assertEquals(chance.bytes(13).length, 13);
  for (let position = 0; position < 4; position++) {
    const values = new Set(chance.bytes(16_384).filter((_, index) => index % 4 === position));
    assertEquals(values.size, 256);
  }
  assertThrows(() => chance.bytes(-1), RangeError, "-1");
  assertThrows(() => chance.bytes(1.5), RangeError, "1.5");
});

Deno.test("Chance: continues from a saved state, forks included", () => {
  const chance = Chance.fromSeed(4).fork("workload");
  draws(chance, 3);
  const saved: readonly number[] = JSON.parse(JSON.stringify(chance.state()));
  const restored = Chance.fromState(saved);
  assertEquals(draws(restored), draws(chance));
  assertEquals(draws(restored.fork("x")), draws(chance.fork("x")));
});

Deno.test("Chance: the state taken stays as it was while drawing continues", () => {
  const chance = Chance.fromSeed(5);
  const state = chance.state();
  const copy = [...state];
  draws(chance);
  assertEquals(state, copy);
  assertNotEquals(chance.state(), copy);
});

Deno.test("Chance: refuses what is no state", () => {
  const state = Chance.fromSeed(6).state();
  const wrong: readonly (readonly number[])[] = [
    [],
    state.slice(1),
    [...state, 0],
    state.with(2, 0.5),
    state.with(7, NaN),
    state.with(7, 2 ** 31),
    [...state.slice(0, 4), 0, 0, 0, 0],
  ];
  for (const one of wrong) {
    assertThrows(() => Chance.fromState(one), RangeError, "not the state");
  }
});
