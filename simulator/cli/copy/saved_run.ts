/**
 * The file that a run is saved in: of which scenario it is, what it was begun with, how far it came, what stood in its files, and
 * the saved guests, in the package's own envelope (docs/saved-state.md). It names no file.
 *
 * Nothing in it is believed before it was looked at: neither the fields, nor that the files are what they
 * were.
 *
 * @module
 */

import { readEnvelope, writeEnvelope } from "../../../core/saved/envelope.ts";
import { readSaved, SavedStateFault, throwDataError } from "../../../core/saved/fault.ts";
import { readRecord, type SavedFields } from "../../../core/saved/fields.ts";
import type { PlainData } from "../../../mod.ts";
import type { SavedRun } from "../../scenario.ts";
import { cannot } from "../command.ts";
import type { OpenFile } from "../file_system.ts";
import { readTotals, type RunTotals } from "./totals.ts";
import { isRunNumber } from "./saved_place.ts";

const RUN_TYPE = 1;
const GUEST_TYPE = 2;
const SAFE_MAX = Number.MAX_SAFE_INTEGER;
const GUESTS_MAX = 64;
/** More than the guests of a run have of memory, twice. */
const FILE_BYTES_MAX = 2 ** 29;
/** What would be right where a file holds no run. */
export const RESUME_HINT = "name a file that --save-to has made";

/** What a run was begun with, but for its files. */
export type RunSettings = Omit<SavedRun["settings"], "paths">;

/** What is copied. */
export type SavedSource = {
  /** Whether it is made from the seed; else it is kept beside the saved run. */
  readonly isMade: boolean;
  /** Its size. */
  readonly byteCount: number;
  /** Its SHA-256. */
  readonly sha256: string;
};

/** A device's image. */
export type SavedImage = {
  /** Whether it is kept beside the saved run; else the user names it. */
  readonly isKept: boolean;
  /** Its size. */
  readonly byteCount: number;
  /** Bytes that were written, from its beginning. */
  readonly writtenBytes: number;
  /** Their SHA-256. */
  readonly sha256: string;
};

/** A guest's copy, as it was saved. */
export type SavedGuest = {
  /** Bytes of the file that were read. */
  readonly readBytes: number;
  /** Bytes that came back. They were the same as in the file. */
  readonly returnedBytes: number;
  /** Its device's image; null: that has none. */
  readonly image: SavedImage | null;
  /** The guest itself, as savePartition gave it. */
  readonly partition: Uint8Array;
};

/** A saved run. */
export interface SavedCopyRun {
  /** The scenario that it is a run of. */
  readonly scenario: string;
  /** What it was begun with. */
  readonly settings: RunSettings;
  /** What tells the files beside it from those of other runs. */
  readonly number: string;
  /** What is copied. */
  readonly source: SavedSource;
  /** What the fabrics came to in which it ran. */
  readonly totals: RunTotals;
  /** Its guests. */
  readonly guests: readonly SavedGuest[];
}

/** The bytes of a saved run. */
export function encodeRun({ guests, ...run }: SavedCopyRun): Uint8Array {
  return writeEnvelope("run", [
    { type: RUN_TYPE, data: run },
    ...guests.map((guest) => ({ type: GUEST_TYPE, data: guest })),
  ]);
}

/**
 * Reads the run in `file`, which the user calls `path`.
 *
 * @throws {UsageError} It cannot be read, or holds no run.
 */
export function readRun(file: OpenFile, path: string): SavedCopyRun {
  const action = `resume from ${path}`;
  const { size } = file.stat();
  if (size > FILE_BYTES_MAX) throw cannot(action, "it is too large for a saved run", RESUME_HINT);
  const bytes = new Uint8Array(size);
  try {
    if (file.read(0, bytes) < size) {
      throw cannot(action, "it changed while it was read", RESUME_HINT);
    }
  } catch (error) {
    throw cannot(action, error, RESUME_HINT);
  }
  const run = readSaved(() => decodeRun(bytes));
  if (run instanceof SavedStateFault) throw cannot(action, run.message, RESUME_HINT);
  return run;
}

function decodeRun(bytes: Uint8Array): SavedCopyRun {
  const [first, ...others] = readEnvelope("run", bytes);
  if (first?.type !== RUN_TYPE) throwDataError("it does not begin with a run");
  const run = readRecord(first.data, "the run", (fields) => ({
    scenario: fields.text("scenario"),
    settings: fields.record("settings", readSettings),
    number: readNumber(fields),
    source: fields.record("source", (each) => ({
      isMade: each.flag("isMade"),
      byteCount: each.uint("byteCount", SAFE_MAX),
      sha256: each.text("sha256"),
    })),
    totals: fields.record("totals", readTotals),
  }));
  if (others.length === 0 || others.length > GUESTS_MAX) {
    throwDataError("it has no guests, or too many");
  }
  const guests = others.map(({ type, data }, at) => {
    if (type !== GUEST_TYPE) throwDataError(`its chunk ${at + 1} is no guest`);
    return readRecord(data, `guest ${at + 1}`, (each) => readGuest(each, run.source));
  });
  return { ...run, guests };
}

function readSettings(fields: SavedFields): RunSettings {
  const seed = fields.data("seed");
  if (typeof seed !== "bigint" || seed < 0n) throwDataError("its seed is none");
  return {
    seed,
    schedule: fields.word("schedule", ["fifo", "random"] as const),
    codec: fields.word("codec", ["msgpack", "vmbus"] as const),
    numbers: membersOf(fields, "numbers", (value) => typeof value === "number"),
  };
}

/** The record in a field, all of whose values are of one kind. What they mean the options decide. */
function membersOf<T extends PlainData>(
  fields: SavedFields,
  key: string,
  isOne: (value: PlainData) => value is T,
): Readonly<Record<string, T>> {
  const data = fields.data(key);
  if (typeof data !== "object" || data === null) {
    throwDataError(`${fields.where}: ${key} is no record`);
  }
  const members: Record<string, T> = {};
  for (const [name, value] of Object.entries(data) as [string, PlainData][]) {
    if (!isOne(value)) throwDataError(`${fields.where}: ${name} is not what it must be`);
    members[name] = value;
  }
  return members;
}

function readNumber(fields: SavedFields): string {
  const number = fields.text("number");
  return isRunNumber(number) ? number : throwDataError("its number is none");
}

function readImage(fields: SavedFields): SavedImage {
  const byteCount = fields.uint("byteCount", SAFE_MAX);
  return {
    isKept: fields.flag("isKept"),
    byteCount,
    writtenBytes: fields.uint("writtenBytes", byteCount),
    sha256: fields.text("sha256"),
  };
}

function readGuest(fields: SavedFields, source: SavedSource): SavedGuest {
  const readBytes = fields.uint("readBytes", source.byteCount);
  return {
    readBytes,
    returnedBytes: fields.uint("returnedBytes", readBytes),
    image: fields.orNull("image", () => fields.record("image", readImage)),
    partition: fields.bytes("partition", SAFE_MAX),
  };
}
