/**
 * The program that hunts, in a process of its own and, for bugs in the package's own sources, in a copy of the
 * repository: what it runs may never end.
 *
 * Its one argument is an {@linkcode Order} as JSON. It prints a {@linkcode Told} as JSON in each line.
 *
 * @module
 */

import { firstSeed, hunt, HUNT_SCHEDULES } from "../../simulator/worlds/hunt.ts";
import { runWorld } from "../../simulator/worlds/run_world.ts";
import { SCENARIOS } from "./scenarios.ts";

/** What is done. */
export type Order = HuntOrder | ControlOrder;

/** One hunt of several, by the schedule's name and its number. */
export interface Place {
  /** The schedule, by its name among those that hunts are compared by. */
  readonly schedule: string;
  /** Its number among the schedule's hunts. */
  readonly hunt: number;
}

/** How long a schedule is tried. */
export interface Patience {
  /** Seeds after which a hunt is given up. */
  readonly seedsMax: number;
  /** Seeds of all its hunts after which no other hunt begins. */
  readonly seedsInAll: number;
}

/** What is hunted. */
export interface HuntOrder {
  /** The scenario, by its name among those that canaries are hunted in. */
  readonly scenario: string;
  /** The hunts, in order. */
  readonly places: readonly Place[];
  /** By the names of schedules. */
  readonly patience: Readonly<Record<string, Patience>>;
}

/** Worlds in which nothing should be found, as no bug is planted. */
export interface ControlOrder {
  /** The scenario, by its name among those that canaries are hunted in. */
  readonly scenario: string;
  /** What the worlds are drawn from, each with its schedule's name. */
  readonly worlds: readonly { readonly schedule: string; readonly seed: number }[];
}

/** What a hunt has come to. */
export interface HuntEnd extends Place {
  /** Seeds that it took; null: none of them found anything. */
  readonly seeds: number | null;
  /** The last of them. */
  readonly seed: number;
  /** Who found it: a checker's name. */
  readonly by: string;
  /** Which rule was broken. */
  readonly rule: string;
}

/** What a hunter says. */
export type Told =
  /** A hunt begins. */
  | { readonly hunt: Place }
  /** A world of it begins. */
  | "world"
  /** It has ended. */
  | { readonly end: HuntEnd }
  /** Of a control: which worlds find something, by their places in the order. */
  | { readonly loud: readonly number[] };

/** Those of `places` whose schedule has patience left when its hunts have come to `ends`. */
export function placesLeft(
  { patience }: Pick<HuntOrder, "patience">,
  places: readonly Place[],
  ends: readonly HuntEnd[],
): readonly Place[] {
  return places.filter(({ schedule }) => {
    const { seedsMax, seedsInAll } = patience[schedule]!;
    const spent = ends.filter((end) => end.schedule === schedule);
    return spent.reduce((sum, { seeds }) => sum + (seeds ?? seedsMax), 0) < seedsInAll;
  });
}

/** What is found where a world cannot even be ended. */
const BROKEN: Pick<HuntEnd, "by" | "rule"> = { by: "command", rule: "a world can be run" };

function tell(told: Told): void {
  console.log(JSON.stringify(told));
}

async function huntOnce({ scenario, patience }: HuntOrder, place: Place): Promise<HuntEnd> {
  tell({ hunt: place });
  let worlds = 0;
  const onWorld = () => {
    worlds++;
    tell("world");
  };
  const schedule = HUNT_SCHEDULES[place.schedule]!;
  const { seedsMax } = patience[place.schedule]!;
  try {
    const options = { schedule, hunt: place.hunt, seedsMax, onWorld };
    const { seeds, seed, findings } = await hunt(SCENARIOS[scenario]!(), options);
    const { by = "", rule = "" } = findings[0] ?? {};
    return { ...place, seeds: Number.isFinite(seeds) ? seeds : null, seed, by, rule };
  } catch { // whatever it is that a planted bug brings about: the package itself cannot go on
    return { ...place, ...BROKEN, seeds: worlds, seed: firstSeed(place.hunt) + worlds - 1 };
  }
}

async function huntAll(order: HuntOrder): Promise<void> {
  const ends: HuntEnd[] = [];
  for (const place of order.places) {
    if (placesLeft(order, [place], ends).length === 0) continue;
    const end = await huntOnce(order, place);
    tell({ end });
    ends.push(end);
  }
}

async function control({ scenario, worlds }: ControlOrder): Promise<void> {
  const definition = SCENARIOS[scenario]!();
  const loud: number[] = [];
  for (const [at, { schedule, seed }] of worlds.entries()) {
    const settings = { seed, schedule: HUNT_SCHEDULES[schedule]!, trace: "off" } as const;
    const { findings } = await runWorld(definition, settings);
    if (findings.length > 0) loud.push(at);
  }
  tell({ loud });
}

if (import.meta.main) {
  const order: Order = JSON.parse(Deno.args[0] ?? "");
  await ("worlds" in order ? control(order) : huntAll(order));
}
