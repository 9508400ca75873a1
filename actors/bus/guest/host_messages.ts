/**
 * What a host says to the guest's end of its bus, message by message (wire.md 4.4, 4.5, 5.6). The host may be
 * hostile, too.
 *
 * @module
 */

import { decodeControlMessage, isControlFault } from "../../../core/control/codec.ts";
import {
  CHANNEL_ID_MAX,
  type ControlMessage,
  type GpadlCreated,
  type ModifyChannelResponse,
  type OfferChannel,
  type OpenResult,
} from "../../../core/control/messages.ts";
import type { Agreed } from "../../../core/control/versions.ts";
import { NT_SUCCESS, STATUS_DEVICE_REMOVED } from "../../../core/ntstatus.ts";
import type { ChannelFault } from "../../channel/types.ts";
import type { RuntimePort } from "../../runtime/runtime_port.ts";
import type { GuestGpadls } from "./gpadls.ts";
import type { SocketConnects } from "./socket_connects.ts";
import { GuestChannel, type GuestChannelOwner } from "./guest_channel.ts";

/** The guest's end, as the messages of the host need it. */
export interface HearingEnd extends GuestChannelOwner {
  /** The fabric. */
  readonly runtime: RuntimePort;
  /** The GPADLs of the guest's clients. */
  readonly gpadls: GuestGpadls;
  /** Offers by channel id, in the order in which they arrived. */
  readonly byId: Map<number, GuestChannel>;
  /** What it has asked of sockets on the host. */
  readonly sockets: SocketConnects;
  /** What messages are read by. */
  readonly agreed: Agreed;
}

/** Takes the messages of the host. */
export class HostMessages {
  readonly #end: HearingEnd;
  /** Sockets that the guest gave back by itself: the host may have taken them back before it hears of that. */
  readonly #givenBack = new Set<number>();

  /** For the guest's end `end`. */
  constructor(end: HearingEnd) {
    this.#end = end;
  }

  /**
   * Messages are on their way to a guest that was restored: what is taken back there, and is neither there nor offered before, is a
   * socket that it gave back. Nobody else's is, as the host has taken all that the guest had said.
   */
  restore(messages: readonly Uint8Array[]): void {
    const known = new Set(this.#end.byId.keys());
    for (const bytes of messages) {
      const message = decodeControlMessage(bytes, this.#end.agreed);
      if (isControlFault(message)) continue;
      if (message.message === "offerChannel") known.add(message.channelId);
      if (message.message !== "rescindChannelOffer" || known.has(message.channelId)) continue;
      this.#givenBack.add(message.channelId);
    }
  }

  /** Takes a message of the host; answers with the fault where it is not to be taken. */
  receive(message: ControlMessage): ChannelFault | null {
    switch (message.message) {
      case "offerChannel":
        return this.#offered(message);
      case "openResult":
        return this.#openResult(message);
      case "rescindChannelOffer":
        return this.#rescinded(message.channelId);
      case "modifyChannelResponse":
        return this.#modified(message);
      case "gpadlCreated":
        return this.#gpadlCreated(message);
      case "gpadlTorndown":
        return this.#gpadlTorndown(message.gpadlId);
      case "tlConnectResult":
        return this.#end.sockets.refused(message);
      default:
        return "unexpectedMessage";
    }
  }

  #offered(offer: OfferChannel): ChannelFault | null {
    const known = this.#end.byId.get(offer.channelId);
    const isIdGood = offer.channelId > 0 && offer.channelId <= CHANNEL_ID_MAX;
    if (known !== undefined || !isIdGood) {
      known?.taken?.client.faulted("unexpectedMessage");
      return "unexpectedMessage"; // an id that was not released may not be used again (wire.md 5.6)
    }
    this.#givenBack.delete(offer.channelId);
    this.#end.byId.set(
      offer.channelId,
      new GuestChannel(this.#end.runtime.actors, this.#end, offer),
    );
    this.#end.scheduleMatch();
    return null;
  }

  #openResult(result: OpenResult): ChannelFault | null {
    const channel = this.#end.byId.get(result.channelId);
    const taken = channel?.taken ?? null;
    if (channel === undefined || taken === null) return "unexpectedMessage";
    const { client, openId, channel: { rings } } = taken;
    if (result.openId !== openId || !channel.actor.is("opening")) {
      client.faulted("unexpectedMessage");
      return "unexpectedMessage";
    }
    const isOpen = NT_SUCCESS(result.status);
    channel.actor.send({ type: isOpen ? "opened" : "refused" });
    if (!isOpen) {
      if (client.is("connecting")) client.refused(result.status);
      else client.tell({ type: "openRefused" });
    } else if (client.is("connecting") && rings !== null && !client.attach(rings)) {
      client.refused(STATUS_DEVICE_REMOVED);
      return "badRings"; // the host spoiled an index before the ring was attached
    } else client.tell({ type: "open" });
    return null;
  }

  /** The host signals another processor, or refuses to. */
  #modified({ channelId, status }: ModifyChannelResponse): ChannelFault | null {
    const channel = this.#end.byId.get(channelId);
    if (channel?.actor.is("modifying") !== true) {
      channel?.taken?.client.faulted("unexpectedMessage");
      return "unexpectedMessage";
    }
    channel.actor.send({ type: NT_SUCCESS(status) ? "modified" : "modifyRefused" });
    return null;
  }

  #rescinded(channelId: number): ChannelFault | null {
    const actor = this.#end.byId.get(channelId)?.actor;
    if (actor === undefined && this.#givenBack.delete(channelId)) return null;
    if (actor?.can("rescinded") !== true) return "unexpectedMessage";
    actor.send({ type: "rescinded" });
    return null;
  }

  #gpadlCreated(message: GpadlCreated): ChannelFault | null {
    const fault = this.#end.gpadls.created(message);
    const channel = this.#end.byId.get(message.channelId);
    if (fault === null && channel !== undefined) this.#end.releaseIfDone(channel);
    return fault;
  }

  #gpadlTorndown(gpadlId: number): ChannelFault | null {
    const channel = this.#end.byId.get(this.#end.gpadls.at(gpadlId)?.channelId ?? 0);
    const fault = this.#end.gpadls.torndown(gpadlId);
    if (channel === undefined || fault !== null) return fault;
    if (channel.taken?.ringGpadlId !== gpadlId) {
      this.#end.releaseIfDone(channel);
      return null;
    }
    if (channel.taken.client.configuration.socket !== null) this.#giveBack(channel);
    channel.actor.send({ type: "ringsFree" });
    return null;
  }

  /** A socket is one connection: nobody takes its offer a second time (wire.md 4.5). */
  #giveBack({ offer: { channelId }, actor }: GuestChannel): void {
    if (!actor.can("rescinded")) return;
    this.#givenBack.add(channelId);
    actor.send({ type: "rescinded" });
  }
}
