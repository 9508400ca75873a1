/**
 * What a failure leaves behind: all that is needed to have the run again, in a file that people can read.
 *
 * @module
 */

import type { Finding } from "../finding.ts";
import type { WorldResult, WorldSettings } from "../worlds/settings.ts";
import { linesOfChoices } from "./choices_text.ts";
import { PACKAGE_VERSION } from "./package_version.ts";

/** The first word of each artefact. */
export const ARTEFACT_FORMAT = "vmbus-run";
/** The version of the format that is written, and the only one there is. */
export const ARTEFACT_VERSION = 1;
/** How the name of such a file ends. */
export const ARTEFACT_SUFFIX = ".vmbus-run.json";
/** The first word of what `testFabric` leaves behind, which is a run of its body. */
export const BODY_FORMAT = "vmbus-test";

/** How the worlds of a sweep are run, but for the seed. */
export interface RunSettings {
  /** Order of runnable work. */
  readonly schedule: NonNullable<WorldSettings["schedule"]>;
  /** Encoding of packets in the rings; null: drawn from the seed. */
  readonly codec: NonNullable<WorldSettings["codec"]> | null;
  /** Whether things go wrong, as the scenario's rules have it. */
  readonly isFaulty: boolean;
  /** Work items and timers that a phase of a run may take. */
  readonly itemsMax: number;
}

/** Which scenario a run is of. */
export interface ArtefactScenario {
  /** Its name. */
  readonly name: string;
  /** The file that it stands in, from the artefact's own folder on; absent: one of the package's scenarios. */
  readonly file?: string;
}

/** A run that failed, as it is kept. */
export interface RunArtefact {
  /** Says what the file is. */
  readonly format: "vmbus-run";
  /** The format's version. */
  readonly version: 1;
  /** The version of the package that wrote it. */
  readonly package: string;
  /** Which scenario ran. */
  readonly scenario: ArtefactScenario;
  /** How it ran. The seed, in decimal, is what the run is called by: the choices are what makes it. */
  readonly settings: RunSettings & { readonly seed: string };
  /** What was found; lines of drivers are told from the artefact's own folder on. */
  readonly finding: Finding;
  /** How many choices the run made; null where its process ended before it did. */
  readonly steps: number | null;
  /** SHA-256 of its trace; null where its process ended before it did. */
  readonly digest: string | null;
  /** Its choices as text, without those at the end that are what fifo would do; null: the seed makes them. */
  readonly choices: readonly string[] | null;
}

/** A run that failed, before anybody knows where its artefact will lie. */
export type RunRecord = Omit<RunArtefact, "format" | "version" | "package" | "scenario">;

/** The record of a run that came to its end with `finding`. */
export function recordOf(
  result: WorldResult,
  finding: Finding,
  settings: RunSettings,
): RunRecord {
  return {
    settings: { ...settings, codec: result.codec, seed: String(result.seed) },
    finding,
    steps: result.steps,
    digest: result.traceDigest,
    choices: linesOfChoices(result.choices),
  };
}

/** The artefact of a run of `scenario`. */
export function artefactOf(record: RunRecord, scenario: ArtefactScenario): RunArtefact {
  return {
    format: ARTEFACT_FORMAT,
    version: ARTEFACT_VERSION,
    package: PACKAGE_VERSION,
    scenario,
    ...record,
  };
}

/** Letters and digits of a text, as a part of a file's name. */
export function namePart(text: string): string {
  const words = text.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-|-$/g, "");
  return words.slice(0, 40).replace(/-$/, "");
}

/** A name for the file of a run: what ran, what is broken, and the seed. */
export function artefactName(what: string, seed: string, { rule }: Finding): string {
  return [what, seed, namePart(rule)].filter((part) => part !== "").join("-");
}
