/**
 * What a driver asks of a channel, or changes at any time (kmcl.md section 5).
 *
 * @module
 */

import type { Endpoint } from "../actors/channel/endpoint.ts";
import type { VMBCHANNEL } from "../actors/runtime/handle.ts";
import { booleanOf } from "../core/arguments.ts";
import { NULL_GUID } from "../core/guid.ts";
import { describe } from "../core/describe.ts";
import {
  type NtStatus,
  STATUS_INVALID_DEVICE_STATE,
  STATUS_INVALID_PARAMETER_1,
  STATUS_INVALID_PARAMETER_2,
  STATUS_SUCCESS,
} from "../core/ntstatus.ts";
import { isU16, isU32, isUint, roundUp8 } from "../core/units.ts";
import { driverOf } from "./driver.ts";
import { endpointOf, type Kmcl, requireEndpoint } from "./resolve.ts";

/** Bytes of a packet object beside its payload: more than the 8 of kmcl.md section 5. */
const PACKET_OBJECT_BYTES = 128;

/**
 * Keeps the driver's own context with the channel.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_set_pointer | VmbChannelSetPointer}
 */
export function VmbChannelSetPointer(
  kmcl: Kmcl,
  channel: VMBCHANNEL | null,
  pointer: unknown,
): void {
  const endpoint = requireEndpoint(kmcl, "VmbChannelSetPointer", channel);
  if (endpoint !== null) driverOf(endpoint).pointer = pointer;
}

/**
 * The context that VmbChannelSetPointer kept.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_get_pointer | VmbChannelGetPointer}
 */
export function VmbChannelGetPointer(kmcl: Kmcl, channel: VMBCHANNEL | null): unknown {
  const endpoint = requireEndpoint(kmcl, "VmbChannelGetPointer", channel);
  return endpoint === null ? null : driverOf(endpoint).pointer;
}

/**
 * Whether ProcessPacket always runs at PASSIVE_LEVEL ([kmcl.md R1](https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md)).
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_set_incoming_processing_at_passive | VmbChannelSetIncomingProcessingAtPassive}
 */
export function VmbChannelSetIncomingProcessingAtPassive(
  kmcl: Kmcl,
  channel: VMBCHANNEL | null,
  requirePassive: boolean | 0 | 1,
): void {
  const call = "VmbChannelSetIncomingProcessingAtPassive";
  const endpoint = requireEndpoint(kmcl, call, channel);
  if (endpoint === null) return;
  const isRequired = booleanOf(requirePassive);
  if (isRequired !== null) {
    endpoint.incoming.setLevels(isRequired, endpoint.incoming.dispatchShare);
    return;
  }
  const message = `${describe(requirePassive)} is no BOOLEAN`;
  kmcl.runtime.verifier.report("invalid argument", call, message, { channel: endpoint.place });
}

/**
 * Sets how many incoming packets may be outstanding at once (kmcl.md R4).
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_set_transaction_quota | VmbChannelSetTransactionQuota}
 */
export function VmbChannelSetTransactionQuota(
  kmcl: Kmcl,
  channel: VMBCHANNEL | null,
  quota: number,
): void {
  const call = "VmbChannelSetTransactionQuota";
  const endpoint = requireEndpoint(kmcl, call, channel);
  if (endpoint === null) return;
  const { verifier } = kmcl.runtime;
  const about = { channel: endpoint.place };
  if (quota === 0) verifier.report("quota 0", call, "no packet could ever be delivered", about);
  else if (isU32(quota)) endpoint.incoming.outstandingPackets.quota = quota;
  else verifier.report("invalid argument", call, `${describe(quota)} is no u32`, about);
}

/** What VmbChannelSetInterruptLatency gives. */
export interface LatencyResult {
  /** STATUS_SUCCESS, _1, INVALID_DEVICE_STATE or _2. */
  readonly status: NtStatus;
  /** The latency until now, in 100 ns; null on failure. */
  readonly originalLatency: number | null;
}

/**
 * Sets by how much a client's signals to the host are delayed, in 100 ns, so that several become
 * one.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_set_interrupt_latency | VmbChannelSetInterruptLatency}
 */
