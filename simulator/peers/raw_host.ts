/**
 * A host without servers: it answers the messages of a guest as any host must, or as it likes, and may say
 * anything.
 *
 * @module
 */

import type { ControlMessage, OfferChannel, OpenChannel } from "../../core/control/messages.ts";
import type { GpaRange } from "../../core/memory/gpa_ranges.ts";
import { GpadlAssembler } from "../../core/memory/gpadl.ts";
import { type NtStatus, STATUS_SUCCESS } from "../../core/ntstatus.ts";
import { PAGE_BYTES } from "../../core/units.ts";
import type { Partition } from "../../mod.ts";
import { TakenEnd } from "./bus_end.ts";
import { requireFunction } from "./checks.ts";
import { agreedFor, type AgreedVersion } from "./connection_messages.ts";
import { connectionAnswers } from "./host_answers.ts";
import { offerMessage } from "./messages.ts";
import { RawRings } from "./raw_rings.ts";

/** The status of what a host refuses ([wire.md 3.4](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
const REFUSED: NtStatus = 0x8000_ffff;

/**
 * Answers a message of the guest, in the place of the host: with all of these, in order, or with none.
 * Null: the host answers as any host must.
 */
export type HostAnswer = (message: ControlMessage) => readonly ControlMessage[] | null;

/** What an open request says, whichever channel is meant. */
type OpenRequest = Pick<
  OpenChannel,
  "channelId" | "openId" | "ringGpadlId" | "downstreamPageOffset"
>;

/** A GPADL as the guest described it. */
interface Gpadl {
  /** The channel that it is of. */
  readonly channelId: number;
  readonly assembler: GpadlAssembler;
  /** What it describes; null: bodies are missing. */
  ranges: readonly GpaRange[] | null;
}

/**
 * The host of one guest, in the place of its servers: the opposite side of a VSC that must survive any host.
 * Unless it is told otherwise it answers as any host must: it speaks every version, takes every GPADL that can be
 * one, opens every channel over rings that can be some, lets go of what the guest wants back, and refuses to
 * connect to sockets, of which it has none.
 *
 * @example
 * ```ts
 * import * as vmbus from "@vmbus/kmcl";
 * import { RawHost } from "@vmbus/kmcl/peers";
 *
 * await using fabric = vmbus.createFabric({ codec: "vmbus" });
 * const guest = fabric.createPartition({ name: "guest" });
 * const host = new RawHost(guest);
 * // Here a client is enabled in the guest, or a driver loaded that does so.
 * const { channelId } = host.offer(
 *   "6d9d9a51-5ea2-4f9a-9d0c-3f2c7f3b8f10",
 *   "0c7e1f4e-2f52-4c57-8a1e-0d7b4f1c2a33",
 * );
 * await fabric.settle();
 * host.ringsOf(channelId)?.store("downstream", "writeIndex", 12); // a lie
 * host.signal(channelId);
 * host.rescind(channelId);
 * ```
 */
export class RawHost {
  /** All that the guest said, in order. It grows until it is emptied, as by `splice`. */
  readonly heard: ControlMessage[] = [];
  /** Ids of GPADLs that the host still uses: it answers no teardown of them before {@linkcode RawHost.torndown}. */
  readonly inUse: Set<number> = new Set();
  readonly #end: TakenEnd;
  readonly #answer: HostAnswer;
  readonly #gpadls = new Map<number, Gpadl>();
  /** Rings of the channels that the guest has opened. */
  readonly #rings = new Map<number, RawRings>();
  readonly #guest: Partition;
  #agreed: AgreedVersion | null = null;

  /**
   * Takes the host's end of the bus of `guest`: servers that offer to it hear nothing any more.
   *
   * @throws {TypeError} `guest` is no partition, or `answer` no function.
   */
  constructor(guest: Partition, answer: HostAnswer = () => null) {
    requireFunction("make a raw host", "answer", answer);
    this.#end = new TakenEnd(guest, "host", (message) => this.#hear(message));
    this.#guest = guest;
    this.#answer = answer;
  }

  /**
   * Says something to the guest.
   *
   * @throws {TypeError | RangeError} A field cannot hold its value; see {@linkcode controlMessageBytes}.
   */
  post(message: ControlMessage): void {
    this.#end.post(message);
  }

  /**
   * Puts bytes on the bus, whatever they are.
   *
   * @throws {TypeError} `bytes` is no ArrayBufferView.
   */
  postBytes(bytes: ArrayBufferView): void {
    this.#end.postBytes(bytes);
  }

  /**
   * Offers a device to the guest, as channel 1 unless `changes` say otherwise, and returns the offer.
   *
   * @throws {TypeError | RangeError} A field cannot hold its value.
   */
  offer(
    interfaceId: string,
    instanceId: string,
    changes: Partial<OfferChannel> = {},
  ): OfferChannel {
    const offer = offerMessage(interfaceId, instanceId, changes);
    this.post(offer);
    return offer;
  }

