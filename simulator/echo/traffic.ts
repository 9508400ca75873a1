/**
 * The traffic beside the file: which packets the host sends, drawn from the seed. Whoever sends and
 * whoever checks have a plan of their own from the same seed, so that neither asks the other.
 *
 * @module
 */

import { Chance } from "../../core/chance.ts";
import type { BesidePacket } from "../../devices/echo/mod.ts";

/** Largest payload of the traffic beside the file. */
export const BESIDE_BYTES_MAX = 2048;

/** Bounds of the payload's size that are drawn from: small packets are more frequent than large ones. */
const SIZE_BOUNDS = [16, 128, 512, BESIDE_BYTES_MAX];

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
