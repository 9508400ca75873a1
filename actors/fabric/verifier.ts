/**
 * What a kernel would answer with a bug check: misuse that has no status (kmcl.md section 9).
 *
 * @module
 */

import type { MemoryMisuse } from "../../core/memory/types.ts";

/** The rules of kmcl.md section 9, by the words used there. */
export type ViolationRule =
  | MemoryMisuse
  | "invalid handle"
  | "Cleanup while not Disabled"
  | "Cleanup with packets of the channel in flight or not freed"
  | "Free of a packet in flight"
  | "Free of a packet made by VmbPacketInitialize"
  | "send of an initialized packet without completion routine"
  | "send between Suspend and the next Started or Closed"
  | "PacketComplete, Defer or Fail of a context that is retired or handed back"
  | "size greater than its buffer"
  | "completion that the requester's ring can never carry"
  | "GPADL not deleted or still mapped when Closed returns"
  | "DeleteGpadl or UnmapGpadl outside Opened to Closed or with an unknown handle"
  | "Unmap of an unmapped GPADL"
  | "Start or Pause inside a state change callback"
  | "selfWait"
  | "wait that nothing can end"
  | "Start in Disabled"
  | "DISPATCH_LEVEL callback that returns a promise"
  | "waiting call at DISPATCH_LEVEL"
  | "call above PASSIVE_LEVEL"
  | "DeferToPassive outside ProcessPacket"
  | "quota 0"
  | "invalid argument"
  | "Reference or Dereference of an interface that nobody references"
  | "GetMmioSpace before Opened"
  | "SaveEnd without SaveBegin"
  | "exception out of a callback"
  | "callback that must return an NTSTATUS and does not";

/** A misuse that has no status. */
export interface Violation {
  /** Which rule of kmcl.md section 9. */
  readonly rule: ViolationRule;
  /** The documented function or callback to blame. */
  readonly call: string;
  /** What was wrong, with the present value. */
  readonly message: string;
  /** Virtual time in milliseconds. */
  readonly at: number;
}

/** What becomes of a violation: thrown, only listed, or not even that. */
export type VerifierMode = "throw" | "record" | "off";

/** Thrown for a violation in mode `"throw"`, and in every mode for a wait that nothing can end. */
export class VerifierError extends Error {
  /** Always `"VerifierError"`. */
  override readonly name = "VerifierError";
  /** What was violated. */
  readonly violation: Violation;

  /** An error that carries `violation`. */
  constructor(violation: Violation) {
    super(`Cannot go on with ${violation.call}: ${violation.message} (${violation.rule})`);
    this.violation = violation;
  }
}

/** What the verifier needs of the fabric around it. */
export interface VerifierWorld {
  /** Virtual time in milliseconds. */
  now(): number;
  /** Puts a violation on the trace. */
  traceViolation(violation: Violation): void;
  /** Fails the call that drives the loop: no call of a driver is to blame. */
  failLoop(error: Error): void;
}

/** Finds nothing by itself: the code that meets a misuse reports it here. */
export class Verifier {
  /** What becomes of a violation. */
  readonly mode: VerifierMode;
  readonly #world: VerifierWorld;
  readonly #violations: Violation[] = [];

  /** A verifier in `mode`. */
  constructor(mode: VerifierMode, world: VerifierWorld) {
    this.mode = mode;
    this.#world = world;
  }

  /** All violations so far; none in mode `"off"`. */
  get violations(): readonly Violation[] {
    return this.#violations;
  }

  /**
   * Blames the running call.
   *
   * @throws {VerifierError} In mode `"throw"`; in the others the call goes on as section 9 says.
   */
  report(rule: ViolationRule, call: string, message: string): void {
    const error = this.blame(rule, call, message);
    if (error !== null) throw error;
  }

  /** The error for a call that waits already, to be rejected with; null where it goes on waiting. */
  blame(rule: ViolationRule, call: string, message: string): VerifierError | null {
    const violation = this.#keep(rule, call, message);
    return violation !== null && this.mode === "throw" ? new VerifierError(violation) : null;
  }

  /** Reports what no call is to blame for: in mode `"throw"` it fails whoever drives the loop. */
  raise(rule: ViolationRule, call: string, message: string): void {
    const error = this.blame(rule, call, message);
    if (error !== null) this.#world.failLoop(error);
  }

  /** Lists what fails the loop in another form than a VerifierError. */
  note(rule: ViolationRule, call: string, message: string): void {
    this.#keep(rule, call, message);
  }

  /** The error of a wait that nothing can end, which is thrown in every mode. */
  deadlock(call: string, message: string): VerifierError {
    const rule = "wait that nothing can end";
    const kept = this.#keep(rule, call, message);
    return new VerifierError(kept ?? { rule, call, message, at: this.#world.now() });
  }

  #keep(rule: ViolationRule, call: string, message: string): Violation | null {
    if (this.mode === "off") return null;
    const violation = { rule, call, message, at: this.#world.now() };
    this.#violations.push(violation);
    this.#world.traceViolation(violation);
    return violation;
  }
}
