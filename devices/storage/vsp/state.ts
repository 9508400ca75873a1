/**
 * What a storage controller's VSP is told, and what it knows, as plain data, so that it can be shown and saved. The
 * channels and the disks are the controller's, controller.ts.
 *
 * @module
 */

import type { PlainData, SavedFields } from "../../../mod.ts";
import { SESSION_CHART } from "./chart.ts";
import type { SessionPlace, StorageNews, StoragePhase } from "./words.ts";
import { type Agreement, isSpoken, type StorageLimits } from "./initialization.ts";
import { checkInstance } from "../../instance.ts";
import { STORAGE_VERSIONS, TRANSFER_BYTES_MAX } from "../protocol.ts";
import type { DiskMemory } from "../scsi/disk.ts";

/** How a controller is made: plain data. */
export type StorageServerOptions = {
  /** Interface instance of the offer: which controller it is, where a guest has several. */
  readonly instance: string;
  /** Most sub-channels that the guest may ask for. Default 0. */
  readonly subChannelsMax?: number;
  /** Requests that are taken from the ring of each channel at once; the rest waits there. Default 256. */
  readonly queueDepth?: number;
  /** Most bytes of one request, as the guest is told. Default 256 KiB. */
  readonly transferBytesMax?: number;
  /** The newest version of the protocol that it speaks. Default 6.0. */
  readonly versionMax?: number;
};

/** The place of a disk on a controller. */
export interface DiskAddress {
  /** Path, 0 to 255. */
  readonly pathId: number;
  /** Target, 0 to 255. */
  readonly targetId: number;
  /** Logical unit, 0 to 255. */
  readonly lun: number;
}

/** All that the driver knows, as plain data; channels and disks aside. */
export interface StorageServerState extends StorageLimits {
  /** Interface instance of the offer. */
  readonly instance: string;
  /** Requests that are taken from the ring of each channel at once. */
  readonly queueDepth: number;
  /** Where in its chart the session with the guest is. */
  place: SessionPlace;
  /** The version that was agreed on; 0 before there is one. */
  version: number;
  /** Sub-channels that are offered. */
  subChannels: number;
  /** What the guest and the controller have agreed on. */
  readonly agreement: Agreement;
  /** Whether the guest knows which disks there are: before it is ready it need not be told. */
  readonly news: StorageNews;
  /** Why a channel died last, which then stays silent until the guest opens it anew; null while none did. */
  death: string | null;
}

/** Indices of channels are 16 bits, and 0 is the primary's. */
const SUB_CHANNELS_MAX = 0xffff;
const U32_MAX = 0xffff_ffff;

function wordsOf(place: SessionPlace): readonly string[] {
  return place.split(".");
}

/** How far a session in `place` is. */
function phaseOf(place: SessionPlace): StoragePhase {
  return wordsOf(place)[0] as StoragePhase;
}

function checkNumber(name: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new RangeError(
    `Cannot create a storage controller: ${name} must be from ${min} to ${max}, not ${value}`,
  );
}

/**
 * What the driver of a new controller knows.
 *
 * @throws {RangeError} An option is out of bounds.
 * @throws {TypeError} There is no instance.
 */
export function createState(options: StorageServerOptions): StorageServerState {
  const instance = checkInstance("create a storage controller", options);
  const { subChannelsMax = 0, queueDepth = 256, transferBytesMax = TRANSFER_BYTES_MAX } = options;
  const { versionMax = STORAGE_VERSIONS.win8Blue } = options;
  return {
    instance,
    subChannelsMax: checkNumber("subChannelsMax", subChannelsMax, 0, SUB_CHANNELS_MAX),
    queueDepth: checkNumber("queueDepth", queueDepth, 1, U32_MAX),
    transferBytesMax: checkNumber("transferBytesMax", transferBytesMax, 65_536, U32_MAX),
    versionMax: checkNumber("versionMax", versionMax, STORAGE_VERSIONS.win6, 0xffff),
    place: "begin",
    version: 0,
    subChannels: 0,
    get agreement() {
      const { place, version, subChannels } = this;
      return { phase: phaseOf(place), version, subChannels };
    },
    get news() {
      const [, news = "told"] = wordsOf(this.place);
      return news === "dead" ? "told" : news as StorageNews;
    },
    death: null,
  };
}

