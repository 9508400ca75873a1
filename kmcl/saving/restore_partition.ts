/**
 * Building a saved guest again, in any fabric (docs/save-restore.md). All or nothing: until the last
 * driver has taken back what it had, the partition does not belong to the fabric.
 *
 * @module
 */

import type { Fabric } from "../../actors/fabric/fabric.ts";
import { currentFrame } from "../../actors/runtime/irql.ts";
import { ignoreRejection } from "../../actors/runtime/promises.ts";
import { FabricRuntime } from "../../actors/fabric/fabric_runtime.ts";
import type { LoadedDriver } from "../../actors/partition/loaded_driver.ts";
import type { Partition } from "../../actors/partition/partition.ts";
import {
  LEVELS_MAX,
  PARTITION_CHUNKS,
  type SavedDriver,
} from "../../actors/saving/partition_image.ts";
import { RestoredMachine, type SavedLevel } from "../../actors/saving/restored_levels.ts";
import type { RestoredPartition } from "../../actors/saving/restored_partition.ts";
import {
  NT_SUCCESS,
  type NtStatus,
  STATUS_INVALID_PARAMETER,
  STATUS_NOT_FOUND,
  STATUS_SUCCESS,
  STATUS_UNSUCCESSFUL,
} from "../../core/ntstatus.ts";
import { bytesOf } from "../../core/arguments.ts";
import { isInstance, messageOf } from "../../core/describe.ts";
import { groupsOf, SavedChunks } from "../../core/saved/chunks.ts";
import { readEnvelope } from "../../core/saved/envelope.ts";
import { readSaved, SavedStateFault } from "../../core/saved/fault.ts";
import { copyMembers } from "../../core/structures.ts";
import { isU32 } from "../../core/units.ts";
import { Driver } from "../driver.ts";
import type {
  GuestDriver,
  GuestDriverInstance,
  HostDriver,
  HostDriverInstance,
  LoadedInstance,
} from "./drivers.ts";
import { guestContext, hostContext, requireDriver, requireInstance } from "./load_drivers.ts";
import { type Refusal, resumeHosts } from "./quiesce.ts";
import { RestoreContext } from "./restore_context.ts";

/** The drivers that a saved guest may ask for, by name. */
export interface RestoreOptions {
  /** Drivers for the guest. */
  readonly guestDrivers?: readonly GuestDriver[];
  /** Drivers for the root. */
  readonly hostDrivers?: readonly HostDriver[];
}

/** What restoring a guest gives. */
export interface RestoreResult {
  /** See {@linkcode restorePartition}. */
  readonly status: NtStatus;
  /** The guest, which stands still until it is resumed; null on failure. Of several trust levels, the first one. */
  readonly partition: Partition | null;
  /** All trust levels of its machine, in the order in which they were made; none on failure. */
  readonly levels: readonly Partition[];
  /** Why it failed, in words; null on success. */
  readonly reason: string | null;
  /** Its drivers, on both sides, in the order in which they were loaded, level by level; none on failure. */
  readonly loaded: readonly LoadedInstance[];
}

/** Why a restore is refused; thrown and caught in this file alone. */
class Refused extends Error {
  readonly status: NtStatus;

  constructor({ status, reason }: Refusal) {
    super(reason);
    this.status = status;
  }
}

/**
 * Builds a guest again from what {@linkcode savePartition} gave. It is paused: `partition.resume()` lets
 * it run. Where anything is wrong, the fabric is as before.
 *
 * Statuses: INVALID_PARAMETER no fabric, or no bytes; DATA_ERROR the bytes are damaged or make no sense;
 * REVISION_MISMATCH another format, no saved partition, or another codec than the fabric's; NOT_FOUND a
 * driver is missing; UNSUCCESSFUL a driver refused, or did not take back all that it had.
 *
 * @example
 * ```ts
 * import * as vmbus from "@vmbus/kmcl";
 *
 * const fabric = vmbus.createFabric({ seed: 1 });
 * const { bytes } = await vmbus.savePartition(fabric.createPartition({ name: "guest" }));
 *
 * const elsewhere = vmbus.createFabric({ seed: 2 });
 * const { partition } = vmbus.expectSuccess(vmbus.restorePartition(elsewhere, bytes!));
 * partition.resume();
 * ```
 *
 * @throws {TypeError} A value in a list is not a driver, or two drivers of one list have one name.
 * @throws {Error} Inside a callback.
 */
export function restorePartition(
  fabric: Fabric,
  bytes: ArrayBufferView,
  { guestDrivers = [], hostDrivers = [] }: RestoreOptions = {},
): RestoreResult {
  const frame = currentFrame();
  if (frame !== null) {
    throw new Error(`Cannot restore a partition inside a callback: ${frame.name} runs`);
  }
  const known = { guest: byName("guest", guestDrivers), host: byName("host", hostDrivers) };
  const saved = bytesOf(bytes);
  if (!isInstance(fabric, FabricRuntime) || saved === null) {
    return refused({ status: STATUS_INVALID_PARAMETER, reason: "no fabric, or no bytes" });
  }
  fabric.requireLive("restorePartition");
  const levels = readSaved(() => levelsIn(saved));
  if (levels instanceof SavedStateFault) return faulted(levels);
  const drivers = levels.flatMap(({ drivers }) => drivers);
  const missing = drivers.find(({ kind, name }) => !known[kind].has(name));
  if (missing !== undefined) {
    const reason = `no ${missing.kind} driver called "${missing.name}" was given`;
    return refused({ status: STATUS_NOT_FOUND, reason });
  }
  return build(fabric, saved, levels, known);
}

