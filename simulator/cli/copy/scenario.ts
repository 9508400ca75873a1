/**
 * The scenario of a device through which guests copy a file, there and back, all at once. They can be
 * migrated meanwhile, and the run can be saved.
 *
 * @module
 */

import { OptionError } from "../../scenario.ts";
import type { SavedRun, Scenario, ScenarioResult, ScenarioSettings } from "../../scenario.ts";
import { cannot, UsageError } from "../command.ts";
import type { FileSystem } from "../file_system.ts";
import { READ_HINT, statFile } from "../opened_file.ts";
import { SAVE_AT } from "./common_options.ts";
import { type CopyJob, CopyRun } from "./copy_run.ts";
import type { CopyDevice, CopyPlan } from "./device.ts";
import { openFiles, openLocked } from "./files.ts";
import { checkImages, filesRead, reopenFiles } from "./resumed_files.ts";
import { pathsOf, SavedPlace } from "./saved_place.ts";
import { readRun, RESUME_HINT, type SavedCopyRun } from "./saved_run.ts";

/** A saved run is that of another scenario. */
export class OtherScenarioError extends UsageError {}

/**
 * The scenario of `device`, on the files of `fs`. Where a file cannot be used, its run throws a
 * UsageError, and leaves nothing behind.
 */
export function copyScenario(device: CopyDevice, fs: FileSystem): Scenario {
  const { name, title, options, payloads = [] } = device;
  const scenario: Scenario = {
    name,
    title,
    options,
    payloads,
    run: (settings) => runCopy(fs, device, settings),
  };
  if (!options.includes(SAVE_AT)) return scenario;
  return { ...scenario, resume: (path, paths) => openSaved(fs, device, path, paths) };
}

async function runCopy(
  fs: FileSystem,
  device: CopyDevice,
  given: ScenarioSettings,
): Promise<ScenarioResult> {
  const plan = device.plan(given);
  const { seed = 0n, schedule = "fifo", codec = "msgpack", numbers = {} } = given;
  using stack = new DisposableStack();
  const files = await openFiles(fs, device, plan, seed, stack);
  await plan.prepare?.(plan.guestCount);
  const settings = { seed, schedule, codec, numbers: withoutSave(numbers) };
  return await CopyRun.begin({ device, settings, plan, hooks: given }, files).run();
}

/** A run that was resumed is not saved again where it was saved before. */
function withoutSave(numbers: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(numbers).filter(([name]) => name !== SAVE_AT.name));
}

async function openSaved(
  fs: FileSystem,
  device: CopyDevice,
  path: string,
  paths: Readonly<Record<string, string>> = {},
): Promise<SavedRun> {
  const action = `resume from ${path}`;
  await statFile(fs, path, `read ${path}`, READ_HINT);
  using stack = new DisposableStack();
  const realPath = await fs.realPath(path);
  const file = stack.use(await openLocked(fs, realPath, action));
  const saved = readRun(file, path);
  if (saved.scenario !== device.name) {
    const reason = `it is a run of scenario ${saved.scenario}, not of ${device.name}`;
    throw new OtherScenarioError(cannot(action, reason, RESUME_HINT).message);
  }
  const plan = planOf(action, device, saved, paths);
  checkImages(action, device, plan, saved);
  const place = new SavedPlace(realPath, saved.number);
  const owned = stack.move();
  return {
    settings: { ...saved.settings, paths },
    reads: filesRead(saved, place),
    writes: filesWritten(plan),
    run: (hooks) =>
      resumeCopy(fs, action, place, saved, { device, settings: saved.settings, plan, hooks }),
    [Symbol.dispose]: () => owned.dispose(),
  };
}

/** What a run that was resumed leaves behind. */
function filesWritten({ imagePath, outPath, guestCount }: CopyPlan): readonly string[] {
  return [imagePath, outPath].flatMap((path) => path === null ? [] : pathsOf(path, guestCount));
}

async function resumeCopy(
  fs: FileSystem,
  action: string,
  place: SavedPlace,
  saved: SavedCopyRun,
  job: CopyJob,
): Promise<ScenarioResult> {
  using stack = new DisposableStack();
  const files = await reopenFiles(fs, saved, { ...job, place, stack });
  const run = CopyRun.resume(saved, job, files);
  if (typeof run === "string") throw cannot(action, run, RESUME_HINT);
  return await run.run();
}

/** What a run was begun with, and its files now; where they do not go together, no run was saved there. */
function planOf(
  action: string,
  device: CopyDevice,
  { settings, guests }: SavedCopyRun,
  paths: Readonly<Record<string, string>>,
): CopyPlan {
  try {
    const plan = device.plan({ ...settings, paths, files: {} });
    if (plan.guestCount === guests.length) return plan;
    throw new OptionError(
      `it has ${guests.length} guests, and was begun with ${plan.guestCount}`,
    );
  } catch (error) {
    if (error instanceof OptionError) throw cannot(action, error, RESUME_HINT);
    throw error;
  }
}
