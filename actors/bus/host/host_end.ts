/**
 * The host's end of a partition's bus: offers, opens and closes of its servers (wire.md 4.4, 4.5, 5.2).
 * Everything that it takes from the guest is checked: the guest may be hostile.
 *
 * @module
 */

import type { CloseChannel, ControlMessage, OpenChannel } from "../../../core/control/messages.ts";
import { assert } from "../../../core/assert.ts";
import { encodeControlMessage } from "../../../core/control/codec.ts";
import type { GuestRam } from "../../../core/memory/guest_memory.ts";
import {
  NT_SUCCESS,
  type NtStatus,
  STATUS_INSUFFICIENT_RESOURCES,
  STATUS_INVALID_DEVICE_REQUEST,
  STATUS_INVALID_PARAMETER,
  STATUS_OBJECT_NAME_COLLISION,
  STATUS_SUCCESS,
} from "../../../core/ntstatus.ts";
import type { Endpoint } from "../../channel/endpoint.ts";
import type { CallbackName } from "../../channel/driver_port.ts";
import type { ChannelFault } from "../../channel/types.ts";
import type { BusPort, GpadlState } from "../../channel/bus_port.ts";
import type { ChartActor } from "../../chart/chart_actor.ts";
import type { RuntimePort } from "../../runtime/runtime_port.ts";
import type { Link } from "../link.ts";
import { type Refuse, takeMessage } from "../refusals.ts";
import { BUS_ACTOR } from "../machine.ts";
import type { BusEvent, BusTag } from "../types.ts";
import { HostChannel, HostChannels, offerOf } from "./offered_channel.ts";
import { HostGpadls } from "./gpadls.ts";
import type { GuestFacts, HostPort } from "./host_port.ts";
import { UnclaimedChannels } from "./unclaimed_channels.ts";
import { prepareOpen, removeMmio } from "./open.ts";

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
export class HostEnd implements BusPort, HostPort {
  /** The guest. */
  readonly guest: GuestFacts;
  /** The chart of the connection. */
  readonly actor: ChartActor<BusEvent, BusTag>;
  /** The guest's GPADLs. */
  readonly gpadls: HostGpadls;
  /** Channels of a restored guest that no server has taken up. */
  readonly unclaimed: UnclaimedChannels;
  readonly #channels = new HostChannels();

  readonly #link: Link;
  readonly #refuse: Refuse;

  /** A host's end; `refuse` hears of each message of the guest that it does not take. */
  constructor({ runtime, guest, link }: HostSetting, refuse: Refuse) {
    this.guest = guest;
    this.actor = runtime.actors.create(BUS_ACTOR);
    this.gpadls = new HostGpadls(this);
    this.unclaimed = new UnclaimedChannels(this);
    this.#link = link;
    this.#refuse = refuse;
    link.connect((bytes) => takeMessage(bytes, (message) => this.receive(message), refuse));
  }

  /** See {@linkcode BusPort.memory}. */
  get memory(): GuestRam {
    return this.#link.memory;
  }

  /** See {@linkcode HostPort.isGone}. */
  get isGone(): boolean {
    return this.actor.tags.gone;
  }

  /** See {@linkcode HostPort.post}. */
  post(message: ControlMessage): void {
    this.#link.post(encodeControlMessage(message));
  }

  /** The channel that the guest calls `channelId`. */
  channel(channelId: number): HostChannel | null {
    return this.#channels.at(channelId);
  }

  /** The channel that a message of the guest is about; null where the guest has released the id. */
  channelOfGuest(channelId: number): HostChannel | null {
    const channel = this.channel(channelId);
    return channel?.isReleased === true ? null : channel;
  }

  /** All channels whose ids the guest has not released, in the order in which they were given out. */
  get known(): readonly HostChannel[] {
    return this.#channels.known;
  }

  /** All channels whose offers stand, in the order of the offers. */
  get channels(): readonly HostChannel[] {
    return this.#channels.standing;
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
    const channel = new HostChannel(endpoint);
    this.#channels.add(endpoint, channel);
    // A guest is told of channels of its own trust level (kmcl.md S14).
    if (endpoint.configuration.targetVtl !== this.guest.vtl) return;
    this.#channels.queueOffer(channel);
    this.#offerQueued();
  }

  /** The guest of an unclaimed channel knows it by its id. */
  keepId(channel: HostChannel): void {
    this.#channels.keep(channel);
  }

  /** A restored server takes up an unclaimed channel; the guest need not know. */
  attach(channel: HostChannel, endpoint: Endpoint, mmio: Endpoint["mmio"]): void {
    channel.endpoint = endpoint;
    endpoint.channelId = channel.channelId;
    endpoint.mmio = mmio;
    this.#channels.add(endpoint, channel);
    if (channel.ring !== null) this.#attachDoorbells(channel, endpoint);
  }

