/**
 * One guest that copies: a partition, and a device with a driver in the host and one in the guest, which
 * copies a file through the device and back.
 *
 * It is the same guest before and after a migration: what the copy was made of was saved and restored,
 * and only the files, which are the machine's, stay open.
 *
 * @module
 */

import type { CopyFiles } from "../../../devices/streams.ts";
import {
  type Fabric,
  ntStatusName,
  type Partition,
  restorePartition,
  savePartition,
  type SaveSummary,
} from "../../../mod.ts";
import type { DigestedBytes, ResultFigure } from "../../scenario.ts";
import { UsageError } from "../command.ts";
import type { CopyCounts, CopyDevice, CopyEnds, CopyPlan, DeviceSession } from "./device.ts";
import { StreamDigest, watchedDigestOf } from "./digest.ts";
import type { GuestFiles } from "./files.ts";
import type { Watch } from "./watch.ts";

/** What hears of the copies of all guests. */
export interface CopyMeter {
  /** `byteCount` more bytes were read from the file, or came back. */
  moved(byteCount: number): void;
  /** A file cannot be used. */
  failed(error: UsageError): void;
}

/** A guest in one fabric. After a migration it has another session. */
export interface GuestSession {
  /** The guest. */
  readonly partition: Partition;
  /** Its device. */
  readonly device: DeviceSession;
}

/** A guest that was saved. */
export interface SavedCopy {
  /** The saved state. */
  readonly bytes: Uint8Array;
  /** What is in it. */
  readonly summary: SaveSummary;
}

/** What went through a copy so far, also before the run was saved. */
export interface CopyDigests {
  /** Of the file. */
  readonly read: StreamDigest;
  /** Of what came back. */
  readonly returned: StreamDigest;
}

/** One guest, and its copy. */
export class GuestCopy {
  /** What is wrong. */
  readonly findings: string[] = [];
  /** What it works on. */
  readonly files: GuestFiles;
  #digests: CopyDigests;
  /** Whether it is another guest, which looks at what is left of the copy of one that has crashed. */
  #isAfterCrash = false;
  readonly #device: CopyDevice;
  readonly #number: number;
  readonly #meter: CopyMeter;
  #session: GuestSession | null = null;

  /** Guest `number`, before it begins or is restored. */
  constructor(
    device: CopyDevice,
    number: number,
    files: GuestFiles,
    meter: CopyMeter,
    digests: CopyDigests = { read: new StreamDigest(), returned: new StreamDigest() },
  ) {
    this.#device = device;
    this.#number = number;
    this.files = files;
    this.#meter = meter;
    this.#digests = digests;
  }

  /** Of what went through it so far. */
  get digests(): CopyDigests {
    return this.#digests;
  }

  /** Makes the guest and its device. It copies once the fabric runs. */
  begin(fabric: Fabric, plan: CopyPlan): void {
    const name = `guest ${this.#number}`;
    const partition = createGuest(fabric, name, plan);
    this.#session = { partition, device: plan.start(partition, this.#ends()) };
  }

  /** Ends the guest where it stands. */
  crash(): void {
    this.#alive.partition.crash();
  }

