/**
 * What comes before a channel of a protocol's drivers can be enabled: which one it is, and the documented functions.
 *
 * @module
 */

import * as vmbus from "../../../mod.ts";

/** What makes the channels of a protocol its own. */
export interface Identity {
  /** The type of its device: a GUID. */
  readonly type: string;
  /** Which one of the type it is: a GUID. */
  readonly instance: string;
}

/** The `index`-th channel of the protocol whose type is `type`. */
export function identityOf(type: string, index = 0): Identity {
  return { type, instance: `0c7e1f4e-2f52-4c57-8a1e-${index.toString(16).padStart(12, "0")}` };
}

/** The documented functions of a server, for the driver whose device that is. */
export function serverFunctions(device: vmbus.Device): vmbus.KmclServerInterfaceV1 {
  return vmbus.expectSuccess(
    vmbus.WdfFdoQueryForInterface(
      device,
      vmbus.KMCL_SERVER_INTERFACE_TYPE,
      vmbus.KMCL_SERVER_INTERFACE_V1_SIZE,
      vmbus.KMCL_SERVER_INTERFACE_VERSION_V1,
    ),
  ).kmcl;
}

/** The same of a client. */
export function clientFunctions(device: vmbus.Device): vmbus.KmclClientInterfaceV1 {
  return vmbus.expectSuccess(
    vmbus.WdfFdoQueryForInterface(
      device,
      vmbus.KMCL_CLIENT_INTERFACE_TYPE,
      vmbus.KMCL_CLIENT_INTERFACE_V1_SIZE,
      vmbus.KMCL_CLIENT_INTERFACE_VERSION_V1,
    ),
  ).kmcl;
}

/** Says to whom a server is offered, and what it is. */
export function aimServer(
  kmcl: vmbus.KmclServerInterfaceV1,
  channel: vmbus.VMBCHANNEL,
  guest: vmbus.Partition,
  { type, instance }: Identity,
): void {
  const must = vmbus.expectSuccess;
  const { kernelHandle } = must(kmcl.VmbConvertVmbusHandleToKernelHandle(guest.vmbusHandle));
  must(kmcl.VmbServerChannelInitSetVmbusHandle(channel, kernelHandle));
  must(vmbus.ZwClose(kernelHandle));
  must(kmcl.VmbServerChannelInitSetTargetVtl(channel, guest.vtl));
  must(kmcl.VmbServerChannelInitSetTargetInterfaceId(channel, type, instance));
}
