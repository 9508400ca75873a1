/**
 * What a guest asks for when it makes contact, and what the host makes of it (wire.md 4.2, 4.3, 5.1). Everything in
 * it is checked: the guest may be hostile.
 *
 * @module
 */

import {
  CONNECTION_FAILED_UNKNOWN,
  CONNECTION_SUCCESSFUL,
  type InitiateContact,
  type InitiateContact2,
  readTargetInfo,
  type VersionResponse,
  type VersionResponse2,
  type VersionResponse3,
} from "../../../core/control/connection_messages.ts";
import { type Dialect, isIn } from "../../../core/control/dialect.ts";
import {
  FEATURES,
  type Protocol,
  protocolOf,
  VERSION_NUMBERS,
  versionOf,
} from "../../../core/control/versions.ts";
import type { ServerPlace } from "../../channel/partition_port.ts";
import {
  MESSAGE_CONNECTION_ID,
  messageConnectionId,
  type SynicPlace,
  VMBUS_SINT,
} from "../synic.ts";

/** The monitor pages of a connection: guest physical addresses. */
export interface MonitorPages {
  /** Of the page that the host writes; 0 for none. */
  readonly parentToChildMonitorGpa: number;
  /** Of the page that the guest writes; 0 for none. */
  readonly childToParentMonitorGpa: number;
}

/** A contact that the host can take. */
export interface Contact {
  /** What both speak from then on. */
  readonly protocol: Protocol;
  /** Where the guest hears what is said to it. */
  readonly messagePlace: SynicPlace;
  /** Where the guest says what it says. */
  readonly connectionId: number;
  /** Guest physical address of the interrupt page; null where none is used. */
  readonly interruptPageGpa: number | null;
  /** The guest's monitor pages; null where it has none. */
  readonly monitorPages: MonitorPages | null;
  /** Who the guest says that it is; null where it does not. */
  readonly clientId: string | null;
}

/** An answer to a contact that the host cannot take. */
export interface RefusedContact {
  /** Where the guest hears it. */
  readonly place: SynicPlace;
  /** What it hears. */
  readonly response: VersionResponse | VersionResponse2;
  /** What it had asked for, if the host speaks the version and could not connect; null: it does not speak that. */
  readonly contact: Contact | null;
}

/** What becomes of a contact. */
export type ContactOutcome =
  /** It is for the server of another trust level. */
  | { readonly kind: "forwarded"; readonly vtl: number }
  /** It is answered, and changes nothing: the answer cannot be had where the guest wants it. */
  | { readonly kind: "unheard"; readonly refused: RefusedContact }
  | { readonly kind: "bad"; readonly refused: RefusedContact }
  | { readonly kind: "good"; readonly contact: Contact };

/** What a host goes by. */
export interface ContactRules extends Dialect {
  /** The trust level that it serves. */
  readonly vtl: number;
  /** Where it is heard. */
  readonly port: ServerPlace;
  /** How many virtual processors the guest has. */
  readonly processorCount: number;
}

/** The answer to a contact in a version that the host does not speak. */
const UNSUPPORTED: VersionResponse = {
  message: "versionResponse",
  supported: 0,
  connectionState: CONNECTION_SUCCESSFUL,
  selected: 0,
};

