/**
 * The world that faults do something to.
 *
 * @module
 */

import type { FabricRuntime } from "../../actors/fabric/fabric_runtime.ts";
import type { LoadedDriver } from "../../actors/partition/loaded_driver.ts";
import { PartitionObject } from "../../actors/partition/partition_object.ts";
import type { GuestDriver, HostDriver, Partition } from "../../mod.ts";
import type { Point } from "./basics.ts";
import { type Delayed, Delays } from "./delays.ts";
import type { DriverInstance, FaultyWorld, NamedGuest, WorldParts } from "./faulty_world.ts";

/** What waits for a moment between two items. */
interface Waiting {
  readonly isReady: () => boolean;
  readonly work: () => void;
}

/** A world, and what faults have begun in it. */
export class VisitedWorld implements FaultyWorld {
  readonly #parts: WorldParts;
  readonly #delays: Delays;
  readonly #waiting = new Set<Waiting>();
  readonly #countFired: () => number;
  /** The only point at which something may go wrong for the moment; null: at none; undefined: at any. */
  #calmBut: Point | null | undefined = undefined;
  /** Items that the fabric had run when it was last asked. */
  #seen: number;

  /** The world that `parts` are of, in which `countFired()` faults have happened. */
  constructor(parts: WorldParts, countFired: () => number) {
    this.#parts = parts;
    this.#countFired = countFired;
    this.#delays = new Delays(parts.fabric);
    this.#seen = parts.fabric.loop.items;
  }

  /** See {@linkcode WorldParts.fabric}. */
  get fabric(): FabricRuntime {
    return this.#parts.fabric;
  }

  /** See {@linkcode WorldParts.guests}. */
  get guests(): ReadonlyMap<string, Partition> {
    return this.#parts.guests;
  }

  /** See {@linkcode WorldParts.guestDrivers}. */
  get guestDrivers(): readonly GuestDriver[] {
    return this.#parts.guestDrivers;
  }

  /** See {@linkcode WorldParts.hostDrivers}. */
  get hostDrivers(): readonly HostDriver[] {
    return this.#parts.hostDrivers;
  }

  /** See {@linkcode WorldParts.driverCalled}. */
  driverCalled(name: string): DriverInstance | null {
    return this.#parts.driverCalled(name);
  }

  /** See {@linkcode WorldParts.moved}. */
  moved(
    name: string,
    guest: Partition,
    successors: ReadonlyMap<DriverInstance, DriverInstance>,
  ): void {
    this.#parts.moved(name, guest, successors);
  }

  /** See {@linkcode WorldParts.fail}. */
  fail(rule: string, message: string, place: string): void {
    this.#parts.fail(rule, message, place);
  }

  /** See {@linkcode FaultyWorld.living}. */
  living(wanted: string | undefined): readonly NamedGuest[] {
    return [...this.guests].flatMap(([name, guest]) => {
      const isMeant = wanted === undefined || wanted === name;
      return isMeant && guest instanceof PartitionObject && guest.isAlive ? [{ name, guest }] : [];
    });
  }

  /** See {@linkcode WorldParts.draw}. */
  draw(count: number): number {
    return this.#parts.draw(count);
  }

  /** See {@linkcode FaultyWorld.nameOf}. */
  nameOf(guest: { readonly name: string }): string {
    for (const [name, known] of this.guests) if (known === guest) return name;
    return guest.name;
  }

  /** See {@linkcode FaultyWorld.loaded}. */
  loaded(name: string): LoadedDriver | null {
    const instance = this.driverCalled(name);
    if (instance === null) return null;
    for (const guest of this.fabric.partitions) {
      const loaded = guest.drivers.find((driver) => driver.instance === instance);
      if (loaded !== undefined) return loaded;
    }
    return null;
  }

  /** See {@linkcode FaultyWorld.after}. */
  after(milliseconds: number, work: () => void): Delayed {
    return this.#delays.add(milliseconds, work);
  }

  /** See {@linkcode FaultyWorld.calmly}. */
  calmly<T>(work: () => T): T {
    return this.#calmlyBut(null, work);
  }

  /** See {@linkcode FaultyWorld.whileRestoring}. */
  whileRestoring<T>(work: () => T): T {
    return this.#calmlyBut("restore", work);
  }

  #calmlyBut<T>(point: Point | null, work: () => T): T {
    this.#calmBut = point;
    try {
      return work();
    } finally {
      this.#calmBut = undefined;
    }
  }

  /** Whether nothing goes wrong for the moment, but what may at one point. */
  get isCalm(): boolean {
    return this.#calmBut !== undefined;
  }

  /** Whether something may go wrong at `point` for the moment. */
  isOpenTo(point: Point): boolean {
    return this.#calmBut === undefined || this.#calmBut === point;
  }

  /** See {@linkcode FaultyWorld.firedCount}. */
  get firedCount(): number {
    return this.#countFired();
  }

  /** See {@linkcode FaultyWorld.once}. */
  once(isReady: () => boolean, work: () => void): void {
    this.#waiting.add({ isReady, work });
  }

  /** Whether there is something for which it is the moment now. */
  get isReady(): boolean {
    for (const { isReady } of this.#waiting) if (isReady()) return true;
    return false;
  }

  /** Does that. */
  doReady(): void {
    for (const waiting of [...this.#waiting]) {
      if (!waiting.isReady()) continue;
      this.#waiting.delete(waiting);
      waiting.work();
    }
  }

  /** Items that have run since this was asked last. */
  passed(): number {
    const { items } = this.fabric.loop;
    const passed = items - this.#seen;
    this.#seen = items;
    return passed;
  }

  /** Nothing goes wrong any more: what was delayed comes now. */
  end(): void {
    this.#delays.end();
  }
}
