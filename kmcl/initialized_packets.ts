/**
 * Packet objects in memory of the drivers. In C the handle is the address: memory that is initialized
 * again holds the same packet object, as new, and a packet object that another one overlaps ceases to
 * exist (kmcl.md section 5).
 *
 * @module
 */

import type { Endpoint } from "../actors/channel/endpoint.ts";
import type { RuntimePort } from "../actors/runtime/runtime_port.ts";
import type { VMBPACKET } from "../actors/runtime/handle.ts";
import { noteEnd } from "./ends.ts";
import { handOutPacket } from "./packet_handles.ts";
import { resolveHandle } from "./handles.ts";

/** A packet object and the bytes of a buffer that it occupies. */
interface Place {
  readonly handle: VMBPACKET;
  readonly start: number;
  readonly end: number;
}

/** The places in one buffer, by their first byte. */
type Places = Map<number, Place>;

/** The buffers of one fabric's drivers. A buffer that is collected is forgotten. */
type Buffers = WeakMap<ArrayBufferLike, Places>;

const buffersOf = new WeakMap<RuntimePort, Buffers>();

/**
 * Makes a packet object of `endpoint` in the first `byteCount` bytes of `memory`. Null where a packet that
 * is in flight lies there, or in a part of it.
 */
export function initializePacket(
  endpoint: Endpoint,
  memory: Uint8Array,
  byteCount: number,
): VMBPACKET | null {
  const places = placesIn(endpoint.runtime, memory.buffer);
  const start = memory.byteOffset;
  const end = start + byteCount;
  const known = places.get(start);
  if (known?.end === end && isOf(known, endpoint)) return renew(known);
  const overlaid = [...places.values()].filter((place) => place.start < end && start < place.end);
  if (overlaid.some(isInFlight)) return null;
  for (const place of overlaid) {
    places.delete(place.start);
    remove(place);
  }
  const handle = handOutPacket(endpoint, "initialized");
  places.set(start, { handle, start, end });
  return handle;
}

function placesIn(runtime: RuntimePort, buffer: ArrayBufferLike): Places {
  const buffers: Buffers = buffersOf.get(runtime) ?? new WeakMap();
  const places: Places = buffers.get(buffer) ?? new Map();
  buffersOf.set(runtime, buffers);
  buffers.set(buffer, places);
  return places;
}

function isOf({ handle }: Place, endpoint: Endpoint): boolean {
  return resolveHandle(handle, "VMBPACKET")?.endpoint === endpoint;
}

function isInFlight({ handle }: Place): boolean {
  return resolveHandle(handle, "VMBPACKET")?.packet.actor.is("inFlight") === true;
}

/** Resets the packet object: no completion routine, no pointer. */
function renew(place: Place): VMBPACKET | null {
  const target = resolveHandle(place.handle, "VMBPACKET");
  if (target === null || isInFlight(place)) return null;
  target.packet.routine = null;
  target.packet.pointer = null;
  return place.handle;
}

/** Ends the packet object and frees its slot; does nothing where its channel was cleaned up before. */
function remove({ handle }: Place): void {
  const target = resolveHandle(handle, "VMBPACKET");
  if (target === null) return;
  noteEnd(
    target.endpoint.runtime,
    handle,
    "VmbPacketInitialize",
    target.endpoint,
    target.packet.slot,
  );
  handle.kill();
  target.packet.handle = null;
  target.endpoint.outgoing.packets.free(target.packet);
}
