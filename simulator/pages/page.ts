/**
 * The page of one run: a file that needs nothing else.
 *
 * @module
 */

import { headHtml } from "./frame.ts";
import { factsHtml, html, jsonInHtml, sentenceHtml } from "./html.ts";
import { packOf } from "./pack.ts";
import { PAGE_SCRIPT } from "./page_text.ts";
import type { RecordedFinding, Recording } from "./recording.ts";
import { ruleOf } from "./rules.ts";
import { storyHtml } from "./story_html.ts";

/** Entries that a page has: of a longer run the last ones. */
const ENTRIES_MAX = 200_000;

function sourceHtml({ source, firstSource }: RecordedFinding): string {
  const lines = [
    ...source === undefined ? [] : [`<p>from <code>${html(source)}</code></p>`],
    ...firstSource === undefined ? [] : [`<p>first from <code>${html(firstSource)}</code></p>`],
  ];
  return lines.join("\n");
}

function ruleHtml({ rule, by }: RecordedFinding): string {
  const known = rule === undefined ? null : ruleOf(rule, by);
  if (known === null) return "";
  return `<blockquote id="rule"><p>${sentenceHtml(known.text)}</p><footer>${
    html(known.where)
  }</footer></blockquote>`;
}

function findingHtml(finding: RecordedFinding): string {
  const { kind = "failure", rule, place, message, by } = finding;
  const title = rule ?? message;
  return `<p class="kind"><span class="badge">${html(kind)}</span>${
    place === undefined ? "" : ` at ${html(place)}`
  }${by === undefined ? "" : `, found by ${html(by)}`}</p>
<h1>${html(title)}</h1>
${rule === undefined ? "" : `<p class="message">${html(message)}</p>`}
${sourceHtml(finding)}
${ruleHtml(finding)}`;
}

function othersHtml(others: readonly RecordedFinding[]): string {
  if (others.length === 0) return "";
  const lines = others.map(({ rule, place, message }) => {
    const where = place === undefined ? "" : ` at ${html(place)}`;
    const what = rule === undefined ? "" : `<strong>${html(rule)}</strong>${where}: `;
    return `<li>${what}${html(message)}</li>`;
  });
  return `<details><summary>${others.length} more ${
    others.length === 1 ? "finding" : "findings"
  }</summary><ul>${lines.join("")}</ul></details>`;
}

/** What is wrong, why that is so, and how to have it again: it can be read without the script. */
function failureHtml({ run, findings }: Recording): string {
  const [first, ...others] = findings;
  const { scenario, title, options, package: version, replay, digest, isChecked = true } = run;
  const badge = isChecked ? `<p class="kind"><span class="badge good">all is well</span></p>` : "";
  const well = `${badge}<h1>${html(title)}</h1>`;
  return `<header id="failure">
${first === undefined ? well : findingHtml(first)}
${othersHtml(others)}
${
    replay === null ? "" : `<p class="replay"><code id="replay">${html(replay)}</code>
<button type="button" id="copy" hidden>Copy</button></p>`
  }
<details><summary>${html(scenario)}${
    options.seed === undefined ? "" : `, seed ${html(options.seed)}`
  }: how it was run</summary>
${
    factsHtml({ scenario: `${scenario}: ${title}`, ...options, package: version, trace: digest })
  }</details>
</header>`;
}

/** The keys that the page knows. */
const KEYS = [
  ["↓ ↑ or j k", "one entry on, one back"],
  ["→ ←", "where a packet goes, where it comes from"],
  ["n p", "the next fault, switch or finding, the one before"],
  ["Home End, PgUp PgDn", "ends and pages"],
  ["+ − 0", "nearer, farther, all of it"],
  ["/", "search; Enter the next match, Shift Enter the one before"],
  ["g", "what was found"],
] as const;

function keysHtml(): string {
  const rows = KEYS.map(([keys, what]) => `<div><dt><kbd>${keys}</kbd></dt><dd>${what}</dd></div>`);
  return `<details class="keys"><summary>Keys and signs</summary>
<dl class="facts">${rows.join("")}</dl><ul id="legend"></ul></details>`;
}

