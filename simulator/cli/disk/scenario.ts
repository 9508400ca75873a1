/**
 * The disk scenario: guests copy a file onto virtual disks and back, all at once, through the drivers
 * that `devices/disk` teaches. They can be migrated meanwhile, and the run can be saved.
 *
 * @module
 */

import { OptionError } from "../../scenario.ts";
import type {
  RunHooks,
  SavedRun,
  Scenario,
  ScenarioResult,
  ScenarioSettings,
} from "../../scenario.ts";
import { cannot } from "../command.ts";
import { type FileSystem, MACHINE } from "../file_system.ts";
import { READ_HINT, statFile } from "../opened_file.ts";
import { DiskRun } from "./disk_run.ts";
import { openFiles, openLocked } from "./files.ts";
import { DISK_OPTIONS, type DiskOptions, readDiskOptions, SAVE_AT } from "./options.ts";
import { checkDiskOption, filesRead, reopenFiles } from "./resumed_files.ts";
import { pathsOf, SavedPlace } from "./saved_place.ts";
import { readRun, RESUME_HINT, type SavedDiskRun } from "./saved_run.ts";

/**
 * The scenario, on the files of `fs`. Where a file cannot be used, its run throws a UsageError, and
 * leaves nothing behind.
 */
export function diskScenario(fs: FileSystem): Scenario {
  return {
    name: "disk",
    title: "guests copy a file onto virtual disks and back: external data, PFNs, a shared GPADL, " +
      "registers in MMIO, negotiation, quota; live migration, save and resume",
    options: DISK_OPTIONS,
    run: (settings) => runDisk(fs, settings),
    resume: (path, paths) => openSaved(fs, path, paths),
  };
}

/** The scenario on the files of this machine. */
export const disk: Scenario = diskScenario(MACHINE);

async function runDisk(fs: FileSystem, settings: ScenarioSettings): Promise<ScenarioResult> {
  const options = readDiskOptions(settings);
  const { seed = 0n, schedule = "fifo", codec = "msgpack", numbers = {} } = settings;
  using stack = new DisposableStack();
  const files = await openFiles(fs, options, seed, stack);
  const begun = { seed, schedule, codec, numbers: withoutSave(numbers) };
  return await DiskRun.begin(begun, options, files, settings).run();
}

/** A run that goes on is not saved again where it was. */
function withoutSave(numbers: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(numbers).filter(([name]) => name !== SAVE_AT.name));
}

async function openSaved(
  fs: FileSystem,
  path: string,
  paths: Readonly<Record<string, string>> = {},
): Promise<SavedRun> {
  const action = `resume from ${path}`;
  await statFile(fs, path, `read ${path}`, READ_HINT);
  using stack = new DisposableStack();
  const realPath = await fs.realPath(path);
  const file = stack.use(await openLocked(fs, realPath, action));
  const saved = readRun(file, path);
  const options = optionsOf(action, saved, paths);
  checkDiskOption(action, options, saved);
  const place = new SavedPlace(realPath, saved.number);
  const owned = stack.move();
  return {
    settings: { ...saved.settings, paths },
    reads: filesRead(saved, place),
    writes: filesWritten(options),
    run: (hooks) => resumeDisk(fs, action, { saved, options, place, hooks }),
    [Symbol.dispose]: () => owned.dispose(),
  };
}

/** What a run that goes on leaves behind. */
function filesWritten({ diskPath, outPath, guestCount }: DiskOptions): readonly string[] {
  return [diskPath, outPath].flatMap((path) => path === null ? [] : pathsOf(path, guestCount));
}

async function resumeDisk(
  fs: FileSystem,
  action: string,
  { saved, options, place, hooks }: {
    readonly saved: SavedDiskRun;
    readonly options: DiskOptions;
    readonly place: SavedPlace;
    readonly hooks: RunHooks;
  },
): Promise<ScenarioResult> {
  using stack = new DisposableStack();
  const files = await reopenFiles(fs, options, saved, { place, hooks, stack });
  const run = DiskRun.resume(saved, options, files, hooks);
  if (typeof run === "string") throw cannot(action, run, RESUME_HINT);
  return await run.run();
}

/** The options that a run was begun with, and its files now; they go together, or the file is none. */
function optionsOf(
  action: string,
  { settings, guests }: SavedDiskRun,
  paths: Readonly<Record<string, string>>,
): DiskOptions {
  try {
    const options = readDiskOptions({ ...settings, paths, files: {} });
    if (options.guestCount === guests.length) return options;
    throw new OptionError(
      `it has ${guests.length} guests, and was begun with ${options.guestCount}`,
    );
  } catch (error) {
    if (error instanceof OptionError) throw cannot(action, error, RESUME_HINT);
    throw error;
  }
}
