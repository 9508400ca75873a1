/**
 * A server and its client on one channel, through the public door: the stage of most tests of drivers.
 *
 * @module
 */

import { createFabric } from "./fabric.ts";
import { assertEquals } from "@std/assert";
import * as vmbus from "../../mod.ts";
import { Receiver, type Treatment } from "./treatment.ts";

/** Interface type of the offers of tests. */
export const PAIR_TYPE = "6d9d9a51-5ea2-4f9a-9d0c-3f2c7f3b8f10";
/** Interface instance of the offers of tests, unless they say another. */
export const PAIR_INSTANCE = "0c7e1f4e-2f52-4c57-8a1e-0d7b4f1c2a33";

/** The state change callbacks that a test gives; Version and Size are filled in. */
export type PairCallbacks = Partial<Omit<vmbus.StateChangeCallbacks, "Version" | "Size">>;

/** How a pair is made. Everything has a default. */
export interface PairOptions {
  /** Options of the fabric that is made. */
  readonly fabric?: vmbus.FabricOptions;
  /** Options of the guest that is made. */
  readonly partition?: Partial<vmbus.PartitionOptions>;
  /** A fabric and a guest that are there already. */
  readonly within?: { readonly fabric: vmbus.Fabric; readonly guest: vmbus.Partition };
  /** Instance of the offer. */
  readonly instance?: string;
  /** More configuration of the server; it comes last. */
  readonly server?: (vsp: vmbus.KmclServerInterfaceV1, channel: vmbus.VMBCHANNEL) => void;
  /** More configuration of the client; it comes last. */
  readonly client?: (vsc: vmbus.KmclClientInterfaceV1, channel: vmbus.VMBCHANNEL) => void;
  /** What the server's state change callbacks do; each is on `calls` whether it is given or not. */
  readonly serverCallbacks?: PairCallbacks;
  /** What the client's state change callbacks do. */
  readonly clientCallbacks?: PairCallbacks;
  /** How the server treats packets, or its ProcessPacket. Default: completes each with its own payload. */
  readonly onServerPacket?: Treatment | vmbus.EvtChannelProcessPacket;
  /** How the client treats packets, or its ProcessPacket. Default: completes each with nothing. */
  readonly onClientPacket?: Treatment | vmbus.EvtChannelProcessPacket;
  /** The server's ProcessingComplete. */
  readonly onServerBatch?: vmbus.EvtChannelProcessingComplete;
  /** The client's ProcessingComplete. */
  readonly onClientBatch?: vmbus.EvtChannelProcessingComplete;
  /** The client's PnpFailure; the call is on `calls`, with its status. */
  readonly onPnpFailure?: vmbus.EvtChannelPnpFailure;
  /** Data pages of the client's incoming and of its outgoing ring. Default 4 each. */
  readonly ringPages?: readonly [number, number];
}

/** Both ends of one channel. */
export interface PairEnds {
  readonly fabric: vmbus.Fabric;
  /** The server's table. */
  readonly vsp: vmbus.KmclServerInterfaceV1;
  /** The client's table. */
  readonly vsc: vmbus.KmclClientInterfaceV1;
  readonly server: vmbus.VMBCHANNEL;
  readonly client: vmbus.VMBCHANNEL;
}

/** A server and its client. */
export interface Pair extends PairEnds {
  readonly guest: vmbus.Partition;
  /**
   * The state change callbacks as they began, in order: `server Opened`, `client Started`,
   * `client PnpFailure STATUS_UNSUCCESSFUL`.
   */
  readonly calls: string[];
  /** What the server's driver has of the packets that it was told to hold. */
  readonly atServer: Receiver;
  /** What the client's driver has of the packets that it was told to hold. */
  readonly atClient: Receiver;
}

/** The ProcessPacket that `options` ask for. */
function processPacketOf(
  asked: Treatment | vmbus.EvtChannelProcessPacket | undefined,
  receiver: Receiver,
): vmbus.EvtChannelProcessPacket {
  return typeof asked === "function" ? asked : receiver.processPacket(asked ?? "complete");
}

