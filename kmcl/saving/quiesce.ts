/**
 * Brings a guest to a moment at which it can be saved, or back to work where that cannot be
 * (docs/save-restore.md, the order of calls).
 *
 * @module
 */

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

/** The way of one guest to the moment at which it is saved. */
export class Quiescence {
  readonly #guest: PartitionObject;
  readonly #stepsMax: number;
  readonly #wasRunning: boolean;
  /** Whether the host drivers stand still already, since an earlier save or a restore. */
  readonly #wasQuiet: boolean;
  readonly #states = new Map<LoadedDriver, PlainData>();
  /** Host drivers that were told to save. */
  readonly #told: LoadedDriver[] = [];

  /** Begins with `guest` as it is; no part of the way may take more than `stepsMax` steps of the loop. */
  constructor(guest: PartitionObject, stepsMax: number) {
    this.#guest = guest;
    this.#stepsMax = stepsMax;
    this.#wasRunning = guest.actor.is("runs");
    this.#wasQuiet = guest.onResume !== null;
  }

  /** Goes the whole way. Where it fails, {@linkcode Quiescence.undo} is due. */
  async reach(): Promise<DriverStates | Refusal> {
    const guest = this.#guest;
    const isSafe = () => unfinishedCallback(guest) === null;
    const isSettled = () => hasSettled(guest);
    const refusal = await this.#until(isSafe) ?? this.#pause() ?? await this.#until(isSettled);
    if (refusal !== null) return refusal;
    // A driver that is loaded meanwhile saves as well.
    for (let driver = this.#nextHost(); driver !== undefined; driver = this.#nextHost()) {
      const failed = await this.#tell(driver);
      if (failed !== null) return failed;
    }
    return await this.#until(isSettled) ?? this.refusal ?? this.#states;
  }

  #nextHost(): LoadedDriver | undefined {
    return this.#guest.drivers.find((driver) =>
      driver.kind === "host" && !this.#told.includes(driver)
    );
  }

  /** Whether the guest still stands still: the program could have resumed it. */
  get refusal(): Refusal | null {
    const { actor, isAlive, name } = this.#guest;
    if (!isAlive) {
      return { status: STATUS_DEVICE_REMOVED, reason: `${name} was gone before it was saved` };
    }
    if (!actor.is("runs")) return null;
    return {
      status: STATUS_INVALID_DEVICE_STATE,
      reason: `${name} was resumed while it was saved`,
    };
  }

  /** Lets the guest and the drivers that serve it run on as before; does nothing where the guest is gone. */
  async undo(): Promise<void> {
    const guest = this.#guest;
    await this.#giveUpSaves();
    if (!guest.isAlive) return;
    if (!this.#wasQuiet) resumeHosts(this.#told);
    if (this.#wasRunning) guest.resume();
  }

  #pause(): null {
    this.#guest.pause();
    return null;
  }

  async #until(isReached: () => boolean): Promise<Refusal | null> {
    const guest = this.#guest;
    const isOver = () => !guest.isAlive || isReached();
    const isThere = await guest.runtime.loop.driveUntil(CALL, isOver, this.#stepsMax);
    if (!guest.isAlive) return this.refusal;
    return isThere ? null : { status: STATUS_TIMEOUT, reason: whyNotSafe(guest) };
  }

  /** Has a host driver save; it may take its time, as any callback at PASSIVE_LEVEL. */
  async #tell(driver: LoadedDriver): Promise<Refusal | null> {
    this.#told.push(driver);
    let told: SaveOutcome | null = null;
    const instance = driver.instance as HostDriverInstance;
    callSave(driver, instance, (end) => {
      told = end;
    });
    const refusal = await this.#until(() => told !== null && hasSettled(this.#guest));
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
    const { callbacks, waits } = this.#guest.runtime;
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
