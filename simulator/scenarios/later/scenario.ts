/**
 * What later versions of the tables add, in use (kmcl.md, "Later versions"): a driver of the host that has the table of
 * version 2 keeps what it knows of each request in the area that comes with it, and answers in another order than the
 * requests came in. Its drivers ask nothing of later versions that version 2 does not have.
 *
 * @module
 */

import * as vmbus from "../../../mod.ts";
import { defineScenario } from "../../worlds/define_scenario.ts";
import type { ScenarioDefinition } from "../../worlds/world.ts";
import { DELAYS } from "../faults.ts";
import {
  ClientEnd,
  closeAll,
  endInGuest,
  endInHost,
  RAM,
  sharedInFabric,
} from "../protocols/ends.ts";
import { identityOf } from "../protocols/set_up.ts";

const IDENTITY = identityOf("b7a1c0de-0002-4d6e-9a3b-5f0c1d2e3a42");
const REQUESTS = 24;
/** Requests that the host keeps before it answers. */
const KEPT_MAX = 4;

/** What the host's driver does with requests, and what it has found. */
class Keeper {
  /** An area that held something when its packet came. */
  hasStale = false;
  /** The channel's devices were not what they have to be. */
  hasWrongDevices = false;
  /** Whether several were kept at once. */
  hasKeptSeveral = false;
  readonly #kept: vmbus.VMBPACKETCOMPLETION[] = [];
  #kmcl: vmbus.KmclServerInterfaceV2 | null = null;

  /** The channel opens: the driver asks for the table of version 2, and looks at the channel's devices. */
  opened(channel: vmbus.VMBCHANNEL, device: vmbus.Device): void {
    const { kmcl } = vmbus.expectSuccess(vmbus.WdfFdoQueryForInterface(
      device,
      vmbus.KMCL_SERVER_INTERFACE_TYPE,
      vmbus.KMCL_SERVER_INTERFACE_V2_SIZE,
      vmbus.KMCL_SERVER_INTERFACE_VERSION_V2,
    ));
    this.#kmcl = kmcl;
    this.hasWrongDevices ||= kmcl.VmbChannelGetTargetDeviceObject(channel) === null ||
      kmcl.VmbChannelGetParentDeviceObject(channel) === null;
  }

  /** A request came: its number goes into its area, and it is kept. */
  keep(packet: vmbus.VMBPACKETCOMPLETION, [number = 0]: Uint8Array): void {
    const area = this.#areaOf(packet);
    this.hasStale ||= area.some((byte) => byte !== 0);
    area[0] = number;
    this.#kept.push(packet);
    this.hasKeptSeveral ||= this.#kept.length > 1;
    if (this.#kept.length >= KEPT_MAX) this.answerAll();
  }

  /** Answers what is kept, the last one first, each with what its area says. */
  answerAll(): void {
    for (const packet of this.#kept.splice(0).reverse()) {
      this.#kmcl?.VmbChannelPacketComplete(packet, this.#areaOf(packet), 1);
    }
  }

  #areaOf(packet: vmbus.VMBPACKETCOMPLETION): Uint8Array {
    return this.#kmcl?.VmbChannelPacketGetClientContext(packet) ?? new Uint8Array(0);
  }
}

const keeperIn = sharedInFabric(() => new Keeper());

/** The guest's end: it sends numbers, and wants each back. */
class Asker extends ClientEnd {
  /** Answers that have come. */
  answered = 0;
  /** Answers that were another request's. */
  wrong = 0;

  /** Sends so many requests at once. */
  askAll(count: number): void {
    for (let number = 1; number <= count; number++) {
      this.send([number], (status, [answer]) => {
        if (status !== vmbus.STATUS_SUCCESS) return;
        this.answered++;
        if (answer !== number) this.wrong++;
      });
    }
  }
}

/** The scenario. */
export const contexts: ScenarioDefinition = defineScenario({
  name: "contexts",
  title: "A host that keeps what it knows of a request in the area that comes with it",
  partitions: { guest: RAM },
  drivers: {
    vsc: { in: "guest", driver: endInGuest("contexts vsc", IDENTITY, Asker) },
    vsp: {
      serves: "guest",
      driver: endInHost("contexts vsp", IDENTITY, (fabric) => {
        const keeper = keeperIn(fabric);
        return {
          contextBytes: 8,
          opened: (channel) => keeper.opened(channel, fabric.root.device),
          received: (packet, bytes) => keeper.keep(packet, bytes),
          batchEnded: () => keeper.answerAll(),
          suspended: () => keeper.answerAll(),
        };
      }),
    },
  },
  faults: DELAYS,
  reach: ["several are kept at once"],
  workload: async (world) => {
    const asker = world.driver("vsc");
    await world.until(() => asker.flows);
    asker.askAll(REQUESTS);
    await world.until(() => asker.answered === REQUESTS);
  },
  end: async (world) => {
    const { hasStale, hasWrongDevices, hasKeptSeveral } = keeperIn(world.fabric);
    const { wrong } = world.driver("vsc");
    if (hasKeptSeveral) world.reach("several are kept at once");
    if (hasStale) world.fail("an area is empty when its packet comes", "it held something");
    if (hasWrongDevices) world.fail("an open channel has its devices", "it had none");
    if (wrong > 0) world.fail("an area is its own packet's", `${wrong} answers were another's`);
    await closeAll(world, ["vsc", "vsp"]);
  },
});