  /** Nobody takes up an unclaimed channel: the guest gets its rings back, and is told. */
  revoke(channel: HostChannel): void {
    this.#freeRing(channel);
    const { channelId } = channel;
    if (channelId !== null) this.post({ message: "rescindChannelOffer", channelId });
  }

  /** Takes the channel of `endpoint` off the bus without a word to the guest. */
  detach(endpoint: Endpoint): HostChannel | null {
    const channel = this.#channels.withdraw(endpoint);
    if (channel !== null && channel.channelId !== null) {
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
    for (const { endpoint, channelId } of this.#channels.giveIds()) {
      assert(
        endpoint !== null && channelId !== null,
        "what is to be offered has a server, and an id",
      );
      this.post(offerOf(endpoint.configuration, channelId));
    }
  }

  // -- What the guest says

  /** Takes a message of the guest; answers with the fault where it is not to be taken. */
  receive(message: ControlMessage): ChannelFault | null {
    switch (message.message) {
      case "requestOffers":
        return this.#requestOffers();
      case "openChannel":
        return this.#openChannel(message);
      case "closeChannel":
        return this.#closeChannel(message);
      case "relIdReleased":
        return this.#relIdReleased(message.channelId);
      case "gpadlHeader":
        return this.gpadls.header(message);
      case "gpadlBody":
        return this.gpadls.body(message);
      case "gpadlTeardown":
        return this.gpadls.teardown(message);
      default:
        return "unexpectedMessage";
    }
  }

  #requestOffers(): ChannelFault | null {
    if (!this.actor.can("requestOffers")) return "unexpectedMessage";
    this.actor.send({ type: "requestOffers" });
    this.#channels.sortOffers();
    this.#offerQueued();
    this.post({ message: "allOffersDelivered" });
    return null;
  }

