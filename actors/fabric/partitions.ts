/**
 * The partitions of one fabric, and the numbers that partitions and endpoints are given.
 *
 * @module
 */

import type { PartitionObject } from "../partition/partition_object.ts";

/** How many were made: what the next numbers follow from. */
export interface Counts {
  /** Partitions, the root included. */
  readonly partitions: number;
  /** Channel endpoints. */
  readonly endpoints: number;
}

/** The partitions of one fabric. */
export class Partitions {
  readonly #all: PartitionObject[] = [];
  #partitionCount = 0;
  #endpointCount = 0;

  /** Those that were not destroyed, the root first. */
  get all(): readonly PartitionObject[] {
    return this.#all;
  }

  /** The number of the next partition: from 0, which is the root's. */
  takePartitionId(): number {
    return this.#partitionCount++;
  }

  /** The number of the next endpoint, from 1. */
  takeEndpointId(): number {
    return ++this.#endpointCount;
  }

  /** `partition` is one of the fabric's from now on. */
  add(partition: PartitionObject): void {
    this.#all.push(partition);
  }

  /** `partition` was destroyed; false where it is not one of the fabric's. */
  remove(partition: PartitionObject): boolean {
    const at = this.#all.indexOf(partition);
    if (at >= 0) this.#all.splice(at, 1);
    return at >= 0;
  }

  /** Takes all of them out: the fabric ends. */
  removeAll(): readonly PartitionObject[] {
    return this.#all.splice(0);
  }

  /** How many partitions and endpoints were made so far. */
  get counts(): Counts {
    return { partitions: this.#partitionCount, endpoints: this.#endpointCount };
  }

  /**
   * What was made since `counts` were taken is gone without a trace: their numbers are free again. False
   * where something of it is still there, as a driver made it for itself: then all numbers stay taken.
   */
  rewind({ partitions, endpoints }: Counts): boolean {
    const isThere = this.#all.some((partition) =>
      partition.id >= partitions || [...partition.endpoints].some(({ id }) => id > endpoints)
    );
    if (isThere) return false;
    this.#partitionCount = partitions;
    this.#endpointCount = endpoints;
    return true;
  }
}