const TIMELINE = `<main id="timeline" hidden>
<div class="bar" role="toolbar" aria-label="Steps through the run">
<span class="group"><button type="button" id="first" title="first (Home)" aria-label="First entry">|◀</button>
<button type="button" id="back" title="one back (↑)" aria-label="One entry back">◀</button>
<output id="position" aria-live="off"></output>
<button type="button" id="on" title="one on (↓)" aria-label="One entry on">▶</button>
<button type="button" id="last" title="last (End)" aria-label="Last entry">▶|</button></span>
<span class="group"><button type="button" id="markBack" title="mark before (p)">◁ mark</button>
<button type="button" id="markOn" title="next mark (n)">mark ▷</button>
<button type="button" id="goFinding" title="what was found (g)">finding</button></span>
<span class="group"><button type="button" id="farther" title="farther (−)" aria-label="Farther">−</button>
<button type="button" id="all" title="all of it (0)">all</button>
<button type="button" id="nearer" title="nearer (+)" aria-label="Nearer">+</button></span>
<span class="group search"><label for="search" class="hidden">Search</label>
<input id="search" type="search" placeholder="search ( / )" autocomplete="off" spellcheck="false">
<output id="matches" aria-live="polite"></output></span>
</div>
<details id="filterBox" open><summary>What is shown</summary>
<div class="bar filters" role="group" aria-label="What is shown" id="filters">
<label><input type="checkbox" id="onlyMatches"> matches alone</label>
<label>lane <select id="laneFilter"><option value="">all</option></select></label></div></details>
<div id="stage">
<div id="diagram"><canvas id="canvas" tabindex="0" role="img" aria-label="Space-time diagram of the run; the table has the same"></canvas></div>
<div id="side">
<div role="tablist" aria-label="Views" id="tabs">
<button role="tab" type="button" id="tab-entry" aria-controls="panel-entry" aria-selected="true">Entry</button>
<button role="tab" type="button" id="tab-state" aria-controls="panel-state" aria-selected="false" tabindex="-1">inspect()</button>
<button role="tab" type="button" id="tab-table" aria-controls="panel-table" aria-selected="false" tabindex="-1">Table</button>
</div>
<section role="tabpanel" id="panel-entry" aria-labelledby="tab-entry" tabindex="0"></section>
<section role="tabpanel" id="panel-state" aria-labelledby="tab-state" tabindex="0" hidden></section>
<section role="tabpanel" id="panel-table" aria-labelledby="tab-table" hidden>
<div id="table" role="grid" aria-label="Entries of the trace" aria-readonly="true" aria-colcount="5" tabindex="0"></div></section>
</div>
</div>
<p id="said" class="hidden" role="status" aria-live="polite"></p>
</main>
<noscript><p>The diagram needs the script of this page.</p></noscript>
<p id="broken" role="alert" hidden></p>`;

/**
 * The page of a run, for who wrote its drivers: one HTML file that needs no network. It has what was found and
 * the rule, the run as a diagram of lanes and time, and each entry with its bytes and what `inspect()` showed
 * then. Of a run of more than 200 000 entries it has the last ones.
 */
export async function pageOf(recording: Recording): Promise<string> {
  const { head, sections } = await packOf(recording, ENTRIES_MAX);
  const { run: { scenario }, findings: [first] } = recording;
  const title = first === undefined ? scenario : `${first.rule ?? first.message} · ${scenario}`;
  const data = Object.entries(sections).map(([name, text]) =>
    `<script type="application/octet-stream" id="data-${name}">${text}</script>`
  );
  const note = head.left === 0
    ? ""
    : `<p class="note">The run has ${recording.entries.length} entries; these are the last.</p>`;
  return `${headHtml(title, PAGE_SCRIPT)}<body>
${failureHtml(recording)}
${storyHtml(recording)}
${note}
${TIMELINE}
${keysHtml()}
<script type="application/json" id="head">${jsonInHtml(head)}</script>
${data.join("\n")}
<script>${PAGE_SCRIPT}</script>
</body>
</html>
`;
}
