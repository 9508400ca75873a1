/**
 * What the ring and its baselines do: a payload goes in at one end, framed, and comes out at the other.
 *
 * @module
 */

import type { Contender } from "./measure.ts";

/** Bytes of a frame before its payload, for everyone: a packet's descriptor. */
export const DESCRIPTOR_BYTES = 16;
/** Bytes of a frame beside its payload, for everyone: descriptor and trailer of a packet. */
export const FRAME_BYTES = 24;

/** A way through which payloads go. */
export interface Pipe {
  /** Carries `payload` through. What comes out is a copy, valid until the next; null: it got lost. */
  carry(payload: Uint8Array): Uint8Array | null;
}

/**
 * A copy takes many times as long where source and target agree in the low 12 bits of their addresses.
 * Packets begin near the start of a page, so payloads lie half a page from there.
 */
const HALF_PAGE_BYTES = 2048;

/** An array that goes into a pipe or takes what comes out. */
export function payloadOf(byteCount: number): Uint8Array {
  return new Uint8Array(HALF_PAGE_BYTES + byteCount).subarray(HALF_PAGE_BYTES);
}

/** Carries payloads of `payloadBytes` through `pipe`, again and again. */
export function carrying(name: string, pipe: Pipe, payloadBytes: number): Contender {
  const payload = payloadOf(payloadBytes).fill(1);
  return {
    name,
    run: (count) => {
      for (let i = 0; i < count; i++) {
        if (pipe.carry(payload)?.length !== payloadBytes) {
          throw new Error(`Cannot measure ${name}: a payload of ${payloadBytes} bytes got lost`);
        }
      }
    },
  };
}
