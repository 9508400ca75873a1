/**
 * Makes the fabrics of conformance tests, so that the whole suite can run both ways: on compiled charts,
 * and on XState's own interpreter with somebody looking at every actor.
 *
 * @module
 */

import * as vmbus from "../../mod.ts";

/** What was heard of the actors of inspected fabrics, by type of inspection event. */
const heard = new Map<string, number>();
let isStock = false;

/**
 * From now on fabrics run on the stock interpreter unless they say otherwise, and are inspected: then
 * every event is sent, and each is checked against the chart. What is heard is counted.
 */
export function runOnStock(): ReadonlyMap<string, number> {
  isStock = true;
  return heard;
}

/** A fabric, as vmbus.createFabric makes it. */
export function createFabric(options: vmbus.FabricOptions = {}): vmbus.Fabric {
  if (!isStock) return vmbus.createFabric(options);
  const fabric = vmbus.createFabric({ interpreter: "stock", ...options });
  fabric.inspectActors(({ type, event }) => {
    const key = type === "@xstate.event" ? event?.type ?? type : type;
    heard.set(key, (heard.get(key) ?? 0) + 1);
  });
  return fabric;
}
