/**
 * What a failed `testFabric` leaves behind, and takes back: all that is needed to have its run again, in a file that
 * people can read.
 *
 * @module
 */

import { checkFabricOptions } from "../../actors/fabric/options.ts";
import { messageOf } from "../../core/describe.ts";
import type { FabricOptions } from "../../mod.ts";
import { PACKAGE_VERSION } from "../artefacts/package_version.ts";
import {
  ARTEFACT_BYTES_MAX,
  ArtefactError,
  parseArtefact,
  readChoices,
  readFinding,
} from "../artefacts/read_artefact.ts";
import { BODY_FORMAT } from "../artefacts/artefact.ts";
import { JsonValue, JsonValueError } from "../artefacts/json_value.ts";
import { linesOfChoices } from "../artefacts/choices_text.ts";
import type { Finding } from "../finding.ts";
import type { Choice } from "../worlds/settings.ts";
import { readKept } from "./kept_files.ts";

const VERSION = 1;
const PLACE_MAX = 4096;
const SEED_MAX = 2n ** 64n - 1n;
const CODECS = ["msgpack", "vmbus"] as const;

/** How such a file's name ends. */
export const BODY_SUFFIX = ".vmbus-test.json";

/** How the fabrics of a test are made, but for what is the run's own. What only looks on is left out. */
export type BodySettings = Omit<
  FabricOptions,
  "seed" | "codec" | "trace" | "sourceLines" | "interpreter" | "clock"
>;

/** A run of a body that failed, as it is kept. */
export interface FabricTestArtefact {
  /** Says what the file is. */
  readonly format: "vmbus-test";
  /** The format's version. */
  readonly version: 1;
  /** The version of the package that wrote it. */
  readonly package: string;
  /** Where `testFabric` was called, from the artefact's own folder on; null: nobody can tell. */
  readonly test: string | null;
  /** What the run is called by, as it is typed: `7`, or `7n` where it was a bigint. Its choices are what makes it. */
  readonly seed: string;
  /** Encoding of packets in the rings. */
  readonly codec: NonNullable<FabricOptions["codec"]>;
  /** How its fabric is made, beside that. */
  readonly settings: BodySettings;
  /** What was found; lines of drivers are told from the artefact's own folder on. */
  readonly finding: Finding;
  /** How many choices the run made. */
  readonly steps: number;
  /** Its choices as text, without those at the end that are what fifo would do; null: the seed makes them. */
  readonly choices: readonly string[] | null;
}

/** An artefact, with its choices as they are made. */
export interface ReadBody extends Omit<FabricTestArtefact, "choices"> {
  /** The choices; null: the seed makes them. */
  readonly choices: readonly Choice[] | null;
}

/** What of the options of a test its artefact has. */
export function settingsToKeep(shared: FabricOptions): BodySettings {
  const { trace: _, sourceLines: __, interpreter: ___, clock: ____, ...settings } = shared;
  return settings;
}

/** The artefact of a run. */
export function bodyArtefact(
  run: Omit<ReadBody, "format" | "version" | "package">,
): FabricTestArtefact {
  const choices = run.choices === null ? null : linesOfChoices(run.choices);
  return { format: BODY_FORMAT, version: VERSION, package: PACKAGE_VERSION, ...run, choices };
}

function readSeed(value: JsonValue): string {
  const seed = value.text(21, /^\d+n?$/, "a seed in decimal");
  const most = seed.endsWith("n") ? SEED_MAX : BigInt(Number.MAX_SAFE_INTEGER);
  return BigInt(seed.replace("n", "")) > most ? value.refuse(`at most ${most}`) : seed;
}

/** The seed of an artefact, as the body had it. */
export function seedOf({ seed }: Pick<ReadBody, "seed">): number | bigint {
  return seed.endsWith("n") ? BigInt(seed.slice(0, -1)) : Number(seed);
}

/** A seed as it is typed. */
export function typedSeed(seed: number | bigint): string {
  return typeof seed === "bigint" ? `${seed}n` : String(seed);
}

/** The options are those of a fabric, whose own checks they go through; they are plain values then. */
function readSettings(value: JsonValue): BodySettings {
  const given = value.raw;
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    return value.refuse("an object");
  }
  try {
    checkFabricOptions(given);
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    return value.refuse(`options of a fabric (${error.message})`);
  }
  return settingsToKeep(given);
}

function readWhole(whole: JsonValue): ReadBody {
  const format = whole.field("format").oneOf([BODY_FORMAT]);
  const version = whole.field("version").oneOf([VERSION]);
  return {
    format,
    version,
    package: whole.field("package").text(100),
    test: whole.field("test").orNull((test) => test.text(PLACE_MAX)),
    seed: readSeed(whole.field("seed")),
    codec: whole.field("codec").oneOf(CODECS),
    settings: readSettings(whole.field("settings")),
    finding: readFinding(whole.field("finding")),
    steps: whole.field("steps").uint(),
    choices: whole.field("choices").orNull(readChoices),
  };
}

function textAt(path: string | URL): string {
  try {
    return readKept(path, ARTEFACT_BYTES_MAX);
  } catch (error) {
    throw new ArtefactError(`it cannot be read: ${messageOf(error)}`);
  }
}

/**
 * The artefact in the file at a path, or what `JSON.parse` makes of one.
 *
 * @throws {ArtefactError} It is no artefact, or one that this version of the package cannot read.
 */
export function readBody(given: unknown): ReadBody {
  const isPath = typeof given === "string" || given instanceof URL;
  try {
    return readWhole(new JsonValue(isPath ? parseArtefact(textAt(given)) : given));
  } catch (error) {
    if (!(error instanceof ArtefactError || error instanceof JsonValueError)) throw error;
    const what = isPath ? String(given) : "an artefact";
    throw new ArtefactError(`Cannot replay ${what}: ${error.message}`);
  }
}
