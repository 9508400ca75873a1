/**
 * Transactions over a MessageChannel whose ports are in one thread: messages are cloned.
 *
 * @module
 */

import { type Exchange, type ExchangeOptions, Requester } from "../exchange.ts";

/** A request or an answer. */
interface Message {
  readonly id: number;
  readonly payload: Uint8Array;
}

/** A requester and a responder on the two ports of a channel. */
export class MessageExchange implements Exchange {
  /** See {@linkcode Exchange.requester}. */
  readonly requester: Requester;
  readonly #inFlight: number;
  readonly #channel = new MessageChannel();
  #nextId = 0;
  #done: (() => void) | null = null;

  /** An exchange, ready. */
  constructor(options: ExchangeOptions) {
    this.requester = new Requester(options.payloadBytes);
    this.#inFlight = options.inFlight;
    const { port1, port2 } = this.#channel;
    port2.onmessage = ({ data }: MessageEvent<Message>) => port2.postMessage(data);
    port1.onmessage = ({ data }: MessageEvent<Message>) => {
      this.requester.answered(data.payload, data.payload.length);
      this.#send();
      if (this.requester.isDone) this.#done?.();
    };
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
    const { payload } = this.requester;
    this.#channel.port1.postMessage({ id: this.#nextId++, payload });
  }

  /** See {@linkcode Exchange.close}. */
  close(): Promise<void> {
    this.#channel.port1.close();
    this.#channel.port2.close();
    return Promise.resolve();
  }
}
