/**
 * The options of `testFabric`: which runs it makes, and how one of them is written down so that it can be
 * had again.
 *
 * @module
 */

import { isUint } from "../../core/units.ts";
import type { FabricOptions } from "../../mod.ts";
import type { Codec } from "../codec.ts";
import { type FabricTestArtefact, type ReadBody, readBody, seedOf } from "./body_artefact.ts";
import { FOLDER } from "./kept_files.ts";

/** Most runs that a number asks for with one codec. */
const SEEDS_MAX = 2 ** 32;
const SEED_MAX = 2n ** 64n - 1n;
const CODECS: readonly Codec[] = ["msgpack", "vmbus"];

/** How `testFabric` runs its body: the options of each fabric, and which fabrics there are. */
export interface TestFabricOptions extends FabricOptions {
  /**
   * The seeds to run with, one fabric each: a list, or how many, counted from 0. With it `schedule` is
   * `"random"` by default, as another seed is to be another order. Default: `seed` alone.
   */
  readonly seeds?: number | readonly (number | bigint)[];
  /** The codecs to run with, each with every seed. Default: `codec` alone. */
  readonly codecs?: "both" | readonly Codec[];
  /**
   * Whether checkers look at all that happens, and a run fails where they find something. They take about as
   * long as a small fabric itself. Default true.
   */
  readonly checks?: boolean;
  /**
   * Whether a run that fails is made again, so that the failure tells what happened in it, and leaves an artefact and a
   * page. Where its schedule draws orders, the run gets fewer and fewer switches first: the body runs up to a hundred
   * times more for that. Default true; nothing is done where the clock is real.
   */
  readonly story?: boolean;
  /** The folder for the files of a run that fails. Default `test-failures`, in the current one. */
  readonly folder?: string;
  /**
   * The artefact of a run that failed, by the path of its file, or as `JSON.parse` gives it. Then that run alone is
   * made, choice by choice: its seed, codec and schedule are the artefact's, whatever other options say, and so is
   * what these do not say.
   */
  readonly replay?: string | URL | FabricTestArtefact;
}

/** One run of a body. */
export interface FabricRun {
  /** The seed of its fabric. */
  readonly seed: number | bigint;
  /** The encoding of packets in its rings. */
  readonly codec: Codec;
}

/** What runs there are. */
export interface TestPlan {
  /** What all fabrics have in common. */
  readonly shared: Omit<FabricOptions, "seed" | "codec">;
  /** Seeds, in order; each is run with every codec before the next one. */
  readonly seeds: Iterable<number | bigint>;
  /** Codecs, in order. */
  readonly codecs: readonly Codec[];
  /** Whether checkers look. */
  readonly checks: boolean;
  /** Whether a failure tells its story, and leaves files. */
  readonly story: boolean;
  /** The folder for files. */
  readonly folder: string;
  /** The one run that there is; null: those of seeds and codecs. */
  readonly replay: PlannedReplay | null;
}

/** A run that is made again. */
export interface PlannedReplay {
  /** What makes it. */
  readonly artefact: ReadBody;
  /** How the option is typed that has it made. */
  readonly typed: string;
}

function show(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "string") return JSON.stringify(value);
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

