/**
 * Where in a YAML text something stands.
 *
 * @module
 */

import { type Document, isMap, isNode, isPair, isSeq, type LineCounter, type Node } from "yaml";

/** Names of members and places in lists, from the whole on. */
export type Path = readonly (string | number)[];

/** A place in a text. Both count from 1. */
export interface Position {
  /** The line. */
  readonly line: number;
  /** The column. */
  readonly column: number;
}

/** Finds what has a path in one document. */
export class Positions {
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;

  /** The places of what is in `document`, whose lines `lines` counted. */
  constructor(document: Document.Parsed, lines: LineCounter) {
    this.#document = document;
    this.#lines = lines;
  }

  /** The place of an offset in the text. */
  at(offset: number): Position {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }

  /** Where the value at `path` begins; where there is none, that of what it ought to stand in. */
  ofValue(path: Path): Position {
    for (let length = path.length; length >= 0; length--) {
      const node = this.#node(path.slice(0, length));
      if (node?.range) return this.at(node.range[0]);
    }
    return this.at(0);
  }

  /** Where the key at the end of `path` begins. */
  ofKey(path: Path): Position {
    const inside = this.#node(path.slice(0, -1));
    const key = path.at(-1);
    if (isMap(inside)) {
      for (const pair of inside.items) {
        if (!isPair(pair) || !isNode(pair.key)) continue;
        if (String(pair.key) === String(key) && pair.key.range) return this.at(pair.key.range[0]);
      }
    }
    return this.ofValue(path);
  }

  #node(path: Path): Node | null {
    let node: unknown = this.#document.contents;
    for (const step of path) {
      if (isMap(node)) node = node.get(step, true);
      else if (isSeq(node)) node = node.get(step, true);
      else return null;
    }
    return isNode(node) ? node : null;
  }
}
