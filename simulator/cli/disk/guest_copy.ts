/**
 * One guest of the disk scenario: a partition, a disk with both of its drivers, and a program that
 * copies a file onto the disk and back.
 *
 * @module
 */

import {
  copyIn,
  copyOut,
  type CopyResult,
  createDisk,
  type DiskClient,
  DiskError,
  type DiskServer,
  openDisk,
  type Sink,
  type Source,
} from "../../../examples/disk/mod.ts";
import { type Fabric, KmclError, VerifierError } from "../../../mod.ts";
import type { GuestFiles } from "./files.ts";
import type { DiskOptions } from "./options.ts";

/** What the copies of all guests have in common. */
export interface CopyMeter {
  /** Aborted: no byte more is copied. */
  readonly signal: AbortSignal;
  /** So many bytes more were read from the file, or came back. */
  moved(byteCount: number): void;
}

/** What was counted while the disk was open. */
export interface CopyCounts {
  /** Packets that the guest sent. */
  readonly requests: number;
  /** Completions that came for them. */
  readonly completions: number;
  /** Most requests that the host carried out together, as the status block says. */
  readonly requestsAtOnce: number;
}

/** One guest, and its copy. */
export class GuestCopy {
  /** What is wrong. */
  readonly findings: string[] = [];
  /** The file as it was read; null before. */
  read: CopyResult | null = null;
  /** The file as it came back; null before. */
  returned: CopyResult | null = null;
  readonly #number: number;
  readonly #fabric: Fabric;
  readonly #files: GuestFiles;
  readonly #server: DiskServer;
  readonly #client: DiskClient;
  readonly #copyOptions: { readonly queueDepth: number };

  /** A guest that is offered its disk; nothing has run yet. */
  constructor(fabric: Fabric, number: number, options: DiskOptions, files: GuestFiles) {
    const { blockBytes, transferBytes, queueDepth, ringPages, quota, memoryPages } = options;
    this.#number = number;
    this.#fabric = fabric;
    this.#files = files;
    this.#copyOptions = { queueDepth };
    const guest = fabric.createPartition({ name: `guest ${number}`, memoryPages });
    this.#server = createDisk(fabric, guest, files.image, {
      instance: `4d1f0b6a-2c83-4e57-9a10-${number.toString(16).padStart(12, "0")}`,
      blockBytes,
      transferBytesMax: transferBytes,
      queueDepth: quota,
    });
    this.#client = openDisk(guest, {
      transferBytesMax: transferBytes,
      ringPages: [ringPages, ringPages],
    });
  }

  /** What was counted so far. */
  get counts(): CopyCounts {
    const { requests, completions } = this.#client.state;
    return { requests, completions, requestsAtOnce: this.#client.status?.deepestQueue ?? 0 };
  }

  /**
   * Copies the file onto the disk, and back, after a first wait. What its drivers cannot do is a finding.
   *
   * @throws {UsageError} The file changed, or where the copy is kept cannot be written.
   * @throws {unknown} The meter's signal was aborted: its reason.
   */
  async copy(meter: CopyMeter, waitMs: number): Promise<void> {
    const { phase, refusal } = this.#client.state;
    if (phase !== "open") return this.#find(`the disk is ${phase} (${refusal ?? "no reason"})`);
    const { source, out } = this.#files;
    const fabric = this.#fabric;
    try {
      await fabric.delay(waitMs);
      this.read = await copyIn(fabric, this.#client, metered(source, meter), this.#copyOptions);
      const { byteCount, sha256 } = this.read;
      await fabric.outside(() => source.assertUnchanged(sha256));
      const sink = meteredSink(out, meter);
      this.returned = await copyOut(fabric, this.#client, sink, byteCount, this.#copyOptions);
    } catch (error) {
      // What a program of the guest gets from its drivers is one of the things that a run is to find.
      const isOfDrivers = [DiskError, KmclError, VerifierError].some((one) => error instanceof one);
      if (!isOfDrivers) throw error;
      const fault = this.#server.state.imageFault;
      return this.#find(`${error}${fault === null ? "" : ` (the image: ${fault})`}`);
    }
    this.#check(this.read, this.returned);
  }

  /** Closes both drivers. */
  async close(): Promise<void> {
    try {
      await this.#client.close();
      await this.#server.close();
    } catch (error) {
      // A channel that cannot be closed is another.
      this.#find(`the disk does not close: ${error instanceof Error ? error.message : error}`);
    }
  }

  /** What came back, and what the host says in the status block that it has done. */
  #check(read: CopyResult, returned: CopyResult): void {
    if (read.sha256 !== returned.sha256) this.#find("what came back is not what was copied");
    const blockCount = Math.ceil(read.byteCount / this.#client.registers.blockBytes);
    const { blocksWritten, blocksRead, lastError } = this.#client.status ?? {};
    if (blocksWritten !== blockCount || blocksRead !== blockCount || lastError !== "ok") {
      this.#find(
        `the status block says ${blocksWritten} blocks written, ${blocksRead} read and ${lastError}; ` +
          `the guest wrote and read ${blockCount}`,
      );
    }
  }

  #find(finding: string): void {
    this.findings.push(`guest ${this.#number}: ${finding}`);
  }
}

/** `source`, until the meter says no more. */
function metered(source: Source, { signal, moved }: CopyMeter): Source {
  return {
    read: async (into) => {
      signal.throwIfAborted();
      const count = await source.read(into);
      if (count !== null) moved(count);
      return count;
    },
  };
}

/** The same for what takes the copy; without a file it goes nowhere, once its digest was taken. */
function meteredSink(sink: Sink | null, { signal, moved }: CopyMeter): Sink {
  return {
    write: async (bytes) => {
      signal.throwIfAborted();
      const count = sink === null ? bytes.length : await sink.write(bytes);
      moved(count);
      return count;
    },
  };
}
