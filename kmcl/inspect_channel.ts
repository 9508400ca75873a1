/**
 * Looks into one channel by its handle.
 *
 * @module
 */

import { type ChannelState, inspectEndpoint } from "../actors/fabric/inspect.ts";
import type { VMBCHANNEL } from "../actors/runtime/handle.ts";
import { resolveHandle } from "./handles.ts";

/**
 * The state of `channel`; null for an invalid handle, also for one of a fabric that was disposed of. The
 * type does not say so: the happy path needs no check.
 */
export function inspectChannel(channel: VMBCHANNEL | null): ChannelState {
  const endpoint = resolveHandle(channel, "VMBCHANNEL");
  const isLive = endpoint?.runtime.isDisposed === false;
  return (isLive ? inspectEndpoint(endpoint) : null) as ChannelState;
}
