/**
 * The host's end of a partition's bus: offers, opens and closes of its servers (wire.md 4.4, 4.5, 5.2).
 * Everything that it takes from the guest is checked: the guest may be hostile.
 *
 * @module
 */

import type { ControlMessage } from "../../../core/control/messages.ts";
import { assert } from "../../../core/assert.ts";
import { encodeControlMessage } from "../../../core/control/codec.ts";
import { bytesInRanges } from "../../../core/memory/gpa_ranges.ts";
import type { GuestRam } from "../../../core/memory/guest_memory.ts";
import {
  NT_SUCCESS,
  type NtStatus,
  STATUS_INSUFFICIENT_RESOURCES,
  STATUS_INVALID_DEVICE_REQUEST,
  STATUS_OBJECT_NAME_COLLISION,
  STATUS_SUCCESS,
} from "../../../core/ntstatus.ts";
import type { Endpoint } from "../../channel/endpoint.ts";
import type { CallbackName } from "../../channel/driver_port.ts";
import type { ChannelFault } from "../../channel/types.ts";
import type { BusPort, GpadlState } from "../../channel/bus_port.ts";
import type { ChartActor } from "../../chart/chart_actor.ts";
import type { FaultPort } from "../../runtime/fault_port.ts";
import type { RuntimePort } from "../../runtime/runtime_port.ts";
import type { Actors } from "../../runtime/actors.ts";
import type { Link } from "../link.ts";
import { type GpadlChange, tellGpadl, type ToldGpadl } from "../gpadl_trace.ts";
import { type Refuse, takeMessage } from "../refusals.ts";
import { offerOf } from "./offer_message.ts";
import { OfferedChannel, type OfferedChannelOwner } from "./offered_channel.ts";
import { OfferedChannels } from "./offered_channels.ts";
import { CONNECTION_ACTOR } from "./connection_machine.ts";
import type { HostGpadl } from "./gpadl.ts";
import { HostGpadls } from "./gpadls.ts";
import { GuestMessages } from "./guest_messages.ts";
import type { GuestFacts } from "./host_port.ts";
import type { ConnectionEvent, ConnectionTag } from "./types.ts";
import { type ClaimingEnd, UnclaimedChannels } from "./unclaimed_channels.ts";
import { removeMmio } from "./open.ts";

/** What the host's end of a bus stands on. */
export interface HostSetting {
  /** The fabric that its servers run in. */
  readonly runtime: RuntimePort;
  /** The guest. */
  readonly guest: GuestFacts;
  /** Its side of the link: all that it has of the guest's end. */
  readonly link: Link;
}

/** The host's end of one bus. */
export class HostEnd implements BusPort, ClaimingEnd, OfferedChannelOwner {
  /** The guest. */
  readonly guest: GuestFacts;
  /** See {@linkcode ClaimingEnd.actors}. */
  readonly actors: Actors;
  /** See {@linkcode ClaimingEnd.faults}. */
  readonly faults: FaultPort | null;
  /** The chart of the connection. */
  readonly actor: ChartActor<ConnectionEvent, ConnectionTag>;
  /** The guest's GPADLs. */
  readonly gpadls: HostGpadls;
  /** Channels of a restored guest that no server has claimed. */
  readonly unclaimed: UnclaimedChannels;
  readonly #channels = new OfferedChannels();
  readonly #runtime: RuntimePort;
  readonly #link: Link;
  readonly #messages: GuestMessages;

  /** A host's end; `refuse` hears of each message of the guest that it does not take. */
  constructor({ runtime, guest, link }: HostSetting, refuse: Refuse) {
    this.guest = guest;
    this.#runtime = runtime;
    this.actors = runtime.actors;
    this.faults = runtime.faults;
    this.actor = runtime.actors.create(CONNECTION_ACTOR);
    this.gpadls = new HostGpadls(this);
    this.unclaimed = new UnclaimedChannels(this);
    this.#link = link;
    this.#messages = new GuestMessages(this, this.gpadls, refuse);
    link.connect((bytes) => takeMessage(bytes, (message) => this.receive(message), refuse));
  }

  /** See {@linkcode ClaimingEnd.memory}. */
  get memory(): GuestRam {
    return this.#link.memory;
  }

