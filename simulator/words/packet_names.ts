/**
 * Which packet an entry of a trace is about, by the one name that it has wherever a run is told.
 *
 * @module
 */

import type { TraceEntry } from "../../mod.ts";
import { Packets } from "./packets.ts";
import { numberOf, textOf } from "./words.ts";

/** The packet of an entry. */
export interface NamedPacket {
  /** Its name: how many packets its sender had sent before. */
  readonly name: number;
  /** Whether it has waited in its sender's queue until now. */
  readonly wasQueued: boolean;
  /** Whether its receiver's driver has had it until now. */
  readonly wasHeld: boolean;
}

/** Follows the packets of one run, entry by entry. */
export class PacketNames {
  /** The packets so far. */
  readonly packets: Packets = new Packets();

  /** Takes note of the next entry of the trace; gives the packet that it is about, null: none, or nobody knows which. */
  follow({ event, subject, details }: TraceEntry): NamedPacket | null {
    switch (event) {
      case "packetQueued":
      case "packetEntered":
        return this.#sent(subject, numberOf(details["packet"]), event === "packetQueued");
      case "packetArrived": {
        const name = this.packets.arrived(subject, numberOf(details["packet"]));
        return { name, wasQueued: false, wasHeld: false };
      }
      case "packetCompleted":
      case "packetEnded":
        return this.#ended(subject, numberOf(details["packet"]));
      case "packetRetired":
        return this.#retired(subject, details);
      case "packetSettled":
        return this.#incoming(subject, numberOf(details["packet"]));
      case "ringsAttached": {
        const channel = `${textOf(details["guest"])} ${textOf(details["channelId"])}`;
        this.packets.attached(subject, channel, details["isResumed"] === true);
        return null;
      }
      case "ringsDetached":
        this.packets.detached(subject);
        return null;
      default:
        return null;
    }
  }

  #sent(subject: string, slot: number, isQueued: boolean): NamedPacket {
    const wasQueued = this.packets.isQueued(subject, slot);
    return { name: this.packets.sent(subject, slot, isQueued), wasQueued, wasHeld: false };
  }

  #ended(subject: string, slot: number): NamedPacket {
    const wasQueued = this.packets.isQueued(subject, slot);
    this.packets.ended(subject, slot);
    return { name: this.packets.own(subject, slot), wasQueued, wasHeld: false };
  }

  #incoming(subject: string, arrival: number): NamedPacket | null {
    const name = this.packets.incoming(subject, arrival);
    if (name === null) return null;
    return { name, wasQueued: false, wasHeld: this.packets.held(subject).includes(name) };
  }

  #retired(subject: string, details: TraceEntry["details"]): NamedPacket | null {
    const arrival = numberOf(details["packet"]);
    const packet = this.#incoming(subject, arrival);
    this.packets.retired(subject, arrival, details["how"] === "handedBack");
    return packet;
  }
}
