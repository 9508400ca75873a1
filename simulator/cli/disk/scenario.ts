/**
 * The disk scenario: guests copy a file onto virtual disks and back, all at once, through the drivers
 * that `examples/disk` teaches. They can be migrated meanwhile, and the run can be saved.
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
import { DiskRun } from "./disk_run.ts";
import { openFiles, reopenFiles } from "./files.ts";
import { DISK_OPTIONS, readDiskOptions } from "./options.ts";
import { readRun, RESUME_HINT, type SavedDiskRun } from "./saved_run.ts";

/** The scenario. Where a file cannot be used, its run throws a UsageError, and leaves nothing behind. */
export const disk: Scenario = {
  name: "disk",
  title: "guests copy a file onto virtual disks and back: external data, PFNs, a shared GPADL, " +
    "registers in MMIO, negotiation, quota; live migration, save and resume",
  options: DISK_OPTIONS,
  run: runDisk,
  resume: openSaved,
};

async function runDisk(settings: ScenarioSettings): Promise<ScenarioResult> {
  const options = readDiskOptions(settings);
  const { seed = 0n, schedule = "fifo", codec = "msgpack", numbers = {}, paths = {} } = settings;
  using stack = new DisposableStack();
  const files = await openFiles(options, seed, stack);
  const begun = { seed, schedule, codec, numbers, paths };
  return await DiskRun.begin(begun, options, files, settings).run();
}

async function openSaved(path: string): Promise<SavedRun> {
  const saved = await readRun(path);
  return { settings: saved.settings, run: (hooks) => resumeDisk(path, saved, hooks) };
}

async function resumeDisk(
  path: string,
  saved: SavedDiskRun,
  hooks: RunHooks,
): Promise<ScenarioResult> {
  const action = `resume from ${path}`;
  const options = optionsOf(action, saved);
  using stack = new DisposableStack();
  const files = await reopenFiles(options, saved.settings.seed, saved.guests, stack);
  const run = DiskRun.resume(saved, options, files, hooks);
  if (typeof run === "string") throw cannot(action, run, RESUME_HINT);
  return await run.run();
}

/** The options that a run was begun with; they go together, or the file is none. */
function optionsOf(action: string, { settings, guests }: SavedDiskRun) {
  try {
    const options = readDiskOptions({ ...settings, files: {} });
    if (options.guestCount === guests.length) return options;
    throw new OptionError(
      `it has ${guests.length} guests, and was begun with ${options.guestCount}`,
    );
  } catch (error) {
    if (error instanceof OptionError) throw cannot(action, error, RESUME_HINT);
    throw error;
  }
}
