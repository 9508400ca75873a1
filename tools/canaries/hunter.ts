/**
 * The program that hunts, in a process of its own and, for bugs in the package's own sources, in a copy of the
 * repository: what it runs may never end.
 *
 * It prints a line for each world that it begins, `world`, and one for each hunt: a {@linkcode HuntEnd} as JSON.
 *
 * @module
 */

import { hunt, HUNT_SCHEDULES } from "../../simulator/worlds/hunt.ts";
import { SCENARIOS } from "./scenarios.ts";

/** What is hunted: the program's one argument, as JSON. */
export interface HuntOrder {
  /** The scenario, by its name among those that canaries are hunted in. */
  readonly scenario: string;
  /** The schedule, by its name among those that hunts are compared by. */
  readonly schedule: string;
  /** The first hunt. */
  readonly from: number;
  /** Behind the last hunt. */
  readonly to: number;
  /** Seeds after which a hunt is given up. */
  readonly seedsMax: number;
}

/** What a hunt has come to. */
export interface HuntEnd {
  /** Seeds that it took; null: none of them found anything. */
  readonly seeds: number | null;
  /** Who found it: a checker's name. */
  readonly by: string;
  /** Which rule was broken. */
  readonly rule: string;
}

/** What a hunter prints when a world begins. */
export const WORLD = "world";

async function main(text: string): Promise<void> {
  const { scenario, schedule, from, to, seedsMax }: HuntOrder = JSON.parse(text);
  const definition = SCENARIOS[scenario]!();
  for (let at = from; at < to; at++) {
    const { seeds, findings } = await hunt(definition, {
      schedule: HUNT_SCHEDULES[schedule]!,
      hunt: at,
      seedsMax,
      onWorld: () => console.log(WORLD),
    });
    const { by = "", rule = "" } = findings[0] ?? {};
    const end: HuntEnd = { seeds: Number.isFinite(seeds) ? seeds : null, by, rule };
    console.log(JSON.stringify(end));
  }
}

if (import.meta.main) await main(Deno.args[0] ?? "");
