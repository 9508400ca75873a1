/**
 * What the fabrics came to that a run has left behind: it has one more with each migration, and goes on
 * in another one after a save.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { throwDataError } from "../../../core/saved/fault.ts";
import type { SavedFields } from "../../../core/saved/fields.ts";
import type { ChannelState, Fabric } from "../../../mod.ts";

/** Numbers of both directions: guest to host, host to guest. */
export type BothWays = readonly [number, number];

/** What one or more fabrics came to. Plain data. */
export type RunTotals = {
  /** Their trace digests. */
  readonly traceDigests: readonly string[];
  /** Virtual time that passed in them. */
  readonly virtualMilliseconds: number;
  /** How often a sender found its ring full. */
  readonly roomWaits: BothWays;
  /** Interrupts that were sent. */
  readonly interrupts: BothWays;
  /** Misuse that the verifier found. */
  readonly violationCount: number;
  /** What lived that should not have. */
  readonly leakCount: number;
  /** What was wrong. */
  readonly findings: readonly string[];
};

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

/** What was saved of it. */
export function readTotals(fields: SavedFields): RunTotals {
  const virtualMilliseconds = fields.data("virtualMilliseconds");
  if (typeof virtualMilliseconds !== "number" || !(virtualMilliseconds >= 0)) {
    throwDataError(`${fields.where}: its virtual time is none`);
  }
  const both = (key: string): BothWays => {
    const [toHost, toGuest, ...others] = fields.uints(key, Number.MAX_SAFE_INTEGER);
    if (toHost === undefined || toGuest === undefined || others.length > 0) {
      throwDataError(`${fields.where}: ${key} are not two numbers`);
    }
    return [toHost, toGuest];
  };
  const texts = (key: string) =>
    fields.list(key).map((text) =>
      typeof text === "string" ? text : throwDataError(`${fields.where}: ${key} are not texts`)
    );
  return {
    traceDigests: texts("traceDigests"),
    virtualMilliseconds,
    roomWaits: both("roomWaits"),
    interrupts: both("interrupts"),
    violationCount: fields.uint("violationCount", Number.MAX_SAFE_INTEGER),
    leakCount: fields.uint("leakCount", Number.MAX_SAFE_INTEGER),
    findings: texts("findings"),
  };
}
