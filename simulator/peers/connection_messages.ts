/**
 * Messages about the connection itself as a peer says them: a contact, and the answer to one (wire.md 4.2, 4.5).
 *
 * @module
 */

import {
  CONNECTION_SUCCESSFUL,
  type InitiateContact,
  type InitiateContact2,
  readTargetInfo,
  targetInfoOf,
  type VersionResponse,
  type VersionResponse2,
  type VersionResponse3,
} from "../../core/control/connection_messages.ts";
import {
  FEATURES,
  protocolOf,
  VERSION_NUMBERS,
  versionOf,
  VERSIONS,
  type VmbusVersion,
} from "../../core/control/versions.ts";
import { requireObject, requireOneOf } from "./checks.ts";

/** The interrupt source of VMBus (wire.md 4.1). */
const VMBUS_SINT = 2;
/** The connection for messages that a host names from version 5.0 on, as others do (wire.md 4.1). */
const CONNECTION_ID = 4;
/** Who a guest says that it is, unless it is told another name. */
const CLIENT_ID = "5e1f7c3a-90b4-4d0e-8a6c-2b3d4e5f6071";
/** What a host without servers of its own agrees to: it has no monitor pages, and pins nothing. */
const FEATURES_OF_A_HOST = 0x3f;

/** What a guest asks for when it makes contact ([wire.md 4.2](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
export interface ContactOptions {
  /** Bits of features that it asks for, from version 6.0 on. Default 0. */
  readonly features?: number;
  /** Who it is: a lower-case GUID. Default: none, or one where `features` has 0x8. */
  readonly clientId?: string;
  /** Virtual processor for the host's messages. Default 0. */
  readonly messageVp?: number;
  /** Interrupt source for them, from version 5.0 on. Default 2. */
  readonly sint?: number;
  /** Trust level that it speaks to, from version 5.0 on. Default 0. */
  readonly vtl?: number;
  /** Guest physical address of the interrupt page, below version 5.0. Default 0. */
  readonly interruptPageGpa?: number;
  /** Guest physical address of the monitor page that the host writes. Default 0: none. */
  readonly parentToChildMonitorGpa?: number;
  /** Guest physical address of the monitor page that the guest writes. Default 0: none. */
  readonly childToParentMonitorGpa?: number;
}

/**
 * A contact in `version`, in the form that such a guest sends.
 *
 * @throws {TypeError} There is no such version, or `options` is no object.
 */
export function contactMessage(
  version: VmbusVersion,
  options: ContactOptions = {},
): InitiateContact | InitiateContact2 {
  requireOneOf("make contact", "version", version, VERSIONS);
  requireObject("make contact", "options", options);
  const { hasMulticlient, hasFeatureFlags } = protocolOf(version);
  const featureFlags = hasFeatureFlags ? options.features ?? 0 : 0;
  const target = { sint: options.sint ?? VMBUS_SINT, vtl: options.vtl ?? 0, featureFlags };
  const isNamed = (featureFlags & FEATURES.clientId) !== 0;
  const clientId = options.clientId ?? (isNamed ? CLIENT_ID : undefined);
  return {
    message: "initiateContact",
    version: VERSION_NUMBERS[version],
    targetMessageVp: options.messageVp ?? 0,
    targetInfo: hasMulticlient ? targetInfoOf(target) : options.interruptPageGpa ?? 0,
    parentToChildMonitorGpa: options.parentToChildMonitorGpa ?? 0,
    childToParentMonitorGpa: options.childToParentMonitorGpa ?? 0,
    ...clientId !== undefined && { clientId },
  };
}

/** What a host answers to a contact ([wire.md 4.2](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)). */
export interface VersionOptions {
  /** Whether it speaks the version. Default true. */
  readonly isSupported?: boolean;
  /** How the connection stands where it does: 0 for well, else why not. Default 0. */
  readonly connectionState?: number;
  /** The connection for messages, from version 5.0 on. Default 4. */
  readonly connectionId?: number;
  /** Bits of the features that both have, from version 6.0 on. Default 0. */
  readonly features?: number;
  /** Guest physical address of the host's own monitor page that the host writes. Default: it has none. */
  readonly parentToChildMonitorGpa?: number;
  /** Guest physical address of the host's own monitor page that the guest writes. Default: it has none. */
  readonly childToParentMonitorGpa?: number;
}

/**
 * The answer to a contact in `version`, in the form that such a host sends.
 *
 * @throws {TypeError} There is no such version, or `options` is no object.
 */
export function versionMessage(
  version: VmbusVersion,
  options: VersionOptions = {},
): VersionResponse | VersionResponse2 | VersionResponse3 {
  requireOneOf("answer a contact", "version", version, VERSIONS);
  requireObject("answer a contact", "options", options);
  const { hasMulticlient, hasFeatureFlags } = protocolOf(version);
  const isSupported = options.isSupported ?? true;
  const selected = hasMulticlient
    ? options.connectionId ?? CONNECTION_ID
    : VERSION_NUMBERS[version];
  const { parentToChildMonitorGpa = 0, childToParentMonitorGpa } = options;
  return {
    message: "versionResponse",
    supported: isSupported ? 1 : 0,
    connectionState: options.connectionState ?? CONNECTION_SUCCESSFUL,
    selected: isSupported ? selected : 0,
    ...isSupported && hasFeatureFlags && { supportedFeatures: options.features ?? 0 },
    ...childToParentMonitorGpa !== undefined &&
      { parentToChildMonitorGpa, childToParentMonitorGpa },
  };
}

/** What two ends have agreed on, as a peer knows it. */
export interface AgreedVersion {
  /** The version. */
  readonly version: VmbusVersion;
  /** Bits of the features; 0 below version 6.0. */
  readonly features: number;
}

/** What a host that speaks every version agrees on with who makes this contact; null: there is no such version. */
export function agreedFor({ version, targetInfo }: InitiateContact): AgreedVersion | null {
  const known = versionOf(version);
  if (known === null) return null;
  const { featureFlags } = readTargetInfo(targetInfo);
  const { features } = protocolOf(known, featureFlags & FEATURES_OF_A_HOST);
  return { version: known, features };
}
