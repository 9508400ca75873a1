/**
 * The disk scenario: guests copy a file onto virtual disks and back, all at once, through the drivers
 * that `examples/disk` teaches.
 *
 * @module
 */

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { Chance } from "../../../core/chance.ts";
import { createFabric, type Fabric } from "../../../mod.ts";
import type {
  DigestedBytes,
  ResultFigure,
  ResultTable,
  Scenario,
  ScenarioResult,
  ScenarioSettings,
} from "../../scenario.ts";
import { type GuestFiles, openFiles } from "./files.ts";
import { type CopyMeter, GuestCopy } from "./guest_copy.ts";
import { DISK_OPTIONS, type DiskOptions, readDiskOptions } from "./options.ts";
import { changedSource } from "./source_file.ts";

/** Guests do not begin at the same instant: each waits up to a millisecond, drawn in 100 ns. */
const UNITS_PER_MS = 10_000;
const WAIT_UNITS = UNITS_PER_MS;

/** Of a copy that did not come to its end. */
const NOTHING = { byteCount: 0, sha256: bytesToHex(sha256(new Uint8Array(0))) };

/** The scenario. Where a file cannot be used, its run throws a UsageError, and leaves nothing behind. */
export const disk: Scenario = {
  name: "disk",
  title: "guests copy a file onto virtual disks and back: external data, PFNs, a shared GPADL, " +
    "registers in MMIO, negotiation, quota",
  options: DISK_OPTIONS,
  run: runDisk,
};

async function runDisk(settings: ScenarioSettings): Promise<ScenarioResult> {
  const options = readDiskOptions(settings);
  const { seed = 0n } = settings;
  using stack = new DisposableStack();
  const files = await openFiles(options, seed, stack);
  return await new DiskRun(settings, options, files).run();
}

/** One run on files that are open. */
class DiskRun {
  readonly #settings: ScenarioSettings;
  readonly #files: readonly GuestFiles[];
  readonly #fabric: Fabric;
  readonly #copies: readonly GuestCopy[];
  readonly #totalBytes: number;
  #doneBytes = 0;

  constructor(settings: ScenarioSettings, options: DiskOptions, files: readonly GuestFiles[]) {
    const { seed = 0n, schedule = "fifo", codec = "msgpack" } = settings;
    this.#settings = settings;
    this.#files = files;
    // Misuse is recorded, not thrown: the result says what it was, and how often it happened.
    const fabric = createFabric({ seed, schedule, codec, verifier: "record" });
    this.#fabric = fabric;
    this.#copies = files.map((each, at) => new GuestCopy(fabric, at + 1, options, each));
    this.#totalBytes = files.reduce((sum, { source }) => sum + 2 * source.byteCount, 0);
  }

