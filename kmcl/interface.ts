/**
 * The interface that drivers query: the table of the documented functions, 41 for clients and these
 * with the server's own for servers (kmcl.md section 2). This file is the index of the layer.
 *
 * @module
 */

import {
  VmbChannelCreateGpadlFromBuffer,
  VmbChannelCreateGpadlFromMdl,
  VmbChannelDeleteGpadl,
  VmbChannelMapGpadl,
  VmbChannelUnmapGpadl,
} from "./channel_gpadl.ts";
import {
  VmbChannelInitSetClientContextSize,
  VmbChannelInitSetFlags,
  VmbChannelInitSetFriendlyName,
  VmbChannelInitSetMaximumExternalData,
  VmbChannelInitSetMaximumPacketSize,
  VmbChannelInitSetProcessPacketCallbacks,
  VmbChannelInitSetStateChangeCallbacks,
} from "./channel_init.ts";
import {
  VmbChannelAllocate,
  VmbChannelCleanup,
  VmbChannelDisable,
  VmbChannelEnable,
  VmbChannelPause,
  VmbChannelStart,
} from "./channel_lifecycle.ts";
import {
  VmbChannelPacketComplete,
  VmbChannelPacketDeferToPassive,
  VmbChannelPacketFail,
  VmbChannelPacketGetExternalData,
} from "./channel_packet.ts";
import {
  VmbChannelGetInterfaceInstance,
  VmbChannelGetMmioSpace,
  VmbChannelGetPointer,
  VmbChannelSetIncomingProcessingAtPassive,
  VmbChannelSetInterruptLatency,
  VmbChannelSetPointer,
  VmbChannelSetTransactionQuota,
  VmbChannelSizeofPacket,
} from "./channel_properties.ts";
import { VmbChannelRestoreFromBuffer, VmbPacketRestore } from "./channel_restore.ts";
import { VmbChannelSaveBegin, VmbChannelSaveContinue, VmbChannelSaveEnd } from "./channel_save.ts";
import {
  VmbClientChannelInitSetRingBufferPageCount,
  VmbClientChannelInitSetTargetPnp,
} from "./client_channel_init.ts";
import {
  VmbPacketAllocate,
  VmbPacketFree,
  VmbPacketGetChannel,
  VmbPacketGetPointer,
  VmbPacketInitialize,
  VmbPacketSetCompletionRoutine,
  VmbPacketSetPointer,
} from "./packet.ts";
import {
  VmbPacketSend,
  VmbPacketSendWithExternalMdl,
  VmbPacketSendWithExternalPfns,
} from "./packet_send.ts";
import {
  VmbConvertVmbusHandleToKernelHandle,
  VmbServerChannelInitSetFlags,
  VmbServerChannelInitSetMmioMegabytes,
  VmbServerChannelInitSetSaveRestorePacketCallbacks,
  VmbServerChannelInitSetTargetInterfaceId,
  VmbServerChannelInitSetTargetVtl,
  VmbServerChannelInitSetVmbusHandle,
} from "./server_channel_init.ts";
import { VmbChannelSendSynchronousRequest } from "./synchronous_request.ts";
import type { Side } from "../actors/channel/types.ts";
import { FabricRuntime } from "../actors/fabric/fabric_runtime.ts";
import type { Device } from "../actors/runtime/handle.ts";
import { assert } from "../core/assert.ts";
import { parseGuid } from "../core/guid.ts";
import {
  type NtStatus,
  STATUS_INVALID_DEVICE_REQUEST,
  STATUS_INVALID_PARAMETER,
  STATUS_NOT_FOUND,
  STATUS_NOT_SUPPORTED,
  STATUS_SUCCESS,
} from "../core/ntstatus.ts";
import { CallTrace, codeOf } from "./call_trace.ts";
import { tracedMethod } from "./call_trace_packets.ts";
import { makeInterface } from "./interface_header.ts";
import type { Kmcl } from "./resolve.ts";
import { isPassive } from "./levels.ts";
import type { KmclClientInterfaceV1, KmclServerInterfaceV1 } from "./tables.ts";
import { resolveHandle } from "./handles.ts";
import type { DeviceTarget } from "../actors/partition/loaded_driver.ts";

