/**
 * What documented functions return: a status that is documented for them, and handles as they must be
 * (kmcl.md section 5, G3).
 *
 * @module
 */

import { isDocumented } from "../coverage/documented_statuses.ts";
import type {
  CheckContext,
  Checker,
  CheckerAtWork,
  ObservationOf,
  ObservedEndpoint,
  Sees,
} from "./checker.ts";
import { statusText, whereIs } from "../endpoints.ts";

/** A checker at work. */
class FunctionsAtWork implements CheckerAtWork {
  readonly #context: CheckContext;
  readonly #handles = new Map<ObservedEndpoint, Set<number>>();
  readonly sees: Sees = {
    functionReturns: (seen) => this.#returns(seen),
    waitReturns: ({ call, endpoint, status }) => {
      if (status !== null) this.#hasStatus(call, endpoint, status);
    },
    ringsAttached: ({ endpoint }) => void this.#handles.delete(endpoint),
  };

  constructor(context: CheckContext) {
    this.#context = context;
  }

  #returns({ call, endpoint, status, result }: ObservationOf<"functionReturns">): void {
    if (status !== null) this.#hasStatus(call, endpoint, status);
    if (!call.startsWith("VmbChannelCreateGpadl") || endpoint === null) return;
    const { gpadlHandle } = result as { readonly gpadlHandle: number | null };
    if (gpadlHandle !== null) this.#hasHandle(call, endpoint, gpadlHandle);
  }

  #hasStatus(call: string, endpoint: ObservedEndpoint | null, status: number): void {
    const name = statusText(status);
    if (isDocumented(call, name)) return;
    const place = endpoint === null ? call : `${call} of ${whereIs(endpoint)}`;
    this.#context.fail("section 5: statuses", place, `${call} returns ${name}`);
  }

  /** Within the life of an open channel: a later one may use them again. */
  #hasHandle(call: string, endpoint: ObservedEndpoint, handle: number): void {
    const known = this.#handles.get(endpoint) ?? new Set();
    this.#handles.set(endpoint, known);
    if (handle !== 0 && !known.has(handle)) return void known.add(handle);
    const why = handle === 0 ? "it is 0" : "it was given before";
    const message = `${call} of ${endpoint.name} gives the handle ${handle}: ${why}`;
    this.#context.fail("G3: GPADL handles", `${call} of ${whereIs(endpoint)}`, message);
  }
}

/** What documented functions return. */
export const functionsChecker: Checker = {
  name: "functions",
  attach: (context) => new FunctionsAtWork(context),
};
