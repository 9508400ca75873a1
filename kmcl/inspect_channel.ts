/**
 * Looks into one channel by its handle.
 *
 * @module
 */

import { type ChannelState, inspectEndpoint } from "../actors/fabric/inspect.ts";
import type { VMBCHANNEL } from "../actors/runtime/handle.ts";
import { resolveHandle } from "./handles.ts";

/**
 * What `channel` is and has; null for an invalid handle, one of a fabric that was disposed of too, which its type does not say, so that the happy
 * path needs no check.
 */
export function inspectChannel(channel: VMBCHANNEL | null): ChannelState {
  const endpoint = resolveHandle(channel, "VMBCHANNEL");
  const isLive = endpoint?.runtime.isDisposed === false;
  return (isLive ? inspectEndpoint(endpoint) : null) as ChannelState;
}
