/**
 * Servers that finish a request when a device says so, with three mistakes of whoever keeps requests: one is
 * forgotten, one is completed twice, one's memory is freed too early.
 *
 * @module
 */

import type * as vmbus from "../../../mod.ts";
import {
  ClientEnd,
  closeAll,
  endInGuest,
  endInHost,
  RAM,
  sharedInFabric,
} from "../../../simulator/scenarios/protocols/ends.ts";
import { identityOf } from "../../../simulator/scenarios/protocols/set_up.ts";
import { defineScenario } from "../../../simulator/worlds/define_scenario.ts";
import type { ScenarioDefinition } from "../../../simulator/worlds/world.ts";

const TYPE = "ca9a41e5-0001-4d6e-9a3b-5f0c1d2e3a51";
const REQUESTS = identityOf(TYPE, 0);
const DEVICE = identityOf(TYPE, 1);
const REQUEST_COUNT = 8;

/** What a driver of this file does wrong. */
export type RequestMistake = "forgotten" | "completed twice" | "none";

/** Requests that the device has still to finish, in the host. */
class Queue {
  readonly #held: vmbus.VMBPACKETCOMPLETION[] = [];
  readonly #mistake: RequestMistake;
  /** Completes a request. */
  complete: (packet: vmbus.VMBPACKETCOMPLETION) => void = () => {};

  constructor(mistake: RequestMistake) {
    this.#mistake = mistake;
  }

  /** A request has come. Mistaken: three wait at most, it is said, as the client is quick to take answers. */
  add(packet: vmbus.VMBPACKETCOMPLETION): void {
    if (this.#mistake === "forgotten" && this.#held.length === 3) this.#held.pop();
    this.#held.push(packet);
  }

  /** The device has finished one. */
  finish(): void {
    const packet = this.#held.shift();
    if (packet !== undefined) this.complete(packet);
  }

  /** The channel goes: all are given up. Mistaken: they stay in the list, and the device finishes them. */
  giveUp(): void {
    const held = this.#mistake === "completed twice" ? this.#held : this.#held.splice(0);
    for (const packet of held) this.complete(packet);
  }
}

/** Sends requests, and says how many have ended. */
class Client extends ClientEnd {
  /** Requests that have ended. */
  ended = 0;

  /** Sends so many at once. */
  request(count: number): void {
    for (let sent = 0; sent < count; sent++) this.send([sent], () => this.ended++);
  }
}

/** A server of requests that a device finishes; the client closes while some are under way. */
export function deviceQueue(mistake: RequestMistake): ScenarioDefinition {
  const queueIn = sharedInFabric(() => new Queue(mistake));
  const vsp = endInHost("requests vsp", REQUESTS, (fabric, end) => {
    const queue = queueIn(fabric);
    queue.complete = (packet) => end().complete(packet);
    return { received: (packet) => queue.add(packet), suspended: () => queue.giveUp() };
  });
  // The device is another guest's: it finishes one request after the other, whether there are any or not.
  const deviceVsp = endInHost("requests device vsp", DEVICE, (fabric, end) => {
    const queue = queueIn(fabric);
    return {
      received: (packet) => {
        queue.finish();
        end().complete(packet);
      },
    };
  });
  const vsc = endInGuest("requests vsc", REQUESTS, Client);
  const deviceVsc = endInGuest("requests device vsc", DEVICE, ClientEnd);
  return defineScenario({
    name: "canary-requests",
    title: "Requests that a device finishes, on a channel that its client closes",
    partitions: { guest: RAM, device: RAM },
    drivers: {
      vsp: { serves: "guest", driver: vsp },
      deviceVsp: { serves: "device", driver: deviceVsp },
      vsc: { in: "guest", driver: vsc },
      deviceVsc: { in: "device", driver: deviceVsc },
    },
    workload: async (world) => {
      const [client, device] = [world.driver("vsc"), world.driver("deviceVsc")];
      await world.until(() => client.flows && device.flows);
      device.sendAll(2 * REQUEST_COUNT);
      client.request(REQUEST_COUNT);
      const endedBefore = world.draw(REQUEST_COUNT);
      await world.until(() => client.ended > endedBefore);
      await client.disable();
    },
    end: async (world) => {
      const { ended } = world.driver("vsc");
      if (ended < REQUEST_COUNT) {
        world.fail("every request ends", `${ended} of ${REQUEST_COUNT} did`);
      }
      await closeAll(world, ["vsc", "deviceVsc", "vsp", "deviceVsp"]);
    },
  });
}
