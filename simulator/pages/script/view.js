/** Which rows can be seen, and how high each is. */

export const ROW_HEIGHT = 20;
const ROW_HEIGHT_MAX = 40;
/** So high a row has a text. */
export const TEXT_HEIGHT = 13;
/** What is above the rows: names of lanes. */
export const HEAD_HEIGHT = 44;

/** A window over rows. */
export class View {
  constructor() {
    this.rows = 0;
    /** Row at the upper edge, with a fraction. */
    this.top = 0;
    this.rowHeight = ROW_HEIGHT;
    this.width = 300;
    this.height = 300;
  }

  /** Height of what is below the names of lanes. */
  get space() {
    return Math.max(this.height - HEAD_HEIGHT, 1);
  }

  /** Rows that can be seen at a time. */
  get seen() {
    return this.space / this.rowHeight;
  }

  /** The height at which all rows can be seen. */
  get least() {
    return Math.min(this.space / Math.max(this.rows, 1), ROW_HEIGHT_MAX);
  }

  clamp() {
    this.rowHeight = Math.min(Math.max(this.rowHeight, this.least), ROW_HEIGHT_MAX);
    this.top = Math.max(0, Math.min(this.top, this.rows - this.seen));
  }

  /** Where a row begins. */
  y(row) {
    return HEAD_HEIGHT + (row - this.top) * this.rowHeight;
  }

  /** The row at a place. */
  rowAt(y) {
    return this.top + (y - HEAD_HEIGHT) / this.rowHeight;
  }

  /** Moves by a distance. */
  pan(pixels) {
    this.top += pixels / this.rowHeight;
    this.clamp();
  }

  /** Comes nearer, or goes farther; what is at `y` stays there. */
  zoom(factor, y = HEAD_HEIGHT + this.space / 2) {
    const row = this.rowAt(y);
    this.rowHeight *= factor;
    this.rowHeight = Math.min(Math.max(this.rowHeight, this.least), ROW_HEIGHT_MAX);
    this.top = row - (y - HEAD_HEIGHT) / this.rowHeight;
    this.clamp();
  }

  /** Has a row be seen, a little away from the edges. */
  reveal(row) {
    const margin = Math.min(3, this.seen / 4);
    if (row < this.top + margin) this.top = row - margin;
    else if (row > this.top + this.seen - margin - 1) this.top = row - this.seen + margin + 1;
    this.clamp();
  }

  /** Puts a row into the middle. */
  center(row) {
    this.top = row - this.seen / 2;
    this.clamp();
  }
}
