/**
 * What a scenario is: a run of driver pairs with options of its own, a check of everything that it did,
 * and a result that says how it went. Files and the wish to stop come from outside, so that a scenario
 * runs in any runtime; one that takes paths needs a runtime with files.
 *
 * @module
 */

import type { Fabric, ScheduleName } from "../mod.ts";
import type { ScenarioPayload } from "./worlds/payloads.ts";

/** A file that a scenario reads; whoever runs the scenario opens and closes it. */
export interface SourceFile {
  /** What reports call it. */
  readonly name: string;
  /** Its size. */
  readonly byteCount: number;
  /** Reads `byteCount` bytes from `offset` on; fewer only where the file ends before. */
  read(offset: number, byteCount: number): Promise<Uint8Array>;
}

/** An option whose value is a whole number. */
export interface NumberOption {
  /** Tells the kinds of options apart. */
  readonly kind: "number";
  /** As it is typed after two dashes: `ring-pages`. */
  readonly name: string;
  /** What its value stands for in help: `BYTES`. */
  readonly placeholder: string;
  /** What it sets, in a few words. */
  readonly description: string;
  /** The smallest value. */
  readonly least: number;
  /** The largest value. */
  readonly most: number;
  /** The value where none is given. */
  readonly default: number;
}

/** An option whose value names a file that the scenario reads. */
export interface FileOption {
  /** Tells the kinds of options apart. */
  readonly kind: "file";
  /** As it is typed after two dashes: `file`. */
  readonly name: string;
  /** What its value stands for in help: `PATH`. */
  readonly placeholder: string;
  /** What it sets, in a few words. */
  readonly description: string;
  /** What takes its place where none is given, in words: `64 KiB made from the seed`. */
  readonly default: string;
}

/** An option whose value is a path, where the scenario itself reads or writes. None need be given. */
export interface PathOption {
  /** Tells the kinds of options apart. */
  readonly kind: "path";
  /** As it is typed after two dashes: `out`. */
  readonly name: string;
  /** What its value stands for in help: `PATH`. */
  readonly placeholder: string;
  /** What it sets, in a few words. */
  readonly description: string;
  /** What takes its place where none is given, in words: `kept nowhere`. */
  readonly default: string;
  /** Whether what is there is read and never written, so that two runs can have it at once. Default: no. */
  readonly isOnlyRead?: boolean;
  /** Whether a run that is resumed is given it again: no saved run says what is written. Default: no. */
  readonly isForResume?: boolean;
}

/** An option whose value is a part of the whole: `40%`. It need not be given. */
export interface PercentOption {
  /** Tells the kinds of options apart. */
  readonly kind: "percent";
  /** As it is typed after two dashes: `save-at`. */
  readonly name: string;
  /** What its value stands for in help: `PERCENT`. */
  readonly placeholder: string;
  /** What it sets, in a few words. */
  readonly description: string;
  /** What happens where none is given, in words. */
  readonly default: string;
}

/** An option of a scenario. */
export type ScenarioOption = NumberOption | FileOption | PathOption | PercentOption;

/** What a run is made of. The same settings and the same files give the same trace. */
export interface ScenarioSettings {
  /** Every draw of chance comes from it: 0 to 2^64 - 1. Default 0. */
  readonly seed?: bigint;
  /** Order of runnable work. Default `"fifo"`. */
  readonly schedule?: ScheduleName;
  /** Encoding of packets in the rings. Default `"msgpack"`. */
  readonly codec?: "msgpack" | "vmbus";
  /** Values of number and percent options, by name; the others have their default, or none. */
  readonly numbers?: Readonly<Record<string, number>>;
  /** Files for file options, by name; the others have what takes their place. */
  readonly files: Readonly<Record<string, SourceFile>>;
  /** Values of path options, by name. */
  readonly paths?: Readonly<Record<string, string>>;
  /** Stops the run where it stands. */
  readonly signal?: AbortSignal;
  /**
   * Hears how far the run is, often: in units of the scenario's own, whose name it is told, in the plural.
   * Another unit is another part of the work, which begins with it.
   */
  readonly onProgress?: (done: number, total: number, unit?: string) => void;
  /** Is told of each fabric that the run makes. It then keeps its whole trace, which takes memory. */
  readonly onFabric?: (fabric: Fabric) => void;
  /** Whether whoever is told of a fabric reads its trace. Default true; else a fabric keeps none of it. */
  readonly keepsTrace?: boolean;
  /** Hears of each choice of a world, before it is made: what steps of findings count. */
  readonly onChoice?: () => void;
}

/** What of its trace a fabric of a run with these settings keeps. */
export function traceLevelOf(
  { onFabric, keepsTrace = true }: Pick<ScenarioSettings, "onFabric" | "keepsTrace">,
): "full" | "digest" {
  return onFabric !== undefined && keepsTrace ? "full" : "digest";
}

/** A column of a {@linkcode ResultTable}. */
export interface ResultColumn {
  /** Its name for programs: `guestToHost`. */
  readonly key: string;
  /** Its name for people: `guest to host`. */
  readonly label: string;
}

/** A row of a {@linkcode ResultTable}: a number for each column. */
export interface ResultRow {
  /** Its name for programs: `payloadBytes`. */
  readonly key: string;
  /** Its name for people: `payload bytes`. */
  readonly label: string;
  /** As many numbers as there are columns. */
  readonly values: readonly number[];
}

/** A table of numbers. */
export interface ResultTable {
  /** What the numbers of a row are of. */
  readonly columns: readonly ResultColumn[];
  /** What was counted. */
  readonly rows: readonly ResultRow[];
}

