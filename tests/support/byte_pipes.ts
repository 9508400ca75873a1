/**
 * A channel that is a byte pipe at both ends, for tests.
 *
 * @module
 */

import * as vmbus from "../../mod.ts";
import type { Endpoint } from "../../actors/channel/endpoint.ts";
import { resolveHandle } from "../../kmcl/handles.ts";
import { enablePair, makePair, type Pair, type PairOptions } from "./connected_pair.ts";

/** Both ends of a byte pipe. */
export interface PipePair extends Pair {
  /** The host's end. */
  readonly host: vmbus.BytePipe;
  /** The guest's end. */
  readonly inGuest: vmbus.BytePipe;
}

/** How a byte pipe is made. */
export interface PipePairOptions extends PairOptions {
  /** What the host's driver does when it opens. */
  readonly opened?: NonNullable<vmbus.BytePipeOptions["opened"]>;
}

/** A byte pipe whose ends are configured, and not enabled. */
export function makePipe({ opened, ...options }: PipePairOptions = {}): PipePair {
  const pair = makePair({ ringPages: [1, 1], ...options });
  const asked = opened === undefined ? {} : { opened };
  const host = vmbus.expectSuccess(vmbus.bytePipe(pair.vsp, pair.server, asked)).pipe;
  const inGuest = vmbus.expectSuccess(vmbus.bytePipe(pair.vsc, pair.client)).pipe;
  return { ...pair, host, inGuest };
}

/** One that is open and Active at both ends. */
export async function openPipe(options: PipePairOptions = {}): Promise<PipePair> {
  const pipe = makePipe(options);
  enablePair(pipe);
  await pipe.fabric.settle();
  return pipe;
}

/** What stands behind the handle of a channel. */
export function endpointOf(channel: vmbus.VMBCHANNEL): Endpoint {
  return resolveHandle(channel, "VMBCHANNEL")!;
}

/** Puts a packet with any payload into the ring that `channel` writes: its driver is not to be trusted. */
export function putRaw(channel: vmbus.VMBCHANNEL, payload: Uint8Array): void {
  const { outgoing } = endpointOf(channel);
  const packet = outgoing.packets.allocate("request");
  packet.wantsCompletion = false;
  outgoing.post(packet, payload, payload.length, true);
}

/** The payload of a packet of a stream: its header, and `data`. */
export function streamPacket(
  type: number,
  length: number,
  data: Uint8Array = new Uint8Array(),
): Uint8Array {
  const payload = new Uint8Array(8 + data.length);
  new DataView(payload.buffer).setUint32(0, type, true);
  new DataView(payload.buffer).setUint32(4, length, true);
  payload.set(data, 8);
  return payload;
}
