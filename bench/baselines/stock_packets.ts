/**
 * Packet objects as XState runs them out of the box: one actor for each, of the same chart, taken from
 * a pool and given back to it.
 *
 * @module
 */

import { type Actor, createActor } from "xstate";
import { createPacketChart } from "../../actors/packet/machine.ts";
import type { PacketLives } from "../packet_lives.ts";

const NO_BYTES = new Uint8Array(0);

/** Pooled stock actors. */
export class StockPackets implements PacketLives {
  /** See {@linkcode PacketLives.objectCount}. */
  objectCount = 0;
  /** See {@linkcode PacketLives.completed}. */
  completed = 0;
  readonly #chart = createPacketChart();
  readonly #pool: Actor<ReturnType<typeof createPacketChart>>[] = [];
  readonly #allocate = { type: "allocate" } as const;
  readonly #enter = { type: "enter", bytes: NO_BYTES, start: 0, end: 0 } as const;
  readonly #complete = { type: "complete" } as const;
  readonly #free = { type: "free" } as const;

  /** See {@linkcode PacketLives.live}. */
  live(): void {
    const packet = this.#pool.pop() ?? this.#start();
    packet.send(this.#allocate);
    packet.send(this.#enter);
    if (packet.getSnapshot().hasTag("awaiting")) this.completed++;
    packet.send(this.#complete);
    packet.send(this.#free);
    this.#pool.push(packet);
  }

  #start(): Actor<ReturnType<typeof createPacketChart>> {
    this.objectCount++;
    return createActor(this.#chart).start();
  }
}
