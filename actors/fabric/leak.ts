/**
 * What is alive and should not be.
 *
 * @module
 */

/** What kind of thing still lives. */
export type LeakKind = "channel" | "packet" | "gpadl" | "kernelHandle" | "memory" | "caller";

/** Something that still lives. Nothing of a crashed or destroyed partition is a leak. */
export interface Leak {
  /** What it is. */
  readonly kind: LeakKind;
  /** The partition, or the channel and its partition, that it belongs to. */
  readonly owner: string;
  /** What was not done. */
  readonly message: string;
}
