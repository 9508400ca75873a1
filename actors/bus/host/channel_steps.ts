/**
 * What the steps of offered channels do on the bus and to their servers (wire.md 4.5, 5.2).
 *
 * @module
 */

import { assert } from "../../../core/assert.ts";
import type { ControlMessage } from "../../../core/control/messages.ts";
import type { GuestRam } from "../../../core/memory/guest_memory.ts";
import type { NtStatus } from "../../../core/ntstatus.ts";
import { tellPeerClosed } from "../../channel/peer_closed.ts";
import type { HostLink } from "../link.ts";
import type { HostGpadls } from "./gpadls.ts";
import type { GuestFacts } from "./host_port.ts";
import { offerOf } from "./offer_message.ts";
import type { OfferedChannel, OfferedChannelOwner } from "./offered_channel.ts";
import type { OfferedChannels } from "./offered_channels.ts";
import { removeMmio } from "./open.ts";

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
  /** Its side of the link. */
  readonly link: HostLink;
  /** Says something to the guest. */
  post(message: ControlMessage): void;
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
  sendOffer({ endpoint, channelId }: OfferedChannel): void {
    assert(endpoint !== null && channelId !== null, "what is offered has a server, and an id");
    this.#end.post(offerOf(endpoint.configuration, channelId, this.#end.guest.vtl));
  }

  /** See {@linkcode OfferedChannelOwner.sendOpenResult}. */
  sendOpenResult({ channelId, openId }: OfferedChannel, status: NtStatus): void {
    if (channelId === null) return;
    this.#end.post({ message: "openResult", channelId, openId, status });
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
    const { ring, heardAs } = channel;
    removeMmio(this.memory, channel);
    channel.ring = null;
    channel.rings = null;
    channel.doorbell = null;
    if (heardAs !== null) this.#end.link.stopListening(heardAs);
    channel.heardAs = null;
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
    channel.channelId = null;
    return true;
  }
}
