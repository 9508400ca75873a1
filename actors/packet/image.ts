/**
 * A packet object as it is saved, and its transaction resumed (kmcl.md V4, V5).
 *
 * @module
 */

import { assert } from "../../core/assert.ts";
import { NO_BYTES, wholeOf } from "../../core/bytes.ts";
import { STATUS_SUCCESS } from "../../core/ntstatus.ts";
import { NO_RANGES, type TransferPages } from "../../core/packet/packet.ts";
import { bytes, flag, gpaRange, U16_MAX, U32_MAX, uint, word } from "../../core/saved/forms.ts";
import {
  list,
  named,
  omissible,
  optional,
  record,
  type Schema,
  type SchemaType,
} from "../../core/saved/schema.ts";
import { actorValue } from "../runtime/actor_state.ts";
import { PACKET_ACTOR } from "./machine.ts";
import type { PacketKind, PacketObject } from "./packet_object.ts";
import { PACKET_SLOTS_MAX } from "./packet_table.ts";
import type { PacketTag } from "./types.ts";

const PACKET_KINDS: readonly PacketKind[] = ["lookaside", "initialized", "request"];

/** The states of a packet object that is in use: all but the pooled one. */
const STATES = ["owned", "queued", "awaiting", "withdrawn", "ended"] as const;

/** Parts of a buffer that both sides know (wire.md 2.3). */
const TRANSFER: Schema<TransferPages> = record({
  pageSetId: [uint(U16_MAX), "the number of the page set"],
  ranges: [
    list(record({
      byteCount: [uint(U32_MAX, 1), "bytes of the part"],
      byteOffset: [uint(U32_MAX), "where in the buffer it begins"],
    })),
    "the parts, at least one",
  ],
}, { "it names no part": ({ ranges }) => ranges.length > 0 });

/** A packet object. */
export const PACKET = named(
  "a packet",
  record({
    slot: [uint(PACKET_SLOTS_MAX - 1), "its transaction id, each once"],
    kind: [word(PACKET_KINDS), "where it comes from"],
    state: [actorValue(PACKET_ACTOR, STATES), "where it stands"],
    wantsCompletion: [flag, "whether a completion packet will end the transaction"],
    order: [uint(), "place among everything under way that its channel sent; 0 in `owned`"],
    status: [uint(U32_MAX), "what its completion routine will be told; 0 but in `ended`"],
    payload: [bytes(), "what is sent; empty but in `queued`, as it is in the ring, or was"],
    ranges: [list(gpaRange), "external data; none of a server's"],
    ownRanges: [
      omissible(list(gpaRange)),
      "what its driver described, where `ranges` are copies of that in bounce buffers",
    ],
    transfer: [optional(TRANSFER), "the parts of a page set that it names instead of memory"],
    context: [
      omissible(bytes()),
      "the driver's context of VmbPacketGetInlinePacketContextPointer, where it asked for it",
    ],
  }, {
    "it is in no transaction, and has something of one": (packet) =>
      packet.state !== "owned" ||
      !packet.wantsCompletion && packet.order === 0 && packet.ranges.length === 0 &&
        packet.transfer === null,
    "it describes memory, and names parts of a page set": ({ ranges, transfer }) =>
      ranges.length === 0 || transfer === null,
    "it is a request that goes back to the lookaside list": ({ state, kind }) =>
      state !== "owned" || kind !== "request",
    "it awaits a completion that it does not want": ({ state, wantsCompletion }) =>
      wantsCompletion || state !== "awaiting" && state !== "withdrawn",
    "it is withdrawn, and no request": ({ state, kind }) =>
      state !== "withdrawn" || kind === "request",
    "it has a status before its end": ({ state, status }) =>
      state === "ended" || status === STATUS_SUCCESS,
    "it has a payload that is in the ring": ({ state, payload }) =>
      state === "queued" || payload.length === 0,
  }),
);

/** A packet object that was saved. */
export type PacketImage = SchemaType<typeof PACKET>;

/** A packet object in use as it is saved; `order` is its place among what is under way. */
export function imageOfPacket(packet: PacketObject, order: number): PacketImage {
  const { slot, kind, actor, payload, payloadBytes, wantsCompletion, status } = packet;
  const state = STATES.find((known) => known === actor.snapshot.value);
  assert(state !== undefined, "a packet that is saved is in use");
  const isOwned = state === "owned";
  return {
    slot,
    kind,
    state,
    wantsCompletion: !isOwned && wantsCompletion,
    order,
    status: state === "ended" ? status : STATUS_SUCCESS,
    payload: state === "queued" ? payload.subarray(0, payloadBytes) : NO_BYTES,
    ranges: isOwned ? NO_RANGES : packet.ranges,
    ownRanges: isOwned || packet.ownRanges === packet.ranges ? null : packet.ownRanges,
    transfer: isOwned ? null : packet.transfer,
    context: packet.context === null ? null : wholeOf(packet.context),
  };
}

/** Whether saved packets stand in the order of their slots, each in one of its own. */
export function areInSlotOrder(images: readonly PacketImage[]): boolean {
  return images.every(({ slot }, at) => at === 0 || images[at - 1]!.slot < slot);
}

/** Puts a packet object that its driver owns into the transaction of `image`. It has its slot already. */
export function resumePacket(packet: PacketObject, image: PacketImage): void {
  const { state, wantsCompletion, order, status, payload, ranges, ownRanges, transfer, context } =
    image;
  if (context !== null) packet.fillContext(context);
  packet.wantsCompletion = wantsCompletion;
  packet.order = order;
  packet.status = status;
  packet.ranges = ranges;
  packet.ownRanges = ownRanges;
  packet.transfer = transfer;
  if (state === "queued") packet.keep(payload, payload.length);
  const send = (type: "enter" | "enterLast") =>
    packet.actor.send({ type, bytes: NO_BYTES, start: 0, end: 0 });
  if (state === "queued") packet.actor.send({ type: "queue" });
  else if (state === "ended") send("enterLast");
  else if (state !== "owned") send("enter");
  if (state === "withdrawn") packet.actor.send({ type: "withdraw" });
}

/** Takes a packet object out of the transaction that it was put into: its driver owns it again. */
export function unresumePacket(packet: PacketObject): void {
  if (packet.actor.is("pooled") || !packet.actor.is("inFlight")) return;
  if (packet.actor.can("finish")) packet.actor.send({ type: "finish" });
  packet.actor.send({ type: "complete" });
  packet.ranges = NO_RANGES;
  packet.ownRanges = null;
  packet.transfer = null;
  packet.wantsCompletion = false;
}

/** Whether `packet` is in a transaction. */
export function isInFlight(packet: PacketObject): boolean {
  return packet.actor.is("inFlight" satisfies PacketTag);
}
