/**
 * A saver that changes fields of what was saved, a channel or a guest, and computes all checksums anew.
 *
 * @module
 */

import { createChannelChart } from "../../actors/channel/machine.ts";
import { chartOf } from "../../actors/chart/chart_actor.ts";
import { persistState } from "../../actors/chart/persisted.ts";
import { createPacketChart } from "../../actors/packet/machine.ts";
import type { Chance } from "../../core/chance.ts";
import {
  EnvelopeWriter,
  joined,
  type SavedChunk,
  writeEnvelope,
} from "../../core/saved/envelope.ts";
import type { PlainData } from "../../core/saved/plain_data.ts";
import { changed, dataAt, Donors, placesOf, withAt } from "./plain_changes.ts";

/** What it changes. */
export type HostileKind = "channel" | "partition";

/** What was saved, changed. */
export interface Evil {
  readonly bytes: Uint8Array;
  readonly changeCount: number;
  /** What became of the chunks that were changed, by their places; null where chunks are others altogether. */
  readonly changed: ReadonlyMap<number, PlainData> | null;
  /** The changes in words. */
  readonly tell: () => string;
}

/** The charts whose states stand in saved state: any of them may stand where one stands. */
const CHARTS: Readonly<Record<HostileKind, () => readonly ReturnType<typeof chartOf>[]>> = {
  channel: () => [
    chartOf("server", () => createChannelChart("server"), "compiled"),
    chartOf("packet", createPacketChart, "compiled"),
  ],
  partition: () => [
    chartOf("client", () => createChannelChart("client"), "compiled"),
    chartOf("packet", createPacketChart, "compiled"),
  ],
};

type Path = ReturnType<typeof placesOf>[number]["path"];

/** Saved chunks in the saver's hands. */
export class HostileSaver {
  /** The chunks as they were saved. */
  readonly chunks: readonly SavedChunk[];
  readonly #kind: HostileKind;
  /** Header, chunks and end mark as they are, so that what stays so need not be written again. */
  readonly #header: Uint8Array;
  readonly #pieces: readonly Uint8Array[];
  readonly #end: Uint8Array;
  /** The chunks whose fields are changed, and every place in them. */
  readonly #targets: readonly number[];
  readonly #places: readonly ReturnType<typeof placesOf>[];
  readonly #donors = new Donors();
  /** Fields that no change was made to yet. */
  readonly #untouched: Set<string>;

  /** Takes `chunks`; those that `isTarget` says are changed within, all are left out or doubled. */
  constructor(
    kind: HostileKind,
    chunks: readonly SavedChunk[],
    isTarget: (chunk: SavedChunk) => boolean = () => true,
  ) {
    this.chunks = chunks;
    this.#kind = kind;
    const writer = new EnvelopeWriter(kind);
    this.#header = writer.header();
    this.#pieces = chunks.map(({ type, data }) => writer.chunk(type, data));
    this.#end = writer.end();
    this.#targets = [...chunks.keys()].filter((at) => isTarget(chunks[at]!));
    this.#places = chunks.map(({ data }, at) =>
      this.#targets.includes(at) ? placesOf(data, "chunk") : []
    );
    this.#untouched = new Set(
      this.#places.flatMap((places, at) => places.map(({ path }) => this.#fieldAt(at, path))),
    );
    for (const at of this.#targets) this.#donors.add(chunks[at]!.data, "chunk");
    for (const chart of CHARTS[kind]()) {
      for (const state of chart.table!.states.values()) {
        this.#donors.add(persistState(chart, state), "state");
      }
    }
  }

  /** The fields that no change was made to, each with the type of its chunk. */
  get untouched(): readonly string[] {
    return [...this.#untouched];
  }

  /** A field, whichever member of its lists it is of. */
  #fieldAt(at: number, path: Path): string {
    const keys = path.map((key) => typeof key === "number" ? "[]" : key);
    return [this.chunks[at]!.type, ...keys].join(" ");
  }

  /** Makes one to four changes, or one of whole chunks. */
  change(chance: Chance): Evil {
    if (chance.below(50) === 0) return this.#changeChunks(chance);
    const datas = new Map<number, PlainData>();
    const changes: (() => string)[] = [];
    for (let left = 1 + chance.below(4); left > 0; left--) {
      const at = this.#targets[chance.below(this.#targets.length)]!;
      const places = this.#places[at]!;
      const { path, key } = places[chance.below(places.length)]!;
      const data = datas.get(at) ?? this.chunks[at]!.data;
      const old = dataAt(data, path);
      if (old === undefined) continue; // an earlier change took it away
      const fresh = changed(chance, old, key, this.#donors);
      datas.set(at, withAt(data, path, fresh));
      this.#untouched.delete(this.#fieldAt(at, path));
      changes.push(() => `chunk ${at} ${path.join(".")}: ${show(old)} -> ${show(fresh)}`);
    }
    const pieces = this.#pieces.map((piece, at) => {
      const data = datas.get(at);
      return data === undefined
        ? piece
        : new EnvelopeWriter(this.#kind).chunk(this.chunks[at]!.type, data);
    });
    return {
      bytes: joined([this.#header, ...pieces, this.#end]),
      changeCount: changes.length,
      changed: datas,
      tell: () => changes.map((tell) => tell()).join("; "),
    };
  }

  #changeChunks(chance: Chance): Evil {
    const { chunks } = this;
    const at = chance.below(chunks.length);
    const chunk = chunks[at]!;
    const other = chunks[chance.below(chunks.length)]!;
    const ways: readonly (readonly SavedChunk[])[] = [
      chunks.toSpliced(at, 1),
      chunks.toSpliced(at, 0, chunk),
      chunks.toSpliced(at, 0, other),
      chunks.with(at, { ...chunk, type: 1 + chance.below(12) }),
      chunks.with(at, { ...chunk, data: other.data }),
      chunks.toReversed(),
    ];
    const way = chance.below(ways.length);
    return {
      bytes: writeEnvelope(this.#kind, ways[way]!),
      changeCount: 1,
      changed: null,
      tell: () => `chunk ${at}, way ${way}, with a chunk of type ${other.type}`,
    };
  }
}

function show(data: unknown): string {
  const text = Deno.inspect(data, { depth: 4, breakLength: Infinity, iterableLimit: 8 });
  return text.length > 120 ? `${text.slice(0, 120)}...` : text;
}
