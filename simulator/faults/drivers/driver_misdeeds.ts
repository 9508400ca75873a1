/**
 * The drivers of a fabric, which do wrong what drivers do wrong.
 *
 * @module
 */

import type { DriverFaults } from "../../../actors/channel/driver_faults.ts";
import type { DriverCallbacks } from "../../../actors/channel/driver_port.ts";
import type { Endpoint } from "../../../actors/channel/endpoint.ts";
import type { IncomingPacket } from "../../../actors/channel/incoming_packet.ts";
import { FaultyDriver } from "./faulty_driver.ts";
import type { Misdeeds } from "./misdeed.ts";

/** A completion that is late comes after 1 ms to so many. */
const LATE_MS_MAX = 20;
/** One that is to be overtaken comes after so much time where no other follows. */
const SWAPPED_MS = 20;
/** A driver that holds a packet does so for longer than anything else takes. */
const HELD_MS = 5000;

/** What the drivers of one fabric do wrong. */
export class DriverMisdeeds implements DriverFaults {
  readonly #misdeeds: Misdeeds;
  readonly #drivers = new Set<FaultyDriver>();

  /** Drivers that do wrong when `misdeeds` says so. */
  constructor(misdeeds: Misdeeds) {
    this.#misdeeds = misdeeds;
  }

  /** See {@linkcode DriverFaults.between}. */
  between(endpoint: Endpoint, driver: DriverCallbacks): DriverCallbacks {
    const faulty = new FaultyDriver(
      endpoint,
      driver,
      this.#misdeeds,
      (gone) => this.#drivers.delete(gone),
    );
    this.#drivers.add(faulty);
    return faulty;
  }

  /** See {@linkcode DriverFaults.keepsBack}. */
  keepsBack(packet: IncomingPacket, answer: Uint8Array, answerBytes: number): boolean {
    const faulty = (packet.endpoint as Endpoint).driverCallbacks;
    if (!(faulty instanceof FaultyDriver)) return false;
    const { kept, endpoint } = faulty;
    const keep = (milliseconds: number, isSwapped: boolean) => {
      kept.keep(packet, answer, answerBytes, milliseconds, isSwapped);
      return true;
    };
    // One that is saved must not wait: see letGo.
    if (!endpoint.partition.runs || endpoint.guest?.runs === false) return false;
    if (faulty.happens("packetHeld", null)) return keep(HELD_MS, false);
    if (faulty.happens("completionLate", null)) {
      return keep(1 + this.#misdeeds.draw(LATE_MS_MAX), false);
    }
    if (faulty.happens("completionSwapped", null)) return keep(SWAPPED_MS, true);
    kept.overtaken();
    return false;
  }

  /** See {@linkcode DriverFaults.letGo}. */
  letGo(guest: object): void {
    for (const { endpoint, kept } of this.#drivers) {
      if (endpoint.partition === guest || endpoint.guest === guest) kept.letGo();
    }
  }

  /** Completions that are kept back all come at once. */
  letAllGo(): void {
    for (const { kept } of this.#drivers) kept.letGo();
  }

  /** How many completions are kept back. */
  get keptCount(): number {
    return [...this.#drivers].reduce((sum, { kept }) => sum + kept.count, 0);
  }
}
