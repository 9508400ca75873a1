/**
 * What drivers do wrong as the rules of a world have it.
 *
 * @module
 */

import type { CallbackName } from "../../actors/channel/driver_port.ts";
import type { Endpoint } from "../../actors/channel/endpoint.ts";
import type { LoadedDriver } from "../../actors/partition/loaded_driver.ts";
import type { PartitionObject } from "../../actors/partition/partition_object.ts";
import type { DriverPoint } from "./basics.ts";
import type { FaultyWorld } from "./faulty_world.ts";
import { recover } from "./peers/recovery.ts";
import type { DriverPlace, SavePlace } from "./place.ts";
import type { FaultRule } from "./rule.ts";
import { type Misdeed, type MisdeedName, type Misdeeds, SAVES } from "./drivers/misdeed.ts";
import { faultOf, parameterOf } from "./table.ts";

/** A channel whose driver has called a packet malformed is reset so long after. */
const RESET_MS = 1000;

/** Chooses which rules fire. */
export interface FiringAtDrivers {
  /** Where faults happen; null while nothing goes wrong. */
  readonly world: FaultyWorld | null;
  /** The rule that fires at `point` in this `place`, this time; null: none does. */
  meets(point: DriverPoint, place: DriverPlace | SavePlace): FaultRule | null;
}

function misdeedOf(rule: FaultRule): Misdeed {
  const hasTime = "ms" in faultOf(rule).parameters;
  return { do: rule.do as MisdeedName, ms: hasTime ? parameterOf(rule, "ms") : 0 };
}

/** Misdeeds that rules bring about. */
export class ChosenMisdeeds implements Misdeeds {
  readonly #firing: FiringAtDrivers;

  /** What drivers do wrong as `firing` has it. */
  constructor(firing: FiringAtDrivers) {
    this.#firing = firing;
  }

  /** See {@linkcode Misdeeds.at}. */
  at(point: DriverPoint, endpoint: Endpoint, what: CallbackName | null): Misdeed | null {
    const { world } = this.#firing;
    // A client that refuses to open knows that it did: that cannot be done in its place.
    const isOwnOpen = what === "EvtChannelOpened" && point !== "passiveCallback";
    if (isOwnOpen && endpoint.side === "client") return null;
    const guest = endpoint.guest ?? endpoint.partition;
    const { channelId } = endpoint;
    const place = { guest, channelId, direction: null, what, endpoint };
    const rule = this.#firing.meets(point, place);
    if (rule === null) return null;
    if (rule.do === "packetFailed" && channelId !== null && world !== null) {
      const name = world.nameOf(guest);
      world.after(RESET_MS, () => recover(world, name, channelId));
    }
    return misdeedOf(rule);
  }

  /** See {@linkcode Misdeeds.atSave}. */
  atSave(driver: LoadedDriver): Misdeed | null {
    const guest = driver.guest as PartitionObject;
    const what = SAVES[driver.kind];
    const place: SavePlace = { guest, channelId: null, direction: null, what, loaded: driver };
    const rule = this.#firing.meets("save", place);
    return rule === null ? null : misdeedOf(rule);
  }
}
