/**
 * A channel endpoint as its own parts and the bus see it.
 *
 * @module
 */

import type { NtStatus } from "../../core/ntstatus.ts";
import type { ChartActor } from "../chart/chart_actor.ts";
import type { RuntimePort } from "../runtime/runtime_port.ts";
import type { ChannelPlace } from "../runtime/violation_details.ts";
import type { ChannelTrace } from "./channel_trace.ts";
import type { ChannelConfiguration } from "./configuration.ts";
import type { PartitionPort } from "./partition_port.ts";
import type { ChannelEvent, ChannelFault, ChannelTag, Side } from "./types.ts";

/** Which endpoint it is, what its state allows, and how it is told what happened. */
export interface EndpointPort {
  /** The fabric. */
  readonly runtime: RuntimePort;
  /** The partition whose driver this endpoint serves. */
  readonly partition: PartitionPort;
  /** Which end of the channel it is. */
  readonly side: Side;
  /** Its number in the fabric, in the order of VmbChannelAllocate. */
  readonly id: number;
  /** For reports and the trace: `channel 3 (server)`. */
  readonly name: string;
  /** The same as data, and with its partition, for violations. */
  readonly place: ChannelPlace;
  /** What its driver has set. */
  readonly configuration: ChannelConfiguration;
  /** What the trace hears of it. */
  readonly trace: ChannelTrace;
  /** Its chart. */
  readonly actor: ChartActor<ChannelEvent, ChannelTag>;
  /** Whether packets move. */
  readonly flows: boolean;
  /** Whether the opposite side has kept to the protocol. */
  readonly isSound: boolean;
  /** Whether the state has `tag`. */
  is(tag: ChannelTag): boolean;
  /** Tells its chart what happened; what the step names is done. The trace has `status` with it. */
  tell(event: ChannelEvent, status?: NtStatus): void;
  /** The opposite side broke the protocol: the channel stops, and its driver is told by Suspend. */
  faulted(fault: ChannelFault): void;
}
