/**
 * Calls the state change callbacks of an endpoint, one at a time, as its chart asks for them
 * (kmcl.md section 6).
 *
 * @module
 */

import { type NtStatus, STATUS_UNSUCCESSFUL } from "../../core/ntstatus.ts";
import type { CallbackEnd } from "../runtime/driver_calls.ts";
import { type Frame, PASSIVE_LEVEL } from "../runtime/irql.ts";
import type { Touch } from "../runtime/chooser.ts";
import { type Worker, WorkItem } from "../runtime/processor.ts";
import {
  CALLS,
  type Change,
  type ChangeCall,
  CHANGES,
  type ChangingEndpoint,
} from "./change_calls.ts";
import type { EndpointPort } from "./endpoint_port.ts";
import { touchesOf } from "./touches.ts";

const CHANGE_NAMES: ReadonlySet<string> = new Set(Object.values(CALLS).map(({ name }) => name));

/** How a callback ends that is left out. */
const LEFT_OUT: CallbackEnd = { threw: false, value: undefined };

/** Whether `frame` is that of a state change callback of `endpoint`. */
export function isStateChangeOf(frame: Frame | null, endpoint: EndpointPort): boolean {
  return frame !== null && frame.owner === endpoint && CHANGE_NAMES.has(frame.name);
}

/** The state change callbacks of one endpoint. They never overlap. */
export class StateChanges implements Worker {
  readonly #endpoint: ChangingEndpoint;
  readonly #item: WorkItem;
  /** The callback that is due or running. */
  #current: Change | null = null;
  /** Why the client's open was refused, until the driver has been told. */
  #untoldRefusal: NtStatus | null = null;

  /** The state change callbacks of `endpoint`. */
  constructor(endpoint: ChangingEndpoint) {
    this.#endpoint = endpoint;
    this.#item = new WorkItem(this, "stateChange", PASSIVE_LEVEL, endpoint.partition.processor(0));
  }

  /** Stands for it on the trace. */
  get traceId(): number {
    return this.#endpoint.id;
  }

  /** The callback that is due or running. */
  get current(): Change | null {
    return this.#current;
  }

  /** Continues from where a saved client was; false where its state does not ask for that. */
  restore(current: Change | null, untoldRefusal: NtStatus | null): boolean {
    this.#untoldRefusal = untoldRefusal;
    this.#current = current;
    return current === null ? this.#due() === null : CALLS[current].isAsked(this.#endpoint);
  }

  /** The callback that is due is to be called. */
  schedule(): void {
    this.#endpoint.runtime.scheduler.schedule(this.#item);
  }

  /** Why the client's open was refused, until its driver is told. */
  get untoldRefusal(): NtStatus | null {
    return this.#untoldRefusal;
  }

  /** The driver is to be told that its open was refused with `status`. */
  refuse(status: NtStatus): void {
    this.#untoldRefusal = status;
  }

  /** Why the open was refused, for the driver that is told now. */
  takeRefusal(): NtStatus {
    const status = this.#untoldRefusal ?? STATUS_UNSUCCESSFUL;
    this.#untoldRefusal = null;
    return status;
  }

  /** The channel is freed, or its partition is gone: no callback begins any more. */
  stop(): void {
    this.#current = null;
    this.#untoldRefusal = null;
  }

  /** Schedules the callback that the channel asks for, unless one is due or running. */
  runNextCallback(): void {
    if (this.#current !== null) return;
    this.#current = this.#due();
    if (this.#current !== null) this.schedule();
  }

  /**
   * The chart asks for one at a time; the refusal of an open, which it knows nothing of, comes before all of a later
   * open (kmcl.md S3).
   */
  #due(): Change | null {
    const endpoint = this.#endpoint;
    for (const change of CHANGES) {
      const call: ChangeCall = CALLS[change];
      if (call.isAsked(endpoint)) return call.isHeldUp?.(endpoint) === true ? null : change;
    }
    return null;
  }

  /** See {@linkcode Worker.touches}. */
  touches(): readonly Touch[] {
    return touchesOf(this.#endpoint);
  }

  /** See {@linkcode Worker.work}. */
  work(): void {
    if (this.#current === null) return; // the channel was cleaned up meanwhile
    const endpoint = this.#endpoint;
    const call: ChangeCall = CALLS[this.#current];
    const turn = call.begin?.(endpoint) ?? "call";
    if (turn === "stopped") return;
    const end = (how: CallbackEnd) => {
      this.#current = null;
      call.end(endpoint, how);
    };
    if (turn === "later") this.#current = null;
    else if (turn === "leaveOut") end(LEFT_OUT);
    else {
      const frame = endpoint.frame(call.name, PASSIVE_LEVEL);
      endpoint.runtime.callbacks.call(frame, () => call.call(endpoint), end);
    }
  }
}
