/**
 * A world that runs.
 *
 * @module
 */

import type { Chance } from "../../core/chance.ts";
import type { Chooser, Drawn } from "../../actors/runtime/chooser.ts";
import { isNearness, nearer, type Nearness } from "../coverage/coverage.ts";
import { FEATURES } from "../../core/control/versions.ts";
import { describe } from "../../core/describe.ts";
import { isPromise } from "../../actors/runtime/promises.ts";
import { isUint } from "../../core/units.ts";
import type { FabricRuntime } from "../../actors/fabric/fabric_runtime.ts";
import { PartitionObject } from "../../actors/partition/partition_object.ts";
import {
  type GuestDriver,
  type HostDriver,
  loadGuestDriver,
  loadHostDriver,
  type Partition,
  type PartitionOptions,
  type PlainData,
} from "../../mod.ts";
import type { DriverInstance, WorldParts } from "../faults/faulty_world.ts";
import { drawOptions } from "./drawn_options.ts";
import { type Finding, reported } from "../finding.ts";
import type {
  DrawnOption,
  DriverTable,
  InstanceOf,
  ScenarioDefinition,
  ScenarioPartition,
  World,
} from "./world.ts";

const DRAW_MAX = 2 ** 32;
/** What a guest has for bounce buffers that is drawn to be isolated: enough for four clients that say nothing (kmcl.md X18). */
const BOUNCE_PAGES = 4 * 64;

/** What a world reports to, and chooses by. */
export interface WorldRun {
  /** Makes its choices. */
  readonly chooser: Chooser;
  /** Choices so far. */
  readonly step: number;
  /** What goes wrong in it. */
  readonly faults: { isTampered(guest: string): boolean };
  /** Hears of findings. */
  found(finding: Finding): void;
}

/** Somebody who waits for a condition of their own. */
interface Until {
  readonly isReached: () => boolean;
  readonly resolve: () => void;
  readonly reject: (thrown: unknown) => void;
  /** Whether it was reached, or cannot be asked: it is not asked again. */
  isDue: boolean;
  /** What asking threw. */
  failure: { readonly thrown: unknown } | null;
}

/** Asks whether it is reached by now. */
function ask(until: Until): void {
  try {
    const answer: unknown = until.isReached();
    if (isPromise(answer)) {
      throw new TypeError("Cannot wait until: isReached must answer at once, not with a promise");
    }
    until.isDue = Boolean(answer);
  } catch (thrown) { // the scenario's own, which gets it back
    until.failure = { thrown };
    until.isDue = true;
  }
}

