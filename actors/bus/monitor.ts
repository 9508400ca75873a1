/**
 * Looks after a guest's monitor page, as the hypervisor does (wire.md section 6): what the guest sets pending there is
 * signalled within its latency, once for all that came until then.
 *
 * The page is the guest's memory. Each number of it is loaded once; any is good, or is looked up among what there is.
 *
 * @module
 */

import { MONITOR_IDS } from "../../core/signals/layouts.ts";
import type { MonitorPage } from "../../core/signals/monitor_page.ts";
import type { Lookout } from "../runtime/lookouts.ts";
import type { HostSignal } from "./synic.ts";

/** By how much a signal may be late unless its guest says something else, in 100 ns: 100 µs (wire.md section 6). */
const LATENCY_100NS = 1000;

/** What a monitor needs of the bus whose guest's page it is. */
export interface MonitoredBus {
  /** Whether the guest's processors run: while they stand still its signals wait. */
  readonly runs: boolean;
  /** Signals the host in the guest's place; a signal of nobody does nothing. */
  signal(signal: HostSignal): void;
}

/** The monitor of one guest. */
export class Monitor implements Lookout {
  /** Signals that it has made. */
  signals = 0;
  readonly #bus: MonitoredBus;
  #page: MonitorPage | null = null;
  /** The ids of open channels; others mean nothing. */
  readonly #armed = new Set<number>();
  /** When those are due that were seen pending. */
  readonly #due100ns = new Map<number, number>();

  /** That of the guest on `bus`, without a page. */
  constructor(bus: MonitoredBus) {
    this.#bus = bus;
  }

  /** The page that is looked after; null for none. */
  get page(): MonitorPage | null {
    return this.#page;
  }

  /** Whether a channel is open that goes through the page: then the page cannot be another one. */
  get isInUse(): boolean {
    return this.#armed.size > 0;
  }

  /** Looks after `page` from now on, or after none. */
  use(page: MonitorPage | null): void {
    this.#page = page;
    this.#armed.clear();
    this.#due100ns.clear();
  }

  /** The channel of `id` is open, and signalled by `signal`. */
  arm(id: number, signal: HostSignal): void {
    this.#page?.disarm(id); // what somebody has left there is not of this channel
    this.#page?.arm(id, signal, LATENCY_100NS);
    this.resume(id);
  }

  /** The channel of `id` is open in a guest that was restored: its page is as it was. */
  resume(id: number): void {
    if (this.#page !== null) this.#armed.add(id);
  }

  /** The channel of `id` is closed. */
  disarm(id: number): void {
    this.#due100ns.delete(id);
    if (this.#armed.delete(id)) this.#page?.disarm(id);
  }

  /** The ids that are pending, and those of open channels. */
  get pending(): readonly number[] {
    return this.#page?.pending().filter((id) => this.#armed.has(id)) ?? [];
  }

  /** See {@linkcode Lookout.due100ns}. */
  due100ns(now100ns: number): number | null {
    if (this.#armed.size === 0) return null;
    let next100ns = Infinity;
    for (const id of this.pending) next100ns = Math.min(next100ns, this.#dueOf(id, now100ns));
    // While the guest stands still its signals are noted, and wait.
    return next100ns === Infinity || !this.#bus.runs ? null : Math.max(next100ns, now100ns);
  }

  /** When `id`, which is pending, is due: its latency may have become shorter since it was first seen so. */
  #dueOf(id: number, now100ns: number): number {
    const known100ns = this.#due100ns.get(id) ?? Infinity;
    const due100ns = Math.min(known100ns, now100ns + this.#page!.latency100ns(id));
    if (due100ns === known100ns) return due100ns;
    this.#due100ns.set(id, due100ns);
    this.#page!.setNextCheckTime(id, due100ns);
    return due100ns;
  }

  /** See {@linkcode Lookout.look}: what is due is signalled as the page says now. */
  look(now100ns: number): void {
    const page = this.#page;
    for (const id of this.pending) {
      if (this.#dueOf(id, now100ns) > now100ns) continue;
      this.#due100ns.delete(id);
      if (page?.takePending(id) !== true) continue;
      this.signals++;
      this.#bus.signal(page.parameters(id));
    }
  }
}

/** The monitor ids of one guest's channels. */
export class MonitorIds {
  readonly #taken = new Set<number>();

  /** The lowest id that no channel has, which is taken; null where all are. */
  take(): number | null {
    for (let id = 0; id < MONITOR_IDS; id++) if (this.keep(id)) return id;
    return null;
  }

  /** Takes an id that a channel had when it was saved; false where another one has it. */
  keep(id: number): boolean {
    if (this.#taken.has(id)) return false;
    this.#taken.add(id);
    return true;
  }

  /** Gives an id back. */
  free(id: number): void {
    this.#taken.delete(id);
  }

  /** Gives all back. */
  clear(): void {
    this.#taken.clear();
  }
}
