/**
 * Reads the file that a sweep keeps of a run.
 *
 * @module
 */

import { dirname, join } from "node:path";
import type { ScenarioDefinition } from "../mod.ts";
import { grouped } from "../layout.ts";
import {
  ARTEFACT_BYTES_MAX,
  ArtefactError,
  type ReadArtefact,
  readArtefact,
} from "../artefacts/read_artefact.ts";
import { shellQuoted } from "../text.ts";
import { cannot, tell } from "./command.ts";
import { MACHINE } from "./file_system.ts";
import { findScenario } from "./find_scenario.ts";
import { openToRead } from "./opened_file.ts";

const HINT = "name a file that a sweep has written";

/**
 * The artefact at `path`, which is read to `verb` it.
 *
 * @throws {UsageError} There is none.
 */
export async function readArtefactFile(verb: string, path: string): Promise<ReadArtefact> {
  const { file: open, info } = await openToRead(MACHINE, path, path);
  using file = open;
  const action = `${verb} ${path}`;
  if (info.size > ARTEFACT_BYTES_MAX) {
    throw cannot(action, `it has more than ${grouped(ARTEFACT_BYTES_MAX)} bytes`, HINT);
  }
  const bytes = new Uint8Array(info.size);
  const text = new TextDecoder().decode(bytes.subarray(0, file.read(0, bytes)));
  try {
    return readArtefact(text);
  } catch (error) {
    throw refusalOf(error, action);
  }
}

/** What is wrong with an artefact is the user's to know; any other error is as it is. */
export function refusalOf(error: unknown, action: string): unknown {
  return error instanceof ArtefactError ? cannot(action, error.message, HINT) : error;
}

/** A scenario, and the path that it was loaded from. */
export interface ArtefactsScenario {
  /** The scenario. */
  readonly scenario: ScenarioDefinition;
  /** Its file; null: it is one of the package's. */
  readonly file: string | null;
}

/**
 * The scenario of the artefact at `path`. Before it is loaded, and so runs, the user is told which file that is: they
 * may have the artefact from somebody else.
 *
 * @throws {UsageError} It cannot be loaded.
 */
export async function scenarioOfArtefact(
  verb: string,
  path: string,
  { scenario: { name, file } }: ReadArtefact,
): Promise<ArtefactsScenario> {
  const place = file === undefined ? null : join(dirname(path), file);
  if (place !== null) tell(`${verb}: runs the scenario in ${shellQuoted(place)}\n`);
  const { scenario } = await findScenario(place ?? name);
  return { scenario, file: place };
}
