/**
 * XState's way of giving an actor an event, for actors that look at who gives it.
 *
 * @module
 */

import { Actor, type AnyActorLogic, type EventObject } from "xstate";

/** What XState's `sendTo` and `stop` use past `send`; its types leave it out. */
const { _send } = Actor.prototype as unknown as {
  _send(this: Actor<AnyActorLogic>, event: EventObject): void;
};

/** Gives `event` to `actor`, whatever that would have refused. */
export function deliver(actor: Actor<AnyActorLogic>, event: EventObject): void {
  _send.call(actor, event);
}
