/**
 * The doorbell of a bus both ends of which run in one thread: ringing schedules the other side's work item.
 *
 * @module
 */

import type { Doorbell } from "../channel/bus_port.ts";
import type { Arrival, FaultPlace, FaultPort } from "../runtime/fault_port.ts";
import type { WorkItem } from "../runtime/processor.ts";
import type { RuntimePort } from "../runtime/runtime_port.ts";
import type { Scheduler } from "../runtime/scheduler.ts";

/** What interrupts one end of one channel. Whoever rings it cannot tell who listens. */
export class SchedulingDoorbell implements Doorbell, Arrival {
  readonly point = "interrupt";
  readonly place: FaultPlace;
  readonly #scheduler: Scheduler;
  readonly #faults: FaultPort | null;
  #interrupt: WorkItem | null = null;

  /** Of `place`, where nobody listens yet. */
  constructor({ scheduler, faults }: RuntimePort, place: FaultPlace) {
    this.#scheduler = scheduler;
    this.#faults = faults;
    this.place = place;
  }

  /** Schedules `interrupt` at each ring from now on; null: nobody listens. */
  lead(interrupt: WorkItem | null): void {
    this.#interrupt = interrupt;
  }

  /** See {@linkcode Doorbell.ring}. */
  ring(): void {
    if (this.#faults !== null) this.#ringUnlessHeld(this.#faults);
    else if (this.#interrupt !== null) this.#scheduler.schedule(this.#interrupt);
  }

  #ringUnlessHeld(faults: FaultPort): void {
    if (this.#interrupt !== null && !faults.holds(this)) this.arrive();
  }

  /** See {@linkcode Arrival.arrive}. */
  arrive(): void {
    if (this.#interrupt !== null) this.#scheduler.schedule(this.#interrupt);
  }
}
