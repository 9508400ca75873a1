/**
 * What `inspect()` shows of a run, kept as changes.
 *
 * @module
 */

import type { RecordedStates, StatePath } from "./recording.ts";

/** The value that stands for nothing: an endpoint that is gone has no values. */
const NOTHING = 0;

/** Of a list so many elements are kept: one that is long and changes often would be kept as often. */
const ELEMENTS_MAX = 8;

/** A list, of which there is as much as is kept. */
function shortened(list: readonly unknown[]): readonly unknown[] {
  const left = list.length - ELEMENTS_MAX;
  return left <= 0 ? list : [...list.slice(0, ELEMENTS_MAX), `and ${left} more`];
}

/** A value that is kept as it is; a list is one value. */
function isLeaf(value: unknown): boolean {
  return typeof value !== "object" || value === null || Array.isArray(value);
}

/** The name of a state of a chart: `opened.flow.running`, of parallel ones with `+` between them. */
function chartText(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  return Object.entries(value).map(([name, inner]) => {
    const rest = chartText(inner);
    return rest === "" ? name : `${name}.${rest}`;
  }).join(" + ");
}

/** Takes down what changes from look to look. */
export class StateRecorder {
  readonly #paths: StatePath[] = [];
  readonly #values: string[] = [""];
  readonly #valueIds = new Map<unknown, number>();
  /** For each of those that have values: the paths by name. */
  readonly #pathIds = new Map<string, Map<string, number>>();
  /** The latest value of each path. */
  readonly #latest: number[] = [];
  readonly #at: number[] = [];
  readonly #path: number[] = [];
  readonly #value: number[] = [];

  /** What `value` shows of `of` after entry `at`. */
  look(at: number, of: string, value: object): void {
    let ids = this.#pathIds.get(of);
    if (ids === undefined) this.#pathIds.set(of, ids = new Map());
    const seen = new Set<number>();
    this.#walk(at, of, "", value, ids, seen);
    if (seen.size === ids.size) return;
    for (const id of ids.values()) if (!seen.has(id)) this.#set(at, id, NOTHING);
  }

  /** Nothing is left of those that are not among `living`. */
  keepOnly(at: number, living: ReadonlySet<string>): void {
    for (const [of, ids] of this.#pathIds) {
      if (living.has(of)) continue;
      for (const id of ids.values()) this.#set(at, id, NOTHING);
    }
  }

  #walk(
    at: number,
    of: string,
    prefix: string,
    value: object,
    ids: Map<string, number>,
    seen: Set<number>,
  ): void {
    for (const key of Object.keys(value)) {
      const inner: unknown = value[key as keyof typeof value];
      const name = prefix + key;
      if (key !== "chart" && !isLeaf(inner)) {
        this.#walk(at, of, `${name}.`, inner as object, ids, seen);
        continue;
      }
      let id = ids.get(name);
      if (id === undefined) {
        id = this.#paths.push({ of, name }) - 1;
        ids.set(name, id);
        this.#latest.push(NOTHING);
      }
      seen.add(id);
      this.#set(at, id, this.#valueId(key === "chart" ? chartText(inner) : inner));
    }
  }

  #valueId(value: unknown): number {
    // A list is another object each time: its text tells it apart. No text begins with a zero.
    const list = Array.isArray(value) ? JSON.stringify(shortened(value)) : null;
    const key = list === null ? value : `\0${list}`;
    const known = this.#valueIds.get(key);
    if (known !== undefined) return known;
    const id = this.#values.push(list ?? JSON.stringify(value)) - 1;
    this.#valueIds.set(key, id);
    return id;
  }

  #set(at: number, path: number, value: number): void {
    if (this.#latest[path] === value) return;
    this.#latest[path] = value;
    this.#at.push(Math.max(at, 0));
    this.#path.push(path);
    this.#value.push(value);
  }

  /** All of it. */
  get states(): RecordedStates {
    return {
      paths: this.#paths,
      values: this.#values,
      at: this.#at,
      path: this.#path,
      value: this.#value,
    };
  }
}
