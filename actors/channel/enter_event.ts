/**
 * The event that tells a packet object's actor that the packet is in the ring.
 *
 * @module
 */

import { NO_BYTES } from "../../core/bytes.ts";

/** An event that carries encoded bytes; one object serves every packet of a channel. */
export class EnterEvent<Type extends "enter" | "enterLast"> {
  /** What happens: the packet's transaction goes on in the ring, or ends there. */
  readonly type: Type;
  /** Bytes among which the packet lies. */
  bytes: Uint8Array = NO_BYTES;
  /** Where it begins. */
  start = 0;
  /** Where it ends. */
  end = 0;

  /** An event without a packet. */
  constructor(type: Type) {
    this.type = type;
  }
}
