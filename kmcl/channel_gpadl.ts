/**
 * GPADLs: guest memory that client and server share (kmcl.md G1–G6).
 *
 * @module
 */

import type { Endpoint } from "../actors/channel/endpoint.ts";
import type { ViolationDetails } from "../actors/runtime/violation_details.ts";
import type { VMBCHANNEL } from "../actors/runtime/handle.ts";
import { PartitionObject } from "../actors/partition/partition_object.ts";
import type { GuestBuffer } from "../core/memory/guest_memory.ts";
import { type GpaRange, pfnsOf } from "../core/memory/gpa_ranges.ts";
import { isLiveMdl, type Mdl, measureChain, rangesOfChain } from "../core/memory/mdl.ts";
import { describe } from "../core/describe.ts";
import {
  type NtStatus,
  STATUS_INVALID_PARAMETER_1,
  STATUS_INVALID_PARAMETER_2,
  STATUS_INVALID_PARAMETER_3,
  STATUS_INVALID_PARAMETER_4,
  STATUS_INVALID_PARAMETER_5,
} from "../core/ntstatus.ts";
import { isU32, isUint } from "../core/units.ts";
import { VMBUS_CHANNEL_GPADL_FLAG_READ_ONLY, VMBUS_CHANNEL_GPADL_FLAGS } from "./flags.ts";
import { driverOf } from "./driver.ts";
import { pfnsOf as copyOfPfns, rangesOfPfns } from "./pfn_checks.ts";
import { endpointOf, type Kmcl, requireEndpoint, waiting } from "./resolve.ts";
import { mayBlock } from "./levels.ts";

const UNKNOWN_HANDLE =
  "DeleteGpadl or UnmapGpadl outside Opened to Closed or with an unknown handle";

/** What creating a GPADL gives. */
export interface CreateGpadlResult {
  /** See [kmcl.md G2](https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md). */
  readonly status: NtStatus;
  /** The handle, never 0; null on failure. */
  readonly gpadlHandle: number | null;
}

/** What VmbChannelMapGpadl gives. */
export interface MapGpadlResult {
  /** See [kmcl.md G2](https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md). */
  readonly status: NtStatus;
  /** The memory, valid until VmbChannelUnmapGpadl; null on failure. */
  readonly mdl: Mdl | null;
}

/** The endpoint of `side` in the time from Opened to Closed (kmcl.md G1), or null. */
export function sharing(kmcl: Kmcl, channel: unknown, side: Endpoint["side"]): Endpoint | null {
  const endpoint = endpointOf(kmcl, channel);
  return endpoint !== null && endpoint.side === side && endpoint.is("rings") ? endpoint : null;
}

function failed(status: NtStatus): CreateGpadlResult {
  return { status, gpadlHandle: null };
}

/** Describes checked memory to the host. */
function create(endpoint: Endpoint, flags: number, ranges: readonly GpaRange[]): CreateGpadlResult {
  const isReadOnly = flags === VMBUS_CHANNEL_GPADL_FLAG_READ_ONLY;
  const created = PartitionObject.of(endpoint.partition).bus.guest.gpadls.create(
    endpoint,
    ranges,
    isReadOnly,
    false,
  );
  if (created.gpadlHandle !== null) driverOf(endpoint).gpadlEnds.forget(created.gpadlHandle);
  return created;
}

/**
 * Shares part of an MDL chain with the server.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_create_gpadl_from_mdl | VmbChannelCreateGpadlFromMdl}
 */
export function VmbChannelCreateGpadlFromMdl(
  kmcl: Kmcl,
  channel: VMBCHANNEL | null,
  flags: number,
  mdl: Mdl | null,
  startOffsetWithinMdl: number,
  dataLengthWithinMdl: number,
): CreateGpadlResult {
  const endpoint = sharing(kmcl, channel, "client");
  if (endpoint === null) return failed(STATUS_INVALID_PARAMETER_1);
  if (!isUint(flags, VMBUS_CHANNEL_GPADL_FLAGS)) return failed(STATUS_INVALID_PARAMETER_2);
  const chain = isLiveMdl(mdl) ? measureChain(mdl, endpoint.memory) : null;
  if (chain === null || mdl === null) return failed(STATUS_INVALID_PARAMETER_3);
  const offset = startOffsetWithinMdl;
  if (!isU32(offset) || offset >= chain.byteCount) return failed(STATUS_INVALID_PARAMETER_4);
  const length = dataLengthWithinMdl;
  if (!isU32(length) || offset + length > chain.byteCount) {
    return failed(STATUS_INVALID_PARAMETER_5);
  }
  const byteCount = length === 0 ? chain.byteCount - offset : length;
  return create(endpoint, flags, rangesOfChain(mdl, offset, byteCount));
}

/**
 * Shares the first `byteCount` bytes of a buffer with the server.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_create_gpadl_from_buffer | VmbChannelCreateGpadlFromBuffer}
 */
export function VmbChannelCreateGpadlFromBuffer(
  kmcl: Kmcl,
  channel: VMBCHANNEL | null,
  flags: number,
  buffer: GuestBuffer | null,
  byteCount: number,
): CreateGpadlResult {
  const endpoint = sharing(kmcl, channel, "client");
  if (endpoint === null) return failed(STATUS_INVALID_PARAMETER_1);
  if (!isUint(flags, VMBUS_CHANNEL_GPADL_FLAGS)) return failed(STATUS_INVALID_PARAMETER_2);
  const { memory } = endpoint;
  if (buffer === null || !memory.isAllocated(buffer)) return failed(STATUS_INVALID_PARAMETER_3);
  if (!isUint(byteCount, buffer.byteCount) || byteCount === 0) {
    return failed(STATUS_INVALID_PARAMETER_4);
  }
  const pfns = pfnsOf(buffer.gpa, byteCount);
  return create(endpoint, flags, [{ byteOffset: 0, byteCount, pfns }]);
}

