/**
 * The guest's end of its bus: offers that arrived, clients that wait for one, opens and closes
 * (wire.md 4.5, 5.6; kmcl.md S2, S3, S10, S14). The host may be hostile, too.
 *
 * @module
 */

import {
  CHANNEL_ID_MAX,
  type ControlMessage,
  type OfferChannel,
  type OpenResult,
} from "../../../core/control/messages.ts";
import { assert } from "../../../core/assert.ts";
import { encodeControlMessage } from "../../../core/control/codec.ts";
import { bytesInRanges } from "../../../core/memory/gpa_ranges.ts";
import type { GuestRam } from "../../../core/memory/guest_memory.ts";
import {
  NT_SUCCESS,
  type NtStatus,
  STATUS_DEVICE_REMOVED,
  STATUS_INSUFFICIENT_RESOURCES,
  STATUS_INVALID_DEVICE_REQUEST,
  STATUS_NOT_SUPPORTED,
  STATUS_SUCCESS,
} from "../../../core/ntstatus.ts";
import type { Endpoint } from "../../channel/endpoint.ts";
import type { CallbackName } from "../../channel/driver_port.ts";
import type { ChannelFault } from "../../channel/types.ts";
import { WHOLE_BUS } from "../../channel/touches.ts";
import type { Touch } from "../../runtime/chooser.ts";
import { DISPATCH_LEVEL } from "../../runtime/irql.ts";
import { type Worker, WorkItem } from "../../runtime/processor.ts";
import type { RuntimePort } from "../../runtime/runtime_port.ts";
import type { PartitionPort } from "../../channel/partition_port.ts";
import type { GuestLink } from "../link.ts";
import { type Refuse, takeMessage } from "../refusals.ts";
import type { BusPort, GpadlState } from "../../channel/bus_port.ts";
import { GuestGpadls } from "./gpadls.ts";
import { ClientChannel, GuestChannel, type GuestChannelOwner } from "./guest_channel.ts";
import type { GuestPort } from "./guest_port.ts";
import { isTarget, suits } from "./offers.ts";
import { allocateRingPages, clientRings, openMessageOf, reserveMmio } from "./open.ts";

/** What the guest's end of a bus stands on. */
export interface GuestSetting {
  /** The fabric. */
  readonly runtime: RuntimePort;
  /** The guest itself. */
  readonly partition: PartitionPort;
  /** Its side of the link: all that it has of the host's end. */
  readonly link: GuestLink;
}

/** The guest's end of one bus. */
export class GuestEnd implements BusPort, GuestPort, GuestChannelOwner, Worker {
  /** See {@linkcode GuestPort.runtime}. */
  readonly runtime: RuntimePort;
  /** See {@linkcode GuestPort.partition}. */
  readonly partition: PartitionPort;
  /** See {@linkcode GuestPort.link}. */
  readonly link: GuestLink;
  /** The GPADLs of the guest's clients. */
  readonly gpadls: GuestGpadls;
  /** Offers by channel id, in the order in which they arrived. */
  readonly byId: Map<number, GuestChannel> = new Map();
  /** Clients that wait for an offer, in the order of Enable (kmcl.md S14). */
  readonly waiting: Endpoint[] = [];
  /** The channels of the clients that are on one. */
  readonly #entered = new Map<Endpoint, ClientChannel>();
  readonly #match: WorkItem;
  readonly #refuse: Refuse;
  /** The number of the next open. */
  nextOpenId = 1;

  /** A guest's end; `refuse` hears of each message of the host that it does not take. */
  constructor({ runtime, partition, link }: GuestSetting, refuse: Refuse) {
    this.runtime = runtime;
    this.partition = partition;
    this.link = link;
    this.gpadls = new GuestGpadls(this);
    this.#match = new WorkItem(this, "match", DISPATCH_LEVEL, partition.processor(0));
    this.#refuse = refuse;
    link.connect((bytes) => this.hear(bytes));
  }

