/**
 * Writes the artefacts of a sweep.
 *
 * @module
 */

import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Finding } from "../../mod.ts";
import {
  ARTEFACT_SUFFIX,
  artefactName,
  artefactOf,
  type ArtefactScenario,
  type RunRecord,
} from "../../sweeps/artefact.ts";
import { cannot } from "../command.ts";
import { isFile } from "../find_scenario.ts";

/** A path from `folder` on as artefacts have it: with /, on every machine. */
function pathFrom(folder: string, path: string): string {
  const parts = relative(folder, resolve(path)).split("\\").join("/");
  return parts.startsWith("..") ? parts : `./${parts}`;
}

/** A line of a driver, with file and column, from `folder` on; what is no file of this machine stays. */
function lineFrom(folder: string, source: string): string {
  const [, url = "", place = ""] = /^(file:.*?)((?::\d+)*)$/.exec(source) ?? [];
  return url === "" ? source : pathFrom(folder, fileURLToPath(url)) + place;
}

function findingFrom(folder: string, finding: Finding): Finding {
  const { source, firstSource } = finding;
  return {
    ...finding,
    ...source !== undefined && { source: lineFrom(folder, source) },
    ...firstSource !== undefined && { firstSource: lineFrom(folder, firstSource) },
  };
}

/**
 * Has `path` be a file of `text`: whole at once, as another sweep may write or read the same one, and in place of a
 * link, not through it.
 */
function replaceFile(path: string, text: string): void {
  const part = `${path}.${crypto.randomUUID()}.part`;
  try {
    Deno.writeTextFileSync(part, text, { createNew: true });
    Deno.renameSync(part, path);
  } catch (error) {
    removeIfThere(part);
    throw error;
  }
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) {
      throw error;
    }
  }
}

/** Files for the runs of one sweep. */
export class ArtefactFiles {
  readonly #folder: string;
  readonly #scenario: ArtefactScenario;
  readonly #names = new Set<string>();

  /**
   * Files in `folder`, which is made when there is one.
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
    const name = artefactName(record, this.#scenario.name);
    // Two rules may begin with the same words.
    let path = join(this.#folder, name + ARTEFACT_SUFFIX);
    for (let copy = 2; this.#names.has(path); copy++) {
      path = join(this.#folder, `${name}-${copy}${ARTEFACT_SUFFIX}`);
    }
    this.#names.add(path);
    const finding = findingFrom(resolve(this.#folder), record.finding);
    const artefact = artefactOf({ ...record, finding }, this.#scenario);
    try {
      Deno.mkdirSync(this.#folder, { recursive: true });
      replaceFile(path, `${JSON.stringify(artefact, null, 2)}\n`);
    } catch (error) {
      throw cannot(`write ${path}`, error, "name another folder with --artefacts");
    }
    return path;
  }
}
