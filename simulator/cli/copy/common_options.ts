/**
 * The options that all scenarios have in which guests copy a file through a device, and what they say.
 *
 * @module
 */

import {
  numberOf,
  type NumberOption,
  OptionError,
  type PathOption,
  type PercentOption,
  type ScenarioSettings,
} from "../../scenario.ts";

const KIB = 2 ** 10;
const MIB = 2 ** 20;

/** Where the copy that came back is kept. */
export const OUT: PathOption = {
  kind: "path",
  name: "out",
  placeholder: "PATH",
  description: "where the copy that came back is kept; PATH.1, PATH.2, … for several guests",
  default: "it is not kept",
  isForResume: true,
};
/** How often the guests are migrated. */
export const MIGRATE: NumberOption = {
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

/**
 * What is copied.
 *
 * @param description What is done with it.
 * @param madeBytes Size of the file that is made where none is named.
 */
export function fileOption(description: string, madeBytes: number): PathOption {
  const size = madeBytes % MIB === 0 ? `${madeBytes / MIB} MiB` : `${madeBytes / KIB} KiB`;
  return {
    kind: "path",
    name: "file",
    placeholder: "PATH",
    description,
    default: `${size} made from the seed`,
    isOnlyRead: true,
  };
}

/** How many guests copy at once, each through a device of its own: `description` says so. */
export function guestsOption(description: string): NumberOption {
  return {
    kind: "number",
    name: "guests",
    placeholder: "N",
    description,
    least: 1,
    most: 64,
    default: 1,
  };
}

/** What the run is saved in; beside it is what is copied, and `hasImage` the device's image as well. */
export function saveToOption(hasImage: boolean): PathOption {
  const beside = `FILE.<number>.file${hasImage ? " and FILE.<number>.disk" : ""}`;
  return {
    kind: "path",
    name: "save-to",
    placeholder: "FILE",
    description:
      `what it is saved in; --resume FILE continues it. What that needs is kept beside it, in ${beside}`,
    default: "it is not saved",
  };
}

/** Where a run is saved. */
export interface SaveRequest {
  /** The part of all bytes there and back that has been copied then, in percent. */
  readonly percent: number;
  /** The file that it is saved in. */
  readonly path: string;
}

/** What the options say. */
export interface CopyOptions {
  /** The file that is copied; null: one is made. */
  readonly filePath: string | null;
  /** The image, or with several guests the beginning of their names; null: they are made, if there are any. */
  readonly imagePath: string | null;
  /** Where the copy is kept, or with several guests the beginning of its names; null: nowhere. */
  readonly outPath: string | null;
  /** How many guests copy. */
  readonly guestCount: number;
  /** How often they are migrated. */
  readonly migrations: number;
  /** Where the run is saved, and stops; null: it runs to its end. */
  readonly save: SaveRequest | null;
}

/** Those of a device's options that are read here, beside {@linkcode OUT}, {@linkcode MIGRATE} and {@linkcode SAVE_AT}. */
export interface DeviceOptions {
  /** As {@linkcode fileOption} made it. */
  readonly file: PathOption;
  /** The option that names an image; null where the device has none. */
  readonly image: PathOption | null;
  /** As {@linkcode guestsOption} made it. */
  readonly guests: NumberOption;
  /** As {@linkcode saveToOption} made it; null where runs of the device cannot be saved. */
  readonly saveTo: PathOption | null;
}

/**
 * Reads the common options out of `settings`.
 *
 * @throws {OptionError} One of them is wrong, or they do not fit each other.
 */
export function readCopyOptions(
  { file, image, guests, saveTo }: DeviceOptions,
  settings: ScenarioSettings,
): CopyOptions {
  const pathOf = (option: PathOption | null) =>
    option === null ? null : settings.paths?.[option.name] ?? null;
  const migrations = numberOf(MIGRATE, settings);
  return {
    filePath: pathOf(file),
    imagePath: pathOf(image),
    outPath: pathOf(OUT),
    guestCount: numberOf(guests, settings),
    migrations,
    save: readSave(saveTo, settings, migrations),
  };
}

/** Whether, where and when the run is to be saved. */
function readSave(
  saveTo: PathOption | null,
  settings: ScenarioSettings,
  migrations: number,
): SaveRequest | null {
  if (saveTo === null) return null;
  const percent = settings.numbers?.[SAVE_AT.name];
  const path = settings.paths?.[saveTo.name];
  if (percent === undefined && path === undefined) return null;
  if (percent === undefined) {
    throw new OptionError(`--${saveTo.name} needs --${SAVE_AT.name}: where is it to be saved?`);
  }
  if (path === undefined) {
    throw new OptionError(`--${SAVE_AT.name} needs --${saveTo.name}: what is it to be saved in?`);
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
