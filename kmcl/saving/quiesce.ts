/**
 * Brings a guest to a moment at which it can be saved, or back to work where that cannot be
 * (docs/save-restore.md, the order of calls).
 *
 * @module
 */

import type { Endpoint } from "../../actors/channel/endpoint.ts";
import { type Frame, PASSIVE_LEVEL } from "../../actors/runtime/irql.ts";
import { isPromise, whenSettled } from "../../actors/runtime/promises.ts";
import { turn } from "../../actors/runtime/event_loop.ts";
import {
  CALLS_ON_TRACE,
  type HostNotice,
  type LoadedDriver,
} from "../../actors/partition/loaded_driver.ts";
import { FabricRuntime } from "../../actors/fabric/fabric_runtime.ts";
import type { PartitionObject } from "../../actors/partition/partition_object.ts";
import {
  type NtStatus,
  STATUS_DEVICE_REMOVED,
  STATUS_INVALID_DEVICE_STATE,
  STATUS_TIMEOUT,
  STATUS_UNSUCCESSFUL,
} from "../../core/ntstatus.ts";
import { messageOf } from "../../core/describe.ts";
import { copyPlainData, type PlainData } from "../../core/saved/plain_data.ts";
import type { HostDriverInstance } from "./drivers.ts";
import { hasSettled, unfinishedCallback, whyNotSafe } from "./safe_point.ts";

const CALL = "savePartition";

/** Why a guest is not saved. */
export interface Refusal {
  /** The status for the caller. */
  readonly status: NtStatus;
  /** The reason in words. */
  readonly reason: string;
}

/** The state that each driver told. */
export type DriverStates = ReadonlyMap<LoadedDriver, PlainData>;

/** What a driver's `save` came to. */
type SaveOutcome =
  | { readonly data: PlainData; readonly fault: null }
  | { readonly data: null; readonly fault: string };

/** The way of one machine to the moment at which it is saved. */
export class Quiescence {
  readonly #levels: readonly PartitionObject[];
  readonly #stepsMax: number;
  readonly #wasRunning: boolean;
  /** Levels whose host drivers stand still already, since an earlier save or a restore. */
  readonly #wereQuiet: readonly PartitionObject[];
  /** Levels that stand still for the save. */
  readonly #atRest: PartitionObject[] = [];
  readonly #states = new Map<LoadedDriver, PlainData>();
  /** Host drivers that were told to save. */
  readonly #told: LoadedDriver[] = [];
  /** What those had when they were told. */
  readonly #servers: Endpoint[] = [];

  /**
   * Begins with the machine as it is, whose trust levels are `levels`, also those that are made later; no part of the
   * way may take more than `stepsMax` steps of the loop.
   */
  constructor(levels: readonly PartitionObject[], stepsMax: number) {
    this.#levels = levels;
    this.#stepsMax = stepsMax;
    this.#wasRunning = levels.every(({ actor }) => actor.is("runs"));
    this.#wereQuiet = levels.filter(({ onResume }) => onResume !== null);
  }

  /** The servers of host drivers that were told to save, also those that have gone since. */
  get servers(): readonly Endpoint[] {
    return this.#servers;
  }

  /** Goes the whole way. Where it fails, {@linkcode Quiescence.undo} is due. */
  async reach(): Promise<DriverStates | Refusal> {
    this.#wakeParavisors();
    for (;;) {
      // A driver that is loaded meanwhile saves as well, and a level that is made meanwhile stands still.
      const step = this.#nextStep();
      const refusal = await (step ?? this.#until(this.#atRest, hasSettled));
      if (refusal !== null) return refusal;
      if (step === null && this.#isThere) return this.refusal ?? this.#states;
    }
  }

  /** Whether all levels stand still, and all drivers that serve them have saved. */
  get #isThere(): boolean {
    return this.#nextHost() === undefined && this.#nextStage().length === 0;
  }

  /** What comes next; null: nothing but that all settles. */
  #nextStep(): Promise<Refusal | null> | null {
    const driver = this.#nextHost();
    if (driver !== undefined) return this.#tell(driver);
    const stage = this.#nextStage();
    return stage.length === 0 ? null : this.#rest(stage);
  }

