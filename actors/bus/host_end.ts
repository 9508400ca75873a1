/**
 * The host's end of a partition's bus: offers, opens and closes of its servers (wire.md 4.4, 4.5, 5.2).
 * Everything that it takes from the guest is checked: the guest may be hostile.
 *
 * @module
 */

import {
  type CloseChannel,
  type ControlMessage,
  MONITOR_ID_NONE,
  OFFER_FLAG_ENUMERATE_DEVICE_INTERFACE,
  OFFER_FLAG_LOOPBACK,
  OFFER_FLAG_NAMED_PIPE,
  OFFER_FLAG_TLNPI_PROVIDER,
  type OpenChannel,
  USER_DATA_BYTES,
} from "../../core/control/messages.ts";
import { pipeUserData } from "../../core/control/user_data.ts";
import type { GuestRam } from "../../core/memory/guest_memory.ts";
import {
  NT_SUCCESS,
  type NtStatus,
  STATUS_INSUFFICIENT_RESOURCES,
  STATUS_INVALID_DEVICE_REQUEST,
  STATUS_INVALID_PARAMETER,
  STATUS_OBJECT_NAME_COLLISION,
  STATUS_SUCCESS,
} from "../../core/ntstatus.ts";
import {
  SERVER_FLAG_ENUMERATE_DEVICE_INTERFACE,
  SERVER_FLAG_LOOPBACK_OFFER,
  SERVER_FLAG_TLNPI_PROVIDER_OFFER,
} from "../channel/configuration.ts";
import type { Endpoint } from "../channel/endpoint.ts";
import type { CallbackName } from "../channel/notices.ts";
import type { ChannelFault } from "../channel/types.ts";
import type { Bus } from "./bus.ts";
import type { BusEnd, GpadlState } from "./bus_end.ts";
import { type HostGpadl, HostGpadls } from "./host_gpadls.ts";
import { prepareOpen, removeMmio } from "./host_open.ts";

/** Highest channel id: event flag 0 is reserved (wire.md 5.2). */
export const CHANNEL_ID_MAX = 2047;

/** How the server's flags read on the wire (kmcl.md section 5, wire.md 4.4); the pipe's comes on top. */
const OFFER_FLAGS: readonly (readonly [server: number, offer: number])[] = [
  [SERVER_FLAG_LOOPBACK_OFFER, OFFER_FLAG_LOOPBACK],
  [SERVER_FLAG_ENUMERATE_DEVICE_INTERFACE, OFFER_FLAG_ENUMERATE_DEVICE_INTERFACE],
  [SERVER_FLAG_TLNPI_PROVIDER_OFFER, OFFER_FLAG_TLNPI_PROVIDER],
];

/** A channel as the host knows it. Which state it is in, its endpoint's chart knows. */
export class HostChannel {
  /** The server; null once the offer is rescinded and the guest has yet to release the id. */
  endpoint: Endpoint | null;
  /** The id that the guest knows it by; null before it was told. */
  channelId: number | null = null;
  /** The ring GPADL, while the channel is open. */
  ring: HostGpadl | null = null;
  /** What the guest calls the open that is under way. */
  openId = 0;
  /** Whether the guest wants to be interrupted. */
  hasInterrupts = true;
  /** The guest has released the id, but the server has yet to let go of the rings. */
  isReleased = false;
  /** An open request that came while the last close was under way (wire.md 5.2, ClosingReopen). */
  reopen: OpenChannel | null = null;

  /** A channel that was never told to the guest. */
  constructor(endpoint: Endpoint) {
    this.endpoint = endpoint;
  }
}

/** The host's end of one bus. */
export class HostEnd implements BusEnd {
  /** The bus that it is an end of. */
  readonly bus: Bus;
  /** The guest's GPADLs. */
  readonly gpadls: HostGpadls;
  /** The channels whose offers stand, in the order of the offers. */
  readonly #byEndpoint = new Map<Endpoint, HostChannel>();
  /** The channels whose ids the guest has not released. */
  readonly #byId = new Map<number, HostChannel>();
  readonly #instances = new Set<string>();

  /** The host's end of `bus`. */
  constructor(bus: Bus) {
    this.bus = bus;
    this.gpadls = new HostGpadls(this);
  }

  /** See {@linkcode BusEnd.memory}. */
  get memory(): GuestRam {
    return this.bus.partition.memory;
  }

  /** The channel that the guest calls `channelId`. */
  channel(channelId: number): HostChannel | null {
    return this.#byId.get(channelId) ?? null;
  }

