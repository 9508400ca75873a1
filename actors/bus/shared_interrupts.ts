/**
 * Signals through the interrupt page, before version 2.4 (wire.md section 6): whoever signals a channel sets its bit
 * and raises the event that all channels share; whoever hears that takes the bits and signals those that he knows.
 *
 * @module
 */

import type { GuestRam } from "../../core/memory/guest_memory.ts";
import type { InterruptHalf, InterruptPage } from "../../core/signals/interrupt_page.ts";
import type { Doorbell } from "../channel/bus_port.ts";
import { WHOLE_BUS } from "../channel/touches.ts";
import type { Touch } from "../runtime/chooser.ts";
import { DISPATCH_LEVEL } from "../runtime/irql.ts";
import { type Processor, type Worker, WorkItem } from "../runtime/processor.ts";
import type { Scheduler } from "../runtime/scheduler.ts";

/** Signals one channel through the page. */
export class PageDoorbell implements Doorbell {
  readonly #page: InterruptPage;
  readonly #half: InterruptHalf;
  readonly #channelId: number;
  readonly #event: Doorbell;

  /** That of a channel: `event` is the one that all share, or the channel's own where the page comes on top. */
  constructor(page: InterruptPage, half: InterruptHalf, channelId: number, event: Doorbell) {
    this.#page = page;
    this.#half = half;
    this.#channelId = channelId;
    this.#event = event;
  }

  /** See {@linkcode Doorbell.ring}. */
  ring(): void {
    this.#page.set(this.#half, this.#channelId);
    this.#event.ring();
  }
}

/** Hears the event that all channels share, at one end of a bus. */
export class SharedInterrupts implements Worker {
  readonly traceId: number;
  /** What the event schedules. */
  readonly item: WorkItem;
  readonly #scheduler: Scheduler;
  readonly #memory: GuestRam;
  readonly #page: InterruptPage;
  readonly #half: InterruptHalf;
  readonly #interrupts = new Map<number, WorkItem>();

  /** That of the bus which `traceId` stands for; the page lies in `memory`, and its bits are taken on `processor`. */
  constructor(
    { scheduler, traceId, memory, processor }: {
      readonly scheduler: Scheduler;
      readonly traceId: number;
      readonly memory: GuestRam;
      readonly processor: Processor;
    },
    page: InterruptPage,
    half: InterruptHalf,
  ) {
    this.#scheduler = scheduler;
    this.traceId = traceId;
    this.#memory = memory;
    this.#page = page;
    this.#half = half;
    this.item = new WorkItem(this, "signal", DISPATCH_LEVEL, processor);
  }

  /** A bit of this channel schedules `interrupt` from now on. */
  listen(channelId: number, interrupt: WorkItem): void {
    this.#interrupts.set(channelId, interrupt);
  }

  /** Nobody hears the bit of this channel any more. */
  stopListening(channelId: number): void {
    this.#interrupts.delete(channelId);
  }

  /** See {@linkcode Worker.touches}: any channel may be signalled. */
  touches(): readonly Touch[] {
    return [{ of: this.#memory, part: WHOLE_BUS, writes: true }];
  }

  /** See {@linkcode Worker.work}: bits of channels that nobody knows come to nothing. */
  work(): void {
    this.#page.take(this.#half, (channelId) => {
      const interrupt = this.#interrupts.get(channelId);
      if (interrupt !== undefined) this.#scheduler.schedule(interrupt);
    });
  }
}
