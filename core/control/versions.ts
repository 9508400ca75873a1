/**
 * Versions and features of the bus, in one table: what may be said, by whom, from which version on and with which
 * feature, and what two ends can do that have agreed on a version (wire.md 4.2, 4.3).
 *
 * @module
 */

import type { ControlMessageName } from "./messages.ts";

/** A version of the bus, as people call it ([wire.md 4.3](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
export type VmbusVersion =
  | "0.13"
  | "1.1"
  | "2.4"
  | "3.0"
  | "4.0"
  | "4.1"
  | "5.0"
  | "5.1"
  | "5.2"
  | "5.3"
  | "6.0";

/** The number of each version on the wire, the lowest first (wire.md 4.3). */
export const VERSION_NUMBERS: Readonly<Record<VmbusVersion, number>> = {
  "0.13": 0x0000_000d,
  "1.1": 0x0001_0001,
  "2.4": 0x0002_0004,
  "3.0": 0x0003_0000,
  "4.0": 0x0004_0000,
  "4.1": 0x0004_0001,
  "5.0": 0x0005_0000,
  "5.1": 0x0005_0001,
  "5.2": 0x0005_0002,
  "5.3": 0x0005_0003,
  "6.0": 0x0006_0000,
};

/** All versions, the lowest first. */
export const VERSIONS = Object.keys(VERSION_NUMBERS) as readonly VmbusVersion[];

/** The version that `number` stands for; null for none. */
export function versionOf(number: number): VmbusVersion | null {
  return VERSIONS.find((version) => VERSION_NUMBERS[version] === number) ?? null;
}

/** Whether `version` is `since` or a later one. */
export function isSince(version: VmbusVersion, since: VmbusVersion): boolean {
  return VERSION_NUMBERS[version] >= VERSION_NUMBERS[since];
}

/** Features that version 6.0 negotiates one by one, each by its bit (wire.md 4.3). */
export const FEATURES = {
  guestSpecifiedSignalParameters: 0x1,
  channelInterruptRedirection: 0x2,
  modifyConnection: 0x4,
  clientId: 0x8,
  confidentialChannels: 0x10,
  pauseResume: 0x20,
  serverSpecifiedMonitorPages: 0x40,
  gpaPinning: 0x80,
} as const;

/** All bits that stand for a feature. */
export const FEATURES_KNOWN: number = Object.values(FEATURES).reduce((all, bit) => all | bit, 0);

/** Who may say a message, and from when on. */
export interface MessageRule {
  /** Its number on the wire. */
  readonly number: number;
  /** Whom it is for. */
  readonly to: "host" | "guest";
  /** The first version that has it. */
  readonly since: VmbusVersion;
  /** Bits of {@linkcode FEATURES}, one of which must be agreed on. */
  readonly features?: number;
  /** Whether it may be said while there is no connection. */
  readonly isAlwaysSaid?: boolean;
}

/** From when on something is there. */
type Since = Pick<MessageRule, "since" | "features">;

const { guestSpecifiedSignalParameters, channelInterruptRedirection } = FEATURES;
const { modifyConnection, pauseResume } = FEATURES;

/** Each message: its number, whom it is for, and from when on it is said (wire.md 4.2). */
export const MESSAGE_RULES: Readonly<Record<ControlMessageName, MessageRule>> = {
  offerChannel: { number: 1, to: "guest", since: "0.13" },
  rescindChannelOffer: { number: 2, to: "guest", since: "0.13" },
  requestOffers: { number: 3, to: "host", since: "0.13" },
  allOffersDelivered: { number: 4, to: "guest", since: "0.13" },
  openChannel: { number: 5, to: "host", since: "0.13" },
  openResult: { number: 6, to: "guest", since: "0.13" },
  closeChannel: { number: 7, to: "host", since: "0.13" },
  gpadlHeader: { number: 8, to: "host", since: "0.13" },
  gpadlBody: { number: 9, to: "host", since: "0.13" },
  gpadlCreated: { number: 10, to: "guest", since: "0.13" },
  gpadlTeardown: { number: 11, to: "host", since: "0.13" },
  gpadlTorndown: { number: 12, to: "guest", since: "0.13" },
  relIdReleased: { number: 13, to: "host", since: "0.13" },
  initiateContact: { number: 14, to: "host", since: "0.13", isAlwaysSaid: true },
  versionResponse: { number: 15, to: "guest", since: "0.13", isAlwaysSaid: true },
  unload: { number: 16, to: "host", since: "0.13" },
  unloadComplete: { number: 17, to: "guest", since: "1.1" },
  openReservedChannel: { number: 18, to: "host", since: "4.0" },
  closeReservedChannel: { number: 19, to: "host", since: "0.13", isAlwaysSaid: true },
  closeReservedResponse: { number: 20, to: "guest", since: "4.0" },
  tlConnectRequest: { number: 21, to: "host", since: "4.0" },
  modifyChannel: { number: 22, to: "host", since: "4.1" },
  tlConnectResult: { number: 23, to: "guest", since: "4.1" },
  modifyChannelResponse: { number: 24, to: "guest", since: "5.3" },
  modifyConnection: { number: 25, to: "host", since: "6.0", features: modifyConnection },
  modifyConnectionResponse: { number: 26, to: "guest", since: "6.0", features: modifyConnection },
  pause: { number: 27, to: "host", since: "6.0", features: pauseResume },
  pauseResponse: { number: 28, to: "guest", since: "6.0", features: pauseResume },
  resume: { number: 29, to: "host", since: "6.0", features: pauseResume },
};

