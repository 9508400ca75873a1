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

/** What is found where a world cannot even be ended. */
const BROKEN: Pick<HuntEnd, "by" | "rule"> = { by: "command", rule: "a world can be run" };

/** One hunt. */
async function huntOnce(order: HuntOrder, at: number): Promise<HuntEnd> {
  let worlds = 0;
  const onWorld = () => {
    worlds++;
    console.log(WORLD);
  };
  const { scenario, schedule: name, seedsMax } = order;
  const schedule = HUNT_SCHEDULES[name]!;
  try {
    const definition = SCENARIOS[scenario]!();
    const { seeds, findings } = await hunt(definition, { schedule, hunt: at, seedsMax, onWorld });
    const { by = "", rule = "" } = findings[0] ?? {};
    return { seeds: Number.isFinite(seeds) ? seeds : null, by, rule };
  } catch { // whatever it is that a planted bug brings about: the package itself cannot go on
    return { ...BROKEN, seeds: worlds };
  }
}

async function main(text: string): Promise<void> {
  const order: HuntOrder = JSON.parse(text);
  for (let at = order.from; at < order.to; at++) {
    console.log(JSON.stringify(await huntOnce(order, at)));
  }
}

if (import.meta.main) await main(Deno.args[0] ?? "");