/** What the host makes of a contact that came over `connectionId`, in the order of wire.md 5.1. */
export function judgeContact(
  message: InitiateContact | InitiateContact2,
  connectionId: number,
  rules: ContactRules,
): ContactOutcome {
  const isMulticlient = connectionId !== MESSAGE_CONNECTION_ID;
  const { version: number } = message;
  const isFrom = (version: keyof typeof VERSION_NUMBERS) => number >= VERSION_NUMBERS[version];
  const target = readTargetInfo(message.targetInfo);
  const vtl = isMulticlient && isFrom("5.1") ? target.vtl : rules.vtl;
  if (vtl !== rules.vtl) return { kind: "forwarded", vtl };
  const sint = isMulticlient && isFrom("5.0") ? target.sint : VMBUS_SINT;
  const vp = isFrom("3.0") ? message.targetMessageVp : 0;
  const place = { vp, sint, vtl };
  if (sint !== VMBUS_SINT) return { kind: "unheard", refused: unsupportedAt(place) };
  const version = versionOf(number);
  if (version === null || !isIn(rules.versions, version)) {
    return { kind: "bad", refused: unsupportedAt(place) };
  }
  const protocol = protocolOf(version, target.featureFlags & featuresFor(connectionId, rules));
  const monitorPages = monitorPagesOf(message);
  const isUnpaired = monitorPages === "unpaired";
  const contact: Contact = {
    protocol,
    messagePlace: place,
    connectionId,
    interruptPageGpa: protocol.hasInterruptPage ? interruptPageOf(message) : null,
    monitorPages: isUnpaired ? null : monitorPages,
    clientId: protocol.hasClientId && "clientId" in message ? message.clientId : null,
  };
  // Ours: nor can messages be heard on a processor that is not there.
  const isBad = isUnpaired || vp >= rules.processorCount;
  return isBad ? { kind: "bad", refused: failureOf(contact, place) } : { kind: "good", contact };
}

/** Whether what comes over `connectionId` comes from inside the guest, past no host (wire.md 5.1). */
export function isTrusted(connectionId: number, { port }: Pick<ContactRules, "port">): boolean {
  return port.isTrusted && connectionId === messageConnectionId(port);
}

/** What is agreed to over a connection: confidential channels over a trusted one alone (wire.md 4.3). */
export function featuresFor(connectionId: number, rules: ContactRules): number {
  const { confidentialChannels } = FEATURES;
  return isTrusted(connectionId, rules)
    ? rules.features | confidentialChannels
    : rules.features & ~confidentialChannels;
}

/** Where the interrupt page lies; no memory reaches as far as a number that is not exact. */
function interruptPageOf({ targetInfo }: InitiateContact): number | null {
  if (targetInfo === 0) return null;
  return typeof targetInfo === "bigint" ? Number.MAX_SAFE_INTEGER : targetInfo;
}

/** The monitor pages of a message that names them; null for none, and a fault where it names one alone. */
export function monitorPagesOf(pages: MonitorPages): MonitorPages | null | "unpaired" {
  const { parentToChildMonitorGpa, childToParentMonitorGpa } = pages;
  if ((parentToChildMonitorGpa === 0) !== (childToParentMonitorGpa === 0)) return "unpaired";
  return parentToChildMonitorGpa === 0
    ? null
    : { parentToChildMonitorGpa, childToParentMonitorGpa };
}

/** The answer to a contact that the host takes: with the pages that it has brought, if it has. */
export function acceptanceOf(
  contact: Contact,
): VersionResponse | VersionResponse2 | VersionResponse3 {
  const { protocol, monitorPages } = contact;
  const response = answerTo(contact);
  if (!protocol.hasFeatureFlags) return response;
  const answer = { ...response, supportedFeatures: protocol.features };
  const isBrought = protocol.hasServerMonitorPages && monitorPages !== null;
  return isBrought ? { ...answer, ...monitorPages } : answer;
}

function answerTo({ protocol, connectionId }: Contact): VersionResponse {
  return {
    message: "versionResponse",
    supported: 1,
    connectionState: CONNECTION_SUCCESSFUL,
    selected: protocol.hasMulticlient ? connectionId : VERSION_NUMBERS[protocol.version],
  };
}

/** The answer to a contact in a version that the host does not speak. */
export function unsupportedAt(place: SynicPlace): RefusedContact {
  return { place, response: UNSUPPORTED, contact: null };
}

/** The answer to a contact in a version that the host speaks, and that cannot be: told from version 2.4 on. */
export function failureOf(contact: Contact, place: SynicPlace): RefusedContact {
  if (!contact.protocol.hasConnectionState) return unsupportedAt(place);
  const acceptance = acceptanceOf({ ...contact, monitorPages: null }); // it has brought none
  const response = { ...acceptance, connectionState: CONNECTION_FAILED_UNKNOWN };
  return { place, response, contact };
}
