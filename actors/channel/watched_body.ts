/**
 * Room for a packet while somebody looks at actors.
 *
 * @module
 */

import { copyBytes } from "../../core/bytes.ts";
import type { BodySpace } from "../../core/packet/packet.ts";
import type { OutgoingRing } from "../../core/ring/outgoing.ts";

/** Has a packet's whole body written where it can be looked at, however it goes into the ring. */
export class WatchedBody implements BodySpace {
  readonly #ring: OutgoingRing;

  /** The room that `ring` reserves. */
  constructor(ring: OutgoingRing) {
    this.#ring = ring;
  }

  /** See {@linkcode BodySpace.body}. */
  get body(): Uint8Array {
    return this.#ring.body;
  }

  /** See {@linkcode BodySpace.bodyStart}. */
  get bodyStart(): number {
    return this.#ring.bodyStart;
  }

  /** See {@linkcode BodySpace.putPayload}: always into `body`. */
  putPayload(at: number, payload: Uint8Array, start: number, byteCount: number): void {
    copyBytes(this.body, payload, start, byteCount, at);
  }
}
