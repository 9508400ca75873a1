/**
 * Whether a rule means the place where something may go wrong.
 *
 * @module
 */

import type { FaultPlace } from "../../actors/runtime/fault_port.ts";
import type { FaultyWorld } from "./faulty_world.ts";

/** What a rule may say of a place. Which of it makes sense, its fault knows. */
export type Where = Readonly<Record<string, string | number | undefined>>;

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
    case "driver":
      return isOn(String(wanted), place, world);
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
export function placeText({ guest, channelId, direction, what }: FaultPlace): string {
  const channel = channelId === null ? null : `channel ${channelId}`;
  const words = [what, channel, direction].filter((word) => word !== null);
  return [...words, words.length === 0 ? guest.name : `of ${guest.name}`].join(" ");
}
