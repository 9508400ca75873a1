/**
 * One transaction in the life of a packet object, beside the same life run by stock actors.
 *
 * @module
 */

import { ActorSystem } from "../actors/chart/actor_system.ts";
import { ChartActor, chartOf } from "../actors/chart/chart_actor.ts";
import { createPacketChart } from "../actors/packet/machine.ts";
import { PacketStore } from "../actors/packet/packet_store.ts";
import { PacketTable } from "../actors/packet/packet_table.ts";
import { StockPackets } from "./baselines/stock_packets.ts";
import { compare, type Figure, timingOf } from "./figure.ts";
import { race } from "./measure.ts";
import type { PacketLives } from "./packet_lives.ts";

const NO_BYTES = new Uint8Array(0);

/** Packet objects of ours. */
export class OurPackets implements PacketLives {
  /** See {@linkcode PacketLives.completed}. */
  completed = 0;
  readonly #table: PacketTable;
  readonly #enter = { type: "enter", bytes: NO_BYTES, start: 0, end: 0 } as const;
  readonly #complete = { type: "complete" } as const;

  /** No packet yet. */
  constructor() {
    const chart = chartOf("packet", createPacketChart, "compiled");
    const system = new ActorSystem();
    this.#table = new PacketTable(new PacketStore(() => new ChartActor(chart, system)));
  }

  /** See {@linkcode PacketLives.objectCount}. */
  get objectCount(): number {
    return this.#table.live.length + this.#table.pooledCount;
  }

  /** See {@linkcode PacketLives.live}. */
  live(): void {
    const packet = this.#table.allocate("lookaside");
    packet.actor.send(this.#enter);
    if (packet.actor.is("awaiting")) this.completed++;
    packet.actor.send(this.#complete);
    this.#table.free(packet);
  }
}

function living(name: string, packets: PacketLives) {
  return {
    name,
    run: (count: number) => {
      for (let i = 0; i < count; i++) packets.live();
    },
  };
}

/** The figure. */
export const packetLifeFigure: Figure = {
  measure: async (options) => {
    const timings = await race([
      living("compiled, pooled", new OurPackets()),
      living("stock, pooled", new StockPackets()),
    ], options);
    return [
      compare(
        "one transaction",
        timingOf(timings, "compiled, pooled"),
        timingOf(timings, "stock, pooled"),
        { kind: "atLeast", bar: 40, stretch: 60 },
      ),
    ];
  },
};
