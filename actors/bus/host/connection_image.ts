/**
 * What is saved of the host's connection to a guest, and how it is as before again (docs/saved-state.md, wire.md 5.5).
 *
 * @module
 */

import type { AnyMachineSnapshot } from "xstate";
import { CONTROL_MESSAGE_BYTES_MAX } from "../../../core/control/messages.ts";
import { isIn } from "../../../core/control/dialect.ts";
import {
  featureNames,
  FEATURES_KNOWN,
  isSince,
  protocolOf,
  VERSIONS,
} from "../../../core/control/versions.ts";
import { mismatched } from "../../../core/saved/fault.ts";
import { bytes, guid, U32_MAX, uint, word } from "../../../core/saved/forms.ts";
import { list, named, optional, record, type SchemaType } from "../../../core/saved/schema.ts";
import { actorState } from "../../runtime/actor_state.ts";
import type { HostConnection } from "./connection.ts";
import { CONNECTION_ACTOR } from "./connection_machine.ts";
import {
  type Contact,
  failureOf,
  featuresFor,
  type RefusedContact,
  unsupportedAt,
} from "./contact.ts";

const VP = [uint(U32_MAX), "the virtual processor that hears messages"] as const;
const SINT = [uint(0xff), "its interrupt source for them"] as const;

/** A contact that the host has taken, or will take. */
const CONTACT = named(
  "a contact",
  record({
    version: [word(VERSIONS), "the version of the bus"],
    features: [uint(FEATURES_KNOWN), "the features, as bits (wire.md 4.3); 0 below 6.0"],
    vp: VP,
    sint: SINT,
    connectionId: [uint(U32_MAX), "where the guest says what it says"],
    interruptPageGpa: [optional(uint()), "where its interrupt page lies, below 2.4"],
    monitorPages: [
      optional(record({
        parentToChildMonitorGpa: [uint(), "that of the host"],
        childToParentMonitorGpa: [uint(), "that of the guest"],
      })),
      "where its monitor pages lie",
    ],
    clientId: [optional(guid), "who the guest says that it is"],
  }, {
    "it has features that its version does not have": ({ version, features }) =>
      features === 0 || isSince(version, "6.0"),
    "it has pages or a name that its version does not have": (contact) => {
      const { hasInterruptPage, hasClientId } = protocolOf(contact.version, contact.features);
      return (contact.interruptPageGpa === null || hasInterruptPage) &&
        (contact.clientId === null || hasClientId);
    },
  }),
);

/** A contact that the host will refuse. */
const REFUSED = record({
  vp: VP,
  sint: SINT,
  contact: [
    optional(CONTACT),
    "what the guest had asked for, if the host speaks the version and could not connect",
  ],
});

/** The states in which a connection can rest: others last as long as a step of the host. */
const RESTS: readonly string[] = ["disconnected", "connected", "leaving"];

/** Whether a connection rests, so that it can be saved. */
export function isRestingConnection({ actor }: HostConnection): boolean {
  return rests(actor.snapshot);
}

function rests(state: AnyMachineSnapshot): boolean {
  return RESTS.includes(placeIn(state));
}

function placeIn({ value }: AnyMachineSnapshot): string {
  return typeof value === "string" ? value : Object.keys(value)[0] ?? "";
}

/** The connection of the host. */
export const HOST_CONNECTION = record({
  state: [actorState(CONNECTION_ACTOR), "how far it has come; nothing is under way"],
  agreed: [optional(CONTACT), "what was agreed on last"],
  asked: [optional(CONTACT), "the contact that follows once the guest has left"],
  refused: [optional(REFUSED), "the refusal that follows then"],
  queued: [
    list(bytes(CONTROL_MESSAGE_BYTES_MAX)),
    "messages that wait for the guest to hear again, in order",
  ],
}, {
  "its connection cannot rest in that state": ({ state }) => rests(state),
  "it is connected in no version": ({ state, agreed }) =>
    agreed !== null || placeIn(state) === "disconnected",
  "what is to follow is not there": ({ state, asked, refused }) =>
    (asked !== null || !state.matches({ leaving: "thenContact" })) &&
    (refused !== null || !state.matches({ leaving: "thenRefusal" })),
  "messages wait for a guest that hears": ({ state, queued }) =>
    queued.length === 0 || state.hasTag("paused"),
});

/** The connection of the host that was saved. */
export type HostConnectionImage = SchemaType<typeof HOST_CONNECTION>;
type ContactImage = SchemaType<typeof CONTACT>;

/** What the host's connection is. */
export function imageOfHostConnection(connection: HostConnection): HostConnectionImage {
  const { agreed, asked, refused, queued } = connection.facts;
  return {
    state: connection.actor.snapshot,
    agreed: agreed && imageOfContact(agreed),
    asked: asked && imageOfContact(asked),
    refused: refused && {
      vp: refused.place.vp,
      sint: refused.place.sint,
      contact: refused.contact && imageOfContact(refused.contact),
    },
    queued,
  };
}

function imageOfContact({ protocol, messagePlace, ...contact }: Contact): ContactImage {
  const { version, features } = protocol;
  const { vp, sint } = messagePlace;
  return { version, features, vp, sint, ...contact };
}

/** Has the host's connection be as it was saved; throws a SavedStateFault where this host does not speak so. */
export function restoreHostConnection(
  connection: HostConnection,
  image: HostConnectionImage,
): void {
  const contactOf = (saved: ContactImage | null) => saved && spokenContact(connection, saved);
  const { agreed, asked, refused, state, queued } = image;
  connection.restore(state, {
    agreed: contactOf(agreed),
    asked: contactOf(asked),
    refused: refused && refusedOf(connection, refused),
    queued,
  });
}

/** A contact that this host takes as well (wire.md 5.5). */
function spokenContact({ rules }: HostConnection, image: ContactImage): Contact {
  const { version, features, vp, sint, ...contact } = image;
  const { lowest, highest } = rules.versions;
  if (!isIn(rules.versions, version)) {
    mismatched(`it speaks version ${version}, and this host from ${lowest} to ${highest}`);
  }
  const missing = features & ~featuresFor(contact.connectionId, rules);
  if (missing !== 0) mismatched(`it speaks with ${featureNames(missing)}, and this host without`);
  return {
    ...contact,
    protocol: protocolOf(version, features),
    messagePlace: { vp, sint, vtl: rules.vtl },
  };
}

function refusedOf(
  connection: HostConnection,
  { vp, sint, contact }: NonNullable<HostConnectionImage["refused"]>,
): RefusedContact {
  const place = { vp, sint, vtl: connection.rules.vtl };
  return contact === null
    ? unsupportedAt(place)
    : failureOf(spokenContact(connection, contact), place);
}
