/**
 * A saver that changes fields of a saved guest and computes all checksums anew, and what must hold of
 * whatever it makes.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { World } from "../../actors/fabric/world.ts";
import { createChannelChart } from "../../actors/channel/machine.ts";
import { chartOf } from "../../actors/chart/chart_actor.ts";
import { persistState } from "../../actors/chart/persisted.ts";
import { createPacketChart } from "../../actors/packet/machine.ts";
import { PARTITION_CHUNKS } from "../../actors/partition/partition_chunks.ts";
import { Chance } from "../../core/chance.ts";
import {
  EnvelopeWriter,
  joined,
  readEnvelope,
  type SavedChunk,
  writeEnvelope,
} from "../../core/saved/envelope.ts";
import { areEqual, encodePlainData, type PlainData } from "../../core/saved/plain_data.ts";
import * as vmbus from "../../mod.ts";
import { changed, dataAt, Donors, placesOf, withAt } from "./plain_changes.ts";
import { RICH_DRIVERS, richFabric } from "./rich_guest.ts";

/** Steps of the loop that a guest which came back is granted. */
const STEPS = 300;

/** Whether a changed chunk is the guest's alone. Which packets have a routine, their driver decides anew. */
function isGuests(chunk: SavedChunk, data: PlainData): boolean {
  const { driver, client, hostEnd } = PARTITION_CHUNKS;
  const routines = (of: PlainData) => encodePlainData(dataAt(of, ["packets"]) ?? null);
  return chunk.type !== driver && chunk.type !== hostEnd &&
    (chunk.type !== client || areEqual(routines(data), routines(chunk.data)));
}

/** Whether a chunk is no page's content. */
function isFields({ type }: SavedChunk): boolean {
  return type !== PARTITION_CHUNKS.pages && type !== PARTITION_CHUNKS.mmioPages;
}

/** A saved guest that was changed. */
export interface Evil {
  readonly bytes: Uint8Array;
  readonly changeCount: number;
  /** Whether nothing was changed that drivers or servers could make of it another. */
  readonly isGuests: boolean;
  /** The changes in words. */
  readonly tell: () => string;
}

/** A saved guest in the saver's hands. */
export class HostileSaver {
  readonly #chunks: readonly SavedChunk[];
  /** The chunks as they are, so that those which stay so need not be written again. */
  readonly #pieces: readonly Uint8Array[];
  /** The chunks whose fields are changed: not the contents of pages. */
  readonly #targets: readonly number[];
  readonly #places: readonly ReturnType<typeof placesOf>[];
  readonly #donors = new Donors();

  readonly #header: Uint8Array;
  readonly #end: Uint8Array;

  /** Takes a saved guest apart; without its pages it is a guest whose memory is all zero. */
  constructor(bytes: Uint8Array, hasPages: boolean) {
    const chunks = readEnvelope("partition", bytes);
    this.#chunks = hasPages ? chunks : chunks.filter(isFields);
    const writer = new EnvelopeWriter("partition");
    this.#header = writer.header();
    this.#pieces = this.#chunks.map(({ type, data }) => writer.chunk(type, data));
    this.#end = writer.end();
    this.#targets = [...this.#chunks.keys()].filter((at) => isFields(this.#chunks[at]!));
    this.#places = this.#chunks.map((chunk) =>
      isFields(chunk) ? placesOf(chunk.data, "chunk") : []
    );
    for (const at of this.#targets) this.#donors.add(this.#chunks[at]!.data, "chunk");
    this.#addStates("client", () => createChannelChart("client"));
    this.#addStates("packet", createPacketChart);
  }

