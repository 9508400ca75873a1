/**
 * The world, as faults see it that do something to it.
 *
 * @module
 */

import type { FabricRuntime } from "../../actors/fabric/fabric_runtime.ts";
import type { LoadedDriver } from "../../actors/partition/loaded_driver.ts";
import type { PartitionObject } from "../../actors/partition/partition_object.ts";
import type { Delayed } from "./delays.ts";
import type {
  GuestDriver,
  GuestDriverInstance,
  HostDriver,
  HostDriverInstance,
  Partition,
} from "../../mod.ts";

/** A driver, on either side. */
export type DriverInstance = GuestDriverInstance | HostDriverInstance;

/** The partitions and drivers of a world. */
export interface WorldParts {
  /** What everything runs in. */
  readonly fabric: FabricRuntime;
  /** The guests by their names in the scenario, as they are now. */
  readonly guests: ReadonlyMap<string, Partition>;
  /** The scenario's drivers for guests, each once. */
  readonly guestDrivers: readonly GuestDriver[];
  /** Those for the root. */
  readonly hostDrivers: readonly HostDriver[];
  /** The driver called `name`, as it is now; null where it has not started. */
  driverCalled(name: string): DriverInstance | null;
  /** A guest, and the drivers that are keys of `successors`, are other objects from now on. */
  moved(
    name: string,
    guest: Partition,
    successors: ReadonlyMap<DriverInstance, DriverInstance>,
  ): void;
  /** See {@linkcode Draws.draw}. */
  draw(count: number): number;
  /** Something is not as it must be. */
  fail(rule: string, message: string, place: string): void;
}

/** A guest with its name in the scenario. */
export interface NamedGuest {
  /** The name. */
  readonly name: string;
  /** The guest. */
  readonly guest: PartitionObject;
}

/** What faults have to do with. */
export interface FaultyWorld extends WorldParts {
  /** The guests that live, with one name or all. */
  living(name: string | undefined): readonly NamedGuest[];
  /** What the scenario calls a guest; its own name where the scenario has no such guest. */
  nameOf(guest: { readonly name: string }): string;
  /** The driver called `name`, as its guest knows it; null where it is not there. */
  loaded(name: string): LoadedDriver | null;
  /** Has `work` done in so much virtual time; at once where nothing is to go wrong any more. */
  after(milliseconds: number, work: () => void): Delayed;
  /** What `work` comes to, in which nothing goes wrong. */
  calmly<T>(work: () => T): T;
  /** What `work` comes to, in which nothing goes wrong but that a driver which is restored may throw. */
  whileRestoring<T>(work: () => T): T;
  /** Faults that happened so far. */
  readonly firedCount: number;
  /** Has `work` done between two work items, as soon as `isReady`. */
  once(isReady: () => boolean, work: () => void): void;
}
