/**
 * One run: guests that copy, in one fabric, or in one after the other where they are migrated.
 *
 * @module
 */

import { Chance } from "../../../core/chance.ts";
import { createFabric, type Fabric } from "../../../mod.ts";
import { type RunHooks, type ScenarioResult, traceLevelOf } from "../../scenario.ts";
import type { UsageError } from "../command.ts";
import type { RunFiles } from "./files.ts";
import type { CopyDevice, CopyPlan } from "./device.ts";
import { type CopyMeter, GuestCopy, type SavedCopy } from "./guest_copy.ts";
import {
  type ChannelCounts,
  countChannels,
  NO_TOTALS,
  type RunTotals,
  withFabric,
} from "./totals.ts";
import { type Move, resultOf } from "./result.ts";
import type { RunSettings, SavedCopyRun } from "./saved_run.ts";
import type { ResumedFiles } from "./resumed_files.ts";
import { saveRun } from "./saved_files.ts";
import { changedSource } from "./source_file.ts";

/** How a run ended. */
type End = "over" | "stopped" | "saved";

/** What a run is made of, its files aside. */
export interface CopyJob {
  /** What the guests copy through. */
  readonly device: CopyDevice;
  /** What it was begun with. */
  readonly settings: RunSettings;
  /** What its options ask for. */
  readonly plan: CopyPlan;
  /** What stops it, and hears how far it is. */
  readonly hooks: RunHooks;
}

/** One run on files that are open. */
export class CopyRun {
  readonly #device: CopyDevice;
  readonly #settings: RunSettings;
  readonly #plan: CopyPlan;
  readonly #hooks: RunHooks;
  readonly #files: RunFiles;
  readonly #copies: readonly GuestCopy[];
  readonly #totalBytes: number;
  /** What the fabrics came to that were left behind. */
  #totals: RunTotals = NO_TOTALS;
  #fabric: Fabric;
  #doneBytes = 0;
  /** Ends the drive of the fabric that is under way. */
  #halt = new AbortController();
  /** Bytes at which the drive is to end. */
  #haltBytes = Infinity;
  /** What is wrong with a file. */
  #fileError: UsageError | null = null;
  readonly #moves: Move[] = [];
  /** Whether it was saved before. */
  readonly #isResumed: boolean;

