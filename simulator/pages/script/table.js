/** The table of entries: as many rows as can be seen, so that a long run takes no longer. */

import { timeText } from "./data.js";
import { FAULT, FINDING, SWITCH } from "./rows.js";

const TABLE_ROW = 26;
const SPARE_ROWS = 6;

/** Words for marks. */
export function markText(mark) {
  const words = [];
  if (mark & FINDING) words.push("finding");
  if (mark & FAULT) words.push("fault");
  if (mark & SWITCH) words.push("switch");
  return words.join(", ");
}

/** A cell of a row. */
function cellOf(text, column, role = "gridcell") {
  const cell = document.createElement("span");
  cell.setAttribute("role", role);
  cell.setAttribute("aria-colindex", String(column + 1));
  cell.textContent = text;
  return cell;
}

/** The table of a run. */
export class Table {
  constructor(element, app) {
    this.element = element;
    this.app = app;
    this.head = document.createElement("div");
    this.head.className = "row head";
    this.head.setAttribute("role", "row");
    this.head.setAttribute("aria-rowindex", "1");
    const names = ["entry", "time", "mark", "who", "what"];
    this.head.append(...names.map((name, at) => cellOf(name, at, "columnheader")));
    this.body = document.createElement("div");
    this.body.setAttribute("role", "rowgroup");
    this.body.className = "rows";
    element.append(this.head, this.body);
    element.addEventListener("scroll", () => this.fill(), { passive: true });
    this.body.addEventListener("click", (event) => {
      const row = event.target.closest("[data-entry]");
      if (row !== null) app.select(Number(row.dataset.entry));
    });
  }

  /** Whether anybody can see it. */
  get isShown() {
    return this.element.offsetParent !== null;
  }

  /** What is shown has changed. */
  reset() {
    const { rows } = this.app;
    this.element.setAttribute("aria-rowcount", String(rows.count + 1));
    this.body.style.height = `${rows.count * TABLE_ROW}px`;
    this.fill();
  }

  rowOf(row) {
    const { rows, columns, head, texts, selected } = this.app;
    const entry = rows.shown[row];
    const element = document.createElement("div");
    element.className = "row";
    element.id = `row-${entry}`;
    element.dataset.entry = String(entry);
    element.style.top = `${row * TABLE_ROW}px`;
    element.setAttribute("role", "row");
    element.setAttribute("aria-rowindex", String(row + 2));
    element.setAttribute("aria-selected", String(entry === selected));
    const lane = columns.lane[entry];
    const cells = [
      String(entry + head.left),
      timeText(columns.at100ns[entry]),
      markText(columns.mark[entry]),
      lane === 0 ? "scheduler" : head.lanes[lane - 1][0],
      texts.label(entry),
    ];
    element.append(...cells.map((text, at) => cellOf(text, at)));
    return element;
  }

  /** Makes the rows that can be seen. */
  fill() {
    const { rows, texts } = this.app;
    if (!this.isShown || texts === null) return;
    const { scrollTop, clientHeight } = this.element;
    const first = Math.max(0, Math.floor(scrollTop / TABLE_ROW) - SPARE_ROWS);
    const last = Math.min(
      rows.count,
      Math.ceil((scrollTop + clientHeight) / TABLE_ROW) + SPARE_ROWS,
    );
    const made = [];
    for (let row = first; row < last; row++) made.push(this.rowOf(row));
    this.body.replaceChildren(...made);
  }

  /** The selected entry is another one: it can be seen. */
  follow() {
    if (!this.isShown) return;
    const { rows, selected } = this.app;
    const y = rows.row(selected) * TABLE_ROW;
    const { scrollTop, clientHeight } = this.element;
    if (y < scrollTop) this.element.scrollTop = y;
    else if (y > scrollTop + clientHeight - 3 * TABLE_ROW) {
      this.element.scrollTop = y - clientHeight + 3 * TABLE_ROW;
    }
    this.fill();
    this.element.setAttribute("aria-activedescendant", `row-${selected}`);
  }
}
