/**
 * Draining a channel before it is disabled: what was sent on it is read first, as far as the opposite
 * side does that in time (kmcl.md S16).
 *
 * @module
 */

import type { Deadline } from "../../core/clock.ts";
import {
  type NtStatus,
  STATUS_CANCELLED,
  STATUS_DEVICE_REMOVED,
  STATUS_SUCCESS,
} from "../../core/ntstatus.ts";
import type { IncomingRing } from "../../core/ring/incoming.ts";
import type { OutgoingRing } from "../../core/ring/outgoing.ts";
import type { RingFault } from "../../core/ring/ring_memory.ts";
import type { Timer } from "../runtime/timer.ts";
import type { Wait } from "../runtime/waits.ts";
import type { ChannelEvent, ChannelFault, ChannelTag } from "./types.ts";

/** Something that a caller waits for before, and with, the end of a channel. */
export interface Draining {
  /** The driver is being told why its open came to nothing: until that has returned the caller is not answered. */
  awaitsTelling: boolean;
  /** Continues as far as the channel's state lets it; called whenever that, or its rings, may have changed. */
  check(): void;
  /** Packets are about to be shown: from then on it cannot be told whether those before were read. */
  look(): void;
  /** The channel has ended, and with it what was waited for; returns what answers its caller. */
  leave(): () => void;
}

/** What a drain needs of the endpoint that it is of. */
export interface DrainedChannel {
  /** The drains that are under way. */
  readonly drains: Draining[];
  /** Whether it is Disabled, and its driver has heard all. */
  readonly hasEnded: boolean;
  /** Whether the opposite side has kept to the protocol. */
  readonly isSound: boolean;
  /** Whether packets move. */
  readonly flows: boolean;
  /** Its chart. */
  readonly actor: { can(type: ChannelEvent["type"]): boolean };
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
  /** The fabric. */
  readonly runtime: {
    armTimer(at100ns: number, timer: Timer): Deadline<Timer>;
    cancelTimer(deadline: Deadline<Timer>): void;
  };
  /** Whether its state has `tag`. */
  is(tag: ChannelTag): boolean;
  /** Tells its actor what happened, and does what the new state asks for. */
  tell(event: ChannelEvent): void;
  /** The opposite side broke the protocol. */
  faulted(fault: ChannelFault): void;
}

/** One caller that has a channel drained, then disabled. What its next step is, the channel's state says. */
export class Drain implements Draining, Timer {
  readonly #endpoint: DrainedChannel;
  readonly #wait: Wait<NtStatus>;
  /** Whatever has a lower place was sent before. */
  readonly #orderEnd: number;
  #deadline: Deadline<Timer> | null = null;
  /** How far the reader must come in the outgoing ring; null while something is not in there yet. */
  #ringEnd: number | null = null;
  /** The reader has come so far. */
  #isRead = false;
  /** See {@linkcode Draining.awaitsTelling}. */
  awaitsTelling = false;
  /** What the caller is told, once the channel was disabled. */
  #status: NtStatus | null = null;

  /** Of everything that `endpoint` has sent so far; the caller waits in `wait`. */
  constructor(endpoint: DrainedChannel, wait: Wait<NtStatus>) {
    const { outgoing } = endpoint;
    this.#endpoint = endpoint;
    this.#wait = wait;
    this.#orderEnd = outgoing.progress.nextOrder;
    this.#isRead = outgoing.ring === null && outgoing.hasEntered(this.#orderEnd);
  }

  /** The channel is disabled at `deadline100ns` at the latest. */
  begin(deadline100ns: number): void {
    this.#deadline = this.#endpoint.runtime.armTimer(deadline100ns, this);
    this.check();
  }

  /** See {@linkcode Timer.fire}: the time is up. The opposite side may have read without a word. */
  fire(): void {
    this.#deadline = null;
    this.check();
    if (this.#status === null) this.#disable(this.#isSent() ? STATUS_SUCCESS : STATUS_CANCELLED);
  }

  /** See {@linkcode Draining.look}. */
  look(): void {
    const { ring } = this.#endpoint.outgoing;
    if (this.#isRead || this.#ringEnd === null || ring === null) return;
    this.#isRead = ring.hasPassed(this.#ringEnd) === true;
  }

  /** See {@linkcode Draining.check}. */
  check(): void {
    const endpoint = this.#endpoint;
    if (endpoint.hasEnded && !this.awaitsTelling) return this.#end();
    if (endpoint.is("disabled") || this.#status !== null) return;
    const isSent = this.#isSent();
    if (endpoint.is("emptying")) return; // what the opposite side sent before it closed is read first
    if (endpoint.is("leaving") || !endpoint.isSound) {
      return this.#disable(isSent ? STATUS_SUCCESS : STATUS_DEVICE_REMOVED);
    }
    if (!isSent || this.#mustRead()) return;
    // From Suspend on the driver retires what it holds; its completions are to be read, too.
    if (endpoint.is("active") && endpoint.actor.can("pause")) {
      return endpoint.tell({ type: "pause" });
    }
    if (endpoint.is("atRest") && this.#isAnswered()) this.#disable(STATUS_SUCCESS);
  }

  /** Whether all that was sent has been read, and each transaction of it has ended. */
  #isSent(): boolean {
    const { outgoing } = this.#endpoint;
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
    const { flows, incoming } = this.#endpoint;
    if (!flows || incoming.ring === null) return false;
    const unreadBytes = incoming.ring.usedBytes();
    if (typeof unreadBytes === "string") this.#fault(unreadBytes);
    return unreadBytes !== 0 || incoming.isBusy;
  }

  /** Whether the completions of an endpoint that is at rest have been read. */
  #isAnswered(): boolean {
    const { outgoing } = this.#endpoint;
    if (outgoing.ring === null) return true;
    const { ring } = outgoing;
    return !outgoing.hasCompletions && !ring.written && this.#hasPassed(ring.position.index);
  }

  /** Whether the reader has passed `index`; if not, it is asked for a signal when it does. */
  #hasPassed(index: number): boolean {
    const { outgoing } = this.#endpoint;
    const ring = outgoing.ring!;
    // Who waits for room is signalled first, and asks again then.
    const hasPassed = outgoing.awaitsRoom ? ring.hasPassed(index) : ring.awaitPassed(index);
    if (typeof hasPassed === "string") this.#fault(hasPassed);
    else if (!hasPassed) this.#endpoint.polling.begin();
    return hasPassed === true;
  }

  /** The opposite side spoiled a ring; the drain ends with the channel's state. */
  #fault(fault: RingFault): void {
    this.#endpoint.faulted(fault);
  }

  #disable(status: NtStatus): void {
    const endpoint = this.#endpoint;
    this.#status = status;
    if (endpoint.actor.can("disable")) endpoint.tell({ type: "disable" });
  }

  #end(): void {
    if (this.#endpoint.drains.includes(this)) this.leave()();
  }

  /** See {@linkcode Draining.leave}. */
  leave(): () => void {
    const { drains, runtime } = this.#endpoint;
    drains.splice(drains.indexOf(this), 1);
    if (this.#deadline !== null) runtime.cancelTimer(this.#deadline);
    return () => this.#wait.answer(this.#status ?? STATUS_DEVICE_REMOVED);
  }
}