export function VmbChannelSetInterruptLatency(
  kmcl: Kmcl,
  channel: VMBCHANNEL | null,
  latency: number,
): LatencyResult {
  const endpoint = endpointOf(kmcl, channel);
  const failed = (status: NtStatus) => ({ status, originalLatency: null });
  if (endpoint === null || endpoint.side === "server") return failed(STATUS_INVALID_PARAMETER_1);
  if (!endpoint.is("rings")) return failed(STATUS_INVALID_DEVICE_STATE);
  if (!isU16(latency)) return failed(STATUS_INVALID_PARAMETER_2);
  const { signal } = endpoint;
  const originalLatency = signal.latency100ns;
  signal.latency100ns = latency;
  return { status: STATUS_SUCCESS, originalLatency };
}

/**
 * The GUID of the instance that the channel offers or is connected to.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_get_interface_instance | VmbChannelGetInterfaceInstance}
 */
export function VmbChannelGetInterfaceInstance(kmcl: Kmcl, channel: VMBCHANNEL | null): string {
  const endpoint = requireEndpoint(kmcl, "VmbChannelGetInterfaceInstance", channel);
  return endpoint?.channel?.instance ?? NULL_GUID;
}

/** What VmbChannelGetMmioSpace gives. */
export interface MmioSpace {
  /** Guest physical address of the first byte; 0 without MMIO. */
  readonly mmioAddress: bigint;
  /** Bytes; 0 without MMIO. */
  readonly mmioSize: bigint;
}

/**
 * The MMIO that is reserved for the channel.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_get_mmio_space | VmbChannelGetMmioSpace}
 */
export function VmbChannelGetMmioSpace(kmcl: Kmcl, channel: VMBCHANNEL | null): MmioSpace {
  const call = "VmbChannelGetMmioSpace";
  const none = { mmioAddress: 0n, mmioSize: 0n };
  const endpoint = requireEndpoint(kmcl, call, channel);
  if (endpoint === null) return none;
  if (!endpoint.is("rings") && !endpoint.is("closed")) {
    const message = "it was not opened";
    const about = { channel: endpoint.place };
    kmcl.runtime.verifier.report("GetMmioSpace before Opened", call, message, about);
    return none;
  }
  const mmio = endpoint.channel?.mmio ?? null;
  return mmio === null ? none : { mmioAddress: BigInt(mmio.gpa), mmioSize: BigInt(mmio.byteCount) };
}

/**
 * Bytes of the buffer that VmbPacketInitialize needs.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/vmbuskernelmodeclientlibapi/nc-vmbuskernelmodeclientlibapi-fn_vmb_channel_sizeof_packet | VmbChannelSizeofPacket}
 */
export function VmbChannelSizeofPacket(kmcl: Kmcl, channel: VMBCHANNEL | null): number {
  const endpoint = requireEndpoint(kmcl, "VmbChannelSizeofPacket", channel);
  return endpoint === null ? 0 : packetObjectBytes(endpoint);
}

/** Bytes of a packet object of a channel: its payload, what KMCL keeps with it, the driver's context at its end. */
export function packetObjectBytes({ configuration }: Endpoint): number {
  const { packetBytesMax, inlineContextBytes } = configuration;
  return roundUp8(packetBytesMax) + PACKET_OBJECT_BYTES + roundUp8(inlineContextBytes);
}

/**
 * Sets which part of a flood of packets is taken at DISPATCH_LEVEL, in percent. Our reading.
 *
 * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md X12}
 */
export function VmbChannelSetAllowableDpcCpuUsage(
  kmcl: Kmcl,
  channel: VMBCHANNEL | null,
  allowableDpcCpuUsage: number,
): void {
  const call = "VmbChannelSetAllowableDpcCpuUsage";
  const endpoint = requireEndpoint(kmcl, call, channel);
  if (endpoint === null) return;
  const { incoming } = endpoint;
  if (isUint(allowableDpcCpuUsage, 100)) {
    incoming.setLevels(incoming.isAlwaysPassive, allowableDpcCpuUsage);
  } else {
    const message = `${describe(allowableDpcCpuUsage)} is no percentage`;
    kmcl.runtime.verifier.report("invalid argument", call, message, { channel: endpoint.place });
  }
}
