/**
 * What is wrong with a scenario's file.
 *
 * @module
 */

import type { Position } from "./positions.ts";

/** A file is written by hand: it never has more characters than this. */
export const FILE_LENGTH_MAX = 2 ** 16;

/** One thing that is wrong. */
export interface ScenarioFileProblem extends Position {
  /** What it is, and what would be right. */
  readonly message: string;
}

/** A file that is no scenario: all that is wrong with it, as `file:line:column: message`, a line each. */
export class ScenarioFileError extends Error {
  /** Always `"ScenarioFileError"`. */
  override readonly name = "ScenarioFileError";
  /** The file, as it was called. */
  readonly file: string;
  /** What is wrong, in the order of the text. */
  readonly problems: readonly ScenarioFileProblem[];

  /** An error that tells of `problems` in `file`. */
  constructor(file: string, problems: readonly ScenarioFileProblem[]) {
    const inOrder = problems.toSorted((one, other) =>
      one.line - other.line || one.column - other.column
    );
    const lines = inOrder.map(({ line, column, message }) =>
      `${file}:${line}:${column}: ${message}`
    );
    super(lines.join("\n"));
    this.file = file;
    this.problems = inOrder;
  }
}
