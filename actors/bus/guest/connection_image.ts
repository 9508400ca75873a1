/**
 * What is saved of a guest's connection to its host, and how it is as before again (docs/saved-state.md).
 *
 * @module
 */

import { FEATURES_KNOWN, isSince, VERSIONS } from "../../../core/control/versions.ts";
import { throwDataError } from "../../../core/saved/fault.ts";
import { guid, U32_MAX, uint, word } from "../../../core/saved/forms.ts";
import { record, type SchemaType } from "../../../core/saved/schema.ts";
import { actorState } from "../../runtime/actor_state.ts";
import type { GuestConnection } from "./connection.ts";
import type { GuestSignals } from "./guest_signals.ts";
import { GUEST_CONNECTION_ACTOR } from "./connection_machine.ts";

/** The connection of the guest. */
export const GUEST_CONNECTION = record({
  state: [actorState(GUEST_CONNECTION_ACTOR), "how far it has come"],
  version: [word(VERSIONS), "the version of the bus that it has asked for last"],
  features: [uint(FEATURES_KNOWN), "the features that were agreed on (wire.md 4.3); 0 below 6.0"],
  connectionId: [uint(U32_MAX), "where the guest says what it says"],
  clientId: [guid, "who the guest says that it is"],
  pages: [
    record({
      interruptPageGpa: [uint(), "its interrupt page, a buffer of one page, below 2.4"],
      parentToChildMonitorGpa: [uint(), "its monitor page for the host to write, another one"],
      childToParentMonitorGpa: [uint(), "its monitor page that it writes, another one"],
      hostMonitorGpa: [uint(), "the monitor page that it writes in the place of that, the host's"],
    }),
    "where pages lie that its signals go through; 0 for none",
  ],
}, {
  "it has features that its version does not have": ({ version, features }) =>
    features === 0 || isSince(version, "6.0"),
});

/** The guest's end, as far as it is its connection. */
interface ConnectedGuest {
  readonly connection: GuestConnection;
  readonly signals: GuestSignals;
}

/** The connection of the guest that was saved. */
export type GuestConnectionImage = SchemaType<typeof GUEST_CONNECTION>;

/** What the guest's connection is. */
export function imageOfGuestConnection(
  { connection: { actor, facts }, signals }: ConnectedGuest,
): GuestConnectionImage {
  return { state: actor.snapshot, ...facts, pages: signals.image };
}

/** Has the guest's connection be as it was saved. */
export function restoreGuestConnection(
  { connection, signals }: ConnectedGuest,
  { state, pages, ...facts }: GuestConnectionImage,
): void {
  connection.restore(state, facts);
  if (!signals.restore(connection.protocol, pages)) {
    throwDataError("guestEnd, connection: a page of its signals is no page that it has");
  }
}
