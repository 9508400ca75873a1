/**
 * The interface that drivers query: a table of functions, those of one version for clients, and these with
 * the server's own for servers (kmcl.md section 2).
 *
 * @module
 */

import type { Side } from "../actors/channel/types.ts";
import { FabricRuntime } from "../actors/fabric/fabric_runtime.ts";
import type { Device } from "../actors/runtime/handle.ts";
import { parseGuid } from "../core/guid.ts";
import {
  type NtStatus,
  STATUS_INVALID_DEVICE_REQUEST,
  STATUS_INVALID_PARAMETER,
  STATUS_NOT_FOUND,
  STATUS_NOT_SUPPORTED,
  STATUS_SUCCESS,
} from "../core/ntstatus.ts";
import type { CallName } from "./call_parameters.ts";
import { CallTrace, codeOf } from "./call_trace.ts";
import { tracedMethod } from "./call_trace_packets.ts";
import { type INTERFACE, makeInterface } from "./interface_header.ts";
import { isPassive } from "./levels.ts";
import type { Kmcl } from "./resolve.ts";
import { INTERFACE_SIZES } from "./interface_versions.ts";
import type { NamedMethod, TiedSignatures } from "./table_functions.ts";
import { functionsOf, type LaterSignatures } from "./table_versions.ts";
import type {
  ClientTables,
  KmclClientInterfaceV1,
  KmclServerInterfaceV1,
  ServerTables,
} from "./tables.ts";
import { resolveHandle } from "./handles.ts";
import type { DeviceTarget } from "../actors/partition/loaded_driver.ts";

/** GUID of the client interface: of this project's own making, as Microsoft's is not published. */
export const KMCL_CLIENT_INTERFACE_TYPE = "a31f0d52-6c1e-4e0b-9d0a-5b7c2f9e4c01" as const;
/** GUID of the server interface: of this project's own making, as Microsoft's is not published. */
export const KMCL_SERVER_INTERFACE_TYPE = "a31f0d52-6c1e-4e0b-9d0a-5b7c2f9e4c02" as const;

/** Which functions a table holds, and what asking for it must say (kmcl.md N2–N6). */
interface TableKind {
  readonly side: Side;
  readonly version: number;
  readonly size: number;
  readonly functions: readonly NamedMethod[];
}

/** Which side's table an interface type names. */
const SIDES: ReadonlyMap<string, Side> = new Map<string, Side>([
  [KMCL_CLIENT_INTERFACE_TYPE, "client"],
  [KMCL_SERVER_INTERFACE_TYPE, "server"],
]);

/** The table of `version`, or null where there is none. */
function kindOf(interfaceType: string, version: number): TableKind | null {
  const side = SIDES.get(parseGuid(interfaceType) ?? "");
  if (side === undefined) return null;
  const functions = functionsOf(side, version); // which looks at what the version is
  if (functions === null) return null;
  const size = INTERFACE_SIZES[side][version - 1];
  return size === undefined ? null : { side, version, size, functions };
}

/** The table that an interface type and a version name; that of version 1 where the version is not known before the call. */
export type KmclTable<Type extends string, Version extends number = 1> = Type extends
  typeof KMCL_CLIENT_INTERFACE_TYPE
  ? Version extends keyof ClientTables ? ClientTables[Version] : KmclClientInterfaceV1
  : Type extends typeof KMCL_SERVER_INTERFACE_TYPE
    ? Version extends keyof ServerTables ? ServerTables[Version] : KmclServerInterfaceV1
  : null;

/** What a query gives. */
export interface QueryResult<Table> {
  /** STATUS_SUCCESS, NOT_FOUND, NOT_SUPPORTED or INVALID_PARAMETER. */
  readonly status: NtStatus;
  /** The table where the status is STATUS_SUCCESS, otherwise null, whatever the type says. */
  readonly kmcl: Table;
}