/** GUID of the client interface: of this project's own making, as Microsoft's is not published. */
export const KMCL_CLIENT_INTERFACE_TYPE = "a31f0d52-6c1e-4e0b-9d0a-5b7c2f9e4c01" as const;
/** GUID of the server interface: of this project's own making, as Microsoft's is not published. */
export const KMCL_SERVER_INTERFACE_TYPE = "a31f0d52-6c1e-4e0b-9d0a-5b7c2f9e4c02" as const;
/** Version of the client interface. */
export const KMCL_CLIENT_INTERFACE_VERSION_V1 = 1 as const;
/** Version of the server interface. */
export const KMCL_SERVER_INTERFACE_VERSION_V1 = 1 as const;
/** Size of the INTERFACE header of a table on a 64-bit machine (kmcl.md N4). */
const INTERFACE_HEADER_BYTES = 32;
/** Size of a function pointer. */
const POINTER_BYTES = 8;
/** Documented functions of the client table, and of the server's own methods. */
const CLIENT_FUNCTIONS = 41;
const SERVER_ONLY_FUNCTIONS = 14;
/** `sizeof(KMCL_CLIENT_INTERFACE_V1)`: 360. */
export const KMCL_CLIENT_INTERFACE_V1_SIZE = 360 as const;
/** `sizeof(KMCL_SERVER_INTERFACE_V1)`: 472. */
export const KMCL_SERVER_INTERFACE_V1_SIZE = 472 as const;

assert(
  INTERFACE_HEADER_BYTES + CLIENT_FUNCTIONS * POINTER_BYTES === KMCL_CLIENT_INTERFACE_V1_SIZE &&
    KMCL_CLIENT_INTERFACE_V1_SIZE + SERVER_ONLY_FUNCTIONS * POINTER_BYTES ===
      KMCL_SERVER_INTERFACE_V1_SIZE,
  "the sizes of the tables are those of their members",
);

/** The client functions, in documented order. */
const clientFunctions = {
  VmbChannelAllocate,
  VmbChannelCleanup,
  VmbChannelCreateGpadlFromBuffer,
  VmbChannelCreateGpadlFromMdl,
  VmbChannelDeleteGpadl,
  VmbChannelDisable,
  VmbChannelEnable,
  VmbChannelGetInterfaceInstance,
  VmbChannelGetMmioSpace,
  VmbChannelGetPointer,
  VmbChannelInitSetClientContextSize,
  VmbChannelInitSetFlags,
  VmbChannelInitSetFriendlyName,
  VmbChannelInitSetMaximumExternalData,
  VmbChannelInitSetMaximumPacketSize,
  VmbChannelInitSetProcessPacketCallbacks,
  VmbChannelInitSetStateChangeCallbacks,
  VmbChannelPacketComplete,
  VmbChannelPacketDeferToPassive,
  VmbChannelPacketFail,
  VmbChannelPacketGetExternalData,
  VmbChannelPause,
  VmbChannelSendSynchronousRequest,
  VmbChannelSetIncomingProcessingAtPassive,
  VmbChannelSetInterruptLatency,
  VmbChannelSetPointer,
  VmbChannelSetTransactionQuota,
  VmbChannelSizeofPacket,
  VmbChannelStart,
  VmbClientChannelInitSetRingBufferPageCount,
  VmbClientChannelInitSetTargetPnp,
  VmbPacketAllocate,
  VmbPacketFree,
  VmbPacketGetChannel,
  VmbPacketGetPointer,
  VmbPacketInitialize,
  VmbPacketSend,
  VmbPacketSendWithExternalMdl,
  VmbPacketSendWithExternalPfns,
  VmbPacketSetCompletionRoutine,
  VmbPacketSetPointer,
};

/** The server's own functions, in documented order. */
const serverOnlyFunctions = {
  VmbChannelMapGpadl,
  VmbChannelRestoreFromBuffer,
  VmbChannelSaveBegin,
  VmbChannelSaveContinue,
  VmbChannelSaveEnd,
  VmbChannelUnmapGpadl,
  VmbConvertVmbusHandleToKernelHandle,
  VmbPacketRestore,
  VmbServerChannelInitSetFlags,
  VmbServerChannelInitSetMmioMegabytes,
  VmbServerChannelInitSetSaveRestorePacketCallbacks,
  VmbServerChannelInitSetTargetInterfaceId,
  VmbServerChannelInitSetTargetVtl,
  VmbServerChannelInitSetVmbusHandle,
};

/** Which functions a table holds, and what asking for it must say (kmcl.md N2–N4). */
interface TableKind {
  readonly side: Side;
  readonly version: number;
  readonly size: number;
  readonly functions: Readonly<Record<string, (kmcl: Kmcl, ...rest: never[]) => unknown>>;
}

const TABLES: ReadonlyMap<string, TableKind> = new Map<string, TableKind>([
  [KMCL_CLIENT_INTERFACE_TYPE, {
    side: "client",
    version: KMCL_CLIENT_INTERFACE_VERSION_V1,
    size: KMCL_CLIENT_INTERFACE_V1_SIZE,
    functions: clientFunctions,
  }],
  [KMCL_SERVER_INTERFACE_TYPE, {
    side: "server",
    version: KMCL_SERVER_INTERFACE_VERSION_V1,
    size: KMCL_SERVER_INTERFACE_V1_SIZE,
    functions: { ...clientFunctions, ...serverOnlyFunctions },
  }],
]);

