/**
 * What every codec does in the figure "codec".
 *
 * @module
 */

import type { PacketFields } from "../core/packet/packet.ts";

/** Encodes a packet and decodes it again. */
export interface RoundTrip {
  /** Bytes of the packet that was encoded last: `bytes[start, end)`. */
  readonly encoded: { readonly bytes: Uint8Array; readonly start: number; readonly end: number };
  /** What was decoded last. */
  readonly decoded: PacketFields;
  /** Encodes and decodes `packet`. */
  turn(packet: PacketFields): void;
}
