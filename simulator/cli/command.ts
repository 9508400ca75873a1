/**
 * What the commands of this folder share: how they speak, without permissions, and how they end.
 *
 * @module
 */

import { Command, CommanderError } from "commander";
import type { Look } from "../layout.ts";
import { OptionError } from "../scenario.ts";
import { visible } from "../text.ts";

/** All is well. */
export const EXIT_OK = 0;
/** The command ran, and found something wrong. */
export const EXIT_FAILED = 1;
/** The command could not run as it was asked to. */
export const EXIT_USAGE = 2;

/** The command cannot run; the message is the line for the user. */
export class UsageError extends Error {}

/** The command cannot run for several reasons, each of which is a line for the user. */
export class UsageErrors extends UsageError {
  /** The lines, in order. */
  readonly lines: readonly string[];

  /** An error that says each of `lines`. */
  constructor(lines: readonly string[]) {
    super(lines.join("; "));
    this.lines = lines;
  }
}

/** Stdout does not take what is printed. */
class StdoutError extends UsageError {}

/** The user has stopped the command; the message says how far it came. */
export class StoppedError extends UsageError {}

/** The error for what the machine refused: what was tried, why it failed, and what would be right. */
export function cannot(action: string, error: unknown, hint: string): UsageError {
  if (error instanceof UsageError) return error; // it says already what was tried
  return new UsageError(`Cannot ${action}: ${reasonOf(error)}; ${hint}`);
}

function reasonOf(error: unknown): string {
  if (typeof error === "string") return error.replace(/\.$/, ""); // the sentence continues behind it
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.PermissionDenied) return "it is not permitted";
  if (error instanceof Deno.errors.NotCapable) return notCapable(error);
  // The machine's own words; what Deno adds is a number, and what was tried.
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/ \(os error \d+\).*$/s, "");
}

/** What the program itself may not do; some places, such as /proc, need that it may do everything. */
function notCapable({ message }: Error): string {
  const [, flag] = /(--allow-(?:read|write))\b/.exec(message) ?? [];
  return `it is not permitted${flag === undefined ? "" : ` without ${flag}`}`;
}

/** Writes all of `text`, which a terminal or pipe may take in parts. */
export function writeAll(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let bytes = new TextEncoder().encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
}

/**
 * Prints `text`: what the command was asked for.
 *
 * @throws {UsageError} Stdout does not take it.
 */
export function print(text: string): void {
  try {
    writeAll(Deno.stdout, text);
  } catch (error) {
    // Whoever reads has seen enough, as `head` does; the exit code still says how it went.
    if (error instanceof Deno.errors.BrokenPipe) return;
    const { message } = cannot("write to stdout", error, "send it where there is room for it");
    throw new StdoutError(message);
  }
}

/** Tells the user `text`, beside what is printed. */
export function tell(text: string): void {
  try {
    writeAll(Deno.stderr, text);
  } catch {
    // There is no other place to say it, or to say that it was not said; the exit code remains.
  }
}

/** A complaint as one line; what came from outside must not look like another, nor move the cursor. */
function oneLine(text: string): string {
  return visible(text.trim().replaceAll(/(?: *\n)+ */g, " "));
}

/** What commander complains of, as one line without the word that it begins with. */
function complaintOf(text: string): string {
  return oneLine(text).replace("error: ", "").replace(/\.$/, "");
}

/**
 * Tells the user why the command ends, and gives its exit code. An error of our own is thrown again.
 *
 * @param printFailure Prints the reason for programs as well; default: it is not printed.
 */
export function endWith(
  error: unknown,
  printFailure: (reason: string) => void = () => {},
): number {
  // That help was asked for is an error to commander, too.
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT_OK;
  if (error instanceof StdoutError) {
    tell(`${error.message}\n`);
    return EXIT_USAGE;
  }
  const isCommanders = error instanceof CommanderError; // it has told it already
  const isUsers = isCommanders || error instanceof UsageError || error instanceof OptionError;
  const message = error instanceof Error ? error.message : String(error);
  const reason = isCommanders ? complaintOf(message) : oneLine(message);
  const lines = error instanceof UsageErrors ? error.lines.map(oneLine) : [reason];
  if (isUsers && !isCommanders) tell(`${lines.join("\n")}\n`);
  try {
    printFailure(reason);
  } catch (unprinted) {
    if (!isUsers) throw error;
    return endWith(unprinted);
  }
  if (!isUsers) throw error;
  return EXIT_USAGE;
}

/** Whether `args` ask for a report for programs, also where `command` cannot be run with them. */
export function asksForJson(command: Command, args: readonly string[]): boolean {
  for (let at = 0; at < args.length; at++) {
    const word = args[at]!;
    if (word === "--") return false;
    if (word === "--json") return true;
    // The word after such an option is its value.
    if (command.options.some(({ long, required }) => long === word && required)) at++;
  }
  return false;
}

/** How wide a stream's terminal is; null where the stream is not a terminal, or does not say. */
export function columnsOf(stream: { isTerminal(): boolean }): number | null {
  if (!stream.isTerminal()) return null;
  try {
    return Deno.consoleSize().columns || null; // some say 0
  } catch {
    return null; // there is no way to know, and any width will do
  }
}

/**
 * How reports look on stdout.
 *
 * @param isDumb Whether the terminal obeys nothing, and shows colours as text.
 */
export function stdoutLook(isDumb: boolean = false): Look {
  const columns = columnsOf(Deno.stdout);
  return {
    isColored: Deno.stdout.isTerminal() && !Deno.noColor && !isDumb,
    ...(columns !== null && { columns }),
  };
}

/** Most columns of a help text: longer lines are hard to read. */
const HELP_COLUMNS_MAX = 100;

/** How wide a help text may be. */
export function helpColumns(): number {
  return Math.min(columnsOf(Deno.stdout) ?? 80, HELP_COLUMNS_MAX);
}

/** A command called `name` that throws instead of exiting, and whose complaints have one line. */
export function createCommand(name: string): Command {
  return new Command(name)
    .helpOption("--help", "say what the command does")
    .configureHelp({ minWidthToWrap: 10 })
    .configureOutput({
      writeOut: print,
      writeErr: tell,
      outputError: (text, writeErr) => writeErr(`${complaintOf(text)}: see ${name} --help\n`),
      // Commander's own checks would read the environment, which needs a permission.
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      getOutHelpWidth: helpColumns,
      getErrHelpWidth: helpColumns,
    })
    .exitOverride();
}