  async run(): Promise<ScenarioResult> {
    const fabric = this.#fabric;
    await fabric.settle();
    const isStopped = !await this.#copyAll();
    const counts = this.#count();
    const figures = this.#figures();
    if (!isStopped) {
      for (const copy of this.#copies) await copy.close();
      await this.#keepCopies();
    }
    const leaks = isStopped ? [] : fabric.leaks();
    const findings = this.#copies.flatMap((copy) => copy.findings);
    for (const { rule, message } of fabric.violations) findings.push(`${rule}: ${message}`);
    for (const { owner, message } of leaks) findings.push(`${owner}: ${message}`);
    return {
      ok: !isStopped && findings.length === 0,
      isStopped,
      findings,
      counts,
      figures,
      digests: this.#digests(),
      transactions: this.#sum(({ counts }) => counts.completions),
      virtualMilliseconds: fabric.now(),
      violationCount: fabric.violations.length,
      leakCount: leaks.length,
      traceDigest: fabric.traceDigest(),
      progress: { done: this.#doneBytes, total: this.#totalBytes, unit: "bytes" },
    };
  }

  /** Lets all guests copy at once. False: they were stopped before they had done. */
  async #copyAll(): Promise<boolean> {
    const { seed = 0n, signal, onProgress } = this.#settings;
    const waits = Chance.fromSeed(seed).fork("disk: when a guest begins");
    const halt = new AbortController();
    const meter: CopyMeter = {
      signal: AbortSignal.any([halt.signal, ...(signal === undefined ? [] : [signal])]),
      moved: (byteCount) => {
        this.#doneBytes += byteCount;
        onProgress?.(this.#doneBytes, this.#totalBytes);
      },
    };
    // Where one guest's files cannot be used, the others end as well: then all are closed.
    const ends = await Promise.allSettled(
      this.#copies.map((copy) =>
        copy.copy(meter, waits.below(WAIT_UNITS) / UNITS_PER_MS).catch((error) => {
          halt.abort(error);
          throw error;
        })
      ),
    );
    const failed = ends.find((end) => end.status === "rejected");
    if (failed === undefined) return this.#assertOneSource();
    if (signal?.aborted === true && failed.reason === signal.reason) return false;
    throw failed.reason;
  }

  /** All guests read the same bytes. */
  #assertOneSource(): true {
    const digests = this.#copies.flatMap(({ read }) => read === null ? [] : [read.sha256]);
    if (new Set(digests).size <= 1) return true;
    throw changedSource(this.#files[0]!.source.name, "two guests read different bytes");
  }

  /** A copy that came back whole is kept, also where it is not what was copied. */
  async #keepCopies(): Promise<void> {
    for (const [at, { out }] of this.#files.entries()) {
      if (this.#copies[at]?.returned) await out?.keep();
    }
  }

  #sum(valueOf: (copy: GuestCopy) => number): number {
    return this.#copies.reduce((sum, copy) => sum + valueOf(copy), 0);
  }

  /** What was counted while the disks were open, of all guests together. */
  #count(): ResultTable {
    const [root, ...guests] = this.#fabric.inspect().partitions;
    const fromGuests = guests.flatMap(({ channels }) => channels);
    const fromHost = root?.channels ?? [];
    const both = (valueOf: (channel: typeof fromHost[number]) => number) =>
      [fromGuests, fromHost].map((channels) =>
        channels.reduce((sum, channel) => sum + valueOf(channel), 0)
      );
    const completions = this.#sum(({ counts }) => counts.completions);
    const requests = this.#sum(({ counts }) => counts.requests);
    const bytesIn = this.#sum(({ read }) => read?.byteCount ?? 0);
    const bytesOut = this.#sum(({ returned }) => returned?.byteCount ?? 0);
    return {
      columns: [
        { key: "guestToHost", label: "guest to host" },
        { key: "hostToGuest", label: "host to guest" },
      ],
      rows: [
        { key: "packets", label: "packets", values: [requests, completions] },
        { key: "completions", label: "of them completions", values: [0, completions] },
        { key: "fileBytes", label: "file bytes", values: [bytesIn, bytesOut] },
        {
          key: "roomWaits",
          label: "ring-full waits",
          values: both(({ roomWaits }) => roomWaits),
        },
        {
          key: "interrupts",
          label: "interrupts",
          values: both(({ interruptsSent }) => interruptsSent),
        },
      ],
    };
  }

  #figures(): readonly ResultFigure[] {
    const atOnce = this.#copies.map(({ counts }) => counts.requestsAtOnce);
    return [
      { key: "guests", label: "guests", value: this.#copies.length },
      {
        key: "requestsAtOnce",
        label: "requests carried out at once, at most",
        value: Math.max(...atOnce),
      },
    ];
  }

  /** Of the file as the first guest read it, and as each got it back. */
  #digests(): readonly DigestedBytes[] {
    const [first] = this.#copies;
    const name = this.#files[0]?.source.name;
    const isOne = this.#copies.length === 1;
    const returned = this.#copies.map(({ returned }, at) => ({
      key: isOne ? "returned" : `returned${at + 1}`,
      label: `${name} as returned${isOne ? "" : ` to guest ${at + 1}`}`,
      ...returned ?? NOTHING,
    }));
    return [{ key: "read", label: `${name} as read`, ...first?.read ?? NOTHING }, ...returned];
  }
}
