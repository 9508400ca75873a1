/**
 * Whether a rule means the place where something may go wrong.
 *
 * @module
 */

import type { Endpoint } from "../../actors/channel/endpoint.ts";
import type { LoadedDriver } from "../../actors/partition/loaded_driver.ts";
import type { FaultPlace } from "../../actors/runtime/fault_port.ts";
import type { FaultyWorld } from "./faulty_world.ts";

/** What a rule may say of a place. Which of it makes sense, its fault knows. */
export type Where = Readonly<Record<string, string | number | undefined>>;

/** Where a driver may do wrong; `what` is the callback, or null in VmbChannelPacketComplete. */
export interface DriverPlace extends FaultPlace {
  /** The endpoint that the driver has. */
  readonly endpoint: Endpoint;
}

/** Where a driver's `save` may throw. */
export interface SavePlace extends FaultPlace {
  /** The driver. */
  readonly loaded: LoadedDriver;
}

/** The endpoint whose driver does wrong; null where it is no driver. */
function endpointOf(place: FaultPlace): Endpoint | null {
  return "endpoint" in place ? (place as DriverPlace).endpoint : null;
}

/** Whether `place` is one of those that `where` speaks of. */
export function isAt(where: Where, place: FaultPlace, world: FaultyWorld): boolean {
  for (const [member, wanted] of Object.entries(where)) {
    if (wanted !== undefined && !isMeant(member, wanted, place, world)) return false;
  }
  return true;
}

function isMeant(
  member: string,
  wanted: string | number,
  place: FaultPlace,
  world: FaultyWorld,
): boolean {
  switch (member) {
    case "guest":
      return place.guest.name === wanted;
    case "channel":
      return place.channelId === wanted;
    case "direction":
      return place.direction === wanted;
    case "side":
      return endpointOf(place)?.side === wanted;
    case "driver": {
      const driver = "loaded" in place ? place.loaded : endpointOf(place)?.driver;
      if (driver === undefined) return isOn(String(wanted), place, world);
      return driver !== null && world.loaded(String(wanted)) === driver;
    }
    default: // the name of a message, of a site: whatever the point tells apart
      return place.what === wanted;
  }
}

/** Whether one end of the channel at `place` is of the driver called `name`. */
export function isOn(
  name: string,
  { guest, channelId }: Pick<FaultPlace, "guest" | "channelId">,
  world: Pick<FaultyWorld, "loaded">,
): boolean {
  const driver = world.loaded(name);
  if (driver === null || driver.guest !== guest || channelId === null) return false;
  return driver.endpoints.some((endpoint) => endpoint.channelId === channelId);
}

/** A place in words, which are the same each time. */
export function placeText(place: FaultPlace): string {
  const { guest, channelId, direction, what } = place;
  const endpoint = endpointOf(place);
  if (endpoint !== null) {
    return `${what ?? "VmbChannelPacketComplete"} of ${endpoint.side} of ${guest.name}`;
  }
  const channel = channelId === null ? null : `channel ${channelId}`;
  const words = [what, channel, direction].filter((word) => word !== null);
  return [...words, words.length === 0 ? guest.name : `of ${guest.name}`].join(" ");
}
