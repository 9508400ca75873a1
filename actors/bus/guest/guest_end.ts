/**
 * The guest's end of its bus: offers that arrived, clients that wait for one, opens and closes
 * (wire.md 4.5, 5.6; kmcl.md S2, S3, S10, S14). The host may be hostile, too.
 *
 * @module
 */

import { type ControlMessage, TARGET_VP_NO_INTERRUPTS } from "../../../core/control/messages.ts";
import { type Agreed, MESSAGE_RULES, type Protocol } from "../../../core/control/versions.ts";
import { encodeControlMessage } from "../../../core/control/codec.ts";
import { bytesInRanges } from "../../../core/memory/gpa_ranges.ts";
import type { GuestRam } from "../../../core/memory/guest_memory.ts";
import {
  NT_SUCCESS,
  type NtStatus,
  STATUS_DEVICE_REMOVED,
  STATUS_INVALID_DEVICE_REQUEST,
  STATUS_INVALID_DEVICE_STATE,
  STATUS_INVALID_PARAMETER_2,
  STATUS_NOT_SUPPORTED,
  STATUS_SUCCESS,
} from "../../../core/ntstatus.ts";
import type { Endpoint } from "../../channel/endpoint.ts";
import type { CallbackName } from "../../channel/driver_port.ts";
import type { Actors } from "../../runtime/actors.ts";
import type { RuntimePort } from "../../runtime/runtime_port.ts";
import { isUint } from "../../../core/units.ts";
import type { PartitionPort, ServerPlace } from "../../channel/partition_port.ts";
import type { GuestLink } from "../link.ts";
import { type SynicPlace, VMBUS_SINT } from "../synic.ts";
import { type BusFault, type Refuse, takeMessage, type Taker } from "../refusals.ts";
import type { ClientBusPort, GpadlState } from "../../channel/bus_port.ts";
import { type ConnectingEnd, GuestConnection } from "./connection.ts";
import { GuestGpadls } from "./gpadls.ts";
import { GuestSignals } from "./guest_signals.ts";
import type { ClientChannel, GuestChannel } from "./guest_channel.ts";
import { type HearingEnd, HostMessages } from "./host_messages.ts";
import { tellPeerClosed } from "../../channel/peer_closed.ts";
import { SocketConnects } from "./socket_connects.ts";
import { Matching, type MatchingEnd } from "./matching.ts";

/** What the guest's end of a bus stands on. */
export interface GuestSetting {
  /** The fabric. */
  readonly runtime: RuntimePort;
  /** The guest itself. */
  readonly partition: PartitionPort;
  /** Its side of the link: all that it has of the host's end. */
  readonly link: GuestLink;
}

/** Whether a host may say it at all. */
function isForGuest({ message }: ControlMessage): boolean {
  return MESSAGE_RULES[message].to === "guest";
}

/** The guest's end of one bus. */
export class GuestEnd implements ClientBusPort, ConnectingEnd, MatchingEnd, HearingEnd {
  /** See {@linkcode GuestPort.runtime}. */
  readonly runtime: RuntimePort;
  /** See {@linkcode GuestPort.partition}. */
  readonly partition: PartitionPort;
  /** See {@linkcode GuestPort.link}. */
  readonly link: GuestLink;
  /** The GPADLs of the guest's clients. */
  readonly gpadls: GuestGpadls;
  /** What signals go by. */
  readonly signals: GuestSignals;
  /** Offers by channel id, in the order in which they arrived. */
  readonly byId: Map<number, GuestChannel> = new Map();
  /** The channels of the clients that are on one. */
  readonly #entered = new Map<Endpoint, ClientChannel>();
  readonly #matching: Matching;
  readonly #messages: HostMessages;
  readonly #refuse: Refuse;
  /** The connection to the host. */
  readonly connection: GuestConnection;
  /** Who hears the host in the guest's place, once what the guest has asked for is answered; null: the guest. */
  taker: Taker | null = null;
  /** Where it hears what the host says. */
  readonly messagePlace: SynicPlace;
  /** What it has asked of sockets on the host. */
  readonly sockets: SocketConnects = new SocketConnects(this);
  /** The number of the next open. */
  nextOpenId = 1;

