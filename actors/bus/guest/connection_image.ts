/**
 * What is saved of a guest's connection to its host, and how it is as before again (docs/saved-state.md).
 *
 * @module
 */

import { FEATURES_KNOWN, isSince, VERSIONS } from "../../../core/control/versions.ts";
import { U32_MAX, uint, word } from "../../../core/saved/forms.ts";
import { record, type SchemaType } from "../../../core/saved/schema.ts";
import { actorState } from "../../runtime/actor_state.ts";
import type { GuestConnection } from "./connection.ts";
import { GUEST_CONNECTION_ACTOR } from "./connection_machine.ts";

/** The connection of the guest. */
export const GUEST_CONNECTION = record({
  state: [actorState(GUEST_CONNECTION_ACTOR), "how far it has come"],
  version: [word(VERSIONS), "the version of the bus that it has asked for last"],
  features: [uint(FEATURES_KNOWN), "the features that were agreed on (wire.md 4.3); 0 below 6.0"],
  connectionId: [uint(U32_MAX), "where the guest says what it says"],
}, {
  "it has features that its version does not have": ({ version, features }) =>
    features === 0 || isSince(version, "6.0"),
});

/** The connection of the guest that was saved. */
export type GuestConnectionImage = SchemaType<typeof GUEST_CONNECTION>;

/** What the guest's connection is. */
export function imageOfGuestConnection({ actor, facts }: GuestConnection): GuestConnectionImage {
  return { state: actor.snapshot, ...facts };
}

/** Has the guest's connection be as it was saved. */
export function restoreGuestConnection(
  connection: GuestConnection,
  { state, ...facts }: GuestConnectionImage,
): void {
  connection.restore(state, facts);
}
