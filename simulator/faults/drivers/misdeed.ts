/**
 * What drivers do wrong, by name, and where.
 *
 * @module
 */

import type { CallbackName } from "../../../actors/channel/driver_port.ts";
import type { Endpoint } from "../../../actors/channel/endpoint.ts";

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

/** Each of them. */
export const MISDEED_NAMES: readonly MisdeedName[] = [
  "callbackSlow",
  "callbackThrows",
  "openedRefused",
  "packetDeferred",
  "packetFailed",
  "completionLate",
  "completionSwapped",
  "packetHeld",
];

/** Where a driver does it. */
export interface MisdeedPlace {
  /** The endpoint that the driver has. */
  readonly endpoint: Endpoint;
  /** The callback in which it does it; null: in its call of VmbChannelPacketComplete. */
  readonly callback: CallbackName | null;
}

/** Says when drivers do what. */
export interface Misdeeds {
  /** Whether a driver does it at `place`, this time. */
  happens(misdeed: MisdeedName, place: MisdeedPlace): boolean;
  /** A whole number from 0 to `count` - 1: how long something takes. */
  draw(count: number): number;
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
