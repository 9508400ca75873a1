/**
 * What a body of `testFabric` failed of, as a finding.
 *
 * @module
 */

import { isInstance } from "../../core/describe.ts";
import { DisposalError } from "../../mod.ts";
import { type Finding, placeOfViolation, reported } from "../finding.ts";
import { type FabricTestError, titleOf } from "./failure.ts";

const PLACE_LENGTH_MAX = 200;

/**
 * What a failure is about: misuse, what a checker found, or what the body threw, without its numbers.
 *
 * @param step Choices that its run had made.
 */
export function findingOf(
  { violations: [violation], findings: [finding], thrown }: FabricTestError,
  step: number,
): Finding {
  if (violation !== undefined) {
    const { rule, call, channel, message, source, first } = violation;
    const place = placeOfViolation(call, channel);
    const firstSource = first?.source ?? null;
    return {
      kind: "correctness",
      ...reported({ rule, place, message }),
      by: "verifier",
      step,
      ...source !== null && { source },
      ...firstSource !== null && { firstSource },
    };
  }
  if (finding !== undefined) return { ...finding, step };
  const isDisposal = isInstance(thrown, DisposalError);
  const kind = isDisposal ? "correctness" : "crash";
  const rule = isDisposal ? "nothing is left behind" : "the body ends well";
  const message = isDisposal ? leaksText(thrown) : plain(titleOf(thrown));
  const place = message.replaceAll(/\d+/g, "0").slice(0, PLACE_LENGTH_MAX);
  return { kind, ...reported({ rule, place, message }), by: "body", step };
}

/** An assertion's text as one line, and the same whether or not it was coloured: it says what a failure is. */
function plain(text: string): string {
  // deno-lint-ignore no-control-regex -- colours are made of these
  return text.replaceAll(/\x1b\[[\d;]*m/g, "").replaceAll(/\s+/g, " ").trim();
}

function leaksText({ leaks }: DisposalError): string {
  return leaks.map(({ owner, message }) => `${owner}: ${message}`).join("; ");
}
