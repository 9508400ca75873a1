/**
 * What callers have in common that have a channel disabled once something was done on it, or the time for that is up
 * (kmcl.md S16, wire.md 2.4).
 *
 * @module
 */

import type { Deadline } from "../../core/clock.ts";
import { type NtStatus, STATUS_DEVICE_REMOVED } from "../../core/ntstatus.ts";
import type { Timer } from "../runtime/timer.ts";
import type { Wait } from "../runtime/waits.ts";
import type { ChannelEvent, ChannelTag } from "./types.ts";

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

/** What such a caller needs of the endpoint that it ends. */
export interface EndedChannel {
  /** The callers that wait for its end. */
  readonly drains: Draining[];
  /** Whether it is Disabled, and its driver has heard all. */
  readonly hasEnded: boolean;
  /** Whether the opposite side has kept to the protocol. */
  readonly isSound: boolean;
  /** Its chart. */
  readonly actor: { can(type: ChannelEvent["type"]): boolean };
  /** The fabric. */
  readonly runtime: {
    armTimer(at100ns: number, timer: Timer): Deadline<Timer>;
    cancelTimer(deadline: Deadline<Timer>): void;
  };
  /** Whether its state has `tag`. */
  is(tag: ChannelTag): boolean;
  /** Tells its actor what happened, and does what the new state asks for. */
  tell(event: ChannelEvent): void;
}

/** One such caller. What its next step is, the channel's state says. */
export abstract class Ending<Channel extends EndedChannel> implements Draining, Timer {
  /** The endpoint that is ended. */
  protected readonly endpoint: Channel;
  readonly #wait: Wait<NtStatus>;
  #deadline: Deadline<Timer> | null = null;
  /** What the caller is told, once the channel was disabled; null until that is asked for. */
  #status: NtStatus | null = null;
  /** See {@linkcode Draining.awaitsTelling}. */
  awaitsTelling = false;

  /** Of `endpoint`, whose caller waits in `wait`. */
  constructor(endpoint: Channel, wait: Wait<NtStatus>) {
    this.endpoint = endpoint;
    this.#wait = wait;
  }

  /** The channel is disabled at `deadline100ns` at the latest. */
  begin(deadline100ns: number): void {
    this.arm(deadline100ns);
    this.check();
  }

  /** The time is up at `deadline100ns`. */
  protected arm(deadline100ns: number): void {
    this.#deadline = this.endpoint.runtime.armTimer(deadline100ns, this);
  }

  /** See {@linkcode Timer.fire}: the time is up. */
  fire(): void {
    this.#deadline = null;
    this.check();
    if (this.#status === null) this.disable(this.statusWhenLate());
  }

  /** See {@linkcode Draining.look}. */
  look(): void {}

  /** See {@linkcode Draining.check}. */
  check(): void {
    if (!this.endpoint.hasEnded || this.awaitsTelling) {
      if (!this.endpoint.is("disabled") && this.#status === null) this.advance();
    } else if (this.endpoint.drains.includes(this)) this.leave()();
  }

  /** Continues with what is done before the channel is disabled. */
  protected abstract advance(): void;

  /** How what was to be done has ended where the time is up. */
  protected abstract statusWhenLate(): NtStatus;

  /** Has the channel disabled, of which the caller is then told `status`. */
  protected disable(status: NtStatus): void {
    this.#status = status;
    if (this.endpoint.actor.can("disable")) this.endpoint.tell({ type: "disable" });
  }

  /** See {@linkcode Draining.leave}. */
  leave(): () => void {
    const { drains, runtime } = this.endpoint;
    drains.splice(drains.indexOf(this), 1);
    if (this.#deadline !== null) runtime.cancelTimer(this.#deadline);
    return () => this.#wait.answer(this.#status ?? STATUS_DEVICE_REMOVED);
  }
}
