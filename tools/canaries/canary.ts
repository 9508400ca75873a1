/**
 * Canaries: planted bugs that the simulator must find, or it is good for nothing.
 *
 * @module
 */

import type { ScenarioDefinition } from "../../simulator/worlds/world.ts";

/** A bug in the package's own sources: one line of a copy is changed. */
export interface SourceCanary {
  /** As it is asked for. */
  readonly name: string;
  /** What it breaks, in a few words, with the rule. */
  readonly breaks: string;
  /** The file, relative to the repository. */
  readonly file: string;
  /** What stands there, exactly once. */
  readonly text: string;
  /** What stands there instead. */
  readonly replacement: string;
  /** The scenario that finds it, by its name among {@linkcode ScenarioTable}. */
  readonly scenario: string;
}

/** A mistake in a driver. */
export interface DriverCanary {
  /** As it is asked for. */
  readonly name: string;
  /** What its author got wrong. */
  readonly breaks: string;
  /** The scenario with the drivers, with their mistake or without. */
  readonly make: (mistaken: boolean) => ScenarioDefinition;
}

/** Any of them. */
export type Canary = SourceCanary | DriverCanary;

/** Scenarios by name. */
export type ScenarioTable = Readonly<Record<string, () => ScenarioDefinition>>;

/**
 * The text of a file with a bug in it.
 *
 * @throws {Error} What is to be changed does not stand there exactly once.
 */
export function planted(canary: SourceCanary, source: string): string {
  const { name, file, text, replacement } = canary;
  const [before, after, ...more] = source.split(text);
  if (before !== undefined && after !== undefined && more.length === 0 && text !== replacement) {
    return before + replacement + after;
  }
  const count = source.split(text).length - 1;
  throw new Error(`Cannot plant ${name}: ${JSON.stringify(text)} stands ${count} times in ${file}`);
}
