/**
 * What stands between a fabric and its drivers, where a simulation has them do wrong what drivers do wrong. A
 * fabric has nobody there unless a simulation puts it there.
 *
 * @module
 */

import type { DriverCallbacks } from "./driver_port.ts";
import type { Endpoint } from "./endpoint.ts";
import type { IncomingPacket } from "./incoming_packet.ts";
import type { LoadedDriverPort } from "./partition_port.ts";

/** What the drivers of a fabric do wrong. */
export interface DriverFaults {
  /** Who is called in the place of `driver`, which is that of `endpoint`. */
  between(endpoint: Endpoint, driver: DriverCallbacks): DriverCallbacks;
  /**
   * A driver completes `packet` with `answer[0, answerBytes)`, which holds until this returns. True: its
   * completion comes later, as it would from a driver that takes longer, and is then made by whoever says so here.
   */
  keepsBack(packet: IncomingPacket, answer: Uint8Array, answerBytes: number): boolean;
  /**
   * The `save` of a loaded driver has returned `state`: what comes of that instead, be it a promise. It may throw, as
   * a driver may.
   */
  saved(driver: LoadedDriverPort, state: unknown): unknown;
  /** `guest` stands still, and may be saved so: no completion of its channels comes later than now. */
  standsStill(guest: object): void;
}