/** The server table of the fabric's root. */
export function serverTable(fabric: vmbus.Fabric): vmbus.KmclServerInterfaceV1 {
  return serverTableOf(fabric.root.device);
}

/** The server table of a device of the root or of a paravisor. */
export function serverTableOf(device: vmbus.Device): vmbus.KmclServerInterfaceV1 {
  return vmbus.expectSuccess(
    vmbus.WdfFdoQueryForInterface(
      device,
      vmbus.KMCL_SERVER_INTERFACE_TYPE,
      vmbus.KMCL_SERVER_INTERFACE_V1_SIZE,
      vmbus.KMCL_SERVER_INTERFACE_VERSION_V1,
    ),
  ).kmcl;
}

/** The client table of a partition. */
export function clientTable(partition: vmbus.Partition): vmbus.KmclClientInterfaceV1 {
  return vmbus.expectSuccess(
    vmbus.WdfFdoQueryForInterface(
      partition.device,
      vmbus.KMCL_CLIENT_INTERFACE_TYPE,
      vmbus.KMCL_CLIENT_INTERFACE_V1_SIZE,
      vmbus.KMCL_CLIENT_INTERFACE_VERSION_V1,
    ),
  ).kmcl;
}

/** Gives `server` the VMBus of `guest`, and closes the kernel handle again. */
export function setVmbus(
  vsp: vmbus.KmclServerInterfaceV1,
  server: vmbus.VMBCHANNEL,
  guest: vmbus.Partition,
): void {
  const { kernelHandle } = vmbus.expectSuccess(
    vsp.VmbConvertVmbusHandleToKernelHandle(guest.vmbusHandle),
  );
  assertEquals(vsp.VmbServerChannelInitSetVmbusHandle(server, kernelHandle), vmbus.STATUS_SUCCESS);
  assertEquals(vmbus.ZwClose(kernelHandle), vmbus.STATUS_SUCCESS);
}

/** The callbacks of one side, each noted on `calls` as it begins. */
export function notedCallbacks(
  calls: string[],
  side: string,
  given: PairCallbacks = {},
): vmbus.StateChangeCallbacks {
  const note = (name: string, callback: vmbus.EvtChannelStateChange | null | undefined) =>
  (
    channel: vmbus.VMBCHANNEL,
  ) => {
    calls.push(`${side} ${name}`);
    return callback?.(channel);
  };
  return {
    ...vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(),
    EvtChannelOpened: (channel) => {
      calls.push(`${side} Opened`);
      return given.EvtChannelOpened?.(channel) ?? vmbus.STATUS_SUCCESS;
    },
    EvtChannelClosed: note("Closed", given.EvtChannelClosed),
    EvtChannelSuspend: note("Suspend", given.EvtChannelSuspend),
    EvtChannelStarted: note("Started", given.EvtChannelStarted),
    EvtChannelPostStarted: note("PostStarted", given.EvtChannelPostStarted),
  };
}

/** A server that is allocated and configured, and not enabled. */
export function makeServer(
  vsp: vmbus.KmclServerInterfaceV1,
  fabric: vmbus.Fabric,
  guest: vmbus.Partition,
  calls: string[],
  options: PairOptions,
  receiver: Receiver = new Receiver(vsp, fabric, true),
): vmbus.VMBCHANNEL {
  const { channel } = vmbus.expectSuccess(vsp.VmbChannelAllocate(fabric.root.device, true));
  setVmbus(vsp, channel, guest);
  const onPacket = processPacketOf(options.onServerPacket, receiver);
  const statuses = [
    vsp.VmbServerChannelInitSetTargetInterfaceId(
      channel,
      PAIR_TYPE,
      options.instance ?? PAIR_INSTANCE,
    ),
    vsp.VmbChannelInitSetProcessPacketCallbacks(channel, onPacket, options.onServerBatch ?? null),
    vsp.VmbChannelInitSetStateChangeCallbacks(
      channel,
      notedCallbacks(calls, "server", options.serverCallbacks),
    ),
  ];
  assertEquals(statuses, statuses.map(() => vmbus.STATUS_SUCCESS));
  options.server?.(vsp, channel);
  return channel;
}

