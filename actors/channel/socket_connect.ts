/**
 * A caller that waits for a socket to be connected: until its channel is open, is refused, or takes too long
 * (wire.md 4.5).
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
import type { Timer } from "../runtime/timer.ts";
import type { Wait } from "../runtime/waits.ts";
import type { Draining, EndedChannel } from "./ending.ts";

/** One such caller. It leaves the channel as it is. */
export class SocketConnect implements Draining, Timer {
  readonly #endpoint: EndedChannel;
  readonly #wait: Wait<NtStatus>;
  readonly #forget: () => void;
  #deadline: Deadline<Timer> | null = null;
  /** See {@linkcode Draining.awaitsTelling}. */
  awaitsTelling = false;

  /** Of `endpoint`, whose caller waits in `wait`; `forget` is called when it waits no more. */
  constructor(endpoint: EndedChannel, wait: Wait<NtStatus>, forget: () => void) {
    this.#endpoint = endpoint;
    this.#wait = wait;
    this.#forget = forget;
  }

  /** It waits until `deadline100ns` at the latest. */
  begin(deadline100ns: number): void {
    this.#endpoint.drains.push(this);
    this.#deadline = this.#endpoint.runtime.armTimer(deadline100ns, this);
    this.check();
  }

  /** See {@linkcode Timer.fire}. */
  fire(): void {
    this.#deadline = null;
    this.end(STATUS_CANCELLED);
  }

  /** See {@linkcode Draining.look}. */
  look(): void {}

  /** See {@linkcode Draining.check}. */
  check(): void {
    if (this.#endpoint.is("opened")) this.end(STATUS_SUCCESS);
    else if (this.#endpoint.is("disabled")) this.end(STATUS_DEVICE_REMOVED);
  }

  /** Whether its caller is still to be told. */
  get isWaiting(): boolean {
    return this.#endpoint.drains.includes(this);
  }

  /** The caller is told, unless it was. */
  end(status: NtStatus): void {
    if (this.isWaiting) this.#leave(status)();
  }

  /** See {@linkcode Draining.leave}. */
  leave(): () => void {
    return this.#leave(STATUS_DEVICE_REMOVED);
  }

  #leave(status: NtStatus): () => void {
    const { drains, runtime } = this.#endpoint;
    drains.splice(drains.indexOf(this), 1);
    this.#forget();
    if (this.#deadline !== null) runtime.cancelTimer(this.#deadline);
    return () => this.#wait.answer(status);
  }
}