/** The highest number that a message has. */
export const MESSAGE_NUMBER_MAX: number = Math.max(
  ...Object.values(MESSAGE_RULES).map(({ number }) => number),
);

/** A longer form of a message: from when on it is the one, and whether the shorter one may still be said then. */
export interface FormRule {
  /** The first version that has it. */
  readonly since: VmbusVersion;
  /** Bits of {@linkcode FEATURES}, one of which must be agreed on. */
  readonly features?: number;
  /** Whether its size says which form it is; else it is this one always. */
  readonly isBySize: boolean;
  /** Whether it may be said while there is no connection. */
  readonly isAlwaysSaid?: boolean;
}

/** The longer forms of the messages that have some, the longest first (wire.md 4.2). */
export const FORM_RULES: Readonly<Partial<Record<ControlMessageName, readonly FormRule[]>>> = {
  openChannel: [{
    since: "6.0",
    features: guestSpecifiedSignalParameters | channelInterruptRedirection,
    isBySize: false,
  }],
  initiateContact: [{ since: "0.13", isBySize: true, isAlwaysSaid: true }],
  versionResponse: [
    { since: "0.13", isBySize: true, isAlwaysSaid: true },
    { since: "0.13", isBySize: true, isAlwaysSaid: true },
  ],
  tlConnectRequest: [{ since: "5.2", isBySize: true }],
};

/** What two ends can do that have agreed on a version and on features (wire.md 4.3). */
export interface Capabilities {
  /** The guest signals each channel through a connection of its own. */
  readonly hasDedicatedSignals: boolean;
  /** The host answers an Unload. */
  readonly hasUnloadComplete: boolean;
  /** The host signals each channel through an event flag of its own; below, through the interrupt page. */
  readonly hasDedicatedInterrupts: boolean;
  /** A guest chooses the virtual processor that a channel signals. */
  readonly hasTargetVp: boolean;
  /** A device may have channels beside its primary one. */
  readonly hasSubchannels: boolean;
  /** A writer says in the ring how much room it waits for; below, it polls. */
  readonly hasPendingSendSize: boolean;
  /** A host that speaks the version and cannot connect says so. */
  readonly hasConnectionState: boolean;
  /** A guest chooses the virtual processor that gets messages. */
  readonly hasTargetMessageVp: boolean;
  /** A guest opens channels that outlive the connection. */
  readonly hasReservedChannels: boolean;
  /** A guest connects to sockets of the host. */
  readonly hasTlConnect: boolean;
  /** A guest changes the virtual processor that an open channel signals. */
  readonly hasModifyChannel: boolean;
  /** The host tells of a connect that failed. */
  readonly hasTlConnectResult: boolean;
  /** A guest chooses the SINT of messages, and the host the connection for those to it. */
  readonly hasMulticlient: boolean;
  /** A guest chooses the virtual trust level that it speaks to. */
  readonly hasTargetVtl: boolean;
  /** A connect request may name its container. */
  readonly hasSiloId: boolean;
  /** The host answers a ModifyChannel. */
  readonly hasModifyChannelResponse: boolean;
  /** Both ends agree on features one by one. */
  readonly hasFeatureFlags: boolean;
  /** A guest chooses a channel's connection and event flag. */
  readonly hasGuestSpecifiedSignals: boolean;
  /** A guest has a channel's interrupts go to the redirect target. */
  readonly hasInterruptRedirection: boolean;
  /** A guest changes its monitor pages. */
  readonly hasModifyConnection: boolean;
  /** A guest says who it is. */
  readonly hasClientId: boolean;
  /** Offers say which channels are confidential. */
  readonly hasConfidentialChannels: boolean;
  /** A guest has the host keep its messages to itself for a while. */
  readonly hasPauseResume: boolean;
  /** The host brings the monitor pages. */
  readonly hasServerMonitorPages: boolean;
  /** Offers say which channels need pinned memory. */
  readonly hasGpaPinning: boolean;
}