/** One channel as it is saved. */
export interface SavedChannel {
  /** 0: the primary. */
  readonly index: number;
  /** What KMCL saved of it; null where it was taken away. */
  readonly bytes: Uint8Array | null;
}

/** One disk as it is saved. */
export interface SavedDisk extends DiskAddress {
  /** What it keeps between commands. */
  readonly memory: DiskMemory;
}

/** A controller as it is saved. */
export interface SavedServer {
  /** What it knows. */
  readonly state: StorageServerState;
  /** Its channels, the primary first. */
  readonly channels: readonly SavedChannel[];
  /** Its disks. */
  readonly disks: readonly SavedDisk[];
}

/** The controller as plain data. */
export function saveServer({ state, channels, disks }: SavedServer): PlainData {
  const { agreement: _agreement, news: _news, ...kept } = state;
  return {
    state: kept,
    channels: channels.map((channel) => ({ ...channel })),
    disks: disks.map(({ pathId, targetId, lun, memory: { blocks, sense } }) => ({
      pathId,
      targetId,
      lun,
      blocks,
      sense: sense && { ...sense },
    })),
  };
}

/**
 * Reads what {@linkcode saveServer} told.
 *
 * @throws {Error} It is no such controller, or one that cannot have been (storage.md V3).
 */
export function restoreServer(saved: SavedFields): SavedServer {
  const state = saved.record("state", restoreState);
  const channels = saved.records("channels", (channel) => ({
    index: channel.uint("index", SUB_CHANNELS_MAX),
    bytes: channel.orNull("bytes", () => channel.bytes("bytes")),
  }));
  const { subChannels } = state.agreement;
  // For some of its sub-channels there may have been no memory.
  const isWhole = channels.length >= 1 && channels.length <= subChannels + 1 &&
    channels.every(({ index }, place) => index === place);
  if (!isWhole) {
    throw new Error(
      `Cannot restore a storage controller with ${subChannels} sub-channels: it has ${channels.length} channels`,
    );
  }
  const disks = saved.records("disks", (disk) => ({
    pathId: disk.uint("pathId", 0xff),
    targetId: disk.uint("targetId", 0xff),
    lun: disk.uint("lun", 0xff),
    memory: {
      blocks: disk.uint("blocks"),
      sense: disk.orNull("sense", () =>
        disk.record("sense", (sense) => ({
          key: sense.uint("key", 0xf),
          code: sense.uint("code", 0xff),
          qualifier: sense.uint("qualifier", 0xff),
        }))),
    },
  }));
  return { state, channels, disks };
}

function restoreState(saved: SavedFields): StorageServerState {
  const state = createState({
    instance: saved.guid("instance"),
    subChannelsMax: saved.uint("subChannelsMax"),
    queueDepth: saved.uint("queueDepth"),
    transferBytesMax: saved.uint("transferBytesMax"),
    versionMax: saved.uint("versionMax"),
  });
  Object.assign(state, {
    place: saved.word("place", SESSION_CHART.places),
    version: saved.uint("version", 0xffff),
    subChannels: saved.uint("subChannels", state.subChannelsMax),
    death: saved.orNull("death", () => saved.text("death")),
  });
  const fault = findFault(state);
  if (fault !== null) throw new Error(`Cannot restore a storage controller: ${fault}`);
  return state;
}

/** Phases in which no version was agreed on; in `dead` one may have been. */
const BEFORE_VERSION: readonly StoragePhase[] = ["begin", "queryVersion"];
/** Phases in which there may be sub-channels. */
const WITH_SUB_CHANNELS: readonly StoragePhase[] = ["subChannelsFixed", "ready", "dead"];

/** What is wrong with what was agreed on; null where it can have been. */
function findFault({ agreement, ...limits }: StorageServerState): string | null {
  const { phase, version, subChannels } = agreement;
  const isNone = BEFORE_VERSION.includes(phase) || (phase === "dead" && version === 0);
  if (isNone ? version !== 0 : !isSpoken(version, limits)) {
    return `it cannot be in ${phase} with version ${version}`;
  }
  const mayHaveSubChannels = WITH_SUB_CHANNELS.includes(phase) && version > 0;
  return subChannels > 0 && !mayHaveSubChannels ? `it has sub-channels in ${phase}` : null;
}
