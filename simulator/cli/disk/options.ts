/**
 * The options of the disk scenario, and whether they fit each other.
 *
 * @module
 */

import { PAGE_BYTES } from "../../../core/units.ts";
import { BLOCK_BYTES_MAX, BLOCK_BYTES_MIN } from "../../../devices/disk/mod.ts";
import { grouped } from "../../layout.ts";
import {
  numberOf,
  type NumberOption,
  OptionError,
  type PathOption,
  type PercentOption,
  type ScenarioOption,
  type ScenarioSettings,
} from "../../scenario.ts";

const MIB = 2 ** 20;
/** Size of the file that is made where none is given. */
export const MADE_FILE_BYTES = 8 * MIB;
/**
 * Most bytes of one request, as whole blocks. Two to any power is no multiple of it: so the end of the
 * file that is made is written from a part of its buffer, as that of most files is.
 */
const TRANSFER_BYTES_MOST = 15 * PAGE_BYTES;
/** A guest's memory beside rings and buffers. */
const OTHER_PAGES = 16;
/** Memory of all guests: it is real memory. */
const MEMORY_BYTES_MAX = 256 * MIB;
/** Both rings of a channel, with their control pages, are described by one GPADL (wire.md 3.3). */
const RING_PAGES_MAX = (8190 - 2) / 2;

const FILE: PathOption = {
  kind: "path",
  name: "file",
  placeholder: "PATH",
  description: "the file that is copied onto the disk and back",
  default: `${MADE_FILE_BYTES / MIB} MiB made from the seed`,
};
const DISK: PathOption = {
  kind: "path",
  name: "disk",
  placeholder: "PATH",
  description:
    "the disk's image, a file that is large enough; PATH.1, PATH.2, … for several guests. A run that " +
    "was begun with it is resumed with it",
  default: "an image of the needed size, removed at the end",
  isForResume: true,
};
const OUT: PathOption = {
  kind: "path",
  name: "out",
  placeholder: "PATH",
  description:
    "where the copy that came back is kept; PATH.1, PATH.2, … for several guests. --resume takes it, too",
  default: "it is not kept",
  isForResume: true,
};
const BLOCK_SIZE: NumberOption = {
  kind: "number",
  name: "block-size",
  placeholder: "BYTES",
  description: "the disk's block: a power of two",
  least: BLOCK_BYTES_MIN,
  most: BLOCK_BYTES_MAX,
  default: 512,
};
const QUEUE_DEPTH: NumberOption = {
  kind: "number",
  name: "queue-depth",
  placeholder: "N",
  description: "requests that a guest has under way at once",
  least: 1,
  most: 1024,
  default: 64,
};
const GUESTS: NumberOption = {
  kind: "number",
  name: "guests",
  placeholder: "N",
  description: "guests that copy at once, each onto a disk of its own",
  least: 1,
  most: 64,
  default: 1,
};
const RING_PAGES: NumberOption = {
  kind: "number",
  name: "ring-pages",
  placeholder: "N",
  description: `data pages of each ring, of ${grouped(PAGE_BYTES)} bytes`,
  least: 1,
  most: RING_PAGES_MAX,
  default: 1,
};
const QUOTA: NumberOption = {
  kind: "number",
  name: "quota",
  placeholder: "N",
  description: "requests of a guest that the host takes at once; more wait in the ring",
  least: 1,
  most: 1024,
  default: 8,
};

const MIGRATE: NumberOption = {
  kind: "number",
  name: "migrate",
  placeholder: "N",
  description: "how often the guests are migrated live, each time into a fresh fabric",
  least: 0,
  most: 1000,
  default: 0,
};
/** Where the run is saved. */
export const SAVE_AT: PercentOption = {
  kind: "percent",
  name: "save-at",
  placeholder: "PERCENT",
  description: "where the run is saved, and stops: a part of all bytes there and back, such as 40%",
  default: "it runs to its end",
};
const SAVE_TO: PathOption = {
  kind: "path",
  name: "save-to",
  placeholder: "FILE",
  description:
    "what it is saved in; --resume FILE goes on. What that needs is kept beside it, in " +
    "FILE.<number>.file and FILE.<number>.disk",
  default: "it is not saved",
};

/** All of them. */
export const DISK_OPTIONS: readonly ScenarioOption[] = [
  FILE,
  DISK,
  OUT,
  BLOCK_SIZE,
  QUEUE_DEPTH,
  GUESTS,
  RING_PAGES,
  QUOTA,
  MIGRATE,
  SAVE_AT,
  SAVE_TO,
];

