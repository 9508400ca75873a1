/**
 * A reader that changes a packet in the ring: one that has taken a part of it, and says so there (wire.md 2.4).
 *
 * @module
 */

import { assert } from "../assert.ts";
import type { IncomingRing } from "./incoming.ts";
import { advanceIndex, DESCRIPTOR_BYTES } from "./layout.ts";
import type { RingMemory } from "./ring_memory.ts";

/**
 * Writes `bytes` over the payload of the packet that `ring`, over `memory`, shows, from `at` of its `bytes` on.
 * The packet is to be looked at again before it is read.
 */
export function rewritePayload(
  ring: IncomingRing,
  memory: RingMemory,
  at: number,
  bytes: Uint8Array,
): void {
  assert(
    at >= ring.payloadStart && at + bytes.length <= ring.end,
    "what is written over a payload lies inside it",
  );
  const { index } = ring.position;
  const offset = advanceIndex(index, DESCRIPTOR_BYTES + at - ring.start, memory.dataBytes);
  memory.copyArrayIn(offset, bytes, 0, bytes.length);
}
