/**
 * A program that only chooses, for tests of what makes runs smaller: rules that fire, numbers, and workers whose
 * items come in any order.
 *
 * @module
 */

import type { Alternative, Chooser } from "../../../actors/runtime/chooser.ts";
import { ReplayChooser } from "../../../actors/runtime/choosers/replay.ts";
import { Chance } from "../../../core/chance.ts";
import type { AttemptEnd, RunMaker } from "../../../simulator/shrinking/attempt.ts";
import type { Plan } from "../../../simulator/shrinking/plan.ts";
import { chooserOfPlan } from "../../../simulator/shrinking/plan_chooser.ts";
import { type ToldChooser, toldChooser } from "../../../simulator/shrinking/told_chooser.ts";
import type { RunRecord } from "../../../simulator/artefacts/artefact.ts";
import { linesOfChoices } from "../../../simulator/artefacts/choices_text.ts";
import type { Choice } from "../../../simulator/worlds/settings.ts";

/** What a run of the model came to. */
export interface ModelRun {
  /** Rules that fired, by number. */
  readonly fired: readonly number[];
  /** Numbers that were drawn. */
  readonly numbers: readonly number[];
  /** Items in the order in which they ran: `1.2` is the third item of the second worker. */
  readonly order: readonly string[];
}

/** A program, and when it is wrong. */
export interface Model {
  /** How many rules there are, each of which may fire once. */
  readonly rules: number;
  /** How many numbers are drawn, each below 16. */
  readonly numbers: number;
  /** How many workers there are. */
  readonly workers: number;
  /** How many items each has, one after the other. */
  readonly items: number;
  /** Whether a run is wrong. */
  readonly isWrong: (run: ModelRun) => boolean;
}

/** What a wrong run has broken. */
export const MODEL_FINDING = {
  kind: "correctness",
  rule: "the model is right",
  place: "model",
  message: "it is wrong",
  by: "model",
  step: 0,
} as const;

function runItems({ workers, items }: Model, chooser: Chooser): readonly string[] {
  let place = 0;
  const queue = Array.from({ length: workers }, (_, number) => ({
    worker: {},
    number,
    label: `worker ${number}`,
    turn: 0,
    order: place++,
    itemsAhead: 1,
    touches: [],
  } satisfies Alternative & { readonly number: number; turn: number }));
  const order: string[] = [];
  while (queue.length > 0) {
    queue.sort((a, b) => a.order - b.order);
    const known = { oldestAt: 0, at: (offset: number) => queue[offset]! };
    const offset = queue.length === 1 ? 0 : chooser.choose("item", queue.length, known);
    const item = queue[offset]!;
    order.push(`${item.number}.${item.turn++}`);
    item.order = place++;
    if (item.turn === items) queue.splice(offset, 1);
  }
  return order;
}

/** Runs the model by the choices of `chooser`. */
export function runModel(model: Model, chooser: Chooser): ModelRun {
  const fired: number[] = [];
  for (let rule = 0; rule < model.rules; rule++) {
    const draw = (chance: Chance) => chance.below(8);
    const at = chooser.choose("fault", 8, { about: `${rule} fault`, draw });
    if (at > 0) fired.push(rule);
  }
  const numbers = Array.from(
    { length: model.numbers },
    () => chooser.choose("draw", 16, { draw: (chance) => chance.below(16) }),
  );
  return { fired, numbers, order: runItems(model, chooser) };
}

/** Chooses by chance. */
export function chanceChooser(seed: number): Chooser {
  const chance = Chance.fromSeed(seed);
  return { choose: (_kind, count) => chance.below(count) };
}

/** Makes runs of a model. */
export class ModelMaker implements RunMaker {
  /** Runs that were made. */
  runs = 0;
  readonly #model: Model;
  readonly #choices: readonly Choice[];

  constructor(model: Model, choices: readonly Choice[]) {
    this.#model = model;
    this.#choices = choices;
  }

  first(): Promise<AttemptEnd> {
    return this.#run(toldChooser(new ReplayChooser(this.#choices)));
  }

  attempt(plan: Plan): Promise<AttemptEnd> {
    return this.#run(chooserOfPlan(plan));
  }

  #run(chooser: ToldChooser): Promise<AttemptEnd> {
    this.runs++;
    const run = runModel(this.#model, chooser);
    const findings = this.#model.isWrong(run) ? [MODEL_FINDING] : [];
    return Promise.resolve({
      findings,
      choices: chooser.choices,
      faults: run.fired.length,
      lastFault: null,
    });
  }

  async record(choices: readonly Choice[]): Promise<RunRecord> {
    const end = await this.#run(toldChooser(new ReplayChooser(choices)));
    if (end.findings.length === 0) throw new Error("The smaller run is right");
    const settings = {
      schedule: "random",
      codec: null,
      isFaulty: true,
      itemsMax: 1,
      seed: "0",
    } as const;
    return {
      settings,
      finding: MODEL_FINDING,
      steps: end.choices.length,
      digest: null,
      choices: linesOfChoices(choices),
    };
  }
}

/** The choices of the first run by chance that is wrong; null: none of so many is. */
export function wrongRun(model: Model, seeds: number): readonly Choice[] | null {
  for (let seed = 0; seed < seeds; seed++) {
    const chooser = toldChooser(chanceChooser(seed));
    if (!model.isWrong(runModel(model, chooser))) continue;
    return chooser.choices.map(({ kind, count, offset }) => ({ kind, count, offset }));
  }
  return null;
}
