/**
 * How virtual time keeps pace with real time, where a fabric's clock is the real one.
 *
 * @module
 */

import { realNowMs } from "./event_loop.ts";
import type { LoopPort } from "./loop_port.ts";

/** 100 ns units in a millisecond. */
export const UNITS_PER_MS = 10_000;

/** The pace of one loop. */
export class RealPace {
  readonly #runtime: Pick<LoopPort, "clock" | "isRealTime">;
  /** Real time at which virtual time became what it is. */
  #realAtNowMs = 0;

  /** Of the loop of the fabric whose runtime this is. */
  constructor(runtime: Pick<LoopPort, "clock" | "isRealTime">) {
    this.#runtime = runtime;
  }

  /** Virtual time has become what it is. */
  mark(): void {
    this.#realAtNowMs = realNowMs();
  }

  /** How much real time has to pass before virtual time may be `at100ns`. */
  msUntil(at100ns: number): number {
    const { clock, isRealTime } = this.#runtime;
    if (!isRealTime) return 0;
    const virtualMs = (at100ns - clock.now100ns) / UNITS_PER_MS;
    return virtualMs - (realNowMs() - this.#realAtNowMs);
  }
}
