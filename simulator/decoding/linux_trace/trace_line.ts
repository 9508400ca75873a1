/**
 * A line of a trace of Linux, as `trace-cmd report`, `perf script` and tracefs's `trace` and `trace_pipe` print it:
 *
 *   kworker/0:1-123   [000]  1234.567890: vmbus_onoffer_rescind: child_relid 0x3           (trace-cmd report)
 *   kworker/0:1   123 [000]  1234.567890: hyperv:vmbus_onoffer_rescind: child_relid 0x3    (perf script)
 *   kworker/0:1-123     [000] d.h1.  1234.567890: vmbus_onoffer_rescind: child_relid 0x3   (tracefs)
 *   kworker/-123       0d.h1.  1567us : vmbus_onoffer_rescind: child_relid 0x3   (tracefs's latency-format)
 *
 * The last one is also what the kernel's log has where a crash dumps the trace (`ftrace_dump_on_oops`), behind the log's own
 * time; `trace-cmd report -l` prints seconds in it.
 *
 * @module
 */

/** An event of any subsystem, as a line has it. */
export interface EventLine {
  /** The task that ran, with its number, as it is printed. */
  readonly task: string;
  /** The processor. */
  readonly cpu: number;
  /** Interrupts and preemption, as tracefs prints them; empty where they are not printed. */
  readonly flags: string;
  /** The time as it is printed: seconds, microseconds with `us` behind them, or counts of whatever clock it is. */
  readonly time: string;
  /** The event's system, empty where it is not printed. */
  readonly system: string;
  /** The event. */
  readonly event: string;
  /** What it prints. */
  readonly text: string;
  /** Where in the line that begins, in characters. */
  readonly textAt: number;
}

/** What else a line may be. */
export type OtherLine =
  /** Nothing, or a comment of tracefs's. */
  | "empty"
  | "comment"
  /** The tracer's buffer was full, or somebody read too slowly. */
  | "lost"
  /** Anything else: a call stack, the number of processors. */
  | "other";

/** No event of the bus prints more; a longer line is somebody else's. */
const LINE_CHARACTERS_MAX = 4096;

const LOST =
  /^\s*CPU:?\s*\d+\s+\[(?:LOST (?:\d+ )?EVENTS|(?:\d+ )?EVENTS DROPPED)\]|\sPERF_RECORD_LOST(?:_SAMPLES)?\s+lost\s+\d+/;
const PROCESSOR = /\[(\d{1,5})\]/g;
/** From the processor on: flags, the time, perf's period or the time since the last event, which may be printed, the event. */
const REST =
  /^\s+(?:([^\s:]{1,8})\s+)?(\d+(?:\.\d+)?):\s+(?:(?:\d+|\(\+\d+\))\s+)?(?:([\w-]{1,64}):)?(\w{1,64}):\s*/;

/** Of a format for latencies: the task's number, the processor with flags right behind it, and what may lie after the time. */
const LATENCY =
  /-\d+\s+(\d{1,5})([A-Za-z.][^\s:]{3,7})\s+(\d+(?:\.\d+)?)(?:(us)[ +!#*@$]?)?:\s+(?:([\w-]{1,64}):)?(\w{1,64}):\s*/;
/** The time that the kernel's log has before what it prints. */
const LOG_TIME = /^\[\s*\d+\.\d+\](?:\[\s*[TC]\d+\])?\s/;

/** What `line` is. */
export function readTraceLine(line: string): EventLine | OtherLine {
  if (line.trim() === "") return "empty";
  if (line.startsWith("#")) return "comment";
  if (LOST.test(line)) return "lost";
  if (line.length > LINE_CHARACTERS_MAX) return "other";
  for (const { 0: found, 1: cpu, index } of line.matchAll(PROCESSOR)) {
    const from = index + found.length;
    const [all, flags = "", time, system = "", event] = REST.exec(line.slice(from)) ?? [];
    if (all === undefined || time === undefined || event === undefined) continue;
    const textAt = from + all.length;
    const task = taskOf(line.slice(0, index));
    const text = line.slice(textAt).trimEnd();
    return { task, cpu: Number(cpu), flags, time, system, event, text, textAt };
  }
  return latencyLine(line) ?? "other";
}

/** `line` as one of a format for latencies; null: it has another format. */
function latencyLine(line: string): EventLine | null {
  const found = LATENCY.exec(line);
  if (found === null) return null;
  const [all, cpu, flags = "", count = "", unit = "", system = "", event = ""] = found;
  const pid = /^-\d+/.exec(all)![0];
  const task = taskOf(line.slice(0, found.index).replace(LOG_TIME, "") + pid);
  const textAt = found.index + all.length;
  const text = line.slice(textAt).trimEnd();
  return { task, cpu: Number(cpu), flags, time: count + unit, system, event, text, textAt };
}

/** A task as it is shown: programs print it with space around and in it. */
function taskOf(printed: string): string {
  return printed.trim().replaceAll(/\s+/g, " ");
}

/**
 * The time of a line in 100 ns: of seconds their decimals, of microseconds those, of another clock its counts, as far as a
 * number goes.
 */
export function ticksOf(time: string): number {
  const [whole = "0", decimals] = time.replace(/us$/, "").split(".");
  const ticks = decimals !== undefined
    ? BigInt(whole) * 10_000_000n + BigInt(decimals.padEnd(7, "0").slice(0, 7))
    : BigInt(whole) * (time.endsWith("us") ? 10n : 1n);
  return ticks <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(ticks) : Number.MAX_SAFE_INTEGER;
}

/** How many lines of a text are looked at: before the first event trace-cmd has a line for each processor without one. */
const LOOKED_AT = 8192;

/** Whether `text` begins as a trace of Linux does. */
export function isLinuxTrace(text: string): boolean {
  const lines = text.split("\n", LOOKED_AT);
  return lines.some((line) => /^# tracer: /.test(line) || typeof readTraceLine(line) === "object");
}