  /** A host driver of a level that stands still, which has not saved. */
  #nextHost(): LoadedDriver | undefined {
    return this.#atRest.flatMap(({ drivers }) => drivers).find((driver) =>
      driver.kind === "host" && !this.#told.includes(driver)
    );
  }

  /**
   * The levels that are to stand still next: a paravisor runs until those that it serves do, and the drivers that serve
   * them have saved.
   */
  #nextStage(): readonly PartitionObject[] {
    const left = this.#levels.filter((level) => !this.#atRest.includes(level));
    return left.filter((level) => !left.some(({ root }) => root === level));
  }

  /**
   * A paravisor runs while the drivers that serve others in it come to rest, also where the program has paused the
   * machine: where they are at rest since an earlier save, it need not.
   */
  #wakeParavisors(): void {
    for (const level of this.#levels) {
      const isAtRest = this.#wereQuiet.includes(level) && hasSettled(level);
      if (!isAtRest && this.#levels.includes(level.root)) level.root.runAlone();
    }
  }

  /** Whether the machine still stands still: the program could have resumed it. */
  get refusal(): Refusal | null {
    const gone = this.#levels.find(({ isAlive }) => !isAlive);
    if (gone !== undefined) {
      return { status: STATUS_DEVICE_REMOVED, reason: `${gone.name} was gone before it was saved` };
    }
    const resumed = this.#atRest.find(({ actor }) => actor.is("runs"));
    if (resumed === undefined) return null;
    return {
      status: STATUS_INVALID_DEVICE_STATE,
      reason: `${resumed.name} was resumed while it was saved`,
    };
  }

  /** Lets the machine and the drivers that serve it run on as before; does nothing where it is gone. */
  async undo(): Promise<void> {
    const [first] = this.#levels;
    await this.#giveUpSaves();
    if (first?.isAlive !== true) return;
    resumeHosts(
      this.#told.filter(({ guest }) => !this.#wereQuiet.some((level) => level === guest)),
    );
    if (this.#wasRunning) first.resume();
    else first.pause();
  }

  /** Has levels stand still, once none of their callbacks is unfinished, until nothing is to be done for them. */
  async #rest(stage: readonly PartitionObject[]): Promise<Refusal | null> {
    const refusal = await this.#until(stage, (level) => unfinishedCallback(level) === null);
    if (refusal !== null) return refusal;
    for (const level of stage) level.standStill();
    this.#atRest.push(...stage);
    return await this.#until(stage, hasSettled);
  }

  /** Lets the fabric run on until `isReached` says so of each of `levels` at the same time. */
  async #until(
    levels: readonly PartitionObject[],
    isReached: (level: PartitionObject) => boolean,
  ): Promise<Refusal | null> {
    const [first] = this.#levels;
    const { loop } = first!.runtime;
    const isOver = () => !first!.isAlive || levels.every(isReached);
    const isThere = await loop.driveUntil(CALL, isOver, this.#stepsMax);
    if (!first!.isAlive) return this.refusal;
    return isThere ? null : { status: STATUS_TIMEOUT, reason: whyNotSafe(levels) };
  }

  /** Has a host driver save; it may take its time, as any callback at PASSIVE_LEVEL. */
  async #tell(driver: LoadedDriver): Promise<Refusal | null> {
    this.#told.push(driver);
    this.#servers.push(...driver.endpoints);
    let told: SaveOutcome | null = null;
    const instance = driver.instance as HostDriverInstance;
    callSave(driver, instance, (end) => {
      told = end;
    });
    const refusal = await this.#until(this.#atRest, (level) => told !== null && hasSettled(level));
    if (refusal !== null) return refusal;
    const { data, fault } = told as unknown as SaveOutcome;
    if (fault !== null) {
      return { status: STATUS_UNSUCCESSFUL, reason: `${driver.label} cannot be saved: ${fault}` };
    }
    this.#states.set(driver, data);
    return null;
  }

  /** Saves that do not end are given up: what they wait for is refused them. */
  async #giveUpSaves(): Promise<void> {
    const { callbacks, waits } = this.#levels[0]!.runtime;
    for (const pending of callbacks.pending) {
      if (!this.#told.some((driver) => driver === pending.frame.owner)) continue;
      for (const wait of waits.of(pending)) {
        const { call, what } = wait.options;
        wait.reject(new Error(`Cannot go on with ${call} for ${what}: the save was given up`));
      }
    }
    await turn(); // the rejections reach the drivers before `resume` does
  }
}

/** Calls a driver's `save` as a callback; `done` is called however it ends. */
function callSave(
  driver: LoadedDriver,
  instance: HostDriverInstance,
  done: (end: SaveOutcome) => void,
): void {
  const told = (state: unknown) => done(copyPlainData(state, "its state"));
  const failed = (error: unknown) => done({ data: null, fault: messageOf(error) });
  const { runtime } = driver.guest;
  const { driverFaults } = FabricRuntime.of(runtime);
  runtime.callbacks.call(frameOf(driver, "HostDriver.save"), () => {
    try {
      const returned: unknown = instance.save();
      const state = driverFaults === null ? returned : driverFaults.saved(driver, returned);
      return isPromise(state) ? whenSettled(state, told, failed) : told(state);
    } catch (error) {
      return failed(error);
    }
  }, () => {});
}

/**
 * Tells host drivers that their guest runs on. What one throws, the call that drives the loop throws, and
 * where it takes its time, it counts as a callback that is unfinished.
 */
export function resumeHosts(drivers: readonly LoadedDriver[]): void {
  for (const driver of drivers) {
    if (driver.kind !== "host") continue;
    const instance = driver.instance as HostDriverInstance;
    const { callbacks } = driver.guest.runtime;
    callbacks.callInside(frameOf(driver, "HostDriver.resume"), () => instance.resume());
  }
}

function frameOf(driver: LoadedDriver, name: HostNotice): Frame {
  return {
    name,
    code: CALLS_ON_TRACE.indexOf(name),
    irql: PASSIVE_LEVEL,
    owner: driver,
    traceId: driver.traceId,
    partition: driver.partition,
    ownerName: driver.label,
  };
}