  /**
   * Takes an offer back.
   *
   * @throws {RangeError} `channelId` is no u32.
   */
  rescind(channelId = 1): void {
    this.post({ message: "rescindChannelOffer", channelId });
  }

  /**
   * Signals the guest, whose client looks at the rings of that channel. An id that it does not know does
   * nothing.
   *
   * @throws {RangeError} `channelId` is no u32.
   */
  signal(channelId = 1): void {
    this.#end.signal(channelId);
  }

  /** What was agreed on with the guest, as any host would; null: it has made no contact. */
  get agreed(): AgreedVersion | null {
    return this.#agreed;
  }

  /** The rings of a channel from its open request to its close; null where it has none. */
  ringsOf(channelId = 1): RawRings | null {
    return this.#rings.get(channelId) ?? null;
  }

  /** The memory that a GPADL describes; null: there is none of that id, or not all of it has come. */
  gpadlOf(gpadlId: number): readonly GpaRange[] | null {
    return this.#gpadls.get(gpadlId)?.ranges ?? null;
  }

  /**
   * Lets go of a GPADL, and says so.
   *
   * @throws {RangeError} `gpadlId` is no u32.
   */
  torndown(gpadlId: number): void {
    this.inUse.delete(gpadlId);
    this.#gpadls.delete(gpadlId);
    this.#end.answer({ message: "gpadlTorndown", gpadlId });
  }

  #hear(message: ControlMessage): void {
    this.heard.push(message);
    const honest = this.#take(message);
    for (const answer of this.#answer(message) ?? honest) this.#end.answer(answer);
    if (message.message === "initiateContact") this.#end.contacted();
  }

  /** Takes note of what the guest says; answers as any host must. */
  #take(message: ControlMessage): readonly ControlMessage[] {
    switch (message.message) {
      case "initiateContact":
        this.#agreed = agreedFor(message);
        return connectionAnswers(message, this.#agreed) ?? [];
      case "gpadlHeader": {
        const { channelId, gpadlId, byteLength, rangeCount, words } = message;
        const assembler = new GpadlAssembler(byteLength, rangeCount);
        this.#gpadls.set(gpadlId, { channelId, assembler, ranges: null });
        return this.#describe(gpadlId, words);
      }
      case "gpadlBody":
        return this.#describe(message.gpadlId, message.words);
      case "gpadlTeardown": {
        const { gpadlId } = message;
        if (this.inUse.has(gpadlId)) return [];
        this.#gpadls.delete(gpadlId);
        return [{ message: "gpadlTorndown", gpadlId }];
      }
      case "openChannel":
        return [this.#open(message)];
      case "closeChannel":
        this.#rings.delete(message.channelId);
        return [];
      case "openReservedChannel":
        return [this.#open({ ...message, openId: 0 })];
      case "closeReservedChannel":
        this.#rings.delete(message.channelId);
        return connectionAnswers(message, this.#agreed) ?? [];
      default:
        return connectionAnswers(message, this.#agreed) ?? [];
    }
  }

  #describe(gpadlId: number, words: Uint8Array): readonly ControlMessage[] {
    const gpadl = this.#gpadls.get(gpadlId);
    if (gpadl === undefined || gpadl.ranges !== null) return [];
    const { channelId, assembler } = gpadl;
    const outcome = assembler.add(words);
    if (outcome === "more") return [];
    const isTaken = outcome === "complete";
    if (isTaken) gpadl.ranges = assembler.ranges;
    else this.#gpadls.delete(gpadlId);
    const status = isTaken ? STATUS_SUCCESS : REFUSED;
    return [{ message: "gpadlCreated", channelId, gpadlId, status }];
  }

  #open({ channelId, openId, ringGpadlId, downstreamPageOffset }: OpenRequest): ControlMessage {
    const rings = this.#ringsIn(this.gpadlOf(ringGpadlId) ?? [], downstreamPageOffset);
    if (rings !== null) this.#rings.set(channelId, rings);
    const status = rings === null ? REFUSED : STATUS_SUCCESS;
    return { message: "openResult", channelId, openId, status };
  }

  /** The rings that a GPADL describes (wire.md 1.1); null where it describes no rings. */
  #ringsIn(ranges: readonly GpaRange[], downstreamPageOffset: number): RawRings | null {
    const [range] = ranges;
    const { memory } = this.#guest;
    if (ranges.length !== 1 || range === undefined || range.byteOffset !== 0) return null;
    const { pfns, byteCount } = range;
    const isGood = byteCount === pfns.length * PAGE_BYTES && downstreamPageOffset >= 2 &&
      downstreamPageOffset <= pfns.length - 2 && pfns.every((pfn) => pfn < memory.pageCount);
    return isGood ? new RawRings(memory, pfns, downstreamPageOffset) : null;
  }
}