  /** Makes another guest in place of the one that has crashed, which looks at what is left once the fabric runs. */
  beginAfterCrash(fabric: Fabric, plan: CopyPlan): void {
    this.#isAfterCrash = true;
    this.#digests = { read: new StreamDigest(), returned: new StreamDigest() };
    const name = `guest ${this.#number}`;
    const partition = createGuest(fabric, name, plan);
    const device = plan.startAfterCrash?.(partition, this.#ends());
    if (device === undefined) throw new Error(`Cannot crash a guest with a ${this.#device.name}`);
    this.#session = { partition, device };
  }

  /** What the device's drivers are given whenever they are made. */
  #ends(): CopyEnds {
    const image = this.files.image?.image ?? null;
    return { number: this.#number, files: this.#copyFiles(), image };
  }

  /** The file and the copy of it, as the guest's driver reads and writes them. */
  #copyFiles(): CopyFiles {
    const { source, out } = this.files;
    const { read, returned } = this.digests;
    return {
      source: {
        byteCount: source.byteCount,
        read: (offset, into) =>
          this.#use(() => {
            source.read(offset, into);
            read.update(into);
            if (read.byteCount === source.byteCount) source.assertUnchanged(read.hex());
            this.#meter.moved(into.length);
          }),
      },
      sink: {
        write: (offset, bytes) =>
          this.#use(() => {
            out?.write(offset, bytes); // without a file it goes nowhere, once its digest was taken
            returned.update(bytes);
            this.#meter.moved(bytes.length);
          }),
      },
    };
  }

  /** Works on a file. One that cannot be used ends the run. */
  #use(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (error instanceof UsageError) this.#meter.failed(error);
      throw error;
    }
  }

  get #alive(): GuestSession {
    if (this.#session === null) {
      throw new Error(`Cannot use guest ${this.#number} before it is made`);
    }
    return this.#session;
  }

  // -- How far it is

  /** What was counted so far. */
  get counts(): CopyCounts {
    return this.#alive.device.counts;
  }

  /** The device's own figures so far. */
  get figures(): readonly ResultFigure[] {
    return this.#alive.device.figures;
  }

  /** Whether it has copied all, or never will. */
  get isOver(): boolean {
    return this.#alive.device.phase !== "underWay";
  }

  /** How many bytes of the image were written, from its beginning. */
  get writtenBytes(): number {
    return this.#alive.device.writtenBytes;
  }

  /** The file as it was read, after a crash as much of it as is left; null before. */
  get read(): Pick<DigestedBytes, "byteCount" | "sha256"> | null {
    return this.#wholeOf(this.digests.read);
  }

  /** The file as it came back; null before. */
  get returned(): Pick<DigestedBytes, "byteCount" | "sha256"> | null {
    return this.#wholeOf(this.digests.returned);
  }

  #wholeOf(digest: StreamDigest): Pick<DigestedBytes, "byteCount" | "sha256"> | null {
    const { byteCount } = this.files.source;
    const isWhole = byteCount === 0 || this.#isAfterCrash
      ? this.#alive.device.phase === "done"
      : digest.byteCount === byteCount;
    return isWhole ? digest.summary() : null;
  }

  // -- Moving

  /** Saves the guest, which then stands still; null where that cannot be done, which is a finding. */
  async save(): Promise<SavedCopy | null> {
    const { status, bytes, reason, summary } = await savePartition(this.#alive.partition);
    if (bytes !== null && summary !== null) return { bytes, summary };
    this.#find(`it is not saved: ${reason} (${ntStatusName(status)})`);
    return null;
  }

  /**
   * Builds the guest in `fabric` from its saved state, where it stands still as well; null where that
   * cannot be done, which is a finding. It is the guest only once {@linkcode GuestCopy.moveTo} says so.
   */
  restore(fabric: Fabric, bytes: Uint8Array): GuestSession | null {
    const drivers = this.#device.driversFor(this.#ends());
    const { status, partition, reason, loaded } = restorePartition(fabric, bytes, drivers);
    const device = this.#device.sessionOf(loaded);
    if (partition !== null && device !== null) return { partition, device };
    const fault = reason === null
      ? `it has no ${this.#device.name}`
      : `${reason} (${ntStatusName(status)})`;
    this.#find(`it is not restored: ${fault}`);
    return null;
  }

  /** From now on `session` is the guest's. The one before, if there was one, is destroyed. */
  moveTo(session: GuestSession): void {
    this.#session?.partition.destroy();
    this.#session = session;
  }

  /** Lets the guest run again. */
  resume(): void {
    this.#alive.partition.resume();
  }

  /** Destroys the guest: the saved run has it. */
  destroy(): void {
    this.#alive.partition.destroy();
  }

  /** Whether what came back so far is what was copied; that it is not is a finding. */
  async checkReturned(watch: Watch): Promise<boolean> {
    const { source } = this.files;
    const { returned } = this.digests;
    const read = (offset: number, into: Uint8Array) => source.read(offset, into);
    const sent = await watchedDigestOf(watch, returned.byteCount, read);
    const isGood = sent.hex() === returned.hex();
    if (!isGood) this.#find("it is not saved: what came back so far is not what was copied");
    return isGood;
  }

  // -- The end

  /** Looks at what came of the copy, and at what the device says that it has done. */
  check(): void {
    const { device } = this.#alive;
    const failure = device.findFailure();
    if (failure !== null) return this.#find(failure);
    const { read, returned, files: { source } } = this;
    if (source.byteCount === 0) this.#use(() => source.assertUnchanged(this.digests.read.hex()));
    if (read?.sha256 !== returned?.sha256) this.#find("what came back is not what was copied");
    const contradiction = device.findContradiction(returned?.byteCount ?? 0);
    if (contradiction !== null) this.#find(contradiction);
  }

  /** Closes both drivers. */
  async close(): Promise<void> {
    try {
      await this.#alive.device.close();
    } catch (error) {
      // A channel that cannot be closed is another thing that a run is to find.
      const reason = error instanceof Error ? error.message : error;
      this.#find(`the ${this.#device.name} does not close: ${reason}`);
    }
  }

  #find(finding: string): void {
    this.findings.push(`guest ${this.#number}: ${finding}`);
  }
}

function createGuest(fabric: Fabric, name: string, plan: CopyPlan): Partition {
  const { memoryPages, processors = 1 } = plan;
  return fabric.createPartition({ name, memoryPages, processors });
}