/** From when on they can. */
const CAPABILITIES: { readonly [Name in keyof Capabilities]: Since } = {
  hasDedicatedSignals: { since: "1.1" },
  hasUnloadComplete: { since: "1.1" },
  hasDedicatedInterrupts: { since: "2.4" },
  hasTargetVp: { since: "2.4" },
  hasSubchannels: { since: "2.4" },
  hasPendingSendSize: { since: "2.4" },
  hasConnectionState: { since: "2.4" },
  hasTargetMessageVp: { since: "3.0" },
  hasReservedChannels: { since: "4.0" },
  hasTlConnect: { since: "4.0" },
  hasModifyChannel: { since: "4.1" },
  hasTlConnectResult: { since: "4.1" },
  hasMulticlient: { since: "5.0" },
  hasTargetVtl: { since: "5.1" },
  hasSiloId: { since: "5.2" },
  hasModifyChannelResponse: { since: "5.3" },
  hasFeatureFlags: { since: "6.0" },
  hasGuestSpecifiedSignals: { since: "6.0", features: guestSpecifiedSignalParameters },
  hasInterruptRedirection: { since: "6.0", features: channelInterruptRedirection },
  hasModifyConnection: { since: "6.0", features: modifyConnection },
  hasClientId: { since: "6.0", features: FEATURES.clientId },
  hasConfidentialChannels: { since: "6.0", features: FEATURES.confidentialChannels },
  hasPauseResume: { since: "6.0", features: pauseResume },
  hasServerMonitorPages: { since: "6.0", features: FEATURES.serverSpecifiedMonitorPages },
  hasGpaPinning: { since: "6.0", features: FEATURES.gpaPinning },
};

/** What two ends have agreed on, and what they can do by that. */
export interface Protocol extends Capabilities {
  /** The version. */
  readonly version: VmbusVersion;
  /** The features, as bits of {@linkcode FEATURES}; 0 below version 6.0. */
  readonly features: number;
  /** Signals go through the interrupt page, at least those to the guest: there are no others below version 2.4. */
  readonly hasInterruptPage: boolean;
  /** An open request has the longer form. */
  readonly hasOpenChannel2: boolean;
}

const PROTOCOLS = new Map<string, Protocol>();

/** What two ends can do that speak `version` with `features`, of which none are left below version 6.0. */
export function protocolOf(version: VmbusVersion, features = 0): Protocol {
  const kept = isSince(version, CAPABILITIES.hasFeatureFlags.since) ? features & FEATURES_KNOWN : 0;
  const key = `${version} ${kept}`;
  const known = PROTOCOLS.get(key);
  if (known !== undefined) return known;
  const made = makeProtocol(version, kept);
  PROTOCOLS.set(key, made);
  return made;
}

function makeProtocol(version: VmbusVersion, features: number): Protocol {
  const agreed = { version, features };
  const capabilities = Object.fromEntries(
    Object.entries(CAPABILITIES).map(([name, since]) => [name, isThere(since, agreed)]),
  ) as { [Name in keyof Capabilities]: boolean };
  const { hasDedicatedInterrupts, hasGuestSpecifiedSignals, hasInterruptRedirection } =
    capabilities;
  return Object.freeze({
    ...agreed,
    ...capabilities,
    hasInterruptPage: !hasDedicatedInterrupts,
    hasOpenChannel2: hasGuestSpecifiedSignals || hasInterruptRedirection,
  });
}

/**
 * What a receiver goes by: what was agreed on; `"disconnected"` while nothing is; `"any"` for who only looks at
 * messages and does not know what was agreed on.
 */
export type Agreed = Protocol | "disconnected" | "any";

function isThere({ since, features = 0 }: Since, agreed: Pick<Protocol, "version" | "features">) {
  return isSince(agreed.version, since) && (features === 0 || (agreed.features & features) !== 0);
}

/** Whether something with that rule may be said. */
export function isSaid(rule: Omit<MessageRule, "number" | "to">, agreed: Agreed): boolean {
  if (agreed === "any" || rule.isAlwaysSaid === true) return true;
  return agreed !== "disconnected" && isThere(rule, agreed);
}

/** Why a message may not be said; null where it may. */
export function refusalOf(message: ControlMessageName, agreed: Agreed): string | null {
  const rule = MESSAGE_RULES[message];
  if (agreed === "any" || isSaid(rule, agreed)) return null;
  if (agreed === "disconnected") return `${message} is said on a connection alone`;
  if (!isSince(agreed.version, rule.since)) {
    return `${message} is said from version ${rule.since} on, not in ${agreed.version}`;
  }
  return `${message} is said with ${featureNames(rule.features ?? 0)} alone`;
}

/** The names of features, as people read them. */
export function featureNames(features: number): string {
  const names = Object.entries(FEATURES).filter(([, bit]) => (features & bit) !== 0);
  return names.length === 0 ? "no feature" : names.map(([name]) => name).join(", ");
}
