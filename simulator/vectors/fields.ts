/**
 * Readers of the fields of a vector: each checks one form, and a wrong value becomes an error that
 * names the case, the field, what it should be and what it is.
 *
 * @module
 */

import { hexToBytes } from "@noble/hashes/utils.js";
import { type JsonNode, TextError } from "./json_text.ts";

/** Where a value stands: the text for its position, the path for the reader of the error. */
export interface Place {
  /** The whole text that is parsed. */
  readonly text: string;
  /** Such as `case "read-one", operations[2].hex`. */
  readonly path: string;
}

/** The error that says that `node` is not what `wanted` describes. */
export function wrongField(node: JsonNode, place: Place, wanted: string): TextError {
  return new TextError(
    `${place.path}: expected ${wanted}, got ${describe(node)}`,
    place.text,
    node.at,
  );
}

/** A short form of the value for an error. */
function describe(node: JsonNode): string {
  switch (node.kind) {
    case "object":
      return `an object with ${[...node.members.keys()].join(", ") || "no members"}`;
    case "array":
      return `an array of ${node.items.length}`;
    case "null":
      return "null";
    case "string":
      return JSON.stringify(node.value.length > 40 ? `${node.value.slice(0, 40)}…` : node.value);
    default:
      return String(node.value);
  }
}

/** The members of an object. Takes them one by one; what is left at the end is an error. */
export class Fields {
  /** Where the object stands. */
  readonly place: Place;
  readonly #node: JsonNode;
  readonly #members: ReadonlyMap<string, JsonNode>;
  readonly #taken = new Set<string>();

  /**
   * Opens the object at `node`.
   *
   * @throws {TextError} `node` is no object.
   */
  constructor(node: JsonNode, place: Place) {
    if (node.kind !== "object") throw wrongField(node, place, "an object");
    this.#node = node;
    this.#members = node.members;
    this.place = place;
  }

  /** The error that says that the object as a whole is not what `wanted` describes. */
  wrong(wanted: string): TextError {
    return wrongField(this.#node, this.place, wanted);
  }

  /** Whether the object has this member. */
  has(name: string): boolean {
    return this.#members.has(name);
  }

  /** The path of a member. */
  placeOf(name: string): Place {
    // The path begins with the case: `case "n", initial.readIndex`.
    const dot = this.place.path.endsWith('"') ? ", " : ".";
    return { text: this.place.text, path: `${this.place.path}${dot}${name}` };
  }

  /**
   * The member with this name.
   *
   * @throws {TextError} There is none.
   */
  take(name: string): JsonNode {
    const node = this.#members.get(name);
    if (node === undefined) throw this.wrong(`the field "${name}"`);
    this.#taken.add(name);
    return node;
  }

  /** A whole number from `min` to `max`. */
  int(name: string, max: number, min = 0): number {
    const node = this.take(name);
    if (
      node.kind !== "number" || !Number.isInteger(node.value) || node.value < min ||
      node.value > max
    ) {
      throw wrongField(node, this.placeOf(name), `a whole number from ${min} to ${max}`);
    }
    return node.value;
  }

  /** A whole number that a u32 holds. */
  u32(name: string): number {
    return this.int(name, 0xffff_ffff);
  }

  /** True or false. */
  boolean(name: string): boolean {
    const node = this.take(name);
    if (node.kind !== "boolean") throw wrongField(node, this.placeOf(name), "true or false");
    return node.value;
  }

  /** Any text. */
  string(name: string): string {
    const node = this.take(name);
    if (node.kind !== "string") throw wrongField(node, this.placeOf(name), "a string");
    return node.value;
  }

  /** One of a few texts. */
  choice<Choice extends string>(name: string, choices: readonly Choice[]): Choice {
    const node = this.take(name);
    const found = choices.find((choice) => node.kind === "string" && node.value === choice);
    if (found === undefined) throw wrongField(node, this.placeOf(name), oneOf(choices));
    return found;
  }

  /** One of a few numbers. */
  numberChoice(name: string, choices: readonly number[]): number {
    const node = this.take(name);
    if (node.kind !== "number" || !choices.includes(node.value)) {
      throw wrongField(node, this.placeOf(name), oneOf(choices));
    }
    return node.value;
  }

  /** Bytes as pairs of hexadecimal digits; `bytes` of them where that is given. */
  hex(name: string, bytes?: number): Uint8Array {
    const node = this.take(name);
    const isHex = node.kind === "string" && /^(?:[0-9a-fA-F]{2})*$/.test(node.value);
    if (!isHex || (bytes !== undefined && node.value.length !== 2 * bytes)) {
      const count = bytes === undefined ? "pairs of" : `${2 * bytes}`;
      throw wrongField(node, this.placeOf(name), `${count} hexadecimal digits`);
    }
    return hexToBytes(node.value);
  }

  /** A u64 as a string of decimal digits. */
  u64(name: string): bigint {
    return u64Of(this.take(name), this.placeOf(name));
  }

  /** An array, each item read by `read`. */
  list<Item>(name: string, read: (node: JsonNode, place: Place) => Item): Item[] {
    return listOf(this.take(name), this.placeOf(name), read);
  }

  /**
   * Ends the reading.
   *
   * @throws {TextError} The object has members that nobody took.
   */
  end(): void {
    for (const [name, node] of this.#members) {
      if (this.#taken.has(name)) continue;
      const known = [...this.#taken].join(", ");
      throw new TextError(
        `${this.placeOf(name).path}: expected no such field here, only ${known}`,
        this.place.text,
        node.at,
      );
    }
  }
}

/** The items of an array, each read by `read`. */
export function listOf<Item>(
  node: JsonNode,
  place: Place,
  read: (node: JsonNode, place: Place) => Item,
): Item[] {
  if (node.kind !== "array") throw wrongField(node, place, "an array");
  return node.items.map((item, index) =>
    read(item, { text: place.text, path: `${place.path}[${index}]` })
  );
}

/** A u64 as a string of decimal digits. */
export function u64Of(node: JsonNode, place: Place): bigint {
  if (node.kind === "string" && /^[0-9]{1,20}$/.test(node.value)) {
    const value = BigInt(node.value);
    if (value < 1n << 64n) return value;
  }
  throw wrongField(node, place, "a string of decimal digits below 2^64");
}

function oneOf(choices: readonly (string | number)[]): string {
  return `one of ${choices.map((choice) => JSON.stringify(choice)).join(", ")}`;
}
