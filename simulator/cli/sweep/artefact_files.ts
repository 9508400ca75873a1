/**
 * Writes the artefacts of a sweep.
 *
 * @module
 */

import { join, resolve } from "node:path";
import {
  ARTEFACT_SUFFIX,
  artefactName,
  artefactOf,
  type ArtefactScenario,
  type RunRecord,
} from "../../artefacts/artefact.ts";
import { addressOf, withLinesFrom } from "../../driver_lines.ts";
import { isFile } from "../find_scenario.ts";
import { pathFrom } from "../path_from.ts";
import { writeArtefact } from "../written_files.ts";
import { shrunkPath } from "../shrink/request.ts";

/** Files for the runs of one sweep. */
export class ArtefactFiles {
  readonly #folder: string;
  readonly #scenario: ArtefactScenario;
  readonly #names = new Set<string>();

  /**
   * Files in `folder`, which is made with the first of them.
   *
   * @param given The scenario as it was asked for.
   * @param name Its name.
   */
  constructor(folder: string, given: string, name: string) {
    this.#folder = folder;
    this.#scenario = isFile(given) ? { name, file: pathFrom(resolve(folder), given) } : { name };
  }

  /**
   * Writes the artefact of a run; gives its path.
   *
   * @throws {UsageError} It cannot be written.
   */
  write(record: RunRecord): string {
    const { settings: { seed }, finding } = record;
    const name = artefactName(this.#scenario.name, seed, finding);
    // Two rules may begin with the same words.
    let path = join(this.#folder, name + ARTEFACT_SUFFIX);
    for (let copy = 2; this.#names.has(path); copy++) {
      path = join(this.#folder, `${name}-${copy}${ARTEFACT_SUFFIX}`);
    }
    this.#names.add(path);
    this.#write(path, record);
    return path;
  }

  /**
   * Writes the run that the one at `path` was made smaller to; gives its path.
   *
   * @throws {UsageError} It cannot be written.
   */
  writeShrunk(record: RunRecord, path: string): string {
    const shrunk = shrunkPath(path);
    this.#write(shrunk, record);
    return shrunk;
  }

  #write(path: string, record: RunRecord): void {
    const finding = withLinesFrom(addressOf(resolve(this.#folder)), record.finding);
    const artefact = artefactOf({ ...record, finding }, this.#scenario);
    writeArtefact(path, `${JSON.stringify(artefact, null, 2)}\n`);
  }
}