  /** A guest's end; `refuse` hears of each message of the host that it does not take. */
  constructor({ runtime, partition, link }: GuestSetting, refuse: Refuse) {
    this.runtime = runtime;
    this.partition = partition;
    this.link = link;
    this.messagePlace = { vp: 0, sint: VMBUS_SINT, vtl: partition.vtl };
    this.gpadls = new GuestGpadls(this);
    this.signals = new GuestSignals(this);
    this.#matching = new Matching(this);
    this.#messages = new HostMessages(this);
    this.#refuse = refuse;
    this.connection = new GuestConnection(this, partition.dialect);
    link.connect((bytes, place) => {
      if (this.taker !== null || this.hearsAt(place)) this.hear(bytes);
    });
  }

  /** See {@linkcode GuestPort.hear}. */
  hear(bytes: Uint8Array): void {
    takeMessage(bytes, this.agreed, (message) => this.receive(message), this.#refuse);
  }

  /** It was restored, and these messages are on their way to it. */
  expect(messages: readonly Uint8Array[]): void {
    this.#messages.restore(messages);
  }

  /** See {@linkcode GuestPort.memory}. */
  get memory(): GuestRam {
    return this.link.memory;
  }

  /** Offers that the host has not taken back or the guest not released. */
  get channels(): readonly GuestChannel[] {
    return [...this.byId.values()];
  }

  /** See {@linkcode GuestPort.post}. */
  post(message: ControlMessage): void {
    this.link.post(encodeControlMessage(message), this.messageConnectionId);
  }

  // -- The connection

  /** What messages of the host are read by. */
  get agreed(): Agreed {
    return this.taker === null ? this.connection.agreed : "any";
  }

  /** See {@linkcode GuestPort.protocol}. */
  get protocol(): Protocol {
    return this.connection.protocol;
  }

  /** See {@linkcode GuestPort.messageConnectionId}. */
  get messageConnectionId(): number {
    return this.connection.connectionId;
  }

  /** See {@linkcode ConnectingEnd.actors}. */
  get actors(): Actors {
    return this.runtime.actors;
  }

  /** See {@linkcode ConnectingEnd.vtl}. */
  get vtl(): number {
    return this.partition.vtl;
  }

  /** See {@linkcode ConnectingEnd.port}. */
  get port(): ServerPlace {
    return this.partition.port;
  }

  /** See {@linkcode ConnectingEnd.clientId}. */
  get clientId(): string {
    return this.partition.clientId;
  }

  /** See {@linkcode ConnectingEnd.isReleased}. */
  get isReleased(): boolean {
    return this.byId.size === 0;
  }

  /** The guest's drivers are up: it makes contact with the host, and asks for its offers (wire.md 4.5). */
  connect(): void {
    this.connection.connect();
  }

  /** See {@linkcode ConnectingEnd.leaveChannels}. One that is being opened goes once that was answered. */
  leaveChannels(): void {
    const { name } = this.partition;
    this.runtime.observer?.see({ kind: "partitionChanges", partition: name, change: "left" });
    for (const { actor } of this.channels) {
      if (!actor.is("opening") && actor.can("rescinded")) actor.send({ type: "rescinded" });
    }
  }

  // -- Clients

  /** Clients that wait for an offer, in the order of Enable (kmcl.md S14). */
  get waiting(): Endpoint[] {
    return this.#matching.waiting;
  }

  /** Waiting clients are to look at the offers. */
  scheduleMatch(): void {
    this.#matching.schedule();
  }

  /** See {@linkcode BusPort.admit}. */
  admit(endpoint: Endpoint): NtStatus {
    return endpoint.configuration.clientTarget === null || !this.partition.isAlive
      ? STATUS_INVALID_DEVICE_REQUEST
      : STATUS_SUCCESS;
  }

  /** See {@linkcode BusPort.join}. */
  join(endpoint: Endpoint): void {
    if (this.connection.actor.is("new")) this.connect(); // the root's own
    this.waiting.push(endpoint);
    this.scheduleMatch();
  }

  /** `client` is on the channel of an offer from now on. */
  enter(client: Endpoint, own: ClientChannel): void {
    this.#entered.set(client, own);
    client.join(own);
  }

  // -- What the host says

  /** Whether it takes messages that are put there; those of other places are somebody else's (wire.md 4.1). */
  hearsAt({ vp, sint, vtl }: SynicPlace): boolean {
    return vp < this.partition.processorCount && sint === VMBUS_SINT && vtl === this.partition.vtl;
  }

  /** Takes a message of the host; answers with the fault where it is not to be taken. */
  receive(message: ControlMessage): BusFault["fault"] | null {
    const isOwn = message.message === "versionResponse" && this.connection.actor.is("contacting");
    if (this.taker !== null && !isOwn) {
      this.taker.hear(message);
      return null;
    }
    const fault = this.connection.receive(message);
    if (isOwn && !this.connection.actor.is("contacting")) this.taker?.contacted();
    if (fault !== "other") return fault;
    const { unloading, contacting } = this.connection.actor.tags;
    // What the host says before it hears that the guest has left, or connects anew, crosses that.
    if (unloading || contacting) return isForGuest(message) ? null : "unexpectedMessage";
    const isLeaving = this.connection.actor.is("leaving");
    // What the host takes back, a guest that leaves has given back already, but for what it is about to open.
    if (isLeaving && message.message === "rescindChannelOffer") {
      if (this.byId.get(message.channelId)?.actor.can("rescinded") !== true) return null;
    }
    const refusal = this.#messages.receive(message);
    if (isLeaving) this.leaveChannels();
    return refusal;
  }

  /** See {@linkcode GuestChannelOwner.tellRescinded}. A client that closes by itself need not hear. */
  tellRescinded({ taken }: GuestChannel): void {
    const client = taken?.client ?? null;
    if (client?.is("connecting") === true) client.refused(STATUS_DEVICE_REMOVED, "peerClosed");
    else if (client?.actor.can("peerClosed") === true) tellPeerClosed(client, true);
  }

  /** See {@linkcode GuestChannelOwner.releaseIfDone} (wire.md 5.6). */
  releaseIfDone({ offer: { channelId }, actor }: GuestChannel): void {
    const isAwaited = this.gpadls.isAwaited(channelId) || actor.is("modifying");
    if (actor.can("release") && !isAwaited) actor.send({ type: "release" });
  }

  /** See {@linkcode GuestChannelOwner.sendRelease}. */
  sendRelease({ offer: { channelId } }: GuestChannel): void {
    this.byId.delete(channelId);
    this.post({ message: "relIdReleased", channelId });
    this.connection.look();
  }

  /** See {@linkcode GuestChannelOwner.freeRings}. */
  freeRings(channel: GuestChannel): void {
    const { taken } = channel;
    if (taken === null) return;
    channel.taken = null;
    this.signals.detach(taken.channel);
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

  /**
   * See {@linkcode ClientBusPort.setTargetVp}: its callbacks run there once the host has said so, or at once where it
   * does not say (wire.md 4.5).
   */
  setTargetVp(endpoint: Endpoint, targetVp: number): NtStatus {
    const channel = this.#channelOf(endpoint);
    const { hasModifyChannel, hasModifyChannelResponse } = this.protocol;
    const isFree = channel?.actor.is("open") === true && !channel.actor.is("modifying");
    if (!isFree || channel.taken === null) return STATUS_INVALID_DEVICE_STATE;
    if (!isUint(targetVp, this.partition.processorCount - 1)) return STATUS_INVALID_PARAMETER_2;
    if (!hasModifyChannel) return STATUS_NOT_SUPPORTED;
    const { taken, actor } = channel;
    if (taken.channel.targetVp === TARGET_VP_NO_INTERRUPTS) return STATUS_INVALID_DEVICE_REQUEST;
    channel.wanted = { targetVp, taken };
    actor.send({ type: hasModifyChannelResponse ? "modify" : "modifyUnanswered" });
    return STATUS_SUCCESS;
  }

  /** See {@linkcode GuestChannelOwner.sendModify}. */
  sendModify({ offer: { channelId }, wanted }: GuestChannel): void {
    if (wanted === null) return;
    this.post({ message: "modifyChannel", channelId, targetVp: wanted.targetVp });
  }

  /** See {@linkcode GuestChannelOwner.changeProcessor}. A client that has left meanwhile needs no processor. */
  changeProcessor(channel: GuestChannel): void {
    const { wanted, taken } = channel;
    channel.wanted = null;
    if (wanted === null || wanted.taken !== taken) return;
    taken.channel.targetVp = wanted.targetVp;
    taken.client.work.setProcessor(wanted.targetVp);
    this.signals.attach(taken.channel, taken.client);
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
    this.#matching.leave(endpoint);
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
    client.bounce?.release();
    client.bounce = null;
    this.#entered.delete(client);
  }

  /** This guest crashed: nothing that it knew matters any more. */
  gone(): void {
    this.connection.actor.stop();
    for (const { actor } of this.byId.values()) actor.stop();
    this.byId.clear();
    this.#entered.clear();
    this.waiting.length = 0;
    this.gpadls.gone();
  }
}
