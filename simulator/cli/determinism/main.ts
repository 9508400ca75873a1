/**
 * `simulate --check-determinism`: the same run in two processes, which ought to be the same.
 *
 * @module
 */

import { grouped, painted } from "../../layout.ts";
import { shellQuoted, visible, visibleJson } from "../../text.ts";
import { EXIT_FAILED, EXIT_OK, print, stdoutLook, StoppedError, UsageError } from "../command.ts";
import { linesOf } from "../lines.ts";
import { endProcess, mayStartProcesses } from "../processes.ts";
import { withRun } from "../start.ts";

const CHILD = new URL("./child.ts", import.meta.url).href;
/** What `simulate` may do, its children may. */
const FLAGS = ["run", "--quiet", "--no-prompt", "--allow-read", "--allow-write"];
const SHOWN_MAX = 500;

/** How two runs compare. */
export interface Comparison {
  /** Entries that are the same; all of them, where the runs are. */
  readonly entries: number;
  /** What came next in each; null: they are the same. */
  readonly difference: readonly [string, string] | null;
}

/** A process that runs what its arguments ask for, and says all that happened. */
class TracedRun {
  readonly lines: AsyncGenerator<string>;
  readonly #process: Deno.ChildProcess;

  constructor(args: readonly string[]) {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: [...FLAGS, CHILD, ...args],
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.lines = linesOf(this.#process.stdout);
  }

  /** Whether it could not run as asked; false where it is not known yet, as more is to be read. */
  async hasFailed(): Promise<boolean> {
    const { value, done } = await this.lines.next();
    return done === true && value === undefined && (await this.#process.status).code !== 0;
  }

  kill(): void {
    endProcess(this.#process);
  }

  async end(): Promise<void> {
    this.kill();
    await this.lines.return(undefined);
    await this.#process.status;
  }
}

/** Compares two runs line by line, so that neither is held whole. */
export async function compare(
  one: AsyncIterator<string>,
  other: AsyncIterator<string>,
): Promise<Comparison> {
  for (let entries = 0;; entries++) {
    const [a, b] = await Promise.all([one.next(), other.next()]);
    if (a.done === true && b.done === true) return { entries, difference: null };
    const shown = ({ value, done }: IteratorResult<string>) => done === true ? "nothing" : value;
    if (a.value !== b.value) return { entries, difference: [shown(a), shown(b)] };
  }
}

/** The report, for people or for programs. */
function reportOf({ entries, difference }: Comparison, isJson: boolean, isDumb: boolean): string {
  const cut = (text: string) => visible(text.slice(0, SHOWN_MAX));
  if (isJson) {
    const [one, other] = difference ?? [null, null];
    const error = difference === null ? null : `entry ${entries} differs`;
    return `${visibleJson({ ok: error === null, error, entries, one, other })}\n`;
  }
  if (difference === null) return `the same in two processes: ${grouped(entries)} entries\n`;
  const [one, other] = difference.map(cut);
  const fail = painted("FAIL", "red", stdoutLook(isDumb));
  return `${fail} entry ${entries} differs\n     in one process: ${one}\n     in another:     ${other}\n`;
}

/** What is to be compared, and how that is told. */
export interface CheckOptions {
  /** What starts `simulate`. */
  readonly command: string;
  /** The arguments of the run. */
  readonly args: readonly string[];
  /** Whether the terminal obeys nothing. */
  readonly isDumb: boolean;
  /** Whether the report is for programs. */
  readonly isJson: boolean;
  /** Stops it. */
  readonly signal: AbortSignal;
}

/**
 * Runs what `args` ask for in two processes, prints how they compare, and gives the exit code.
 *
 * @throws {UsageError} It may start no process, or a run could not be had: its process has said why.
 */
export async function checkDeterminism(options: CheckOptions): Promise<number> {
  const { command, args, signal, isJson, isDumb } = options;
  if (!mayStartProcesses()) {
    const use = [withRun(command), ...args.map(shellQuoted)].join(" ");
    const reason = `${command} may start no process, and it takes two`;
    throw new UsageError(`Cannot check determinism: ${reason}; use ${use}`);
  }
  const [one, other] = [new TracedRun(args), new TracedRun(args)];
  const kill = () => [one, other].forEach((run) => run.kill());
  signal.addEventListener("abort", kill);
  try {
    const comparison = await compare(one.lines, other.lines);
    if (signal.aborted) throw new StoppedError("Stopped while two runs were compared");
    if (await one.hasFailed() || await other.hasFailed()) {
      throw new UsageError("Cannot check determinism: a process could not run as asked");
    }
    print(reportOf(comparison, isJson, isDumb));
    return comparison.difference === null ? EXIT_OK : EXIT_FAILED;
  } finally {
    signal.removeEventListener("abort", kill);
    await Promise.all([one.end(), other.end()]);
  }
}
