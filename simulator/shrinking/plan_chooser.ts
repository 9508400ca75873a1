/**
 * Makes the choices of a plan, in a run that need not be the one that the plan was made from.
 *
 * @module
 */

import {
  type Alternatives,
  alternativesOf,
  type ChoiceKind,
  type Known,
} from "../../actors/runtime/chooser.ts";
import { Chance } from "../../core/chance.ts";
import type { DrawnNumber, Plan, Switch, ToldChoice } from "./plan.ts";
import { type Asked, ToldChooser } from "./told_chooser.ts";

/** Values that are taken in order. */
class Values<T> {
  readonly #values: readonly T[];
  #next = 0;

  constructor(values: readonly T[]) {
    this.#values = values;
  }

  /** The next one that is `right`; those before it are left out. undefined: no further one is, and nothing is left out. */
  next(right: (value: T) => boolean): T | undefined {
    const at = this.#values.findIndex((value, at) => at >= this.#next && right(value));
    if (at === -1) return undefined;
    this.#next = at + 1;
    return this.#values[at];
  }
}

/** The lists of a record, each of which is taken in order. */
class Lists<T> {
  readonly #lists: ReadonlyMap<string, Values<T>>;

  constructor(record: Readonly<Record<string, readonly T[]>>) {
    this.#lists = new Map(Object.entries(record).map(([about, all]) => [about, new Values(all)]));
  }

  next(about: string, right: (value: T) => boolean): T | undefined {
    return this.#lists.get(about)?.next(right);
  }
}

/** A plan, as far as it was carried out. */
class Planned {
  readonly #faults: Lists<number>;
  readonly #draws: Lists<DrawnNumber>;
  /** Names of those that pass, by the names of those that they pass. */
  readonly #taken = new Map<string, string[]>();
  /** How often others are still to pass, by name. */
  readonly #held = new Map<string, number>();
  /** Rules that are drawn anew. */
  readonly #anew: ReadonlySet<string>;
  /** Draws what is drawn anew; null: nothing is. */
  readonly #chance: Chance | null;

  constructor({ faults, draws, switches, anew }: Plan) {
    this.#anew = new Set(anew?.rules);
    this.#chance = anew === undefined ? null : Chance.fromSeed(anew.seed);
    this.#faults = new Lists(faults);
    this.#draws = new Lists(draws);
    for (const each of switches) this.#addSwitch(each);
  }

  #addSwitch(each: Switch): void {
    if ("held" in each) this.#held.set(each.held, each.times);
    else {
      const taken = this.#taken.get(each.passed);
      if (taken === undefined) this.#taken.set(each.passed, [each.taken]);
      else taken.push(each.taken);
    }
  }

  /** What the plan has chosen, as far as there is that way; else what fifo would do. */
  decide({ kind, count, known, names }: Asked): number {
    if (kind === "item") return this.#item(names, alternativesOf(known));
    const about = names[0]!;
    const offset = kind === "fault"
      ? this.#faults.next(about, () => true)
      // A run may draw fewer than before: a number of other ways was another one.
      : this.#draws.next(about, (drawn) => drawn.count === count)?.offset;
    if (offset === undefined) return this.#drawn(kind, about, known);
    return offset >= count ? 0 : offset;
  }

  /** What the plan does not say. */
  #drawn(kind: ChoiceKind, about: string, known: Known): number {
    if (this.#chance === null || known === null || !("draw" in known)) return 0;
    return kind === "draw" || this.#anew.has(about) ? known.draw(this.#chance) : 0;
  }

  #item(names: readonly string[], items: Alternatives | null): number {
    const passed = names[0]!;
    const held = this.#held.get(passed) ?? 0;
    if (held > 0 && items !== null) {
      this.#held.set(passed, held - 1);
      return secondOf(items, names.length);
    }
    const wanted = this.#taken.get(passed) ?? [];
    const which = wanted.findIndex((name) => names.indexOf(name, 1) > 0);
    if (which === -1) return 0;
    const [taken] = wanted.splice(which, 1);
    return names.indexOf(taken!, 1);
  }
}

/** The offset of the oldest but the one that fifo would take. */
function secondOf(items: Alternatives, count: number): number {
  let second = 1;
  for (let at = 2; at < count; at++) {
    if (items.at(at).order < items.at(second).order) second = at;
  }
  return second;
}

/** Makes the choices of `plan` where they can be made; all else is as fifo has it. */
export function chooserOfPlan(
  plan: Plan,
  onChoice: ((choice: ToldChoice) => void) | null = null,
): ToldChooser {
  const planned = new Planned(plan);
  return new ToldChooser((asked) => planned.decide(asked), onChoice);
}
