/**
 * A payload as it is seen where it goes by.
 *
 * @module
 */

import type { ObservationOf } from "../../actors/runtime/observation.ts";
import { endpointOf } from "../endpoints.ts";
import type { PayloadPlace } from "../decoding/payloads.ts";

/** A payload, and where it goes. */
export interface SeenPayload {
  /** An array that begins with it; it holds during the observation. */
  readonly all: Uint8Array;
  /** Its bytes. */
  readonly byteCount: number;
  /** Where it goes. */
  readonly place: PayloadPlace;
}

type Observed = ObservationOf<
  "packetQueued" | "packetEnters" | "packetArrives" | "transactionEnds"
>;

function placeOf({ kind, endpoint, packet }: Observed): PayloadPlace {
  const { serverTarget, clientTarget } = endpointOf(endpoint).configuration;
  const isSender = kind === "packetQueued" || kind === "packetEnters";
  return {
    interfaceType: (serverTarget ?? clientTarget)?.interfaceType ?? null,
    direction: (endpoint.side === "client") === isSender ? "toHost" : "toGuest",
    isAnswer: kind === "transactionEnds",
    transaction: `${endpoint.name} ${packet}`,
  };
}

/** The payload of what was observed. */
export function seenPayload(seen: Observed): SeenPayload {
  const [all, byteCount] = seen.kind === "transactionEnds"
    ? [seen.answer, seen.answerBytes]
    : [seen.payload, seen.payloadBytes];
  return { all, byteCount, place: placeOf(seen) };
}
