/**
 * Checks the options of fabrics and partitions: a wrong one must not become a strange run.
 *
 * @module
 */

import { ALL_VERSIONS, FEATURES_DEFAULT, type VersionRange } from "../../core/control/dialect.ts";
import { FEATURES } from "../../core/control/versions.ts";
import { GUEST_PAGES_MAX, MMIO_MEGABYTES_MAX } from "../../core/memory/guest_memory.ts";
import { isUint } from "../../core/units.ts";
import {
  type CheckedPartitionOptions,
  type PartitionOptions,
  PROCESSORS_MAX,
} from "../partition/partition.ts";
import type { MonitorPagesOption } from "../channel/partition_port.ts";
import type { FabricOptions } from "./fabric.ts";
import { UNITS_PER_MS } from "../runtime/real_pace.ts";
import { checkBounds, show, withDefaults } from "./read_options.ts";
import { checkSchedule } from "./schedule_option.ts";
import { checkDialect } from "./vmbus_options.ts";

const HOST_PAGES = FEATURES.serverSpecifiedMonitorPages;

/** All options of a fabric. */
export type CheckedFabricOptions = Required<FabricOptions> & {
  readonly vmbusVersion: VersionRange;
};

const FABRIC_DEFAULTS: Required<FabricOptions> = {
  seed: 0,
  schedule: "fifo",
  clock: "virtual",
  codec: "msgpack",
  verifier: "throw",
  sourceLines: false,
  trace: "digest",
  interpreter: "compiled",
  rootMemoryPages: 4096,
  itemsPerInstantMax: 5_000_000,
  vmbusVersion: ALL_VERSIONS,
  vmbusFeatures: FEATURES_DEFAULT,
  monitorPages: false,
  offerOrder: "interface",
};

/** The words that an option may be. */
const FABRIC_CHOICES: Readonly<
  Record<
    Exclude<
      keyof FabricOptions,
      | "seed"
      | "schedule"
      | "rootMemoryPages"
      | "itemsPerInstantMax"
      | "sourceLines"
      | "vmbusVersion"
      | "vmbusFeatures"
      | "monitorPages"
    >,
    readonly string[]
  >
> = {
  clock: ["virtual", "real"],
  codec: ["msgpack", "vmbus"],
  verifier: ["throw", "record", "off"],
  trace: ["digest", "digestWithoutPayloads", "full", "off"],
  interpreter: ["compiled", "stock"],
  offerOrder: ["interface", "absolute"],
};

const PARTITION_DEFAULTS: Omit<Required<PartitionOptions>, "name"> = {
  memoryPages: 4096,
  vtl: 0,
  mmioMegabytes: 128,
  processors: 1,
  vmbusVersion: ALL_VERSIONS,
  vmbusFeatures: FEATURES_DEFAULT,
  monitorPages: "none",
  vtlOf: null,
  redirect: false,
  isolated: false,
};

const MONITOR_PAGES: readonly string[] = ["none", "guest", "host"] satisfies MonitorPagesOption[];

/** Options of a machine: a further trust level of one has its processors, and as a rule its memory. */
const OF_MACHINE = ["memoryPages", "mmioMegabytes", "processors", "isolated"] as const;

/** What a guest asks for that its paravisor serves, unless it is told otherwise: only there it is given. */
const REDIRECTED_FEATURES = FEATURES_DEFAULT | FEATURES.confidentialChannels;

/** Smallest and largest value of an option. */
const PARTITION_BOUNDS: Readonly<
  Record<Exclude<typeof OF_MACHINE[number], "isolated"> | "vtl", readonly [number, number]>
> = {
  memoryPages: [1, GUEST_PAGES_MAX],
  vtl: [0, 2],
  mmioMegabytes: [0, MMIO_MEGABYTES_MAX],
  processors: [1, PROCESSORS_MAX],
};

/**
 * The options of a fabric, with defaults.
 *
 * @throws {TypeError | RangeError} A fabric cannot have one of them.
 */
export function checkFabricOptions(options: FabricOptions): CheckedFabricOptions {
  const checked = withDefaults("a fabric", options, FABRIC_DEFAULTS);
  for (const [name, choices] of Object.entries(FABRIC_CHOICES)) {
    const value: unknown = checked[name as keyof FabricOptions];
    checkChoice("a fabric", name, value, choices);
  }
  for (const name of ["sourceLines", "monitorPages"] as const) {
    const value: unknown = checked[name];
    if (typeof value === "boolean") continue;
    throw new TypeError(
      `Cannot create a fabric: ${name} must be true or false, not ${show(value)}`,
    );
  }
  const { memoryPages } = PARTITION_BOUNDS;
  checkBounds("a fabric", "rootMemoryPages", checked.rootMemoryPages, memoryPages);
  const { itemsPerInstantMax } = checked;
  if (!isItems(itemsPerInstantMax)) {
    throw new RangeError(
      `Cannot create a fabric: itemsPerInstantMax must be a whole number from 1, not ${
        show(itemsPerInstantMax)
      }`,
    );
  }
  const { versions, features } = checkDialect("a fabric", checked);
  return {
    ...checked,
    schedule: checkSchedule(checked.schedule),
    vmbusVersion: versions,
    // A host agrees to bring pages where it does (wire.md 4.3).
    vmbusFeatures: checked.monitorPages ? features | HOST_PAGES : features & ~HOST_PAGES,
  };
}

/**
 * Checks a word.
 *
 * @throws {TypeError} It is not one of `choices`.
 */
