/**
 * What echoes of two packets have in common: the second packet wraps round the end of the ring.
 *
 * @module
 */

import type * as vmbus from "../../../mod.ts";
import { defineScenario } from "../../worlds/define_scenario.ts";
import type { ScenarioDefinition } from "../../worlds/world.ts";
import { ClientEnd, closeAll, ServerEnd } from "../protocols/ends.ts";

/** Packets that are sent. */
export const PACKETS = 2;
/** More than half of a ring of one page. */
export const PACKET_BYTES = 2200;

/** Sends packets back. */
export class EchoServer extends ServerEnd {
  /** Packets that came. */
  packets = 0;
}

/** Sends packets, and counts those that come back as they should. */
export abstract class EchoClient extends ClientEnd {
  /** Packets that came back. */
  answered = 0;
  /** Packets that were sent. */
  sent = 0;

  /** Sends the next packet. */
  sendNext(): void {
    const number = ++this.sent;
    this.sendPacket(new Uint8Array(PACKET_BYTES).fill(number), number);
  }

  /** Sends `bytes`, each of which is `number`. */
  protected abstract sendPacket(bytes: Uint8Array, number: number): void;
}

/** The drivers of an echo, as its scenario has them. */
export type EchoDrivers<Client extends EchoClient> = {
  readonly vsp: { readonly serves: "guest"; readonly driver: vmbus.HostDriver<EchoServer> };
  readonly vsc: { readonly in: "guest"; readonly driver: vmbus.GuestDriver<Client> };
};

/** What one echo has of its own. */
export interface EchoParts<Client extends EchoClient>
  extends Pick<ScenarioDefinition<EchoDrivers<Client>>, "name" | "title" | "workload"> {
  /** The host's driver. */
  readonly vsp: vmbus.HostDriver<EchoServer>;
  /** The guest's driver. */
  readonly vsc: vmbus.GuestDriver<Client>;
}

/** The scenario of an echo: every packet comes back. */
export function echoScenario<Client extends EchoClient>(
  { vsp, vsc, ...parts }: EchoParts<Client>,
): ScenarioDefinition {
  return defineScenario<EchoDrivers<Client>>({
    ...parts,
    partitions: { guest: { memoryPages: 32, mmioMegabytes: 0 } },
    drivers: { vsp: { serves: "guest", driver: vsp }, vsc: { in: "guest", driver: vsc } },
    stateOf: (world) => {
      const { sent, answered } = world.driver("vsc");
      return [world.driver("vsp").packets, sent, answered];
    },
    end: async (world) => {
      const { answered } = world.driver("vsc");
      if (answered !== PACKETS) {
        world.fail("every packet comes back", `${answered} of ${PACKETS} packets came back`);
      }
      await closeAll(world, ["vsc", "vsp"]);
    },
  });
}