/** One run of a scenario. */
export class RunningWorld<Drivers extends DriverTable = DriverTable>
  implements World<Drivers>, WorldParts {
  readonly fabric: FabricRuntime;
  isFaulty = true;
  /** Behaviours that were reached, with how often. */
  readonly reached: Map<string, number>;
  /** How near it has come to those that it has not reached, where somebody has said. */
  readonly nearest: Map<string, Nearness> = new Map();
  readonly #scenario: ScenarioDefinition<Drivers>;
  readonly #run: WorldRun;
  readonly #guests = new Map<string, Partition>();
  readonly #drivers = new Map<string, DriverInstance>();
  readonly #numbers = new Map<string, number>();
  #untils: Until[] = [];

  /** A world of `scenario` in `fabric`, without partitions or drivers yet. */
  constructor(scenario: ScenarioDefinition<Drivers>, fabric: FabricRuntime, run: WorldRun) {
    this.#scenario = scenario;
    this.fabric = fabric;
    this.#run = run;
    this.reached = new Map((scenario.reach ?? []).map((name) => [name, 0]));
  }

  /** Makes the guests and starts the drivers. */
  begin(): void {
    const { partitions, drivers, draws = [] } = this.#scenario;
    for (const [name, guest] of Object.entries(partitions)) {
      this.#guests.set(name, this.fabric.createPartition({ name, ...this.#guestOf(guest, draws) }));
    }
    for (const [name, entry] of Object.entries<DriverTable[string]>(drivers ?? {})) {
      const options: PlainData = typeof entry.options === "function"
        ? entry.options(this)
        : entry.options ?? null;
      const instance = "in" in entry
        ? loadGuestDriver(this.guest(entry.in), entry.driver, options)
        : loadHostDriver(this.guest(entry.serves), entry.driver, options);
      this.#drivers.set(name, instance);
    }
  }

  /** The options of a guest, with what is drawn of it. */
  #guestOf(
    { vtlOf, ...given }: ScenarioPartition,
    draws: readonly DrawnOption[],
  ): Omit<PartitionOptions, "name"> {
    const { versions, features } = this.fabric.hostDialect;
    const drawing = {
      host: draws.includes("host") ? versions : null,
      bringsPages: (features & FEATURES.serverSpecifiedMonitorPages) !== 0,
      guests: [...this.#guests.values()].filter((guest) => guest instanceof PartitionObject),
    };
    const drawn = drawOptions(
      draws,
      (count, stream) => stream === undefined ? this.draw(count) : this.#choose(count, { stream }),
      drawing,
    );
    const { hasMemory, vtlOf: beside = null, redirect = false, vtl, ...ofGuest } = drawn;
    // A machine is isolated as a whole: its further levels are what the first one is.
    const { isolated: _, ...ofLevel } = ofGuest;
    const rest = vtlOf === undefined && beside === null ? ofGuest : ofLevel;
    const { memoryPages } = given;
    const isLarger = "isolated" in rest && rest.isolated === true && given.isolated === undefined &&
      memoryPages !== undefined;
    const options = isLarger ? { ...given, memoryPages: memoryPages + BOUNCE_PAGES } : given;
    if (vtlOf !== undefined) return { ...rest, ...options, vtlOf: this.guest(vtlOf) };
    const level = vtl === undefined ? {} : { vtl };
    if (beside === null || options.vtl !== undefined) return { ...rest, ...level, ...options };
    // A further level has the processors of its machine, and as a rule its memory.
    const { processors: _processors, ...said } = options;
    const whole = { ...rest, ...level, redirect, vtlOf: beside, ...said };
    if (hasMemory === true) return whole;
    const { memoryPages: _pages, mmioMegabytes: _mmio, ...sharing } = whole;
    return sharing;
  }

  /** See {@linkcode World.guest}. */
  guest(name: string): Partition {
    const guest = this.#guests.get(name);
    if (guest !== undefined) return guest;
    throw new TypeError(
      `Cannot find the guest ${describe(name)}: there are ${[...this.#guests.keys()].join(", ")}`,
    );
  }

  /** The guests by name, as they are now. */
  get guests(): ReadonlyMap<string, Partition> {
    return this.#guests;
  }

  /** See {@linkcode WorldParts.guestDrivers}. */
  get guestDrivers(): readonly GuestDriver[] {
    const entries = Object.values<DriverTable[string]>(this.#scenario.drivers ?? {});
    return [...new Set(entries.flatMap((entry) => "in" in entry ? [entry.driver] : []))];
  }

  /** See {@linkcode WorldParts.hostDrivers}. */
  get hostDrivers(): readonly HostDriver[] {
    const entries = Object.values<DriverTable[string]>(this.#scenario.drivers ?? {});
    return [...new Set(entries.flatMap((entry) => "in" in entry ? [] : [entry.driver]))];
  }

  /** See {@linkcode WorldParts.driverCalled}. */
  driverCalled(name: string): DriverInstance | null {
    return this.#drivers.get(name) ?? null;
  }

  /** See {@linkcode WorldParts.moved}. */
  moved(
    name: string,
    guest: Partition,
    successors: ReadonlyMap<DriverInstance, DriverInstance>,
  ): void {
    if (this.#guests.has(name)) this.#guests.set(name, guest);
    for (const [driver, instance] of this.#drivers) {
      const successor = successors.get(instance);
      if (successor !== undefined) this.#drivers.set(driver, successor);
    }
  }

  /** See {@linkcode World.isTampered}. */
  isTampered(name: string): boolean {
    const { hostile = [] } = this.#scenario;
    return hostile.includes(name) || this.#run.faults.isTampered(name);
  }

  /** See {@linkcode World.isThere}. */
  isThere(name: string): boolean {
    const guest = this.guest(name);
    return guest instanceof PartitionObject && guest.isAlive;
  }

  /** See {@linkcode World.driver}. */
  driver<Name extends keyof Drivers & string>(name: Name): InstanceOf<Drivers[Name]> {
    const instance = this.#drivers.get(name);
    if (instance === undefined) {
      const known = [...this.#drivers.keys()].join(", ");
      throw new TypeError(`Cannot find the driver ${describe(name)}: there are ${known}`);
    }
    return instance as InstanceOf<Drivers[Name]>;
  }

  /** See {@linkcode World.draw}. */
  draw(count: number): number {
    if (!isUint(count, DRAW_MAX) || count === 0) {
      throw new RangeError(
        `Cannot draw: count must be a whole number from 1 to 2^32, not ${describe(count)}`,
      );
    }
    return count === 1 ? 0 : this.#choose(count, {});
  }

  /** A number below `count`, which is about something, or one of many; of a `stream` beside all others where that is said. */
  #choose(count: number, { stream, ...about }: Pick<Drawn, "about"> & { stream?: string }): number {
    // What is drawn when the machine gets to it is no part of the run.
    if (this.fabric.isDisposed) throw new Error("Cannot draw: the world has ended");
    return this.#run.chooser.choose("draw", count, {
      ...about,
      draw: (chance: Chance) => (stream === undefined ? chance : chance.fork(stream)).below(count),
    });
  }

  /** See {@linkcode Draws.number}. */
  number(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const value = this.numberAnew(name);
    this.#numbers.set(name, value);
    return value;
  }

  /** See {@linkcode Draws.numberAnew}. */
  numberAnew(name: string): number {
    const numbers = this.#scenario.numbers ?? {};
    const number = Object.hasOwn(numbers, name) ? numbers[name] : undefined;
    if (number === undefined) {
      const all = Object.keys(numbers).join(", ") || "none";
      throw new TypeError(`Cannot find the number ${describe(name)}: there are ${all}`);
    }
    const { least, most } = number;
    const ways = most - least + 1;
    return ways === 1 ? least : least + this.#choose(ways, { about: name });
  }

  /** See {@linkcode World.until}. */
  until(isReached: () => boolean): Promise<void> {
    if (typeof isReached !== "function") {
      const shown = describe(isReached);
      throw new TypeError(`Cannot wait until: isReached must be a function, not ${shown}`);
    }
    return new Promise((resolve, reject) => {
      this.#untils.push({ isReached, resolve, reject, isDue: false, failure: null });
    });
  }

  /** How many wait for a condition of their own. */
  get waiting(): number {
    return this.#untils.length;
  }

  /** What the scenario says of its workload's and drivers' state; undefined: it does not say. */
  get state(): PlainData | undefined {
    return this.#scenario.stateOf?.(this);
  }

  /** Whether somebody has what they wait for: asked before each work item. */
  isAnswerDue(): boolean {
    let isAny = false;
    for (const until of this.#untils) {
      if (!until.isDue) ask(until);
      isAny ||= until.isDue;
    }
    return isAny;
  }

  /** Answers those who have what they wait for, or all as nothing is left to run; false: nobody. */
  answer(isAll: boolean): boolean {
    const answered = this.#untils.filter(({ isDue }) => isAll || isDue);
    if (answered.length === 0) return false;
    this.#untils = this.#untils.filter(({ isDue }) => !isAll && !isDue);
    for (const { resolve, reject, failure } of answered) {
      if (failure === null) resolve();
      else reject(failure.thrown);
    }
    return true;
  }

  /** See {@linkcode World.fail}. */
  fail(rule: string, message: string, place = this.#scenario.name): void {
    const words = reported({ rule, place, message });
    this.#run.found({ kind: "correctness", ...words, by: "workload", step: this.#run.step });
  }

  /** See {@linkcode World.reach}. */
  reach(name: string, nearness?: Nearness): void {
    if (typeof name !== "string") {
      throw new TypeError(`Cannot reach: the name must be a text, not ${describe(name)}`);
    }
    if (nearness !== undefined && !isNearness(nearness)) {
      throw new TypeError(`Cannot reach ${name}: done and of must be numbers, and of more than 0`);
    }
    if (nearness !== undefined && nearness.done < nearness.of) {
      return void this.nearest.set(name, nearer(this.nearest.get(name) ?? null, nearness));
    }
    this.reached.set(name, (this.reached.get(name) ?? 0) + 1);
  }
}
