/**
 * Closing a byte pipe: the end of what this side writes is sent, the opposite side's is waited for, then the
 * channel is disabled (wire.md 2.4).
 *
 * @module
 */

import type { Deadline } from "../../core/clock.ts";
import {
  type NtStatus,
  STATUS_CANCELLED,
  STATUS_CONNECTION_RESET,
  STATUS_DEVICE_REMOVED,
  STATUS_SUCCESS,
} from "../../core/ntstatus.ts";
import type { ChartActor } from "../chart/chart_actor.ts";
import type { Timer } from "../runtime/timer.ts";
import type { Wait } from "../runtime/waits.ts";
import type { BytePipeEvent, BytePipeTag } from "./byte_pipe_machine.ts";
import type { DrainedChannel, Draining } from "./drain.ts";

/** What closing a pipe needs of its channel. */
export type ClosingChannel = Omit<DrainedChannel, "outgoing" | "incoming" | "polling">;

/** One caller that has a byte pipe closed. What its next step is, the states of channel and pipe say. */
export class PipeClosing implements Draining, Timer {
  readonly #endpoint: ClosingChannel;
  readonly #actor: ChartActor<BytePipeEvent, BytePipeTag>;
  readonly #wait: Wait<NtStatus>;
  #deadline: Deadline<Timer> | null = null;
  /** See {@linkcode Draining.awaitsTelling}. */
  awaitsTelling = false;
  /** What the caller is told, once the channel was disabled. */
  #status: NtStatus | null = null;

  /** Of the pipe that `actor` is of, at `endpoint`; the caller waits in `wait`. */
  constructor(
    endpoint: ClosingChannel,
    actor: ChartActor<BytePipeEvent, BytePipeTag>,
    wait: Wait<NtStatus>,
  ) {
    this.#endpoint = endpoint;
    this.#actor = actor;
    this.#wait = wait;
  }

  /** The channel is disabled at `deadline100ns` at the latest. */
  begin(deadline100ns: number): void {
    this.#deadline = this.#endpoint.runtime.armTimer(deadline100ns, this);
    this.#actor.send({ type: "close" });
    this.check();
  }

  /** See {@linkcode Timer.fire}: the time is up. */
  fire(): void {
    this.#deadline = null;
    this.check();
    if (this.#status === null) this.#disable(STATUS_CANCELLED);
  }

  /** See {@linkcode Draining.look}. */
  look(): void {}

  /** See {@linkcode Draining.check}. */
  check(): void {
    const endpoint = this.#endpoint;
    if (endpoint.hasEnded && !this.awaitsTelling) return this.#end();
    if (endpoint.is("disabled") || endpoint.is("emptying") || this.#status !== null) return;
    const hasEnded = this.#actor.is("atEnd");
    if (hasEnded && this.#actor.is("ended")) this.#disable(STATUS_SUCCESS);
    else if (endpoint.is("leaving") || !endpoint.isSound) {
      this.#disable(hasEnded ? STATUS_SUCCESS : STATUS_CONNECTION_RESET);
    } else if (!endpoint.is("rings")) this.#disable(STATUS_DEVICE_REMOVED); // nobody is at the other end
  }

  #disable(status: NtStatus): void {
    this.#status = status;
    if (this.#endpoint.actor.can("disable")) this.#endpoint.tell({ type: "disable" });
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
