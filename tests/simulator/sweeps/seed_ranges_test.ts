import { assertEquals } from "@std/assert";
import { SEED_END, SeedRanges } from "../../../simulator/sweeps/seed_ranges.ts";
import { Tally, type TallyData } from "../../../simulator/sweeps/tally.ts";

/** What came of `worlds` worlds, of which `failed` failed. */
function tallyOf(worlds: number, failed = 0): TallyData {
  return { ...new Tally().data, worlds, failed };
}

function* all(ranges: SeedRanges): Generator<readonly [bigint, bigint]> {
  for (let range = ranges.take(); range !== null; range = ranges.take()) {
    yield [range.from, range.to];
  }
}

const PLAN = { from: 5n, to: 25n, workers: 1, isUntilFailure: false };

Deno.test("SeedRanges: each seed is given out once, the last one too", () => {
  assertEquals([...all(new SeedRanges(PLAN))], [[5n, 10n], [10n, 15n], [15n, 20n], [20n, 25n]]);
  const few = new SeedRanges({ ...PLAN, to: 7n, workers: 8 });
  assertEquals([...all(few)], [[5n, 6n], [6n, 7n]]);
  const last = new SeedRanges({ ...PLAN, from: SEED_END - 100n, to: SEED_END });
  assertEquals([...all(last)].at(-1)?.[1], SEED_END);
});

Deno.test("SeedRanges: what was not run is given out again, unless it is over", () => {
  const ranges = new SeedRanges(PLAN);
  ranges.take();
  ranges.giveBack({ from: 8n, to: 10n });
  ranges.giveBack({ from: 6n, to: 6n });
  assertEquals(ranges.take(), { from: 8n, to: 10n });
  ranges.giveBack({ from: 9n, to: 10n });
  ranges.close();
  assertEquals(ranges.take(), null);
});

Deno.test("SeedRanges: until a failure, higher seeds do not count, whoever ran them first", () => {
  const ranges = new SeedRanges({ ...PLAN, isUntilFailure: true });
  ranges.done({ from: 15n, to: 17n }, tallyOf(2, 1));
  assertEquals([ranges.isUseful(16n), ranges.isUseful(17n)], [true, false]);
  ranges.done({ from: 10n, to: 12n }, tallyOf(2, 1));
  ranges.done({ from: 12n, to: 15n }, tallyOf(3));
  ranges.done({ from: 5n, to: 10n }, tallyOf(5));
  const { worlds, failed } = ranges.tally;
  assertEquals([worlds, failed], [7, 1]); // seeds 5 to 11
  assertEquals([...all(ranges)].at(-1)?.[1], 12n);
});

Deno.test("SeedRanges: who stops it before the first failure is known is told all that was done", () => {
  const ranges = new SeedRanges({ ...PLAN, isUntilFailure: true });
  ranges.done({ from: 10n, to: 15n }, tallyOf(5));
  assertEquals(ranges.tally.worlds, 5);
});
