/**
 * Puts every call of a documented function on the trace: what it was called with, and how it ended. The
 * tables' functions are wrapped here, in one place, so that no function can be forgotten; where nothing
 * is recorded they are handed out unwrapped.
 *
 * @module
 */

import { assert } from "../core/assert.ts";
import type { Endpoint } from "../actors/channel/endpoint.ts";
import { type NtStatus, STATUS_SUCCESS } from "../core/ntstatus.ts";
import { type Trace, TRACE_EVENTS } from "../core/trace.ts";
import { currentFrame } from "../actors/runtime/irql.ts";
import type { RuntimePort } from "../actors/runtime/runtime_port.ts";
import { CALL_NAMES, CALL_PARAMETERS, type CallName } from "./call_parameters.ts";
import { CallValues, endpointBehind } from "./call_values.ts";
import { driverOf } from "./driver.ts";

/** Functions whose result means something to its driver alone. */
const POINTER_RESULTS: ReadonlySet<CallName> = new Set([
  "VmbChannelGetPointer",
  "VmbPacketGetPointer",
]);

/** Functions whose result is a number, but not a status. */
const NUMBER_RESULTS: ReadonlySet<CallName> = new Set([
  "VmbChannelSizeofPacket",
  "VmbSizeofChannel",
]);

/** The calls of one table, or of the functions beside the tables. */
export class CallTrace {
  readonly #runtime: RuntimePort;
  readonly #trace: Trace;
  /** The caller, on the trace, of a call whose arguments do not say it. */
  readonly #callerId: number;

  /** Calls of the drivers in the partition that is `callerId` on the trace. */
  constructor(runtime: RuntimePort, callerId: number) {
    this.#runtime = runtime;
    this.#trace = runtime.recorder;
    this.#callerId = callerId;
    for (const event of ["call", "callReturned", "callThrew", "callRefused"] as const) {
      this.#trace.nameValues(event, CALL_NAMES);
    }
  }

  /** `method` with each call recorded on the trace. */
  wrap<Given extends unknown[], T>(
    name: CallName,
    method: (...given: Given) => T,
  ): (...given: Given) => T {
    const code = codeOf(name);
    return (...given) => this.call(code, method, ...given);
  }

  /** Calls `method`, which has number `code`, with `given`. */
  call<Given extends unknown[], T>(
    code: number,
    method: (...given: Given) => T,
    ...given: Given
  ): T {
    return this.run(code, given, () => method(...given));
  }