  /** All channels whose offers stand, in the order of the offers. */
  get channels(): readonly HostChannel[] {
    return [...this.#byEndpoint.values()];
  }

  // -- Offers

  /** See {@linkcode BusEnd.admit}. */
  admit(endpoint: Endpoint): NtStatus {
    const { serverTarget, isLoopback } = endpoint.configuration;
    const { partition } = this.bus;
    if (serverTarget === null || !partition.isPresent || isLoopback !== partition.isRoot) {
      return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (this.#instances.has(serverTarget.instance)) return STATUS_OBJECT_NAME_COLLISION;
    const isFull = this.#byId.size >= CHANNEL_ID_MAX || this.#byEndpoint.size >= CHANNEL_ID_MAX;
    return !isFull ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
  }

  /** See {@linkcode BusEnd.join}. */
  join(endpoint: Endpoint): void {
    const channel = new HostChannel(endpoint);
    const instance = endpoint.configuration.serverTarget?.instance ?? null;
    this.#byEndpoint.set(endpoint, channel);
    if (instance !== null) this.#instances.add(instance);
    endpoint.activeInstance = instance;
    if (this.bus.actor.is("offering")) this.#offer(channel);
  }

  /** Tells the guest of a channel, if it is one of its trust level (kmcl.md S14). */
  #offer(channel: HostChannel): void {
    const { endpoint } = channel;
    if (endpoint === null || endpoint.configuration.targetVtl !== this.bus.partition.vtl) return;
    const { serverTarget, serverFlags, mmioMegabytes, mmioMegabytesOptional, isPipe } =
      endpoint.configuration;
    if (serverTarget === null) return;
    const channelId = this.#freeId();
    channel.channelId = channelId;
    endpoint.channelId = channelId;
    this.#byId.set(channelId, channel);
    this.bus.post("toGuest", {
      message: "offerChannel",
      interfaceId: serverTarget.interfaceType,
      instanceId: serverTarget.instance,
      flags: OFFER_FLAGS.reduce(
        (flags, [server, offer]) => serverFlags & server ? flags | offer : flags,
        isPipe ? OFFER_FLAG_NAMED_PIPE : 0,
      ),
      mmioMegabytes,
      userData: isPipe ? pipeUserData("message") : new Uint8Array(USER_DATA_BYTES),
      subchannelIndex: 0,
      mmioMegabytesOptional,
      channelId,
      monitorId: MONITOR_ID_NONE,
      monitorAllocated: false,
      isDedicated: true,
      connectionId: 0x2000 | channelId,
    });
  }

  #freeId(): number {
    let id = 1;
    while (this.#byId.has(id)) id++;
    return id;
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

  /** Offers are told in the order of their GUIDs, so that ids stay stable (wire.md 5.2). */
  #requestOffers(): ChannelFault | null {
    if (!this.bus.actor.can("requestOffers")) return "unexpectedMessage";
    this.bus.actor.send({ type: "requestOffers" });
    const key = ({ endpoint }: HostChannel) => {
      const target = endpoint?.configuration.serverTarget;
      return `${target?.interfaceType} ${target?.instance}`;
    };
    const inOrder = [...this.#byEndpoint.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1));
    for (const channel of inOrder) this.#offer(channel);
    this.bus.post("toGuest", { message: "allOffersDelivered" });
    return null;
  }

  #openChannel(request: OpenChannel): ChannelFault | null {
    const channel = this.channel(request.channelId);
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
    const status = prepareOpen(this, channel, endpoint, request);
    if (NT_SUCCESS(status)) endpoint.tell({ type: "open" });
    else this.#sendOpenResult(channel, status);
    return status === STATUS_INVALID_PARAMETER ? "badRings" : null;
  }

  #closeChannel(message: CloseChannel): ChannelFault | null {
    const channel = this.channel(message.channelId);
    if (channel === null) return "unexpectedMessage";
    const { endpoint } = channel;
    if (endpoint === null) return null; // rescinded: the guest closes what is closed already
    if (endpoint.is("opened") && endpoint.actor.can("peerClosed")) {
      endpoint.tell({ type: "peerClosed" });
      return null;
    }
    if (endpoint.is("byUs")) return null; // both closed: the rescind is on its way
    endpoint.faulted("unexpectedMessage");
    return "unexpectedMessage";
  }

  /** The guest is done with an id: after a rescind it may be used again (wire.md 4.5). */
  #relIdReleased(channelId: number): ChannelFault | null {
    const channel = this.channel(channelId);
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
    this.#byId.delete(channelId);
    channel.channelId = null;
    if (channel.endpoint !== null) channel.endpoint.channelId = null;
  }