/**
 * Shares the first `pfnLength` pages of a list with the server. Our reading.
 *
 * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md X7}
 */
export function VmbChannelCreateGpadlFromPfnList(
  kmcl: Kmcl,
  channel: VMBCHANNEL | null,
  flags: number,
  pfnList: ArrayLike<number | bigint> | null,
  pfnLength: number,
): CreateGpadlResult {
  const copy = copyOfPfns(pfnList, pfnLength); // its members may be code
  const endpoint = sharing(kmcl, channel, "client");
  if (endpoint === null) return failed(STATUS_INVALID_PARAMETER_1);
  if (!isUint(flags, VMBUS_CHANNEL_GPADL_FLAGS)) return failed(STATUS_INVALID_PARAMETER_2);
  const ranges = rangesOfPfns(endpoint, copy, pfnLength);
  if (typeof ranges !== "number") return create(endpoint, flags, ranges);
  // The same checks as of a send, whose list stands one place further behind.
  if (ranges === STATUS_INVALID_PARAMETER_4) return failed(STATUS_INVALID_PARAMETER_3);
  return failed(ranges === STATUS_INVALID_PARAMETER_5 ? STATUS_INVALID_PARAMETER_4 : ranges);
}

/**
 * Takes a GPADL back.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_delete_gpadl | VmbChannelDeleteGpadl}
 */
export function VmbChannelDeleteGpadl(
  kmcl: Kmcl,
  channel: VMBCHANNEL | null,
  gpadlHandle: number,
): Promise<void> {
  const call = "VmbChannelDeleteGpadl";
  return waiting(() => {
    const endpoint = requireEndpoint(kmcl, call, channel);
    if (endpoint === null || !endpoint.partition.isAlive) return;
    const { verifier } = kmcl.runtime;
    const { gpadls } = PartitionObject.of(endpoint.partition).bus.guest;
    const gpadl = endpoint.is("rings") ? gpadls.find(endpoint, gpadlHandle) : null;
    if (gpadl === null) {
      const fault = gpadlFault(endpoint, gpadlHandle, "is not known");
      return verifier.report(UNKNOWN_HANDLE, call, ...fault);
    }
    if (!mayBlock(kmcl.runtime, call)) return;
    driverOf(endpoint).gpadlEnds.note(gpadlHandle, verifier.earlier(call));
    return gpadls.deleted(gpadl);
  });
}

/**
 * Maps a GPADL of the client.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_map_gpadl | VmbChannelMapGpadl}
 */
export function VmbChannelMapGpadl(
  kmcl: Kmcl,
  channel: VMBCHANNEL | null,
  flags: number,
  gpadlHandle: number,
): MapGpadlResult {
  const endpoint = sharing(kmcl, channel, "server");
  const refuse = (status: NtStatus) => ({ status, mdl: null });
  if (endpoint === null) return refuse(STATUS_INVALID_PARAMETER_1);
  if (!isUint(flags, VMBUS_CHANNEL_GPADL_FLAGS)) return refuse(STATUS_INVALID_PARAMETER_2);
  const { channelId } = endpoint;
  const gpadls = PartitionObject.guestOf(endpoint)?.bus.ownHost?.gpadls;
  const isKnown = isU32(gpadlHandle) && channelId !== null && gpadls !== undefined;
  if (!isKnown) return refuse(STATUS_INVALID_PARAMETER_3);
  const isReadOnly = flags === VMBUS_CHANNEL_GPADL_FLAG_READ_ONLY;
  const result = gpadls.map(channelId, gpadlHandle, isReadOnly);
  if (result.mdl !== null) driverOf(endpoint).gpadlEnds.forget(gpadlHandle);
  return result;
}

/** What a violation says about a GPADL that does not exist: who ended it, or else what is `wrong`. */
function gpadlFault(
  endpoint: Endpoint,
  gpadlHandle: unknown,
  wrong: string,
): [message: string, about: ViolationDetails] {
  const first = driverOf(endpoint).gpadlEnds.of(gpadlHandle);
  const state = first === null ? wrong : "was deleted or unmapped before";
  return [`GPADL ${describe(gpadlHandle)} ${state}`, { channel: endpoint.place, first }];
}

/**
 * Ends a mapping.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_unmap_gpadl | VmbChannelUnmapGpadl}
 */
export function VmbChannelUnmapGpadl(
  kmcl: Kmcl,
  channel: VMBCHANNEL | null,
  gpadlHandle: number,
): void {
  const call = "VmbChannelUnmapGpadl";
  const endpoint = requireEndpoint(kmcl, call, channel);
  if (endpoint === null) return;
  const { channelId } = endpoint;
  const gpadls = endpoint.is("rings")
    ? PartitionObject.guestOf(endpoint)?.bus.ownHost?.gpadls
    : undefined;
  const outcome = channelId === null
    ? "unknown"
    : gpadls?.unmap(channelId, gpadlHandle) ?? "unknown";
  const { verifier } = kmcl.runtime;
  if (outcome === "unmapped") {
    return driverOf(endpoint).gpadlEnds.note(gpadlHandle, verifier.earlier(call));
  }
  const isKnown = outcome === "notMapped";
  const rule = isKnown ? "Unmap of an unmapped GPADL" : UNKNOWN_HANDLE;
  const wrong = isKnown ? "is not mapped" : "is not known";
  verifier.report(rule, call, ...gpadlFault(endpoint, gpadlHandle, wrong));
}
