/**
 * What a program asks of a partition's guest: to leave the bus, or to come back.
 *
 * @module
 */

import type { GuestEnd } from "../bus/guest/guest_end.ts";
import type { PartitionWithBus } from "./raw_posts.ts";

const EVENTS = {
  disconnect: "partitionDisconnects",
  connect: "partitionConnects",
} as const;

/**
 * The guest's end of the bus, which does what `call` asks, and that on the trace; null in a guest that has crashed.
 *
 * @throws {Error} The guest is somebody outside, or the fabric was disposed of.
 */
export function askedGuest(
  { runtime, name, isAlive, bus, traceId }: PartitionWithBus & { readonly isAlive: boolean },
  call: keyof typeof EVENTS,
): GuestEnd | null {
  runtime.requireLive(`${call} ${name}`);
  if (!isAlive) return null;
  const { ownGuest } = bus;
  if (ownGuest === null) throw new Error(`Cannot ${call} ${name}: its guest is somebody outside`);
  runtime.recorder.record(runtime.clock.now100ns, EVENTS[call], traceId);
  return ownGuest;
}
