/**
 * A host without servers: it answers the messages of a guest as any host must, and in its own time
 * (wire.md 3.4, 4.5).
 *
 * @module
 */

import type { PartitionObject } from "../../actors/partition/partition_object.ts";
import { encodeControlMessage } from "../../core/control/codec.ts";
import type { ControlMessage, OfferChannel } from "../../core/control/messages.ts";
import type * as vmbus from "../../mod.ts";

/** An offer of a device. */
export function offerMessage(
  interfaceId: string,
  instanceId: string,
  changes: Partial<OfferChannel> = {},
): OfferChannel {
  const { channelId = 1 } = changes;
  return {
    message: "offerChannel",
    interfaceId,
    instanceId,
    flags: 0,
    mmioMegabytes: 0,
    userData: new Uint8Array(120),
    subchannelIndex: 0,
    mmioMegabytesOptional: 0,
    channelId,
    monitorId: 0xff,
    monitorAllocated: false,
    isDedicated: true,
    connectionId: 0x2000 | channelId,
    ...changes,
  };
}

/** The host of one guest, in the place of its own end of the bus. */
export class RawHost {
  /** What the guest said, by name. */
  readonly heard: string[] = [];
  /** GPADLs that it still uses: their teardown is not answered. */
  readonly used = new Set<number>();
  readonly #guest: PartitionObject;
  /** Bytes that descriptions still lack, and their channels. */
  readonly #incomplete = new Map<number, { channelId: number; missingBytes: number }>();

  constructor(guest: vmbus.Partition) {
    this.#guest = guest as PartitionObject;
    this.#guest.bus.host.receive = (message) => {
      this.#hear(message);
      return null;
    };
  }

  /** Says something, which the guest hears in turn. */
  post(message: ControlMessage): void {
    this.#guest.postControlMessage("toGuest", encodeControlMessage(message));
  }

  #hear(message: ControlMessage): void {
    this.heard.push(message.message);
    switch (message.message) {
      case "gpadlHeader":
        this.#incomplete.set(message.gpadlId, {
          channelId: message.channelId,
          missingBytes: message.byteLength,
        });
        return this.#describe(message.gpadlId, message.words.length);
      case "gpadlBody":
        return this.#describe(message.gpadlId, message.words.length);
      case "gpadlTeardown":
        if (!this.used.has(message.gpadlId)) this.torndown(message.gpadlId);
        return;
      case "openChannel": {
        const { channelId, openId } = message;
        return this.#guest.bus.post("toGuest", {
          message: "openResult",
          channelId,
          openId,
          status: 0,
        });
      }
    }
  }

  #describe(gpadlId: number, byteCount: number): void {
    const incomplete = this.#incomplete.get(gpadlId);
    if (incomplete === undefined) return;
    incomplete.missingBytes -= byteCount;
    if (incomplete.missingBytes > 0) return;
    this.#incomplete.delete(gpadlId);
    const { channelId } = incomplete;
    this.#guest.bus.post("toGuest", { message: "gpadlCreated", channelId, gpadlId, status: 0 });
  }

  /** Lets go of a GPADL. */
  torndown(gpadlId: number): void {
    this.used.delete(gpadlId);
    this.#guest.bus.post("toGuest", { message: "gpadlTorndown", gpadlId });
  }
}
