/**
 * Bounce buffers: memory that an isolated guest shares with its host, for copies of external data and for drivers
 * (kmcl.md X18 to X20). All of it is our reading.
 *
 * @module
 */

import { BounceBuffers } from "../actors/channel/bounce_buffers.ts";
import type { VMBCHANNEL } from "../actors/runtime/handle.ts";
import type { GuestBuffer } from "../core/memory/guest_memory.ts";
import {
  type NtStatus,
  STATUS_INSUFFICIENT_RESOURCES,
  STATUS_INVALID_PARAMETER_1,
  STATUS_INVALID_PARAMETER_2,
  STATUS_SUCCESS,
} from "../core/ntstatus.ts";
import { isU32 } from "../core/units.ts";
import { sharing } from "./channel_gpadl.ts";
import { configure } from "./channel_init.ts";
import type { Kmcl } from "./resolve.ts";

/** What VmbChannelAllocateBounceBuffer gives. */
export interface BounceBufferResult {
  /** SUCCESS, INVALID_PARAMETER_1, INVALID_PARAMETER_2 or INSUFFICIENT_RESOURCES. */
  readonly status: NtStatus;
  /** The buffer, all 0; null on failure. */
  readonly buffer: GuestBuffer | null;
}

/**
 * Sets how much of a client's memory is set aside for bounce buffers. Our reading.
 *
 * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md X18}
 */
export function VmbChannelInitSetBounceBufferSizes(
  kmcl: Kmcl,
  channel: VMBCHANNEL | null,
  packetBufferSize: number,
  driverBufferSize: number,
): NtStatus {
  return configure(
    kmcl,
    channel,
    null,
    ({ configuration }) => configuration.setBounceBufferSizes(packetBufferSize, driverBufferSize),
  );
}

/**
 * Gives the driver of a client memory that the host can read. Our reading.
 *
 * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md X20}
 */
export function VmbChannelAllocateBounceBuffer(
  kmcl: Kmcl,
  channel: VMBCHANNEL | null,
  byteCount: number,
): BounceBufferResult {
  const endpoint = sharing(kmcl, channel, "client");
  if (endpoint === null) return { status: STATUS_INVALID_PARAMETER_1, buffer: null };
  if (!isU32(byteCount) || byteCount === 0) {
    return { status: STATUS_INVALID_PARAMETER_2, buffer: null };
  }
  endpoint.bounce ??= new BounceBuffers(endpoint, endpoint.memory, false);
  const buffer = endpoint.bounce.allocate(byteCount);
  return { status: buffer === null ? STATUS_INSUFFICIENT_RESOURCES : STATUS_SUCCESS, buffer };
}