/** The trust levels of a saved machine. */
function levelsIn(saved: Uint8Array): readonly SavedLevel[] {
  return groupsOf(readEnvelope("partition", saved), LEVELS_MAX).map((group) => {
    const chunks = new SavedChunks(PARTITION_CHUNKS, group);
    return { chunks, drivers: chunks.all("driver") };
  });
}

interface KnownDrivers {
  readonly guest: ReadonlyMap<string, GuestDriver>;
  readonly host: ReadonlyMap<string, HostDriver>;
}

/** Drivers by their names, each of which stands for one. */
function byName<Named extends { readonly name: string }>(
  kind: LoadedDriver["kind"],
  drivers: readonly Named[],
): ReadonlyMap<string, Named> {
  const known = new Map<string, Named>();
  for (const driver of drivers) {
    const name = requireDriver(kind, driver);
    if ((known.get(name) ?? driver) !== driver) {
      throw new TypeError(`Cannot use two ${kind} drivers called "${name}"`);
    }
    known.set(name, driver);
  }
  return known;
}

function refused({ status, reason }: Refusal): RestoreResult {
  return { status, partition: null, levels: [], reason, loaded: [] };
}

function faulted({ status, message }: SavedStateFault): RestoreResult {
  return refused({ status, reason: message });
}

/** Builds the machine, then its drivers, those of the guest first. */
function build(
  runtime: FabricRuntime,
  bytes: Uint8Array,
  saved: readonly SavedLevel[],
  known: KnownDrivers,
): RestoreResult {
  const { made, recorder, clock } = runtime;
  const { counts } = made;
  const mark = recorder.mark();
  recorder.recordPayload(clock.now100ns, "partitionRestored", 0, bytes, bytes.length);
  const restored = new RestoredMachine(runtime, (endpoint) => new Driver(endpoint));
  try {
    const fault = readSaved(() => restored.read(saved));
    if (fault instanceof SavedStateFault) throw new Refused({ ...fault, reason: fault.message });
    loadEach(restored, "guest", (loaded, { state }, level) => {
      const driver = known.guest.get(loaded.name)!;
      return restoreGuestDriver(level, loaded, driver, state);
    }, saved);
    restored.schedule();
    loadEach(
      restored,
      "host",
      (loaded, { state }) => known.host.get(loaded.name)!.restore(hostContext(loaded), state),
      saved,
    );
    restored.finish();
    return restoredResult(runtime, restored);
  } catch (error) {
    restored.discard();
    if (made.rewind(counts)) recorder.rewind(mark);
    if (!(error instanceof Refused)) throw error; // a bug of this package
    return refused({ status: error.status, reason: error.message });
  }
}

/** Has the drivers of one kind built again, level by level. */
function loadEach(
  { levels }: RestoredMachine,
  kind: LoadedDriver["kind"],
  load: (loaded: LoadedDriver, saved: SavedDriver, level: RestoredPartition) => object,
  saved: readonly SavedLevel[],
): void {
  levels.forEach((level, place) =>
    level.partition.drivers.forEach((loaded, at) => {
      if (loaded.kind !== kind) return;
      loaded.instance = attempt(loaded, () => load(loaded, saved[place]!.drivers[at]!, level));
    })
  );
}

function restoredResult(runtime: FabricRuntime, machine: RestoredMachine): RestoreResult {
  const levels = machine.levels.map(({ partition }) => partition);
  const loaded = levels.flatMap((level) =>
    level.drivers.map(({ name, kind, instance }) => ({
      name,
      kind,
      instance: instance as GuestDriverInstance | HostDriverInstance,
      level,
    }))
  );
  for (const level of levels) {
    level.onResume = () => resumeHosts(level.drivers);
    const { name } = level;
    runtime.observer?.see({ kind: "partitionChanges", partition: name, change: "restored" });
  }
  return { status: STATUS_SUCCESS, partition: levels[0]!, levels, reason: null, loaded };
}

/**
 * Has a driver built again; whatever it throws refuses the restore, and a fault in its state says how:
 * not with a success, as a driver can make a fault of its own.
 */
function attempt(loaded: LoadedDriver, restore: () => object): object {
  try {
    const instance = restore();
    ignoreRejection(instance);
    requireInstance(loaded, instance);
    return instance;
  } catch (error) {
    const reason = `${loaded.label} cannot be restored: ${messageOf(error)}`;
    const status = isInstance(error, SavedStateFault)
      ? copyMembers(error, ["status"])?.status
      : undefined;
    const isFailure = isU32(status) && !NT_SUCCESS(status);
    throw new Refused({ status: isFailure ? status : STATUS_UNSUCCESSFUL, reason });
  }
}

function restoreGuestDriver(
  restored: RestoredPartition,
  loaded: LoadedDriver,
  driver: GuestDriver,
  state: SavedDriver["state"],
): GuestDriverInstance {
  const context = new RestoreContext(guestContext(loaded), loaded, restored);
  const instance = driver.restore(context, state);
  context.end();
  return instance;
}
