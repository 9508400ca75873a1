/**
 * Schemas of what is saved: each says once how something is written down. From it follow the TypeScript
 * type, the writer, the reader, which takes nothing in a file on trust, and the table in
 * docs/saved-state.md. A field is one line: its name, its form, and what it means.
 *
 * ```
 * const SEAT = record({
 *   row: [uint(40, 1), "counted from the stage"],
 *   name: [optional(text), "whose it is; nil while it is free"],
 * }, {
 *   "the first row is nobody's": ({ row, name }) => row > 1 || name === null,
 * });
 * type Seat = SchemaType<typeof SEAT>; // { readonly row: number; readonly name: string | null }
 * ```
 *
 * @module
 */

import { throwDataError } from "./fault.ts";
import { isRecord, type PlainData } from "./plain_data.ts";

/** Where a value stands in what was saved: put into words only where something is wrong with it. */
export type Where = () => string;

/** How one value is saved. */
export interface Schema<T> {
  /** What it is, in words that documents and refusals share: `a u32`. */
  readonly form: string;
  /** The fields of a record; none of anything else. */
  readonly fields: Fields;
  /** What a list or an optional value holds. */
  readonly member: Schema<unknown> | null;
  /** What must hold of its fields together, in words, where it is a record. */
  readonly refusals: readonly string[];
  /** Whether a record leaves its field out where the value is null. */
  readonly isLeftOut?: boolean;
  /** `value` as it is saved. */
  save(value: T): PlainData;
  /** The value that was saved as `data`; throws a SavedStateFault where none was. */
  read(data: PlainData, where: Where): T;
}

/** The fields of a record: the form of each, and what it means. */
export type Fields = {
  readonly [key: string]: readonly [schema: Schema<unknown>, meaning: string];
};

/** What a schema reads and writes. */
export type SchemaType<S> = S extends Schema<infer T> ? T : never;

/** What a record of `F` is. */
export type RecordOf<F extends Fields> = { readonly [Key in keyof F]: SchemaType<F[Key][0]> };

/** What must hold of something that was saved, each by what is wrong where it does not. */
export type Rules<T> = { readonly [refusal: string]: (value: T) => boolean };

/** Throws a SavedStateFault where one of `rules` does not hold of `value`. */
export function checkRules<T>(rules: Rules<T>, value: T, where: Where): void {
  for (const [refusal, holds] of Object.entries(rules)) {
    if (!holds(value)) throwDataError(`${where()}: ${refusal}`);
  }
}

/** The rules of a part, for something that has such a part. */
export function rulesOf<Whole, Part>(
  rules: Rules<Part>,
  part: (whole: Whole) => Part,
): Rules<Whole> {
  return Object.fromEntries(
    Object.entries(rules).map((
      [refusal, holds],
    ) => [refusal, (whole: Whole) => holds(part(whole))]),
  );
}

/**
 * A value that is saved in a form of its own. `read` answers undefined for data that is not of that form.
 */
export function coded<T>(
  form: string,
  save: (value: T) => PlainData,
  read: (data: PlainData) => T | undefined,
): Schema<T> {
  return {
    form,
    fields: {},
    member: null,
    refusals: [],
    save,
    read: (data, where) => {
      const value = read(data);
      return value === undefined ? throwDataError(`${where()} is not ${form}`) : value;
    },
  };
}

/** A value that is saved as it is, where `isOne` says so of it. */
export function plain<T extends PlainData>(
  form: string,
  isOne: (data: PlainData) => data is T,
): Schema<T> {
  return coded<T>(form, (value) => value, (data) => isOne(data) ? data : undefined);
}

/**
 * What `schema` reads and writes, made into something else. `read` answers undefined where nothing can be
 * made of it, which is what `refusal` says.
 */
export function mapped<Saved, T>(
  schema: Schema<Saved>,
  save: (value: T) => Saved,
  read: (saved: Saved) => T | undefined,
  refusal: string,
): Schema<T> {
  return {
    ...schema,
    refusals: [...schema.refusals, refusal],
    save: (value) => schema.save(save(value)),
    read: (data, where) =>
      read(schema.read(data, where)) ?? throwDataError(`${where()}: ${refusal}`),
  };
}

/** What `schema` reads and writes, or null. */
export function optional<T>(schema: Schema<T>): Schema<T | null> {
  return {
    form: `nil or ${schema.form}`,
    fields: {},
    member: schema,
    refusals: [],
    save: (value) => value === null ? null : schema.save(value),
    read: (data, where) => data === null ? null : schema.read(data, where),
  };
}

/**
 * What `schema` reads and writes, or null, for which a record has no field: what is saved without it is byte for
 * byte what it was before there was such a field.
 */
export function omissible<T>(schema: Schema<T>): Schema<T | null> {
  return {
    form: `left out or ${schema.form}`,
    fields: {},
    member: schema,
    refusals: [],
    isLeftOut: true,
    save: (value) => value === null ? null : schema.save(value),
    read: (data, where) => schema.read(data, where),
  };
}

/** Any number of what `schema` reads and writes. */
export function list<T>(schema: Schema<T>): Schema<readonly T[]> {
  const form = `a list, each ${schema.form}`;
  return {
    form,
    fields: {},
    member: schema,
    refusals: [],
    save: (values) => values.map((value) => schema.save(value)),
    read: (data, where) => {
      if (!Array.isArray(data)) throwDataError(`${where()} is not ${form}`);
      return data.map((member, at) => schema.read(member, () => `${where()} ${at}`));
    },
  };
}

/** A schema under a name of its own, which documents describe once. */
export function named<S extends Schema<unknown>>(form: string, schema: S): S {
  return { ...schema, form };
}

/** Exactly `fields`, of which `rules` hold together. */
export function record<F extends Fields>(
  fields: F,
  rules: Rules<RecordOf<F>> = {},
): Schema<RecordOf<F>> & { readonly fields: F } {
  const schemas = Object.entries(fields).map(([key, [schema]]) => [key, schema] as const);
  return {
    form: "a record",
    fields,
    member: null,
    refusals: Object.keys(rules),
    save: (value) =>
      Object.fromEntries(
        schemas.filter(([key, { isLeftOut }]) => isLeftOut !== true || value[key] !== null)
          .map(([key, schema]) => [key, schema.save(value[key])]),
      ),
    read: (data, where) => {
      if (!isRecord(data)) throwDataError(`${where()} is not a record`);
      const unknown = Object.keys(data).find((key) => !Object.hasOwn(fields, key));
      if (unknown !== undefined) {
        throwDataError(`${where()} has a field ${unknown}, which is unknown`);
      }
      const value = Object.fromEntries(schemas.map(([key, schema]) => {
        if (!Object.hasOwn(data, key)) {
          return schema.isLeftOut === true
            ? [key, null]
            : throwDataError(`${where()} has no ${key}`);
        }
        return [key, schema.read(data[key]!, () => `${where()}, ${key}`)];
      })) as RecordOf<F>;
      checkRules(rules, value, where);
      return value;
    },
  };
}
