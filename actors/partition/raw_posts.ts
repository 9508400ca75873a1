/**
 * What a program says on a partition's bus in the place of one of its ends: for tests of what a hostile guest or host
 * can do.
 *
 * @module
 */

import { requireBytes } from "../../core/arguments.ts";
import { wholeOf } from "../../core/bytes.ts";
import { describe } from "../../core/describe.ts";
import { isU32 } from "../../core/units.ts";
import type { Bus } from "../bus/bus.ts";
import type { Direction } from "../bus/link.ts";
import type { FabricPort } from "./fabric_port.ts";

/** A partition, as far as its bus matters. */
export interface PartitionWithBus {
  /** The fabric. */
  readonly runtime: FabricPort;
  /** The name it was given. */
  readonly name: string;
  /** Stands for it on the trace. */
  readonly traceId: number;
  /** Its bus. */
  readonly bus: Bus;
}

/** See {@linkcode Partition.postControlMessage}. */
export function postControlMessage(
  { runtime, name: partition, bus }: PartitionWithBus,
  direction: Direction,
  message: ArrayBufferView,
): void {
  runtime.requireLive("post a control message");
  requireDirection("a control message", direction);
  const bytes = requireBytes("post a control message", message);
  runtime.observer?.see({ kind: "channelTampered", partition, channelId: null });
  bus.postBytes(direction, wholeOf(bytes).slice());
}

/** See {@linkcode Partition.postInterrupt}. */
export function postInterrupt(
  { runtime, traceId, bus }: PartitionWithBus,
  direction: Direction,
  channelId: number,
): void {
  runtime.requireLive("post an interrupt");
  requireDirection("an interrupt", direction);
  if (!isU32(channelId)) {
    throw new RangeError(`Cannot post an interrupt: ${describe(channelId)} is no channel id`);
  }
  const { recorder, clock } = runtime;
  const toHost = direction === "toHost" ? 1 : 0;
  recorder.record(clock.now100ns, "interruptPosted", traceId, toHost, channelId);
  bus.interrupt(direction, channelId);
}

function requireDirection(what: string, direction: unknown): void {
  if (direction === "toHost" || direction === "toGuest") return;
  throw new TypeError(`Cannot post ${what}: no direction is called ${describe(direction)}`);
}
