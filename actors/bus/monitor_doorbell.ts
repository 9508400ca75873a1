/**
 * How a guest signals a channel that has a monitor id (wire.md section 6): it sets the id's bit in its monitor page,
 * and the host signals the channel within the latency that the page says, once for many.
 *
 * @module
 */

import type { MonitorPage } from "../../core/signals/monitor_page.ts";
import type { Doorbell, MonitoredSignal } from "../channel/bus_port.ts";

/** Signals one channel through the page. */
export class MonitorDoorbell implements Doorbell, MonitoredSignal {
  /** See {@linkcode MonitoredSignal.id}. */
  readonly id: number;
  readonly #page: MonitorPage;
  readonly #dedicated: Doorbell;
  readonly #stir: () => void;

  /** That of a channel whose own signal is `dedicated`; `stir` has the fabric look when it next has something to do. */
  constructor(page: MonitorPage, id: number, dedicated: Doorbell, stir: () => void) {
    this.#page = page;
    this.id = id;
    this.#dedicated = dedicated;
    this.#stir = stir;
  }

  /** See {@linkcode MonitoredSignal.isPending}. */
  get isPending(): boolean {
    return this.#page.isPending(this.id);
  }

  /** See {@linkcode MonitoredSignal.latency100ns}. */
  get latency100ns(): number {
    return this.#page.latency100ns(this.id);
  }

  set latency100ns(latency100ns: number) {
    this.#page.setLatency(this.id, latency100ns);
  }

  /** See {@linkcode Doorbell.ring}: a signal that may not be late goes past the page (D503). */
  ring(): void {
    if (this.latency100ns === 0) return this.#dedicated.ring();
    this.#page.setPending(this.id);
    this.#stir();
  }
}
