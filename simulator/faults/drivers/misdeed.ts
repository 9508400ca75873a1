/**
 * What drivers do wrong, and where.
 *
 * @module
 */

import type { CallbackName } from "../../../actors/channel/driver_port.ts";
import type { Endpoint } from "../../../actors/channel/endpoint.ts";
import type { DriverPoint } from "../basics.ts";

/** Something that a driver does wrong, or in a way that few others do. */
export type MisdeedName =
  | "callbackSlow"
  | "callbackThrows"
  | "openedRefused"
  | "packetDeferred"
  | "packetFailed"
  | "completionLate"
  | "completionSwapped"
  | "packetHeld";

/** What a driver does wrong, this time. */
export interface Misdeed {
  /** What. */
  readonly do: MisdeedName;
  /** How long it takes, in virtual milliseconds; 0 for what takes no time. */
  readonly ms: number;
}

/** Says when drivers do what. */
export interface Misdeeds {
  /**
   * What the driver of `endpoint` does wrong at `point`, this time, in `callback`, or in its call of
   * VmbChannelPacketComplete; null: nothing.
   */
  at(point: DriverPoint, endpoint: Endpoint, callback: CallbackName | null): Misdeed | null;
}

/** Thrown by a driver's callback that is to throw. */
export class MisdeedError extends Error {
  /** Always `"MisdeedError"`. */
  override readonly name = "MisdeedError";

  /** What `callback` throws. */
  constructor(callback: CallbackName) {
    super(`Cannot go on in ${callback}: the fault callbackThrows`);
  }
}
