/**
 * What the fabrics of a run came to that it has left: a migration moves it into another one, and so does
 * a save with the resume after it.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { text, uint } from "../../../core/saved/forms.ts";
import {
  list,
  mapped,
  plain,
  record,
  type Schema,
  type SchemaType,
} from "../../../core/saved/schema.ts";
import type { ChannelState, Fabric } from "../../../mod.ts";

/** Numbers of both directions: guest to host, host to guest. */
export type BothWays = readonly [number, number];

const BOTH_WAYS: Schema<BothWays> = mapped(
  list(uint()),
  (both: BothWays) => both,
  ([toHost, toGuest, ...others]) =>
    toHost === undefined || toGuest === undefined || others.length > 0
      ? undefined
      : [toHost, toGuest],
  "it is not two numbers",
);

/** What one or more fabrics came to, as it is saved. */
export const RUN_TOTALS = record({
  traceDigests: [list(text), "their trace digests"],
  virtualMilliseconds: [
    plain("a number from 0", (data): data is number => Number.isFinite(data) && Number(data) >= 0),
    "virtual time that passed in them",
  ],
  roomWaits: [BOTH_WAYS, "how often a sender found its ring full: guest to host, host to guest"],
  interrupts: [BOTH_WAYS, "interrupts that were sent: guest to host, host to guest"],
  violationCount: [uint(), "misuse that the verifier found"],
  leakCount: [uint(), "what lived that should not have"],
  findings: [list(text), "what was wrong"],
});

/** What one or more fabrics came to. Plain data. */
export type RunTotals = SchemaType<typeof RUN_TOTALS>;

/** Of no fabric. */
export const NO_TOTALS: RunTotals = {
  traceDigests: [],
  virtualMilliseconds: 0,
  roomWaits: [0, 0],
  interrupts: [0, 0],
  violationCount: 0,
  leakCount: 0,
  findings: [],
};

/** What is counted while channels are open. */
export type ChannelCounts = Pick<RunTotals, "roomWaits" | "interrupts">;

/** The channels' counts of a fabric now. */
export function countChannels(fabric: Fabric): ChannelCounts {
  const [root, ...guests] = fabric.inspect().partitions;
  const fromGuests = guests.flatMap(({ channels }) => channels);
  const fromHost = root?.channels ?? [];
  const both = (key: "roomWaits" | "interruptsSent"): BothWays => {
    const totalOf = (channels: readonly ChannelState[]) =>
      channels.reduce((sum, channel) => sum + channel[key], 0);
    return [totalOf(fromGuests), totalOf(fromHost)];
  };
  return { roomWaits: both("roomWaits"), interrupts: both("interruptsSent") };
}

/**
 * What `totals` comes to with a fabric in which all is over.
 *
 * @param counts Those of its channels while they were open.
 * @param hasClosed Whether nothing should live in it any more.
 */
export function withFabric(
  totals: RunTotals,
  fabric: Fabric,
  counts: ChannelCounts,
  hasClosed: boolean,
): RunTotals {
  const leaks = hasClosed ? fabric.leaks() : [];
  const { violations } = fabric;
  return {
    traceDigests: [...totals.traceDigests, fabric.traceDigest()],
    virtualMilliseconds: totals.virtualMilliseconds + fabric.now(),
    roomWaits: sumOf(totals.roomWaits, counts.roomWaits),
    interrupts: sumOf(totals.interrupts, counts.interrupts),
    violationCount: totals.violationCount + violations.length,
    leakCount: totals.leakCount + leaks.length,
    findings: [
      ...totals.findings,
      ...violations.map(({ rule, message }) => `${rule}: ${message}`),
      ...leaks.map(({ owner, message }) => `${owner}: ${message}`),
    ],
  };
}

function sumOf(a: BothWays, b: BothWays): BothWays {
  return [a[0] + b[0], a[1] + b[1]];
}

/**
 * The trace digest of a run: that of its fabric, or, where there were several, SHA-256 of their digests
 * in hexadecimal, one after the other.
 */
export function digestOfRun({ traceDigests }: RunTotals): string {
  const [only, ...others] = traceDigests;
  if (only !== undefined && others.length === 0) return only;
  return createHash("sha256").update(traceDigests.join("")).digest("hex");
}
