/**
 * A packet object as plain data, and back: what a save keeps of its transaction (kmcl.md V4, V5).
 *
 * @module
 */

import type { AnyMachineSnapshot } from "xstate";
import { assert } from "../../core/assert.ts";
import type { GpaRange } from "../../core/memory/gpa_ranges.ts";
import { type NtStatus, STATUS_SUCCESS } from "../../core/ntstatus.ts";
import { NO_RANGES } from "../../core/packet/packet.ts";
import { throwDataError } from "../../core/saved/fault.ts";
import { readRecord, saveRanges } from "../../core/saved/fields.ts";
import type { PlainData } from "../../core/saved/plain_data.ts";
import type { Chart } from "../chart/chart_actor.ts";
import { persistedState, persistState } from "../chart/persisted.ts";
import type { PacketKind, PacketObject } from "./packet_object.ts";
import { PACKET_SLOTS_MAX } from "./packet_table.ts";
import type { PacketTag } from "./types.ts";

const PACKET_KINDS: readonly PacketKind[] = ["lookaside", "initialized", "request"];
const NO_BYTES = new Uint8Array(0);

/** Where a packet object stands that is in use: its chart's states but the pooled one. */
export type SavedStage = "owned" | "queued" | "awaiting" | "withdrawn" | "ended";

const STAGES: ReadonlySet<unknown> = new Set<SavedStage>([
  "owned",
  "queued",
  "awaiting",
  "withdrawn",
  "ended",
]);

/** A packet object that was saved; its fields are as those of {@linkcode PacketObject}. */
export interface PacketImage {
  /** Its transaction id. */
  readonly slot: number;
  /** Where it comes from. */
  readonly kind: PacketKind;
  /** The state of its chart. */
  readonly stage: SavedStage;
  /** Whether a completion packet will end the transaction. */
  readonly wantsCompletion: boolean;
  /** Place among everything under way that its channel sent; 0 for one in no transaction. */
  readonly order: number;
  /** What the completion routine will be told; success unless the transaction is over. */
  readonly status: NtStatus;
  /** Payload of a queued packet; that of any other is in the ring or was. */
  readonly payload: Uint8Array;
  /** Memory that it describes. */
  readonly ranges: readonly GpaRange[];
}

/** The chart's state as a word. */
function stageOf({ actor }: PacketObject): SavedStage {
  const { value } = actor.snapshot;
  assert(isStage(value), "a packet that is saved is in use");
  return value;
}

function isStage(value: AnyMachineSnapshot["value"]): value is SavedStage {
  return STAGES.has(value);
}

/** A packet object in use as plain data; `order` is its place among what is under way. */
export function savePacket(packet: PacketObject, order: number): PlainData {
  const stage = stageOf(packet);
  const { slot, kind, actor, payload, payloadBytes, ranges, wantsCompletion, status } = packet;
  const isInFlight = stage !== "owned";
  return {
    slot,
    kind,
    state: persistState(actor.chart, actor.snapshot),
    wantsCompletion: isInFlight && wantsCompletion,
    order,
    status: stage === "ended" ? status : STATUS_SUCCESS,
    payload: stage === "queued" ? payload.subarray(0, payloadBytes) : NO_BYTES,
    ranges: saveRanges(isInFlight ? ranges : NO_RANGES),
  };
}

/** What {@linkcode savePacket} wrote; throws a SavedStateFault where a field is not what it can be. */
export function readPacket(data: PlainData, where: string, chart: Chart): PacketImage {
  return readRecord(data, where, (fields) => {
    const { value } = persistedState(chart, fields.data("state"), where);
    if (!isStage(value)) throwDataError(`${where} is not in use`);
    const image: PacketImage = {
      slot: fields.uint("slot", PACKET_SLOTS_MAX - 1),
      kind: fields.word("kind", PACKET_KINDS),
      stage: value,
      wantsCompletion: fields.flag("wantsCompletion"),
      order: fields.uint("order", Number.MAX_SAFE_INTEGER),
      status: fields.uint("status", 0xffff_ffff),
      payload: fields.bytes("payload", 0xffff_ffff),
      ranges: fields.ranges("ranges"),
    };
    checkStage(image, where);
    return image;
  });
}

/** Fields that mean something in one state only have their resting value in the others. */
function checkStage(
  { stage, kind, wantsCompletion, order, status, payload, ranges }: PacketImage,
  where: string,
): void {
  const isOwned = stage === "owned";
  const isAwaiting = stage === "awaiting" || stage === "withdrawn";
  const isWrong = (isOwned && (wantsCompletion || order !== 0 || ranges.length > 0)) ||
    (isOwned && kind === "request") || // one that is over goes back to the lookaside list
    (isAwaiting && !wantsCompletion) ||
    (stage === "withdrawn" && kind !== "request") ||
    (stage !== "ended" && status !== STATUS_SUCCESS) ||
    (stage !== "queued" && payload.length > 0);
  if (isWrong) throwDataError(`${where} has fields that do not fit its state`);
}

/** Whether saved packets stand in the order of their slots, each in one of its own. */
export function areInSlotOrder(images: readonly PacketImage[]): boolean {
  return images.every(({ slot }, at) => at === 0 || images[at - 1]!.slot < slot);
}

/** Puts a packet object that its driver owns into the transaction of `image`. It has its slot already. */
export function resumePacket(packet: PacketObject, image: PacketImage): void {
  const { stage, wantsCompletion, order, status, payload, ranges } = image;
  packet.wantsCompletion = wantsCompletion;
  packet.order = order;
  packet.status = status;
  packet.ranges = ranges;
  if (stage === "queued") packet.keep(payload, payload.length);
  const send = (type: "enter" | "enterLast") =>
    packet.actor.send({ type, bytes: NO_BYTES, start: 0, end: 0 });
  if (stage === "queued") packet.actor.send({ type: "queue" });
  else if (stage === "ended") send("enterLast");
  else if (stage !== "owned") send("enter");
  if (stage === "withdrawn") packet.actor.send({ type: "withdraw" });
}

/** Takes a packet object out of the transaction that it was put into: its driver owns it again. */
export function unresumePacket(packet: PacketObject): void {
  if (packet.actor.is("pooled") || !packet.actor.is("inFlight")) return;
  if (packet.actor.can("finish")) packet.actor.send({ type: "finish" });
  packet.actor.send({ type: "complete" });
  packet.ranges = NO_RANGES;
  packet.wantsCompletion = false;
}

/** Whether `packet` is in a transaction. */
export function isInFlight(packet: PacketObject): boolean {
  return packet.actor.is("inFlight" satisfies PacketTag);
}
