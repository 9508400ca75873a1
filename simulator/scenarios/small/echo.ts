/**
 * The smallest echo that has everything: a packet; another one, which wraps round the end of the ring, while the host
 * pauses; and a close.
 *
 * @module
 */

import type { ScenarioDefinition } from "../../worlds/world.ts";
import { guestDriver, hostDriver } from "../protocols/ends.ts";
import { identityOf } from "../protocols/set_up.ts";
import { EchoClient, echoScenario, EchoServer, PACKET_BYTES } from "./echo_pair.ts";

const IDENTITY = identityOf("b7a1c0de-0006-4d6e-9a3b-5f0c1d2e3a46");

/** Sends packets, each of which is answered with its first byte. */
class Client extends EchoClient {
  /** Sends one that wants its answer. */
  protected override sendPacket(bytes: Uint8Array, number: number): void {
    this.send(bytes, (status, [answer]) => {
      if (status === 0 && answer === number) this.answered++;
    });
  }
}

const vsp = hostDriver<EchoServer>("small echo vsp", (context) => {
  const end: EchoServer = new EchoServer(context, IDENTITY, {
    packetBytes: PACKET_BYTES,
    received: (packet, [first = 0]) => {
      end.packets++;
      end.complete(packet, [first]);
    },
  });
  return end;
});

const vsc = guestDriver<Client>("small echo vsc", (context) => {
  const end: Client = new Client(context, IDENTITY, { packetBytes: PACKET_BYTES });
  return end.open();
});

/** The scenario. */
export const smallEcho: ScenarioDefinition = echoScenario<Client>({
  name: "small-echo",
  title: "2 packets there and back, one of them round the end of the ring, a pause and a close",
  vsp,
  vsc,
  workload: async (world) => {
    const [client, server] = [world.driver("vsc"), world.driver("vsp")];
    await world.until(() => false); // all is quiet: the channel is open
    client.sendNext();
    await world.until(() => false);
    const hasPaused = server.pauseOnce();
    client.sendNext();
    await hasPaused;
  },
});
