/**
 * Control messages that their receivers refused: each end names the fault, the bus remembers them.
 *
 * @module
 */

import {
  type ControlFault,
  decodeControlMessage,
  isControlFault,
} from "../../core/control/codec.ts";
import type { ControlMessage } from "../../core/control/messages.ts";
import type { ChannelFault } from "../channel/types.ts";
import type { Direction } from "./link.ts";

/** A control message that its receiver refused. */
export interface BusFault {
  /** Who it was for. */
  readonly direction: Direction;
  /** The message's name, or null where it could not be decoded. */
  readonly message: string | null;
  /** Why it was refused. */
  readonly fault: ControlFault | ChannelFault;
}

/** Notes a message that an end refused: its name, or null where it could not be decoded, and why. */
export type Refuse = (message: string | null, fault: BusFault["fault"]) => void;

/** Decodes what came over a link, has `receive` take it, and tells `refuse` where that is not to be. */
export function takeMessage(
  bytes: Uint8Array,
  receive: (message: ControlMessage) => ChannelFault | null,
  refuse: Refuse,
): void {
  const message = decodeControlMessage(bytes);
  if (isControlFault(message)) return refuse(null, message);
  const fault = receive(message);
  if (fault !== null) refuse(message.message, fault);
}

/** Refused messages that are remembered; older ones are only counted. */
const FAULTS_KEPT = 16;

/** What was refused on one bus. */
export class Refusals {
  readonly #latest: BusFault[] = [];
  #count = 0;

  /** The latest, the last one at the end. */
  get latest(): readonly BusFault[] {
    return this.#latest;
  }

  /** How many there were in all. */
  get count(): number {
    return this.#count;
  }

  /** One more. */
  add(fault: BusFault): void {
    this.#count++;
    if (this.#latest.length === FAULTS_KEPT) this.#latest.shift();
    this.#latest.push(fault);
  }
}
