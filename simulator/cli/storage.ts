/**
 * The storage scenario: guests copy a file onto a FAT32 volume and back, all at once, each through a storage controller
 * as Hyper-V has it (`devices/storage`) and a real file system (`simulator/fat`). They may crash in the middle: then
 * other guests look at what is left. The rest is `copy/`.
 *
 * @module
 */

import { basename } from "node:path";
import { Chance } from "../../core/chance.ts";
import { PAGE_BYTES } from "../../core/units.ts";
import {
  createStorage,
  StorageClient,
  storageDriver,
  type StorageProgram,
  type StorageServer,
  storageVsp,
} from "../../devices/storage/mod.ts";
import type { BlockDevice } from "../../devices/storage/mod.ts";
import {
  type Fabric,
  type GuestDriver,
  loadGuestDriver,
  type Partition,
  type PlainData,
} from "../../mod.ts";
import { FatCopy, type FatCopyOptions } from "../fat/copy.ts";
import { FILE_BYTES_MAX } from "../fat/file.ts";
import { fatImageBytes, formatFat } from "../fat/format.ts";
import { findVolumeFault } from "../fat/probe.ts";
import { findRoomFault } from "../fat/room.ts";
import { grouped } from "../layout.ts";
import {
  numberOf,
  type NumberOption,
  OptionError,
  type PathOption,
  type PercentOption,
  type ResultFigure,
  type Scenario,
  type ScenarioSettings,
} from "../scenario.ts";
import { STORAGE_PAYLOADS } from "../scenarios/storage/payloads.ts";
import {
  type CopyOptions,
  fileOption,
  guestsOption,
  MIGRATE,
  OUT,
  readCopyOptions,
} from "./copy/common_options.ts";
import type { CopyCounts, CopyDevice, CopyEnds, CopyPlan, DeviceSession } from "./copy/device.ts";
import { copyScenario } from "./copy/scenario.ts";
import { MACHINE } from "./file_system.ts";

const MIB = 2 ** 20;
/** Size of the file that is made where none is given. */
const MADE_FILE_BYTES = 8 * MIB;
/** Most bytes of one request: as many as the guest's page cache asks for. */
const TRANSFER_BYTES_MAX = 2 ** 18;
/** Requests of a guest's page cache: it has four under way, and a file system reads beside. */
const REQUESTS_AT_ONCE = 6;
/** A guest's memory beside buffers: the rings of one channel, and what else there is. */
const RING_PAGES = 26;
const OTHER_PAGES = 64;
/** An image has whole blocks. */
const BLOCK_BYTES = 512;
/** What directories say while no time has passed. */
const EPOCH_MS = Date.UTC(2026, 0, 1);

const FILE = fileOption("the file that is copied onto the volume and back", MADE_FILE_BYTES);
const IMAGE: PathOption = {
  kind: "path",
  name: "disk",
  placeholder: "PATH",
  description:
    "the disk's image, with a FAT volume that has room for the file; PATH.1, PATH.2, … for several guests. Where " +
    "nothing is there one is made, and stays",
  default: "an image with an empty FAT32 volume, removed at the end",
};
const GUESTS = guestsOption("guests that copy at once, each onto a volume of its own");
const SYNC_EVERY: NumberOption = {
  kind: "number",
  name: "sync-every",
  placeholder: "BYTES",
  description: "after so many bytes the guest has its file system make safe what was written",
  least: 1,
  most: 2 ** 31,
  default: MIB,
};
const QUEUE_DEPTH: NumberOption = {
  kind: "number",
  name: "queue-depth",
  placeholder: "N",
  description: "SCSI commands that a guest has under way at once on each channel, at most",
  least: 1,
  most: 256,
  default: REQUESTS_AT_ONCE,
};
const SUB_CHANNELS: NumberOption = {
  kind: "number",
  name: "sub-channels",
  placeholder: "N",
  description: "channels of each controller beside the first; a guest has a processor for each",
  least: 0,
  most: 16,
  default: 0,
};
const CRASH_AT: PercentOption = {
  kind: "percent",
  name: "crash-at",
  placeholder: "PERCENT",
  description:
    "where a guest crashes: a part of all bytes there and back, such as 40%. Another one looks at what is left then",
  default: "it does not",
};

/** What a guest's program does, and when: as soon as there is a disk, once. */
class Program implements StorageProgram {
  /** The program. */
  readonly copy: FatCopy;
  /** Bytes that were safe when a guest has crashed whose copy it looks at; null where it copies. */
  readonly safeBytes: number | null;
  /** The fabric that its guest is in. */
  fabric: Fabric | null = null;
  #work: ((device: BlockDevice) => Promise<void>) | null;

  constructor(copy: FatCopy, safeBytes: number | null) {
    this.copy = copy;
    this.safeBytes = safeBytes;
    this.#work = (device) => safeBytes === null ? copy.copy(device) : copy.survey(device);
  }