/**
 * Asks a device for the table of functions of one version, which has those of the versions before it as well, and
 * comes with one reference to it. Statuses, in order:
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
export function WdfFdoQueryForInterface<Type extends string, Version extends number>(
  fdo: Device | null,
  interfaceType: Type,
  size: number,
  version: Version,
): QueryResult<KmclTable<Type, Version>> {
  return queryTable("WdfFdoQueryForInterface", fdo, interfaceType, size, version);
}

function queryTable<Type extends string, Version extends number>(
  call: CallName,
  device: Device | null,
  interfaceType: Type,
  size: number,
  version: Version,
): QueryResult<KmclTable<Type, Version>> {
  const target = resolveHandle(device, "DEVICE");
  const query = () => queryOf(call, target, interfaceType, size, version);
  if (target === null || !target.partition.runtime.recorder.isHeard) return query();
  const { runtime, traceId } = target.partition;
  const given = [device, interfaceType, size, version];
  return new CallTrace(runtime, traceId).run(codeOf(call), given, query);
}

function queryOf<Type extends string, Version extends number>(
  call: CallName,
  target: DeviceTarget | null,
  interfaceType: Type,
  size: number,
  version: Version,
): QueryResult<KmclTable<Type, Version>> {
  const refuse = (status: NtStatus) => ({ status, kmcl: null as KmclTable<Type, Version> });
  if (target === null) return refuse(STATUS_NOT_FOUND);
  const { partition } = target;
  if (partition.bus.ownGuest === null) return refuse(STATUS_NOT_FOUND); // its drivers are somebody else's
  const kind = kindOf(interfaceType, version);
  if (kind === null) return refuse(STATUS_NOT_SUPPORTED);
  if (kind.side === "server" && !partition.hasServers) return refuse(STATUS_NOT_SUPPORTED);
  if (kind.size !== size) return refuse(STATUS_INVALID_PARAMETER);
  if (!isPassive(partition.runtime, call)) return refuse(STATUS_INVALID_DEVICE_REQUEST);
  const table = tableOf(partition, kind);
  return { status: STATUS_SUCCESS, kmcl: table as KmclTable<Type, Version> };
}

/** A table for the drivers of `partition`, whose calls are recorded where there is a trace, or are observed. */
function tableOf(partition: DeviceTarget["partition"], kind: TableKind): KmclClientInterfaceV1 {
  const { runtime, traceId } = partition;
  const kmcl: Kmcl = { runtime: FabricRuntime.of(runtime), table: kind.side };
  const trace = runtime.recorder.isHeard ? new CallTrace(runtime, traceId) : null;
  // Name by name: collected first and spread then, the same takes thirty times as long.
  const header = makeInterface(kmcl, { runtime, traceId }, kind.size, kind.version);
  const table: Record<string, unknown> = { ...headerOf(header, trace) };
  for (const [name, method] of kind.functions) {
    table[name] = trace === null
      ? method.bind(undefined, kmcl)
      : tracedMethod(trace, kmcl, name, method);
  }
  // The functions are tied to their signatures; the type system loses that in `bind`.
  return Object.freeze(table) as unknown as INTERFACE & TiedSignatures & LaterSignatures;
}

function headerOf(header: INTERFACE, trace: CallTrace | null): INTERFACE {
  return trace === null ? header : {
    ...header,
    InterfaceReference: trace.wrap("InterfaceReference", header.InterfaceReference),
    InterfaceDereference: trace.wrap("InterfaceDereference", header.InterfaceDereference),
  };
}

/**
 * The same as {@linkcode WdfFdoQueryForInterface}, for a driver that has an I/O target.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/wdfiotarget/nf-wdfiotarget-wdfiotargetqueryforinterface | WdfIoTargetQueryForInterface}
 */
export function WdfIoTargetQueryForInterface<Type extends string, Version extends number>(
  ioTarget: Device | null,
  interfaceType: Type,
  size: number,
  version: Version,
): QueryResult<KmclTable<Type, Version>> {
  return queryTable("WdfIoTargetQueryForInterface", ioTarget, interfaceType, size, version);
}
