/**
 * The disk scenario: guests copy a file onto virtual disks and back, all at once, through the drivers of
 * `devices/disk`. This is all of it that is the disk's own; the rest is `copy/`.
 *
 * @module
 */

import { PAGE_BYTES } from "../../core/units.ts";
import {
  BLOCK_BYTES_MAX,
  BLOCK_BYTES_MIN,
  createDisk,
  type DiskImage,
  DiskServer,
  diskVsp,
  FileCopier,
  fileCopier,
} from "../../devices/disk/mod.ts";
import { loadGuestDriver, type Partition } from "../../mod.ts";
import { grouped } from "../layout.ts";
import { ringPagesOption } from "../ring_pages.ts";
import {
  numberOf,
  type NumberOption,
  OptionError,
  type PathOption,
  type ResultFigure,
  type Scenario,
  type ScenarioSettings,
} from "../scenario.ts";
import {
  fileOption,
  guestsOption,
  MIGRATE,
  OUT,
  readCopyOptions,
  SAVE_AT,
  saveToOption,
} from "./copy/common_options.ts";
import { DISK_PAYLOADS } from "../scenarios/disk/scenario.ts";
import type { CopyCounts, CopyDevice, CopyEnds, CopyPlan, DeviceSession } from "./copy/device.ts";
import { copyScenario } from "./copy/scenario.ts";
import { type FileSystem, MACHINE } from "./file_system.ts";

const MIB = 2 ** 20;
/** Size of the file that is made where none is given. */
const MADE_FILE_BYTES = 8 * MIB;
/**
 * Most bytes of one request, as whole blocks. No power of two is a multiple of it: so the end of the
 * file that is made is written from a part of its buffer, as that of most files is.
 */
const TRANSFER_BYTES_MOST = 15 * PAGE_BYTES;
/** A guest's memory beside rings and buffers. */
const OTHER_PAGES = 16;
/** Memory of all guests: it is real memory. */
const MEMORY_BYTES_MAX = 256 * MIB;

const FILE = fileOption("the file that is copied onto the disk and back", MADE_FILE_BYTES);
const IMAGE: PathOption = {
  kind: "path",
  name: "disk",
  placeholder: "PATH",
  description:
    "the disk's image, a file that is large enough; PATH.1, PATH.2, … for several guests. A run that " +
    "was begun with it is resumed with it",
  default: "an image of the needed size, removed at the end",
  isForResume: true,
};
const BLOCK_SIZE: NumberOption = {
  kind: "number",
  name: "block-size",
  placeholder: "BYTES",
  description: "the disk's block: a power of two",
  least: BLOCK_BYTES_MIN,
  most: BLOCK_BYTES_MAX,
  default: 512,
};
const QUEUE_DEPTH: NumberOption = {
  kind: "number",
  name: "queue-depth",
  placeholder: "N",
  description: "requests that a guest has under way at once",
  least: 1,
  most: 1024,
  default: 64,
};
const GUESTS = guestsOption("guests that copy at once, each onto a disk of its own");
const RING_PAGES = ringPagesOption(1);
const QUOTA: NumberOption = {
  kind: "number",
  name: "quota",
  placeholder: "N",
  description: "requests of a guest that the host takes at once; more wait in the ring",
  least: 1,
  most: 1024,
  default: 8,
};
const SAVE_TO = saveToOption(true);

/** A disk in one fabric. */
class DiskSession implements DeviceSession {
  readonly #server: DiskServer;
  readonly #copier: FileCopier;

  constructor(server: DiskServer, copier: FileCopier) {
    this.#server = server;
    this.#copier = copier;
  }

  get phase(): DeviceSession["phase"] {
    const { phase } = this.#copier.state;
    return phase === "done" || phase === "failed" ? phase : "underWay";
  }

  get counts(): CopyCounts {
    const { requests, completions } = this.#copier.disk.state;
    return {
      packets: [requests, completions],
      completions: [0, completions],
      transactions: completions,
    };
  }

