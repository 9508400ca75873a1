/**
 * The page of a sweep: failures by cause, what was come by and what was not, and how it went over time. It has no
 * script.
 *
 * @module
 */

import { grouped } from "../layout.ts";
import { sizesText } from "../shrinking/report.ts";
import { PACKAGE_VERSION } from "../artefacts/package_version.ts";
import { counted, sweepError, type SweepFacts } from "../sweeps/report.ts";
import type { FailureGroup, ReachedBehaviour, SweepSummary } from "../sweeps/summary.ts";
import { headHtml } from "./frame.ts";
import { factsHtml, html } from "./html.ts";
import { ruleOf } from "./rules.ts";

/** How far a sweep was at a moment. */
export interface SweepPoint {
  /** Milliseconds since it began. */
  readonly ms: number;
  /** Worlds that had run. */
  readonly worlds: number;
  /** Those of them in which something was found. */
  readonly failed: number;
}

/** What the page says beside what a report says. */
export interface SweepPageFacts extends SweepFacts {
  /** How far it was, over time. */
  readonly points: readonly SweepPoint[];
  /** A failure's page, as this page names it. */
  readonly linkOf: (page: string) => string;
}

const WIDTH = 720;
const HEIGHT = 200;
const LEFT = 70;
const BOTTOM = 24;

/** A line of a chart, from its lower left corner on. */
function lineOf(
  points: readonly SweepPoint[],
  valueOf: (point: SweepPoint) => number,
  endMs: number,
  most: number,
): string {
  const x = (ms: number) => LEFT + ms / endMs * (WIDTH - LEFT - 10);
  const y = (value: number) => HEIGHT - BOTTOM - value / most * (HEIGHT - BOTTOM - 14);
  return [{ ms: 0, worlds: 0, failed: 0 }, ...points]
    .map((point) => `${x(point.ms).toFixed(1)},${y(valueOf(point)).toFixed(1)}`).join(" ");
}

/** Worlds over time, and those of them that failed; in words as well, for who does not see it. */
function chartHtml(points: readonly SweepPoint[]): string {
  const last = points.at(-1);
  if (last === undefined || last.worlds === 0) return "";
  const endMs = Math.max(last.ms, 1);
  const seconds = (endMs / 1000).toFixed(1);
  const words = `${counted(last.worlds, "worlds")} in ${seconds} s, ${
    grouped(last.failed)
  } of them failed`;
  const line = (kind: string, valueOf: (point: SweepPoint) => number) =>
    `<polyline class="${kind}" points="${lineOf(points, valueOf, endMs, last.worlds)}"/>`;
  return `<h2>Seeds over time</h2>
<figure><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${html(words)}">
<line class="axis" x1="${LEFT}" y1="${HEIGHT - BOTTOM}" x2="${WIDTH - 10}" y2="${HEIGHT - BOTTOM}"/>
<line class="axis" x1="${LEFT}" y1="10" x2="${LEFT}" y2="${HEIGHT - BOTTOM}"/>
<text x="${LEFT - 6}" y="18" text-anchor="end">${grouped(last.worlds)}</text>
<text x="${LEFT - 6}" y="${HEIGHT - BOTTOM}" text-anchor="end">0</text>
<text x="${WIDTH - 10}" y="${HEIGHT - 6}" text-anchor="end">${seconds} s</text>
${line("worlds", ({ worlds }) => worlds)}
${line("failed", ({ failed }) => failed)}
</svg><figcaption>${html(words)}: <span class="swatch accent"></span> all,
<span class="swatch bad"></span> failed</figcaption></figure>`;
}

function commandHtml(command: string): string {
  return `<p class="replay"><code>${html(command)}</code></p>`;
}

function failureHtml(group: FailureGroup, linkOf: SweepPageFacts["linkOf"]): string {
  const { kind, rule, place, message, by, worlds, seed, step, source, replay, page } = group;
  const { shrunk, notShrunk } = group;
  const name = page === null
    ? html(rule)
    : `<a href="${html(linkOf(page).split("/").map(encodeURIComponent).join("/"))}">${
      html(rule)
    }</a>`;
  const known = ruleOf(rule, by);
  const where = known === null ? "" : ` <span class="where">${html(known.where)}</span>`;
  const lines = [
    `<p class="kind"><span class="badge">${html(kind)}</span> at ${html(place)}, found by ${
      html(by)
    }</p>`,
    `<h3>${name}${where}</h3>`,
    `<p>${html(message)}</p>`,
    ...source === null ? [] : [`<p>from <code>${html(source)}</code></p>`],
    `<p class="note">in ${counted(worlds, "worlds")}, first with seed ${html(seed)}, after ${
      counted(step, "choices")
    }</p>`,
    ...replay === null ? [] : [commandHtml(replay)],
    ...shrunk === null
      ? []
      : [`<p class="note">smaller: ${html(sizesText(shrunk))}</p>`, commandHtml(shrunk.replay)],
    ...notShrunk === null ? [] : [`<p class="note">not smaller: ${html(notShrunk)}</p>`],
  ];
  return `<li>${lines.join("\n")}</li>`;
}

