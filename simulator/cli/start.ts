/**
 * How a command was started: by its task, as a program of the published package, or as a file. So it
 * knows where the user stands, and which command runs it again.
 *
 * @module
 */

import { dirname, isAbsolute, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { shellQuoted } from "../text.ts";
import { cannot } from "./command.ts";
import { SIMULATE_PERMISSIONS, SWEEP_PERMISSIONS } from "./permissions.ts";

/**
 * The first word of a task's arguments; the folder in which the user stands and the terminal's name come
 * next. So the command needs no permission to read its environment, and no option of the user's can be
 * taken for it: they come after.
 */
const FROM_TASK = "--from-task";
/** The package that the commands are published in. */
const PACKAGE = "@vmbus/kmcl";
/** A terminal that obeys nothing. */
const DUMB = "dumb";
/** What has the tasks: it is found from folders of the repository alone. */
const CONFIG = new URL("../../deno.json", import.meta.url);

/** The commands that name each other: the flags and the program of each. */
const COMMANDS = {
  simulate: { permissions: SIMULATE_PERMISSIONS, file: "./main.ts" },
  sweep: { permissions: SWEEP_PERMISSIONS, file: "./sweep/main.ts" },
} as const;

/** How a command was started. */
export interface Start {
  /** What the user types to start it: `deno task simulate`. */
  readonly command: string;
  /** The arguments that the user gave. */
  readonly args: readonly string[];
  /** Whether the terminal obeys nothing. */
  readonly isDumb: boolean;
}

/**
 * How the command was started that is the task `task`; paths are relative to where the user stands from
 * then on.
 *
 * @param module The address of the command's module.
 * @param permissions Flags that it needs.
 * @param goTo Makes paths relative to a folder, for the whole process.
 * @throws {UsageError} It cannot go where the user stands.
 */
export function startOf(
  task: string,
  module: string,
  permissions: string,
  args: readonly string[],
  goTo: (folder: string) => void = Deno.chdir,
): Start {
  if (args[0] !== FROM_TASK) {
    const command = `deno run ${permissions} ${shellQuoted(fileURLToPath(module))}`;
    return { command, args, isDumb: false };
  }
  const [, folder = "", terminal, ...own] = args;
  if (folder !== "") standIn(folder, goTo);
  return { command: taskFrom(folder, task), args: own, isDumb: terminal === DUMB };
}

/** What starts a task of this repository for who stands in `folder`; empty: in the repository. */
function taskFrom(folder: string, task: string): string {
  const config = fileURLToPath(CONFIG);
  const way = relative(dirname(config), folder === "" ? dirname(config) : folder);
  const isInside = !/^\.\.(?:$|[/\\])/.test(way) && !isAbsolute(way);
  return `deno task ${isInside ? "" : `--config ${shellQuoted(config)} `}${task}`;
}

function standIn(folder: string, goTo: (folder: string) => void): void {
  try {
    goTo(folder);
  } catch (error) {
    throw cannot(`go to ${folder}, where you are`, error, "start it in a folder that is there");
  }
}

/**
 * How the command was started that the package exports as `name`. From the registry it names its
 * version, as another one may run otherwise.
 *
 * @param module The address of the exported module.
 * @param permissions Flags that it needs.
 */
export function startOfPackage(
  name: string,
  module: string,
  permissions: string,
  args: readonly string[],
): Start {
  const [, version] = /^https:.*\/@vmbus\/kmcl\/([^/]+)\//.exec(module) ?? [];
  const specifier = `jsr:${PACKAGE}${version === undefined ? "" : `@${version}`}/${name}`;
  return { command: `deno run ${permissions} ${specifier}`, args, isDumb: false };
}

/** What starts the command `name`, for who has started another one with `command`. */
export function siblingOf(command: string, name: keyof typeof COMMANDS): string {
  if (command.startsWith("deno task ")) return command.replace(/\S+$/, name);
  const { permissions, file } = COMMANDS[name];
  const [, folder] = /(jsr:\S+\/)\w+$/.exec(command) ?? [];
  const program = folder === undefined
    ? shellQuoted(fileURLToPath(new URL(file, import.meta.url)))
    : `${folder}${name}`;
  return `deno run ${permissions} ${program}`;
}

/** What starts the same command with the permission to start its own runtime. */
export function withRun(command: string): string {
  if (!command.startsWith("deno task ")) {
    return command.replace(/^deno run /, "deno run --allow-run=deno ");
  }
  const { permissions, file } = COMMANDS.simulate;
  const program = shellQuoted(fileURLToPath(new URL(file, import.meta.url)));
  return `deno run --allow-run=deno ${permissions} ${program}`;
}

/** The first word that the user gave. */
export function firstWordOf(args: readonly string[]): string | undefined {
  return args[0] === FROM_TASK ? args[3] : args[0];
}