  /** See {@linkcode HostPort.tellGpadl}. */
  tellGpadl(change: GpadlChange, gpadl: ToldGpadl): void {
    tellGpadl(this.#runtime, this.guest.traceId, "host", change, gpadl);
  }

  /** See {@linkcode ClaimingEnd.post}. */
  post(message: ControlMessage): void {
    this.#link.post(encodeControlMessage(message));
  }

  /** The channel that the guest calls `channelId`. */
  channel(channelId: number): OfferedChannel | null {
    return this.#channels.at(channelId);
  }

  /** The channel that a message of the guest is about; null where the guest has released the id. */
  channelOfGuest(channelId: number): OfferedChannel | null {
    const channel = this.channel(channelId);
    return channel?.actor.is("released") === true ? null : channel;
  }

  /** All channels whose ids the guest has not released, in the order in which they were given out. */
  get known(): readonly OfferedChannel[] {
    return this.#channels.known;
  }

  /** All channels whose offers stand, in the order of the offers. */
  get channels(): readonly OfferedChannel[] {
    return this.#channels.standing;
  }

  /** All that the guest is to be told of, in order. */
  get toOffer(): readonly OfferedChannel[] {
    return this.#channels.toOffer;
  }

  // -- Offers

  /** See {@linkcode BusPort.admit}. */
  admit(endpoint: Endpoint): NtStatus {
    const { serverTarget, isLoopback } = endpoint.configuration;
    const { guest } = this;
    if (serverTarget === null || !guest.isPresent || isLoopback !== guest.isRoot) {
      return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (this.#channels.isOffered(serverTarget.instance)) return STATUS_OBJECT_NAME_COLLISION;
    // A restored server had its place when it was saved: an id of its own, or one that is to come free.
    const hadPlace = endpoint.restored !== null || this.unclaimed.has(serverTarget.instance);
    return hadPlace || !this.#channels.isFull ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
  }

  /** See {@linkcode BusPort.join}. */
  join(endpoint: Endpoint): void {
    if (this.unclaimed.claim(endpoint)) return;
    const channel = new OfferedChannel(this.actors, this, endpoint);
    this.#channels.add(endpoint, channel);
    endpoint.join(channel);
    // A guest is told of channels of its own trust level (kmcl.md S14).
    if (endpoint.configuration.targetVtl !== this.guest.vtl) return;
    this.#channels.queueOffer(channel);
    this.#offerQueued();
  }

  /** See {@linkcode ClaimingEnd.keepId}. */
  keepId(channel: OfferedChannel): void {
    this.#channels.keep(channel);
  }

  /** See {@linkcode ClaimingEnd.attach}. */
  attach(channel: OfferedChannel, endpoint: Endpoint): void {
    channel.endpoint = endpoint;
    endpoint.join(channel);
    this.#channels.add(endpoint, channel);
    if (channel.ring !== null) this.attachDoorbells(channel, endpoint);
  }

  /** See {@linkcode ClaimingEnd.revoke}. */
  revoke({ actor }: OfferedChannel): void {
    if (actor.can("ringsFree")) actor.send({ type: "ringsFree" });
    actor.send({ type: "revoke" });
  }

  /** A restored guest knows this channel. It has it closed, or the offer was taken back before the save. */
  restoreChannel(channelId: number, isRevoked: boolean): OfferedChannel {
    const channel = new OfferedChannel(this.actors, this, null);
    channel.channelId = channelId;
    this.#channels.keep(channel);
    channel.actor.send({ type: isRevoked ? "resumeRevoked" : "resumeClosed" });
    return channel;
  }

  /** The restored guest has the channel open, over these rings. */
  restoreRing(channel: OfferedChannel, ring: HostGpadl): void {
    channel.ring = ring;
    ring.actor.send({ type: "useAsRing" });
    channel.actor.send({ type: "resumeOpen" });
  }

  /** See {@linkcode ClaimingEnd.detach}. */
  detach(endpoint: Endpoint): OfferedChannel | null {
    const channel = this.#channels.withdraw(endpoint);
    if (channel === null) return null;
    channel.endpoint = null;
    if (channel.channelId !== null) {
      this.#channels.free(channel.channelId);
      this.#link.stopListening(channel.channelId);
    }
    return channel;
  }

  /**
   * Tells the guest of the channels that it does not know yet, if it has asked for them. Where every id
   * is in use, the rest waits for the guest to release one.
   */
  #offerQueued(): void {
    if (!this.actor.is("offering")) return;
    for (const { actor } of this.#channels.giveIds()) actor.send({ type: "offered" });
  }

  /** See {@linkcode OfferedChannelOwner.sendOffer}. */
  sendOffer({ endpoint, channelId }: OfferedChannel): void {
    assert(endpoint !== null && channelId !== null, "what is offered has a server, and an id");
    this.post(offerOf(endpoint.configuration, channelId));
  }

  /** See {@linkcode OfferedChannelOwner.tellPeerClosed}. A server that closes by itself need not hear. */
  tellPeerClosed({ endpoint }: OfferedChannel): void {
    if (endpoint?.actor.can("peerClosed") === true) endpoint.tell({ type: "peerClosed" });
  }

  /** See {@linkcode OfferedChannelOwner.forget}. */
  forget(channel: OfferedChannel): void {
    const { channelId } = channel;
    if (channelId === null) return;
    this.gpadls.releaseChannel(channelId);
    this.#channels.free(channelId);
    channel.channelId = null;
    this.#offerQueued();
  }

  // -- What the guest says

  /** Takes a message of the guest; answers with the fault where it is not to be taken. */
  receive(message: ControlMessage): ChannelFault | null {
    return this.#messages.receive(message);
  }

  /** See {@linkcode ClaimingEnd.offerAll}. */
  offerAll(): boolean {
    if (!this.actor.can("requestOffers")) return false;
    this.actor.send({ type: "requestOffers" });
    this.#channels.sortOffers();
    this.#offerQueued();
    this.post({ message: "allOffersDelivered" });
    return true;
  }

  /** See {@linkcode ClaimingEnd.attachDoorbells}. */
  attachDoorbells(channel: OfferedChannel, endpoint: Endpoint): void {
    const { channelId, hasInterrupts } = channel;
    if (channelId === null) return;
    channel.doorbell = hasInterrupts ? this.#link.doorbell(channelId) : null;
    this.#link.listen(channelId, endpoint.work.interrupt);
  }

  /** See {@linkcode OfferedChannelOwner.openAgain}. */
  openAgain(channel: OfferedChannel): void {
    this.#messages.openAgain(channel);
  }

  // -- What the servers say

  /** See {@linkcode BusPort.answerOpen}. A channel that closes already answers with that. */
  answerOpen(endpoint: Endpoint, status: NtStatus): void {
    const channel = this.#channels.of(endpoint);
    if (channel === null || endpoint.is("leaving")) return;
    const { actor } = channel;
    const type = NT_SUCCESS(status) ? "opened" : "refused";
    if (actor.can(type)) actor.send({ type, status });
    else if (type === "refused") this.#reoffer(endpoint, channel);
  }

  /** A channel that the guest has open is refused by its restored server: it gets another one (kmcl.md V10). */
  #reoffer(endpoint: Endpoint, channel: OfferedChannel): void {
    this.removeGpadls(endpoint, "EvtChannelOpened");
    channel.actor.send({ type: "ringsFree" });
    this.#rescind(endpoint);
    channel.endpoint = null;
    this.join(endpoint);
  }

  /** See {@linkcode OfferedChannelOwner.sendOpenResult}. */
  sendOpenResult({ channelId, openId }: OfferedChannel, status: NtStatus): void {
    if (channelId !== null) this.post({ message: "openResult", channelId, openId, status });
  }

  /** See {@linkcode BusPort.tellClosed}. */
  tellClosed(endpoint: Endpoint): void {
    if (endpoint.is("byUs")) this.#rescind(endpoint);
  }

  /**
   * Takes the offer of `endpoint` back by itself, as where its device is taken from the guest: to the server it is as
   * if the guest had closed the channel, and from then on nobody opens it. False where no offer stands.
   */
  takeBack(endpoint: Endpoint): boolean {
    const channel = this.#channels.of(endpoint);
    if (channel === null || endpoint.is("leaving")) return false;
    this.#rescind(endpoint);
    this.tellPeerClosed(channel);
    return true;
  }

  /** Offers a channel anew whose offer was taken back, if its server still wants that, and has closed. */
  offerAgain(endpoint: Endpoint): void {
    const { end, channelId, configuration: { serverTarget } } = endpoint;
    const isFree = this.#channels.of(endpoint) === null && !endpoint.is("rings") &&
      serverTarget !== null && !this.#channels.isOffered(serverTarget.instance);
    if (end !== this || endpoint.is("leaving") || !isFree) return;
    const before = channelId === null ? null : this.channel(channelId);
    if (before?.endpoint === endpoint) before.endpoint = null;
    this.join(endpoint);
  }

  /** Takes the offer back; the guest owns the id until it releases it. */
  #rescind(endpoint: Endpoint): void {
    this.#channels.withdraw(endpoint)?.actor.send({ type: "revoke" });
  }

  /** See {@linkcode OfferedChannelOwner.sendRescind}. */
  sendRescind({ channelId }: OfferedChannel): void {
    if (channelId !== null) this.post({ message: "rescindChannelOffer", channelId });
  }

  /** See {@linkcode BusPort.removeGpadls}. */
  removeGpadls(endpoint: Endpoint, callback: CallbackName): void {
    const { channelId } = endpoint;
    if (channelId !== null) this.gpadls.unmapAll(endpoint, channelId, callback);
  }

  /** See {@linkcode BusPort.gpadlsOf}. */
  gpadlsOf({ channelId }: Endpoint): readonly GpadlState[] {
    const gpadls = channelId === null ? [] : this.gpadls.of(channelId);
    return gpadls.filter(({ actor }) => !actor.is("ring")).map((
      { gpadlId, ranges, stage, actor },
    ) => ({
      handle: gpadlId,
      byteCount: bytesInRanges(ranges),
      state: stage,
      isMapped: actor.is("mapped"),
    }));
  }

  /** See {@linkcode BusPort.ringsFree}: the guest gets its pages back, and may have asked to reopen. */
  ringsFree(endpoint: Endpoint): void {
    const actor = this.#channelOf(endpoint)?.actor;
    if (actor?.can("ringsFree") === true) actor.send({ type: "ringsFree" });
  }

  /** The channel that `endpoint` is on, whether its offer stands or was taken back. */
  #channelOf(endpoint: Endpoint): OfferedChannel | null {
    const { channelId } = endpoint;
    return this.#channels.of(endpoint) ?? (channelId === null ? null : this.channel(channelId));
  }

