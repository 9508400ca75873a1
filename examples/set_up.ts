/**
 * What the examples beside echo.ts have in common: a server and a client that are allocated and know
 * of each other. echo.ts does the same step by step. What is left to an example is its subject.
 *
 * @module
 */

import * as vmbus from "../mod.ts";

/** What the offers of the examples are offers of. A device of your own has a GUID of its own. */
export const INTERFACE_TYPE = "3f0c5a52-8d1b-4b0e-9a54-6d6f1c2b7e90";
const INTERFACE_INSTANCE = "5b9d0c1e-7a43-4f6b-8e21-90c4d5a6f713";

/** The host's half: the server's functions, and its channel. */
export interface HostHalf {
  /** The functions that a server gets. */
  readonly vsp: vmbus.KmclServerInterfaceV1;
  /** Its channel, Disabled as yet. */
  readonly server: vmbus.VMBCHANNEL;
}

/** Both halves: the client's functions and its channel as well. */
export interface Pair extends HostHalf {
  /** The functions that a client gets. */
  readonly vsc: vmbus.KmclClientInterfaceV1;
  /** Its channel, Disabled as yet. */
  readonly client: vmbus.VMBCHANNEL;
}

/** A server that will be offered to `guest`. What it does with packets is still to be set. */
export function allocateServer(
  fabric: vmbus.Fabric,
  guest: vmbus.Partition,
  interfaceInstance: string = INTERFACE_INSTANCE,
): HostHalf {
  const { kmcl: vsp } = vmbus.expectSuccess(vmbus.WdfFdoQueryForInterface(
    fabric.root.device,
    vmbus.KMCL_SERVER_INTERFACE_TYPE,
    vmbus.KMCL_SERVER_INTERFACE_V1_SIZE,
    vmbus.KMCL_SERVER_INTERFACE_VERSION_V1,
  ));
  const { channel: server } = vmbus.expectSuccess(
    vsp.VmbChannelAllocate(fabric.root.device, true),
  );
  const { kernelHandle } = vmbus.expectSuccess(
    vsp.VmbConvertVmbusHandleToKernelHandle(guest.vmbusHandle),
  );
  vmbus.expectSuccess(vsp.VmbServerChannelInitSetVmbusHandle(server, kernelHandle));
  vmbus.expectSuccess(vmbus.ZwClose(kernelHandle));
  vmbus.expectSuccess(
    vsp.VmbServerChannelInitSetTargetInterfaceId(server, INTERFACE_TYPE, interfaceInstance),
  );
  return { vsp, server };
}

/**
 * A server, and a client in `guest` that takes its offer. What the server does with packets is still to
 * be set; the client completes every packet with nothing.
 */
export function allocatePair(
  fabric: vmbus.Fabric,
  guest: vmbus.Partition,
  interfaceInstance?: string,
): Pair {
  const { kmcl: vsc } = vmbus.expectSuccess(vmbus.WdfFdoQueryForInterface(
    guest.device,
    vmbus.KMCL_CLIENT_INTERFACE_TYPE,
    vmbus.KMCL_CLIENT_INTERFACE_V1_SIZE,
    vmbus.KMCL_CLIENT_INTERFACE_VERSION_V1,
  ));
  const { channel: client } = vmbus.expectSuccess(vsc.VmbChannelAllocate(guest.device, false));
  vmbus.expectSuccess(vsc.VmbClientChannelInitSetTargetPnp(client, INTERFACE_TYPE));
  vmbus.expectSuccess(
    vsc.VmbChannelInitSetProcessPacketCallbacks(client, (_channel, packet) => {
      vsc.VmbChannelPacketComplete(packet, null, 0);
    }),
  );
  return { ...allocateServer(fabric, guest, interfaceInstance), vsc, client };
}

/** Enables server and client, starts the server, and lets the channel open. */
export async function open(
  fabric: vmbus.Fabric,
  { vsp, server, vsc, client }: Pair,
): Promise<void> {
  vmbus.expectSuccess(vsp.VmbChannelEnable(server));
  vsp.VmbChannelStart(server);
  vmbus.expectSuccess(vsc.VmbChannelEnable(client));
  await fabric.settle();
}

/** Disables client and server, in this order, and frees their channels. */
export async function close({ vsp, server, vsc, client }: Pair): Promise<void> {
  await vsc.VmbChannelDisable(client);
  await vsp.VmbChannelDisable(server);
  vsc.VmbChannelCleanup(client);
  vsp.VmbChannelCleanup(server);
}

/** The bytes of `text`. */
export function toBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The text of `bytes`. */
export function toText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
