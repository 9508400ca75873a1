/**
 * The actors of one fabric, and the charts that they run in.
 *
 * @module
 */

import type { AnyMachineSnapshot } from "xstate";
import { createBusChart } from "../bus/machine.ts";
import type { BusEvent, BusTag } from "../bus/types.ts";
import {
  type ArrivedPacketEvent,
  type ArrivedPacketTag,
  createArrivedPacketChart,
} from "../channel/arrived_packet_machine.ts";
import { createChannelChart } from "../channel/machine.ts";
import type { ChannelEvent, ChannelTag, Side } from "../channel/types.ts";
import { ActorSystem } from "../chart/actor_system.ts";
import { type Chart, ChartActor, chartOf, type Interpreter } from "../chart/chart_actor.ts";
import type { Effects } from "../chart/effects.ts";
import { createPacketChart } from "../packet/machine.ts";
import type { PacketEvent, PacketTag } from "../packet/types.ts";
import { createPartitionChart } from "../partition/machine.ts";
import type { PartitionEvent, PartitionTag } from "../partition/types.ts";

/** Charts of one fabric. */
export interface Charts {
  /** The server's end of a channel. */
  readonly server: Chart;
  /** The client's end. */
  readonly client: Chart;
  /** A packet object. */
  readonly packet: Chart;
  /** A packet that arrived. */
  readonly arrivedPacket: Chart;
  /** A partition. */
  readonly partition: Chart;
  /** A partition's bus. */
  readonly bus: Chart;
}

/** Makes the actors of one fabric. */
export class FabricActors {
  /** The charts, each made once a process. */
  readonly charts: Charts;
  /** The actors that live. */
  readonly system: ActorSystem = new ActorSystem();

  /** No actor yet; `interpreter` will run their charts. */
  constructor(interpreter: Interpreter) {
    this.charts = {
      server: chartOf("server", () => createChannelChart("server"), interpreter),
      client: chartOf("client", () => createChannelChart("client"), interpreter),
      packet: chartOf("packet", createPacketChart, interpreter),
      arrivedPacket: chartOf("arrivedPacket", createArrivedPacketChart, interpreter),
      partition: chartOf("partition", createPartitionChart, interpreter),
      bus: chartOf("bus", createBusChart, interpreter),
    };
  }

  /** A channel's, in the chart's first state or in a saved one; `effects` is what its steps do. */
  channel(
    side: Side,
    state: AnyMachineSnapshot | null,
    effects: Effects<ChannelEvent> | null = null,
  ): ChartActor<ChannelEvent, ChannelTag> {
    return new ChartActor(this.charts[side], this.system, state, effects);
  }

  /** A packet object's; `effects` is what its steps do. */
  packet(effects: Effects<PacketEvent> | null = null): ChartActor<PacketEvent, PacketTag> {
    return new ChartActor(this.charts.packet, this.system, null, effects);
  }

  /** That of a packet that arrived, in the chart's first state or in a saved one. */
  arrivedPacket(
    state: AnyMachineSnapshot | null = null,
    effects: Effects<ArrivedPacketEvent> | null = null,
  ): ChartActor<ArrivedPacketEvent, ArrivedPacketTag> {
    return new ChartActor(this.charts.arrivedPacket, this.system, state, effects);
  }

  /** A partition's; `effects` is what its steps do. */
  partition(
    effects: Effects<PartitionEvent> | null = null,
  ): ChartActor<PartitionEvent, PartitionTag> {
    return new ChartActor(this.charts.partition, this.system, null, effects);
  }

  /** A bus'; `effects` is what its steps do. */
  bus(effects: Effects<BusEvent> | null = null): ChartActor<BusEvent, BusTag> {
    return new ChartActor(this.charts.bus, this.system, null, effects);
  }
}
