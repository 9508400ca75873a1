/**
 * What a kernel would answer with a bug check: misuse that has no status (kmcl.md section 9).
 *
 * @module
 */

import type { MemoryMisuse } from "../../core/memory/types.ts";
import { currentFrame } from "./irql.ts";
import { sourceLine, sourceLines } from "./source_line.ts";
import {
  type ChannelPlace,
  describeMisuse,
  type EarlierCall,
  type ViolationDetails,
} from "./violation_details.ts";

/** The rules of [kmcl.md section 9](https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md), by the words used there. */
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
  /** Which rule of [kmcl.md section 9](https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md). */
  readonly rule: ViolationRule;
  /** The documented function or callback to blame. */
  readonly call: string;
  /** What was wrong, with the present value; it begins with channel and packet, where there are some. */
  readonly message: string;
  /** Virtual time in milliseconds. */
  readonly at: number;
  /** The callback in whose synchronous part it happened; null: in none. */
  readonly callback: string | null;
  /** The channel that it is about, or else whose callback runs; null: none. */
  readonly channel: ChannelPlace | null;
  /**
   * The transaction id of the packet that it is about, as the packet's sender counts: a number where that
   * is exact, else decimal text; null: it is about none.
   */
  readonly packet: number | string | null;
  /**
   * Where the same was done before: who retired the packet first, freed, deleted, unmapped or cleaned up;
   * null where that is not what was wrong.
   */
  readonly first: EarlierCall | null;
  /** The driver's line, with file and column; null where none of its lines runs. In no digest. */
  readonly source: string | null;
  /**
   * The lines that have led there, the driver's innermost first, which is `source`, up to where the package called the
   * driver, or else to the program's outermost one. In no digest.
   */
  readonly stack: readonly string[];
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
    const { call, message, rule, first } = violation;
    const before = first?.source ? `, the first time at ${first.source}` : "";
    super(`Cannot go on with ${call}: ${message} (${rule})${before}`);
    this.violation = violation;
  }
}

/** What the verifier needs of the fabric around it. */
export interface VerifierPort {
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
  readonly #runtime: VerifierPort;
  readonly #violations: Violation[] = [];
  /** Those of them that nobody was told of when they happened. */
  readonly #untold: Violation[] = [];
  /** Errors that carry violations of this fabric. */
  readonly #errors = new WeakSet<object>();

  /** Whether the lines of drivers are kept from which packets, GPADLs and channels are ended. */
  readonly #keepsSources: boolean;

  /** A verifier in `mode`. */
  constructor(mode: VerifierMode, keepsSources: boolean, runtime: VerifierPort) {
    this.mode = mode;
    this.#keepsSources = keepsSources;
    this.#runtime = runtime;
  }

  /** All violations so far; none in mode `"off"`. */
  get violations(): readonly Violation[] {
    return this.#violations;
  }

  /**
   * Blames the running call.
   *
   * @throws {VerifierError} In mode `"throw"`; in the others the call continues as section 9 says.
   */
  report(rule: ViolationRule, call: string, message: string, about?: ViolationDetails): void {
    const error = this.blame(rule, call, message, about);
    if (error !== null) throw error;
  }

  /** The error for a call that waits already, to be rejected with; null where it keeps waiting. */
  blame(
    rule: ViolationRule,
    call: string,
    message: string,
    about?: ViolationDetails,
  ): VerifierError | null {
    const violation = this.#keep(rule, call, message, about);
    return violation !== null && this.mode === "throw" ? this.#errorOf(violation) : null;
  }

  /** Reports what no call is to blame for: in mode `"throw"` it fails whoever drives the loop. */
  raise(rule: ViolationRule, call: string, message: string, about?: ViolationDetails): void {
    const error = this.blame(rule, call, message, about);
    if (error !== null) this.#runtime.failLoop(error);
  }

  /** What nobody was told of when it happened: who disposes of the fabric is. */
  get untold(): readonly Violation[] {
    return this.mode === "throw" ? this.#untold : this.#violations;
  }

  /** Lists a misuse whose call does not throw in any mode, as it has done what it could. */
  list(rule: ViolationRule, call: string, message: string, about?: ViolationDetails): void {
    const violation = this.#keep(rule, call, message, about);
    if (violation !== null) this.#untold.push(violation);
  }

  /** Lists what fails the loop in another form than a VerifierError. */
  note(rule: ViolationRule, call: string, message: string, about?: ViolationDetails): void {
    this.#keep(rule, call, message, about);
  }

  /** The error of a wait that nothing can end, which is thrown in every mode. */
  deadlock(call: string, message: string): VerifierError {
    const rule = "wait that nothing can end";
    const kept = this.#keep(rule, call, message);
    return this.#errorOf(kept ?? this.#violation(rule, call, message, {}));
  }

  /** Whether `error`, whatever it is, is one of this fabric's: not another's, and none that only looks so. */
  hasMade(error: unknown): boolean {
    return this.#errors.has(error as object); // false for what is no object
  }

  #errorOf(violation: Violation): VerifierError {
    const error = new VerifierError(violation);
    this.#errors.add(error);
    return error;
  }

  /**
   * The running `call`, for a violation that tells of it when it is made again; null in mode `"off"`, in
   * which nobody would be told.
   */
  earlier(call: string): EarlierCall | null {
    if (this.mode === "off") return null;
    return {
      call,
      at: this.#runtime.now(),
      callback: currentFrame()?.name ?? null,
      source: this.sourceLine(),
    };
  }

  /** The driver's line that runs, where lines are kept; else null. */
  sourceLine(): string | null {
    return this.#keepsSources ? sourceLine() : null;
  }

  #keep(
    rule: ViolationRule,
    call: string,
    message: string,
    about: ViolationDetails = {},
  ): Violation | null {
    if (this.mode === "off") return null;
    const violation = this.#violation(rule, call, message, about);
    this.#violations.push(violation);
    this.#runtime.traceViolation(violation);
    return violation;
  }

  #violation(
    rule: ViolationRule,
    call: string,
    message: string,
    about: ViolationDetails,
  ): Violation {
    const frame = currentFrame();
    const channel = about.channel ?? frame?.channel ?? null;
    const stack = sourceLines();
    return {
      rule,
      call,
      message: describeMisuse(message, channel, about),
      at: this.#runtime.now(),
      callback: frame?.name ?? null,
      channel,
      packet: about.packet ?? null,
      first: about.first ?? null,
      source: stack[0] ?? null,
      stack,
    };
  }
}