function failuresHtml(
  { failures, failed, worlds }: SweepSummary,
  linkOf: SweepPageFacts["linkOf"],
) {
  if (failures.length === 0) {
    return `<p class="kind"><span class="badge good">nothing was found</span></p>`;
  }
  const items = failures.map((group) => failureHtml(group, linkOf));
  return `<h2>${counted(failures.length, "causes")}: ${grouped(failed)} of ${
    counted(worlds, "worlds")
  } failed</h2>
<ol class="failures">${items.join("\n")}</ol>`;
}

/** A part of what there is to come by: how much of it, and what is missing. */
function coverageRow(what: string, seen: number, gaps: readonly string[] | null): string {
  if (gaps === null) {
    return `<tr><th scope="row">${what}</th><td>${grouped(seen)}</td><td></td></tr>`;
  }
  const all = seen + gaps.length;
  const missing = gaps.length === 0
    ? ""
    : `<details><summary>${grouped(gaps.length)}</summary><ul>${
      gaps.map((gap) => `<li>${html(gap)}</li>`).join("")
    }</ul></details>`;
  return `<tr><th scope="row">${what}</th><td>${grouped(seen)} of ${grouped(all)}
<meter min="0" max="${Math.max(all, 1)}" value="${seen}"></meter></td><td>${missing}</td></tr>`;
}

function coverageHtml({ coverage, orders }: SweepSummary, { gaps }: SweepFacts): string {
  const countOf = (counts: Readonly<Record<string, number>>) => Object.keys(counts).length;
  return `<h2>Coverage</h2><table><thead><tr><th scope="col">what</th><th scope="col">seen</th>
<th scope="col">missing</th></tr></thead><tbody>
${coverageRow("transitions", countOf(coverage.transitions), gaps.transitions)}
${coverageRow("statuses", countOf(coverage.statuses), gaps.statuses)}
${coverageRow("callbacks in a row, by twos and threes", countOf(coverage.orders), null)}
${coverageRow("faults in a state", countOf(coverage.faults), null)}
${coverageRow("orders that drivers can tell apart", orders, null)}
</tbody></table>`;
}

function reachedRow({ name, times, worlds, ways, nearest }: ReachedBehaviour): string {
  const near = nearest === null ? "never" : `never; ${nearest.done} of ${nearest.of} conditions`;
  const how = worlds === 0
    ? `<strong>${near}</strong>`
    : `${counted(times, "times")} in ${counted(worlds, "worlds")}, ${counted(ways, "ways")}`;
  return `<tr><th scope="row">${html(name)}</th><td>${how}</td></tr>`;
}

function reachedHtml({ reached, faults, expected }: SweepSummary): string {
  const table = (title: string, rows: readonly string[]) =>
    rows.length === 0 ? "" : `<h2>${title}</h2><table><tbody>${rows.join("\n")}</tbody></table>`;
  const row = (name: string, value: string) =>
    `<tr><th scope="row">${html(name)}</th><td>${html(value)}</td></tr>`;
  return [
    table("Behaviours", reached.map(reachedRow)),
    table("Faults", Object.entries(faults).map(([name, times]) => row(name, grouped(times)))),
    table(
      "Expected",
      expected.map(({ rule, place, worlds, reason }) =>
        row(`${rule}, at ${place}`, `${counted(worlds, "worlds")}: ${reason}`)
      ),
    ),
  ].join("\n");
}

/** The page of a sweep, as one HTML file. */
export function sweepPage(summary: SweepSummary, facts: SweepPageFacts): string {
  const { scenario, settings, from, workers, isStopped, points, linkOf } = facts;
  const { schedule, codec, isFaulty } = settings;
  const wrong = sweepError(summary, isStopped);
  const run = {
    scenario,
    "first seed": String(from),
    schedule: typeof schedule === "string" ? schedule : JSON.stringify(schedule),
    codec: codec ?? "drawn from the seed",
    faults: isFaulty ? "as the scenario has them" : "none",
    processes: String(workers),
    choices: grouped(summary.steps),
    package: PACKAGE_VERSION,
  };
  return `${headHtml(`sweep of ${scenario}`, null)}<body>
<header><h1>Sweep of ${html(scenario)}</h1>
<p>${html(wrong ?? `${counted(summary.worlds, "worlds")} ran, and nothing was found`)}</p>
<details><summary>how it was run</summary>${factsHtml(run)}</details></header>
<main>
${failuresHtml(summary, linkOf)}
${chartHtml(points)}
${summary.worlds === 0 ? "" : coverageHtml(summary, facts)}
${reachedHtml(summary)}
</main>
</body>
</html>
`;
}
