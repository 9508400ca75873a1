/**
 * An image whose calls go wrong as the rules of its world have it.
 *
 * @module
 */

import type { FaultPlace } from "../../../actors/runtime/fault_port.ts";
import type { PartitionObject } from "../../../actors/partition/partition_object.ts";
import type { BlockingImage } from "../../../devices/image.ts";
import type { Extent, StorageImage } from "../../../devices/storage/mod.ts";
import type { Fabric, Partition } from "../../../mod.ts";
import type { FaultyWorld } from "../faulty_world.ts";
import type { FaultRule } from "../rule.ts";
import { parameterOf } from "../table.ts";

/** Chooses which rules fire. */
export interface FiringAtImages {
  /** Where faults happen; null while nothing goes wrong. */
  readonly world: FaultyWorld | null;
  /** The rule that fires at `point` in this `place`, this time; null: none does. */
  meets(point: "image", place: FaultPlace): FaultRule | null;
}

const firings = new WeakMap<Fabric, FiringAtImages>();

/** From now on `firing` says what the images of `fabric` do wrong. */
export function haveImagesFail(fabric: Fabric, firing: FiringAtImages): void {
  firings.set(fabric, firing);
}

/** Calls that an image has at once: others overtake one that is slow. */
const CALLS_MAX = 8;

/** An image in memory, as a storage driver has one. */
export type PlainImage = BlockingImage & StorageImage;

/**
 * An image whose calls go wrong as the rules `storageSlow`, `storageReordered` and `storageFailed` of its world say. It
 * is for a server's disk, and stands before what keeps the bytes.
 *
 * @param guest The guest that the disk is served to.
 */
export function faultyImage(fabric: Fabric, guest: Partition, image: PlainImage): ImageAtFault {
  return new FaultyImage(fabric, guest, image);
}

/** An image that goes wrong. */
export interface ImageAtFault extends StorageImage {
  /** Calls that were not carried out so far. */
  readonly underWay: number;
}

class FaultyImage implements ImageAtFault {
  readonly callsMax = CALLS_MAX;
  underWay = 0;
  readonly isInFabric = true;
  readonly #image: PlainImage;
  readonly #fabric: Fabric;
  readonly #guest: Partition;
  /** Calls that come behind the next one. */
  readonly #overtaken: (() => void)[] = [];

  constructor(fabric: Fabric, guest: Partition, image: PlainImage) {
    this.#fabric = fabric;
    this.#guest = guest;
    this.#image = image;
  }

  get byteCount(): number {
    return this.#image.byteCount;
  }

  get isReadOnly(): boolean {
    return this.#image.isReadOnly ?? false;
  }

  read(offset: number, into: Uint8Array): void | Promise<void> {
    return this.#call("read", () => this.#image.read(offset, into));
  }

  write(offset: number, bytes: Uint8Array): void | Promise<void> {
    return this.#call("write", () => this.#image.write(offset, bytes));
  }

  flush(): void | Promise<void> {
    return this.#call("flush", () => this.#image.flush());
  }

  discard(offset: number, byteCount: number): void | Promise<void> {
    return this.#call("discard", () => void this.#image.discard?.(offset, byteCount));
  }

  extentAt(offset: number): Extent {
    const rest = { byteCount: this.byteCount - offset, isMapped: true };
    return this.#image.extentAt?.(offset) ?? rest;
  }

  #call(what: string, work: () => void): void | Promise<void> {
    const firing = firings.get(this.#fabric);
    const guest = this.#guest as PartitionObject;
    const place: FaultPlace = { guest, channelId: null, direction: null, what };
    const rule = firing?.meets("image", place) ?? null;
    const world = firing?.world ?? null;
    if (rule === null || world === null) {
      work();
      for (const come of this.#overtaken.splice(0)) come();
      return;
    }
    if (rule.do === "storageFailed") throw new Error(`the storage fails to ${what}`);
    const ms = parameterOf(rule, "ms");
    this.underWay++;
    return new Promise<void>((resolve) => {
      if (rule.do === "storageReordered") this.#overtaken.push(resolve);
      world.after(ms, resolve);
    }).then(() => {
      this.underWay--;
      work();
    });
  }
}
