/**
 * What every interface that a driver queries begins with: its size, its version, and the references to it
 * (kmcl.md N4, N7).
 *
 * @module
 */

import type { EarlierCall } from "../actors/runtime/violation_details.ts";
import type { RuntimePort } from "../actors/runtime/runtime_port.ts";
import { copyMembers } from "../core/structures.ts";
import { type Kmcl, refuseWhereRefused } from "./resolve.ts";

/** Who calls functions by a table. */
export interface Caller {
  /** The fabric. */
  readonly runtime: RuntimePort;
  /** Stands on the trace for the partition whose drivers have the table. */
  readonly traceId: number;
}

// Set once by the class below: the only ways to count the references of a context, and to find its
// owner.
let count: (context: InterfaceContext, by: 1 | -1) => boolean;
let callerBehind: (context: object) => Caller | null;

/** The context of one interface. It is opaque: a driver hands it to the interface's own two functions. */
export class InterfaceContext {
  /** References that were not given back; the query took the first. */
  #references = 1;
  readonly #caller: Caller;

  /** The context of an interface that the drivers of `caller` have. */
  constructor(caller: Caller) {
    this.#caller = caller;
  }

  static {
    callerBehind = (context) => #caller in context ? context.#caller : null;
    count = (context, by) => {
      if (context.#references === 0) return false;
      context.#references += by;
      return true;
    };
  }
}

/** The head of a table. @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/wdm/ns-wdm-_interface | INTERFACE} */
export interface INTERFACE {
  /** Bytes that the whole table has on a 64-bit machine. */
  readonly Size: number;
  /** Its version. */
  readonly Version: number;
  /** What its two functions below take. */
  readonly Context: InterfaceContext;
  /**
   * Takes one more reference to the interface; the query took the first.
   *
   * Violations: a context of another interface; an interface without references.
   */
  InterfaceReference(context: InterfaceContext): void;
  /**
   * Gives a reference back, as a driver does when it is torn down. An interface that is still referenced
   * at the end is not a leak, and its functions work on without references.
   *
   * Violations: as for InterfaceReference.
   */
  InterfaceDereference(context: InterfaceContext): void;
}

/** Who queried `table`; null for anything but a table or a copy of one. */
export function callerOfTable(table: unknown): Caller | null {
  const context = copyMembers(table, ["Context"])?.Context;
  return typeof context === "object" && context !== null ? callerBehind(context) : null;
}

/** The head of a table that was just queried by the drivers of `caller`: it has one reference. */
export function makeInterface(
  kmcl: Kmcl,
  caller: Caller,
  size: number,
  version: number,
): INTERFACE {
  const context = new InterfaceContext(caller);
  Object.freeze(context);
  let last: EarlierCall | null = null;
  const change = (call: string, by: 1 | -1, given: InterfaceContext) => {
    refuseWhereRefused(kmcl);
    const { verifier } = kmcl.runtime;
    if (given !== context) {
      return verifier.report("invalid argument", call, "the context is not that of the interface");
    }
    if (count(context, by)) {
      if (by === -1) last = verifier.earlier(call);
      return;
    }
    const rule = "Reference or Dereference of an interface that nobody references";
    verifier.report(rule, call, "its last reference was given back before", { first: last });
  };
  return {
    Size: size,
    Version: version,
    Context: context,
    InterfaceReference: (given) => change("InterfaceReference", 1, given),
    InterfaceDereference: (given) => change("InterfaceDereference", -1, given),
  };
}
