/**
 * A finding as lines of a report.
 *
 * @module
 */

import { type Look, painted } from "./layout.ts";
import { visible } from "./text.ts";
import type { Finding } from "./finding.ts";

/** What lines tell of a finding; null and undefined: the driver's line is not known. */
interface ToldFinding extends Pick<Finding, "kind" | "rule" | "place" | "message"> {
  readonly source?: string | null;
  readonly firstSource?: string | null;
}

/** A finding for people: what is broken and where, in words, and from which line of a driver. `note` follows the place. */
export function findingLines(finding: ToldFinding, look: Look, note: string = ""): string[] {
  const { kind, rule, place, message, source = null, firstSource = null } = finding;
  return [
    `${painted("FAIL", "red", look)} ${kind}: ${visible(rule)}, at ${visible(place)}${note}`,
    `     ${visible(message)}`,
    ...source === null ? [] : [`     from ${visible(source)}`],
    ...firstSource === null ? [] : [`     first from ${visible(firstSource)}`],
  ];
}