/** A table of what happened on the way, beside what was counted. */
export interface NamedTable extends ResultTable {
  /** Its name for programs: `migrations`. */
  readonly key: string;
  /** What stands above it for people: `migrated live`. */
  readonly title: string;
}

/** One number that a run ended with, beside those that every run has. */
export interface ResultFigure {
  /** Its name for programs: `requestsAtOnce`. */
  readonly key: string;
  /** Its name for people: `requests at once, at most`. */
  readonly label: string;
  /** The number. */
  readonly value: number;
}

/** Bytes that went through a run, by their digest. */
export interface DigestedBytes {
  /** For programs: `read`, `returned`. */
  readonly key: string;
  /** For people: `README.md as read`. */
  readonly label: string;
  /** How many they are. */
  readonly byteCount: number;
  /** SHA-256, as 64 hexadecimal digits. */
  readonly sha256: string;
}

/** How a run went. */
export interface ScenarioResult {
  /** Whether it went to its end, and nothing was wrong. */
  readonly ok: boolean;
  /** Whether it was stopped before its end. */
  readonly isStopped: boolean;
  /** What was wrong, a sentence each. */
  readonly findings: readonly string[];
  /** What was found that is expected, a sentence each. Default: nothing. */
  readonly expected?: readonly string[];
  /** What went wrong as the scenario's faults have it, a sentence for each fault and place. Default: nothing. */
  readonly faults?: readonly string[];
  /** What was counted. */
  readonly counts: ResultTable;
  /** Further numbers, of the scenario's own. */
  readonly figures?: readonly ResultFigure[];
  /** Further tables, of the scenario's own. */
  readonly tables?: readonly NamedTable[];
  /** Digests of what went through it. */
  readonly digests: readonly DigestedBytes[];
  /** Where the run was saved, to be resumed another time; absent where it ran to its end. */
  readonly savedTo?: string;
  /** Transactions that ended. */
  readonly transactions: number;
  /** Virtual time that passed. */
  readonly virtualMilliseconds: number;
  /** Misuse of the documented functions that the verifier found. */
  readonly violationCount: number;
  /** What still lived at the end. */
  readonly leakCount: number;
  /** SHA-256 of the trace. */
  readonly traceDigest: string;
  /** How far it came, in units of the scenario's own, and of how many. */
  readonly progress: {
    /** Units that are done. */
    readonly done: number;
    /** All of them. */
    readonly total: number;
    /** What a unit is, in the plural: `packets`. */
    readonly unit: string;
  };
}

/** What stops a run, what hears how far it is, and what looks into it. */
export type RunHooks = Pick<
  ScenarioSettings,
  "signal" | "onProgress" | "onFabric" | "keepsTrace" | "onChoice"
>;

/** A run that was saved, and is to be resumed. Nobody else can resume it until this is disposed of. */
export interface SavedRun extends Disposable {
  /** What it was begun with. */
  readonly settings: Required<Pick<ScenarioSettings, "seed" | "schedule" | "codec">> & {
    /** Values of number and percent options, by name. */
    readonly numbers: Readonly<Record<string, number>>;
    /** Values of path options, by name: those that it is resumed with. */
    readonly paths: Readonly<Record<string, string>>;
  };
  /** Files that it will read, beside the one that it was saved in. */
  readonly reads: readonly string[];
  /** Files that it will write. */
  readonly writes: readonly string[];
  /**
   * Runs it to its end. First its files are looked at, which may take a while.
   *
   * @throws {Error} It was stopped before it continued, or a file is not what it was; nothing was altered.
   */
  run(hooks: RunHooks): Promise<ScenarioResult>;
}

/** A run of driver pairs that can be asked for by name. */
export interface Scenario {
  /** As it is asked for: `echo`. */
  readonly name: string;
  /** What it does and shows, in one line. */
  readonly title: string;
  /** What can be set, beside seed, schedule and codec. */
  readonly options: readonly ScenarioOption[];
  /** How the payloads of its channels read, for who looks at a run. Default: bytes are all that is known. */
  readonly payloads?: readonly ScenarioPayload[];
  /**
   * Runs it.
   *
   * @throws {OptionError} Settings that cannot be run; nothing has run then.
   */
  run(settings: ScenarioSettings): Promise<ScenarioResult>;
  /**
   * Reads a run that was saved in the file at `path`; absent where runs cannot be saved. Nothing has run
   * when it returns, and nothing was written.
   *
   * @param paths Values of path options that a run which is resumed is given, by name.
   */
  resume?(path: string, paths?: Readonly<Record<string, string>>): Promise<SavedRun>;
}

/** A setting that cannot be run. The message says what is wrong and what would be right. */
export class OptionError extends RangeError {
  /** Always `"OptionError"`. */
  override readonly name = "OptionError";
}

/**
 * The value of a number option in `settings`, or its default.
 *
 * @throws {OptionError} It is not a whole number within the option's bounds.
 */
export function numberOf(option: NumberOption, settings: ScenarioSettings): number {
  const value = settings.numbers?.[option.name] ?? option.default;
  const { name, least, most } = option;
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new OptionError(`--${name} must be a whole number from ${least} to ${most}, not ${value}`);
}

/**
 * The file of a file option in `settings`.
 *
 * @throws {OptionError} The settings have no file for it.
 */
export function fileOf(option: FileOption, settings: ScenarioSettings): SourceFile {
  const file = settings.files[option.name];
  if (file === undefined) throw new OptionError(`--${option.name} must name a file`);
  return file;
}
