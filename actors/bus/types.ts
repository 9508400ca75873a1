/**
 * The words of the bus's chart.
 *
 * @module
 */

/** What can happen to a bus: the guest asked for offers, or is gone. */
export type BusEvent = { readonly type: "requestOffers" | "guestGone" };

/** What the host asks of a bus's state. */
export type BusTag =
  /** The guest asked for offers: a new one is sent at once. */
  | "offering"
  /** The guest crashed or was destroyed: nothing is sent to it, nothing taken from it. */
  | "gone";
