/**
 * One guest of the disk scenario: a partition, a disk with its driver in the host, and a driver in the
 * guest that copies a file onto the disk and back.
 *
 * It is the same guest before and after a migration: what the copy was made of was saved and restored,
 * and only the files, which are the machine's, are used on.
 *
 * @module
 */

import {
  createDisk,
  DiskServer,
  diskVsp,
  FileCopier,
  fileCopier,
} from "../../../devices/disk/mod.ts";
import {
  type Fabric,
  loadGuestDriver,
  ntStatusName,
  type Partition,
  restorePartition,
  savePartition,
  type SaveSummary,
} from "../../../mod.ts";
import { grouped } from "../../layout.ts";
import type { DigestedBytes } from "../../scenario.ts";
import { UsageError } from "../command.ts";
import { StreamDigest, watchedDigestOf } from "./digest.ts";
import type { GuestFiles } from "./files.ts";
import type { DiskOptions } from "./options.ts";
import type { Watch } from "./watch.ts";

/** What the copies of all guests have in common. */
export interface CopyMeter {
  /** So many bytes more were read from the file, or came back. */
  moved(byteCount: number): void;
  /** A file cannot be used. */
  failed(error: UsageError): void;
}

/** What was counted while the disk was open. */
export interface CopyCounts {
  /** Packets that the guest sent. */
  readonly requests: number;
  /** Completions that came for them. */
  readonly completions: number;
  /** Most requests that the host carried out together. */
  readonly requestsAtOnce: number;
}

/** What lives of it in a fabric: after a migration that is another. */
export interface GuestSession {
  /** The guest. */
  readonly partition: Partition;
  /** Its disk's VSP. */
  readonly server: DiskServer;
  /** The driver in the guest that copies. */
  readonly copier: FileCopier;
}

/** A guest that was saved. */
export interface SavedCopy {
  /** The saved state. */
  readonly bytes: Uint8Array;
  /** What is in it. */
  readonly summary: SaveSummary;
}

