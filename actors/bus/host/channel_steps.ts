/**
 * What the steps of offered channels do on the bus and to their servers (wire.md 4.5, 5.2).
 *
 * @module
 */

import { assert } from "../../../core/assert.ts";
import type { ControlMessage } from "../../../core/control/messages.ts";
import type { GuestRam } from "../../../core/memory/guest_memory.ts";
import { type NtStatus, STATUS_SUCCESS } from "../../../core/ntstatus.ts";
import type { Protocol } from "../../../core/control/versions.ts";
import { tellPeerClosed } from "../../channel/peer_closed.ts";
import type { SynicPlace } from "../synic.ts";
import type { HostGpadls } from "./gpadls.ts";
import type { HostSignals } from "./host_signals.ts";
import type { GuestFacts } from "./host_port.ts";
import { offerOf } from "./offer_message.ts";
import type { OfferedChannel, OfferedChannelOwner } from "./offered_channel.ts";
import type { OfferedChannels } from "./offered_channels.ts";
import { removeMmio } from "./open.ts";

/** Has the host signal a guest on another processor. */
export interface Modifier {
  /** The processor of `channel` changes to `targetVp`; `done` is told, at once or later, when no signal goes elsewhere. */
  modify(channel: OfferedChannel, targetVp: number, done: () => void): void;
}

/** The status with which OpenVMM refuses a change of processors (wire.md 5.2). */
export const MODIFY_REFUSED = 0x8000_ffff;

/** Signals are resolved anew at once: nothing else of the host knows the processor. */
export const MODIFIES_AT_ONCE: Modifier = { modify: (_channel, _targetVp, done) => done() };

/** The host's end, as the steps of its channels need it. */
export interface SteppingEnd {
  /** The guest. */
  readonly guest: GuestFacts;
  /** The guest's memory. */
  readonly memory: GuestRam;
  /** The guest's GPADLs. */
  readonly gpadls: HostGpadls;
  /** Its channels. */
  readonly offered: OfferedChannels;
  /** What signals go by. */
  readonly signals: HostSignals;
  /** What both ends have agreed on. */
  readonly protocol: Protocol;
  /** Whether the guest is connected. */
  readonly isConnected: boolean;
  /** Who has the host signal another processor. */
  readonly modifier: Modifier;
  /** Says something to the guest: where it hears all else, or at that place. */
  post(message: ControlMessage, place?: SynicPlace | null): void;
  /** Tells the guest of the channels that it does not know yet, as far as there are ids. */
  offerQueued(): void;
  /** An id that the guest has released is that of the channel that waited for it (wire.md 5.2). */
  handOver(channelId: number, successor: OfferedChannel): void;
  /** The open that waited for the end of the last one is due. */
  openAgain(channel: OfferedChannel): void;
}

/** Carries out the steps of one guest's channels. */
export class ChannelSteps implements OfferedChannelOwner {
  readonly #end: SteppingEnd;

  /** Those of the channels of `end`. */
  constructor(end: SteppingEnd) {
    this.#end = end;
  }

  /** See {@linkcode OfferedChannelOwner.memory}. */
  get memory(): GuestRam {
    return this.#end.memory;
  }

  /** See {@linkcode OfferedChannelOwner.sendOffer}. */
  sendOffer(channel: OfferedChannel): void {
    const { endpoint, channelId } = channel;
    assert(endpoint !== null && channelId !== null, "what is offered has a server, and an id");
    const { guest, protocol, signals } = this.#end;
    const monitorId = signals.giveMonitorId(channel);
    this.#end.post(offerOf(endpoint.configuration, channelId, guest.port, protocol, monitorId));
  }

  /** See {@linkcode OfferedChannelOwner.sendOpenResult}. */
  sendOpenResult({ channelId, openId, answerPlace }: OfferedChannel, status: NtStatus): void {
    if (channelId === null) return;
    this.#end.post({ message: "openResult", channelId, openId, status }, answerPlace);
  }

  /** See {@linkcode OfferedChannelOwner.sendReservedClosed}. Without a connection the id is nobody's from then on. */
  sendReservedClosed(channel: OfferedChannel): void {
    const { channelId, answerPlace } = channel;
    channel.answerPlace = null;
    if (channelId === null) return;
    this.#end.post({ message: "closeReservedResponse", channelId }, answerPlace);
    if (!this.#end.isConnected) channel.leave("disconnect");
  }

  /** See {@linkcode OfferedChannelOwner.beginModify}. */
  beginModify(channel: OfferedChannel): void {
    const targetVp = channel.wantedVp;
    const change = { targetVp };
    channel.change = change;
    const { channelId } = channel;
    this.#end.modifier.modify(channel, targetVp, () => {
      const { endpoint, actor } = channel;
      const isCurrent = channel.change === change && actor.can("modified");
      if (!isCurrent) { // it was closed meanwhile; who waits for the answer gets one
        if (channel.channelId === channelId) this.#answerModify(channel, MODIFY_REFUSED);
        return;
      }
      channel.change = null;
      channel.targetVp = targetVp;
      if (endpoint !== null) this.#end.signals.resume(channel, endpoint);
      actor.send({ type: "modified" });
    });
  }

  /** See {@linkcode OfferedChannelOwner.sendModified}. */
  sendModified(channel: OfferedChannel): void {
    this.#answerModify(channel, STATUS_SUCCESS);
  }

  #answerModify({ channelId }: OfferedChannel, status: NtStatus): void {
    if (channelId === null || !this.#end.protocol.hasModifyChannelResponse) return;
    this.#end.post({ message: "modifyChannelResponse", channelId, status });
  }

  /** See {@linkcode OfferedChannelOwner.sendRescind}. */
  sendRescind({ channelId }: OfferedChannel): void {
    if (channelId !== null) this.#end.post({ message: "rescindChannelOffer", channelId });
  }

  /** See {@linkcode OfferedChannelOwner.tellPeerClosed}. A server that closes by itself need not hear. */
  tellPeerClosed({ endpoint }: OfferedChannel): void {
    if (endpoint?.actor.can("peerClosed") !== true) return;
    tellPeerClosed(endpoint, this.#end.guest.isPresent);
  }

  /** See {@linkcode OfferedChannelOwner.freeRings}. */
  freeRings(channel: OfferedChannel): void {
    const { ring } = channel;
    removeMmio(this.memory, channel);
    channel.ring = null;
    channel.rings = null;
    this.#end.signals.detach(channel);
    channel.change = null;
    ring?.actor.send({ type: "unused" });
  }

  /** See {@linkcode OfferedChannelOwner.openAgain}. */
  openAgain(channel: OfferedChannel): void {
    this.#end.openAgain(channel);
  }

  /** See {@linkcode OfferedChannelOwner.forget}. */
  forget(channel: OfferedChannel): void {
    if (this.#release(channel)) this.#end.offerQueued();
  }

  /** See {@linkcode OfferedChannelOwner.handOver}. */
  handOver(channel: OfferedChannel): void {
    const { channelId, successor } = channel;
    assert(channelId !== null && successor !== null, "an id is handed over to a server that waits");
    this.#release(channel);
    this.#end.handOver(channelId, successor);
  }

  /** The guest has nothing of a channel any more. */
  #release(channel: OfferedChannel): boolean {
    const { channelId } = channel;
    channel.successor = null;
    if (channelId === null) return false;
    this.#end.gpadls.releaseChannel(channelId);
    this.#end.offered.free(channelId);
    this.#end.signals.forget(channel);
    channel.channelId = null;
    return true;
  }
}
