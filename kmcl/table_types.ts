/**
 * What ties the functions to the signatures that drivers see in the tables. These are types alone: where
 * a function and its signature differ in anything, `deno check` fails and names the function.
 *
 * @module
 */

import type { Kmcl } from "./resolve.ts";

/** Any function of a table, before the table binds its first argument. */
export type Method = (kmcl: Kmcl, ...given: never[]) => unknown;

/** A function of a table, as its driver calls it. */
export type TableFunction = (...given: never[]) => unknown;

/** The function behind a signature. */
type Behind<Signature> = Signature extends (...given: infer Given) => infer Result
  ? (kmcl: Kmcl, ...given: Given) => Result
  : never;

/** Functions in the order of `Names`, each in an object of its own under its name. */
export type Slots<Names extends readonly (keyof Table)[], Table> = {
  readonly [At in keyof Names]: { readonly [Name in Names[At]]: Behind<Table[Name]> };
};

/** Whether two types are the same: one that is merely assignable to the other is not. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;

/** The function that has `Name` among `Functions`. */
type Named<Functions extends readonly unknown[], Name extends PropertyKey> = Extract<
  Functions[number],
  { readonly [Key in Name]: unknown }
>[Name];

/**
 * The names in `Table` for which `Functions` has no function, or one whose parameters or result are not
 * those of the signature: one more or less, one that is optional in one place alone, a wider or a
 * narrower type.
 */
export type Untied<Functions extends readonly unknown[], Table> = {
  [Name in keyof Table]: Same<Named<Functions, Name>, Behind<Table[Name]>> extends true ? never
    : Name;
}[keyof Table];

/** `Signatures`, where none of them is untied: `deno check` names those that are. */
export type Tied<Signatures, _Untied extends never> = Signatures;
