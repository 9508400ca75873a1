/**
 * The checkers on a fabric of a program's own.
 *
 * @module
 */

import { describe } from "../../core/describe.ts";
import type { Fabric } from "../../mod.ts";
import type { Coverage } from "../coverage/coverage.ts";
import { CoverageRecorder } from "../coverage/recorder.ts";
import type { Finding } from "../finding.ts";
import type { Checker } from "./checker.ts";
import { Checks } from "./checks.ts";
import { CHECKERS } from "./library.ts";

/** Which checkers look at a fabric. */
export interface CheckFabricOptions {
  /** The checkers. Default: {@linkcode CHECKERS}, all that a world has. */
  readonly checkers?: readonly Checker[];
}

/** Checkers at work in a fabric. Steps of its findings count work items since they look. */
export interface FabricChecks {
  /** What they have found so far; of findings with one rule and place the first. */
  readonly findings: readonly Finding[];
  /** What the fabric has come by since they look. */
  readonly coverage: Coverage;
  /** The order that drivers have seen since then, as 16 hexadecimal digits. */
  readonly orderDigest: string;
  /**
   * Call it when the fabric is settled and all that was to end should have ended: what has not is found, too.
   * Returns all findings.
   */
  end(): readonly Finding[];
  /** They look no more. */
  detach(): void;
}

class ChecksOfFabric implements FabricChecks {
  readonly findings: Finding[] = [];
  readonly #checks: Checks;
  readonly #recorder: CoverageRecorder;

  constructor(fabric: Fabric, checkers: readonly Checker[]) {
    this.#recorder = new CoverageRecorder(fabric);
    this.#checks = new Checks(fabric, checkers, {
      found: (finding) => void this.findings.push(finding),
    });
  }

  get coverage(): Coverage {
    return this.#recorder.coverage();
  }

  get orderDigest(): string {
    return this.#recorder.orderDigest;
  }

  end(): readonly Finding[] {
    this.#checks.end();
    return this.findings;
  }

  detach(): void {
    this.#checks.detach();
    this.#recorder.detach();
  }
}

/**
 * Has checkers look at everything that happens in `fabric` from now on, whatever it is at. What they look at
 * stays what it is: digests are the same with them.
 *
 * @throws {TypeError} `fabric` is no fabric, or a checker is no checker.
 */
export function checkFabric(fabric: Fabric, options: CheckFabricOptions = {}): FabricChecks {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(
      `Cannot check a fabric: options must be an object, not ${describe(options)}`,
    );
  }
  const { checkers = CHECKERS } = options;
  if (!Array.isArray(checkers)) {
    throw new TypeError(
      `Cannot check a fabric: checkers must be a list, not ${describe(checkers)}`,
    );
  }
  const wrong = checkers.findIndex((checker) =>
    typeof checker?.attach !== "function" || typeof checker.name !== "string"
  );
  if (wrong !== -1) {
    throw new TypeError(
      `Cannot check a fabric: ${describe(checkers[wrong])} is no checker, with a name and attach`,
    );
  }
  return new ChecksOfFabric(fabric, checkers);
}