  /** Runs `work`, which is a call of the function that has number `code`, with the arguments `given`. */
  run<T>(code: number, given: readonly unknown[], work: () => T): T {
    if (this.#runtime.isDisposed) return work(); // disposed of: the trace is complete
    if (!this.#trace.isOn) return this.#heard(code, given, work);
    const subjectId = endpointBehind(given[0])?.id ?? this.#callerId;
    const waits = this.#runtime.waits.begun;
    this.#began(subjectId, code, given);
    let result: T;
    try {
      result = work();
    } catch (error) {
      this.threw(subjectId, code);
      throw error;
    }
    this.#returned(subjectId, code, given, result, waits);
    return result;
  }

  /** Without a trace whoever observes the fabric is told all the same. */
  #heard<T>(code: number, given: readonly unknown[], work: () => T): T {
    const result = work();
    if (this.#runtime.observer !== null) {
      this.observe(CALL_NAMES[code]!, endpointBehind(given[0]), result);
    }
    return result;
  }

  /** Records a call. */
  #began(subjectId: number, code: number, given: readonly unknown[]): void {
    this.#valuesOf(code, given).record(this.#now(), "call", subjectId, code, insideBit());
    if (this.#trace.keepsEntries) this.#trace.tell({}, this.#lines);
  }

  #valuesOf(code: number, given: readonly unknown[]): CallValues {
    const values = new CallValues(this.#trace);
    CALL_PARAMETERS[CALL_NAMES[code]!].forEach(({ name, isPointer, isOutput, sizeAt }, at) => {
      const value = given[at];
      if (isPointer) values.addPointer(name, value);
      else if (isOutput) values.addOutput(name, value);
      else if (sizeAt !== undefined) values.addBuffer(name, value, given[sizeAt]);
      else values.add(name, value);
    });
    return values;
  }

  /** Adds the arguments to the entry of a call that was recorded by other means. */
  tell(code: number, given: readonly unknown[]): void {
    this.#trace.tellValues([code]);
    const { details } = this.#valuesOf(code, given);
    this.#trace.tell(details, this.#lines);
  }

  /** Keeps an entry for the end of a call whose success its effects imply. */
  implyReturned(subjectId: number, code: number, name: string, result: unknown): void {
    this.#trace.imply(this.#now(), "callReturned", subjectId, {});
    this.tellResult(code, name, result);
  }

  /** Adds the result to the entry of the end of a call that was recorded by other means. */
  tellResult(code: number, name: string, result: unknown): void {
    const values = new CallValues(this.#trace);
    values.add(name, result);
    this.#trace.tellValues([code]);
    this.#trace.tell(values.details);
  }

  /** Records the arguments of a call that was recorded by other means and has failed. */
  refused(subjectId: number, code: number, given: readonly unknown[]): void {
    this.#valuesOf(code, given).record(this.#now(), "callRefused", subjectId, code);
  }

  /** Records that a call threw. What it threw is a violation, which is on the trace already. */
  threw(subjectId: number, code: number): void {
    this.#trace.recordMark(this.#now(), TRACE_EVENTS.callThrew, subjectId, code);
  }

  /** Records how a call ended, with all its outputs; by then `waits` had begun before it. */
  #returned(
    subjectId: number,
    code: number,
    given: readonly unknown[],
    result: unknown,
    waits: number,
  ): void {
    const name = CALL_NAMES[code]!;
    const values = new CallValues(this.#trace);
    const isStatus = typeof result === "number" && !NUMBER_RESULTS.has(name);
    if (POINTER_RESULTS.has(name)) values.addPointer("result", result);
    else if (isOutputs(result)) {
      for (const [key, value] of Object.entries(result)) values.add(key, value);
    } else values.add(isStatus ? "status" : "result", result);
    if (result instanceof Promise) {
      values.details["result"] = "a promise";
      values.details["waits"] = this.#runtime.waits.begun > waits;
    }
    this.#addEffects(name, given, result, values);
    values.record(this.#now(), "callReturned", subjectId, code);
    if (this.#runtime.observer !== null) this.observe(name, endpointBehind(given[0]), result);
  }

  /** Tells whoever observes the fabric that `call` has returned. */
  observe(call: CallName, endpoint: Endpoint | null, result: unknown): void {
    const status = statusIn(call, result);
    this.#runtime.observer?.see({ kind: "functionReturns", call, endpoint, status, result });
  }

  /** Adds what the call did to its arguments, which their values before the call do not show. */
  #addEffects(
    name: CallName,
    given: readonly unknown[],
    result: unknown,
    values: CallValues,
  ): void {
    if (name === "VmbChannelSaveContinue") {
      const { bytesFilled } = result as { bytesFilled: number | null };
      if (bytesFilled !== null) values.addBuffer("filled", given[1], bytesFilled);
    } else if (name === "VmbChannelInitSetStateChangeCallbacks" && result === STATUS_SUCCESS) {
      const endpoint = endpointBehind(given[0]);
      if (endpoint === null) return;
      for (const [key, value] of Object.entries(driverOf(endpoint).stateChange)) {
        values.add(key, value);
      }
    } else if (name === "VmbChannelCreateGpadlFromBuffer") {
      const buffers = endpointBehind(given[0])?.partition.memory.buffers.values() ?? [];
      const gpa = [...buffers].find((buffer) => buffer === given[2])?.gpa;
      values.add("gpa", gpa ?? null);
    }
  }

  /** The driver's line that calls, where somebody keeps lines. */
  get #lines(): readonly string[] {
    const line = this.#runtime.verifier.sourceLine();
    return line === null ? [] : [line];
  }

  #now(): number {
    return this.#runtime.clock.now100ns;
  }
}

/** Whether a function returned several outputs: an object that this package made. */
function isOutputs(result: unknown): result is object {
  return typeof result === "object" && result !== null &&
    Object.getPrototypeOf(result) === Object.prototype;
}

/** The status that a function has returned, by itself or among its outputs; null: none. */
function statusIn(call: CallName, result: unknown): NtStatus | null {
  const status = isOutputs(result) && "status" in result ? result.status : result;
  const isStatus = !NUMBER_RESULTS.has(call) && !POINTER_RESULTS.has(call);
  return typeof status === "number" && isStatus ? status : null;
}

/** The bit beside the number of a function that says that it is called inside a callback. */
const INSIDE = 1 << 16;

/** That bit for a call that is made now, or 0. */
export function insideBit(): number {
  return currentFrame() === null ? 0 : INSIDE;
}

const CODES: ReadonlyMap<CallName, number> = new Map(CALL_NAMES.map((name, code) => [name, code]));

/** The number that stands for a documented function on the trace. */
export function codeOf(name: CallName): number {
  const code = CODES.get(name);
  assert(code !== undefined, "each function that is traced has a number");
  return code;
}
