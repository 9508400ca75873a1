/**
 * Has processes hunt, and ends those in which a world never does.
 *
 * @module
 */

import { firstSeed } from "../../simulator/worlds/hunt.ts";
import {
  type ControlOrder,
  type HuntEnd,
  type HuntOrder,
  type Order,
  type Place,
  placesLeft,
  type Told,
} from "./hunter.ts";

/** Where a world runs for so long, it has no end: each takes milliseconds. */
const STALL_SECONDS = 60;

/** To begin takes longer on a machine that has other work, and so do the worlds of a control. */
const PATIENCE = 10;

/** What is found where a world has no end. */
const ENDLESS: Pick<HuntEnd, "by" | "rule"> = { by: "command", rule: "every world ends" };

/** The command by which a process carries out `order` in the repository, or the copy of it, at `root`. */
function commandOf(root: string, order: Order): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-check",
      "--no-prompt",
      "--conditions=development",
      `${root}/tools/canaries/hunter.ts`,
      JSON.stringify(order),
    ],
    cwd: root,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

/** A process that carries out an order. */
class Hunter {
  readonly ends: HuntEnd[] = [];
  /** Worlds of a control that found something. */
  loud: readonly number[] = [];
  /** The hunt that is under way; null: none is. */
  place: Place | null = null;
  /** Worlds of it that have begun. */
  worlds = 0;
  isEndless = false;
  readonly #process: Deno.ChildProcess;
  #rest = "";
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #stallSeconds: number;

  constructor(root: string, order: Order, stallSeconds: number) {
    this.#stallSeconds = stallSeconds;
    this.#process = commandOf(root, order).spawn();
  }

  /** Hears it to its end, and says what it complained of; null: it has done its work. */
  async hear(): Promise<string | null> {
    this.#watch(PATIENCE);
    const complaint = new Response(this.#process.stderr).text();
    for await (const part of this.#process.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (this.#rest + part).split("\n");
      this.#rest = lines.pop()!;
      for (const line of lines) this.#take(JSON.parse(line));
    }
    clearTimeout(this.#timer);
    const { success } = await this.#process.status;
    const words = await complaint;
    return success ? null : words;
  }

  #take(told: Told): void {
    this.#watch(told === "world" ? 1 : PATIENCE);
    if (told === "world") this.worlds++;
    else if ("loud" in told) this.loud = told.loud;
    else if ("end" in told) {
      this.ends.push(told.end);
      this.place = null;
    } else {
      this.place = told.hunt;
      this.worlds = 0;
    }
  }

  /** Ends the process where it says nothing for so many times what a world may take. */
  #watch(times: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.isEndless = true;
      this.#process.kill("SIGKILL"); // a loop without end hears no other
    }, times * this.#stallSeconds * 1000);
  }
}

/**
 * What hunts have come to in the repository, or the copy of it, at `root`. A world that takes longer than
 * `stallSeconds` has no end.
 *
 * @throws {Error} A process ended with something else.
 */
export async function huntIn(
  root: string,
  order: HuntOrder,
  stallSeconds: number = STALL_SECONDS,
): Promise<readonly HuntEnd[]> {
  const ends: HuntEnd[] = [];
  let { places } = order;
  for (;;) {
    const hunter = new Hunter(root, { ...order, places }, stallSeconds);
    const complaint = await hunter.hear();
    ends.push(...hunter.ends);
    if (complaint === null) return ends;
    const { place, worlds } = hunter;
    if (!hunter.isEndless || place === null) {
      throw new Error(`Cannot hunt in ${order.scenario}: ${complaint}`);
    }
    ends.push({ ...place, ...ENDLESS, seeds: worlds, seed: firstSeed(place.hunt) + worlds - 1 });
    const at = places.findIndex((each) =>
      each.schedule === place.schedule && each.hunt === place.hunt
    );
    places = placesLeft(order, places.slice(at + 1), ends);
  }
}

/**
 * Which of the worlds find something in the repository at `root`, where no bug is planted: their places in
 * the order.
 *
 * @throws {Error} The process ended with something else.
 */
export async function controlIn(root: string, order: ControlOrder): Promise<readonly number[]> {
  if (order.worlds.length === 0) return [];
  const hunter = new Hunter(root, order, STALL_SECONDS);
  const complaint = await hunter.hear();
  if (complaint === null) return hunter.loud;
  throw new Error(`Cannot run ${order.scenario}: ${complaint}`);
}
