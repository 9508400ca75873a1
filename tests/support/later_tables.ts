/**
 * Tables of later versions, for tests of what those add (kmcl.md N6).
 *
 * @module
 */

import { FabricRuntime } from "../../actors/fabric/fabric_runtime.ts";
import { CallTrace } from "../../kmcl/call_trace.ts";
import { resolveHandle } from "../../kmcl/handles.ts";
import { ADDITIONS } from "../../kmcl/table_versions.ts";
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

/**
 * The server's table of version 5; while a version before it is not all here, and so it cannot be queried, one with all
 * that is.
 */
export function serverTableV5(fabric: vmbus.Fabric): vmbus.KmclServerInterfaceV5 {
  if (ADDITIONS.includes(null)) return partOfV5(fabric);
  return vmbus.expectSuccess(
    vmbus.WdfFdoQueryForInterface(
      fabric.root.device,
      vmbus.KMCL_SERVER_INTERFACE_TYPE,
      vmbus.KMCL_SERVER_INTERFACE_V5_SIZE,
      5,
    ),
  ).kmcl;
}

function partOfV5(fabric: vmbus.Fabric): vmbus.KmclServerInterfaceV5 {
  const { partition } = resolveHandle(fabric.root.device, "DEVICE")!;
  const runtime = FabricRuntime.of(partition.runtime);
  const kmcl = { runtime, table: "server" } as const;
  const trace = runtime.recorder.isOn ? new CallTrace(runtime, partition.traceId) : null;
  const later = ADDITIONS.slice(2).flatMap((addition) =>
    addition === null ? [] : [...addition.client, ...addition.serverOnly]
  );
  const functions = later.map(([name, method]) => {
    const bound = method.bind(undefined, kmcl) as (...given: unknown[]) => unknown;
    return [name, trace === null ? bound : trace.wrap(name, bound)];
  });
  return { ...serverTableV2(fabric), ...Object.fromEntries(functions) };
}
