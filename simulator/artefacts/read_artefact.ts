/**
 * Reads an artefact. Somebody else may have written it, or a hand may have altered it: nothing in it is taken
 * as it stands.
 *
 * @module
 */

import { checkSchedule } from "../../actors/fabric/schedule_option.ts";
import { messageOf } from "../../core/describe.ts";
import { SCENARIO_NAME } from "../worlds/define_scenario.ts";
import type { Finding } from "../finding.ts";
import { type Choice, ITEMS_MAX_MOST } from "../worlds/settings.ts";
import {
  ARTEFACT_FORMAT,
  ARTEFACT_VERSION,
  type ArtefactScenario,
  BODY_FORMAT,
  type RunArtefact,
} from "./artefact.ts";
import { ChoicesError, choicesOfLines } from "./choices_text.ts";
import { JsonValue, JsonValueError } from "./json_value.ts";

/** More than this no artefact has. */
export const ARTEFACT_BYTES_MAX = 64 * 1024 * 1024;
const TEXT_MAX = 10_000;
const PATH_MAX = 4096;
const LINES_MAX = 2 ** 20;
const LINE_MAX = 1000;
const SEED_MAX = 2n ** 64n - 1n;
/** A path from the artefact's folder on: no root, no drive, no address. */
const RELATIVE = /^\.{1,2}\/[^\\\p{Cc}]*$/u;

/** It is no artefact that can be replayed; the message says why, without the file's name. */
export class ArtefactError extends Error {
  /** Tells it from other errors. */
  override readonly name = "ArtefactError";
}

/** An artefact, with its choices as they are made. */
export interface ReadArtefact extends Omit<RunArtefact, "choices"> {
  /** The choices; null: the seed makes them. */
  readonly choices: readonly Choice[] | null;
}

function readScenario(value: JsonValue): ArtefactScenario {
  const name = value.field("name").text(100, SCENARIO_NAME, "a scenario's name");
  const file = value.field("file");
  if (file.isAbsent) return { name };
  return { name, file: file.text(PATH_MAX, RELATIVE, "a path that begins with ./ or ../") };
}

function readSchedule(value: JsonValue): RunArtefact["settings"]["schedule"] {
  try {
    return checkSchedule(value.raw);
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    return value.refuse(`a schedule (${error.message})`);
  }
}

function readSeed(value: JsonValue): string {
  const seed = value.text(20, /^\d+$/, "a seed in decimal");
  return BigInt(seed) > SEED_MAX ? value.refuse("below 2^64") : seed;
}

function readSettings(value: JsonValue): RunArtefact["settings"] {
  return {
    seed: readSeed(value.field("seed")),
    schedule: readSchedule(value.field("schedule")),
    codec: value.field("codec").orNull((codec) => codec.oneOf(["msgpack", "vmbus"])),
    isFaulty: value.field("isFaulty").boolean(),
    itemsMax: value.field("itemsMax").uint(ITEMS_MAX_MOST, 1),
  };
}

/** A finding. */
export function readFinding(value: JsonValue): Finding {
  const textOf = (name: string) => value.field(name).text(TEXT_MAX);
  const finding: Finding = {
    kind: value.field("kind").oneOf(["crash", "correctness", "liveness"]),
    rule: textOf("rule"),
    place: textOf("place"),
    message: textOf("message"),
    by: textOf("by"),
    step: value.field("step").uint(),
  };
  return {
    ...finding,
    ...!value.field("source").isAbsent && { source: textOf("source") },
    ...!value.field("firstSource").isAbsent && { firstSource: textOf("firstSource") },
  };
}

/** Choices as text. */
export function readChoices(value: JsonValue): readonly Choice[] {
  const lines = value.list(LINES_MAX).map((line) => line.text(LINE_MAX));
  try {
    return choicesOfLines(lines);
  } catch (error) {
    if (!(error instanceof ChoicesError)) throw error;
    throw new JsonValueError(`${value.path}: ${error.message}`);
  }
}

function readWhole(whole: JsonValue): ReadArtefact {
  if (whole.field("format").raw === BODY_FORMAT) {
    throw new JsonValueError(
      "it is a run of a test: that test takes it, testFabric({ replay }, …)",
    );
  }
  const format = whole.field("format").oneOf([ARTEFACT_FORMAT]);
  // Before all else: another version may have other fields.
  const version = whole.field("version").oneOf([ARTEFACT_VERSION]);
  return {
    format,
    version,
    package: whole.field("package").text(100),
    scenario: readScenario(whole.field("scenario")),
    settings: readSettings(whole.field("settings")),
    finding: readFinding(whole.field("finding")),
    steps: whole.field("steps").orNull((steps) => steps.uint()),
    digest: whole.field("digest").orNull((digest) =>
      digest.text(64, /^[\da-f]{64}$/, "a SHA-256 in hexadecimal digits")
    ),
    choices: whole.field("choices").orNull(readChoices),
  };
}

/**
 * An artefact as text, or as what `JSON.parse` makes of it.
 *
 * @throws {ArtefactError} It is no artefact, or one that this version of the package cannot read.
 */
export function readArtefact(artefact: unknown): ReadArtefact {
  try {
    return readWhole(
      new JsonValue(typeof artefact === "string" ? parseArtefact(artefact) : artefact),
    );
  } catch (error) {
    if (!(error instanceof JsonValueError)) throw error;
    throw new ArtefactError(error.message);
  }
}

/**
 * What `JSON.parse` makes of a text.
 *
 * @throws {ArtefactError} Nothing.
 */
export function parseArtefact(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ArtefactError(`it is no JSON: ${messageOf(error)}`);
  }
}
