/**
 * Callers that wait, as entries of the trace: that a call waits, and how it ended.
 *
 * @module
 */

import type { VirtualClock } from "../../core/clock.ts";
import type { Trace } from "../../core/trace.ts";
import type { TraceDetails, TraceEvent } from "../../core/trace_events.ts";

/** What a blocked caller waits for, as entries tell it. */
interface ToldOptions {
  readonly call: string;
  readonly what: string;
  readonly endpoint?: { readonly id: number } | null;
}

/** A wait, as its entries name it. */
interface ToldWait {
  readonly options: ToldOptions;
  readonly order: number;
}

/** Tells of waits. What they come to is in the digest by what ends them, so that these entries are not. */
export class WaitTrace {
  readonly #recorder: Trace;
  readonly #clock: Pick<VirtualClock<unknown>, "now100ns">;

  private constructor(recorder: Trace, clock: Pick<VirtualClock<unknown>, "now100ns">) {
    this.#recorder = recorder;
    this.#clock = clock;
  }

  /** Those of a fabric; null where no entries are kept. */
  static of(
    recorder: Trace,
    clock: Pick<VirtualClock<unknown>, "now100ns">,
  ): WaitTrace | null {
    return recorder.keepsEntries ? new WaitTrace(recorder, clock) : null;
  }

  /** A caller begins to wait. */
  began({ options, order }: ToldWait): void {
    this.#tell("waitBegan", options, { wait: order, waitsFor: options.what });
  }

  /** It is answered, with `status` if its function has one. */
  ended({ options, order }: ToldWait, status: number | null): void {
    this.#tell("waitEnded", options, { wait: order, ...status !== null && { status } });
  }

  /** It is told that nothing can answer it. */
  rejected({ options, order }: ToldWait, { message }: Error): void {
    this.#tell("waitEnded", options, { wait: order, threw: message });
  }

  #tell(event: TraceEvent, { call, endpoint = null }: ToldOptions, details: TraceDetails): void {
    const subject = endpoint?.id ?? 0;
    this.#recorder.imply(this.#clock.now100ns, event, subject, { details: { call, ...details } });
  }
}