  /** See {@linkcode OfferedChannelOwner.freeRings}. */
  freeRings(channel: OfferedChannel): void {
    const { ring, channelId } = channel;
    removeMmio(this.memory, channel);
    channel.ring = null;
    channel.rings = null;
    channel.doorbell = null;
    if (channelId !== null) this.#link.stopListening(channelId);
    ring?.actor.send({ type: "unused" });
  }

  /** See {@linkcode BusPort.release}. The server never waits for the guest (kmcl.md S11). */
  release(endpoint: Endpoint): void {
    const channel = this.#channelOf(endpoint);
    this.#rescind(endpoint);
    if (channel?.actor.can("ringsFree") === true) channel.actor.send({ type: "ringsFree" });
    if (channel !== null) channel.endpoint = null;
    endpoint.released();
  }

  /** The restore of the guest failed: no further event comes for what it knew. */
  discard(): void {
    this.gpadls.stopActors();
    for (const { actor } of [...this.known, ...this.channels]) actor.stop();
  }

  // -- The guest is gone

  /** Every channel that the guest had opened closes; the offers stand, though nobody takes them. */
  guestGone(): void {
    this.actor.send({ type: "guestGone" });
    this.unclaimed.clear();
    this.gpadls.guestGone();
    for (const channel of this.#channels.known) {
      channel.doorbell = null;
      const { actor, endpoint } = channel;
      if (actor.can("guestGone")) actor.send({ type: "guestGone" });
      if (endpoint === null && actor.can("revoke")) this.revoke(channel); // nobody claims it any more
    }
  }
}
