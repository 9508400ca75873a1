/**
 * A server whose driver saves and restores its packets, and what stands in for the restore of its guest:
 * the server goes away without a word, and its channel is an orphan of the same guest.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Endpoint } from "../../actors/channel/endpoint.ts";
import { PartitionObject } from "../../actors/partition/partition_object.ts";
import * as vmbus from "../../mod.ts";
import { makeServer, openPair, type Pair, type PairOptions } from "./connected_pair.ts";
import { resolveHandle } from "../../kmcl/handles.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A pair whose server can be moved. */
export interface SavingPair extends Pair {
  /** How the server is made, each time. */
  readonly options: PairOptions;
  /** Ends of the server's transactions, in order: `name STATUS_SUCCESS answer`. */
  readonly ends: string[];
  /** Packets that the client's driver has and did not complete, with their payloads. */
  readonly held: { readonly packet: vmbus.VMBPACKETCOMPLETION; readonly text: string }[];
}

/** The endpoint behind a channel's handle. */
export function endpointOf(channel: vmbus.VMBCHANNEL | null): Endpoint {
  const endpoint = resolveHandle(channel, "VMBCHANNEL");
  assert(endpoint !== null);
  return endpoint;
}

/** The completion routine of every packet of the server's driver. */
function routine(vsp: vmbus.KmclServerInterfaceV1, ends: string[]) {
  return (packet: vmbus.VMBPACKET, status: number, answer: Uint8Array, length: number) => {
    const name = vsp.VmbPacketGetPointer(packet);
    const text = decoder.decode(answer.subarray(0, length));
    ends.push(`${name} ${vmbus.ntStatusName(status)} ${text}`.trimEnd());
    vsp.VmbPacketFree(packet);
  };
}

/** The callbacks with which a driver saves the name of a packet, and makes it anew. */
export function namedPackets(vsp: vmbus.KmclServerInterfaceV1, ends: string[]): {
  readonly save: vmbus.EvtChannelSavePacket;
  readonly restore: vmbus.EvtChannelRestorePacket;
} {
  return {
    save: (_channel, packet, saveBuf, saveBufSize) => {
      const name = encoder.encode(String(vsp.VmbPacketGetPointer(packet)));
      if (saveBufSize < name.length) {
        return { status: vmbus.STATUS_BUFFER_TOO_SMALL, bytesNeeded: name.length };
      }
      saveBuf.set(name);
      return { status: vmbus.STATUS_SUCCESS, bytesNeeded: name.length };
    },
    restore: (channel, libBuf, libBufSize, saveBuf, saveBufSize) => {
      const packet = vsp.VmbPacketAllocate(channel);
      const status = vsp.VmbPacketRestore(packet, libBuf, libBufSize);
      if (!vmbus.NT_SUCCESS(status)) {
        vsp.VmbPacketFree(packet);
        return status;
      }
      vsp.VmbPacketSetPointer(packet, decoder.decode(saveBuf.subarray(0, saveBufSize)));
      vsp.VmbPacketSetCompletionRoutine(packet, routine(vsp, ends));
      return vmbus.STATUS_SUCCESS;
    },
  };
}

/** A pair that is open and Active on both sides; the client keeps what it is sent. */
export async function openSavingPair(options: PairOptions = {}): Promise<SavingPair> {
  const ends: string[] = [];
  const held: SavingPair["held"] = [];
  const own: PairOptions = {
    ...options,
    server: (vsp, channel) => {
      const { save, restore } = namedPackets(vsp, ends);
      const status = vsp.VmbServerChannelInitSetSaveRestorePacketCallbacks(channel, save, restore);
      assertEquals(status, vmbus.STATUS_SUCCESS);
      options.server?.(vsp, channel);
    },
    onClientPacket: options.onClientPacket ?? ((_channel, packet, buffer, length) => {
      held.push({ packet, text: decoder.decode(buffer.subarray(0, length)) });
    }),
  };
  return { ...await openPair(own), options: own, ends, held };
}

/** Sends a packet of the server's called `name`, whose payload is its name. */
export function send(
  { vsp, server, ends }: Pick<SavingPair, "vsp" | "server" | "ends">,
  name: string,
  flags: number = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION,
): vmbus.VMBPACKET {
  const packet = vsp.VmbPacketAllocate(server);
  assert(packet !== null);
  vsp.VmbPacketSetPointer(packet, name);
  vsp.VmbPacketSetCompletionRoutine(packet, routine(vsp, ends));
  const payload = encoder.encode(name);
  assertEquals(vsp.VmbPacketSend(packet, payload, payload.length, null, flags), 0);
  return packet;
}

/** The client completes what it holds, each packet with `re` and its payload. */
export function answerHeld({ vsc, held }: SavingPair): void {
  for (const { packet, text } of held.splice(0)) {
    const answer = encoder.encode(`re ${text}`);
    vsc.VmbChannelPacketComplete(packet, answer, answer.length);
  }
}

/** The server goes away as its host would; the guest is told nothing, and keeps its channel. */
export function orphanServer({ server }: Pick<Pair, "server">): void {
  const endpoint = endpointOf(server);
  const guest = PartitionObject.guestOf(endpoint);
  assert(guest !== null);
  const { unclaimed: orphans } = guest.bus.host;
  const orphan = orphans.part(endpoint);
  endpoint.cleanUp();
  if (orphan !== null) orphans.add(orphan);
}

/** A new server of the same kind, not enabled. */
export function newServer(pair: SavingPair, options: PairOptions = {}): SavingPair {
  const { vsp, fabric, guest, calls } = pair;
  const server = makeServer(vsp, fabric, guest, calls, { ...pair.options, ...options });
  return { ...pair, server };
}

/**
 * Saves the server, has it go away, restores a new one and enables it. The guest stands still meanwhile.
 * The new one is Paused.
 */
export async function moveServer(pair: SavingPair, options: PairOptions = {}): Promise<SavingPair> {
  const { vsp, guest } = pair;
  guest.pause();
  const bytes = await vmbus.saveServerChannel(vsp, pair.server);
  orphanServer(pair);
  const moved = newServer(pair, options);
  assertEquals(vmbus.restoreServerChannel(vsp, moved.server, bytes), vmbus.STATUS_SUCCESS);
  assertEquals(vsp.VmbChannelEnable(moved.server), vmbus.STATUS_SUCCESS);
  guest.resume();
  return moved;
}

/** Lifecycle, flow and number of both sides of a channel. */
export function lifecycles({ server, client }: SavingPair): unknown[] {
  const states = [vmbus.inspectChannel(server), vmbus.inspectChannel(client)];
  return states.map((state) => `${state?.lifecycle} ${state?.flow} ${state?.channelId}`);
}

/** Has everything come to its end. */
export async function finishSaving(pair: SavingPair): Promise<void> {
  for (let rounds = 0; rounds < 20; rounds++) {
    await pair.fabric.settle();
    answerHeld(pair);
  }
  await pair.fabric.settle();
}
