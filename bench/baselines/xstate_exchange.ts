/**
 * Transactions by XState actors as its documentation has them: two machines that send each other
 * events, with the payload copied for each message.
 *
 * @module
 */

import { type Actor, type AnyActorRef, createActor, sendTo, setup } from "xstate";
import { type Exchange, type ExchangeOptions, Requester } from "../exchange.ts";

interface RequestEvent {
  readonly type: "request";
  readonly payload: Uint8Array;
  readonly from: AnyActorRef;
}

type RequesterEvent =
  | { readonly type: "begin" }
  | { readonly type: "answer"; readonly payload: Uint8Array };

// deno-lint-ignore explicit-function-return-type -- the library infers a machine's type
function createResponder() {
  return setup({
    types: { events: {} as RequestEvent },
    actions: {
      answer: sendTo(
        ({ event }) => event.from,
        ({ event }) => ({ type: "answer", payload: event.payload.slice() }),
      ),
    },
  }).createMachine({ id: "responder", on: { request: { actions: "answer" } } });
}

// deno-lint-ignore explicit-function-return-type -- the library infers a machine's type
function createRequester(requester: Requester) {
  return setup({
    types: {
      events: {} as RequesterEvent,
      input: {} as AnyActorRef,
      context: {} as { to: AnyActorRef },
    },
    actions: {
      request: sendTo(
        ({ context }) => context.to,
        ({ self }) => ({ type: "request", payload: requester.payload.slice(), from: self }),
      ),
      take: ({ event }) => {
        if (event.type === "answer") requester.answered(event.payload, event.payload.length);
      },
    },
    guards: { hasNext: () => requester.next() },
  }).createMachine({
    id: "requester",
    context: ({ input }) => ({ to: input }),
    on: {
      begin: { guard: "hasNext", actions: "request" },
      answer: [{ guard: "hasNext", actions: ["take", "request"] }, { actions: "take" }],
    },
  });
}

/** A requester and a responder. */
export class XstateExchange implements Exchange {
  /** See {@linkcode Exchange.requester}. */
  readonly requester: Requester;
  readonly #inFlight: number;
  readonly #responder = createActor(createResponder()).start();
  readonly #requests: Actor<ReturnType<typeof createRequester>>;

  /** An exchange, ready. */
  constructor(options: ExchangeOptions) {
    this.requester = new Requester(options.payloadBytes);
    this.#inFlight = options.inFlight;
    this.#requests = createActor(createRequester(this.requester), { input: this.#responder });
    this.#requests.start();
  }

  /** See {@linkcode Exchange.run}: an actor's mailbox runs to its end inside `send`. */
  async run(count: number): Promise<void> {
    this.requester.want(count);
    for (let i = 0; i < this.#inFlight; i++) this.#requests.send({ type: "begin" });
    await Promise.resolve();
  }

  /** See {@linkcode Exchange.close}. */
  close(): Promise<void> {
    this.#requests.stop();
    this.#responder.stop();
    return Promise.resolve();
  }
}
