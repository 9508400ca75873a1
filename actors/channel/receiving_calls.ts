/**
 * Callbacks of the receiving half that may be unfinished when they return: while one is, the next packet waits
 * (kmcl.md R2).
 *
 * @module
 */

import {
  DISPATCH_LEVEL,
  type Frame,
  type Irql,
  leaveFrame,
  PASSIVE_LEVEL,
} from "../runtime/irql.ts";
import { isPromise } from "../runtime/promises.ts";
import type { ReceivingEndpoint } from "./half_ports.ts";
import type { IncomingPacket } from "./incoming_packet.ts";

/** Such callbacks of one endpoint. */
export class ReceivingCalls {
  /** Whether a ProcessPacket or ProcessingComplete call is unfinished. */
  isBusy = false;
  readonly #endpoint: ReceivingEndpoint;
  readonly #goOn: () => void;
  // Made when the first batch is reported, as many drivers ask for no report.
  #dispatchFrame: Frame | null = null;
  #passiveFrame: Frame | null = null;

  /** Those of `endpoint`; `goOn` has its queue continue. */
  constructor(endpoint: ReceivingEndpoint, goOn: () => void) {
    this.#endpoint = endpoint;
    this.#goOn = goOn;
  }

  /** Tells the driver how many packets its batch had (kmcl.md R3). */
  reportBatch(count: number, irql: Irql): void {
    const isPassive = irql === PASSIVE_LEVEL;
    const frame = isPassive
      ? this.#passiveFrame ??= this.#frame(PASSIVE_LEVEL)
      : this.#dispatchFrame ??= this.#frame(DISPATCH_LEVEL);
    const { callbacks } = this.#endpoint.runtime;
    this.#endpoint.trace.batch(frame, count);
    const outer = callbacks.enter(frame);
    let result: unknown;
    let isLater = false;
    try {
      result = isPassive
        ? this.#completePassive(count)
        : this.#endpoint.driverCallbacks.processingComplete(count);
      isLater = isPromise(result);
    } catch (error) {
      callbacks.threw(frame, error);
    } finally {
      leaveFrame(outer);
    }
    if (isLater) this.await(frame, result, this.#goOn);
    else this.#endpoint.trace.returned(frame);
  }

  #frame(irql: Irql): Frame {
    return this.#endpoint.frame("EvtChannelProcessingComplete", irql);
  }

  // What makes a closure stands in a function of its own, as a function that has one begins by allocating
  // what the closure captures, whether or not it comes to be made.

  #completePassive(count: number): unknown {
    const { runtime, driverCallbacks } = this.#endpoint;
    return runtime.callbacks.follow(() => driverCallbacks.processingComplete(count));
  }

  /** Hands `packet` to the driver at PASSIVE_LEVEL, in a frame that was entered; what the callback returned. */
  processPassive(packet: IncomingPacket): unknown {
    const { runtime, driverCallbacks } = this.#endpoint;
    return runtime.callbacks.follow(() => driverCallbacks.processPacket(packet));
  }

  /** Has the next packet wait for a callback that returned a promise, which at DISPATCH_LEVEL none may; then does `next`. */
  await(frame: Frame, promise: unknown, next: () => void): void {
    const { callbacks, verifier } = this.#endpoint.runtime;
    this.isBusy = true;
    callbacks.track(frame, promise, () => {
      this.isBusy = false;
      next();
      this.#endpoint.runNextCallback();
    });
    if (frame.irql === PASSIVE_LEVEL) return;
    const rule = "DISPATCH_LEVEL callback that returns a promise";
    const channel = this.#endpoint.place;
    verifier.raise(rule, frame.name, "it must return at once", { channel });
  }
}
