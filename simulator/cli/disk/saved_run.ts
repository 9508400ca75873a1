/**
 * The file that a run is saved in: what it was begun with, how far it came, its files and what stood in
 * them, and the saved guests, in the package's own envelope (docs/saved-state.md).
 *
 * Nothing in it is believed before it was looked at: neither the fields, nor that the files are what they
 * were.
 *
 * @module
 */

import { readEnvelope, writeEnvelope } from "../../../core/saved/envelope.ts";
import { damaged, readSaved, SavedStateFault } from "../../../core/saved/fault.ts";
import { readRecord, type SavedFields } from "../../../core/saved/fields.ts";
import type { PlainData } from "../../../mod.ts";
import type { SavedRun as SavedRunOfScenario } from "../../scenario.ts";
import { cannot, UsageError } from "../command.ts";
import { openToRead, readFully } from "../opened_file.ts";
import { type PastLife, readPast } from "./past.ts";

const RUN_TYPE = 1;
const GUEST_TYPE = 2;
const SAFE_MAX = Number.MAX_SAFE_INTEGER;
const GUESTS_MAX = 64;
/** More than the guests of a run have of memory, twice. */
const FILE_BYTES_MAX = 2 ** 29;
/** What would be right where a file holds no run. */
export const RESUME_HINT = "name a file that --save-to has made";

/** What a run was begun with. */
export type RunSettings = SavedRunOfScenario["settings"];

/** A guest's copy, as it was saved. */
export type SavedGuest = {
  /** The file that is copied. */
  readonly source: {
    /** Its size. */
    readonly byteCount: number;
    /** Bytes of it that were read. */
    readonly readBytes: number;
    /** Their SHA-256. */
    readonly sha256: string;
  };
  /** The disk's image. */
  readonly image: {
    /** Where it is. */
    readonly path: string;
    /** Its size. */
    readonly byteCount: number;
    /** Bytes that were written, from its beginning. */
    readonly writtenBytes: number;
    /** Their SHA-256. */
    readonly sha256: string;
  };
  /** Bytes that came back. They were the same as in the file. */
  readonly returnedBytes: number;
  /** Where they are kept; null: nowhere. */
  readonly out: {
    /** What the copy will be called. */
    readonly path: string;
    /** Where it is until it is whole. */
    readonly partPath: string;
  } | null;
  /** The guest itself, as savePartition gave it. */
  readonly partition: Uint8Array;
};

/** A saved run. */
export interface SavedDiskRun {
  /** What it was begun with. */
  readonly settings: RunSettings;
  /** What the fabrics came to in which it ran. */
  readonly past: PastLife;
  /** Its guests. */
  readonly guests: readonly SavedGuest[];
}

/** The bytes of a saved run. */
export function encodeRun({ settings, past, guests }: SavedDiskRun): Uint8Array {
  return writeEnvelope("run", [
    { type: RUN_TYPE, data: { settings, past } },
    ...guests.map((guest) => ({ type: GUEST_TYPE, data: guest })),
  ]);
}

/**
 * Reads the run in the file at `path`.
 *
 * @throws {UsageError} It cannot be read, or holds no run.
 */
export async function readRun(path: string): Promise<SavedDiskRun> {
  const { file, info } = await openToRead(path, path);
  using _ = file;
  const action = `resume from ${path}`;
  if (info.size > FILE_BYTES_MAX) {
    throw cannot(action, "it is too large for a saved run", RESUME_HINT);
  }
  const bytes = new Uint8Array(info.size);
  try {
    if (!readFully(file, bytes)) throw cannot(action, "it changed while it was read", RESUME_HINT);
  } catch (error) {
    throw error instanceof UsageError ? error : cannot(action, error, RESUME_HINT);
  }
  const run = readSaved(() => decodeRun(bytes));
  if (run instanceof SavedStateFault) throw cannot(action, run.message, RESUME_HINT);
  return run;
}

function decodeRun(bytes: Uint8Array): SavedDiskRun {
  const [first, ...others] = readEnvelope("run", bytes);
  if (first?.type !== RUN_TYPE) damaged("it does not begin with a run");
  const run = readRecord(first.data, "the run", (fields) => ({
    settings: fields.record("settings", readSettings),
    past: fields.record("past", readPast),
  }));
  if (others.length === 0 || others.length > GUESTS_MAX) damaged("it has no guests, or too many");
  const guests = others.map(({ type, data }, at) => {
    if (type !== GUEST_TYPE) damaged(`its chunk ${at + 1} is no guest`);
    return readRecord(data, `guest ${at + 1}`, readGuest);
  });
  return { ...run, guests };
}

function readSettings(fields: SavedFields): RunSettings {
  const seed = fields.data("seed");
  if (typeof seed !== "bigint" || seed < 0n) damaged("its seed is none");
  return {
    seed,
    schedule: fields.word("schedule", ["fifo", "random"] as const),
    codec: fields.word("codec", ["msgpack", "vmbus"] as const),
    numbers: membersOf(fields, "numbers", (value) => typeof value === "number"),
    paths: membersOf(fields, "paths", (value) => typeof value === "string"),
  };
}

/** The record in a field, all of whose values are of one kind. What they mean the options decide. */
function membersOf<T extends PlainData>(
  fields: SavedFields,
  key: string,
  isOne: (value: PlainData) => value is T,
): Readonly<Record<string, T>> {
  const data = fields.data(key);
  if (typeof data !== "object" || data === null) damaged(`${fields.where}: ${key} is no record`);
  const members: Record<string, T> = {};
  for (const [name, value] of Object.entries(data) as [string, PlainData][]) {
    if (!isOne(value)) damaged(`${fields.where}: ${name} is not what it must be`);
    members[name] = value;
  }
  return members;
}

function readGuest(fields: SavedFields): SavedGuest {
  const source = fields.record("source", (each) => {
    const byteCount = each.uint("byteCount", SAFE_MAX);
    const readBytes = each.uint("readBytes", byteCount);
    return { byteCount, readBytes, sha256: each.text("sha256") };
  });
  return {
    source,
    image: fields.record("image", (each) => {
      const byteCount = each.uint("byteCount", SAFE_MAX);
      const writtenBytes = each.uint("writtenBytes", byteCount);
      return { path: each.text("path"), byteCount, writtenBytes, sha256: each.text("sha256") };
    }),
    returnedBytes: fields.uint("returnedBytes", source.readBytes),
    out: fields.orNull("out", () =>
      fields.record("out", (each) => ({
        path: each.text("path"),
        partPath: each.text("partPath"),
      }))),
    partition: fields.bytes("partition", SAFE_MAX),
  };
}
