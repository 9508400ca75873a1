/**
 * Transactions by nact, npm's actor library: two actors that dispatch messages to each other, with the
 * payload copied for each message.
 *
 * @module
 */

import { type ActorSystemRef, dispatch, type Ref, spawnStateless, start, stop } from "nact";
import { type Exchange, type ExchangeOptions, Requester } from "../exchange.ts";

interface RequestMessage {
  readonly payload: Uint8Array;
  readonly from: Ref<AnswerMessage>;
}

interface AnswerMessage {
  readonly payload: Uint8Array;
}

/** A requester and a responder. */
export class NactExchange implements Exchange {
  /** See {@linkcode Exchange.requester}. */
  readonly requester: Requester;
  readonly #inFlight: number;
  readonly #system: ActorSystemRef = start();
  readonly #responder: Ref<RequestMessage>;
  readonly #requests: Ref<AnswerMessage>;
  #done: (() => void) | null = null;

  /** An exchange, ready. */
  constructor(options: ExchangeOptions) {
    this.requester = new Requester(options.payloadBytes);
    this.#inFlight = options.inFlight;
    this.#responder = spawnStateless(this.#system, ({ payload, from }: RequestMessage) => {
      dispatch(from, { payload: payload.slice() });
    });
    this.#requests = spawnStateless(this.#system, ({ payload }: AnswerMessage) => {
      this.requester.answered(payload, payload.length);
      this.#send();
      if (this.requester.isDone) this.#done?.();
    });
  }

  /** See {@linkcode Exchange.run}. */
  async run(count: number): Promise<void> {
    this.requester.want(count);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#done = resolve;
    for (let i = 0; i < this.#inFlight; i++) this.#send();
    await promise;
  }

  #send(): void {
    if (!this.requester.next()) return;
    const payload = this.requester.payload.slice();
    dispatch(this.#responder, { payload, from: this.#requests });
  }

  /** See {@linkcode Exchange.close}. */
  close(): Promise<void> {
    stop(this.#system);
    return Promise.resolve();
  }
}