function checkChoice(what: string, name: string, value: unknown, choices: readonly string[]): void {
  if (typeof value === "string" && choices.includes(value)) return;
  const list = choices.map(show).join(", ");
  throw new TypeError(`Cannot create ${what}: ${name} must be one of ${list}, not ${show(value)}`);
}

function isItems(value: unknown): value is number {
  return isUint(value, Number.MAX_SAFE_INTEGER) && value > 0;
}

/**
 * Checks a number of work items.
 *
 * @throws {RangeError} It is no whole number from 1 on.
 */
export function checkItems(call: string, items: unknown): void {
  if (isItems(items)) return;
  throw new RangeError(`Cannot ${call}: items must be a whole number from 1, not ${show(items)}`);
}

/**
 * Checks the condition that a drive waits for.
 *
 * @throws {TypeError} It is no function.
 */
export function checkPredicate(call: string, predicate: unknown): void {
  if (typeof predicate === "function") return;
  throw new TypeError(`Cannot ${call}: predicate must be a function, not ${show(predicate)}`);
}

/**
 * The options of a partition, with defaults.
 *
 * @throws {TypeError | RangeError} A partition cannot have one of them.
 */
export function checkPartitionOptions(options: PartitionOptions): CheckedPartitionOptions {
  const unset = Object.fromEntries(
    [...OF_MACHINE, "vmbusFeatures"].map((name) => [name, undefined]),
  );
  const defaults = { ...PARTITION_DEFAULTS, name: "" };
  const all = { ...defaults, ...unset };
  const given = withDefaults<typeof defaults>("a partition", options, all, "create", ["name"]);
  const { memoryPages, mmioMegabytes, processors, isolated, ...rest } = given;
  const hasMemory = memoryPages !== undefined;
  if (given.vtlOf !== null) {
    requireLeftOut("processors", processors);
    requireLeftOut("isolated", isolated);
    if (!hasMemory) requireLeftOut("mmioMegabytes", mmioMegabytes);
  }
  const checked = {
    ...rest,
    memoryPages: memoryPages ?? defaults.memoryPages,
    mmioMegabytes: mmioMegabytes ?? defaults.mmioMegabytes,
    processors: processors ?? defaults.processors,
    isolated: isolated === undefined ? defaults.isolated : isolated,
    vmbusFeatures: given.vmbusFeatures ??
      (given.redirect === true ? REDIRECTED_FEATURES : FEATURES_DEFAULT),
  };
  if (typeof checked.name !== "string" || checked.name === "") {
    throw new TypeError(
      `Cannot create a partition: its name must be a text, not ${show(checked.name)}`,
    );
  }
  for (const [name, bounds] of Object.entries(PARTITION_BOUNDS)) {
    checkBounds("a partition", name, checked[name as keyof typeof PARTITION_BOUNDS], bounds);
  }
  if (typeof checked.isolated !== "boolean") {
    throw new TypeError(
      `Cannot create a partition: isolated must be true or false, not ${show(checked.isolated)}`,
    );
  }
  checkChoice("a partition", "monitorPages", checked.monitorPages, MONITOR_PAGES);
  const { versions, features } = checkDialect("a partition", checked);
  // With the feature a guest asks for the host's pages.
  const vmbusFeatures = checked.monitorPages === "host" ? features | HOST_PAGES : features;
  return { ...checked, vmbusVersion: versions, vmbusFeatures, hasMemory };
}

function requireLeftOut(name: string, value: unknown): void {
  if (value === undefined) return;
  throw new TypeError(
    `Cannot create a partition: ${name} is that of its machine where vtlOf is given`,
  );
}

/**
 * The time that comes `milliseconds` after `now100ns`, in 100 ns.
 *
 * @throws {RangeError} It is no number from 0 on, or the clock ends before.
 */
export function checkTimeAfter(call: string, now100ns: number, milliseconds: unknown): number {
  const time100ns = typeof milliseconds === "number" && milliseconds >= 0
    ? now100ns + Math.round(milliseconds * UNITS_PER_MS)
    : NaN;
  if (time100ns <= Number.MAX_SAFE_INTEGER) return time100ns;
  const mostMs = Math.floor((Number.MAX_SAFE_INTEGER - now100ns) / UNITS_PER_MS);
  throw new RangeError(
    `Cannot ${call}: milliseconds must be a number from 0 to ${mostMs}, not ${show(milliseconds)}`,
  );
}

/**
 * Checks what looks at actors.
 *
 * @throws {TypeError} It is no function.
 */
export function checkInspector(inspector: unknown): void {
  if (typeof inspector === "function") return;
  throw new TypeError(`Cannot inspectActors: inspector must be a function, not ${show(inspector)}`);
}

/**
 * Checks what a timer does.
 *
 * @throws {TypeError} It is no function.
 */
export function checkWork(call: string, work: unknown): void {
  if (typeof work === "function") return;
  throw new TypeError(`Cannot ${call}: work must be a function, not ${show(work)}`);
}

/**
 * Checks what may end a call.
 *
 * @throws {TypeError} It is no AbortSignal.
 */
export function checkSignal(call: string, signal: unknown): void {
  if (signal === undefined) return;
  try {
    AbortSignal.any([signal as AbortSignal]); // the runtime takes its own, and nothing that looks like one
  } catch {
    throw new TypeError(`Cannot ${call}: signal must be an AbortSignal, not ${show(signal)}`);
  }
}
