/**
 * Closing a byte pipe: the end of what this side writes is sent, the opposite side's is waited for, then the
 * channel is disabled (wire.md 2.4).
 *
 * @module
 */

import {
  type NtStatus,
  STATUS_CANCELLED,
  STATUS_CONNECTION_RESET,
  STATUS_DEVICE_REMOVED,
  STATUS_SUCCESS,
} from "../../core/ntstatus.ts";
import type { ChartActor } from "../chart/chart_actor.ts";
import type { Wait } from "../runtime/waits.ts";
import type { BytePipeEvent, BytePipeTag } from "./byte_pipe_machine.ts";
import { type EndedChannel, Ending } from "./ending.ts";

/** One caller that has a byte pipe closed. What its next step is, the states of channel and pipe say. */
export class PipeClosing extends Ending<EndedChannel> {
  readonly #actor: ChartActor<BytePipeEvent, BytePipeTag>;

  /** Of the pipe that `actor` is of, at `endpoint`; the caller waits in `wait`. */
  constructor(
    endpoint: EndedChannel,
    actor: ChartActor<BytePipeEvent, BytePipeTag>,
    wait: Wait<NtStatus>,
  ) {
    super(endpoint, wait);
    this.#actor = actor;
  }

  /** See {@linkcode Ending.begin}. */
  override begin(deadline100ns: number): void {
    this.arm(deadline100ns);
    this.#actor.send({ type: "close" });
    this.check();
  }

  /** See {@linkcode Ending.advance}. */
  protected override advance(): void {
    const { endpoint } = this;
    if (endpoint.is("emptying")) return;
    const hasEnded = this.#actor.is("atEnd");
    if (hasEnded && this.#actor.is("ended")) this.disable(STATUS_SUCCESS);
    else if (endpoint.is("leaving") || !endpoint.isSound) {
      this.disable(hasEnded ? STATUS_SUCCESS : STATUS_CONNECTION_RESET);
    } else if (!endpoint.is("rings")) this.disable(STATUS_DEVICE_REMOVED); // nobody is at the other end
  }

  /** See {@linkcode Ending.statusWhenLate}. */
  protected override statusWhenLate(): NtStatus {
    return STATUS_CANCELLED;
  }
}
