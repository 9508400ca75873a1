/**
 * What drivers do wrong, and where.
 *
 * @module
 */

import type { CallbackName } from "../../../actors/channel/driver_port.ts";
import type { Endpoint } from "../../../actors/channel/endpoint.ts";
import type { LoadedDriver } from "../../../actors/partition/loaded_driver.ts";
import type { DriverPoint } from "../basics.ts";

/** Something that a driver does wrong, or in a way that few others do. */
export type MisdeedName =
  | "callbackSlow"
  | "callbackThrows"
  | "callbackPromises"
  | "saveThrows"
  | "restoreThrows"
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
  /** The same for a loaded driver whose `save` has told its state. */
  atSave(driver: LoadedDriver): Misdeed | null;
}

/** The `save` of a loaded driver, by the kind of that. */
export const SAVES = { guest: "GuestDriver.save", host: "HostDriver.save" } as const;

/** Where a driver may throw. */
export type ThrowingCall = CallbackName | typeof SAVES[keyof typeof SAVES];

/** Thrown by a driver's callback that is to throw. */
export class MisdeedError extends Error {
  /** Always `"MisdeedError"`. */
  override readonly name = "MisdeedError";

  /** What `callback` throws, as `misdeed` has it. */
  constructor(callback: ThrowingCall, misdeed: MisdeedName) {
    super(`Cannot go on in ${callback}: the fault ${misdeed}`);
  }
}