  onDisk(disk: BlockDevice): void {
    void this.#work?.(disk); // how it ends is in its state
    this.#work = null;
  }
}

/** The driver of one guest's, wherever it runs: the value has the requests that its program awaits. */
interface GuestsDriver {
  readonly program: Program;
  readonly driver: GuestDriver<StorageClient>;
}

/** By image: a guest that is migrated is built with the same driver, whose program continues. */
const drivers = new WeakMap<object, GuestsDriver>();
/** Whose program a driver instance works for. */
const programs = new WeakMap<StorageClient, Program>();

function driverFor(program: Program): GuestsDriver {
  const { name, start, restore } = storageDriver(program);
  const isOf = (fabric: Fabric, client: StorageClient) => {
    program.fabric = fabric;
    programs.set(client, program);
    return client;
  };
  const driver: GuestDriver<StorageClient> = {
    name,
    start: (context, options) => isOf(context.fabric, start(context, options)),
    restore: (context, data: PlainData) => isOf(context.fabric, restore(context, data)),
  };
  return { program, driver };
}

/** A storage controller in one fabric. */
class StorageSession implements DeviceSession {
  readonly #server: StorageServer;
  readonly #client: StorageClient;
  readonly #program: Program;

  constructor(server: StorageServer, client: StorageClient, program: Program) {
    this.#server = server;
    this.#client = client;
    this.#program = program;
  }

  get phase(): DeviceSession["phase"] {
    const { phase } = this.#program.copy.state;
    return phase === "done" || phase === "failed" ? phase : "underWay";
  }

  get counts(): CopyCounts {
    const { commands } = this.#client.state;
    return { packets: [commands, commands], completions: [0, commands], transactions: commands };
  }

  get figures(): readonly ResultFigure[] {
    const { safeBytes, copy: { state } } = this.#program;
    const { deepestQueue, retries, subChannels } = this.#client.state;
    const figures = [
      {
        key: "commandsAtOnce",
        label: "SCSI commands under way at once, at most",
        value: deepestQueue,
      },
      ...(subChannels === 0
        ? []
        : [{ key: "subChannels", label: "sub-channels", value: subChannels }]),
      { key: "retries", label: "SCSI commands that were sent again", value: retries },
    ];
    if (safeBytes === null) return figures;
    return [
      ...figures,
      { key: "syncedBytes", label: "bytes safe when the guest crashed", value: safeBytes },
      { key: "leftBytes", label: "bytes of the file left after it", value: state.readBytes },
    ];
  }

  get writtenBytes(): number {
    return 0; // a run cannot be saved
  }

  findFailure(): string | null {
    const { safeBytes, copy: { state } } = this.#program;
    if (state.phase === "done") {
      return state.readBytes >= (safeBytes ?? 0)
        ? null
        : `${grouped(safeBytes ?? 0)} bytes were safe, and ${grouped(state.readBytes)} are left`;
    }
    if (state.failure !== null) return `the copy failed: ${state.failure}`;
    const { phase, refusal } = this.#client.state;
    const { death } = this.#server.state;
    return `the copy stands still: ${state.phase}; the controller is ${phase} (${
      refusal ?? death ?? "no reason"
    })`;
  }

  findContradiction(byteCount: number): string | null {
    const { copiedBytes } = this.#client.state;
    if (copiedBytes >= byteCount) return null;
    return `the driver moved ${grouped(copiedBytes)} bytes; the guest read ${grouped(byteCount)}`;
  }

  async close(): Promise<void> {
    await this.#client.close();
    await this.#server.close();
  }
}

/** Every guest's disk has an image: the common part makes one where none is named. */
function imageOf({ image }: CopyEnds) {
  if (image === null) throw new Error("Cannot make a disk without an image");
  return image;
}

