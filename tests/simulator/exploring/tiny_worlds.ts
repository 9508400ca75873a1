/**
 * Tiny worlds whose workers read and write a few cells, step by step: all their orders can be tried.
 *
 * @module
 */

import type { FabricRuntime } from "../../../actors/fabric/fabric_runtime.ts";
import type { Touch } from "../../../actors/runtime/chooser.ts";
import { DISPATCH_LEVEL, PASSIVE_LEVEL } from "../../../actors/runtime/irql.ts";
import { type Worker, WorkItem } from "../../../actors/runtime/processor.ts";
import { runtimeOf } from "../../../simulator/endpoints.ts";
import { defineScenario, type ScenarioDefinition, type World } from "../../../simulator/mod.ts";

/** One step of a worker. */
export interface Step {
  /** The cell that it is about. */
  readonly cell: number;
  /** What it does: takes note of the cell, or writes what it has seen so far into it. */
  readonly does: "read" | "write";
  /** A worker that is scheduled then; null: none. */
  readonly schedules: number | null;
}

/** A worker's program, and where it runs. */
export interface Program {
  /** The processor that does it. */
  readonly processor: number;
  /** Whether it is done at DISPATCH_LEVEL. */
  readonly isDispatch: boolean;
  /** Whether it is due from the beginning. */
  readonly isDue: boolean;
  /** What it does. */
  readonly steps: readonly Step[];
}

const PROCESSORS = 3;

/** A worker at work. */
class Doer implements Worker {
  readonly traceId: number;
  readonly item: WorkItem;
  /** What it has seen. */
  readonly seen: string[] = [];
  /** How far it is. */
  at = 0;
  readonly #program: Program;
  readonly #cells: string[];
  readonly #all: readonly Doer[];
  readonly #fabric: FabricRuntime;

  constructor(
    index: number,
    program: Program,
    [fabric, cells, all]: readonly [FabricRuntime, string[], readonly Doer[]],
  ) {
    this.traceId = 1000 + index;
    this.#program = program;
    this.#fabric = fabric;
    this.#cells = cells;
    this.#all = all;
    const guest = fabric.partitions.find(({ name }) => name === "guest")!;
    const level = program.isDispatch ? DISPATCH_LEVEL : PASSIVE_LEVEL;
    this.item = new WorkItem(this, "interrupt", level, guest.processor(program.processor));
  }

  /** See {@linkcode Worker.touches}: the cells lie in the root's memory, as far as anybody knows. */
  touches(): readonly Touch[] {
    const step = this.#program.steps[this.at];
    if (step === undefined) return [];
    const { memory } = this.#fabric.root;
    return [{ of: memory, part: `cell ${step.cell}`, writes: step.does === "write" }];
  }

  /** See {@linkcode Worker.work}: one step after the other, with a scheduling point between any two. */
  work(): void {
    for (let step = this.#program.steps[this.at]; step; step = this.#program.steps[this.at]) {
      if (step.does === "read") this.seen.push(this.#cells[step.cell]!);
      else this.#cells[step.cell] = `${this.traceId}.${this.at}(${this.seen.join()})`;
      this.at++;
      const next = step.schedules === null ? undefined : this.#all[step.schedules];
      if (next !== undefined) this.#fabric.scheduler.schedule(next.item);
      if (this.at < this.#program.steps.length && this.#fabric.scheduler.points?.stop()) return;
    }
  }
}

/** A scenario of such workers; `onEnd` hears what the world has come to. */
export function tinyWorld(
  programs: readonly Program[],
  onEnd: (state: string) => void,
  { isForgetful = false }: { readonly isForgetful?: boolean } = {},
): ScenarioDefinition {
  const states = new WeakMap<World, readonly [string[], Doer[]]>();
  const stateOf = (world: World) => {
    const [cells, doers] = states.get(world) ?? [[], []];
    return [cells, doers.map(({ seen, at }) => [isForgetful ? [] : seen, at])];
  };
  return defineScenario({
    name: "tiny",
    title: "a few steps on a few cells",
    partitions: { guest: { memoryPages: 1, processors: PROCESSORS } },
    stateOf,
    workload: async (world) => {
      await world.until(() => false); // until the guest has asked for its offers
      const fabric = runtimeOf("make a tiny world", world.fabric);
      const cells = ["0", "0", "0"];
      const doers: Doer[] = [];
      for (const [index, program] of programs.entries()) {
        doers.push(new Doer(index, program, [fabric, cells, doers]));
      }
      states.set(world, [cells, doers]);
      doers.forEach(({ item }, index) => programs[index]!.isDue && fabric.scheduler.schedule(item));
    },
    end: (world) => onEnd(JSON.stringify(stateOf(world))),
  });
}
