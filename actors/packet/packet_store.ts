/**
 * The packet objects of one fabric that no channel has. A channel's lookaside list keeps numbers: the packet
 * object for one comes from here, and it is the one that was given back last, by whatever channel. Where
 * thousands of channels take turns, that one is still in the processor's cache.
 *
 * @module
 */

import type { ChartActor } from "../chart/chart_actor.ts";
import type { RuntimePort } from "../runtime/runtime_port.ts";
import { PACKET_ACTOR } from "./machine.ts";
import { PacketObject } from "./packet_object.ts";
import type { PacketEvent, PacketTag } from "./types.ts";

/** Packet objects that are in no transaction and nobody's: never more than channels once had at the same time. */
export class PacketStore {
  readonly #startActor: () => ChartActor<PacketEvent, PacketTag>;
  readonly #packets: PacketObject[] = [];

  /** An empty one; `startActor` makes the actor of a new packet object. */
  constructor(startActor: () => ChartActor<PacketEvent, PacketTag>) {
    this.#startActor = startActor;
  }

  /** The one of a fabric. */
  static of(runtime: RuntimePort): PacketStore {
    return runtime.once(makeStore);
  }

  /** One like this, empty, whose packet objects have ended actors. */
  ended(): PacketStore {
    return new PacketStore(() => {
      const actor = this.#startActor();
      actor.stop();
      return actor;
    });
  }

  /** Packet objects that are here. */
  get count(): number {
    return this.#packets.length;
  }

  /** Gives out the packet object that was kept last; a new one, where none is here. */
  take(): PacketObject {
    return this.#packets.pop() ?? new PacketObject(this.#startActor());
  }

  /** Keeps `packet`, which is pooled. */
  keep(packet: PacketObject): void {
    this.#packets.push(packet);
  }
}

function makeStore({ actors }: RuntimePort): PacketStore {
  return new PacketStore(() => actors.create(PACKET_ACTOR));
}