/** An option as it is typed: `schedule` may be an object of plain values. */
function typed(value: unknown): string {
  if (typeof value !== "object" || value === null) return show(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{ ${members.map(([name, member]) => `${name}: ${show(member)}`).join(", ")} }`;
}

function refuse(reason: string): never {
  throw new TypeError(`Cannot test a fabric: ${reason}`);
}

function* countTo(count: number): Iterable<number> {
  for (let seed = 0; seed < count; seed++) yield seed;
}

function isSeed(value: unknown): boolean {
  if (typeof value === "bigint") return value >= 0n && value <= SEED_MAX;
  return isUint(value, Number.MAX_SAFE_INTEGER);
}

function readSeeds(seeds: unknown): Iterable<number | bigint> {
  if (typeof seeds === "number") {
    if (isUint(seeds, SEEDS_MAX) && seeds > 0) return countTo(seeds);
    refuse(`seeds must be a whole number from 1 to ${SEEDS_MAX}, or a list, not ${show(seeds)}`);
  }
  if (!Array.isArray(seeds) || seeds.length === 0) {
    refuse(`seeds must be a number, or a list of one seed at least, not ${show(seeds)}`);
  }
  const wrong = seeds.find((seed) => !isSeed(seed));
  if (wrong !== undefined || seeds.includes(undefined)) {
    refuse(`a seed must be a safe integer from 0, or a bigint of 64 bits, not ${show(wrong)}`);
  }
  return [...seeds];
}

function readCodecs(codecs: unknown): readonly Codec[] {
  if (codecs === "both") return CODECS;
  const isList = Array.isArray(codecs) && codecs.length > 0 &&
    codecs.every((codec) => CODECS.includes(codec));
  if (isList) return [...codecs];
  const known = CODECS.map(show).join(" and ");
  refuse(`codecs must be "both", or a list with ${known} in it, not ${show(codecs)}`);
}

/**
 * The runs that `options` ask for. What is shared is checked where the first fabric is made.
 *
 * @throws {TypeError} They name no runs.
 */
export function planTests(options: TestFabricOptions): TestPlan {
  if (typeof options !== "object" || options === null) {
    refuse(`its options must be an object, not ${show(options)}`);
  }
  const { seed, seeds, codec, codecs, checks = true, story = true, ...others } = options;
  const { folder = FOLDER, replay, ...given } = others;
  if (typeof checks !== "boolean") refuse(`checks must be true or false, not ${show(checks)}`);
  if (typeof story !== "boolean") refuse(`story must be true or false, not ${show(story)}`);
  if (seed !== undefined && seeds !== undefined) refuse("give seed or seeds, not both");
  if (codec !== undefined && codecs !== undefined) refuse("give codec or codecs, not both");
  if (typeof folder !== "string" || folder === "") {
    refuse(`folder must be a path, not ${show(folder)}`);
  }
  if (replay !== undefined) return planReplay(replay, { given, checks, story, folder });
  const schedule = given.schedule ?? (seeds === undefined ? undefined : "random");
  return {
    shared: schedule === undefined ? given : { ...given, schedule },
    seeds: seeds === undefined ? [seed ?? 0] : readSeeds(seeds),
    codecs: codecs === undefined ? [codec ?? "msgpack"] : readCodecs(codecs),
    checks,
    story,
    folder,
    replay: null,
  };
}

/** The one run of an artefact. */
function planReplay(
  replay: NonNullable<TestFabricOptions["replay"]>,
  { given, ...plan }: Pick<TestPlan, "checks" | "story" | "folder"> & {
    readonly given: Omit<FabricOptions, "seed" | "codec">;
  },
): TestPlan {
  if (given.clock === "real") refuse("give replay or a real clock, not both");
  const artefact = readBody(replay);
  const { codec, settings } = artefact;
  const isPath = typeof replay === "string" || replay instanceof URL;
  return {
    ...plan,
    shared: { ...settings, ...given, schedule: settings.schedule ?? "fifo" },
    seeds: [seedOf(artefact)],
    codecs: [codec],
    replay: { artefact, typed: isPath ? replayOption(String(replay)) : "replay: artefact" },
  };
}

/** The option that has the run in a file made again. */
export function replayOption(path: string): string {
  return `replay: ${show(path)}`;
}

/** The call that makes one run alone again, in one line. */
export function replayCall({ shared, checks, replay }: TestPlan, run: FabricRun): string {
  if (replay !== null) return `testFabric({ ${replay.typed} }, …)`;
  const options = Object.entries({ ...run, ...shared, ...checks ? {} : { checks } })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${typed(value)}`);
  return `testFabric({ ${options.join(", ")} }, …)`;
}
