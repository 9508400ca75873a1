/**
 * Layouts that differ: by the value of a field that comes first, or by how many bytes there are.
 *
 * @module
 */

import type { ChoiceType } from "./choices.ts";
import { type Definition, type Growing, Layout, type RecordOf, Struct } from "./layout.ts";
import type { Damage, Values } from "./type.ts";

/** A form of something that has one size: its bytes, what comes before it included, and its fields. */
export type SizedForm = readonly [byteCount: number, definition: Definition];

/** What follows the head for one value of the tag: one form, or several that their sizes tell apart. */
export type Body = SizedForm | { readonly bySize: readonly SizedForm[] };

/** What follows the head, for each value of the tag. */
export type Bodies = { readonly [tag: string]: Body };

/** What one of several forms is as a record. */
export type FormRecord<F> = F extends readonly [number, infer D extends Definition] ? RecordOf<D>
  : F extends { readonly bySize: readonly (infer S)[] } ? FormRecord<S>
  : never;

/** Members of several records as one. */
export type Joined<R> = { readonly [Name in keyof R]: R[Name] };

/** A head, and what follows it, as a record: for each value of the tag another one. */
export type TaggedRecord<H extends Definition, Tag extends keyof H, B extends Bodies> = {
  [Name in keyof B & string]: FormRecord<B[Name]> extends infer R
    ? R extends unknown ? Joined<Omit<RecordOf<H>, Tag> & { readonly [T in Tag]: Name } & R>
    : never
    : never;
}[keyof B & string];

/** Names of the fields of `layout` that records have values for. */
function valueNames({ list }: Struct<Definition>): string[] {
  return list.filter(({ type }) => !type.isSilent).map(({ name }) => name);
}

/** Forms of one thing that their sizes tell apart, the longest first. */
export class SizedLayout<T> extends Layout<T> {
  /** Always `"bySize"`. */
  readonly kind = "bySize";
  /** Its name. */
  readonly name: string;
  /** Bytes of the shortest form. */
  readonly byteCount: number;
  /** They differ. */
  readonly isFixed = false;
  /** The forms, the longest first. */
  readonly forms: readonly Struct<Definition>[];

  /** The forms of `name`, which begin at `start`. */
  constructor(name: string, start: number, forms: readonly SizedForm[]) {
    super();
    this.name = name;
    this.forms = forms.map(([byteCount, fields]) => new Struct(name, start, byteCount, fields));
    this.byteCount = this.forms.at(-1)?.byteCount ?? 0;
    this.forms.forEach((form, place) => {
      const longer = this.forms[place - 1];
      if (longer === undefined || longer.byteCount > form.byteCount) return;
      throw new RangeError(`Cannot lay out ${name}: its forms must be listed from the longest on`);
    });
  }

  /** The longest form that `byteCount` bytes hold; where they hold no form, the shortest. */
  formOf(byteCount: number): Struct<Definition> {
    return this.forms.find((form) => form.byteCount <= byteCount) ?? this.forms.at(-1)!;
  }

  /** See {@linkcode Layout.readInto}. */
  readInto(view: DataView, base: number, end: number, record: Growing): Damage | null {
    return this.formOf(end - base).readInto(view, base, end, record);
  }

  /** See {@linkcode Layout.writeFrom}. */
  writeFrom(view: DataView, base: number, record: Values): void {
    this.#formFor(record).writeFrom(view, base, record);
  }

  /** See {@linkcode Layout.sizeOfRecord}. */
  sizeOfRecord(record: Values): number {
    return this.#formFor(record).sizeOfRecord(record);
  }

  /** The longest form of which `record` has all fields; where it lacks some of each, the shortest, which says which. */
  #formFor(record: Values): Struct<Definition> {
    const isWhole = (form: Struct<Definition>) =>
      valueNames(form).every((name) => record[name] !== undefined);
    return this.forms.find(isWhole) ?? this.forms.at(-1)!;
  }
}

/** A head, one of whose fields says what follows it. */
export class TaggedLayout<T> extends Layout<T> {
  /** Always `"byField"`. */
  readonly kind = "byField";
  /** Its name. */
  readonly name: string;
  /** See {@linkcode Type.byteCount}. */
  readonly byteCount: number;
  /** They differ. */
  readonly isFixed = false;
  /** What comes first. */
  readonly head: Struct<Definition>;
  /** The field of the head that says what follows. */
  readonly tag: string;
  /** What follows, for each value of the tag. */
  readonly bodies: ReadonlyMap<string, Struct<Definition> | SizedLayout<unknown>>;

  /** A `head` that is followed by one of `bodies`. */
  constructor(name: string, tag: string, head: Definition, bodies: Bodies) {
    super();
    this.name = name;
    this.tag = tag;
    const headBytes = Math.max(
      ...Object.values(head).map(([offset, { byteCount }]) => offset + byteCount),
    );
    this.head = new Struct(name, 0, headBytes, head);
    this.byteCount = headBytes;
    const names = Object.keys((head[tag]?.[1] as Partial<ChoiceType<string>>)?.names ?? {});
    if (names.toSorted().join() !== Object.keys(bodies).toSorted().join()) {
      throw new RangeError(
        `Cannot lay out ${name}: each ${tag}, and nothing else, must have a body`,
      );
    }
    this.bodies = new Map(
      Object.entries(bodies).map(([value, body]) => [
        value,
        "bySize" in body
          ? new SizedLayout(value, headBytes, body.bySize)
          : new Struct(value, headBytes, ...body),
      ]),
    );
  }

  /** See {@linkcode Layout.readInto}. */
  readInto(view: DataView, base: number, end: number, record: Growing): Damage | null {
    return this.head.readInto(view, base, end, record) ??
      this.bodies.get(record[this.tag] as string)!.readInto(view, base, end, record);
  }

  /** See {@linkcode Layout.writeFrom}. */
  writeFrom(view: DataView, base: number, record: Values): void {
    this.head.writeFrom(view, base, record);
    this.#bodyFor(record).writeFrom(view, base, record);
  }

  /** See {@linkcode Layout.sizeOfRecord}. */
  sizeOfRecord(record: Values): number {
    return this.#bodyFor(record).sizeOfRecord(record);
  }

  #bodyFor(record: Values): Struct<Definition> | SizedLayout<unknown> {
    const body = this.bodies.get(record[this.tag] as string);
    if (body === undefined) {
      throw new RangeError(`Cannot encode ${this.form}: no form has such a ${this.tag}`);
    }
    return body;
  }
}

/** Forms of one thing that their sizes tell apart, listed from the longest on. */
export function bySize<const F extends readonly SizedForm[]>(
  name: string,
  forms: F,
): SizedLayout<FormRecord<F[number]>> {
  return new SizedLayout(name, 0, forms);
}

/** A head whose field `tag`, one of several names, says by which of `bodies` it is followed. */
export function byField<
  const H extends Definition,
  const Tag extends keyof H & string,
  const B extends { readonly [Name in TagNames<H[Tag][1]>]: Body },
>(name: string, tag: Tag, head: H, bodies: B): TaggedLayout<TaggedRecord<H, Tag, B>> {
  return new TaggedLayout(name, tag, head, bodies);
}

/** The names that a tag may have. */
export type TagNames<X> = X extends ChoiceType<infer Name extends string> ? Name : string;
