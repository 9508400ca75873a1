/**
 * What an endpoint does for each effect that its chart names.
 *
 * @module
 */

import type { EffectTable } from "../chart/effects.ts";
import type { ChannelEffect, ChannelEvent } from "./types.ts";

/** What the effects need of the endpoint whose chart names them. */
export interface ActingEndpoint {
  /** Its synchronous requests. */
  readonly requests: { release(): void };
  /** Its streams, where it is a byte pipe. */
  readonly bytes: { lose(): void; started(): void } | null;
  /** Its sending half. */
  readonly outgoing: { readonly hasCompletions: boolean };
  /** What it has to do. */
  readonly work: { scheduleInterrupt(): void };
  /** Leaves the rings, ends what they held, and lets the bus know. */
  leaveBus(): void;
  /** Callers that wait for it. */
  readonly callers: { answerRest(): void };
  /** The channel is Disabled: whoever waits for that continues, and where its driver is gone it goes as well. */
  ended(): void;
  /** Has the next callback called that the state asks for. */
  runNextCallback(): void;
  /** Tells the chart where the driver holds no packet any more. */
  endDraining(): void;
}

/** By effect. */
export const EFFECTS: EffectTable<ActingEndpoint, ChannelEvent, ChannelEffect> = {
  releaseRequests: ({ requests, bytes }) => {
    requests.release();
    bytes?.lose();
  },
  leaveBus: (endpoint) => endpoint.leaveBus(),
  answerPause: ({ callers }) => callers.answerRest(),
  answerDisable: (endpoint) => endpoint.ended(),
  lookAtRings: ({ work, bytes }) => {
    work.scheduleInterrupt();
    bytes?.started();
  },
  sendCompletions: ({ outgoing, work }) => {
    if (outgoing.hasCompletions) work.scheduleInterrupt();
  },
  runNextCallback: (endpoint) => endpoint.runNextCallback(),
  endDraining: (endpoint) => endpoint.endDraining(),
};