  private constructor(
    { device, settings, plan, hooks }: CopyJob,
    files: RunFiles,
    saved: { readonly run: SavedCopyRun; readonly digests: ResumedFiles["digests"] } | null,
  ) {
    this.#device = device;
    this.#settings = settings;
    this.#plan = plan;
    this.#files = files;
    this.#hooks = hooks;
    this.#isResumed = saved !== null;
    this.#totals = saved?.run.totals ?? NO_TOTALS;
    this.#fabric = this.#makeFabric(this.#totals.traceDigests.length);
    this.#totalBytes = files.guests.reduce((sum, { source }) => sum + 2 * source.byteCount, 0);
    const meter: CopyMeter = {
      moved: (byteCount) => this.#copied(byteCount),
      failed: (error) => {
        this.#fileError ??= error;
        this.#halt.abort();
      },
    };
    this.#copies = files.guests.map((each, at) =>
      new GuestCopy(device, at + 1, each, meter, saved?.digests[at])
    );
  }

  /** A run from the beginning. */
  static begin(job: CopyJob, files: RunFiles): CopyRun {
    const run = new CopyRun(job, files, null);
    for (const copy of run.#copies) copy.begin(run.#fabric, job.plan);
    return run;
  }

  /** A run that continues where it was saved, or the finding that says why it cannot. */
  static resume(
    saved: SavedCopyRun,
    job: CopyJob,
    { files, digests }: ResumedFiles,
  ): CopyRun | string {
    const run = new CopyRun(job, files, { run: saved, digests });
    for (const [at, copy] of run.#copies.entries()) {
      const session = copy.restore(run.#fabric, saved.guests[at]!.partition);
      if (session === null) return copy.findings.join("; ");
      copy.moveTo(session);
      const { read, returned } = copy.digests;
      run.#doneBytes += read.byteCount + returned.byteCount;
    }
    for (const copy of run.#copies) copy.resume();
    return run;
  }

  /** One fabric of the run: each has a seed of its own, the first one the run's. */
  #makeFabric(number: number): Fabric {
    const { seed, schedule, codec } = this.#settings;
    // Misuse is recorded, not thrown: the result says what it was, and how often it happened.
    const { onFabric } = this.#hooks;
    const fabric = createFabric({
      seed: number === 0 ? seed : drawSeed(seed, `${this.#device.name}: fabric ${number}`),
      schedule,
      codec,
      trace: traceLevelOf(this.#hooks),
      verifier: "record",
    });
    onFabric?.(fabric);
    return fabric;
  }

  /**
   * Runs to the end, or to where the run is to be saved.
   *
   * @throws {UsageError} A file cannot be used.
   */
  async run(): Promise<ScenarioResult> {
    const end = await this.#runToEnd();
    const channels = countChannels(this.#fabric); // they are counted while they are open
    if (end === "over") await this.#close();
    if (end === "saved") await this.#destroy();
    this.#leave(channels, end !== "stopped");
    return resultOf({
      end,
      savedTo: end === "saved" ? this.#plan.save?.path ?? null : null,
      totals: this.#totals,
      copies: this.#copies,
      moves: this.#moves,
      doneBytes: this.#doneBytes,
      totalBytes: this.#totalBytes,
    });
  }

  async #runToEnd(): Promise<End> {
    for (const haltBytes of this.#halts()) {
      await this.#drive(haltBytes);
      if (this.#isStopped) return "stopped";
      if (this.#doneBytes < haltBytes) break; // a guest has failed
      if (this.#plan.crashPercent !== undefined) await this.#crash();
      else if (this.#plan.save === null) await this.#migrate();
      else if (await this.#save()) return "saved";
    }
    await this.#drive(Infinity);
    return this.#isStopped ? "stopped" : "over";
  }

  /** Whether the run was stopped before all was done. */
  get #isStopped(): boolean {
    return this.#hooks.signal?.aborted === true && !this.#copies.every(({ isOver }) => isOver);
  }

  // -- Running

  /** Bytes, there and back, at which the guests are migrated or saved, or crash. */
  #halts(): readonly number[] {
    const { save, migrations, crashPercent } = this.#plan;
    if (this.#isResumed) return [];
    const percent = save?.percent ?? crashPercent;
    if (percent !== undefined) return [Math.ceil(this.#totalBytes * percent / 100)];
    const points = Chance.fromSeed(this.#settings.seed).fork(
      `${this.#device.name}: where guests are migrated`,
    );
    const halts = Array.from({ length: migrations }, () => points.below(this.#totalBytes + 1));
    return halts.toSorted((a, b) => a - b);
  }

  /** Runs until so many bytes were copied, or all is done. */
  async #drive(haltBytes: number): Promise<void> {
    this.#halt = new AbortController();
    this.#haltBytes = haltBytes;
    const { signal } = this.#hooks;
    if (this.#doneBytes >= haltBytes) return;
    await this.#fabric.run(
      AbortSignal.any([this.#halt.signal, ...(signal === undefined ? [] : [signal])]),
    );
    if (this.#fileError !== null) throw this.#fileError;
  }

  #copied(byteCount: number): void {
    this.#doneBytes += byteCount;
    this.#hooks.onProgress?.(this.#doneBytes, this.#totalBytes, "bytes");
    if (this.#doneBytes >= this.#haltBytes) this.#halt.abort();
  }

  // -- Moving

  /** Saves all guests; null where that cannot be done, and then they run again. */
  async #saveGuests(): Promise<readonly SavedCopy[] | null> {
    const saved: SavedCopy[] = [];
    for (const copy of this.#copies) {
      const each = await copy.save();
      if (each !== null) saved.push(each);
    }
    if (this.#fileError !== null) throw this.#fileError;
    if (saved.length < this.#copies.length) {
      for (const copy of this.#copies) copy.resume();
      return null;
    }
    return saved;
  }

  /** Notes that all guests have moved: what was saved of them is not needed any more. */
  #moved(saved: readonly SavedCopy[]): void {
    const copies = this.#copies.map(({ counts }) => counts);
    this.#moves.push({ copies, saved: saved.map(({ summary }) => summary) });
  }

  /** Moves all guests into a fresh fabric. Where that cannot be done they run on in the old one. */
  async #migrate(): Promise<void> {
    const saved = await this.#saveGuests();
    if (saved === null) return;
    const before = this.#fabric;
    const channels = countChannels(before);
    const fabric = this.#makeFabric(this.#totals.traceDigests.length + 1);
    const sessions = this.#copies.map((copy, at) => copy.restore(fabric, saved[at]!.bytes));
    if (!sessions.every((session) => session !== null)) {
      for (const copy of this.#copies) copy.resume();
      return;
    }
    this.#copies.forEach((copy, at) => copy.moveTo(sessions[at]!));
    this.#moved(saved);
    await before.settle();
    this.#leave(channels, true);
    this.#fabric = fabric;
    for (const copy of this.#copies) copy.resume();
  }

  /** Has all guests crash, and others look at what is left of their copies, in a fresh fabric. */
  async #crash(): Promise<void> {
    const before = this.#fabric;
    const channels = countChannels(before);
    for (const copy of this.#copies) copy.crash();
    await before.settle(); // the host ends what it had under way for them
    await this.#destroy();
    this.#leave(channels, true);
    this.#fabric = this.#makeFabric(this.#totals.traceDigests.length);
    this.#doneBytes = 0;
    for (const copy of this.#copies) copy.beginAfterCrash(this.#fabric, this.#plan);
  }

  /** Saves the run. False where that cannot be done, and then the guests run again. */
  async #save(): Promise<boolean> {
    const saved = await this.#saveGuests();
    if (saved === null) return false;
    const channels = countChannels(this.#fabric);
    const totals = withFabric(this.#totals, this.#fabric, channels, false);
    const states = saved.map(({ bytes }) => bytes);
    const begun = { scenario: this.#device.name, settings: this.#settings, totals };
    const isSaved = await saveRun(begun, this.#files, this.#copies, states, this.#hooks);
    if (isSaved) this.#moved(saved);
    else for (const copy of this.#copies) copy.resume();
    return isSaved;
  }

  /** Adds what the fabric came to: nothing more happens in it. */
  #leave(channels: ChannelCounts, hasClosed: boolean): void {
    this.#totals = withFabric(this.#totals, this.#fabric, channels, hasClosed);
  }

  // -- The end

  /** Destroys the guests: the saved run has them, or they have crashed. */
  async #destroy(): Promise<void> {
    for (const copy of this.#copies) copy.destroy();
    await this.#fabric.settle();
  }

  /** Looks at what came of the copies, closes everything, and keeps those that came back. */
  async #close(): Promise<void> {
    for (const copy of this.#copies) copy.check();
    if (this.#fileError !== null) throw this.#fileError;
    const digests = this.#copies.flatMap(({ read }) => read === null ? [] : [read.sha256]);
    // What is left after a crash may be more in one guest than in another.
    if (new Set(digests).size > 1 && this.#plan.crashPercent === undefined) {
      const { name } = this.#files.guests[0]!.source;
      throw changedSource(name, "two guests read different bytes");
    }
    for (const copy of this.#copies) await copy.close();
    await this.#keepCopies();
  }

  /** A copy that came back whole is kept, also where it is not what was copied. */
  async #keepCopies(): Promise<void> {
    const kept: string[] = [];
    for (const { returned, files: { out } } of this.#copies) {
      if (returned === null || out === null) continue;
      await out.keep(kept);
      kept.push(out.name);
    }
  }
}

/** A seed for something else than the run itself. */
function drawSeed(seed: bigint, name: string): bigint {
  const bytes = Chance.fromSeed(seed).fork(name).bytes(8);
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
}