  /** Every state of a chart may stand where a state stands. */
  #addStates(name: string, create: Parameters<typeof chartOf>[1]): void {
    const chart = chartOf(name, create, "compiled");
    for (const state of chart.table!.states.values()) {
      this.#donors.add(persistState(chart, state), "state");
    }
  }

  /** Makes one to three changes, or one of whole chunks. */
  change(chance: Chance): Evil {
    if (chance.below(50) === 0) return this.#changeChunks(chance);
    const datas = new Map<number, PlainData>();
    const changes: (() => string)[] = [];
    for (let left = 1 + chance.below(3); left > 0; left--) {
      const at = this.#targets[chance.below(this.#targets.length)]!;
      const places = this.#places[at]!;
      const { path, key } = places[chance.below(places.length)]!;
      const data = datas.get(at) ?? this.#chunks[at]!.data;
      const old = dataAt(data, path);
      if (old === undefined) continue; // an earlier change took it away
      const fresh = changed(chance, old, key, this.#donors);
      datas.set(at, withAt(data, path, fresh));
      changes.push(() => `chunk ${at} ${path.join(".")}: ${show(old)} -> ${show(fresh)}`);
    }
    const pieces = this.#chunks.map(({ type }, at) => {
      const data = datas.get(at);
      return data === undefined
        ? this.#pieces[at]!
        : new EnvelopeWriter("partition").chunk(type, data);
    });
    const bytes = joined([this.#header, ...pieces, this.#end]);
    return {
      bytes,
      changeCount: changes.length,
      isGuests: [...datas].every(([at, data]) => isGuests(this.#chunks[at]!, data)),
      tell: () => changes.map((tell) => tell()).join("; "),
    };
  }

  #changeChunks(chance: Chance): Evil {
    const at = chance.below(this.#chunks.length);
    const chunk = this.#chunks[at]!;
    const other = this.#chunks[chance.below(this.#chunks.length)]!;
    const ways: readonly (readonly SavedChunk[])[] = [
      this.#chunks.toSpliced(at, 1),
      this.#chunks.toSpliced(at, 0, chunk),
      this.#chunks.toSpliced(at, 0, other),
      this.#chunks.with(at, { ...chunk, type: 1 + chance.below(12) }),
      this.#chunks.with(at, { ...chunk, data: other.data }),
    ];
    const way = chance.below(ways.length);
    return {
      bytes: writeEnvelope("partition", ways[way]!),
      changeCount: 1,
      isGuests: false,
      tell: () => `chunk ${at}, way ${way}, with a chunk of type ${other.type}`,
    };
  }
}

function show(data: unknown): string {
  const text = Deno.inspect(data, { depth: 4, breakLength: Infinity, iterableLimit: 8 });
  return text.length > 120 ? `${text.slice(0, 120)}...` : text;
}

/** What a world tells of itself. */
export function stateOf(world: World): string {
  return JSON.stringify([world.inspect(), world.traceDigest(), world.violations.length]);
}

/** What became of a saved state. */
export type Fate = "refused" | "lived";

/** Where saved states are tried. */
export class Arena {
  #world: World = richFabric();
  #before: string = stateOf(this.#world);

  /**
   * Restores `bytes`. Where they are refused, the world must be as it was; a guest that comes back is saved
   * as it was, where `isGuests` says that no driver and no server can have made it another; then it lives
   * for a while, and ends.
   */
  async try(bytes: Uint8Array, isGuests: boolean): Promise<Fate> {
    const world = this.#world;
    const { partition, reason } = vmbus.restorePartition(world, bytes, RICH_DRIVERS);
    if (partition === null) {
      // A broken promise of the package that a driver was told of would be its reason for refusing.
      assert(
        reason !== null && reason !== "" && !reason.includes("this does not hold"),
        `${reason}`,
      );
      if (stateOf(world) !== this.#before) assertEquals(stateOf(world), this.#before);
      return "refused";
    }
    this.#world = richFabric();
    this.#before = stateOf(this.#world);
    if (isGuests) {
      const again = await vmbus.savePartition(partition);
      assertEquals(again.reason, null);
      assert(areEqual(again.bytes!, bytes), "a guest that came back is saved as it was");
    }
    await live(world, partition);
    return "lived";
  }
}

async function live(world: World, partition: vmbus.Partition): Promise<void> {
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
): Promise<{ readonly changeCount: number } & Readonly<Record<Fate, number>>> {
  const arena = new Arena();
  const tally = { changeCount: 0, refused: 0, lived: 0 };
  for (let at = first; at < first + count; at++) {
    const evil = saver.change(Chance.fromSeed(seed).fork(`case ${at}`));
    tally.changeCount += evil.changeCount;
    try {
      tally[await arena.try(evil.bytes, evil.isGuests)]++;
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const replay = `{ seed: ${seed}, first: ${at}, count: 1 }`;
      throw new Error(`Case ${replay}: ${evil.tell()}: ${reason}`, { cause });
    }
  }
  return tally;
}