  /** See {@linkcode GuestPort.hear}. */
  hear(bytes: Uint8Array): void {
    takeMessage(bytes, (message) => this.receive(message), this.#refuse);
  }

  /** See {@linkcode GuestPort.memory}. */
  get memory(): GuestRam {
    return this.link.memory;
  }

  /** Stands for it on the trace. */
  get traceId(): number {
    return this.partition.traceId;
  }

  /** Offers that the host has not taken back or the guest not released. */
  get channels(): readonly GuestChannel[] {
    return [...this.byId.values()];
  }

  /** See {@linkcode GuestPort.post}. */
  post(message: ControlMessage): void {
    this.link.post(encodeControlMessage(message));
  }

  /** The guest's drivers are up: it asks the host for its offers (wire.md 4.5). */
  requestOffers(): void {
    this.post({ message: "requestOffers" });
  }

  // -- Clients

  /** Waiting clients are to look at the offers. */
  scheduleMatch(): void {
    this.runtime.scheduler.schedule(this.#match);
  }

  /** See {@linkcode BusPort.admit}. */
  admit(endpoint: Endpoint): NtStatus {
    return endpoint.configuration.clientTarget === null || !this.partition.isAlive
      ? STATUS_INVALID_DEVICE_REQUEST
      : STATUS_SUCCESS;
  }

  /** See {@linkcode BusPort.join}. */
  join(endpoint: Endpoint): void {
    this.waiting.push(endpoint);
    this.scheduleMatch();
  }

  /** See {@linkcode Worker.touches}: each client and each offer. */
  touches(): readonly Touch[] {
    return [{ of: this.memory, part: WHOLE_BUS, writes: true }];
  }

  /** See {@linkcode Worker.itemsAhead}. */
  itemsAhead(): number {
    return this.link.isBusy ? 0 : 1;
  }

  /** See {@linkcode Worker.work}: waiting clients take offers, first come, first served. */
  work(): void {
    // What the host has said is heard first: a client must not take an offer that was taken back.
    if (this.link.isBusy) return this.#matchLater();
    for (const client of [...this.waiting]) {
      // Whoever plays the host may have had one disabled while another one's rings were described to it.
      const channel = client.actor.can("connecting") ? this.#offerFor(client) : null;
      if (channel === null) continue;
      this.waiting.splice(this.waiting.indexOf(client), 1);
      this.#connect(client, channel);
    }
  }

  #matchLater(): void {
    if (!this.link.putsOff(this.#match)) this.scheduleMatch();
  }

  #offerFor(client: Endpoint): GuestChannel | null {
    for (const channel of this.byId.values()) {
      if (channel.actor.can("take") && isTarget(client, channel.offer)) return channel;
    }
    return null;
  }

  /** Takes an offer: rings and MMIO, the ring GPADL, then the open request (wire.md 4.5). */
  #connect(client: Endpoint, channel: GuestChannel): void {
    const { offer } = channel;
    client.tell({ type: "connecting" });
    const own = new ClientChannel(offer, this.memory);
    this.enter(client, own);
    if (!suits(client, offer)) return client.refused(STATUS_NOT_SUPPORTED);
    const { memory } = this;
    const noRoom = () => client.refused(STATUS_INSUFFICIENT_RESOURCES);
    if (!reserveMmio(memory, own, offer)) return noRoom();
    const ringPages = allocateRingPages(client, memory);
    if (ringPages === null) return noRoom();
    own.rings = clientRings(client, memory, ringPages);
    assert(own.rings !== null, "pages are divided as they were allocated");
    own.rings.incoming.initialize();
    own.rings.outgoing.initialize();
    const range = { byteOffset: 0, byteCount: ringPages.byteCount, pfns: ringPages.pfns };
    const { status, gpadlHandle } = this.gpadls.create(client, [range], false, true);
    if (!this.partition.isAlive) return; // whoever is the host ended the guest instead of an answer
    if (gpadlHandle === null) {
      memory.free(ringPages);
      return client.refused(status);
    }
    const openId = this.nextOpenId;
    this.nextOpenId = (openId + 1) >>> 0;
    channel.taken = { client, openId, ringPages, ringGpadlId: gpadlHandle, channel: own };
    channel.actor.send({ type: "take" });
    this.attachDoorbells(own, client);
    const processor = offer.channelId % this.partition.processorCount;
    client.work.setProcessor(processor);
    this.post(openMessageOf(channel.taken, processor));
  }

  /** `client` is on the channel of an offer from now on. */
  enter(client: Endpoint, own: ClientChannel): void {
    this.#entered.set(client, own);
    client.join(own);
  }

  /** The rings are there: each side can interrupt the other from now on. */
  attachDoorbells(own: ClientChannel, client: Endpoint): void {
    own.doorbell = this.link.doorbell(own.channelId);
    this.link.listen(own.channelId, client.work.interrupt);
  }

  // -- What the host says

  /** Takes a message of the host; answers with the fault where it is not to be taken. */
  receive(message: ControlMessage): ChannelFault | null {
    switch (message.message) {
      case "offerChannel":
        return this.#offered(message);
      case "allOffersDelivered":
        return null;
      case "openResult":
        return this.#openResult(message);
      case "rescindChannelOffer":
        return this.#rescinded(message.channelId);
      case "gpadlCreated":
        return this.gpadls.created(message);
      case "gpadlTorndown":
        return this.#gpadlTorndown(message.gpadlId);
      default:
        return "unexpectedMessage";
    }
  }

  #offered(offer: OfferChannel): ChannelFault | null {
    const known = this.byId.get(offer.channelId);
    const isIdGood = offer.channelId > 0 && offer.channelId <= CHANNEL_ID_MAX;
    if (known !== undefined || !isIdGood) {
      known?.taken?.client.faulted("unexpectedMessage");
      return "unexpectedMessage"; // an id that was not released may not be used again (wire.md 5.6)
    }
    this.byId.set(offer.channelId, new GuestChannel(this.runtime.actors, this, offer));
    this.scheduleMatch();
    return null;
  }

