/**
 * The smallest echo that has everything: a packet; another one, which wraps round the end of the ring, while the host
 * pauses; and a close.
 *
 * @module
 */

import { defineScenario } from "../../worlds/define_scenario.ts";
import type { ScenarioDefinition } from "../../worlds/world.ts";
import { ClientEnd, closeAll, guestDriver, hostDriver, ServerEnd } from "../protocols/ends.ts";
import { identityOf } from "../protocols/set_up.ts";

const IDENTITY = identityOf("b7a1c0de-0006-4d6e-9a3b-5f0c1d2e3a46");
const PACKETS = 2;
/** More than half of a ring of one page. */
const PACKET_BYTES = 2200;

/** Answers each packet with its first byte. */
class Server extends ServerEnd {
  /** Packets that came. */
  packets = 0;
}

/** Sends packets. */
class Client extends ClientEnd {
  /** Answers that were right. */
  answered = 0;
  /** Packets that were sent. */
  sent = 0;

  /** Sends the next packet. */
  sendNext(): void {
    const number = ++this.sent;
    this.send(new Uint8Array(PACKET_BYTES).fill(number), (status, [answer]) => {
      if (status === 0 && answer === number) this.answered++;
    });
  }
}

const vsp = hostDriver<Server>("small echo vsp", (context) => {
  const end: Server = new Server(context, IDENTITY, {
    packetBytes: PACKET_BYTES,
    received: (packet, [first = 0]) => {
      end.packets++;
      end.complete(packet, [first]);
    },
  });
  return end;
});

const vsc = guestDriver<Client>("small echo vsc", (context) => {
  const end: Client = new Client(context, IDENTITY, {
    packetBytes: PACKET_BYTES,
  });
  return end.open();
});

/** The scenario. */
export const smallEcho: ScenarioDefinition = defineScenario({
  name: "small-echo",
  title: "2 packets there and back, one of them round the end of the ring, a pause and a close",
  partitions: { guest: { memoryPages: 32, mmioMegabytes: 0 } },
  drivers: { vsp: { serves: "guest", driver: vsp }, vsc: { in: "guest", driver: vsc } },
  workload: async (world) => {
    const [client, server] = [world.driver("vsc"), world.driver("vsp")];
    await world.until(() => false); // all is quiet: the channel is open
    client.sendNext();
    await world.until(() => false);
    const hasPaused = server.pauseOnce();
    client.sendNext();
    await hasPaused;
  },
  stateOf: (world) => {
    const { sent, answered } = world.driver("vsc");
    return [world.driver("vsp").packets, sent, answered];
  },
  end: async (world) => {
    const client = world.driver("vsc");
    if (client.answered !== PACKETS) {
      const message = `${client.answered} of ${PACKETS} packets came back`;
      world.fail("every packet comes back", message);
    }
    await closeAll(world, ["vsc", "vsp"]);
  },
});
