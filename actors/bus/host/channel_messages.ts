/**
 * What a guest says about one channel: opens, closes, another processor, a release (wire.md 4.5, 5.2). What its chart
 * does not allow is a fault of the guest's, and has no answer, a change of processors aside.
 *
 * @module
 */

import {
  type CloseReservedChannel,
  type ModifyChannel,
  type OpenChannel,
  type OpenChannel2,
  type OpenReservedChannel,
  TARGET_VP_NO_INTERRUPTS,
  USER_DATA_BYTES,
} from "../../../core/control/messages.ts";
import {
  NT_SUCCESS,
  STATUS_INSUFFICIENT_RESOURCES,
  STATUS_INVALID_PARAMETER,
} from "../../../core/ntstatus.ts";
import type { ChannelFault } from "../../channel/types.ts";
import type { FaultPort } from "../../runtime/fault_port.ts";
import { MODIFY_REFUSED } from "./channel_steps.ts";
import type { HostGpadls } from "./gpadls.ts";
import type { HostPort } from "./host_port.ts";
import type { OfferedChannel } from "./offered_channel.ts";
import { prepareOpen } from "./open.ts";

/** Takes what one guest says about its channels; each answers with the fault where that is not to be taken. */
export class ChannelMessages {
  readonly #end: HostPort;
  readonly #gpadls: HostGpadls;

  /** For the host's end `end`, whose GPADLs are `gpadls`. */
  constructor(end: HostPort, gpadls: HostGpadls) {
    this.#end = end;
    this.#gpadls = gpadls;
  }

  /** OpenChannel, of either form. */
  open(request: OpenChannel | OpenChannel2): ChannelFault | null {
    const channel = this.#end.channelOfGuest(request.channelId);
    if (channel === null) return "unexpectedMessage";
    const { actor } = channel;
    if (channel.isUnserved) return null; // the guest will learn of it (wire.md 5.2)
    if (actor.can("reopen")) {
      channel.nextOpen = request;
      actor.send({ type: "reopen" });
      return null;
    }
    if (!actor.can("open")) return faultOf(channel, "unexpectedMessage");
    return this.#begin(channel, request, "open");
  }

  /** OpenReservedChannel: without interrupts, and with its answers where the guest wants them. */
  openReserved(request: OpenReservedChannel): ChannelFault | null {
    const { channelId, targetVp, targetSint, ringGpadlId, downstreamPageOffset } = request;
    const channel = this.#end.channelOfGuest(channelId);
    if (channel === null) return "unexpectedMessage";
    if (channel.isUnserved) return null;
    if (!channel.actor.can("openReserved")) return faultOf(channel, "unexpectedMessage");
    channel.answerPlace = { vp: targetVp, sint: targetSint, vtl: this.#end.guest.vtl };
    return this.#begin(channel, {
      message: "openChannel",
      channelId,
      openId: 0,
      ringGpadlId,
      targetVp: TARGET_VP_NO_INTERRUPTS,
      downstreamPageOffset,
      userData: new Uint8Array(USER_DATA_BYTES),
    }, "openReserved");
  }

  #begin(
    channel: OfferedChannel,
    request: OpenChannel | OpenChannel2,
    type: "open" | "openReserved",
  ): ChannelFault | null {
    const { actor, endpoint } = channel;
    if (endpoint === null) return null;
    channel.openId = request.openId;
    const { faults } = this.#end;
    const status = faults !== null && this.#isRefused(faults, request.channelId)
      ? STATUS_INSUFFICIENT_RESOURCES
      : prepareOpen(this.#end, this.#gpadls, channel, endpoint, request);
    if (NT_SUCCESS(status)) {
      this.#end.signals.attach(channel, endpoint);
      actor.send({ type });
      endpoint.tell({ type: "open" });
    } else {
      channel.owner.sendOpenResult(channel, status);
      channel.answerPlace = null;
    }
    return status === STATUS_INVALID_PARAMETER ? "badRings" : null;
  }

  /** Whether the host has no room for the channel, this time. */
  #isRefused(faults: FaultPort, channelId: number): boolean {
    const { guest } = this.#end;
    return faults.fails("open", { guest, channelId, direction: null, what: null });
  }

  /** CloseChannel, which has no answer. */
  close(channelId: number): ChannelFault | null {
    const channel = this.#end.channelOfGuest(channelId);
    if (channel === null) return "unexpectedMessage";
    const { actor, isUnserved } = channel;
    if (isUnserved) return null; // the guest closes what is closed already
    if (!actor.can("close")) return faultOf(channel, "unexpectedMessage");
    actor.send({ type: "close" });
    return null;
  }

  /** CloseReservedChannel, which a guest without a connection may say too, and which is answered where it says. */
  closeReserved({ channelId, targetVp, targetSint }: CloseReservedChannel): ChannelFault | null {
    const channel = this.#end.channelOfGuest(channelId);
    if (channel === null) return "unexpectedMessage";
    const { actor, isUnserved } = channel;
    if (isUnserved) return null;
    if (!actor.can("closeReserved")) return faultOf(channel, "unexpectedMessage");
    channel.answerPlace = { vp: targetVp, sint: targetSint, vtl: this.#end.guest.vtl };
    actor.send({ type: "closeReserved" });
    return null;
  }

  /**
   * ModifyChannel: of an open channel that has interrupts and is not reserved. While one is carried out, another one
   * is left out from 5.3 on, where the guest hears of the end of each; before, the latest is carried out afterwards.
   */
  modify({ channelId, targetVp }: ModifyChannel): ChannelFault | null {
    const { guest, protocol } = this.#end;
    const channel = this.#end.channelOfGuest(channelId);
    const isGood = channel !== null && channel.hasInterrupts && targetVp < guest.processorCount &&
      (channel.actor.can("modify") || channel.actor.is("modifying"));
    if (!isGood) {
      this.#answerModify(channelId);
      return channel?.isUnserved === true ? null : "unexpectedMessage"; // it may have crossed a rescind
    }
    const { actor } = channel;
    if (actor.can("modify")) {
      channel.wantedVp = targetVp;
      actor.send({ type: "modify" });
      return null;
    }
    if (protocol.hasModifyChannelResponse) return "unexpectedMessage";
    channel.wantedVp = targetVp;
    actor.send({ type: "modifyLater" });
    return null;
  }

  #answerModify(channelId: number): void {
    if (!this.#end.protocol.hasModifyChannelResponse) return;
    this.#end.post({ message: "modifyChannelResponse", channelId, status: MODIFY_REFUSED });
  }

  /** RelIdReleased: the guest is done with an id; after a rescind it may be used again (wire.md 4.5). */
  released(channelId: number): ChannelFault | null {
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
