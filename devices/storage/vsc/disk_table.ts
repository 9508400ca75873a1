/**
 * The part of the storage controller's VSC that knows its disks. Each has a number of its own; a disk that comes back
 * at the LUN of one that went is another disk.
 *
 * @module
 */

import type { PlainData, SavedFields } from "../../../mod.ts";
import { type DiskFacts, restoreFacts } from "./disk_facts.ts";
import type { StorageClientState } from "./state.ts";

/** A disk, or one that was there. */
export interface KnownDisk {
  /** Its number. */
  readonly id: number;
  /** What is known of it. */
  facts: DiskFacts;
  /** Whether it is there: one that is not is known until what was asked of it has ended. */
  isThere: boolean;
}

/** The disks of one controller. */
export class DiskTable {
  readonly #state: StorageClientState;
  readonly #disks = new Map<number, KnownDisk>();

  /** None, of the controller whose state that is. */
  constructor(state: StorageClientState) {
    this.#state = state;
  }

  /** Those that are there, in the order of their LUNs. */
  get present(): readonly KnownDisk[] {
    return [...this.#disks.values()].filter(({ isThere }) => isThere)
      .sort((a, b) => a.facts.lun - b.facts.lun);
  }

  /** The disk that is there at `lun`; null where there is none. */
  at(lun: number): KnownDisk | null {
    return this.present.find(({ facts }) => facts.lun === lun) ?? null;
  }

  /** A disk by its number, there or not; null where it is not known. */
  byId(id: number): KnownDisk | null {
    return this.#disks.get(id) ?? null;
  }

  /** A disk that was not there before. */
  add(facts: DiskFacts): KnownDisk {
    const disk = { id: this.#state.nextDisk++, facts, isThere: true };
    this.#disks.set(disk.id, disk);
    return disk;
  }

  /** Forgets those that are not there and of which `isNeeded` says that nothing is under way. */
  prune(isNeeded: (id: number) => boolean): void {
    for (const { id, isThere } of [...this.#disks.values()]) {
      if (!isThere && !isNeeded(id)) this.#disks.delete(id);
    }
  }

  /** All of them, as plain data. */
  save(): PlainData {
    return [...this.#disks.values()].map(({ id, facts, isThere }) => ({
      id,
      facts: { ...facts },
      isThere,
    }));
  }

  /**
   * Takes one back that {@linkcode DiskTable.save} told.
   *
   * @throws {Error} There is one already with its number, or at its LUN.
   */
  restore(saved: SavedFields): void {
    const id = saved.uint("id", this.#state.nextDisk - 1);
    const facts = saved.record("facts", restoreFacts);
    const isThere = saved.flag("isThere");
    if (this.#disks.has(id) || (isThere && this.at(facts.lun) !== null)) {
      throw new Error(`Cannot restore disk ${id} at LUN ${facts.lun}: there is one already`);
    }
    this.#disks.set(id, { id, facts, isThere });
  }
}
