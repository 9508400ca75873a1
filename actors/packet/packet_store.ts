/**
 * The packet objects of one fabric that no channel has. A channel's lookaside list keeps numbers: the packet
 * object for one comes from here, and it is the one that was given back last, by whatever channel. Where
 * thousands of channels take turns, that one is still in the processor's cache.
 *
 * @module
 */

import { assert } from "../../core/assert.ts";
import type { ChartActor } from "../chart/chart_actor.ts";
import type { RuntimePort } from "../runtime/runtime_port.ts";
import { PACKET_ACTOR } from "./machine.ts";
import { PacketObject } from "./packet_object.ts";
import type { PacketEvent, PacketTag } from "./types.ts";

/** Packet objects that are in no transaction and nobody's: as many as the lookaside lists have numbers for. */
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

  /** Makes a packet object. */
  make(): PacketObject {
    return new PacketObject(this.#startActor());
  }

  /** Gives out the packet object that was kept last. */
  take(): PacketObject {
    const packet = this.#packets.pop();
    assert(packet !== undefined, "for each number of a lookaside list there is a packet object");
    return packet;
  }

  /** Keeps `packet`, which is pooled. */
  keep(packet: PacketObject): void {
    this.#packets.push(packet);
  }
}

function makeStore({ actors }: RuntimePort): PacketStore {
  return new PacketStore(() => actors.create(PACKET_ACTOR));
}
