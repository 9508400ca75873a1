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
import { type NegotiationStep, type StorageClientState, versionOf } from "./state.ts";

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

/** What an answer leads to: the next step, readiness, nothing more, or that the host cannot be agreed with. */
export type Outcome =
  | { readonly next: NegotiationStep }
  | { readonly next: "ready" | "nothing" }
  | { readonly refusal: string };

/**
 * What the host's answer to `step` leads to. What it says of versions and properties is taken into `state`.
 */
export function answerTo(
  state: StorageClientState,
  step: NegotiationStep,
  bytes: Uint8Array,
  byteCount: number,
): Outcome {
  const header = PLAIN_ANSWER.decode(bytes, byteCount);
  if (header instanceof Damage) return { refusal: `malformed answer to ${step}` };
  const isGood = vmbus.NT_SUCCESS(header.status);
  if (step === "version" && !isGood) return nextVersion(state);
  if (step === "subChannels") {
    if (isGood) state.subChannels = state.subChannelsWanted; // without them the primary does all
    return state.phase === "ready" ? { next: "nothing" } : { next: "end" };
  }
  if (!isGood) return { refusal: `${nameOf(header.status)} to ${step}` };
  switch (step) {
    case "begin":
      return { next: "version" };
    case "version":
      return { next: "properties" };
    case "properties":
      return takeProperties(state, bytes, byteCount);
    case "end":
      return { next: "ready" };
  }
}

/** The host does not speak this version: the next one is tried. */
function nextVersion(state: StorageClientState): Outcome {
  if (state.versionIndex === state.settings.versions.length - 1) {
    return { refusal: "no version of the settings" };
  }
  state.versionIndex++;
  return { next: "version" };
}

function takeProperties(
  state: StorageClientState,
  bytes: Uint8Array,
  byteCount: number,
): Outcome {
  const properties = PROPERTIES_ANSWER.decode(bytes, byteCount);
  if (properties instanceof Damage) return { refusal: "malformed answer to properties" };
  const { settings, processors } = state;
  const { transferBytesMax, propertyFlags, subChannelsMax } = properties;
  const pages = Math.floor(Math.min(transferBytesMax, settings.transferBytesMax) / PAGE_BYTES);
  if (pages === 0) return { refusal: `transfers of at most ${transferBytesMax} bytes` };
  state.transferBytesMax = pages * PAGE_BYTES;
  const isMulti = versionOf(state) >= LONG_PACKET_VERSION && (propertyFlags & MULTI_CHANNEL) !== 0;
  state.subChannelsWanted = isMulti
    ? Math.min(subChannelsMax, settings.subChannelsMax, processors - 1)
    : 0;
  const asksNow = state.subChannelsWanted > 0 && settings.asksForSubChannels === "beforeEnd";
  return { next: asksNow ? "subChannels" : "end" };
}

function nameOf(status: vmbus.NtStatus): string {
  return vmbus.ntStatusName(status) ?? `0x${status.toString(16)}`;
}
