/**
 * Control messages that their receivers refused: each end names the fault, the bus remembers them.
 *
 * @module
 */

import {
  type ControlFault,
  damageOf,
  decodeControlMessage,
  isControlFault,
  messageNameOf,
} from "../../core/control/codec.ts";
import type { ControlMessage } from "../../core/control/messages.ts";
import type { Agreed } from "../../core/control/versions.ts";
import type { ChannelFault } from "../channel/types.ts";
import type { Direction } from "./link.ts";

/** A control message that its receiver refused. */
export interface BusFault {
  /** Who it was for. */
  readonly direction: Direction;
  /** The message's name, or null where it could not be decoded. */
  readonly message: string | null;
  /**
   * Why it was refused; or, of an answer to a guest that makes contact, what has come of that: host and guest speak
   * no common version, or the host could not connect; or that a guest which its paravisor serves was to be heard
   * through the host (`untrustedMessage`, [wire.md 5.1](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)).
   */
  readonly fault:
    | ControlFault
    | ChannelFault
    | "noCommonVersion"
    | "connectionFailed"
    | "untrustedMessage";
  /**
   * Left out, or what is wrong with the bytes, or what the version or the features that were agreed on, or the state of the connection, have
   * against the message, in words.
   */
  readonly reason?: string;
}

/** Who has taken an end of a bus, and hears in its place. */
export interface Taker {
  /** A message for that end. */
  hear(message: ControlMessage): void;
  /** The guest's contact was answered: what either end says from now on is heard. */
  contacted(): void;
}

/** Notes a message that an end refused: its name, or null where it could not be decoded, and why. */
export type Refuse = (message: string | null, fault: BusFault["fault"], reason?: string) => void;

/**
 * Decodes what came over a link by what its ends have agreed on, has `receive` take it, and tells `refuse` where that
 * is not to be; `whyRefused`: what is wrong with one that is unexpected, where the end can say.
 */
export function takeMessage(
  bytes: Uint8Array,
  agreed: Agreed,
  receive: (message: ControlMessage) => BusFault["fault"] | null,
  refuse: Refuse,
  whyRefused: (message: ControlMessage) => string | undefined = () => undefined,
): void {
  const message = decodeControlMessage(bytes, agreed);
  if (isControlFault(message)) {
    const name = message === "unexpectedMessage" ? messageNameOf(bytes) : null;
    return refuse(name, message, damageOf(bytes, agreed, message) ?? undefined);
  }
  const fault = receive(message);
  if (fault === null) return;
  const why = fault === "unexpectedMessage" ? whyRefused(message) : undefined;
  if (why === undefined) refuse(message.message, fault);
  else refuse(message.message, fault, why);
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
