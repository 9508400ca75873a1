/**
 * The page sets of one endpoint: numbers by which both sides know a GPADL, so that a packet can name parts of
 * it (wire.md 2.3, kmcl.md P9).
 *
 * @module
 */

import type { GpaRange } from "../../core/memory/gpa_ranges.ts";
import type { BusPort } from "./bus_port.ts";
import type { EndpointPort } from "./endpoint_port.ts";

/** What page sets need of the endpoint whose they are. */
export interface PageSetEndpoint extends EndpointPort {
  /** The bus that it is on, which knows its GPADLs. */
  readonly end: Pick<BusPort, "gpadls"> | null;
}

/** A number, and the GPADL that it stands for. */
export interface PageSet {
  /** The number: any u16. */
  readonly pageSetId: number;
  /** The GPADL. */
  readonly gpadlHandle: number;
}

/** The page sets that the driver of one endpoint has named. */
export class PageSets {
  readonly #endpoint: PageSetEndpoint;
  /** Made with the first number: hardly any endpoint has one, and an empty map takes 250 bytes. */
  #handles: Map<number, number> | null = null;

  /** No page set yet. */
  constructor(endpoint: PageSetEndpoint) {
    this.#endpoint = endpoint;
  }

  /** All of them, in the order of their naming. */
  get list(): readonly PageSet[] {
    return [...this.#handles ?? []].map(([pageSetId, gpadlHandle]) => ({ pageSetId, gpadlHandle }));
  }

  /** Gives a number to a GPADL; null takes the number back. False where the channel has no such GPADL. */
  name(pageSetId: number, gpadlHandle: number | null): boolean {
    if (gpadlHandle === null) this.#handles?.delete(pageSetId);
    else if (this.#rangesAt(gpadlHandle) === null) return false;
    else (this.#handles ??= new Map()).set(pageSetId, gpadlHandle);
    return true;
  }

  /** The memory that a number stands for: null where it stands for nothing, or its GPADL is gone or going. */
  rangesOf(pageSetId: number): readonly GpaRange[] | null {
    const gpadlHandle = this.#handles?.get(pageSetId);
    return gpadlHandle === undefined ? null : this.#rangesAt(gpadlHandle);
  }

  #rangesAt(gpadlHandle: number): readonly GpaRange[] | null {
    return this.#endpoint.end?.gpadls.rangesOf(this.#endpoint, gpadlHandle) ?? null;
  }

  /** The channel was open when it was saved: it has these numbers again. */
  resume(sets: readonly PageSet[]): void {
    const handles = sets.map(({ pageSetId, gpadlHandle }) => [pageSetId, gpadlHandle] as const);
    this.#handles = sets.length === 0 ? null : new Map(handles);
  }

  /** The rings are gone, and what was agreed over them. */
  forget(): void {
    this.#handles = null;
  }
}
