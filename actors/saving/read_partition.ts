/**
 * Reads the chunks of a saved partition: which there must be, in which order, and what each holds
 * (docs/saved-state.md). Every reader throws a SavedStateFault where a chunk is not what it must be.
 *
 * @module
 */

import type { MemoryImage, MmioRangeImage, PageRun } from "../../core/memory/memory_image.ts";
import type { SavedChunk } from "../../core/saved/envelope.ts";
import { throwDataError } from "../../core/saved/fault.ts";
import { readRecord, type SavedFields } from "../../core/saved/fields.ts";
import type { PlainData } from "../../core/saved/plain_data.ts";
import { PAGE_BYTES } from "../../core/units.ts";
import { CHANNEL_ID_MAX } from "../../core/control/messages.ts";
import type { WorkKind } from "../runtime/scheduler.ts";
import type { DriverKind } from "../partition/loaded_driver.ts";
import { PARTITION_CHUNKS } from "./write_partition.ts";
import { RUN_PAGES_MAX } from "../../core/memory/memory_image.ts";

const U32_MAX = 0xffff_ffff;
const ADDRESS_MAX = Number.MAX_SAFE_INTEGER;

/** The kinds of work that a guest's processors do for a client, and for the bus. */
const CLIENT_WORK: readonly WorkKind[] = [
  "interrupt",
  "completions",
  "passivePackets",
  "stateChange",
];
const BUS_WORK: readonly WorkKind[] = ["message", "match"];

/** The chunks of one partition, by type. */
export class PartitionChunks {
  readonly #byType = new Map<number, PlainData[]>();

  /** Takes the chunks of an envelope apart. */
  constructor(chunks: readonly SavedChunk[]) {
    let last = 0;
    for (const { type, data } of chunks) {
      if (type < last) throwDataError("the chunks are not in order");
      last = type;
      const ofType = this.#byType.get(type);
      if (ofType === undefined) this.#byType.set(type, [data]);
      else ofType.push(data);
    }
    const known: readonly number[] = Object.values(PARTITION_CHUNKS);
    const unknown = [...this.#byType.keys()].find((type) => !known.includes(type));
    if (unknown !== undefined) throwDataError(`no chunk has type ${unknown}`);
  }

  /** Reads the one chunk of a type. */
  one<T>(name: keyof typeof PARTITION_CHUNKS, read: (fields: SavedFields) => T): T {
    const [data, more] = this.#byType.get(PARTITION_CHUNKS[name]) ?? [];
    if (data === undefined || more !== undefined) throwDataError(`there is not one chunk ${name}`);
    return readRecord(data, name, read);
  }

  /** Reads all chunks of a type. */
  all<T>(name: keyof typeof PARTITION_CHUNKS, read: (fields: SavedFields) => T): readonly T[] {
    const ofType = this.#byType.get(PARTITION_CHUNKS[name]) ?? [];
    return ofType.map((data, index) => readRecord(data, `${name} ${index}`, read));
  }
}

/** A saved driver. */
export interface SavedDriver {
  /** Where it ran. */
  readonly kind: DriverKind;
  /** Its name. */
  readonly name: string;
  /** What it told. */
  readonly state: PlainData;
}

/** Reads a driver. */
export function readDriver(fields: SavedFields): SavedDriver {
  return {
    kind: fields.word("kind", ["guest", "host"]),
    name: fields.text("name"),
    state: fields.data("state"),
  };
}

/** Reads what is in memory; whether it fits the memory, that says when it is given it. */
export function readMemory(chunks: PartitionChunks): MemoryImage {
  const mmioPages = new Map<number, PageRun[]>();
  for (const { gpa, run } of chunks.all("mmioPages", readPages)) {
    const ofRange = mmioPages.get(gpa);
    if (ofRange === undefined) mmioPages.set(gpa, [run]);
    else ofRange.push(run);
  }
  const runs = chunks.all("pages", (fields) => {
    const { gpa, run } = readPages(fields);
    if (gpa !== 0) throwDataError(`${fields.where} begins elsewhere`);
    return run;
  });
  return chunks.one("memory", (fields) => {
    const image = {
      runs,
      buffers: fields.records("buffers", readBuffer),
      pagedOut: fields.uints("pagedOut", U32_MAX),
      mmio: fields.records("mmio", (range): MmioRangeImage => {
        const buffer = readBuffer(range);
        const isPlaced = range.flag("isPlaced");
        const backing = isPlaced ? mmioPages.get(buffer.gpa) ?? [] : null;
        if (isPlaced) mmioPages.delete(buffer.gpa);
        return { ...buffer, isReserved: range.flag("isReserved"), backing };
      }),
    };
    if (image.mmio.filter(({ backing }) => backing !== null).length > CHANNEL_ID_MAX) {
      throwDataError("there is more MMIO than there can be channels");
    }
    if (mmioPages.size > 0) throwDataError("there are pages of MMIO that nobody has");
    return image;
  });
}

function readBuffer(fields: SavedFields): { gpa: number; byteCount: number } {
  return {
    gpa: fields.uint("gpa", ADDRESS_MAX),
    byteCount: fields.uint("byteCount", ADDRESS_MAX, 1),
  };
}

function readPages(fields: SavedFields): { gpa: number; run: PageRun } {
  return {
    gpa: fields.uint("gpa", ADDRESS_MAX),
    run: {
      first: fields.uint("first", U32_MAX),
      bytes: fields.bytes("bytes", RUN_PAGES_MAX * PAGE_BYTES),
    },
  };
}

/** A work item that is due. */
export interface SavedItem {
  /** The client that does it; null: the bus. */
  readonly client: number | null;
  /** What it is. */
  readonly kind: WorkKind;
}

/** Reads a work item. */
export function readItem(fields: SavedFields): SavedItem {
  const client = fields.orNull("client", () => fields.uint("client", U32_MAX));
  return { client, kind: fields.word("kind", client === null ? BUS_WORK : CLIENT_WORK) };
}