  #openResult(result: OpenResult): ChannelFault | null {
    const channel = this.byId.get(result.channelId);
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

  #rescinded(channelId: number): ChannelFault | null {
    const actor = this.byId.get(channelId)?.actor;
    if (actor?.can("rescinded") !== true) return "unexpectedMessage";
    actor.send({ type: "rescinded" });
    return null;
  }

  /** See {@linkcode GuestChannelOwner.tellRescinded}. A client that closes by itself need not hear. */
  tellRescinded({ taken }: GuestChannel): void {
    const client = taken?.client ?? null;
    if (client?.is("connecting") === true) client.refused(STATUS_DEVICE_REMOVED, "peerClosed");
    else if (client?.actor.can("peerClosed") === true) client.tell({ type: "peerClosed" });
  }

  /** See {@linkcode GuestChannelOwner.releaseIfDone} (wire.md 5.6). */
  releaseIfDone({ offer: { channelId }, actor }: GuestChannel): void {
    if (actor.can("release") && !this.gpadls.isAwaited(channelId)) actor.send({ type: "release" });
  }

  /** See {@linkcode GuestChannelOwner.sendRelease}. */
  sendRelease({ offer: { channelId } }: GuestChannel): void {
    this.byId.delete(channelId);
    this.post({ message: "relIdReleased", channelId });
  }

  #gpadlTorndown(gpadlId: number): ChannelFault | null {
    const gpadl = this.gpadls.at(gpadlId);
    const channel = this.byId.get(gpadl?.channelId ?? 0);
    const fault = this.gpadls.torndown(gpadlId);
    if (channel === undefined || fault !== null) return fault;
    if (gpadl?.isRing === true) channel.actor.send({ type: "ringsFree" });
    else this.releaseIfDone(channel);
    return null;
  }

  /** See {@linkcode GuestChannelOwner.freeRings}. */
  freeRings(channel: GuestChannel): void {
    const { taken, offer: { channelId } } = channel;
    if (taken === null) return;
    channel.taken = null;
    this.link.stopListening(channelId);
    this.memory.free(taken.ringPages);
    this.#leave(taken.client);
    taken.client.released();
  }

  // -- What the clients say

  #channelOf(client: Endpoint): GuestChannel | null {
    const channel = client.channelId === null ? undefined : this.byId.get(client.channelId);
    return channel?.taken?.client === client ? channel : null;
  }

  /** See {@linkcode BusPort.answerOpen}. A client that cannot use the channel closes it again. */
  answerOpen(endpoint: Endpoint, status: NtStatus): void {
    if (!NT_SUCCESS(status)) this.tellClosed(endpoint);
  }

  /** See {@linkcode BusPort.tellClosed}. */
  tellClosed(endpoint: Endpoint): void {
    const actor = this.#channelOf(endpoint)?.actor;
    if (actor?.can("close") === true) actor.send({ type: "close" });
  }

  /** See {@linkcode GuestChannelOwner.sendClose}. */
  sendClose({ offer: { channelId } }: GuestChannel): void {
    this.post({ message: "closeChannel", channelId });
  }

  /** See {@linkcode BusPort.removeGpadls}. */
  removeGpadls(endpoint: Endpoint, callback: CallbackName): void {
    this.gpadls.removeAll(endpoint, callback);
  }

  /** See {@linkcode BusPort.gpadlsOf}. */
  gpadlsOf(endpoint: Endpoint): readonly GpadlState[] {
    return this.gpadls.of(endpoint).map(({ handle, ranges, stage }) => ({
      handle,
      byteCount: bytesInRanges(ranges),
      state: stage,
      isMapped: false,
    }));
  }

  /** See {@linkcode BusPort.ringsFree}: a client's rings are free when the host says so. */
  ringsFree(_endpoint: Endpoint): void {}

  /** See {@linkcode BusPort.release}. */
  release(endpoint: Endpoint): void {
    const at = this.waiting.indexOf(endpoint);
    if (at >= 0) this.waiting.splice(at, 1);
    const taken = this.#channelOf(endpoint)?.taken ?? null;
    if (taken === null) {
      this.#leave(endpoint);
      return endpoint.released();
    }
    this.tellClosed(endpoint);
    this.gpadls.at(taken.ringGpadlId)?.actor.send({ type: "teardown" });
  }

  #leave(client: Endpoint): void {
    const mmio = this.#entered.get(client)?.mmio ?? null;
    if (mmio !== null) this.memory.releaseMmio(mmio.gpa);
    this.#entered.delete(client);
  }

  /** This guest crashed: nothing that it knew matters any more. */
  gone(): void {
    for (const { actor } of this.byId.values()) actor.stop();
    this.byId.clear();
    this.#entered.clear();
    this.waiting.length = 0;
    this.gpadls.gone();
  }
}
