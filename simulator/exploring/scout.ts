/**
 * A run by chance, as a sweep makes them, but without what an exploration leaves out: faults, and draws.
 *
 * @module
 */

import type { Choice, ChoiceKind, Chooser, Known } from "../../actors/runtime/chooser.ts";
import { FIFO } from "../../actors/runtime/choosers/fifo.ts";
import { createChooser } from "../../actors/runtime/schedule.ts";
import type { WorldGuide } from "../worlds/guide.ts";

/** Has a seed choose who is next. */
export class Scout implements WorldGuide {
  /** The choices that it made. */
  readonly choices: Choice[] = [];
  readonly #chooser: Chooser;

  /** A run of `seed`. */
  constructor(seed: number) {
    this.#chooser = createChooser("portfolio", seed) ?? FIFO;
  }

  /** See {@linkcode WorldGuide.choose}. */
  choose(kind: ChoiceKind, count: number, known: Known): number {
    const offset = kind === "item" ? this.#chooser.choose(kind, count, known) : 0;
    this.choices.push({ kind, count, offset });
    return offset;
  }
}
