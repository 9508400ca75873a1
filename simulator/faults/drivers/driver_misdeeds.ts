/**
 * The drivers of a fabric, which do wrong what drivers do wrong.
 *
 * @module
 */

import type { DriverFaults } from "../../../actors/channel/driver_faults.ts";
import type { DriverCallbacks } from "../../../actors/channel/driver_port.ts";
import type { Endpoint } from "../../../actors/channel/endpoint.ts";
import type { IncomingPacket } from "../../../actors/channel/incoming_packet.ts";
import type { LoadedDriver } from "../../../actors/partition/loaded_driver.ts";
import { isPromise } from "../../../actors/runtime/promises.ts";
import { FaultyDriver } from "./faulty_driver.ts";
import { MisdeedError, type Misdeeds, SAVES } from "./misdeed.ts";

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
    if (!endpoint.partition.runs || endpoint.guest?.runs === false) return false;
    const misdeed = faulty.at("completion", null);
    if (misdeed === null) {
      kept.overtaken();
      return false;
    }
    const isSwapped = misdeed.do === "completionSwapped";
    kept.keep(packet, answer, answerBytes, misdeed.ms, isSwapped);
    return true;
  }

  /** See {@linkcode DriverFaults.saved}. */
  saved(driver: LoadedDriver, state: unknown): unknown {
    if (this.#misdeeds.atSave(driver) === null) return state;
    const error = new MisdeedError(SAVES[driver.kind], "saveThrows");
    if (!isPromise(state)) throw error;
    return Promise.resolve(state).then(() => Promise.reject(error));
  }

  /** See {@linkcode DriverFaults.standsStill}. */
  standsStill(guest: object): void {
    for (const { endpoint, kept } of this.#drivers) {
      if (endpoint.partition === guest || endpoint.guest === guest) kept.release();
    }
  }

  /** Completions that are kept back all come at once. */
  letAllGo(): void {
    for (const { kept } of this.#drivers) kept.release();
  }
}
