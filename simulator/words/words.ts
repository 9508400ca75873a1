/**
 * Entries of a trace in words.
 *
 * @module
 */

import type { TraceDetail, TraceDetails } from "../../mod.ts";

/** Calls that set a channel up: those that succeed are told in one line for each endpoint. */
const SETUP = /^Vmb(?:Client|Server)?Channel(?:Init)?Set|^VmbChannelAllocate$/;

/** Calls that a story tells of where they fail alone. */
const NOISE: ReadonlySet<string> = new Set([
  "WdfFdoQueryForInterface",
  "WdfIoTargetQueryForInterface",
  "InterfaceReference",
  "InterfaceDereference",
  "VmbConvertVmbusHandleToKernelHandle",
  "VmbChannelGetInterfaceInstance",
  "VmbChannelGetMmioSpace",
  "VmbChannelGetPointer",
  "VmbChannelSetPointer",
  "VmbChannelSizeofPacket",
  "VmbChannelPacketGetExternalData",
  "VmbPacketAllocate",
  "VmbPacketInitialize",
  "VmbPacketFree",
  "VmbPacketGetChannel",
  "VmbPacketGetPointer",
  "VmbPacketSetPointer",
  "VmbPacketSetCompletionRoutine",
]);

/** Control messages that a story does not tell of: each open and each GPADL has them. */
const NOISY_MESSAGES: ReadonlySet<string> = new Set([
  "requestOffers",
  "allOffersDelivered",
  "gpadlHeader",
  "gpadlBody",
  "gpadlTeardown",
  "gpadlTorndown",
]);

/** What happens to a channel that its own calls and callbacks do not say. */
const CHANGES: Readonly<Record<string, string>> = {
  openRefused: "its open is refused",
  peerClosed: "the opposite side has closed, or is gone",
  restored: "the channel is restored",
  resumeOpen: "claims its channel, which the guest has open",
  resumeClosed: "claims its channel, which the guest has closed",
};

const PARTITION_EVENTS: Readonly<Record<string, string>> = {
  partitionCrashed: "crashes",
  partitionDestroyed: "is destroyed",
  partitionPaused: "is paused",
  partitionResumed: "is resumed",
  partitionDisconnects: "leaves the bus",
  partitionConnects: "makes contact",
  partitionSaved: "is saved",
  partitionRestored: "a guest is restored",
  saveRefused: "is not saved",
};

/** What a story makes of a call. */
export type CallKind = "setup" | "noise" | "told";

/** What a story makes of a call of this name. */
export function kindOfCall(call: string): CallKind {
  if (NOISE.has(call)) return "noise";
  return SETUP.test(call) ? "setup" : "told";
}

/** Whether details tell of a failure: a status that says no success, or that something threw. */
export function isFailure({ status, threw }: TraceDetails): boolean {
  return typeof status === "number" && status >= 0x8000_0000 || threw !== undefined;
}

/** The status in details by name, or what was thrown, behind a space; nothing where there is none. */
export function outcomeText({ statusName, threw }: TraceDetails): string {
  if (threw !== undefined) return threw === true ? " throws" : ` throws: ${textOf(threw)}`;
  return statusName === undefined ? "" : ` returns ${textOf(statusName)}`;
}

/** A detail that is one value. */
export function textOf(detail: TraceDetail | undefined): string {
  return typeof detail === "object" && detail !== null ? "…" : String(detail ?? "nothing");
}

/** A number among details; 0 where there is none. */
export function numberOf(detail: TraceDetail | undefined): number {
  return typeof detail === "number" ? detail : 0;
}

/** Arguments in brackets, without those that are nothing. */
export function called(name: string, ...given: readonly (string | null)[]): string {
  const words = given.filter((word) => word !== null && word !== "");
  return words.length === 0 ? name : `${name}(${words.join(", ")})`;
}

/** `16 bytes`. */
export function bytesText(count: number): string {
  return count === 1 ? "1 byte" : `${count} bytes`;
}

/** Whether a story need not tell of a control message. */
export function isNoisyMessage({ message, fields }: TraceDetails): boolean {
  if (typeof message !== "string") return false;
  const { status = 0 } = fieldsOf(fields);
  return NOISY_MESSAGES.has(message) || (message === "gpadlCreated" && status === 0);
}

function fieldsOf(fields: TraceDetail | undefined): TraceDetails {
  return typeof fields === "object" && fields !== null ? fields as TraceDetails : {};
}

/** A control message in a few words. */
export function messageText({ message, fault, fields }: TraceDetails): string {
  if (typeof message !== "string") {
    return fault === undefined
      ? "a control message"
      : `sends what is no control message: ${textOf(fault)}`;
  }
  const { channelId, gpadlId, statusName } = fieldsOf(fields);
  return called(
    message,
    channelId === undefined ? null : `channelId ${textOf(channelId)}`,
    gpadlId === undefined ? null : `GPADL ${textOf(gpadlId)}`,
    statusName === undefined ? null : textOf(statusName),
  );
}

/** What happened to a channel; null: its calls and callbacks say it. */
export function changeText({ change, statusName }: TraceDetails): string | null {
  const text = CHANGES[String(change)];
  if (text === undefined) return null;
  return statusName === undefined ? text : `${text} with ${textOf(statusName)}`;
}

/** What happened to a partition; null: nothing that a story tells of. */
export function partitionText(event: string): string | null {
  return PARTITION_EVENTS[event] ?? null;
}
