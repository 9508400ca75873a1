/**
 * What a world has found.
 *
 * @module
 */

/**
 * What kind of failure it is. `crash`: something threw that nobody expected. `correctness`: a rule was broken.
 * `liveness`: something that should have ended never does.
 */
export type FindingKind = "crash" | "correctness" | "liveness";

/** Something that is not as it should be. Two of one rule at one place have one cause. */
export interface Finding {
  /** What kind of failure it is. */
  readonly kind: FindingKind;
  /** The rule that was broken, with its number where it has one. */
  readonly rule: string;
  /** Where, in words that are the same each time. */
  readonly place: string;
  /** What was wrong, with the present value. */
  readonly message: string;
  /** Who found it: a checker's name, `verifier`, `workload`, `world`. */
  readonly by: string;
  /** Choices that the world had made before. */
  readonly step: number;
}
