/**
 * Builds a machine again from its chunks, one trust level after the other (docs/saved-state.md). Nothing outside of it
 * notices before {@linkcode RestoredMachine.finish}; until then all of it can be taken back.
 *
 * @module
 */

import type { SavedChunks } from "../../core/saved/chunks.ts";
import { throwDataError } from "../../core/saved/fault.ts";
import type { Endpoint } from "../channel/endpoint.ts";
import type { FabricRuntime } from "../fabric/fabric_runtime.ts";
import type { TrustLevel } from "../partition/partition_kind.ts";
import type { PartitionObject } from "../partition/partition_object.ts";
import type { PARTITION_CHUNKS, PartitionPart, SavedDriver } from "./partition_image.ts";
import { RestoredPartition } from "./restored_partition.ts";

/** What was saved of one trust level. */
export interface SavedLevel {
  /** Its chunks. */
  readonly chunks: SavedChunks<typeof PARTITION_CHUNKS>;
  /** Its drivers, and those that serve it. */
  readonly drivers: readonly SavedDriver[];
}

interface Range {
  readonly gpa: number;
  readonly byteCount: number;
}

/** A machine that is being built. */
export class RestoredMachine {
  readonly #runtime: FabricRuntime;
  readonly #makeCallbacks: (endpoint: Endpoint) => void;
  readonly #levels: RestoredPartition[] = [];
  /** What is due, in the order in which it is to be scheduled: which item of which level. */
  #due: (readonly [level: RestoredPartition, at: number])[] = [];

  /** Nothing is built yet; `makeCallbacks` gives each endpoint the layer above. */
  constructor(runtime: FabricRuntime, makeCallbacks: (endpoint: Endpoint) => void) {
    this.#runtime = runtime;
    this.#makeCallbacks = makeCallbacks;
  }

  /** Its trust levels, the first one first. */
  get levels(): readonly RestoredPartition[] {
    return this.#levels;
  }

  /** Builds everything but the drivers; throws a SavedStateFault where something is wrong. */
  read(saved: readonly SavedLevel[]): void {
    for (const { chunks, drivers } of saved) this.#readLevel(chunks, drivers);
    for (const { partition } of this.#levels) {
      if (!partition.sharesMemory) this.#checkMemory(partition);
    }
  }

  #readLevel(chunks: SavedLevel["chunks"], drivers: SavedLevel["drivers"]): void {
    const place = this.#levels.length;
    if (place === 0) chunks.none("level");
    const further = place === 0 ? null : chunks.one("level");
    const level = further && this.#levelOf(further, chunks.one("header").vtl);
    const restored = new RestoredPartition(this.#runtime, this.#makeCallbacks);
    this.#levels.push(restored); // also where it cannot be read: then what is there of it goes again
    restored.read(chunks, drivers, level);
    this.#mergeWork(restored, further?.behind ?? null);
  }

  /** How a level with trust level `vtl` is one of the machine. */
  #levelOf({ of, ...rest }: PartitionPart<"level">, vtl: number): TrustLevel<PartitionObject> {
    const beside = this.#levels[of]?.partition ?? throwDataError("a trust level is beside nobody");
    if (this.#levels.some(({ partition }) => partition.vtl === vtl)) {
      throwDataError(`there are two trust levels ${vtl}`);
    }
    if (rest.isRedirected && beside.vtl <= vtl) {
      throwDataError(`the paravisor of trust level ${vtl} is of level ${beside.vtl}`);
    }
    return { of: beside, ...rest };
  }

  /** `behind`: see the chunk `level`. */
  #mergeWork(level: RestoredPartition, behind: readonly number[] | null): void {
    const before = this.#due;
    const places = behind ?? Array.from({ length: level.itemCount }, () => 0);
    const isGood = places.length === level.itemCount && (places.at(-1) ?? 0) <= before.length;
    if (!isGood) throwDataError("work is due that is not there, or at no time");
    const merged: (typeof before[number])[] = [];
    let at = 0;
    for (let done = 0; done <= before.length; done++) {
      for (; places[at] === done; at++) merged.push([level, at]);
      if (done < before.length) merged.push(before[done]!);
    }
    this.#due = merged;
  }

  /** What lies in the memory of `owner`, which other levels may share, is used by one channel alone. */
  #checkMemory({ memory }: PartitionObject): void {
    const sharing = this.#levels.filter(({ partition }) => partition.memory === memory);
    const rings = sharing.flatMap(({ partition }) =>
      partition.bus.guest.channels.flatMap(({ taken }) => taken?.ringPages ?? [])
    );
    if (new Set(rings).size < rings.length) throwDataError("two channels have the same rings");
    const ranges = sharing.flatMap(({ mmio }) => mmio);
    const reserved = ranges.filter(({ isReserved }) => isReserved);
    const placed = ranges.filter(({ backing }) => backing !== null);
    const clients = sharing.flatMap(({ clients }) => clients);
    const servers = sharing.flatMap(({ partition }) => partition.bus.host.unclaimed.all);
    const bounce = clients.flatMap((client) => client.bounce?.buffers ?? []);
    const pages = sharing.flatMap(({ partition: { bus } }) => [
      ...bus.guest.signals.buffers,
      ...bus.host.signals.hostPage === null ? [] : [bus.host.signals.hostPage],
    ]);
    const kept = [...rings, ...bounce, ...pages];
    if (new Set(kept).size < kept.length) {
      throwDataError(
        "a buffer of rings, of bounce buffers or of signals is another one of them as well",
      );
    }
    const isGood = areSame(reserved, clients.map(({ channel }) => channel?.mmio ?? null)) &&
      areSame(placed, servers.map(({ mmio }) => mmio));
    if (!isGood) throwDataError("MMIO is nobody's, or somebody's who cannot have it");
  }

  /** What is due on the machine's processors is scheduled, in the order that it had. */
  schedule(): void {
    for (const [level, at] of this.#due) level.schedule(at);
  }

  /** The drivers are there: the machine is the fabric's, and channels that nobody serves are gone. */
  finish(): void {
    for (const level of this.#levels) level.finish();
  }

  /** Takes everything back. */
  discard(): void {
    for (const level of this.#levels.toReversed()) level.discard();
  }
}

/** Whether the ranges are those that are held, each by one. Ranges never overlap. */
function areSame(ranges: readonly Range[], held: readonly (Range | null)[]): boolean {
  const left = new Map(ranges.map(({ gpa, byteCount }) => [gpa, byteCount]));
  const isEachThere = held.every((range) =>
    range === null || (left.get(range.gpa) === range.byteCount && left.delete(range.gpa))
  );
  return isEachThere && left.size === 0;
}
