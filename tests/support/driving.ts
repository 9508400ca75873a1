/**
 * Small helps for tests of how a fabric is driven.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import * as vmbus from "../../mod.ts";
import type { Pair } from "./connected_pair.ts";

const ANSWER_BYTES = 64;

/** Sends `text` as a synchronous request of the client, and waits for its answer. */
export function request(
  { vsc, client }: Pick<Pair, "vsc" | "client">,
  text = "ask",
  timeout100ns: number | null = null,
): Promise<vmbus.RequestResult> {
  const bytes = new TextEncoder().encode(text);
  return vsc.VmbChannelSendSynchronousRequest(
    client,
    bytes,
    bytes.length,
    null,
    vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION,
    new Uint8Array(ANSWER_BYTES),
    ANSWER_BYTES,
    timeout100ns,
  );
}

/** Sends `text` as a packet of the server or client; the packet frees itself. */
export function post(
  table: vmbus.KmclClientInterfaceV1,
  channel: vmbus.VMBCHANNEL,
  text = "note",
): vmbus.NtStatus {
  const bytes = new TextEncoder().encode(text);
  const packet = table.VmbPacketAllocate(channel);
  return table.VmbPacketSend(packet, bytes, bytes.length, null, 0);
}

/** How a promise stands, asked for without waiting. */
export interface Watched {
  state: "pending" | "resolved" | "rejected";
  error: unknown;
}

/** Watches a promise; a rejection counts as handled. */
export function watch(promise: Promise<unknown>): Watched {
  const watched: Watched = { state: "pending", error: undefined };
  promise.then(() => {
    watched.state = "resolved";
  }, (error) => {
    watched.state = "rejected";
    watched.error = error;
  });
  return watched;
}

/** Lets `count` promise reactions run, one after the other; a loop that is driven has begun by then. */
export async function hops(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await null;
}

/** Disables and cleans up the server of a pair whose guest is gone; nothing is left then. */
export async function endServer(
  { fabric, vsp, server }: Pick<Pair, "fabric" | "vsp" | "server">,
): Promise<void> {
  await vsp.VmbChannelDisable(server);
  vsp.VmbChannelCleanup(server);
  assertEquals(fabric.leaks(), []);
  assertEquals(fabric.violations, []);
}