/** What was copied, of bytes that came before as well. */
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
  /** Of what went through it so far. */
  readonly digests: CopyDigests;
  readonly #number: number;
  readonly #meter: CopyMeter;
  #session: GuestSession | null = null;

  /** Guest `number`, which has yet to begin, or to be restored. */
  constructor(
    number: number,
    files: GuestFiles,
    meter: CopyMeter,
    digests: CopyDigests = { read: new StreamDigest(), returned: new StreamDigest() },
  ) {
    this.#number = number;
    this.files = files;
    this.#meter = meter;
    this.digests = digests;
  }

  /** Makes the guest and its disk. It copies once the fabric runs. */
  begin(fabric: Fabric, options: DiskOptions): void {
    const { blockBytes, transferBytes, queueDepth, ringPages, quota, memoryPages } = options;
    const name = `guest ${this.#number}`;
    const partition = fabric.createPartition({ name, memoryPages });
    const server = createDisk(partition, this.files.disk.image, {
      instance: `4d1f0b6a-2c83-4e57-9a10-${this.#number.toString(16).padStart(12, "0")}`,
      blockBytes,
      transferBytesMax: transferBytes,
      queueDepth: quota,
    });
    const disk = { transferBytesMax: transferBytes, ringPages: [ringPages, ringPages] } as const;
    const copier = loadGuestDriver(partition, this.#copier(), { disk, queueDepth });
    this.#session = { partition, server, copier };
  }

  /** The file and the copy of it, as the guest's driver is given them whenever it is made. */
  #copier(): ReturnType<typeof fileCopier> {
    const { source, out } = this.files;
    const { read, returned } = this.digests;
    return fileCopier({
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
    });
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
    const { copier, server } = this.#alive;
    const { requests, completions } = copier.disk.state;
    return { requests, completions, requestsAtOnce: server.state.status.deepestQueue };
  }

  /** Whether it has copied all, or never will. */
  get isOver(): boolean {
    return ["done", "failed"].includes(this.#alive.copier.state.phase);
  }

  /** The bytes that stand on the disk, from its beginning. */
  get writtenBytes(): number {
    const { status, registers } = this.#alive.server.state;
    return status.blocksWritten * registers.blockBytes;
  }

  /** The file as it was read; null before. */
  get read(): Pick<DigestedBytes, "byteCount" | "sha256"> | null {
    return this.#wholeOf(this.digests.read);
  }

  /** The file as it came back; null before. */
  get returned(): Pick<DigestedBytes, "byteCount" | "sha256"> | null {
    return this.#wholeOf(this.digests.returned);
  }

  #wholeOf(digest: StreamDigest): Pick<DigestedBytes, "byteCount" | "sha256"> | null {
    const { byteCount } = this.files.source;
    const isWhole = byteCount === 0
      ? this.#alive.copier.state.phase === "done"
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
   * cannot be done, which is a finding. It is the guest only once {@linkcode GuestCopy.adopt} says so.
   */
  restore(fabric: Fabric, bytes: Uint8Array): GuestSession | null {
    const { status, partition, reason, loaded } = restorePartition(fabric, bytes, {
      guestDrivers: [this.#copier()],
      hostDrivers: [diskVsp(this.files.disk.image)],
    });
    const instances = loaded.map(({ instance }) => instance);
    const server = instances.find((instance) => instance instanceof DiskServer);
    const copier = instances.find((instance) => instance instanceof FileCopier);
    if (partition !== null && server !== undefined && copier !== undefined) {
      return { partition, server, copier };
    }
    const fault = reason === null ? "it has no disk" : `${reason} (${ntStatusName(status)})`;
    this.#find(`it is not restored: ${fault}`);
    return null;
  }

  /** From now on `life` is the guest. The one before, if there was one, is destroyed. */
  adopt(life: GuestSession): void {
    this.#session?.partition.destroy();
    this.#session = life;
  }

  /** Lets the guest go on. */
  resume(): void {
    this.#alive.partition.resume();
  }

  /** Destroys the guest: it goes on another time. */
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

  /** Looks at what came of the copy, and at what the host says that it has done. */
  check(): void {
    const { copier, server } = this.#alive;
    const { phase, failure } = copier.state;
    const { disk } = copier;
    if (phase === "opening") {
      return this.#find(`the disk is ${disk.state.phase} (${disk.state.refusal ?? "no reason"})`);
    }
    if (phase !== "done") {
      const { imageFault } = server.state;
      const image = imageFault === null ? "" : ` (the image: ${imageFault})`;
      return this.#find(
        `the copy ${failure === null ? `stands still: ${phase}` : `failed: ${failure}`}${image}`,
      );
    }
    const { read, returned, files: { source } } = this;
    if (source.byteCount === 0) this.#use(() => source.assertUnchanged(this.digests.read.hex()));
    if (read?.sha256 !== returned?.sha256) this.#find("what came back is not what was copied");
    const blockCount = Math.ceil(source.byteCount / disk.registers.blockBytes);
    const { blocksWritten, blocksRead, lastError } = disk.status ?? {};
    if (blocksWritten !== blockCount || blocksRead !== blockCount || lastError !== "ok") {
      this.#find(
        `the status block says ${grouped(blocksWritten ?? 0)} blocks written, ` +
          `${grouped(blocksRead ?? 0)} read and ${lastError}; ` +
          `the guest wrote and read ${grouped(blockCount)}`,
      );
    }
  }

  /** Closes both drivers. */
  async close(): Promise<void> {
    const { copier, server } = this.#alive;
    try {
      await copier.close();
      await server.close();
    } catch (error) {
      // A channel that cannot be closed is another thing that a run is to find.
      this.#find(`the disk does not close: ${error instanceof Error ? error.message : error}`);
    }
  }

  #find(finding: string): void {
    this.findings.push(`guest ${this.#number}: ${finding}`);
  }
}
