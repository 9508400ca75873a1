/**
 * Drivers that do wrong when a test says so.
 *
 * @module
 */

import { assert } from "@std/assert";
import type { CallbackName } from "../../actors/channel/driver_port.ts";
import type { Endpoint } from "../../actors/channel/endpoint.ts";
import type { LoadedDriver } from "../../actors/partition/loaded_driver.ts";
import { FabricRuntime } from "../../actors/fabric/fabric_runtime.ts";
import * as vmbus from "../../mod.ts";
import type { DriverPoint } from "../../simulator/faults/basics.ts";
import { DRIVER_FAULTS } from "../../simulator/faults/catalogue/drivers.ts";
import { DriverMisdeeds } from "../../simulator/faults/drivers/driver_misdeeds.ts";
import type { Misdeed, MisdeedName, Misdeeds } from "../../simulator/faults/drivers/misdeed.ts";

/** Which opportunities of a misdeed are taken, from 1 on. */
export interface Wrong {
  readonly do: MisdeedName;
  readonly at?: readonly number[];
  readonly side?: vmbus.Side;
  readonly callback?: CallbackName;
  /** Whose `save` throws, where one does. */
  readonly save?: LoadedDriver["kind"];
}

/** How long each of them takes. */
const MS = 5;

/** Does wrong as a list says. */
class Listed implements Misdeeds {
  readonly #rules: { readonly wrong: Wrong; count: number }[];

  constructor(wrongs: readonly Wrong[]) {
    this.#rules = wrongs.map((wrong) => ({ wrong, count: 0 }));
  }

  at(point: DriverPoint, { side }: Endpoint, callback: CallbackName | null): Misdeed | null {
    for (const rule of this.#rules) {
      const { wrong } = rule;
      const isThere = DRIVER_FAULTS[wrong.do].point === point && wrong.save === undefined &&
        (wrong.side ?? side) === side &&
        (wrong.callback ?? callback) === callback;
      if (isThere && (wrong.at ?? [1]).includes(++rule.count)) return { do: wrong.do, ms: MS };
    }
    return null;
  }

  atSave({ kind }: LoadedDriver): Misdeed | null {
    const rule = this.#rules.find(({ wrong }) => wrong.do === "saveThrows" && wrong.save === kind);
    if (rule === undefined || !(rule.wrong.at ?? [1]).includes(++rule.count)) return null;
    return { do: "saveThrows", ms: 0 };
  }
}

/** A fabric whose drivers do wrong as `wrongs` say. */
export function misdeedFabric(
  wrongs: readonly Wrong[],
  options: vmbus.FabricOptions = {},
): FabricRuntime {
  const fabric = vmbus.createFabric({ verifier: "record", ...options });
  assert(fabric instanceof FabricRuntime);
  fabric.driverFaults = new DriverMisdeeds(new Listed(wrongs));
  return fabric;
}
