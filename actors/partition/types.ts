/**
 * The words of the partition's chart.
 *
 * @module
 */

/** What can happen to a partition. */
export type PartitionEvent = { readonly type: "pause" | "resume" | "crash" | "destroy" };

/** What the fabric asks of a partition's state. */
export type PartitionTag =
  /** Its virtual processors run. */
  | "runs"
  /** Its drivers live, even where its processors stand still. */
  | "alive"
  /** Its handles are good. */
  | "present";
