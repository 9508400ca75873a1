/**
 * What the storage controller's VSC is told, and what it knows of its controller and its disks. All of it is plain
 * data, so that it can be shown, and saved; channels, requests and buffers are the driver's.
 *
 * @module
 */

import {
  type NtStatus,
  type PlainData,
  type SavedFields,
  STATUS_DEVICE_REMOVED,
} from "../../../mod.ts";
import { CLIENT_CHART } from "./chart.ts";
import type { AfterClosing, ClientPlace, NegotiationStep, StorageClientPhase } from "./words.ts";
import { checkInstance } from "../../instance.ts";
import { STORAGE_VERSIONS } from "../protocol.ts";

/** How a controller is opened: plain data. */
export type StorageClientOptions = {
  /** Interface instance: which controller. Without it, any. */
  readonly instance?: string;
  /** Versions of the protocol that it offers, in this order. Default: all, the highest first. */
  readonly versions?: readonly number[];
  /** Most requests under way on each channel; the rest waits in the driver. Default 32. */
  readonly queueDepth?: number;
  /** Most bytes of one request, where the host does not say less: whole pages. Default 262 144. */
  readonly transferBytesMax?: number;
  /** Most sub-channels, where host and processors do not allow less. Default: one for each processor after the first. */
  readonly subChannelsMax?: number;
  /** When it asks for sub-channels: before END_INITIALIZATION or after it. Default `"afterEnd"`. */
  readonly asksForSubChannels?: "beforeEnd" | "afterEnd";
  /** Data pages of the incoming and of the outgoing ring of each channel. Default 8 and 16. */
  readonly ringPages?: readonly [number, number];
  /** How long a request may take before the controller is taken for dead, in milliseconds. Default 60 000. */
  readonly timeoutMilliseconds?: number;
};

/** The options, with their defaults. */
export type StorageClientSettings = Required<Omit<StorageClientOptions, "instance">> & {
  /** See {@linkcode StorageClientOptions.instance}. */
  readonly instance: string | null;
};

const PAGE_BYTES = 4096;
const DEPTH_MAX = 4096;
const TRANSFER_BYTES_MAX = 4 << 20;
const SUB_CHANNELS_MAX = 64;
const RING_PAGES_MAX = 4096;
const TIMEOUT_MAX = 0xffff_ffff;
const ASKS_FOR_SUB_CHANNELS = ["beforeEnd", "afterEnd"] as const;

/**
 * The settings that options come to.
 *
 * @throws {RangeError} One of them is out of its range.
 * @throws {TypeError} The instance is no GUID.
 */
function settingsOf(options: StorageClientOptions): StorageClientSettings {
  const instance = options?.instance ?? null;
  const settings: StorageClientSettings = {
    versions: Object.values(STORAGE_VERSIONS).toReversed(),
    queueDepth: 32,
    transferBytesMax: 0x4_0000,
    subChannelsMax: SUB_CHANNELS_MAX,
    asksForSubChannels: "afterEnd",
    ringPages: [8, 16],
    timeoutMilliseconds: 60_000,
    ...options,
    instance: instance === null ? null : checkInstance("open a storage controller", { instance }),
  };
  const { versions, queueDepth, transferBytesMax, subChannelsMax, ringPages } = settings;
  const { timeoutMilliseconds, asksForSubChannels } = settings;
  if (versions.length === 0) refuse("versions must name at least one", "[]");
  for (const version of versions) checkCount("versions", version, 0, 0xffff);
  checkCount("queueDepth", queueDepth, 1, DEPTH_MAX);
  checkCount("transferBytesMax", transferBytesMax, PAGE_BYTES, TRANSFER_BYTES_MAX);
  if (transferBytesMax % PAGE_BYTES !== 0) {
    refuse("transferBytesMax must be whole pages", transferBytesMax);
  }
  checkCount("subChannelsMax", subChannelsMax, 0, SUB_CHANNELS_MAX);
  if (!ASKS_FOR_SUB_CHANNELS.includes(asksForSubChannels)) {
    refuse(`asksForSubChannels must be ${ASKS_FOR_SUB_CHANNELS.join(" or ")}`, asksForSubChannels);
  }
  if (ringPages.length !== 2) refuse("ringPages must have two numbers", ringPages.length);
  for (const pages of ringPages) checkCount("ringPages", pages, 1, RING_PAGES_MAX);
  checkCount("timeoutMilliseconds", timeoutMilliseconds, 1, TIMEOUT_MAX);
  return settings;
}

function checkCount(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  refuse(`${name} must be a whole number from ${min} to ${max}`, value);
}

function refuse(what: string, value: unknown): never {
  throw new RangeError(`Cannot open a storage controller: ${what}, not ${value}`);
}

