/**
 * One side of an open channel as its opposite side can hurt it: a server with a guest that has no drivers,
 * or a client whose rings and messages are written from outside.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { encodeControlMessage } from "../../../core/control/codec.ts";
import type { ControlMessage } from "../../../core/control/messages.ts";
import * as vmbus from "../../../mod.ts";
import { foreseenRings, type RawRings, type RingName } from "../../../simulator/peers/mod.ts";
import { openPair, type PairOptions } from "../../support/connected_pair.ts";
import { createFabric } from "../../support/fabric.ts";
import { HostileStage } from "../../support/hostile_server.ts";

/** How a victim is made. */
export interface VictimOptions {
  readonly codec?: "msgpack" | "vmbus";
  /** Whether the channel is a pipe. */
  readonly isPipe?: boolean;
  /** Whether its driver calls each packet malformed. */
  readonly failsPackets?: boolean;
}

/** An endpoint that is open and Active, and what it can be hurt by. */
export interface Victim {
  readonly side: vmbus.Side;
  readonly fabric: vmbus.Fabric;
  readonly guest: vmbus.Partition;
  readonly kmcl: vmbus.KmclClientInterfaceV1;
  readonly channel: vmbus.VMBCHANNEL;
  /** The other endpoint, where a driver has it. */
  readonly opposite: vmbus.VMBCHANNEL | null;
  /** State change callbacks of both sides since it is open. */
  readonly calls: string[];
  readonly rings: RawRings;
  /** The ring that it reads, and the one that it writes. */
  readonly incoming: RingName;
  readonly outgoing: RingName;
  /** Says something to its end of the bus. */
  tell(message: ControlMessage): void;
  /** Signals it, and lets everything run. */
  signal(): Promise<void>;
}

const PIPE = vmbus.VMBUS_CHANNEL_INIT_FLAG_IS_PIPE;
const OFFER_AS_PIPE = vmbus.VMBUS_SERVER_CHANNEL_INIT_FLAG_OFFER_AS_PIPE;

async function victimServer(options: VictimOptions): Promise<Victim> {
  const stage: HostileStage = await HostileStage.open({
    codec: options.codec ?? "vmbus",
    trace: "full",
    server: (vsp, channel) => {
      if (options.isPipe) vsp.VmbServerChannelInitSetFlags(channel, OFFER_AS_PIPE);
    },
    onPacket: (_channel, packet) => {
      if (options.failsPackets) stage.vsp.VmbChannelPacketFail(packet);
      else stage.vsp.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  return {
    side: "server",
    fabric: stage.fabric,
    guest: stage.guest.partition,
    kmcl: stage.vsp,
    channel: stage.server,
    opposite: null,
    calls: stage.calls,
    rings: stage.rings,
    incoming: "upstream",
    outgoing: "downstream",
    tell: (message) => stage.guest.post(message),
    signal: () => stage.signal(),
  };
}

async function victimClient(options: VictimOptions): Promise<Victim> {
  const fabric = createFabric({ codec: options.codec ?? "vmbus", trace: "full" });
  const guest = fabric.createPartition({ name: "guest", memoryPages: 64 });
  const rings = foreseenRings(guest.memory, 4, 4);
  const held: vmbus.VMBPACKETCOMPLETION[] = [];
  const pairOptions: PairOptions = {
    within: { fabric, guest },
    // It keeps what it gets until the channel closes: the ring is written from outside alone.
    onServerPacket: (_channel, packet) => void held.push(packet),
    serverCallbacks: {
      EvtChannelSuspend: () => {
        for (const packet of held) pair.vsp.VmbChannelPacketComplete(packet, null, 0);
      },
    },
    server: (vsp, channel) => {
      if (options.isPipe) vsp.VmbServerChannelInitSetFlags(channel, OFFER_AS_PIPE);
    },
    client: (vsc, channel) => {
      if (options.isPipe) vsc.VmbChannelInitSetFlags(channel, PIPE);
    },
    onClientPacket: (_channel, packet) => {
      if (options.failsPackets) pair.vsc.VmbChannelPacketFail(packet);
      else pair.vsc.VmbChannelPacketComplete(packet, null, 0);
    },
  };
  const pair = await openPair(pairOptions);
  pair.calls.length = 0;
  return {
    side: "client",
    fabric,
    guest,
    kmcl: pair.vsc,
    channel: pair.client,
    opposite: pair.server,
    calls: pair.calls,
    rings,
    incoming: "downstream",
    outgoing: "upstream",
    tell: (message) => guest.postControlMessage("toGuest", encodeControlMessage(message)),
    signal: async () => {
      guest.postInterrupt("toGuest", 1);
      await fabric.settle();
    },
  };
}

/** A victim on that side. */
export function makeVictim(side: vmbus.Side, options: VictimOptions = {}): Promise<Victim> {
  return side === "server" ? victimServer(options) : victimClient(options);
}

/** Sends a packet that frees itself, at once where it is refused. */
export function sendOf({ kmcl, channel }: Victim): vmbus.NtStatus {
  const packet = kmcl.VmbPacketAllocate(channel);
  const status = kmcl.VmbPacketSend(packet, new Uint8Array(8), 8, null, 0);
  if (status !== vmbus.STATUS_SUCCESS) kmcl.VmbPacketFree(packet);
  return status;
}

/** What is refused on the bus of its guest, as `inspect()` lists it. */
export function busFaultsOf({ fabric, guest }: Victim): readonly vmbus.BusFault[] {
  const state = fabric.inspect().partitions.find(({ name }) => name === guest.name);
  return state?.faults ?? [];
}

/** Faults on the trace: who has it, and which it is. */
export function faultsOnTrace({ fabric }: Victim): readonly string[] {
  const faults = fabric.trace.filter(({ event }) => event === "fault");
  return faults.map(({ subject, values }) => `${subject}: ${values[0]}`);
}

/** kmcl.md section 5, PacketFail: nothing is sent any more, nor may anybody wait. */
export async function assertSendsNothing(victim: Victim): Promise<void> {
  const { kmcl, channel } = victim;
  assertEquals(sendOf(victim), vmbus.STATUS_DEVICE_REMOVED);
  const { status } = await kmcl.VmbChannelSendSynchronousRequest(
    channel,
    null,
    0,
    null,
    0,
    null,
    0,
    0,
  );
  assertEquals(status, vmbus.STATUS_DEVICE_REMOVED);
}
