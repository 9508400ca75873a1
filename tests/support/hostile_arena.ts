/**
 * Where saved guests that somebody changed are tried, and what must hold of whatever they are.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { FabricRuntime } from "../../actors/fabric/fabric_runtime.ts";
import { PARTITION_CHUNKS } from "../../actors/saving/partition_image.ts";
import { GROUP_TYPES } from "../../core/saved/chunks.ts";
import { Chance } from "../../core/chance.ts";
import { readEnvelope, type SavedChunk, writeEnvelope } from "../../core/saved/envelope.ts";
import { areEqual, encodePlainData, type PlainData } from "../../core/saved/plain_data.ts";
import * as vmbus from "../../mod.ts";
import { type Evil, HostileSaver } from "./hostile_saver.ts";
import { dataAt } from "./plain_changes.ts";
import { RICH_DRIVERS, richFabric } from "./rich_guest.ts";

/** Steps of the loop that a guest which came back is granted. */
const STEPS = 300;

/** Whether a chunk is no page's content. */
function isFields({ type }: SavedChunk): boolean {
  const kind = type % GROUP_TYPES;
  return kind !== PARTITION_CHUNKS.pages.type && kind !== PARTITION_CHUNKS.mmioPages.type;
}

/** A saver of `bytes`, a saved guest; without its pages it is a guest whose memory is all zero. */
export function saverOfGuest(bytes: Uint8Array, hasPages: boolean): HostileSaver {
  const chunks = readEnvelope("partition", bytes);
  return new HostileSaver("partition", hasPages ? chunks : chunks.filter(isFields), isFields);
}

/** Whether nothing was changed that drivers or servers could make of it another. */
function isGuests({ chunks }: HostileSaver, { changed }: Evil): boolean {
  return changed !== null && [...changed].every(([at, data]) => isGuestsChunk(chunks[at]!, data));
}

/** Whether a changed chunk is the guest's alone. Which packets have a routine, their driver decides anew. */
function isGuestsChunk(chunk: SavedChunk, data: PlainData): boolean {
  const { driver, client, hostEnd } = PARTITION_CHUNKS;
  const type = chunk.type % GROUP_TYPES;
  const routines = (of: PlainData) => encodePlainData(dataAt(of, ["packets"]) ?? null);
  return type !== driver.type && type !== hostEnd.type &&
    (type !== client.type || areEqual(routines(data), routines(chunk.data)));
}

/** What a world tells of itself. */
export function stateOf(world: FabricRuntime): string {
  return JSON.stringify([world.inspect(), world.traceDigest(), world.violations.length]);
}

/** What was saved, apart from what drivers told. */
function withoutDrivers(bytes: Uint8Array): Uint8Array {
  const chunks = readEnvelope("partition", bytes);
  const isDriver = ({ type }: SavedChunk) => type % GROUP_TYPES === PARTITION_CHUNKS.driver.type;
  return writeEnvelope("partition", chunks.filter((chunk) => !isDriver(chunk)));
}

/** What became of a saved state. */
export type Fate = "refused" | "lived";

/** Where saved states are tried: one world after the other, each until a guest has lived in it. */
export class Arena {
  readonly #drivers: vmbus.RestoreOptions;
  readonly #comparable: (bytes: Uint8Array) => Uint8Array;
  #world: FabricRuntime = richFabric();
  #before: string = stateOf(this.#world);

  /** For saved guests that have these drivers, which, where they `count`, tell something else once they were restored. */
  constructor(drivers: vmbus.RestoreOptions = RICH_DRIVERS, count = false) {
    this.#drivers = drivers;
    this.#comparable = count ? withoutDrivers : (bytes) => bytes;
  }

  /**
   * Restores `bytes`. Where they are refused, the world must be as it was; a guest that comes back is saved
   * as it was, where `isSame` says that no driver and no server can have made it another; then it lives
   * for a while, and ends.
   */
  async try(bytes: Uint8Array, isSame: boolean): Promise<Fate> {
    const world = this.#world;
    const { partition, reason } = vmbus.restorePartition(world, bytes, this.#drivers);
    if (partition === null) {
      // A broken promise of the package that a driver was told of would be its reason for refusing.
      assert(
        reason !== null && reason !== "" && !reason.includes("this does not hold"),
        `${reason}`,
      );
      if (stateOf(world) !== this.#before) assertEquals(stateOf(world), this.#before);
      return "refused";
    }
    if (isSame) {
      const again = await vmbus.savePartition(partition);
      assertEquals(again.reason, null);
      const [now, before] = [again.bytes!, bytes].map(this.#comparable);
      assert(areEqual(now!, before!), "a guest that came back is saved as it was");
    }
    await live(world, partition);
    this.#before = stateOf(world);
    return "lived";
  }
}

async function live(world: FabricRuntime, partition: vmbus.Partition): Promise<void> {
  partition.resume();
  await world.loop.driveUntil("live", () => false, STEPS);
  partition.destroy();
  await world.loop.driveUntil("end", () => false, STEPS);
  const thrown = world.violations.filter(({ rule }) => rule === "exception out of a callback");
  assertEquals(thrown, []);
  const { partitions, callers, callbacks } = world.inspect();
  assertEquals([partitions.length, callers, callbacks], [1, [], []]);
  assertEquals(partitions[0]!.channels, []);
}

/** Which cases are run: each draws from a stream of its own. */
export interface Cases {
  readonly seed: number;
  readonly first: number;
  readonly count: number;
}

/** Runs cases; one that fails says with which {@linkcode Cases} it is run alone, and what was changed. */
export async function runCases(
  saver: HostileSaver,
  { seed, first, count }: Cases,
  drivers: vmbus.RestoreOptions = RICH_DRIVERS,
  driversCount = false,
): Promise<{ readonly changeCount: number } & Readonly<Record<Fate, number>>> {
  const arena = new Arena(drivers, driversCount);
  const tally = { changeCount: 0, refused: 0, lived: 0 };
  for (let at = first; at < first + count; at++) {
    const evil = saver.change(Chance.fromSeed(seed).fork(`case ${at}`));
    tally.changeCount += evil.changeCount;
    try {
      tally[await arena.try(evil.bytes, isGuests(saver, evil))]++;
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const replay = `{ seed: ${seed}, first: ${at}, count: 1 }`;
      throw new Error(`Case ${replay}: ${evil.tell()}: ${reason}`, { cause });
    }
  }
  return tally;
}
