/**
 * Saving and restoring a guest: 64 MiB of memory in use, 16 channels, 1 000 packets in flight.
 *
 * @module
 */

import {
  type CopyOptions,
  createDisk,
  diskVsp,
  FileCopier,
  fileCopier,
  memoryImage,
} from "../devices/disk/mod.ts";
import * as vmbus from "../mod.ts";
import { compare, type Figure, type Goal, type Row, timingOf } from "./figure.ts";
import { BARE } from "./kmcl_exchange.ts";
import { type Contender, race } from "./measure.ts";

const PAGE_BYTES = 4096;
const MEMORY_PAGES = 16_384;
const CHANNELS = 16;
/** Of each channel: 1 008 in all. */
const IN_FLIGHT = 63;
const FILE_BYTES = 2 ** 20;
const NS_PER_S = 1e9;

const WITHIN: Goal = { kind: "atMost", bar: 2 * NS_PER_S, stretch: NS_PER_S };

/** A guest in the middle of its work, which stands still, and can be saved and restored again and again. */
export class BusyGuest {
  readonly #guest: vmbus.Partition;
  readonly #files = {
    source: memoryImage(new Uint8Array(FILE_BYTES).fill(0xa5)),
    sink: memoryImage(new Uint8Array(FILE_BYTES)),
  };
  readonly #image = memoryImage(new Uint8Array(FILE_BYTES));

  private constructor(guest: vmbus.Partition) {
    this.#guest = guest;
  }

  /** Makes the guest: a copier on each of its disks, in the middle of the first burst of requests. */
  static async make(memoryPages: number): Promise<BusyGuest> {
    const fabric = vmbus.createFabric(BARE);
    const partition = fabric.createPartition({ name: "guest", memoryPages });
    const guest = new BusyGuest(partition);
    const stop = new AbortController();
    let begun = 0;
    for (let channel = 0; channel < CHANNELS; channel++) {
      const instance = `4d1f0b6a-2c83-4e57-9a10-${channel.toString(16).padStart(12, "0")}`;
      createDisk(partition, guest.#image, { instance, queueDepth: 1 });
      const disk = { instance, ringPages: [1, 1] as const };
      const { source, sink } = guest.#files;
      const counted = {
        ...source,
        read: (offset: number, into: Uint8Array) => {
          source.read(offset, into);
          if (++begun === CHANNELS * IN_FLIGHT) stop.abort();
        },
      };
      const options: CopyOptions = { disk, chunkBytes: PAGE_BYTES, queueDepth: IN_FLIGHT };
      vmbus.loadGuestDriver(partition, fileCopier({ source: counted, sink }), options);
    }
    await fabric.run(stop.signal);
    guest.#fill();
    return guest;
  }

  /** Uses the memory that is left: bytes that no page has in common with another. */
  #fill(): void {
    const { memory } = this.#guest;
    const page = new Uint32Array(PAGE_BYTES / 4).map((_, at) => Math.imul(at + 1, 0x9e3779b1));
    for (;;) {
      const buffer = allocateOne(memory);
      if (buffer === null) return;
      page[0] = buffer.gpa;
      memory.write(buffer.gpa, new Uint8Array(page.buffer));
    }
  }

  /** Saves it; it stands still then. */
  async save(): Promise<{ bytes: Uint8Array; summary: vmbus.SaveSummary }> {
    const { bytes, summary, reason } = await vmbus.savePartition(this.#guest);
    if (bytes === null || summary === null) throw new Error(`Cannot measure a save: ${reason}`);
    return { bytes, summary };
  }

  /** Restores it in a fabric of its own. */
  restore(bytes: Uint8Array): { partition: vmbus.Partition; copiers: readonly FileCopier[] } {
    const { partition, reason, loaded } = vmbus.restorePartition(vmbus.createFabric(BARE), bytes, {
      guestDrivers: [fileCopier(this.#files)],
      hostDrivers: [diskVsp(this.#image)],
    });
    if (partition === null) throw new Error(`Cannot measure a restore: ${reason}`);
    const instances = loaded.map(({ instance }) => instance);
    return { partition, copiers: instances.filter((each) => each instanceof FileCopier) };
  }
}

function allocateOne(memory: vmbus.GuestMemory): vmbus.GuestBuffer | null {
  try {
    return memory.allocate(PAGE_BYTES);
  } catch {
    return null; // there is no page left, which is the point
  }
}

function repeating(name: string, work: () => unknown): Contender {
  return {
    name,
    run: async (count) => {
      for (let done = 0; done < count; done++) await work();
    },
  };
}

/** The figure. */
export const saveFigure: Figure = {
  measure: async (options) => {
    const guest = await BusyGuest.make(MEMORY_PAGES);
    const { bytes } = await guest.save();
    const timings = await race([
      repeating("save", () => guest.save()),
      repeating("restore", () => guest.restore(bytes)),
      repeating("both", async () => guest.restore((await guest.save()).bytes)),
      repeating("structuredClone", () => structuredClone(bytes)),
    ], options);
    const clone = timingOf(timings, "structuredClone");
    const rowOf = (work: string, name: string): Row => ({
      ...compare(work, timingOf(timings, name), clone, null),
      name: "kmcl",
    });
    const both = rowOf("saved and restored", "both");
    return [
      { ...both, beside: null, score: both.value, goal: WITHIN },
      rowOf("saved", "save"),
      rowOf("restored", "restore"),
    ];
  },
};
