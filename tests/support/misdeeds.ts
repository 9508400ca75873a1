/**
 * Drivers that do wrong when a test says so.
 *
 * @module
 */

import { assert } from "@std/assert";
import { FabricRuntime } from "../../actors/fabric/fabric_runtime.ts";
import * as vmbus from "../../mod.ts";
import { DriverMisdeeds } from "../../simulator/faults/drivers/driver_misdeeds.ts";
import type {
  MisdeedName,
  MisdeedPlace,
  Misdeeds,
} from "../../simulator/faults/drivers/misdeed.ts";

/** Which opportunities of a misdeed are taken, from 1 on. */
export interface Wrong {
  readonly misdeed: MisdeedName;
  readonly at?: readonly number[];
  readonly isThere?: (place: MisdeedPlace) => boolean;
}

/** Does wrong as a list says. */
class Listed implements Misdeeds {
  readonly #rules: { readonly wrong: Wrong; count: number }[];
  readonly #drawn: number;

  constructor(wrongs: readonly Wrong[], drawn: number) {
    this.#rules = wrongs.map((wrong) => ({ wrong, count: 0 }));
    this.#drawn = drawn;
  }

  happens(misdeed: MisdeedName, place: MisdeedPlace): boolean {
    for (const rule of this.#rules) {
      const { wrong } = rule;
      if (wrong.misdeed !== misdeed || wrong.isThere?.(place) === false) continue;
      if ((wrong.at ?? [1]).includes(++rule.count)) return true;
    }
    return false;
  }

  draw(count: number): number {
    return Math.min(this.#drawn, count - 1);
  }
}

/** A fabric whose drivers do wrong as `wrongs` say; each draw comes to `drawn`. */
export function misdeedFabric(
  wrongs: readonly Wrong[],
  options: vmbus.FabricOptions = {},
  drawn = 4,
): FabricRuntime {
  const fabric = vmbus.createFabric({ verifier: "record", ...options });
  assert(fabric instanceof FabricRuntime);
  fabric.driverFaults = new DriverMisdeeds(new Listed(wrongs, drawn));
  return fabric;
}

/** The place is a client's, or a server's. */
export function onSide(side: vmbus.Side): (place: MisdeedPlace) => boolean {
  return ({ endpoint }) => endpoint.side === side;
}
