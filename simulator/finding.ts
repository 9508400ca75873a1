/**
 * What a world has found.
 *
 * @module
 */

import { describe } from "../core/describe.ts";
import type { ChannelPlace } from "../actors/runtime/violation_details.ts";

/** Longer texts are cut: a finding is shown, and kept in a file that is read again. */
const TEXT_LENGTH_MAX = 4000;

/**
 * What kind of failure it is. `crash`: something threw that nobody expected. `correctness`: a rule was broken.
 * `liveness`: something that should have ended never does.
 */
export type FindingKind = "crash" | "correctness" | "liveness";

/** All kinds. */
export const FINDING_KINDS: readonly FindingKind[] = ["crash", "correctness", "liveness"];

/** Where a violation is: the call, and whose it is. */
export function placeOfViolation(call: string, channel: ChannelPlace | null): string {
  return channel === null ? call : `${call} of ${channel.side} in ${channel.partition}`;
}

/** Something that is not as it should be. Two of one rule at one place have one cause. */
export interface Finding {
  /** What kind of failure it is. */
  readonly kind: FindingKind;
  /** The rule that was broken, with its number where it has one. */
  readonly rule: string;
  /** Where, in words that are the same each time. */
  readonly place: string;
  /** What was wrong, with the present value. */
  readonly message: string;
  /** Who found it: a checker's name, `verifier`, `workload`, `world`. */
  readonly by: string;
  /** Choices that the world had made before. */
  readonly step: number;
  /** The driver's line, with file and column, where one of them is to blame. */
  readonly source?: string;
  /** The line that did the same first, where that is what was wrong and the world kept lines. */
  readonly firstSource?: string;
}

/**
 * What a scenario or a checker reports, as it is kept.
 *
 * @throws {TypeError} One of its texts is no text.
 */
export function reported(
  { rule, place, message }: Pick<Finding, "rule" | "place" | "message">,
): Pick<Finding, "rule" | "place" | "message"> {
  for (const [name, text] of Object.entries({ rule, place, message })) {
    if (typeof text === "string") continue;
    throw new TypeError(`Cannot report a finding: ${name} must be a text, not ${describe(text)}`);
  }
  const cut = (text: string) => text.slice(0, TEXT_LENGTH_MAX);
  return { rule: cut(rule), place: cut(place), message: cut(message) };
}
