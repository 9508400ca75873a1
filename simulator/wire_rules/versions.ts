/**
 * Rules about the answer to a contact that go by what the contact asked for (wire.md 4.2, 4.3, 5.1).
 *
 * @module
 */

import {
  CONNECTION_SUCCESSFUL,
  type InitiateContact,
  readTargetInfo,
  type VersionResponse,
  type VersionResponse2,
} from "../../core/control/connection_messages.ts";
import {
  featureNames,
  FEATURES_KNOWN,
  protocolOf,
  versionOf,
} from "../../core/control/versions.ts";
import type { BrokenSentence } from "../checkers/seen_bus.ts";

const hex = (number: number) => `0x${number.toString(16)}`;

/** What a contact breaks by itself; null: nothing. */
export function brokenContact(contact: InitiateContact): BrokenSentence | null {
  const { parentToChildMonitorGpa: toGuest, childToParentMonitorGpa: toHost } = contact;
  if ((Number(toGuest) === 0) === (Number(toHost) === 0)) return null;
  const what = `monitor pages at ${toGuest} and ${toHost}: both are there, or none`;
  return { rule: "wire.md 5.1: what a contact holds", what };
}

/** What the answer to `contact` breaks; null: nothing. */
export function brokenVersionResponse(
  response: VersionResponse | VersionResponse2,
  contact: InitiateContact,
): BrokenSentence | null {
  const { supported, connectionState, selected } = response;
  if (supported === 0 || connectionState !== CONNECTION_SUCCESSFUL) return null;
  const version = versionOf(contact.version);
  if (version === null) {
    const what = `version ${hex(contact.version)} is taken, which has no name here`;
    return { rule: "wire.md 4.3: versions", what };
  }
  const { hasMulticlient, hasFeatureFlags } = protocolOf(version);
  if (!hasMulticlient && selected !== contact.version) {
    const what = `the response selects ${hex(selected)}, and ${hex(contact.version)} was asked for`;
    return { rule: "wire.md 4.2: the version that is selected", what };
  }
  const answered = "supportedFeatures" in response ? response.supportedFeatures : 0;
  const { featureFlags } = readTargetInfo(contact.targetInfo);
  const surplus = answered & FEATURES_KNOWN & ~(hasFeatureFlags ? featureFlags : 0);
  if (surplus === 0) return null;
  const what = `the response has ${featureNames(surplus)}, which the contact did not ask for`;
  return { rule: "wire.md 4.3: features that are asked for, and supported", what };
}
