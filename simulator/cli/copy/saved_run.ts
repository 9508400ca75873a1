/**
 * The file that a run is saved in: of which scenario it is, what it was begun with, how far it came, what
 * stood in its files, and the saved guests, in the package's own envelope (docs/saved-state.md). It names no
 * file.
 *
 * Nothing in it is believed before it was looked at: neither the fields, nor that the files are what they
 * were.
 *
 * @module
 */

import { SCHEDULE_NAMES } from "../../../actors/runtime/schedule.ts";
import { type ChunkKind, chunkOf, SavedChunks } from "../../../core/saved/chunks.ts";
import { readEnvelope, writeEnvelope } from "../../../core/saved/envelope.ts";
import { readSaved, SavedStateFault, throwDataError } from "../../../core/saved/fault.ts";
import { bytes, flag, text, uint, word } from "../../../core/saved/forms.ts";
import { isRecord, type PlainData } from "../../../core/saved/plain_data.ts";
import {
  optional,
  plain,
  record,
  type Schema,
  type SchemaType,
} from "../../../core/saved/schema.ts";
import type { SavedRun } from "../../scenario.ts";
import { cannot } from "../command.ts";
import type { OpenFile } from "../file_system.ts";
import { isRunNumber } from "./saved_place.ts";
import { RUN_TOTALS } from "./totals.ts";

const GUESTS_MAX = 64;
/** More than the guests of a run have of memory, twice. */
const FILE_BYTES_MAX = 2 ** 29;
/** What would be right where a file holds no run. */
export const RESUME_HINT = "name a file that --save-to has made";

/** What a run was begun with, but for its files. */
export type RunSettings = Omit<SavedRun["settings"], "paths">;

const SETTINGS: Schema<RunSettings> = record({
  seed: [
    plain("a bigint from 0", (data): data is bigint => typeof data === "bigint" && data >= 0n),
    "of `--seed`",
  ],
  schedule: [word(SCHEDULE_NAMES), "of `--schedule`"],
  codec: [word(["msgpack", "vmbus"]), "of `--codec`"],
  numbers: [
    plain("a record of numbers", isRecordOfNumbers),
    "values of number and percent options, by name; what they mean the options decide",
  ],
});

function isRecordOfNumbers(data: PlainData): data is { readonly [name: string]: number } {
  return isRecord(data) && Object.values(data).every((value) => typeof value === "number");
}

const SOURCE = record({
  isMade: [flag, "whether it is made from the seed; else it is kept beside the saved run"],
  byteCount: [uint(), "its size"],
  sha256: [text, "its SHA-256"],
});

/** What is copied. */
export type SavedSource = SchemaType<typeof SOURCE>;

const IMAGE = record({
  isKept: [flag, "whether it is kept beside the saved run; else the user names it"],
  byteCount: [uint(), "its size"],
  writtenBytes: [uint(), "bytes that were written, from its beginning"],
  sha256: [text, "their SHA-256"],
}, {
  "more of it is written than there is": ({ writtenBytes, byteCount }) => writtenBytes <= byteCount,
});

/** A device's image. */
export type SavedImage = SchemaType<typeof IMAGE>;

const RUN = record({
  scenario: [
    text,
    "the scenario that it is a run of: `disk`. `--resume` finds by it what can read the rest",
  ],
  settings: [SETTINGS, "what it was begun with"],
  number: [
    plain(
      "16 hexadecimal digits",
      (data): data is string => typeof data === "string" && isRunNumber(data),
    ),
    "drawn: what tells the files beside FILE from those of other runs",
  ],
  source: [SOURCE, "what is copied"],
  totals: [RUN_TOTALS, "what the fabrics came to in which it ran"],
});

const GUEST = record({
  readBytes: [uint(), "bytes of the source that were read"],
  returnedBytes: [uint(), "bytes that came back; they were the same as the source's first ones"],
  image: [optional(IMAGE), "its device's image; nil: that has none"],
  partition: [bytes(), "the guest itself: a saved partition"],
}, {
  "more came back than was read": ({ readBytes, returnedBytes }) => returnedBytes <= readBytes,
});

/** A guest's copy, as it was saved. */
export type SavedGuest = SchemaType<typeof GUEST>;

/** The chunks of a saved run. */
export const RUN_CHUNKS = {
  run: { type: 1, holds: RUN },
  guest: { type: 2, holds: GUEST },
} satisfies Record<string, ChunkKind<unknown>>;

/** A saved run. */
export interface SavedCopyRun extends SchemaType<typeof RUN> {
  /** Its guests. */
  readonly guests: readonly SavedGuest[];
}

/** The bytes of a saved run. */
export function encodeRun({ guests, ...run }: SavedCopyRun): Uint8Array {
  return writeEnvelope("run", [
    chunkOf(RUN_CHUNKS.run, run),
    ...guests.map((guest) => chunkOf(RUN_CHUNKS.guest, guest)),
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

function decodeRun(file: Uint8Array): SavedCopyRun {
  const chunks = new SavedChunks(RUN_CHUNKS, readEnvelope("run", file));
  const run = chunks.one("run");
  const guests = chunks.all("guest");
  if (guests.length === 0 || guests.length > GUESTS_MAX) {
    throwDataError("it has no guests, or too many");
  }
  if (guests.some(({ readBytes }) => readBytes > run.source.byteCount)) {
    throwDataError("more of its source was read than there is");
  }
  return { ...run, guests };
}
