/**
 * A chooser that knows what each choice is about, and keeps what was chosen.
 *
 * @module
 */

import {
  type Alternatives,
  alternativesOf,
  type ChoiceKind,
  type Chooser,
  type Known,
} from "../../actors/runtime/chooser.ts";
import { ItemNames } from "./item_names.ts";
import type { ToldChoice } from "./plan.ts";

/** A choice that is to be made. */
export interface Asked {
  /** What is chosen. */
  readonly kind: ChoiceKind;
  /** How many ways there are. */
  readonly count: number;
  /** What is known of them. */
  readonly known: Known;
  /** The names of items, in the order of their offsets; else what the choice is about, alone. */
  readonly names: readonly string[];
}

/** Makes a choice: which offset. */
export type Decide = (asked: Asked) => number;

/** Has somebody decide, and keeps what was decided with what it was about. */
export class ToldChooser implements Chooser {
  readonly #choices: ToldChoice[] = [];
  readonly #decide: Decide;
  readonly #onChoice: ((choice: ToldChoice) => void) | null;
  readonly #names = new ItemNames();
  /** Answers of which nobody could be told apart. */
  #answers = 0;

  /** Has `decide` decide, and tells `onChoice` of each choice. */
  constructor(decide: Decide, onChoice: ((choice: ToldChoice) => void) | null = null) {
    this.#decide = decide;
    this.#onChoice = onChoice;
  }

  /** What was chosen so far. */
  get choices(): readonly ToldChoice[] {
    return this.#choices;
  }

  /** See {@linkcode Chooser.choose}. */
  choose(kind: ChoiceKind, count: number, known: Known): number {
    const names = kind === "item" ? this.#namesOf(count, alternativesOf(known)) : [aboutOf(known)];
    const offset = this.#decide({ kind, count, known, names });
    const told: ToldChoice = {
      kind,
      count,
      offset,
      about: names[0]!,
      ...kind === "item" && offset > 0 && { taken: names[offset]! },
    };
    this.#choices.push(told);
    this.#onChoice?.(told);
    return offset;
  }

  #namesOf(count: number, items: Alternatives | null): readonly string[] {
    if (items !== null) {
      return Array.from({ length: count }, (_, at) => this.#names.nameOf(items.at(at)));
    }
    const now = `answer #${++this.#answers}`;
    return Array.from({ length: count }, (_, at) => at === 0 ? now : `later ${at}`);
  }
}

function aboutOf(known: Known): string {
  return known !== null && "draw" in known ? known.about ?? "" : "";
}

/** Has `chooser` choose, and keeps what it chose. */
export function toldChooser(
  chooser: Chooser,
  onChoice: ((choice: ToldChoice) => void) | null = null,
): ToldChooser {
  return new ToldChooser(({ kind, count, known }) => chooser.choose(kind, count, known), onChoice);
}
