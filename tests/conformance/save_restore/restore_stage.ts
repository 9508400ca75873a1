/**
 * A server that was saved with two packets in flight and has gone, and a new one that is to be restored.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import type { PairOptions } from "../../support/connected_pair.ts";
import {
  newServer,
  openSavingPair,
  orphanServer,
  type SavingPair,
  send,
} from "../../support/saving_server.ts";

/** The new server, in its pair, and what was saved of the old one. */
export interface RestoreStage {
  /** The pair with the new server. */
  readonly pair: SavingPair;
  /** The saved channel. */
  readonly bytes: Uint8Array;
}

/** Saves a server of `options`; the new one has those of `second`. */
export async function setRestoreStage(
  options: PairOptions = {},
  second: PairOptions = {},
): Promise<RestoreStage> {
  const first = await openSavingPair(options);
  send(first, "one");
  send(first, "two");
  await first.fabric.settle();
  first.guest.pause();
  const bytes = await vmbus.saveServerChannel(first.vsp, first.server);
  orphanServer(first);
  return { pair: newServer(first, second), bytes };
}

/** Has the new server restored, as one chunk of `size` bytes; the name of the status. */
export function restoreStage(
  { pair, bytes }: RestoreStage,
  size: number = bytes.length,
): string | undefined {
  const { vsp, server } = pair;
  return vmbus.ntStatusName(vsp.VmbChannelRestoreFromBuffer(server, bytes, size));
}

/** Enables, starts and settles: both transactions end, once each. */
export async function finishRestored({ pair }: RestoreStage): Promise<void> {
  const { fabric, guest, vsp, vsc, server, held, ends } = pair;
  assertEquals(vsp.VmbChannelEnable(server), vmbus.STATUS_SUCCESS);
  vsp.VmbChannelStart(server);
  guest.resume();
  await fabric.settle();
  for (const { packet } of held.splice(0)) vsc.VmbChannelPacketComplete(packet, null, 0);
  await fabric.settle();
  assertEquals(ends, ["one STATUS_SUCCESS", "two STATUS_SUCCESS"]);
  assertEquals(fabric.violations, []);
}
