/**
 * The signals of a ring (wire.md 1.5 to 1.8): a guest sends a few packets one after the other, and the host
 * reads them. Planted: its reader clears the mask and sleeps without a second look, so that a packet which came
 * just before is neither seen nor signalled.
 *
 * Writer and reader are those of the package. The mistake is made by one method of one ring.
 *
 * @module
 */

import { resolveHandle } from "../../../kmcl/handles.ts";
import type { VMBCHANNEL, VMBPACKETCOMPLETION } from "../../../mod.ts";
import { defineScenario } from "../../worlds/define_scenario.ts";
import type { ScenarioDefinition } from "../../worlds/world.ts";
import { ClientEnd, closeAll, endInGuest, hostDriver, RAM, ServerEnd } from "./ends.ts";
import { identityOf } from "./set_up.ts";

const IDENTITY = identityOf("b7a1c0de-0003-4d6e-9a3b-5f0c1d2e3a43");
const PACKETS = 3;

/** Has the reader of an endpoint that opens sleep without its second look. */
function forgetSecondLook(channel: VMBCHANNEL): void {
  const ring = resolveHandle(channel, "VMBCHANNEL")?.incoming.ring ?? null;
  if (ring !== null) ring.lookAgain = () => "sleep";
}

/** Reads, in the host. */
class Reader extends ServerEnd {
  /** Packets that it was given. */
  packets = 0;
}

/** Sends packets, each when the one before is in the ring. */
class Writer extends ClientEnd {
  /** Packets that are still to be sent. */
  left = 0;

  /** Sends so many. */
  write(count: number): void {
    this.left = count;
    if (count > 0) this.tell([count], () => this.write(count - 1));
  }
}

/** The protocol with 3 packets; `planted`: with its mistake. */
export function ringSignalling(planted: boolean): ScenarioDefinition {
  const vsp = hostDriver<Reader>("ring signalling vsp", (context) => {
    const reader: Reader = new Reader(context, IDENTITY, {
      opened: (channel) => planted && forgetSecondLook(channel),
      received: (packet: VMBPACKETCOMPLETION) => {
        reader.packets++;
        reader.complete(packet);
      },
    });
    return reader;
  });
  const vsc = endInGuest("ring signalling vsc", IDENTITY, Writer);
  return defineScenario({
    name: "ring-signalling",
    title: "3 packets in a ring: whoever sleeps is woken by the next one",
    partitions: { guest: RAM },
    drivers: {
      vsp: { serves: "guest", driver: vsp },
      vsc: { in: "guest", driver: vsc },
    },
    workload: async (world) => {
      const [reader, writer] = [world.driver("vsp"), world.driver("vsc")];
      await world.until(() => writer.flows && reader.flows);
      writer.write(PACKETS);
    },
    stateOf: (world) => [world.driver("vsp").packets, world.driver("vsc").left],
    end: async (world) => {
      const { packets } = world.driver("vsp");
      if (packets !== PACKETS) {
        const message = `the reader sleeps, and has read ${packets} of ${PACKETS} packets`;
        world.fail("every packet is read", message);
      }
      await closeAll(world, ["vsc", "vsp"]);
    },
  });
}
