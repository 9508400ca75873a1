/**
 * Callers that wait for answers: some give up, others wait until their channel closes. The drivers make no mistake:
 * bugs in the package's own sources are hunted for with them, as *everything* has few such callers.
 *
 * @module
 */

import * as vmbus from "../../../mod.ts";
import {
  ClientEnd,
  closeAll,
  endInGuest,
  hostDriver,
  RAM,
  ServerEnd,
} from "../../../simulator/scenarios/protocols/ends.ts";
import { identityOf } from "../../../simulator/scenarios/protocols/set_up.ts";
import { defineScenario } from "../../../simulator/worlds/define_scenario.ts";
import type { ScenarioDefinition } from "../../../simulator/worlds/world.ts";

const QUESTIONS = identityOf("ca9a41e5-0006-4d6e-9a3b-5f0c1d2e3a56");
/** Who gives up, and whose answers come late. */
const IMPATIENT = 2;
/** Who waits until the channel closes. */
const PATIENT = 4;
/** How long the impatient wait: 1 ms from now on. */
const PATIENCE_100NS = -10_000;

/** Holds what it is asked until its channel closes; the first are answered late, as others come. */
class Holder extends ServerEnd {
  /** Questions that it was asked. */
  asked = 0;
  readonly #held: vmbus.VMBPACKETCOMPLETION[] = [];

  /** In the host of `context`. */
  constructor(context: vmbus.HostContext) {
    super(context, QUESTIONS, {
      received: (packet) => {
        this.asked++;
        this.#held.push(packet);
        const isLate = this.asked > IMPATIENT && this.asked <= 2 * IMPATIENT;
        if (isLate) this.complete(this.#held.shift()!);
      },
      suspended: () => this.#held.splice(0).forEach((packet) => this.complete(packet)),
    });
  }
}

/** Asks, and waits for the answer. */
class Caller extends ClientEnd {
  /** How so many questions have ended, each of which waits for so long; null: for ever. */
  ask(count: number, timeout100ns: number | null): Promise<readonly vmbus.NtStatus[]> {
    return Promise.all(Array.from({ length: count }, () => this.#ask(timeout100ns)));
  }

  async #ask(timeout100ns: number | null): Promise<vmbus.NtStatus> {
    const { status } = await this.kmcl.VmbChannelSendSynchronousRequest(
      this.channel,
      Uint8Array.of(1),
      1,
      null,
      vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION,
      null,
      null,
      timeout100ns,
    );
    return status;
  }
}

/** Callers whose questions nobody answers in time, on a channel that their own driver closes. */
export const waitingCallers: ScenarioDefinition = defineScenario({
  name: "canary-callers",
  title: "Callers wait for answers, until they give up or their channel closes",
  partitions: { guest: RAM },
  drivers: {
    vsp: {
      serves: "guest",
      driver: hostDriver<Holder>("callers vsp", (context) => new Holder(context)),
    },
    vsc: {
      in: "guest",
      driver: endInGuest("callers vsc", QUESTIONS, Caller),
    },
  },
  workload: async (world) => {
    const [client, server] = [world.driver("vsc"), world.driver("vsp")];
    await world.until(() => client.flows);
    const givenUp = await client.ask(IMPATIENT, PATIENCE_100NS);
    const statuses = client.ask(PATIENT, null);
    const asked = IMPATIENT + world.draw(PATIENT + 1);
    await world.until(() => server.asked >= asked);
    await client.disable();
    const wrong = [
      ...givenUp.filter((status) => status !== vmbus.STATUS_CANCELLED),
      ...(await statuses).filter((status) => status !== vmbus.STATUS_DEVICE_REMOVED),
    ];
    if (wrong.length > 0) {
      const names = wrong.map((status) => vmbus.ntStatusName(status)).join(", ");
      world.fail("who waits hears of its end", `callers were told ${names}`);
    }
  },
  end: (world) => closeAll(world, ["vsc", "vsp"]),
});
