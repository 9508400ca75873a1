/** What is beside the diagram: the selected entry with its bytes, and what inspect() showed then. */

import { byId, timeText } from "./data.js";
import { markText } from "./table.js";

/** An element with a class and texts or elements in it. */
function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className !== "") made.className = className;
  made.append(...children);
  return made;
}

function facts(pairs) {
  const list = element("dl", "facts");
  for (const [name, value, className = ""] of pairs) {
    list.append(element("div", className, element("dt", "", name), element("dd", "", value)));
  }
  return list;
}

function buttonTo(app, entry, label) {
  const button = element("button", "link", `${label} ${entry + app.head.left}`);
  button.type = "button";
  button.addEventListener("click", () => app.select(entry));
  return button;
}

/** A detail as text. */
function valueText(value) {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

const hex = (number, digits) => number.toString(16).padStart(digits, "0");

/** Bytes in rows of 16: offset, numbers, letters. Those of one field can be told from the others. */
function hexRows(bytes, byteCount, from = -1, to = -1) {
  const view = element("pre", "hex");
  for (let at = 0; at < bytes.length; at += 16) {
    const row = bytes.subarray(at, at + 16);
    view.append(`${hex(at, 4)}  `);
    for (const [n, byte] of row.entries()) {
      const isIn = at + n >= from && at + n < to;
      view.append(isIn ? element("mark", "", hex(byte, 2)) : hex(byte, 2), n === 7 ? "  " : " ");
    }
    const letters = String.fromCharCode(
      ...row.map((byte) => byte >= 0x20 && byte < 0x7f ? byte : 0x2e),
    );
    view.append(`${"   ".repeat(16 - row.length)}${row.length < 8 ? " " : ""} ${letters}\n`);
  }
  const left = byteCount - bytes.length;
  if (left > 0) view.append(`and ${left} bytes more`);
  return view;
}

/** The bytes of an entry, and the fields that they stand for. */
function bytesPart(app, entry, fields) {
  const { bytesAt, bytesKept, byteCount } = app.columns;
  if (byteCount[entry] === 0 || app.bytes === null) return [];
  const bytes = app.bytes.subarray(bytesAt[entry], bytesAt[entry] + bytesKept[entry]);
  const place = element("div", "", hexRows(bytes, byteCount[entry]));
  const parts = [element("h3", "", `${byteCount[entry]} bytes`), place];
  if (fields.length === 0) return parts;
  const list = element("ul", "fields");
  for (const [name, offset, length, text, depth] of fields) {
    const button = element(
      "button",
      "link",
      element("span", "name", name),
      element("span", "value", text),
      element("span", "place", `@${offset}+${length}`),
    );
    button.type = "button";
    const show = () => {
      place.replaceChildren(hexRows(bytes, byteCount[entry], offset, offset + length));
    };
    button.addEventListener("click", show);
    button.addEventListener("pointerenter", show);
    button.addEventListener("focus", show);
    const item = element("li", "", button);
    item.style.paddingInlineStart = `${depth}em`;
    list.append(item);
  }
  parts.push(element("h3", "", "fields"), list);
  return parts;
}

/** Where packets of an entry go, and where they come from. */
export function waysOf({ columns: { arrowFrom, arrowTo } }, entry) {
  const to = [];
  const from = [];
  for (let n = 0; n < arrowFrom.length; n++) {
    if (arrowFrom[n] === entry) to.push(arrowTo[n]);
    if (arrowTo[n] === entry) from.push(arrowFrom[n]);
  }
  return { to, from };
}

/** Shows the selected entry. */
export function showEntry(app) {
  const { columns, head, texts, selected: entry } = app;
  const panel = byId("panel-entry");
  if (texts === null || head.count === 0) return;
  const { details = {}, packet, fields = [], source } = texts.more(entry);
  const lane = columns.lane[entry];
  const who = lane === 0 ? "scheduler" : head.lanes[lane - 1][0];
  const marks = head.marks.filter(([at]) => at === entry);
  // A message that is told of once alone arrives where it was sent.
  const { to, from } = waysOf(app, entry);
  const isElsewhere = (each) => each !== entry;
  panel.replaceChildren(
    element("h2", "", texts.label(entry)),
    facts([
      ["entry", `${entry + head.left}`],
      ["time", timeText(columns.at100ns[entry])],
      ...head.hasSteps ? [["after choices", String(columns.step[entry])]] : [],
      ["who", who],
      ["event", head.events[columns.event[entry]][0]],
      ...source === undefined ? [] : [["from", source, "source"]],
      ...marks.map(([, kind, text]) => [kind, text, `mark-${kind}`]),
    ]),
    ...from.filter(isElsewhere).map((each) => buttonTo(app, each, "← sent at entry")),
    ...to.filter(isElsewhere).map((each) => buttonTo(app, each, "→ arrives at entry")),
    ...packet === undefined ? [] : [element("h3", "", "packet"), facts(packet)],
    ...bytesPart(app, entry, fields),
    ...Object.keys(details).length === 0 ? [] : [
      element("h3", "", "details"),
      facts(Object.entries(details).map(([name, value]) => [name, valueText(value)])),
    ],
  );
}

/** Whose values there are, that of the selected entry first. */
function ownersOf({ head, columns, states, selected }) {
  const lane = columns.lane[selected];
  const [subject = "", , side = null] = head.lanes[lane - 1] ?? [];
  const first = side === null ? `partition ${subject}` : subject;
  const owners = [...states.byOwner.keys()];
  return owners.includes(first) ? [first, ...owners.filter((each) => each !== first)] : owners;
}

/** Shows what inspect() showed after the selected entry; what is new there is told. */
export function showState(app) {
  const { states, selected } = app;
  const panel = byId("panel-state");
  if (panel.hidden || states === null) return;
  const isOpen = (owner, at, rows) =>
    app.openOwners.get(owner) ?? (at === 0 || rows.some(({ isNew }) => isNew));
  const parts = ownersOf(app).flatMap((owner, at) => {
    const rows = states.of(owner, selected);
    if (rows.length === 0) return [];
    const summary = element("summary", "", owner);
    const part = element("details", "", summary);
    part.open = isOpen(owner, at, rows);
    summary.addEventListener("click", () => app.openOwners.set(owner, !part.open));
    part.append(facts(rows.map(({ name, text, isNew }) => [name, text, isNew ? "new" : ""])));
    return [part];
  });
  panel.replaceChildren(...parts);
}

const TABS = ["entry", "state", "table"];

/** Shows one of the views beside the diagram. */
function showTab(app, name) {
  for (const each of TABS) {
    const isIt = each === name;
    const tab = byId(`tab-${each}`);
    tab.setAttribute("aria-selected", String(isIt));
    tab.tabIndex = isIt ? 0 : -1;
    byId(`panel-${each}`).hidden = !isIt;
  }
  app.refresh();
}

/** Has tabs be chosen, by hand and by keys. */
export function listenToTabs(app) {
  for (const [at, name] of TABS.entries()) {
    const tab = byId(`tab-${name}`);
    tab.addEventListener("click", () => showTab(app, name));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step === undefined) return;
      event.stopPropagation();
      const next = TABS[(at + step + TABS.length) % TABS.length];
      showTab(app, next);
      byId(`tab-${next}`).focus();
    });
  }
}

/** What is said to who does not see the diagram. */
export function sentenceOf({ head, columns, texts, selected }) {
  if (texts === null) return "";
  const lane = columns.lane[selected];
  const who = lane === 0 ? "scheduler" : head.lanes[lane - 1][0];
  const mark = markText(columns.mark[selected]);
  return `${mark === "" ? "" : `${mark}: `}entry ${selected + head.left}, ${who}: ${
    texts.label(selected)
  }`;
}