/** A client that is allocated and configured, and not enabled. */
export function makeClient(
  vsc: vmbus.KmclClientInterfaceV1,
  guest: vmbus.Partition,
  calls: string[],
  options: PairOptions,
  receiver: Receiver,
): vmbus.VMBCHANNEL {
  const { channel } = vmbus.expectSuccess(vsc.VmbChannelAllocate(guest.device, false));
  const onPacket = processPacketOf(options.onClientPacket, receiver);
  const onPnpFailure: vmbus.EvtChannelPnpFailure = (refused, status) => {
    calls.push(`client PnpFailure ${vmbus.ntStatusName(status)}`);
    return options.onPnpFailure?.(refused, status);
  };
  const [incomingPages, outgoingPages] = options.ringPages ?? [4, 4];
  const statuses = [
    vsc.VmbClientChannelInitSetTargetPnp(
      channel,
      PAIR_TYPE,
      options.instance ?? null,
      onPnpFailure,
    ),
    vsc.VmbClientChannelInitSetRingBufferPageCount(channel, incomingPages, outgoingPages),
    vsc.VmbChannelInitSetProcessPacketCallbacks(channel, onPacket, options.onClientBatch ?? null),
    vsc.VmbChannelInitSetStateChangeCallbacks(
      channel,
      notedCallbacks(calls, "client", options.clientCallbacks),
    ),
  ];
  assertEquals(statuses, statuses.map(() => vmbus.STATUS_SUCCESS));
  options.client?.(vsc, channel);
  return channel;
}

/** A pair that is allocated and configured, and not enabled. */
export function makePair(options: PairOptions = {}): Pair {
  const fabric = options.within?.fabric ?? createFabric(options.fabric);
  const guest = options.within?.guest ??
    fabric.createPartition({ name: "guest", memoryPages: 512, ...options.partition });
  const calls: string[] = [];
  const vsp = serverTable(fabric);
  const vsc = clientTable(guest);
  const atServer = new Receiver(vsp, fabric, true);
  const atClient = new Receiver(vsc, fabric, false);
  const server = makeServer(vsp, fabric, guest, calls, options, atServer);
  const client = makeClient(vsc, guest, calls, options, atClient);
  return { fabric, guest, vsp, vsc, server, client, calls, atServer, atClient };
}

/** Enables both endpoints of a pair and starts the server; nothing has run yet. */
export function enablePair({ vsp, vsc, server, client }: PairEnds): void {
  assertEquals(vsp.VmbChannelEnable(server), vmbus.STATUS_SUCCESS);
  vsp.VmbChannelStart(server);
  assertEquals(vsc.VmbChannelEnable(client), vmbus.STATUS_SUCCESS);
}

/** A pair that is open on both sides, and Active. */
export async function openPair(options: PairOptions = {}): Promise<Pair> {
  const pair = makePair(options);
  enablePair(pair);
  await pair.fabric.settle();
  assertEquals(vmbus.inspectChannel(pair.server)?.lifecycle, "opened");
  assertEquals(vmbus.inspectChannel(pair.client)?.lifecycle, "opened");
  return pair;
}

/** Disables and cleans up both endpoints; nothing may be left, and nothing may have been misused. */
export async function closePair(pair: PairEnds): Promise<void> {
  const { fabric, vsp, vsc, server, client } = pair;
  await vsc.VmbChannelDisable(client);
  await vsp.VmbChannelDisable(server);
  await fabric.settle();
  vsc.VmbChannelCleanup(client);
  vsp.VmbChannelCleanup(server);
  assertEquals(fabric.leaks(), []);
  assertEquals(fabric.violations, []);
}
