/**
 * What a fabric puts on its trace of driver's callbacks and of misuse.
 *
 * @module
 */

import type { VirtualClock } from "../../core/clock.ts";
import type { Trace } from "../../core/trace.ts";
import type { CallbackName } from "../channel/driver_port.ts";
import type { CallbackEnd } from "../runtime/driver_calls.ts";
import type { Frame } from "../runtime/irql.ts";
import type { Violation } from "../runtime/verifier.ts";

/** Callbacks that return an NTSTATUS; a number that another one returns is nobody's. */
const STATUS_CALLBACKS: ReadonlySet<string> = new Set<CallbackName>([
  "EvtChannelOpened",
  "EvtChannelRestorePacket",
  "EvtSocketConnect",
]);

/** What of a fabric it takes. */
interface Traced {
  readonly recorder: Trace;
  readonly clock: Pick<VirtualClock<unknown>, "now100ns">;
}

/** Puts a violation on the trace. */
export function traceViolation({ recorder, clock }: Traced, violation: Violation): void {
  const { rule, call, message, stack } = violation;
  // What a driver threw may be the runtime's own words, which differ between runtimes.
  const told = rule === "exception out of a callback" ? "" : message;
  recorder.recordTexts(clock.now100ns, "violation", 0, rule, call, told);
  if (recorder.keepsEntries) recorder.tell({ message }, stack);
}

/** Puts the begin of a callback on the trace, or its `end`. */
export function traceCallback(
  { recorder, clock }: Traced,
  { name, traceId, code, irql }: Frame,
  end: CallbackEnd | null,
): void {
  const event = end === null ? "callbackBegin" : "callbackEnd";
  recorder.record(clock.now100ns, event, traceId, code);
  if (!recorder.keepsEntries) return;
  if (end === null) return recorder.tell({ irql });
  const { threw, value } = end;
  const isStatus = typeof value === "number" && STATUS_CALLBACKS.has(name);
  recorder.tell({ ...threw && { threw }, ...isStatus && { status: value } });
}
