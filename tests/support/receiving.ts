/**
 * What tests of receivers have in common: a pair of which one side sends and the other is looked at.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import * as vmbus from "../../mod.ts";
import { openPair, type Pair, type PairOptions } from "./connected_pair.ts";
import { sendPlain } from "./sending.ts";

/** The sides that receive packets. */
export const RECEIVERS = ["server", "client"] as const;
/** The side that receives. */
export type Receiver = typeof RECEIVERS[number];

/** An open pair, as its receiver and its sender. */
export interface Receiving {
  readonly pair: Pair;
  readonly fabric: vmbus.Fabric;
  /** Functions for both ends. */
  readonly kmcl: vmbus.KmclServerInterfaceV1;
  readonly receiver: vmbus.VMBCHANNEL;
  readonly sender: vmbus.VMBCHANNEL;
  /** Has the sender send a packet of these bytes; nothing runs yet. */
  readonly send: (bytes: ArrayLike<number>, flags?: number) => void;
}

/** The callbacks of the receiver. */
export interface ReceiverCallbacks {
  readonly onPacket: vmbus.EvtChannelProcessPacket;
  readonly onBatch?: vmbus.EvtChannelProcessingComplete;
}

/** Opens a pair whose `side` has these callbacks. */
export async function openReceiver(
  side: Receiver,
  { onPacket, onBatch }: ReceiverCallbacks,
  options: PairOptions = {},
): Promise<Receiving> {
  const batch = onBatch ?? (() => {});
  const pair = await openPair(
    side === "server"
      ? { ...options, onServerPacket: onPacket, onServerBatch: batch }
      : { ...options, onClientPacket: onPacket, onClientBatch: batch },
  );
  const sender = side === "server" ? pair.client : pair.server;
  return {
    pair,
    fabric: pair.fabric,
    kmcl: pair.vsp,
    receiver: pair[side],
    sender,
    send: (bytes, flags = 0) => {
      const status = sendPlain(pair.vsp, sender, Uint8Array.from(bytes), flags);
      assertEquals(status, vmbus.STATUS_SUCCESS);
    },
  };
}
