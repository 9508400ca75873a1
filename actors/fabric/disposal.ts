/**
 * Why a fabric is not disposed of at the end of a block.
 *
 * @module
 */

import type { Leak } from "./leak.ts";
import type { Verifier, Violation } from "../runtime/verifier.ts";

/** A SuppressedError has no text of its own: who finds this in one learns there what to look at. */
const FOLLOW_UP =
  "where the block failed before, this only follows from it: the SuppressedError that holds this has " +
  "the first failure as `suppressed`, and testFabric of @vmbus/kmcl/testing shows it first";

/**
 * What disposal by `await using` throws: something still lives, or misuse was found of which nobody was told
 * when it happened: any in mode `"record"`, in mode `"throw"` what is listed and not thrown.
 * The fabric was not disposed of.
 */
export class DisposalError extends Error {
  /** Always `"DisposalError"`. */
  override readonly name = "DisposalError";
  /** The misuse that was found and not thrown when it happened. */
  readonly violations: readonly Violation[];
  /** What still lives. */
  readonly leaks: readonly Leak[];

  /** An error that tells of `violations` and `leaks`, of one of them at least. */
  constructor(violations: readonly Violation[], leaks: readonly Leak[]) {
    const reasons = [
      ...listOf("misuse was found", violations.map(({ call, message }) => `${call}: ${message}`)),
      ...listOf("something still lives", leaks.map(({ owner, message }) => `${owner}: ${message}`)),
    ];
    super(`Cannot dispose of the fabric as ${reasons.join(", and ")} (${FOLLOW_UP})`);
    this.violations = [...violations];
    this.leaks = leaks;
  }
}

/**
 * Says that a fabric may be disposed of: with the verifier off nothing is asked.
 *
 * @throws {DisposalError} Something is to be told of it.
 */
export function requireNothingLeft(verifier: Verifier, leaks: readonly Leak[]): void {
  if (verifier.mode === "off") return;
  const { untold } = verifier;
  if (leaks.length > 0 || untold.length > 0) throw new DisposalError(untold, leaks);
}

function listOf(what: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : [`${what}: ${items.join("; ")}`];
}
