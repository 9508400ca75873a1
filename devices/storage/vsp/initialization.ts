/**
 * What a guest and its storage controller agree on, and what the controller answers to that (docs/storage.md, section
 * 3). When which of it is accepted is chart.ts's.
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
  type StorageRequest,
} from "../protocol.ts";
import type { AskedEvent, StoragePhase } from "./words.ts";

/** What a guest and its controller have agreed on: plain data. */
export interface Agreement {
  /** How far they are. */
  readonly phase: StoragePhase;
  /** The version; 0 before there is one. */
  readonly version: number;
  /** Sub-channels that are offered. */
  readonly subChannels: number;
}

/** What the controller has to give. */
export interface StorageLimits {
  /** Most sub-channels. */
  readonly subChannelsMax: number;
  /** Most bytes that one request moves, as the guest is told. */
  readonly transferBytesMax: number;
  /** The newest version that it speaks. */
  readonly versionMax: number;
}

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

/** The answer to what was done and has nothing to tell. */
export const ACCEPTED: Uint8Array = plainAnswer(vmbus.STATUS_SUCCESS);
/** The answer to what is not accepted. */
export const REFUSED: Uint8Array = plainAnswer(vmbus.STATUS_INVALID_DEVICE_STATE);

/** A guest's question for a version. */
export type VersionRequest = Extract<StorageRequest, { readonly version: number }>;
/** A guest's question for sub-channels. */
export type SubChannelsRequest = Extract<StorageRequest, { readonly subChannels: number }>;

/** What a request is to the chart: `version` is the one that was agreed on. */
export function askedEvent(
  request: StorageRequest,
  version: number,
  limits: StorageLimits,
): AskedEvent {
  switch (request.operation) {
    case "queryProtocolVersion":
      return isSpoken((request as VersionRequest).version, limits)
        ? "versionSpoken"
        : "versionUnknown";
    case "queryProperties":
      return version >= LONG_PACKET_VERSION ? "properties" : "propertiesAlone";
    case "createSubChannels":
      return (request as SubChannelsRequest).subChannels > limits.subChannelsMax
        ? "subChannelsTooMany"
        : "subChannels";
    default:
      return request.operation;
  }
}

/** The answer to a question for a version: it is repeated, spoken or not. */
export function versionAnswer(
  { version, revision }: VersionRequest,
  status: vmbus.NtStatus,
): Uint8Array {
  return answerOf(VERSION_ANSWER, { flags: 0, status, version, revision });
}

/** The answer to a question for the properties, in `version`. */
export function propertiesAnswer(
  version: number,
  { subChannelsMax, transferBytesMax }: StorageLimits,
): Uint8Array {
  const hasSubChannels = version >= LONG_PACKET_VERSION;
  return answerOf(PROPERTIES_ANSWER, {
    flags: 0,
    status: vmbus.STATUS_SUCCESS,
    subChannelsMax: hasSubChannels ? subChannelsMax : 0,
    propertyFlags: hasSubChannels ? MULTI_CHANNEL : 0,
    transferBytesMax,
  });
}
