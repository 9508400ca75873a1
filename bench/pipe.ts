/**
 * What the ring and its baselines do: a payload goes in at one end, framed, and comes out at the other.
 *
 * @module
 */

import type { Contender } from "./measure.ts";

/** Bytes of a frame beside its payload, for everyone: descriptor and trailer of a packet. */
export const FRAME_BYTES = 24;

/** A way through which payloads go. */
export interface Pipe {
  /** Carries `payload` through; what comes out is copied into `into`. Answers how many bytes it was. */
  carry(payload: Uint8Array, into: Uint8Array): number;
}

/** Carries payloads of `payloadBytes` through `pipe`, again and again. */
export function carrying(name: string, pipe: Pipe, payloadBytes: number): Contender {
  const payload = new Uint8Array(payloadBytes).fill(1);
  const into = new Uint8Array(payloadBytes);
  return {
    name,
    run: (count) => {
      for (let i = 0; i < count; i++) {
        if (pipe.carry(payload, into) !== payloadBytes) {
          throw new Error(`Cannot measure ${name}: a payload of ${payloadBytes} bytes got lost`);
        }
      }
    },
  };
}
