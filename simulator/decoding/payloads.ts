/**
 * Payloads field by field, in the words of the drivers that say them.
 *
 * @module
 */

import { parseGuid } from "../../core/guid.ts";
import {
  Damage,
  type DecodedField,
  type DecodedFields,
  fieldsOf,
  type Layout,
  type TaggedLayout,
} from "../../core/layout/mod.ts";

/**
 * How payloads of a scenario read: all those that the members which are given fit. Nobody but who looks at a run
 * reads by it.
 */
export interface ScenarioPayload {
  /** Payloads on channels of this interface type, a GUID. Default: on all. */
  readonly interfaceType?: string;
  /** Payloads that go this way. Default: both. */
  readonly direction?: "toHost" | "toGuest";
  /** Whether it is completions that have them (true) or packets (false). Default: both. */
  readonly isAnswer?: boolean;
  /**
   * Completions of those requests alone whose tag, the field that says which of its forms a layout has, is this name. Whose
   * request nobody has seen has no such payload. Default: of all.
   */
  readonly answerTo?: string;
  /** How they lie in bytes. What is longer than the layout has bytes of its own behind it. */
  readonly layout: Layout<unknown>;
  /**
   * What lies in fields that are bytes to the layout, by their names. Where all are 0 there is nothing; but a layout whose tag
   * may be 0 reads them, too.
   */
  readonly inside?: Readonly<Record<string, Layout<unknown>>>;
}

/** Where a payload was seen. */
export interface PayloadPlace {
  /** The interface type of its channel; null: the channel has none by now. */
  readonly interfaceType: string | null;
  /** Which way it goes; null: nobody knows. */
  readonly direction: "toHost" | "toGuest" | null;
  /** Whether a completion has it. */
  readonly isAnswer: boolean;
  /** The channel and the transaction on it, in a text that a request and its completion have in common. */
  readonly transaction: string;
}

/** A payload, field by field. */
export interface DecodedPayload extends DecodedFields {
  /** In a few words: `storage request: executeSrb, read10`. */
  readonly title: string;
}

/** Requests that are remembered. */
const ASKED_MAX = 65_536;

/** The layout as one with a tag; null: it has none. */
function taggedOf(layout: Layout<unknown>): TaggedLayout<unknown> | null {
  const tagged = layout as TaggedLayout<unknown>;
  return tagged.kind === "byField" ? tagged : null;
}

/** The name that the tag of `layout` has in `bytes`; null: it has none, or the layout has no tag. */
function tagIn(layout: Layout<unknown>, bytes: Uint8Array): string | null {
  const tagged = taggedOf(layout);
  const head = tagged?.head.decode(bytes);
  if (!tagged || head === undefined || head instanceof Damage) return null;
  return String((head as Readonly<Record<string, unknown>>)[tagged.tag]);
}

/** Reads payloads one after the other: what answers a request, the request decides. */
export class PayloadReader {
  /** Each with its interface type as places have it, in lower case; null: all are meant. */
  readonly #payloads: readonly {
    readonly type: string | null;
    readonly payload: ScenarioPayload;
  }[];
  /** What requests asked for, by transaction and way. */
  readonly #asked = new Map<string, string>();

  /** Reads what `payloads` say; the first that fits counts. */
  constructor(payloads: readonly ScenarioPayload[]) {
    this.#payloads = payloads.map((payload) => ({
      type: payload.interfaceType === undefined ? null : parseGuid(payload.interfaceType),
      payload,
    }));
  }

  /**
   * The fields of a payload, the first byte of which lies at offset `start` of whatever it is a part of; null: nobody says how
   * it reads. It never throws.
   */
  read(place: PayloadPlace, bytes: Uint8Array, start = 0): DecodedPayload | null {
    const { isAnswer, direction, transaction } = place;
    const asker = direction !== null && isAnswer
      ? direction === "toHost" ? "toGuest" : "toHost"
      : direction;
    const key = `${transaction} ${asker}`;
    const payload = this.#find(place, isAnswer ? this.#asked.get(key) ?? null : null, bytes);
    if (payload === null) return null;
    const { layout, inside = {} } = payload;
    const tag = tagIn(layout, bytes);
    if (!isAnswer && tag !== null) {
      if (this.#asked.size >= ASKED_MAX) this.#asked.clear();
      this.#asked.set(key, tag);
    }
    const { fields, byteCount, damage } = fieldsOf(layout, bytes, start);
    const words = tag === null ? [] : [tag];
    const shown = fields.map((field) => withInside(field, inside, words));
    const said = words.length === 0 ? "" : `: ${words.join(", ")}`;
    return { title: `${layout.name}${said}`, fields: shown, byteCount, damage };
  }

  #find(place: PayloadPlace, asked: string | null, bytes: Uint8Array): ScenarioPayload | null {
    const fitting = this.#payloads.filter(({ type, payload }) =>
      (type === null || type === place.interfaceType) &&
      (payload.direction ?? place.direction) === (place.direction ?? payload.direction ?? null) &&
      (payload.isAnswer ?? place.isAnswer) === place.isAnswer &&
      (payload.answerTo === undefined || payload.answerTo === asked)
    ).map(({ payload }) => payload);
    // Where nobody knows which way it goes, the bytes say it.
    const fits = ({ layout }: ScenarioPayload) => !(layout.decode(bytes) instanceof Damage);
    const said = place.direction === null && fitting.length > 1 ? fitting.find(fits) : undefined;
    return said ?? fitting[0] ?? null;
  }
}

/** A field with what lies in it, where that is known; its name is added to `words`. */
function withInside(
  field: DecodedField,
  inside: Readonly<Record<string, Layout<unknown>>>,
  words: string[],
): DecodedField {
  const layout = Object.hasOwn(inside, field.name) ? inside[field.name] : undefined;
  if (layout === undefined || typeof field.value !== "string") return field;
  const bytes = Uint8Array.fromHex(field.value);
  const tag = tagIn(layout, bytes);
  if (taggedOf(layout) === null && bytes.every((byte) => byte === 0)) return field;
  if (tag !== null) words.push(tag);
  const { fields, damage } = fieldsOf(layout, bytes, field.offset);
  const more = damage === null ? [] : [damagedField(damage)];
  return { ...field, value: null, text: layout.name, fields: [...fields, ...more] };
}

/** What is wrong with some of a device's bytes, as the last of their fields. */
export function damagedField(
  { offset, reason }: NonNullable<DecodedFields["damage"]>,
): DecodedField {
  return { name: "damaged", offset, byteCount: 0, value: null, text: reason };
}
