/**
 * Packet objects and channels in memory of the drivers. In C the handle is the address: memory that is
 * initialized again holds the same packet object, as new, and a packet object that something else overlaps
 * ceases to exist (kmcl.md section 5, X11).
 *
 * @module
 */

import type { Endpoint } from "../actors/channel/endpoint.ts";
import { assert } from "../core/assert.ts";
import type { RuntimePort } from "../actors/runtime/runtime_port.ts";
import type { VMBCHANNEL, VMBPACKET } from "../actors/runtime/handle.ts";
import {
  type NtStatus,
  STATUS_INSUFFICIENT_RESOURCES,
  STATUS_INVALID_PARAMETER_2,
} from "../core/ntstatus.ts";
import { roundUp8 } from "../core/units.ts";
import { noteEnd } from "./ends.ts";
import { handOutPacket } from "./packet_handles.ts";
import { resolveHandle } from "./handles.ts";

/** A packet object or a channel, and the bytes of a buffer that it occupies. */
interface Place {
  readonly handle: VMBPACKET | VMBCHANNEL;
  readonly start: number;
  readonly end: number;
}

/** The places in one buffer, by their first byte. */
type Places = Map<number, Place>;

/** The buffers of one fabric's drivers. A buffer that is collected is forgotten. */
type Buffers = WeakMap<ArrayBufferLike, Places>;

const buffersOf = new WeakMap<RuntimePort, Buffers>();

/**
 * Makes a packet object of `endpoint` in the first `byteCount` bytes of `memory`. A status where a channel, or a packet
 * that is in flight, lies there or in a part of it, or where the channel may have no more of them.
 */
export function initializePacket(
  endpoint: Endpoint,
  memory: Uint8Array,
  byteCount: number,
): VMBPACKET | NtStatus {
  const places = placesIn(endpoint.runtime, memory.buffer);
  const start = memory.byteOffset;
  const end = start + byteCount;
  const known = places.get(start);
  const overlaid = placesWithin(places, start, end);
  if (overlaid.some(isInUse)) return STATUS_INVALID_PARAMETER_2;
  const isSame = known?.end === end && isOf(known, endpoint);
  const { packetCountMax } = endpoint.configuration;
  if (!isSame && packetCountMax !== null) {
    const given = overlaid.filter((place) => isOf(place, endpoint)).length;
    const { driversCount } = endpoint.outgoing.packets;
    if (driversCount - given >= packetCountMax) return STATUS_INSUFFICIENT_RESOURCES;
  }
  const handle = isSame
    ? renew(known)
    : layOver(places, overlaid, start, end, () => handOutPacket(endpoint, "initialized"));
  layContext(endpoint, handle, memory.subarray(0, byteCount));
  return handle;
}

/** The driver's context is the end of the packet object's memory (kmcl.md X13). */
function layContext(
  { configuration: { inlineContextBytes } }: Endpoint,
  handle: VMBPACKET,
  memory: Uint8Array,
): void {
  if (inlineContextBytes === 0) return;
  const start = memory.length - roundUp8(inlineContextBytes);
  resolveHandle(handle, "VMBPACKET")?.packet.layContext(
    memory.subarray(start, start + inlineContextBytes),
  );
}

/** Makes a channel in the first `byteCount` bytes of `memory`; null where one, or a packet in flight, lies there. */
export function initializeChannel(
  runtime: RuntimePort,
  memory: Uint8Array,
  byteCount: number,
  make: () => VMBCHANNEL,
): VMBCHANNEL | null {
  const places = placesIn(runtime, memory.buffer);
  const start = memory.byteOffset;
  const end = start + byteCount;
  const overlaid = placesWithin(places, start, end);
  return overlaid.some(isInUse) ? null : layOver(places, overlaid, start, end, make);
}

function placesWithin(places: Places, start: number, end: number): readonly Place[] {
  return [...places.values()].filter((place) => place.start < end && start < place.end);
}

/** What was there is no more, and what `make` makes is. */
function layOver<Made extends Place["handle"]>(
  places: Places,
  overlaid: readonly Place[],
  start: number,
  end: number,
  make: () => Made,
): Made {
  for (const place of overlaid) {
    places.delete(place.start);
    remove(place);
  }
  const handle = make();
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

/**
 * Whether what lies there must not be overwritten: a packet that is in flight, a channel that was not cleaned up. With
 * a partition all that its drivers had is gone, though nobody has cleaned it up.
 */
function isInUse({ handle }: Place): boolean {
  const channel = resolveHandle(handle, "VMBCHANNEL");
  if (channel !== null) return channel.partition.isAlive;
  const target = resolveHandle(handle, "VMBPACKET");
  return target !== null && target.endpoint.partition.isAlive && target.packet.actor.is("inFlight");
}

/** Resets the packet object: no completion routine, no pointer. */
function renew({ handle }: Place): VMBPACKET {
  const target = resolveHandle(handle, "VMBPACKET");
  assert(target !== null, "a packet object that is the same again is there");
  target.packet.routine = null;
  target.packet.routineContext = null;
  target.packet.pointer = null;
  return handle as VMBPACKET;
}

/** Ends the packet object and frees its slot; does nothing where its channel was cleaned up before, or is gone. */
function remove({ handle }: Place): void {
  const target = resolveHandle(handle, "VMBPACKET");
  if (target === null || !target.endpoint.partition.isAlive) return;
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