/** All that the driver knows of its controller; disks, requests and channels aside. */
export interface StorageClientState {
  /** How it was told to be. */
  readonly settings: StorageClientSettings;
  /** Where in its chart it is. */
  place: ClientPlace;
  /** How far it is: the first word of its place. */
  readonly phase: StorageClientPhase;
  /** What the host is asked; null while it is not. */
  readonly step: NegotiationStep | null;
  /** What follows when its channels are closed; `"waiting"` while they are not being closed. */
  readonly afterClosing: AfterClosing;
  /** Why the host could not be agreed with, or has failed; null from when it is asked anew. */
  refusal: string | null;
  /** Which of the versions of the settings is spoken, or tried. */
  versionIndex: number;
  /** Sub-channels that it asks for. */
  subChannelsWanted: number;
  /** Sub-channels that it was granted. */
  subChannels: number;
  /** Most bytes of one request, as host and settings have it. */
  transferBytesMax: number;
  /** What requests come to that the host has not answered when their channel is closed. */
  endStatus: NtStatus;
  /** How often in a row the controller was closed as its host was silent, or broke the rules of the bus. */
  failuresInRow: number;
  /** Virtual processors of the guest. */
  processors: number;
  /** The number of the next disk. */
  nextDisk: number;
  /** SCSI commands that were sent so far, those that were sent again included. */
  commands: number;
  /** Commands of these that were sent again. */
  retries: number;
  /** Most commands that were under way on one channel. */
  deepestQueue: number;
  /** Bytes of programs' that were copied into or out of the guest's pages. */
  copiedBytes: number;
}

function wordsOf(place: ClientPlace): readonly string[] {
  return place.split(".");
}

/** What the driver knows before there is a controller. */
export function createState(options: StorageClientOptions): StorageClientState {
  const settings = settingsOf(options);
  return {
    settings,
    place: "waiting",
    get phase() {
      return wordsOf(this.place)[0] as StorageClientPhase;
    },
    get step() {
      const [phase, part = null] = wordsOf(this.place);
      return phase === "closing" || part === "settled" ? null : part as NegotiationStep | null;
    },
    get afterClosing() {
      const [phase, part] = wordsOf(this.place);
      return phase === "closing" ? part as AfterClosing : "waiting";
    },
    refusal: null,
    versionIndex: 0,
    subChannelsWanted: 0,
    subChannels: 0,
    transferBytesMax: settings.transferBytesMax,
    endStatus: STATUS_DEVICE_REMOVED,
    failuresInRow: 0,
    processors: 1,
    nextDisk: 0,
    commands: 0,
    retries: 0,
    deepestQueue: 0,
    copiedBytes: 0,
  };
}

/** The version that is spoken, or tried. */
export function versionOf({ settings, versionIndex }: StorageClientState): number {
  return settings.versions[versionIndex]!;
}

/** The state as it is saved. */
export function saveState(state: StorageClientState): PlainData {
  const { settings, phase: _phase, step: _step, afterClosing: _after, ...kept } = state;
  const { versions, ringPages } = settings;
  return {
    ...kept,
    settings: { ...settings, versions: [...versions], ringPages: [...ringPages] },
  };
}

/**
 * Reads what {@linkcode saveState} told.
 *
 * @throws {Error} It is not such a state.
 */
export function restoreState(saved: SavedFields): StorageClientState {
  const state = saved.record("settings", (fields) =>
    createState({
      instance: fields.orNull("instance", () => fields.guid("instance")),
      versions: fields.uints("versions"),
      queueDepth: fields.uint("queueDepth"),
      transferBytesMax: fields.uint("transferBytesMax"),
      subChannelsMax: fields.uint("subChannelsMax"),
      asksForSubChannels: fields.word("asksForSubChannels", ASKS_FOR_SUB_CHANNELS),
      ringPages: fields.uints("ringPages") as unknown as readonly [number, number],
      timeoutMilliseconds: fields.uint("timeoutMilliseconds"),
    } as StorageClientOptions));
  const known: Omit<StorageClientState, "settings" | "phase" | "step" | "afterClosing"> = {
    place: saved.word("place", CLIENT_CHART.places),
    refusal: saved.orNull("refusal", () => saved.text("refusal")),
    versionIndex: saved.uint("versionIndex", state.settings.versions.length - 1),
    subChannelsWanted: saved.uint("subChannelsWanted", SUB_CHANNELS_MAX),
    subChannels: saved.uint("subChannels", SUB_CHANNELS_MAX),
    transferBytesMax: saved.uint("transferBytesMax", state.settings.transferBytesMax, PAGE_BYTES),
    endStatus: saved.uint("endStatus", 0xffff_ffff),
    failuresInRow: saved.uint("failuresInRow"),
    processors: saved.uint("processors", 64, 1),
    nextDisk: saved.uint("nextDisk"),
    commands: saved.uint("commands"),
    retries: saved.uint("retries"),
    deepestQueue: saved.uint("deepestQueue"),
    copiedBytes: saved.uint("copiedBytes"),
  };
  return Object.assign(state, known);
}