/** The table that an interface type names. */
export type KmclTable<Type extends string> = Type extends typeof KMCL_CLIENT_INTERFACE_TYPE
  ? KmclClientInterfaceV1
  : Type extends typeof KMCL_SERVER_INTERFACE_TYPE ? KmclServerInterfaceV1
  : null;

/** What a query gives. */
export interface QueryResult<Table> {
  /** STATUS_SUCCESS, NOT_FOUND, NOT_SUPPORTED or INVALID_PARAMETER. */
  readonly status: NtStatus;
  /** The table where the status is STATUS_SUCCESS; null else, whatever its type says. */
  readonly kmcl: Table;
}

/**
 * Asks a device for a table of functions, which comes with one reference to it. Statuses, in order:
 * NOT_FOUND a device that is not in a partition with VMBus; NOT_SUPPORTED an unknown type or version, or
 * the server table of a child; INVALID_PARAMETER a wrong size. Violation: above PASSIVE_LEVEL.
 *
 * @example
 * ```ts
 * import * as vmbus from "@vmbus/kmcl";
 *
 * const fabric = vmbus.createFabric();
 * const { status, kmcl } = vmbus.WdfFdoQueryForInterface(
 *   fabric.root.device,
 *   vmbus.KMCL_SERVER_INTERFACE_TYPE,
 *   vmbus.KMCL_SERVER_INTERFACE_V1_SIZE,
 *   1,
 * );
 * if (vmbus.NT_SUCCESS(status)) kmcl.VmbChannelAllocate(fabric.root.device, true);
 * ```
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/wdffdo/nf-wdffdo-wdffdoqueryforinterface | WdfFdoQueryForInterface}
 */
export function WdfFdoQueryForInterface<Type extends string>(
  fdo: Device | null,
  interfaceType: Type,
  size: number,
  version: number,
): QueryResult<KmclTable<Type>> {
  return queryTable("WdfFdoQueryForInterface", fdo, interfaceType, size, version);
}

function queryTable<Type extends string>(
  call: string,
  device: Device | null,
  interfaceType: Type,
  size: number,
  version: number,
): QueryResult<KmclTable<Type>> {
  const target = resolveHandle(device, "DEVICE");
  const query = () => queryOf(call, target, interfaceType, size, version);
  if (target === null || !target.partition.runtime.recorder.isOn) return query();
  const { runtime, traceId } = target.partition;
  const given = [device, interfaceType, size, version];
  return new CallTrace(runtime, traceId).run(codeOf(call), given, query);
}

function queryOf<Type extends string>(
  call: string,
  target: DeviceTarget | null,
  interfaceType: Type,
  size: number,
  version: number,
): QueryResult<KmclTable<Type>> {
  const refuse = (status: NtStatus) => ({ status, kmcl: null as KmclTable<Type> });
  if (target === null) return refuse(STATUS_NOT_FOUND);
  const { partition } = target;
  const kind = TABLES.get(parseGuid(interfaceType) ?? "");
  if (kind === undefined || kind.version !== version) return refuse(STATUS_NOT_SUPPORTED);
  if (kind.side === "server" && !partition.isRoot) return refuse(STATUS_NOT_SUPPORTED);
  if (kind.size !== size) return refuse(STATUS_INVALID_PARAMETER);
  if (!isPassive(partition.runtime, call)) return refuse(STATUS_INVALID_DEVICE_REQUEST);
  const kmcl: Kmcl = { runtime: FabricRuntime.of(partition.runtime), table: kind.side };
  const trace = partition.runtime.recorder.isOn
    ? new CallTrace(partition.runtime, partition.traceId)
    : null;
  const methods = Object.entries(kind.functions).map(([name, method]) => [
    name,
    trace === null ? method.bind(undefined, kmcl) : tracedMethod(trace, kmcl, name, method),
  ]);
  const header = Object.entries(makeInterface(kmcl, size, version)).map(([name, member]) => [
    name,
    trace === null || typeof member !== "function" ? member : trace.wrap(name, member),
  ]);
  return {
    status: STATUS_SUCCESS,
    kmcl: Object.freeze(Object.fromEntries([...header, ...methods])),
  };
}

/**
 * The same as {@linkcode WdfFdoQueryForInterface}, for a driver that has an I/O target.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/wdfiotarget/nf-wdfiotarget-wdfiotargetqueryforinterface | WdfIoTargetQueryForInterface}
 */
export function WdfIoTargetQueryForInterface<Type extends string>(
  ioTarget: Device | null,
  interfaceType: Type,
  size: number,
  version: number,
): QueryResult<KmclTable<Type>> {
  return queryTable("WdfIoTargetQueryForInterface", ioTarget, interfaceType, size, version);
}
