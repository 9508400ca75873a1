/**
 * What a guest says to the host's end of its bus, message by message (wire.md 4.4, 4.5, 5.2). Everything in
 * it is checked: the guest may be hostile.
 *
 * @module
 */

import type { CloseChannel, ControlMessage, OpenChannel } from "../../../core/control/messages.ts";
import {
  NT_SUCCESS,
  STATUS_INSUFFICIENT_RESOURCES,
  STATUS_INVALID_PARAMETER,
} from "../../../core/ntstatus.ts";
import type { ChannelFault } from "../../channel/types.ts";
import type { FaultPort } from "../../runtime/fault_port.ts";
import type { Refuse } from "../refusals.ts";
import type { HostGpadls } from "./gpadls.ts";
import type { HostPort } from "./host_port.ts";
import type { OfferedChannel } from "./offered_channel.ts";
import { prepareOpen } from "./open.ts";

/** Takes the messages of one guest. */
export class GuestMessages {
  readonly #end: HostPort;
  readonly #gpadls: HostGpadls;
  readonly #refuse: Refuse;

  /** For the host's end `end`, whose GPADLs are `gpadls`; `refuse` hears of a late refusal. */
  constructor(end: HostPort, gpadls: HostGpadls, refuse: Refuse) {
    this.#end = end;
    this.#gpadls = gpadls;
    this.#refuse = refuse;
  }

  /** Takes a message of the guest; answers with the fault where it is not to be taken. */
  receive(message: ControlMessage): ChannelFault | null {
    switch (message.message) {
      case "requestOffers":
        return this.#end.offerAll() ? null : "unexpectedMessage";
      case "openChannel":
        return this.#openChannel(message);
      case "closeChannel":
        return this.#closeChannel(message);
      case "relIdReleased":
        return this.#relIdReleased(message.channelId);
      case "gpadlHeader":
        return this.#gpadls.header(message);
      case "gpadlBody":
        return this.#gpadls.body(message);
      case "gpadlTeardown":
        return this.#gpadls.teardown(message);
      default:
        return "unexpectedMessage";
    }
  }

  #openChannel(request: OpenChannel): ChannelFault | null {
    const channel = this.#end.channelOfGuest(request.channelId);
    if (channel === null) return "unexpectedMessage";
    const { actor, endpoint } = channel;
    if (channel.isUnserved || endpoint === null) return null; // the guest will learn of it (wire.md 5.2)
    if (actor.can("reopen")) {
      channel.nextOpen = request;
      actor.send({ type: "reopen" });
      return null;
    }
    if (!actor.can("open")) return faultOf(channel, "unexpectedMessage");
    channel.openId = request.openId;
    const { faults } = this.#end;
    const status = faults !== null && this.#isRefused(faults, request.channelId)
      ? STATUS_INSUFFICIENT_RESOURCES
      : prepareOpen(this.#end, this.#gpadls, channel, endpoint, request);
    if (NT_SUCCESS(status)) {
      this.#end.attachDoorbells(channel, endpoint);
      actor.send({ type: "open" });
      endpoint.tell({ type: "open" });
    } else channel.owner.sendOpenResult(channel, status);
    return status === STATUS_INVALID_PARAMETER ? "badRings" : null;
  }

  /** Whether the host has no room for the channel, this time. */
  #isRefused(faults: FaultPort, channelId: number): boolean {
    const { guest } = this.#end;
    return faults.fails("open", { guest, channelId, direction: null, what: null });
  }

  /** The open that waited for the end of the last one is due. */
  openAgain(channel: OfferedChannel): void {
    const { nextOpen } = channel;
    channel.nextOpen = null;
    const fault = nextOpen === null ? null : this.#openChannel(nextOpen);
    if (fault !== null) this.#refuse("openChannel", fault);
  }

  #closeChannel(message: CloseChannel): ChannelFault | null {
    const channel = this.#end.channelOfGuest(message.channelId);
    if (channel === null) return "unexpectedMessage";
    const { actor, isUnserved } = channel;
    if (isUnserved) return null; // the guest closes what is closed already
    if (!actor.can("close")) return faultOf(channel, "unexpectedMessage");
    actor.send({ type: "close" });
    return null;
  }

  /** The guest is done with an id: after a rescind it may be used again (wire.md 4.5). */
  #relIdReleased(channelId: number): ChannelFault | null {
    const channel = this.#end.channelOfGuest(channelId);
    if (channel === null) return "unexpectedMessage";
    const { actor } = channel;
    if (!actor.can("relIdReleased")) return faultOf(channel, "unexpectedMessage");
    actor.send({ type: "relIdReleased" });
    return null;
  }
}

/** The guest has done wrong by `channel`: the fault, which its server hears too. */
function faultOf({ endpoint }: OfferedChannel, fault: ChannelFault): ChannelFault {
  endpoint?.faulted(fault);
  return fault;
}
