/**
 * Exchanges in which a host and a guest agree on a version and on features (wire.md 4.3).
 *
 * @module
 */

import { FEATURES_DEFAULT } from "../../../core/control/dialect.ts";
import { FEATURES, FEATURES_KNOWN, VERSIONS } from "../../../core/control/versions.ts";
import type { Script } from "./exchange_script.ts";

const [OLDEST] = VERSIONS;
const NEWEST = VERSIONS.at(-1)!;

/** Nothing but the contact that every guest makes. */
const contactAlone: Script["play"] = () => {};

/** How they agree. */
export function negotiations(): readonly Script[] {
  return [
    ...VERSIONS.map((version): Script => ({
      name: `negotiate-${version}`,
      description: `host and guest speak ${version} and no other version`,
      host: version,
      guest: version,
      hostFeatures: 0,
      guestFeatures: 0,
      play: contactAlone,
    })),
    ...VERSIONS.slice(0, -1).map((version): Script => ({
      name: `negotiate-down-to-${version}`,
      description:
        `a guest that speaks all versions asks for one after the other, down to ${version}, the host's highest`,
      host: { lowest: OLDEST!, highest: version },
      play: contactAlone,
    })),
    {
      name: "negotiate-nothing",
      description: "host and guest have no version in common",
      host: NEWEST,
      guest: { lowest: "4.0", highest: "5.3" },
      play: contactAlone,
    },
    ...featureSets().map(([name, bits]): Script => ({
      name: `negotiate-feature-${name}`,
      description:
        `a guest asks for ${name} and no other feature, of a host that has all of them but what it gives by trusted connections alone`,
      hostFeatures: FEATURES_KNOWN,
      guestFeatures: bits,
      play: contactAlone,
    })),
    {
      name: "negotiate-features-refused",
      description: "a guest asks for features of which the host has none",
      hostFeatures: 0,
      play: contactAlone,
    },
    ...(["5.3", "6.0"] as const).map((version): Script => ({
      name: `negotiate-trusted-${version}`,
      description:
        `a guest whose paravisor serves it, by a connection that it trusts, in ${version}: there confidential channels are agreed on`,
      guest: version,
      hostFeatures: FEATURES_KNOWN,
      guestFeatures: FEATURES_DEFAULT | FEATURES.confidentialChannels,
      isRedirected: true,
      play: contactAlone,
    })),
    {
      name: "negotiate-monitor-guest",
      description: "a guest brings monitor pages",
      monitorPages: "guest",
      play: contactAlone,
    },
    {
      name: "negotiate-monitor-host",
      description:
        "a guest asks for monitor pages of the host, which has one: the longest answer there is",
      monitorPages: "host",
      play: contactAlone,
    },
  ];
}

/** Features that a guest may ask for one by one, without anybody bringing pages or trust. */
function featureSets(): readonly (readonly [name: string, bits: number])[] {
  return Object.entries(FEATURES)
    .filter(([, bit]) => bit !== FEATURES.serverSpecifiedMonitorPages);
}
