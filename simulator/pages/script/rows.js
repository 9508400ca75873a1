/** Which entries are shown, and where: a row for each. */

/** Marks of entries, as bits. */
export const SWITCH = 1;
export const FAULT = 2;
export const FINDING = 4;

/** The shown entries of a run. */
export class Rows {
  constructor(head, columns) {
    this.head = head;
    this.columns = columns;
    /** Entries that are shown, in order. */
    this.shown = new Uint32Array(0);
    /** For each entry its row, or that of the next one that is shown. */
    this.rowOf = new Uint32Array(head.count);
    /** Entries that match what is searched, in order. */
    this.matches = [];
    this.isMatch = new Uint8Array(head.count);
  }

  get count() {
    return this.shown.length;
  }

  /** Which entries have all of these words. */
  search(words, texts) {
    const parts = words.toLowerCase().split(/\s+/).filter((part) => part !== "");
    this.matches = [];
    this.isMatch.fill(0);
    if (parts.length === 0) return;
    const { event, lane } = this.columns;
    const named = this.head.events.map(([name]) => name.toLowerCase());
    const lanes = ["", ...this.head.lanes.map(([name]) => name.toLowerCase())];
    const has = (entry, part) =>
      texts.searched(entry).includes(part) || named[event[entry]].includes(part) ||
      lanes[lane[entry]].includes(part);
    for (let entry = 0; entry < this.head.count; entry++) {
      if (!parts.every((part) => has(entry, part))) continue;
      this.matches.push(entry);
      this.isMatch[entry] = 1;
    }
  }

  /** Shows entries of these groups, of one lane or of all, and matches alone where that is asked for. */
  filter({ groups, lane, onlyMatches }) {
    const { count, events } = this.head;
    const { event, lane: lanes, mark } = this.columns;
    const isShown = events.map(([, group]) => groups.has(group));
    const shown = new Uint32Array(count);
    let rows = 0;
    for (let entry = 0; entry < count; entry++) {
      this.rowOf[entry] = rows;
      const isGood = isShown[event[entry]] && (lane === null || lanes[entry] === lane) ||
        (mark[entry] & (FAULT | FINDING)) !== 0;
      if (!isGood || onlyMatches && this.isMatch[entry] === 0) continue;
      shown[rows++] = entry;
    }
    this.shown = shown.slice(0, rows);
  }

  /** The row of an entry, or of the shown one that is next to it. */
  row(entry) {
    return Math.min(this.rowOf[entry], Math.max(this.count - 1, 0));
  }

  /** The entry of a row; the last one where there is no such row. */
  entry(row) {
    if (this.count === 0) return 0;
    return this.shown[Math.min(Math.max(row, 0), this.count - 1)];
  }

  /** The next of `entries`, which are in order, behind or before an entry; null: there is none. */
  static next(entries, entry, isBack) {
    if (isBack) return entries.findLast((each) => each < entry) ?? null;
    return entries.find((each) => each > entry) ?? null;
  }
}
