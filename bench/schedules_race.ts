/**
 * What a schedule by chance costs beside fifo: the same transactions with the default settings.
 *
 * @module
 */

import type { Schedule } from "../mod.ts";
import type { ExchangeOptions } from "./exchange.ts";
import { compare, type Goal, type Row, timingOf } from "./figure.ts";
import { race, type RaceOptions } from "./measure.ts";
import { Lane } from "./settings.ts";

const EXCHANGED: ExchangeOptions = { payloadBytes: 64, inFlight: 32, codec: "msgpack" };

/** Each beside fifo, with what it may take. */
const SCHEDULES: readonly {
  readonly name: string;
  readonly schedule: Schedule;
  readonly goal: Goal;
}[] = [
  {
    name: "random, no points",
    schedule: { name: "random", points: false },
    goal: { kind: "atMost", bar: 1.5, stretch: null },
  },
  { name: "random", schedule: "random", goal: { kind: "atMost", bar: 4, stretch: null } },
];

/** The rows, one for each schedule. */
export async function raceSchedules(options: RaceOptions): Promise<Row[]> {
  const lanes = [await Lane.open("fifo", EXCHANGED, {})];
  for (const { name, schedule } of SCHEDULES) {
    lanes.push(await Lane.open(name, EXCHANGED, { schedule }));
  }
  const timings = await race(lanes, options);
  for (const lane of lanes) await lane.close();
  const fifo = timingOf(timings, "fifo");
  return SCHEDULES.map(({ name, goal }) =>
    compare("64 B, 32 in flight", timingOf(timings, name), fifo, goal)
  );
}
