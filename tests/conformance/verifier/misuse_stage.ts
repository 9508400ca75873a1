/**
 * A stage that has something of everything, for misuse (kmcl.md section 9).
 *
 * @module
 */

import { assertExists } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { makePair, openPair, type Pair } from "../../support/connected_pair.ts";
import { mapGpadl, shareMdl } from "../../support/gpadl_stage.ts";
import { serverTableV5 } from "../../support/later_tables.ts";
import { sendPlain, WAIT } from "../../support/sending.ts";

/** An open channel on which everything is under way. */
export interface MisuseStage extends Pair {
  /** The table of version 5. */
  readonly later: vmbus.KmclServerInterfaceV5;
  /** A pair of the same fabric that was never enabled. */
  readonly idle: Pair;
  /** A channel of another fabric. */
  readonly foreign: vmbus.VMBCHANNEL;
  /** A channel that was cleaned up. */
  readonly dead: vmbus.VMBCHANNEL;
  /** Contexts of packets that the server holds, and has completed. */
  readonly held: vmbus.VMBPACKETCOMPLETION;
  readonly retired: vmbus.VMBPACKETCOMPLETION;
  /** Packet objects of the client. */
  readonly owned: vmbus.VMBPACKET;
  readonly inFlight: vmbus.VMBPACKET;
  readonly freed: vmbus.VMBPACKET;
  readonly initialized: vmbus.VMBPACKET;
  /** GPADLs of the client. */
  readonly mapped: number;
  readonly unmapped: number;
  /** Guest memory that the mapped GPADL pins. */
  readonly pinned: vmbus.GuestBuffer;
  /** An MDL that KMCL took back. */
  readonly revoked: vmbus.Mdl;
}

/** Sets the stage. */
export async function setMisuseStage(mode: vmbus.VerifierMode): Promise<MisuseStage> {
  const contexts: vmbus.VMBPACKETCOMPLETION[] = [];
  const pair = await openPair({
    fabric: { verifier: mode },
    onServerPacket: (_channel, packet) => void contexts.push(packet),
  });
  const { fabric, guest, vsp, vsc, client } = pair;
  const inFlight = vsc.VmbPacketAllocate(client);
  vsc.VmbPacketSend(inFlight, null, 0, null, WAIT);
  sendPlain(vsc, client, Uint8Array.of(1));
  await fabric.settle();
  const [held, retired] = contexts;
  assertExists(held);
  assertExists(retired);
  vsp.VmbChannelPacketComplete(retired, null, 0);

  const owned = vsc.VmbPacketAllocate(client);
  const freed = vsc.VmbPacketAllocate(client);
  const room = new Uint8Array(vsc.VmbChannelSizeofPacket(client));
  const { packet } = vsc.VmbPacketInitialize(client, room, room.length);
  vsc.VmbPacketFree(freed);

  const pinned = guest.memory.allocate(4096);
  const mdl = vmbus.IoAllocateMdl(guest.memory, pinned.gpa, 10);
  const mapped = shareMdl(pair, mdl);
  const unmapped = shareMdl(pair, mdl);
  const revoked = mapGpadl(pair, unmapped);
  mapGpadl(pair, mapped);
  vsp.VmbChannelUnmapGpadl(pair.server, unmapped);

  const instance = "0c7e1f4e-2f52-4c57-8a1e-0d7b4f1c2a44";
  const idle = makePair({ within: pair, instance });
  const { channel: dead } = vmbus.expectSuccess(vsc.VmbChannelAllocate(guest.device, false));
  vsc.VmbChannelCleanup(dead);
  const foreign = makePair().server;
  assertExists(owned);
  assertExists(inFlight);
  assertExists(freed);
  assertExists(packet);
  const packets = { owned, inFlight, freed, initialized: packet };
  return {
    ...pair,
    ...packets,
    later: serverTableV5(fabric),
    idle,
    foreign,
    dead,
    held,
    retired,
    mapped,
    unmapped,
    pinned,
    revoked,
  };
}

/** One misuse. */
export interface Misuse {
  readonly rule: vmbus.ViolationRule;
  /** The call to blame. */
  readonly call: string;
  /** What distinguishes it from others of the same rule and call. */
  readonly what: string;
  readonly run: (stage: MisuseStage) => unknown;
  /** What the call returns, or its promise resolves with, where it does not throw. */
  readonly fallback?: unknown;
  /** Marked (+) in section 9: in modes record and off the call continues. */
  readonly goesOn?: true;
}