  get figures(): readonly ResultFigure[] {
    const label = "requests carried out at once, at most";
    return [{ key: "requestsAtOnce", label, value: this.#server.state.status.deepestQueue }];
  }

  get writtenBytes(): number {
    const { status, registers } = this.#server.state;
    return status.blocksWritten * registers.blockBytes;
  }

  findFailure(): string | null {
    const { state: { phase, failure }, disk } = this.#copier;
    if (phase === "done") return null;
    if (phase === "opening") {
      return `the disk is ${disk.state.phase} (${disk.state.refusal ?? "no reason"})`;
    }
    const { imageFault } = this.#server.state;
    const image = imageFault === null ? "" : ` (the image: ${imageFault})`;
    return `the copy ${failure === null ? `stands still: ${phase}` : `failed: ${failure}`}${image}`;
  }

  findContradiction(byteCount: number): string | null {
    const { disk } = this.#copier;
    const blockCount = Math.ceil(byteCount / disk.registers.blockBytes);
    const { blocksWritten, blocksRead, lastError } = disk.status ?? {};
    if (blocksWritten === blockCount && blocksRead === blockCount && lastError === "ok") {
      return null;
    }
    return `the status block says ${grouped(blocksWritten ?? 0)} blocks written, ` +
      `${grouped(blocksRead ?? 0)} read and ${lastError}; ` +
      `the guest wrote and read ${grouped(blockCount)}`;
  }

  async close(): Promise<void> {
    await this.#copier.close();
    await this.#server.close();
  }
}

/** Every guest's disk has an image: the common part makes one where none is named. */
function imageOf({ image }: CopyEnds): DiskImage {
  if (image === null) throw new Error("Cannot make a disk without an image");
  return image;
}

function planDisk(settings: ScenarioSettings): CopyPlan {
  const blockBytes = numberOf(BLOCK_SIZE, settings);
  if (!Number.isInteger(Math.log2(blockBytes))) {
    throw new OptionError(
      `--${BLOCK_SIZE.name} must be a power of two from ${BLOCK_BYTES_MIN} to ${BLOCK_BYTES_MAX}, ` +
        `not ${blockBytes}`,
    );
  }
  const queueDepth = numberOf(QUEUE_DEPTH, settings);
  const ringPages = numberOf(RING_PAGES, settings);
  const quota = numberOf(QUOTA, settings);
  const common = readCopyOptions(
    { file: FILE, image: IMAGE, guests: GUESTS, saveTo: SAVE_TO },
    settings,
  );
  const { guestCount } = common;
  const most = TRANSFER_BYTES_MOST - TRANSFER_BYTES_MOST % blockBytes;
  const transferBytesMax = Math.max(blockBytes, most);
  const bufferPages = queueDepth * Math.ceil(transferBytesMax / PAGE_BYTES);
  const memoryPages = 2 * (ringPages + 1) + bufferPages + OTHER_PAGES;
  const memoryBytes = guestCount * memoryPages * PAGE_BYTES;
  if (memoryBytes > MEMORY_BYTES_MAX) {
    throw new OptionError(
      `--${GUESTS.name} ${guestCount}, --${QUEUE_DEPTH.name} ${queueDepth} and ` +
        `--${RING_PAGES.name} ${ringPages} need ${
          Math.ceil(memoryBytes / MIB)
        } MiB of guest memory; ` +
        `together they must not need more than ${MEMORY_BYTES_MAX / MIB}`,
    );
  }
  return {
    ...common,
    memoryPages,
    imageUnitBytes: blockBytes,
    start: (guest: Partition, ends) => {
      const server = createDisk(guest, imageOf(ends), {
        instance: `4d1f0b6a-2c83-4e57-9a10-${ends.number.toString(16).padStart(12, "0")}`,
        blockBytes,
        transferBytesMax,
        queueDepth: quota,
      });
      const disk = { transferBytesMax, ringPages: [ringPages, ringPages] } as const;
      const copier = loadGuestDriver(guest, fileCopier(ends.files), { disk, queueDepth });
      return new DiskSession(server, copier);
    },
  };
}

const DISK: CopyDevice = {
  name: "disk",
  title: "guests copy a file onto virtual disks and back: external data, PFNs, a shared GPADL, " +
    "registers in MMIO, negotiation, quota; live migration, save and resume",
  payloads: DISK_PAYLOADS,
  options: [
    FILE,
    IMAGE,
    OUT,
    BLOCK_SIZE,
    QUEUE_DEPTH,
    GUESTS,
    RING_PAGES,
    QUOTA,
    MIGRATE,
    SAVE_AT,
    SAVE_TO,
  ],
  imageOption: IMAGE,
  madeFileBytes: MADE_FILE_BYTES,
  plan: planDisk,
  driversFor: (ends) => ({
    guestDrivers: [fileCopier(ends.files)],
    hostDrivers: [diskVsp(imageOf(ends))],
  }),
  sessionOf: (loaded) => {
    const instances = loaded.map(({ instance }) => instance);
    const server = instances.find((instance) => instance instanceof DiskServer);
    const copier = instances.find((instance) => instance instanceof FileCopier);
    return server && copier ? new DiskSession(server, copier) : null;
  },
};

/** The scenario on the files of `fs`. */
export function diskScenario(fs: FileSystem): Scenario {
  return copyScenario(DISK, fs);
}

/** The scenario on the files of this machine. */
export const disk: Scenario = diskScenario(MACHINE);
