/**
 * An echo in which everything comes together: two packets of which the second one wraps round the end of the ring, a
 * pause of the host while the first one is under way, and a close of the guest while the host is still at the second.
 *
 * @module
 */

import type { ScenarioDefinition } from "../../worlds/world.ts";
import { guestDriver, hostDriver } from "../protocols/ends.ts";
import { identityOf } from "../protocols/set_up.ts";
import { EchoClient, echoScenario, EchoServer, PACKET_BYTES, PACKETS } from "./echo_pair.ts";

const IDENTITY = identityOf("b7a1c0de-0008-4d6e-9a3b-5f0c1d2e3a48");

/** Sends a packet, and the next one when that came back as it was; then it closes. */
class Client extends EchoClient {
  /** Sends one that wants no answer. */
  protected override sendPacket(bytes: Uint8Array): void {
    this.tell(bytes);
  }

  /** One came back: the next one is sent, or the channel closes. */
  takeBack(bytes: Uint8Array): void {
    if (bytes.every((byte) => byte === this.sent)) this.answered++;
    if (this.sent < PACKETS) this.sendNext();
    else void this.disable();
  }
}

const vsp = hostDriver<EchoServer>("echo and close vsp", (context) => {
  const end: EchoServer = new EchoServer(context, IDENTITY, {
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
export const echoAndClose: ScenarioDefinition = echoScenario<Client>({
  name: "echo-and-close",
  title: "2 packets there and back, a pause, and a close while the host is still at the second one",
  vsp,
  vsc,
  workload: () => {},
});
