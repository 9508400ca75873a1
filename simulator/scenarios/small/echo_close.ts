/**
 * An echo in which everything comes together: two packets of which the second one wraps round the end of the ring, a
 * pause of the host while the first one is under way, and a close of the guest while the host is still at the second.
 *
 * @module
 */

import { defineScenario } from "../../worlds/define_scenario.ts";
import type { ScenarioDefinition } from "../../worlds/world.ts";
import { ClientEnd, closeAll, guestDriver, hostDriver, ServerEnd } from "../protocols/ends.ts";
import { identityOf } from "../protocols/set_up.ts";

const IDENTITY = identityOf("b7a1c0de-0008-4d6e-9a3b-5f0c1d2e3a48");
const PACKETS = 2;
/** More than half of a ring of one page. */
const PACKET_BYTES = 2200;

/** Sends each packet back, and pauses at the first one. */
class Server extends ServerEnd {
  /** Packets that came. */
  packets = 0;
}

/** Sends a packet, and the next one when that came back; then it closes. */
class Client extends ClientEnd {
  /** Packets that came back as they were. */
  answered = 0;
  /** Packets that were sent. */
  sent = 0;

  /** Sends the next packet. */
  sendNext(): void {
    const number = ++this.sent;
    this.tell(new Uint8Array(PACKET_BYTES).fill(number));
  }

  /** One came back: the next one is sent, or the channel closes. */
  takeBack(bytes: Uint8Array): void {
    if (bytes.every((byte) => byte === this.sent)) this.answered++;
    if (this.sent < PACKETS) this.sendNext();
    else void this.disable();
  }
}

const vsp = hostDriver<Server>("echo and close vsp", (context) => {
  const end: Server = new Server(context, IDENTITY, {
    isPassive: true, // as a call that waits must be
    packetBytes: PACKET_BYTES,
    received: (packet, bytes) => {
      end.tell(bytes);
      end.complete(packet);
      if (end.packets++ === 0) void end.pauseOnce();
    },
  });
  return end;
});

const vsc = guestDriver<Client>("echo and close vsc", (context) => {
  const end: Client = new Client(context, IDENTITY, {
    isPassive: true,
    packetBytes: PACKET_BYTES,
    received: (packet, bytes) => {
      end.takeBack(bytes);
      end.complete(packet);
    },
    postStarted: () => end.sendNext(),
  });
  return end.open();
});

/** The scenario. */
export const echoAndClose: ScenarioDefinition = defineScenario({
  name: "echo-and-close",
  title: "2 packets there and back, a pause, and a close while the host is still at the second one",
  partitions: { guest: { memoryPages: 32, mmioMegabytes: 0 } },
  drivers: { vsp: { serves: "guest", driver: vsp }, vsc: { in: "guest", driver: vsc } },
  workload: () => {},
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
