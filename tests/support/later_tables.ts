/**
 * Tables of later versions, for tests of what those add (kmcl.md N6).
 *
 * @module
 */

import * as vmbus from "../../mod.ts";

/** The server's table of version 2. */
export function serverTableV2(fabric: vmbus.Fabric): vmbus.KmclServerInterfaceV2 {
  return vmbus.expectSuccess(
    vmbus.WdfFdoQueryForInterface(
      fabric.root.device,
      vmbus.KMCL_SERVER_INTERFACE_TYPE,
      vmbus.KMCL_SERVER_INTERFACE_V2_SIZE,
      2,
    ),
  ).kmcl;
}

/** The client's table of version 2. */
export function clientTableV2(partition: vmbus.Partition): vmbus.KmclClientInterfaceV2 {
  return vmbus.expectSuccess(
    vmbus.WdfFdoQueryForInterface(
      partition.device,
      vmbus.KMCL_CLIENT_INTERFACE_TYPE,
      vmbus.KMCL_CLIENT_INTERFACE_V2_SIZE,
      2,
    ),
  ).kmcl;
}

/** The server's table of version 5. */
export function serverTableV5(fabric: vmbus.Fabric): vmbus.KmclServerInterfaceV5 {
  return vmbus.expectSuccess(
    vmbus.WdfFdoQueryForInterface(
      fabric.root.device,
      vmbus.KMCL_SERVER_INTERFACE_TYPE,
      vmbus.KMCL_SERVER_INTERFACE_V5_SIZE,
      5,
    ),
  ).kmcl;
}

/** The client's table of version 5. */
export function clientTableV5(partition: vmbus.Partition): vmbus.KmclClientInterfaceV5 {
  return vmbus.expectSuccess(
    vmbus.WdfFdoQueryForInterface(
      partition.device,
      vmbus.KMCL_CLIENT_INTERFACE_TYPE,
      vmbus.KMCL_CLIENT_INTERFACE_V5_SIZE,
      5,
    ),
  ).kmcl;
}