  #openChannel(request: OpenChannel): ChannelFault | null {
    const channel = this.channelOfGuest(request.channelId);
    if (channel === null) return "unexpectedMessage";
    const { endpoint } = channel;
    if (endpoint === null) return null; // rescinded meanwhile: the guest will learn of it (wire.md 5.2)
    if (endpoint.is("leaving") && channel.reopen === null) {
      channel.reopen = request;
      return null;
    }
    if (!endpoint.actor.can("open")) {
      endpoint.faulted("unexpectedMessage");
      return "unexpectedMessage";
    }
    channel.openId = request.openId;
    const status = prepareOpen(this, this.gpadls, channel, endpoint, request);
    if (NT_SUCCESS(status)) {
      this.#attachDoorbells(channel, endpoint);
      endpoint.tell({ type: "open" });
    } else this.#sendOpenResult(channel, status);
    return status === STATUS_INVALID_PARAMETER ? "badRings" : null;
  }

  #closeChannel(message: CloseChannel): ChannelFault | null {
    const channel = this.channelOfGuest(message.channelId);
    if (channel === null) return "unexpectedMessage";
    const { endpoint } = channel;
    if (endpoint === null) return null; // rescinded: the guest closes what is closed already
    const isOpenToGuest = endpoint.is("opened") || endpoint.is("resuming");
    if (isOpenToGuest && endpoint.actor.can("peerClosed")) {
      endpoint.tell({ type: "peerClosed" });
      return null;
    }
    if (endpoint.is("byUs")) return null; // both closed: the rescind is on its way
    endpoint.faulted("unexpectedMessage");
    return "unexpectedMessage";
  }

  /** The guest is done with an id: after a rescind it may be used again (wire.md 4.5). */
  #relIdReleased(channelId: number): ChannelFault | null {
    const channel = this.channelOfGuest(channelId);
    if (channel === null) return "unexpectedMessage";
    const { endpoint } = channel;
    if (endpoint !== null && channel.ring !== null) {
      endpoint.faulted("unexpectedMessage");
      return "unexpectedMessage";
    }
    if (channel.ring !== null) channel.isReleased = true;
    else this.#forget(channelId, channel);
    return null;
  }

  #forget(channelId: number, channel: HostChannel): void {
    this.gpadls.releaseChannel(channelId);
    this.#channels.free(channelId);
    channel.channelId = null;
    if (channel.endpoint !== null) channel.endpoint.channelId = null;
    this.#offerQueued();
  }

  // -- What the servers say

  /** See {@linkcode BusPort.answerOpen}. A channel that closes already answers with that. */
  answerOpen(endpoint: Endpoint, status: NtStatus): void {
    const channel = this.#channels.of(endpoint);
    if (channel === null || endpoint.is("leaving")) return;
    if (!endpoint.is("resuming")) this.#sendOpenResult(channel, status);
    else if (!NT_SUCCESS(status)) this.#reoffer(endpoint, channel);
  }

  /** A channel that the guest has open is refused by its restored server: it gets another one (kmcl.md V10). */
  #reoffer(endpoint: Endpoint, channel: HostChannel): void {
    this.removeGpadls(endpoint, "EvtChannelOpened");
    removeMmio(endpoint);
    this.#freeRing(channel);
    this.#rescind(endpoint);
    endpoint.channelId = null;
    this.join(endpoint);
  }

  #sendOpenResult(channel: HostChannel, status: NtStatus): void {
    const { channelId, openId } = channel;
    if (channelId === null) return;
    this.post({ message: "openResult", channelId, openId, status });
  }

  /** See {@linkcode BusPort.tellClosed}. */
  tellClosed(endpoint: Endpoint): void {
    if (endpoint.is("byUs")) this.#rescind(endpoint);
  }

  /** Takes the offer back; the guest owns the id until it releases it. */
  #rescind(endpoint: Endpoint): void {
    const channelId = this.#channels.withdraw(endpoint)?.channelId ?? null;
    if (channelId === null) return;
    if (this.isGone) this.#channels.free(channelId);
    else this.post({ message: "rescindChannelOffer", channelId });
  }

  /** See {@linkcode BusPort.removeGpadls}. */
  removeGpadls(endpoint: Endpoint, callback: CallbackName): void {
    const { channelId } = endpoint;
    if (channelId !== null) this.gpadls.unmapAll(endpoint, channelId, callback);
  }

  /** See {@linkcode BusPort.gpadlsOf}. */
  gpadlsOf({ channelId }: Endpoint): readonly GpadlState[] {
    const gpadls = channelId === null ? [] : this.gpadls.of(channelId);
    return gpadls.filter(({ use }) => use !== "ring").map(({ gpadlId, ranges, stage, mdl }) => ({
      handle: gpadlId,
      byteCount: ranges.reduce((sum, range) => sum + range.byteCount, 0),
      state: stage,
      isMapped: mdl !== null,
    }));
  }

  /** See {@linkcode BusPort.ringsFree}: the guest gets its pages back, and may have asked to reopen. */
  ringsFree(endpoint: Endpoint): void {
    removeMmio(endpoint);
    const channel = this.#channels.of(endpoint);
    if (channel === null) return;
    this.#freeRing(channel);
    const { reopen } = channel;
    channel.reopen = null;
    const fault = reopen === null ? null : this.#openChannel(reopen);
    if (fault !== null) this.#refuse("openChannel", fault);
  }

  #freeRing(channel: HostChannel): void {
    const { ring, channelId } = channel;
    channel.ring = null;
    channel.doorbell = null;
    if (ring !== null && channelId !== null) this.#link.stopListening(channelId);
    if (ring !== null) this.gpadls.free(ring);
    if (channel.isReleased && channelId !== null) this.#forget(channelId, channel);
  }

  /** See {@linkcode BusPort.release}. The server never waits for the guest (kmcl.md S11). */
  release(endpoint: Endpoint): void {
    removeMmio(endpoint);
    const { channelId } = endpoint;
    const standing = this.#channels.of(endpoint);
    const channel = standing ?? (channelId === null ? null : this.channel(channelId));
    if (channel !== null) this.#freeRing(channel);
    this.#rescind(endpoint);
    endpoint.released();
  }

  /** See {@linkcode BusPort.signal}. */
  signal(endpoint: Endpoint, channelId: number): void {
    const doorbell = this.channel(channelId)?.doorbell ?? null;
    if (doorbell === null) return;
    endpoint.outgoing.interruptsSent++;
    doorbell.ring();
  }

  /** The rings of `channel` are there: each side can interrupt the other from now on. */
  #attachDoorbells(channel: HostChannel, endpoint: Endpoint): void {
    const { channelId, hasInterrupts } = channel;
    if (channelId === null) return;
    channel.doorbell = hasInterrupts ? this.#link.doorbell(channelId) : null;
    this.#link.listen(channelId, endpoint.work.interrupt);
  }

  // -- The guest is gone

  /** Every channel that the guest had opened closes; the offers stand, though nobody takes them. */
  guestGone(): void {
    this.actor.send({ type: "guestGone" });
    this.unclaimed.clear();
    this.gpadls.guestGone();
    for (const channel of this.#channels.known) {
      channel.reopen = null;
      channel.doorbell = null;
      const { channelId, endpoint } = channel;
      if (endpoint === null) {
        if (channelId !== null) this.#channels.free(channelId);
      } else if (endpoint.actor.can("peerClosed")) endpoint.tell({ type: "peerClosed" });
    }
  }
}
