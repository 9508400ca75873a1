/**
 * How the drivers of tests treat a packet, in one word. A test whose driver does anything else writes a
 * ProcessPacket of its own.
 *
 * @module
 */

import * as vmbus from "../../mod.ts";

/** What a driver does with a packet that it is given. */
export type Treatment =
  /** Completes it in the call, with its own payload unless told otherwise. */
  | "complete"
  /** Keeps it, until the test completes it. */
  | "hold"
  /** Hands it back at DISPATCH_LEVEL, and completes it at PASSIVE_LEVEL. */
  | "defer"
  /** The same, and completes it a millisecond after the call. */
  | "await"
  /** The same as `defer`, and returns a millisecond after it has completed it. */
  | "linger";

/** All treatments: a packet that says how it is to be treated says it by number. */
const TREATMENTS: readonly Treatment[] = ["complete", "hold", "defer", "await", "linger"];

/** The byte by which a payload asks for `how`. */
export function byteOf(how: Treatment): number {
  return TREATMENTS.indexOf(how);
}

/** What a payload's `byte` asks for; any that asks for nothing has the packet completed. */
export function treatmentOf(byte: number | undefined): Treatment {
  return TREATMENTS[byte ?? 0] ?? "complete";
}

/** Whether a packet that is treated so must first come again at PASSIVE_LEVEL. */
export function mustDefer(how: Treatment): boolean {
  return how !== "complete" && how !== "hold" && vmbus.KeGetCurrentIrql() === 2;
}

/** What a treatment is made of. */
export interface Means {
  /** Functions for the channel. */
  readonly kmcl: vmbus.KmclClientInterfaceV1;
  /** Completes the packet. */
  readonly complete: () => void;
  /** Keeps the packet. */
  readonly hold: () => void;
  /** Lets some time pass; without it nothing takes time. */
  readonly delay?: (() => Promise<void>) | null;
}

/** Treats `packet` as `how` says: what its ProcessPacket returns. */
export function treat(
  how: Treatment,
  packet: vmbus.VMBPACKETCOMPLETION,
  { kmcl, complete, hold, delay }: Means,
): vmbus.MaybePromise<void> {
  if (how === "hold") return hold();
  if (mustDefer(how)) return kmcl.VmbChannelPacketDeferToPassive(packet);
  if (how === "await" && delay) return delay().then(complete);
  complete();
  if (how === "linger" && delay) return delay();
}

/** The packets of a driver that treats all of them alike. */
export class Receiver {
  /** Packets that the driver has, oldest first. */
  readonly held: vmbus.VMBPACKETCOMPLETION[] = [];
  readonly #kmcl: vmbus.KmclClientInterfaceV1;
  readonly #fabric: vmbus.Fabric;
  readonly #answers: boolean;

  /** A driver that, where `answers`, completes a packet with its own payload, or else with nothing. */
  constructor(kmcl: vmbus.KmclClientInterfaceV1, fabric: vmbus.Fabric, answers: boolean) {
    this.#kmcl = kmcl;
    this.#fabric = fabric;
    this.#answers = answers;
  }

  /** A ProcessPacket that treats each packet as `how` says. */
  processPacket(how: Treatment): vmbus.EvtChannelProcessPacket {
    const kmcl = this.#kmcl;
    return (_channel, packet, buffer, length) =>
      treat(how, packet, {
        kmcl,
        complete: () =>
          this.#answers
            ? kmcl.VmbChannelPacketComplete(packet, buffer, length)
            : kmcl.VmbChannelPacketComplete(packet, null, 0),
        hold: () => void this.held.push(packet),
        delay: () => this.#fabric.delay(1),
      });
  }

  /** Completes the oldest `count` of the held packets with nothing; how many there were. */
  complete(count: number = Infinity): number {
    const packets = this.held.splice(0, count);
    for (const packet of packets) this.#kmcl.VmbChannelPacketComplete(packet, null, 0);
    return packets.length;
  }
}
