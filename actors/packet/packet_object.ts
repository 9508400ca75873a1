/**
 * A packet object: the sender's handle to one transaction at a time, and the record of that one.
 *
 * @module
 */

import type { NtStatus } from "../../core/ntstatus.ts";
import { STATUS_SUCCESS } from "../../core/ntstatus.ts";
import type { GpaRange } from "../../core/memory/gpa_ranges.ts";
import {
  NO_RANGES,
  PACKET_GPA_DIRECT,
  PACKET_IN_BAND,
  PACKET_TRANSFER_PAGES,
  type PacketType,
  type TransferPages,
} from "../../core/packet/packet.ts";
import { poison } from "../../core/blocks.ts";
import { copyBytes, NO_BYTES } from "../../core/bytes.ts";
import type { ChartActor } from "../chart/chart_actor.ts";
import type { PacketEvent, PacketTag } from "./types.ts";

/** Where a packet object comes from. */
export type PacketKind =
  /** VmbPacketAllocate: it goes back to the channel's lookaside list. */
  | "lookaside"
  /** VmbPacketInitialize: it lies in the caller's memory and is never freed. */
  | "initialized"
  /** A synchronous request: no driver sees it. */
  | "request";

/** How a synchronous request hears of the end of its packet. */
export interface RequestEnd {
  /** The transaction is over; `answer[0, answerBytes)` is the completion's payload. */
  ended(status: NtStatus, answer: Uint8Array, answerBytes: number): void;
}

/** One packet object, of one channel after the other. Which state it is in, its actor alone knows. */
export class PacketObject {
  /** Its transaction id: its index in the channel's packet table, which alone may change it. */
  slot = 0;
  /** Its chart. */
  readonly actor: ChartActor<PacketEvent, PacketTag>;
  /** Where it comes from; changes each time it is taken from the lookaside list. */
  kind: PacketKind = "lookaside";

  /** What the layer above keeps with it: its handle. */
  handle: unknown = null;
  /** The driver's pointer. */
  pointer: unknown = null;
  /** The driver's completion routine, as the layer above keeps it. */
  routine: unknown = null;
  /** Whether the routine takes {@linkcode PacketObject.routineContext} as well. */
  takesContext = false;
  /** What VmbPacketSetCompletionRoutineEx was given for it. */
  routineContext: unknown = null;
  /** The synchronous request that it serves, if any. */
  request: RequestEnd | null = null;

  /** The driver's context in it, kept from one owner to the next. */
  #context: Uint8Array = NO_BYTES;
  /** Whether its owner has asked for the context. */
  #hasContext = false;

  /** Payload of the transaction, where it had to be kept for later. */
  payload: Uint8Array = NO_BYTES;
  /** How much of the payload counts. */
  payloadBytes = 0;
  /** Memory that the packet describes; its pages are pinned while the transaction lasts. */
  ranges: readonly GpaRange[] = NO_RANGES;
  /** What its driver described, where those are shared for it or are copies of it; null: they are not (kmcl.md X18). */
  ownRanges: readonly GpaRange[] | null = null;
  /** The parts of a buffer of both sides that it names instead; null for most packets (kmcl.md P9). */
  transfer: TransferPages | null = null;
  /** Whether a completion packet will end the transaction. */
  wantsCompletion = false;
  /** Place among everything that its channel sent. */
  order = 0;
  /** What the completion routine will be told, once the transaction is over. */
  status: NtStatus = STATUS_SUCCESS;

  /** A packet object that nobody has. */
  constructor(actor: ChartActor<PacketEvent, PacketTag>) {
    this.actor = actor;
  }

  /** Descriptor type of the packet that it is in the ring. */
  get wireType(): PacketType {
    if (this.ranges.length > 0) return PACKET_GPA_DIRECT;
    return this.transfer === null ? PACKET_IN_BAND : PACKET_TRANSFER_PAGES;
  }

  /** Whether the opposite side finds memory by it. */
  get hasExternalData(): boolean {
    return this.ranges.length > 0 || this.transfer !== null;
  }

  /** The driver's context in it, `byteCount` bytes, 0 when its owner asks first (kmcl.md X13). */
  contextOf(byteCount: number): Uint8Array {
    if (this.#hasContext === true) return this.#context;
    if (this.#context.length !== byteCount) this.#context = new Uint8Array(byteCount);
    else Uint8Array.prototype.fill.call(this.#context, 0);
    this.#hasContext = true;
    return this.#context;
  }

  /** Has the driver's context be these bytes of the caller's memory, 0 from now on. */
  layContext(memory: Uint8Array): void {
    this.#context = memory;
    this.#hasContext = false;
    this.contextOf(memory.length);
  }

  /** The driver's context as it is, for a save; null where nobody has asked for it. */
  get context(): Uint8Array | null {
    return this.#hasContext ? this.#context : null;
  }

  /** Has the driver's context hold `bytes`, unless its owner has given away what it had. */
  fillContext(bytes: Uint8Array): void {
    const context = this.contextOf(bytes.length);
    if (context.length === bytes.length) Uint8Array.prototype.set.call(context, bytes);
  }

  /**
   * Its owner gives it up. Where `isOver`, nobody may look at the context that the owner had; what lies in the
   * caller's memory is no other owner's.
   */
  dropContext(isOver: boolean): void {
    if (isOver) poison(this.#context);
    if (isOver || this.kind === "initialized") this.#context = NO_BYTES;
    this.#hasContext = false;
  }

  /** Whether its owner has asked for the context. */
  get hasContext(): boolean {
    return this.#hasContext;
  }

  /** Keeps a copy of `bytes[0, byteCount)` (kmcl.md P8). */
  keep(bytes: Uint8Array, byteCount: number): void {
    if (this.payload.length < byteCount) this.payload = new Uint8Array(byteCount);
    copyBytes(this.payload, bytes, 0, byteCount);
    this.payloadBytes = byteCount;
  }
}
