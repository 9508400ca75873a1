/**
 * The functions that versions 2 to 5 of the tables add, as types. Their names are Microsoft's; what they take and
 * what they do is our reading of the names and of the documented functions beside them (kmcl.md, "Later versions").
 *
 * @module
 */

import type { Device, VMBCHANNEL, VMBPACKETCOMPLETION } from "../actors/runtime/handle.ts";

/** What version 2 adds. Our reading. */
export interface KmclFunctionsV2 {
  /**
   * The driver's own area with a packet that it was given: as many bytes as VmbChannelInitSetClientContextSize said,
   * 0 at first, the same each time until the packet is retired. Null for a bad context, which is a violation.
   * Our reading.
   *
   * Violations: a bad or dead context.
   *
   * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md X2}
   */
  VmbChannelPacketGetClientContext(
    packetCompletionContext: VMBPACKETCOMPLETION | null,
  ): Uint8Array | null;
  /**
   * The device on the VMBus of the channel's own partition over which it reaches the opposite side; null while it has
   * none: a server that was not told its guest, a client that has no offer. Our reading.
   *
   * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md X5}
   */
  VmbChannelGetTargetDeviceObject(channel: VMBCHANNEL | null): Device | null;
  /**
   * The device that the channel was allocated for. Our reading.
   *
   * @see {@link https://jsr.io/@vmbus/kmcl/0.1.0/docs/kmcl.md | kmcl.md X4}
   */
  VmbChannelGetParentDeviceObject(channel: VMBCHANNEL | null): Device | null;
}
