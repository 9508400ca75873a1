/**
 * How far a guest and its storage controller are: the initialization, as a table (docs/storage.md, section 3). Each
 * phase lists what it accepts; whatever it does not list is refused, and changes nothing.
 *
 * @module
 */

import type { Layout } from "../../../core/layout/mod.ts";
import * as vmbus from "../../../mod.ts";
import {
  encodeStorageAnswer,
  PLAIN_ANSWER,
  PROPERTIES_ANSWER,
  VERSION_ANSWER,
} from "../answers.ts";
import {
  LONG_PACKET_BYTES,
  LONG_PACKET_VERSION,
  MULTI_CHANNEL,
  STORAGE_VERSIONS,
  type StorageOperation,
  type StorageRequest,
} from "../protocol.ts";

/**
 * What the guest has to do next: begin, agree on a version, ask for properties, end, perhaps asking for sub-channels
 * before; with `"subChannelsFixed"` it has asked, or cannot. `"ready"`: it may work.
 */
export type StoragePhase =
  | "begin"
  | "queryVersion"
  | "queryProperties"
  | "endInitialization"
  | "subChannelsFixed"
  | "ready";

/** The phases, in their order. */
export const STORAGE_PHASES: readonly StoragePhase[] = [
  "begin",
  "queryVersion",
  "queryProperties",
  "endInitialization",
  "subChannelsFixed",
  "ready",
];

/** What a guest and its controller have agreed on: plain data. */
export interface Agreement {
  /** How far they are. */
  readonly phase: StoragePhase;
  /** The version; 0 before there is one. */
  readonly version: number;
  /** Sub-channels that are offered. */
  readonly subChannels: number;
}

/** Nothing is agreed on: so it is at first, and again when the primary channel has closed. */
export const NO_AGREEMENT: Agreement = { phase: "begin", version: 0, subChannels: 0 };

/** What the controller has to give. */
export interface StorageLimits {
  /** Most sub-channels. */
  readonly subChannelsMax: number;
  /** Most bytes that one request moves, as the guest is told. */
  readonly transferBytesMax: number;
  /** The newest version that it speaks. */
  readonly versionMax: number;
}

/** What a request of the initialization leads to. */
export interface Progress {
  /** What holds from now on. */
  readonly agreement: Agreement;
  /** The answer, as long as any. */
  readonly answer: Uint8Array;
}

/** What is to be done with a request: run a command, wait for those that run, or go on with the initialization. */
export type Step =
  | "execute"
  | "reset"
  | ((now: Agreement, request: StorageRequest, limits: StorageLimits) => Progress);

/** What some phase accepts. */
export type Steps = { readonly [Operation in StorageOperation]?: Step };

/** The versions that this host speaks: a guest of a newer one falls back. */
const VERSIONS: readonly number[] = [
  STORAGE_VERSIONS.win6,
  STORAGE_VERSIONS.win7,
  STORAGE_VERSIONS.win8,
  STORAGE_VERSIONS.win8Blue,
];

/** Whether a controller with these limits speaks `version`. */
export function isSpoken(
  version: number,
  { versionMax }: Pick<StorageLimits, "versionMax">,
): boolean {
  return version <= versionMax && VERSIONS.includes(version);
}

/** The answer that `layout` says `value` with. */
function answerOf<T>(layout: Layout<T>, value: T): Uint8Array {
  return encodeStorageAnswer(layout, value, LONG_PACKET_BYTES);
}

/** An answer that is a status alone. */
export function plainAnswer(status: vmbus.NtStatus): Uint8Array {
  return answerOf(PLAIN_ANSWER, { flags: 0, status });
}

/** Goes on to `phase`. */
function to(phase: StoragePhase): Step {
  return (now) => ({
    agreement: { ...now, phase },
    answer: plainAnswer(vmbus.STATUS_SUCCESS),
  });
}

const agreeOnVersion: Step = (now, request, limits) => {
  const { version, revision } = request as Extract<StorageRequest, { readonly version: number }>;
  const isAgreed = isSpoken(version, limits);
  const status = isAgreed ? vmbus.STATUS_SUCCESS : vmbus.STATUS_REVISION_MISMATCH;
  return {
    agreement: isAgreed ? { ...now, version, phase: "queryProperties" } : now,
    answer: answerOf(VERSION_ANSWER, { flags: 0, status, version, revision }),
  };
};

const tellProperties: Step = (now, _request, { subChannelsMax, transferBytesMax }) => {
  const hasSubChannels = now.version >= LONG_PACKET_VERSION;
  return {
    agreement: { ...now, phase: hasSubChannels ? "endInitialization" : "subChannelsFixed" },
    answer: answerOf(PROPERTIES_ANSWER, {
      flags: 0,
      status: vmbus.STATUS_SUCCESS,
      subChannelsMax: hasSubChannels ? subChannelsMax : 0,
      propertyFlags: hasSubChannels ? MULTI_CHANNEL : 0,
      transferBytesMax,
    }),
  };
};

/** Offers sub-channels, in `phase` from then on; those that are offered stay. */
function offerSubChannels(phase: StoragePhase): Step {
  return (now, request, { subChannelsMax }) => {
    const { subChannels } = request as Extract<StorageRequest, { readonly subChannels: number }>;
    if (subChannels > subChannelsMax) {
      return { agreement: now, answer: plainAnswer(vmbus.STATUS_INVALID_PARAMETER) };
    }
    const offered = Math.max(now.subChannels, subChannels);
    return {
      agreement: { ...now, phase, subChannels: offered },
      answer: plainAnswer(vmbus.STATUS_SUCCESS),
    };
  };
}

/** What a sub-channel accepts: it is read only when the guest is ready. */
export const SUB_CHANNEL_STEPS: Steps = {
  executeSrb: "execute",
  resetLun: "reset",
  resetAdapter: "reset",
  resetBus: "reset",
};

/** What the primary channel accepts, in each phase. */
export const PRIMARY_STEPS: { readonly [Phase in StoragePhase]: Steps } = {
  begin: { beginInitialization: to("queryVersion") },
  queryVersion: { queryProtocolVersion: agreeOnVersion },
  queryProperties: { queryProperties: tellProperties },
  endInitialization: {
    createSubChannels: offerSubChannels("subChannelsFixed"),
    endInitialization: to("ready"),
  },
  subChannelsFixed: { endInitialization: to("ready") },
  ready: { ...SUB_CHANNEL_STEPS, createSubChannels: offerSubChannels("ready") },
};

/** The answer to what a phase does not accept. */
export const REFUSED: Uint8Array = plainAnswer(vmbus.STATUS_INVALID_DEVICE_STATE);
