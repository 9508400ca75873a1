import { assert, assertEquals } from "@std/assert";
import { RandomChooser } from "../../../../actors/runtime/choosers/random.ts";
import type { Schedule } from "../../../../actors/runtime/schedule.ts";
import { Chance } from "../../../../core/chance.ts";
import { times } from "../../../support/long.ts";
import { medianHunt, type Protocol, runProtocol } from "./protocol.ts";
import { boundedBuffer, ringSignalling, teardown, uneven } from "./protocols.ts";

const [PCT2, PCT3]: readonly Schedule[] = [2, 3].map((depth) => ({ name: "pct", depth }));

/** Each protocol: at most how many runs a schedule may take in the median. The bounds are about twice of what it takes. */
const MEDIANS:
  readonly (readonly [string, () => Protocol, readonly (readonly [Schedule, number])[]])[] = [
    ["a ring whose reader does not look again", () => ringSignalling(3, false), [
      ["random", 8],
      [PCT2!, 20],
      [PCT3!, 20],
      ["pos", 12],
      ["urw", 8],
      ["portfolio", 20],
    ]],
    ["a buffer whose readers and writers wake each other", () => boundedBuffer(5), [
      ["random", 8],
      [PCT2!, 20],
      [PCT3!, 20],
      ["pos", 8],
      ["urw", 8],
      ["portfolio", 8],
    ]],
    ["one step against 25", () => uneven(25), [
      [PCT2!, 40],
      ["pos", 40],
      ["urw", 40],
      ["portfolio", 40],
    ]],
    ["a teardown of depth 3", () => teardown(20), [
      [PCT2!, 60],
      [PCT3!, 60],
      ["pos", 60],
      ["portfolio", 150],
    ]],
  ];

for (const [protocol, make, bounds] of MEDIANS) {
  for (const [schedule, runs] of bounds) {
    const name = typeof schedule === "string" ? schedule : JSON.stringify(schedule);
    Deno.test(`schedule ${name}: finds the mistake of ${protocol} in ${runs} runs`, () => {
      const median = medianHunt(make, schedule, { seeds: times(11, 101), runsMax: 20 * runs });
      assert(median <= runs, `${median}`);
    });
  }
}

// What the other schedules are for.
Deno.test("schedule random: does not find one step that must come after 25 others", () => {
  const hunts = { seeds: 3, runsMax: times(200, 20_000) };
  assertEquals(medianHunt(() => uneven(25), "random", hunts), Infinity);
});

Deno.test("ringSignalling: a reader that looks again misses nothing, in any order", () => {
  for (let seed = 0; seed < times(300, 20_000); seed++) {
    const chooser = new RandomChooser(Chance.fromSeed(seed));
    assertEquals(runProtocol(ringSignalling(3, true), chooser).hasFailed, false);
  }
});
