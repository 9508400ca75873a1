/**
 * The part of the storage controller's VSC that agrees with the host: what is asked in which order, and what each
 * answer leads to. BEGIN_INITIALIZATION, then versions until one is taken, then the properties, then
 * END_INITIALIZATION; sub-channels are asked for before that or after it.
 *
 * @module
 */

import * as vmbus from "../../../mod.ts";
import { Damage } from "../../../core/layout/mod.ts";
import { PLAIN_ANSWER, PROPERTIES_ANSWER } from "../answers.ts";
import {
  COMPLETION_WANTED,
  encodeStorageRequest,
  LONG_PACKET_VERSION,
  MULTI_CHANNEL,
  packetBytesOf,
  type StorageRequest,
} from "../protocol.ts";
import type { ClientEvent, NegotiationStep } from "./words.ts";
import { type StorageClientSettings, type StorageClientState, versionOf } from "./state.ts";

const PAGE_BYTES = 4096;

/** The packet that asks for the present step. */
export function encodeStep(state: StorageClientState, step: NegotiationStep): Uint8Array {
  return encodeStorageRequest(requestOf(state, step), packetBytesOf(versionOf(state)));
}

function requestOf(state: StorageClientState, step: NegotiationStep): StorageRequest {
  const header = { flags: COMPLETION_WANTED, status: 0 };
  switch (step) {
    case "begin":
      return { ...header, operation: "beginInitialization" };
    case "version": {
      const version = versionOf(state);
      return { ...header, operation: "queryProtocolVersion", version, revision: 0 };
    }
    case "properties":
      return { ...header, operation: "queryProperties" };
    case "subChannels":
      return { ...header, operation: "createSubChannels", subChannels: state.subChannelsWanted };
    case "end":
      return { ...header, operation: "endInitialization" };
  }
}

/** What an answer is to the chart, and why the host cannot be agreed with where it is that. */
export type Outcome =
  | { readonly event: Exclude<ClientEvent, "refused"> }
  | { readonly event: "refused"; readonly refusal: string };

/** What the host's answer to `step` is. What it says of versions and properties is taken into `state`. */
export function answerTo(
  state: StorageClientState,
  step: NegotiationStep,
  bytes: Uint8Array,
  byteCount: number,
): Outcome {
  const header = PLAIN_ANSWER.decode(bytes, byteCount);
  if (header instanceof Damage) return refused(`malformed answer to ${step}`);
  const isGood = vmbus.NT_SUCCESS(header.status);
  if (step === "version" && !isGood) return nextVersion(state);
  if (step === "subChannels") {
    if (isGood) state.subChannels = state.subChannelsWanted; // without them the primary does all
    return { event: isGood ? "granted" : "denied" };
  }
  if (!isGood) return refused(`${nameOf(header.status)} to ${step}`);
  if (step === "properties") return takeProperties(state, bytes, byteCount);
  return step === "end" ? accepted(state, "afterEnd") : { event: "accepted" };
}

function refused(refusal: string): Outcome {
  return { event: "refused", refusal };
}

/** The host's good answer, after which sub-channels are asked for if this is the time for it. */
function accepted(
  { subChannelsWanted, settings }: StorageClientState,
  time: StorageClientSettings["asksForSubChannels"],
): Outcome {
  const asksNow = subChannelsWanted > 0 && settings.asksForSubChannels === time;
  return { event: asksNow ? "acceptedMultichannel" : "accepted" };
}

/** The host does not speak this version: the next one is tried. */
function nextVersion(state: StorageClientState): Outcome {
  if (state.versionIndex === state.settings.versions.length - 1) {
    return refused("no version of the settings");
  }
  state.versionIndex++;
  return { event: "versionRefused" };
}

function takeProperties(
  state: StorageClientState,
  bytes: Uint8Array,
  byteCount: number,
): Outcome {
  const properties = PROPERTIES_ANSWER.decode(bytes, byteCount);
  if (properties instanceof Damage) return refused("malformed answer to properties");
  const { settings, processors } = state;
  const { transferBytesMax, propertyFlags, subChannelsMax } = properties;
  const pages = Math.floor(Math.min(transferBytesMax, settings.transferBytesMax) / PAGE_BYTES);
  if (pages === 0) return refused(`transfers of at most ${transferBytesMax} bytes`);
  state.transferBytesMax = pages * PAGE_BYTES;
  const isMulti = versionOf(state) >= LONG_PACKET_VERSION && (propertyFlags & MULTI_CHANNEL) !== 0;
  state.subChannelsWanted = isMulti
    ? Math.min(subChannelsMax, settings.subChannelsMax, processors - 1)
    : 0;
  return accepted(state, "beforeEnd");
}

function nameOf(status: vmbus.NtStatus): string {
  return vmbus.ntStatusName(status) ?? `0x${status.toString(16)}`;
}
