/**
 * The story of a run.
 *
 * @module
 */

import type { TraceEntry } from "../../mod.ts";
import { ownLines } from "../driver_lines.ts";
import { type Finding, placeOfViolation } from "../finding.ts";
import type { WorldResult } from "../worlds/settings.ts";
import { Cast, WORLD } from "./cast.ts";
import type { Draft } from "./draft.ts";
import { fold } from "./fold.ts";
import type { Story, StoryLine } from "./story.ts";
import { Teller } from "./teller.ts";

/** What a story is made of. */
export type ToldRun = Pick<WorldResult, "scenario" | "seed" | "trace">;

/**
 * The story of a run with `trace: "full"`, up to `finding`, which is one of its findings. What drivers do to set a
 * channel up is one line of it, and so are packets that went the way of one before; the last lines are whole.
 */
export function storyOf({ scenario, seed, trace }: ToldRun, finding: Finding): Story {
  const cast = new Cast(trace);
  const teller = new Teller(cast);
  const end = endOf(trace, finding);
  for (const entry of trace.slice(0, end)) teller.tell(entry);
  const last = { ...findingLine(trace, end, finding, cast), step: teller.step };
  const lines = [...fold(teller.drafts).map(lineOf), last];
  const whos = new Set(lines.flatMap(({ who, to }) => to === undefined ? [who] : [who, to]));
  return { scenario, seed, finding, participants: cast.inOrder(whos), lines };
}

/** How many entries came before the finding. */
function endOf(trace: readonly TraceEntry[], finding: Finding): number {
  const at = trace.findIndex((entry) => isOf(entry, finding));
  return at === -1 ? trace.length : at;
}

/** Whether an entry is what was found. */
function isOf({ event, details }: TraceEntry, finding: Finding): boolean {
  const { rule, message, place, by } = finding;
  if (details["rule"] !== rule || details["message"] !== message) return false;
  if (by !== "verifier") return event === "found" && details["place"] === place;
  return event === "violation" &&
    place.startsWith(placeOfViolation(String(details["call"]), null));
}

function lineOf({ step, at100ns, who, text, to, mark, source }: Draft): StoryLine {
  return {
    step,
    at100ns,
    who,
    text,
    ...to !== undefined && { to },
    ...mark !== undefined && { mark },
    ...source !== undefined && { source },
  };
}

/** Where the same was done first, where that is what was wrong. */
function firstText({ firstSource }: Finding): string {
  return firstSource === undefined ? "" : `, first from ${firstSource.split("/").at(-1)}`;
}

function findingLine(
  trace: readonly TraceEntry[],
  end: number,
  finding: Finding,
  cast: Cast,
): Omit<StoryLine, "step"> {
  const { kind, rule, place, message } = finding;
  const whos = [message.split(": ")[0]!, place].map((text) => cast.whoIn(text));
  const { source = finding.source, stack } = trace[end] ?? {};
  const last = trace[Math.min(end, trace.length - 1)];
  return {
    at100ns: last?.at100ns ?? 0,
    who: whos.find((who) => who !== WORLD) ?? WORLD,
    text: `${kind}: ${rule}: ${message}${firstText(finding)}`,
    mark: "finding",
    ...source !== undefined && finding.by === "verifier" && { source },
    ...stack !== undefined && { stack: ownLines(stack) },
  };
}