  // -- What the servers say

  /** See {@linkcode BusEnd.answerOpen}. A channel that closes already answers with that. */
  answerOpen(endpoint: Endpoint, status: NtStatus): void {
    const channel = this.#byEndpoint.get(endpoint);
    if (channel !== undefined && !endpoint.is("leaving")) this.#sendOpenResult(channel, status);
  }

  #sendOpenResult(channel: HostChannel, status: NtStatus): void {
    const { channelId, openId } = channel;
    if (channelId === null) return;
    this.bus.post("toGuest", { message: "openResult", channelId, openId, status });
  }

  /** See {@linkcode BusEnd.tellClosed}. */
  tellClosed(endpoint: Endpoint): void {
    const channel = this.#byEndpoint.get(endpoint);
    if (channel !== undefined && endpoint.is("byUs")) this.#rescind(endpoint, channel);
  }

  /** Takes the offer back; the guest owns the id until it releases it. */
  #rescind(endpoint: Endpoint, channel: HostChannel): void {
    channel.endpoint = null;
    this.#byEndpoint.delete(endpoint);
    this.#instances.delete(endpoint.configuration.serverTarget?.instance ?? "");
    const { channelId } = channel;
    if (channelId === null) return;
    if (this.bus.isGone) this.#byId.delete(channelId);
    else this.bus.post("toGuest", { message: "rescindChannelOffer", channelId });
  }

  /** See {@linkcode BusEnd.removeGpadls}. */
  removeGpadls(endpoint: Endpoint, callback: CallbackName): void {
    const { channelId } = endpoint;
    if (channelId !== null) this.gpadls.unmapAll(endpoint, channelId, callback);
  }

  /** See {@linkcode BusEnd.gpadlsOf}. */
  gpadlsOf({ channelId }: Endpoint): readonly GpadlState[] {
    const gpadls = channelId === null ? [] : this.gpadls.of(channelId);
    return gpadls.filter(({ use }) => use !== "ring").map(({ gpadlId, ranges, stage, mdl }) => ({
      handle: gpadlId,
      byteCount: ranges.reduce((sum, range) => sum + range.byteCount, 0),
      state: stage,
      isMapped: mdl !== null,
    }));
  }

  /** See {@linkcode BusEnd.ringsFree}: the guest gets its pages back, and may have asked to reopen. */
  ringsFree(endpoint: Endpoint): void {
    removeMmio(endpoint);
    const channel = this.#byEndpoint.get(endpoint);
    if (channel === undefined) return;
    this.#freeRing(channel);
    const { reopen } = channel;
    channel.reopen = null;
    const fault = reopen === null ? null : this.#openChannel(reopen);
    if (fault !== null) this.bus.refuse("toHost", "openChannel", fault);
  }

  #freeRing(channel: HostChannel): void {
    const { ring } = channel;
    channel.ring = null;
    if (ring !== null) this.gpadls.free(ring);
    if (channel.isReleased && channel.channelId !== null) this.#forget(channel.channelId, channel);
  }

  /** See {@linkcode BusEnd.letGo}. The server never waits for the guest (kmcl.md S11). */
  letGo(endpoint: Endpoint): void {
    removeMmio(endpoint);
    const { channelId } = endpoint;
    const standing = this.#byEndpoint.get(endpoint);
    const channel = standing ?? (channelId === null ? null : this.channel(channelId));
    if (channel !== null) this.#freeRing(channel);
    if (standing !== undefined) this.#rescind(endpoint, standing);
    endpoint.released();
  }

  /** See {@linkcode BusEnd.signal}. */
  signal(endpoint: Endpoint, channelId: number): void {
    const channel = this.channel(channelId);
    if (channel?.hasInterrupts !== true || this.bus.isGone) return;
    endpoint.outgoing.interruptsSent++;
    this.bus.guest.interrupt(channelId);
  }

  /** The guest signals channel `channelId`. */
  interrupt(channelId: number): void {
    this.channel(channelId)?.endpoint?.work.scheduleInterrupt();
  }

  // -- The guest is gone

  /** Every channel that the guest had opened closes; the offers stand, though nobody takes them. */
  guestGone(): void {
    this.gpadls.guestGone();
    for (const [channelId, channel] of [...this.#byId]) {
      channel.reopen = null;
      if (channel.endpoint === null) this.#byId.delete(channelId);
      else if (channel.endpoint.actor.can("peerClosed")) {
        channel.endpoint.tell({ type: "peerClosed" });
      }
    }
  }
}