/** What they say. */
export interface DiskOptions {
  /** The file that is copied; null: one is made. */
  readonly filePath: string | null;
  /** The image, or with several guests the beginning of their names; null: they are made. */
  readonly diskPath: string | null;
  /** Where the copy is kept, or with several guests the beginning of its names; null: nowhere. */
  readonly outPath: string | null;
  /** Bytes of a block. */
  readonly blockBytes: number;
  /** Most bytes of one request: whole blocks. */
  readonly transferBytes: number;
  /** Requests that a guest has under way at once. */
  readonly queueDepth: number;
  /** How many guests copy. */
  readonly guestCount: number;
  /** Data pages of each ring. */
  readonly ringPages: number;
  /** Requests of a guest that the host takes at once. */
  readonly quota: number;
  /** Pages of each guest's memory. */
  readonly memoryPages: number;
  /** How often they are migrated. */
  readonly migrations: number;
  /** Where the run is saved, and stops; null: it runs to its end. */
  readonly save: SaveRequest | null;
}

/** Where a run is saved. */
export interface SaveRequest {
  /** The part of all bytes there and back that has been copied then, in percent. */
  readonly percent: number;
  /** The file that it is saved in. */
  readonly path: string;
}

/**
 * Reads the options out of `settings`.
 *
 * @throws {OptionError} One of them is none, or they do not fit each other.
 */
export function readDiskOptions(settings: ScenarioSettings): DiskOptions {
  const pathOf = ({ name }: PathOption) => settings.paths?.[name] ?? null;
  const blockBytes = numberOf(BLOCK_SIZE, settings);
  if (!Number.isInteger(Math.log2(blockBytes))) {
    throw new OptionError(
      `--${BLOCK_SIZE.name} must be a power of two from ${BLOCK_BYTES_MIN} to ${BLOCK_BYTES_MAX}, ` +
        `not ${blockBytes}`,
    );
  }
  const queueDepth = numberOf(QUEUE_DEPTH, settings);
  const guestCount = numberOf(GUESTS, settings);
  const ringPages = numberOf(RING_PAGES, settings);
  const quota = numberOf(QUOTA, settings);
  const migrations = numberOf(MIGRATE, settings);
  const save = readSave(settings, migrations);
  const transferBytes = Math.max(
    blockBytes,
    TRANSFER_BYTES_MOST - TRANSFER_BYTES_MOST % blockBytes,
  );
  const bufferPages = queueDepth * Math.ceil(transferBytes / PAGE_BYTES);
  const memoryPages = 2 * (ringPages + 1) + bufferPages + OTHER_PAGES;
  const memoryBytes = guestCount * memoryPages * PAGE_BYTES;
  if (memoryBytes > MEMORY_BYTES_MAX) {
    throw new OptionError(
      `--${GUESTS.name} ${guestCount}, --${QUEUE_DEPTH.name} ${queueDepth} and ` +
        `--${RING_PAGES.name} ${ringPages} need ${
          Math.ceil(memoryBytes / MIB)
        } MiB of guest memory; ` +
        `together they must not need more than ${MEMORY_BYTES_MAX / MIB}`,
    );
  }
  return {
    filePath: pathOf(FILE),
    diskPath: pathOf(DISK),
    outPath: pathOf(OUT),
    blockBytes,
    transferBytes,
    queueDepth,
    guestCount,
    ringPages,
    quota,
    memoryPages,
    migrations,
    save,
  };
}

/** Whether, where and when the run is to be saved. */
function readSave(settings: ScenarioSettings, migrations: number): SaveRequest | null {
  const percent = settings.numbers?.[SAVE_AT.name];
  const path = settings.paths?.[SAVE_TO.name];
  if (percent === undefined && path === undefined) return null;
  if (percent === undefined) {
    throw new OptionError(`--${SAVE_TO.name} needs --${SAVE_AT.name}: where is it to be saved?`);
  }
  if (path === undefined) {
    throw new OptionError(`--${SAVE_AT.name} needs --${SAVE_TO.name}: what is it to be saved in?`);
  }
  if (!(percent >= 0 && percent <= 100)) {
    throw new OptionError(`--${SAVE_AT.name} must be a part from 0% to 100%, not ${percent}%`);
  }
  if (migrations > 0) {
    throw new OptionError(
      `--${SAVE_AT.name} and --${MIGRATE.name} do not go together: a run is saved, or migrated`,
    );
  }
  return { percent, path };
}