/** What FAT allows of the name of a file. */
function nameOf(filePath: string | null): string {
  // deno-lint-ignore no-control-regex -- FAT refuses them
  const name = basename(filePath ?? "file.bin").replaceAll(/[\0-\x1f"*:<>?|\\\x7f]/g, "_")
    .replace(/[. ]+$/, "").slice(0, 200);
  return name === "" ? "file.bin" : name;
}

/** Where guests crash, in percent; undefined where they do not. */
function readCrash(
  settings: ScenarioSettings,
  { migrations, guestCount }: CopyOptions,
): number | undefined {
  const percent = settings.numbers?.[CRASH_AT.name];
  if (percent === undefined) return undefined;
  if (!(percent >= 0 && percent <= 100)) {
    throw new OptionError(`--${CRASH_AT.name} must be a part from 0% to 100%, not ${percent}%`);
  }
  if (migrations > 0) {
    throw new OptionError(
      `--${CRASH_AT.name} and --${MIGRATE.name} do not go together: guests crash, or are migrated`,
    );
  }
  if (guestCount > 1) {
    throw new OptionError(
      `--${CRASH_AT.name} needs --${GUESTS.name} 1: what is left is one guest's`,
    );
  }
  return percent;
}

/** Pages of a guest: no more requests are under way than its page cache has. */
function memoryPagesOf(subChannels: number): number {
  const bufferPages = REQUESTS_AT_ONCE * TRANSFER_BYTES_MAX / PAGE_BYTES;
  return (1 + subChannels) * RING_PAGES + bufferPages + OTHER_PAGES;
}

function planStorage(settings: ScenarioSettings): CopyPlan {
  const syncBytes = numberOf(SYNC_EVERY, settings);
  const queueDepth = numberOf(QUEUE_DEPTH, settings);
  const subChannelsMax = numberOf(SUB_CHANNELS, settings);
  const common = readCopyOptions(
    { file: FILE, image: IMAGE, guests: GUESTS, saveTo: null },
    settings,
  );
  const crashPercent = readCrash(settings, common);
  const options = { path: `/${nameOf(common.filePath)}`, syncBytes };
  const { seed = 0n } = settings;
  const volumeIds = Chance.fromSeed(seed).fork("storage: volumes");
  /** File systems that are ready, each for one mount. */
  const ready: ReadyProgram[] = [];
  const start = (guest: Partition, ends: CopyEnds, safeBytes: number | null) => {
    const made = driverFor(ready.shift()!(ends, safeBytes));
    const image = imageOf(ends);
    drivers.set(image, made);
    const server = createStorage(guest, [{ image }], {
      instance: `7a5e2d90-41b8-4c6f-8d35-${ends.number.toString(16).padStart(12, "0")}`,
      subChannelsMax,
    });
    const client = loadGuestDriver(guest, made.driver, {
      queueDepth,
      transferBytesMax: TRANSFER_BYTES_MAX,
    });
    return new StorageSession(server, client, made.program);
  };
  return {
    ...common,
    memoryPages: memoryPagesOf(subChannelsMax),
    processors: 1 + subChannelsMax,
    fileBytesMax: FILE_BYTES_MAX,
    imageUnitBytes: BLOCK_BYTES,
    ...(crashPercent !== undefined && { crashPercent }),
    images: {
      findFault: async (image, fileBytes) =>
        findVolumeFault(image.byteCount, (offset, into) => image.read(offset, into)) ??
          await findRoomFault(image, options.path, fileBytes),
      hint: "name an image with a FAT volume that has room for the file, or a path where nothing " +
        "is: one is made there",
    },
    madeImages: {
      areKept: true,
      byteCountFor: fatImageBytes,
      format: (image) => {
        const volumeId = new DataView(volumeIds.bytes(4).buffer).getUint32(0);
        formatFat(image.byteCount, (offset, bytes) => image.write(offset, bytes), volumeId);
      },
    },
    prepare: async (guestCount) => {
      const count = crashPercent === undefined ? guestCount : 2 * guestCount;
      while (ready.length < count) ready.push(await readyProgram(options));
    },
    start: (guest, ends) => start(guest, ends, null),
    startAfterCrash: (guest, ends) => {
      const { syncedBytes } = drivers.get(imageOf(ends))!.program.copy.state;
      return start(guest, ends, syncedBytes);
    },
  };
}

/** A program that wants its files, and to be told what was safe, as {@linkcode Program.safeBytes}. */
type ReadyProgram = (ends: CopyEnds, safeBytes: number | null) => Program;

/** A program whose file system is loaded: in a fabric nothing but the fabric may be awaited. */
async function readyProgram(options: FatCopyOptions): Promise<ReadyProgram> {
  let program: Program | null = null;
  const make = await FatCopy.prepare(() => EPOCH_MS + Math.floor(program?.fabric?.now() ?? 0));
  return ({ files }, safeBytes) => program = new Program(make(files, options), safeBytes);
}

const STORAGE: CopyDevice = {
  name: "storage",
  title:
    "guests copy a file onto a FAT32 volume and back: a SCSI controller as Hyper-V has it, a real file system; " +
    "live migration, a crash",
  payloads: STORAGE_PAYLOADS,
  options: [FILE, IMAGE, OUT, SYNC_EVERY, QUEUE_DEPTH, SUB_CHANNELS, GUESTS, MIGRATE, CRASH_AT],
  imageOption: IMAGE,
  madeFileBytes: MADE_FILE_BYTES,
  plan: planStorage,
  driversFor: (ends) => {
    const image = imageOf(ends);
    return {
      guestDrivers: [drivers.get(image)!.driver],
      hostDrivers: [storageVsp([{ image }])],
    };
  },
  sessionOf: (loaded) => {
    const instances = loaded.map(({ instance }) => instance);
    const server = instances.find((instance) => "addDisk" in instance) as StorageServer | undefined;
    const client = instances.find((instance) => instance instanceof StorageClient);
    const program = client && programs.get(client);
    return server && client && program ? new StorageSession(server, client, program) : null;
  },
};

/** The scenario on the files of this machine. */
export const storage: Scenario = copyScenario(STORAGE, MACHINE);
