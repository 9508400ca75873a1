/**
 * The traffic beside the file: which packets the host sends, drawn from the seed. Whoever sends and
 * whoever checks have a plan of their own from the same seed, so that neither asks the other.
 *
 * @module
 */

import { Chance } from "../../core/chance.ts";

/** Largest payload of the traffic beside the file. */
export const BESIDE_BYTES_MAX = 2048;

/** Bounds of the payload's size that are drawn from: small packets are more frequent than large ones. */
const SIZE_BOUNDS = [16, 128, 512, BESIDE_BYTES_MAX];

/** One packet of the traffic. */
export interface BesidePacket {
  /** Its number, from 0. */
  readonly sequence: number;
  /** Bytes of its payload. */
  readonly byteCount: number;
  /** Whether the host wants a completion. */
  readonly wantsCompletion: boolean;
}

/** The packets of the traffic, in order. */
export class TrafficPlan {
  readonly #chance: Chance;
  readonly #packetCount: number;
  #sequence = 0;

  /** A plan of `packetCount` packets: the same for the same seed. */
  constructor(seed: bigint, packetCount: number) {
    this.#chance = Chance.fromSeed(seed).fork("echo: traffic beside");
    this.#packetCount = packetCount;
  }

  /** The next packet, or null after the last. */
  next(): BesidePacket | null {
    if (this.#sequence === this.#packetCount) return null;
    const chance = this.#chance;
    const most = SIZE_BOUNDS[chance.below(SIZE_BOUNDS.length)]!;
    const byteCount = chance.below(most + 1);
    const wantsCompletion = chance.below(2) === 1;
    return { sequence: this.#sequence++, byteCount, wantsCompletion };
  }
}

/** Byte `offset` of the payload of packet `sequence`. */
function payloadByte(sequence: number, offset: number): number {
  return (sequence * 131 + offset * 7 + (offset >> 8)) & 0xff;
}

/** Fills `payload` with what packet `sequence` carries. */
export function fillPayload(payload: Uint8Array, sequence: number): void {
  for (let offset = 0; offset < payload.length; offset++) {
    payload[offset] = payloadByte(sequence, offset);
  }
}

/** Whether `payload` is the beginning of what packet `sequence` carries. */
export function isPayload(payload: Uint8Array, sequence: number): boolean {
  return payload.every((byte, offset) => byte === payloadByte(sequence, offset));
}
