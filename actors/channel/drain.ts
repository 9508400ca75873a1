/**
 * Draining a channel before it is disabled: what was sent on it is read first, as far as the opposite
 * side does that in time (kmcl.md S16).
 *
 * @module
 */

import {
  type NtStatus,
  STATUS_CANCELLED,
  STATUS_DEVICE_REMOVED,
  STATUS_SUCCESS,
} from "../../core/ntstatus.ts";
import type { IncomingRing } from "../../core/ring/incoming.ts";
import type { OutgoingRing } from "../../core/ring/outgoing.ts";
import type { RingFault } from "../../core/ring/ring_memory.ts";
import type { Wait } from "../runtime/waits.ts";
import { type EndedChannel, Ending } from "./ending.ts";
import type { ChannelFault } from "./types.ts";

/** What a drain needs of the endpoint that it is of. */
export interface DrainedChannel extends EndedChannel {
  /** Whether packets move. */
  readonly flows: boolean;
  /** Its sending half. */
  readonly outgoing: {
    readonly ring: OutgoingRing | null;
    readonly progress: { readonly nextOrder: number };
    readonly awaitsRoom: boolean;
    readonly hasCompletions: boolean;
    readonly packets: {
      readonly live: readonly {
        readonly actor: { readonly tags: { readonly awaiting: boolean } };
        readonly order: number;
      }[];
    };
    hasEntered(order: number): boolean;
  };
  /** Its receiving half. */
  readonly incoming: { readonly ring: IncomingRing | null; readonly isBusy: boolean };
  /** Its looks at how far the opposite side has read, where that does not signal. */
  readonly polling: { begin(): void };
  /** The opposite side broke the protocol. */
  faulted(fault: ChannelFault): void;
}

/** One caller that has a channel drained, then disabled. What its next step is, the channel's state says. */
export class Drain extends Ending<DrainedChannel> {
  /** Whatever has a lower place was sent before. */
  readonly #orderEnd: number;
  /** How far the reader must come in the outgoing ring; null while something is not in there yet. */
  #ringEnd: number | null = null;
  /** The reader has come so far. */
  #isRead = false;

  /** Of everything that `endpoint` has sent so far; the caller waits in `wait`. */
  constructor(endpoint: DrainedChannel, wait: Wait<NtStatus>) {
    super(endpoint, wait);
    const { outgoing } = endpoint;
    this.#orderEnd = outgoing.progress.nextOrder;
    this.#isRead = outgoing.ring === null && outgoing.hasEntered(this.#orderEnd);
  }

  /** See {@linkcode Ending.statusWhenLate}: the opposite side may have read without a word. */
  protected override statusWhenLate(): NtStatus {
    return this.#isSent() ? STATUS_SUCCESS : STATUS_CANCELLED;
  }

  /** See {@linkcode Draining.look}. */
  override look(): void {
    const { ring } = this.endpoint.outgoing;
    if (this.#isRead || this.#ringEnd === null || ring === null) return;
    this.#isRead = ring.hasPassed(this.#ringEnd) === true;
  }

  /** See {@linkcode Ending.advance}. */
  protected override advance(): void {
    const { endpoint } = this;
    const isSent = this.#isSent();
    if (endpoint.is("emptying")) return; // what the opposite side sent before it closed is read first
    if (endpoint.is("leaving") || !endpoint.isSound) {
      return this.disable(isSent ? STATUS_SUCCESS : STATUS_DEVICE_REMOVED);
    }
    if (!isSent || this.#mustRead()) return;
    // From Suspend on the driver retires what it holds; its completions are to be read, too.
    if (endpoint.is("active") && endpoint.actor.can("pause")) {
      return endpoint.tell({ type: "pause" });
    }
    if (endpoint.is("atRest") && this.#isAnswered()) this.disable(STATUS_SUCCESS);
  }

  /** Whether all that was sent has been read, and each transaction of it has ended. */
  #isSent(): boolean {
    const { outgoing } = this.endpoint;
    const orderEnd = this.#orderEnd;
    if (!this.#isRead) {
      if (outgoing.ring === null || !outgoing.hasEntered(orderEnd) || outgoing.ring.written) {
        return false; // a packet that is not shown yet is looked for when it is
      }
      this.#ringEnd ??= outgoing.ring.position.index;
      this.#isRead = this.#hasPassed(this.#ringEnd);
      if (!this.#isRead) return false;
    }
    return !outgoing.packets.live.some(({ actor, order }) =>
      actor.tags.awaiting && order < orderEnd
    );
  }

  /** Whether packets have arrived that the driver is still to be given. */
  #mustRead(): boolean {
    const { flows, incoming } = this.endpoint;
    if (!flows || incoming.ring === null) return false;
    const unreadBytes = incoming.ring.usedBytes();
    if (typeof unreadBytes === "string") this.#fault(unreadBytes);
    return unreadBytes !== 0 || incoming.isBusy;
  }

  /** Whether the completions of an endpoint that is at rest have been read. */
  #isAnswered(): boolean {
    const { outgoing } = this.endpoint;
    if (outgoing.ring === null) return true;
    const { ring } = outgoing;
    return !outgoing.hasCompletions && !ring.written && this.#hasPassed(ring.position.index);
  }

  /** Whether the reader has passed `index`; if not, it is asked for a signal when it does. */
  #hasPassed(index: number): boolean {
    const { outgoing } = this.endpoint;
    const ring = outgoing.ring!;
    // Who waits for room is signalled first, and asks again then.
    const hasPassed = outgoing.awaitsRoom ? ring.hasPassed(index) : ring.awaitPassed(index);
    if (typeof hasPassed === "string") this.#fault(hasPassed);
    else if (!hasPassed) this.endpoint.polling.begin();
    return hasPassed === true;
  }

  /** The opposite side spoiled a ring; the drain ends with the channel's state. */
  #fault(fault: RingFault): void {
    this.endpoint.faulted(fault);
  }
}
