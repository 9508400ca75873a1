/**
 * The host's end of a partition's bus: offers, opens and closes of its servers (wire.md 4.4, 4.5, 5.2).
 * Everything that it takes from the guest is checked: the guest may be hostile.
 *
 * @module
 */

import type { OfferOrder } from "../../../core/control/dialect.ts";
import type { ControlMessage } from "../../../core/control/messages.ts";
import {
  type Agreed,
  FEATURES,
  type Protocol,
  protocolOf,
  refusalOf,
} from "../../../core/control/versions.ts";
import { encodeControlMessage } from "../../../core/control/codec.ts";
import { bytesInRanges } from "../../../core/memory/gpa_ranges.ts";
import type { GuestRam } from "../../../core/memory/guest_memory.ts";
import { NT_SUCCESS, type NtStatus } from "../../../core/ntstatus.ts";
import type { Endpoint } from "../../channel/endpoint.ts";
import type { CallbackName } from "../../channel/driver_port.ts";
import type { BusPort, GpadlState } from "../../channel/bus_port.ts";
import type { ServerTarget } from "../../channel/configuration.ts";
import type { ChartActor } from "../../chart/chart_actor.ts";
import type { FaultPort } from "../../runtime/fault_port.ts";
import type { RuntimePort } from "../../runtime/runtime_port.ts";
import type { Actors } from "../../runtime/actors.ts";
import type { HostLink } from "../link.ts";
import { contactConnectionId, MESSAGE_CONNECTION_ID, type SynicPlace } from "../synic.ts";
import { type GpadlChange, tellGpadl, type ToldGpadl } from "../gpadl_trace.ts";
import { type BusFault, type Refuse, takeMessage, type Taker } from "../refusals.ts";
import type { OfferedChannel } from "./offered_channel.ts";
import { OfferedChannels } from "./offered_channels.ts";
import {
  ChannelSteps,
  type Modifier,
  MODIFIES_AT_ONCE,
  type SteppingEnd,
} from "./channel_steps.ts";
import { type ConnectedEnd, HostConnection } from "./connection.ts";
import { HostGpadls } from "./gpadls.ts";
import { HostSignals } from "./host_signals.ts";
import { GuestMessages } from "./guest_messages.ts";
import type { GuestFacts } from "./host_port.ts";
import type { PartitionPort } from "../../channel/partition_port.ts";
import { SocketRequests } from "./socket_requests.ts";
import { Offering, type OfferingEnd } from "./offering.ts";
import type { ConnectionEvent, ConnectionTag } from "./types.ts";
import { UnclaimedChannels } from "./unclaimed_channels.ts";

/** What is gone by before a guest has made contact: as little as there is. */
const NOTHING_AGREED = protocolOf("0.13");

/** What the host's end of a bus stands on. */
export interface HostSetting {
  /** The fabric that its servers run in. */
  readonly runtime: RuntimePort;
  /** The guest. */
  readonly guest: GuestFacts;
  /** Where the host runs. */
  readonly root: PartitionPort;
  /** Its side of the link: all that it has of the guest's end. */
  readonly link: HostLink;
}

/** The host's end of one bus. */
export class HostEnd implements BusPort, ConnectedEnd, OfferingEnd, SteppingEnd {
  /** The guest. */
  readonly guest: GuestFacts;
  /** See {@linkcode ClaimingEnd.actors}. */
  readonly actors: Actors;
  /** See {@linkcode OfferingEnd.offerOrder}. */
  readonly offerOrder: OfferOrder;
  /** See {@linkcode ClaimingEnd.faults}. */
  readonly faults: FaultPort | null;
  /** The connection. */
  readonly connection: HostConnection;
  /** Who hears the guest in the host's place; null: the host. */
  taker: Taker | null = null;
  /** The guest's GPADLs. */
  readonly gpadls: HostGpadls;
  /** Channels of a restored guest that no server has claimed. */
  readonly unclaimed: UnclaimedChannels;
  /** See {@linkcode SteppingEnd.offered}. */
  readonly offered: OfferedChannels = new OfferedChannels();
  /** Its side of the link: see {@linkcode HostSetting.link}. */
  readonly link: HostLink;
  /** See {@linkcode SteppingEnd.modifier}. */
  modifier: Modifier = MODIFIES_AT_ONCE;
  /** What the guest asks of sockets. */
  readonly sockets: SocketRequests;
  /** See {@linkcode HostPort.signals}. */
  readonly signals: HostSignals;
  /** See {@linkcode ClaimingEnd.steps}. */
  readonly steps: ChannelSteps;
  readonly #runtime: RuntimePort;
  readonly #messages: GuestMessages;
  readonly #offering: Offering;

  /** A host's end; `refuse` hears of each message of the guest that it does not take. */
  constructor({ runtime, guest, root, link }: HostSetting, refuse: Refuse) {
    this.guest = guest;
    this.#runtime = runtime;
    this.actors = runtime.actors;
    this.offerOrder = runtime.offerOrder;
    this.faults = runtime.faults;
    this.link = link;
    this.signals = new HostSignals(runtime, this);
    // A host brings monitor pages in memory of the guest, of which it has none where others decide what lies there.
    const { versions, features } = runtime.hostDialect;
    const own = guest.isForeign ? features & ~FEATURES.serverSpecifiedMonitorPages : features;
    this.connection = new HostConnection(this, { versions, features: own });
    this.connection.backend = this.signals.backend;
    this.gpadls = new HostGpadls(this);
    this.unclaimed = new UnclaimedChannels(this);
    this.steps = new ChannelSteps(this);
    this.sockets = new SocketRequests(runtime, root, this, link.memory);
    this.#offering = new Offering(this);
    this.#messages = new GuestMessages(this, this.gpadls, refuse);
    link.connect((bytes, connectionId) =>
      takeMessage(
        bytes,
        this.agreed,
        (message) => this.receive(message, connectionId),
        refuse,
        (message) => this.connection.whyRefused(message),
      )
    );
  }

  /** See {@linkcode ClaimingEnd.memory}. */
  get memory(): GuestRam {
    return this.link.memory;
  }

  /** See {@linkcode HostPort.tellGpadl}. */
  tellGpadl(change: GpadlChange, gpadl: ToldGpadl): void {
    tellGpadl(this.#runtime, this.guest.traceId, "host", change, gpadl);
  }

  /** See {@linkcode ClaimingEnd.post}. What the guest's version does not have is not said (wire.md 4.2). */
  post(message: ControlMessage, place: SynicPlace | null = null): void {
    const { protocol } = this.connection;
    if (protocol === null || refusalOf(message.message, protocol) !== null) return;
    const bytes = encodeControlMessage(message);
    // What goes elsewhere waits for nothing: it is lost where it cannot be said (wire.md 5.4).
    if (place === null) this.connection.post(bytes);
    else this.link.post(bytes, place);
  }

  /** See {@linkcode HostPort.protocol}. */
  get protocol(): Protocol {
    return this.connection.protocol ?? NOTHING_AGREED;
  }

  /** See {@linkcode HostPort.isConnected}. */
  get isConnected(): boolean {
    return this.actor.is("connected");
  }

  /** The chart of the connection. */
  get actor(): ChartActor<ConnectionEvent, ConnectionTag> {
    return this.connection.actor;
  }

  /** What messages of the guest are read by. */
  get agreed(): Agreed {
    return this.taker === null ? this.connection.agreed : "any";
  }

  /** Where the guest hears what is said to it. */
  get messagePlace(): SynicPlace {
    return this.connection.messagePlace;
  }

  /** The channel that the guest calls `channelId`. */
  channel(channelId: number): OfferedChannel | null {
    return this.offered.at(channelId);
  }

  /** The channel that a message of the guest is about; null where the guest has released the id. */
  channelOfGuest(channelId: number): OfferedChannel | null {
    const channel = this.channel(channelId);
    return channel?.actor.is("released") === true ? null : channel;
  }

  /** All channels whose ids the guest has not released, in the order in which they were given out. */
  get known(): readonly OfferedChannel[] {
    return this.offered.known;
  }

  /** All channels whose offers stand, in the order of the offers. */
  get channels(): readonly OfferedChannel[] {
    return this.offered.standing;
  }

  /** All that the guest is to be told of, in order. */
  get toOffer(): readonly OfferedChannel[] {
    return this.offered.toOffer;
  }

  // -- Offers

  /** See {@linkcode BusPort.admit}. */
  admit(endpoint: Endpoint): NtStatus {
    return this.#offering.admit(endpoint);
  }

  /** See {@linkcode BusPort.join}. */
  join(endpoint: Endpoint): void {
    this.#offering.join(endpoint);
  }

  /** See {@linkcode SteppingEnd.offerQueued}. */
  offerQueued(): void {
    this.connection.look();
    this.#offering.offerQueued();
  }

  /** See {@linkcode SteppingEnd.handOver}. */
  handOver(channelId: number, successor: OfferedChannel): void {
    this.#offering.handOver(channelId, successor);
  }

  /** See {@linkcode ClaimingEnd.takeBackSubchannels}. */
  takeBackSubchannels(device: ServerTarget): void {
    this.#offering.takeBackSubchannels(device);
  }

  // -- What the guest says

  /** Whether it takes messages that are posted to `connectionId` (wire.md 4.1). */
  hearsAt(connectionId: number): boolean {
    const own = contactConnectionId(this.guest.port, true);
    return connectionId === MESSAGE_CONNECTION_ID || connectionId === own ||
      connectionId === this.connection.contact?.connectionId;
  }

  /** Takes a message of the guest; answers with the fault where it is not to be taken. */
  receive(message: ControlMessage, connectionId: number): BusFault["fault"] | null {
    if (this.taker !== null) {
      this.taker.hear(message);
      return null;
    }
    if (!this.connection.trusts(connectionId)) return "untrustedMessage";
    const fault = this.connection.receive(message, connectionId);
    return fault === "other" ? this.#messages.receive(message) : fault;
  }

  /** See {@linkcode SteppingEnd.openAgain}. */
  openAgain(channel: OfferedChannel): void {
    this.#messages.openAgain(channel);
  }

  /** See {@linkcode ClaimingEnd.offerAll}. */
  offerAll(): boolean {
    return this.#offering.offerAll();
  }

  // -- What the servers say

  /** See {@linkcode BusPort.answerOpen}. A channel that closes already answers with that. */
  answerOpen(endpoint: Endpoint, status: NtStatus): void {
    const channel = this.offered.of(endpoint);
    if (channel === null) return;
    const { actor } = channel;
    // Of a channel that the guest has left, the end of the open tells that its close begins.
    if (endpoint.is("leaving") && !actor.is("released")) return;
    const type = NT_SUCCESS(status) ? "opened" : "refused";
    if (actor.can(type)) actor.send({ type, status });
    else if (type === "refused" && !endpoint.is("leaving")) this.#reoffer(endpoint, channel);
  }

  /** A channel that the guest has open is refused by its restored server: it gets another one (kmcl.md V10). */
  #reoffer(endpoint: Endpoint, channel: OfferedChannel): void {
    this.removeGpadls(endpoint, "EvtChannelOpened");
    channel.actor.send({ type: "ringsFree" });
    this.#offering.rescind(endpoint);
    channel.endpoint = null;
    this.join(endpoint);
  }

  /** See {@linkcode BusPort.tellClosed}. */
  tellClosed(endpoint: Endpoint): void {
    if (endpoint.is("byUs")) this.#offering.rescind(endpoint);
  }

  /**
   * Takes the offer of `endpoint` back by itself, as where its device is taken from the guest: to the server it is as
   * if the guest had closed the channel, and from then on nobody opens it. False where no offer stands.
   */
  takeBack(endpoint: Endpoint): boolean {
    return this.#offering.takeBack(endpoint);
  }

  /** Offers a channel anew whose offer was taken back, if its server still wants that, and has closed. */
  offerAgain(endpoint: Endpoint): void {
    const { end, channelId } = endpoint;
    if (end !== this || !this.#offering.canOfferAgain(endpoint)) return;
    const before = channelId === null ? null : this.channel(channelId);
    if (before?.endpoint === endpoint) before.endpoint = null;
    this.join(endpoint);
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
    return this.offered.of(endpoint) ?? (channelId === null ? null : this.channel(channelId));
  }

  /** See {@linkcode BusPort.release}. The server never waits for the guest (kmcl.md S11). */
  release(endpoint: Endpoint): void {
    const channel = this.#channelOf(endpoint);
    this.#offering.rescind(endpoint);
    if (channel?.actor.can("ringsFree") === true) channel.actor.send({ type: "ringsFree" });
    if (channel !== null) channel.endpoint = null;
    endpoint.released();
  }

  /** The restore of the guest failed: no further event comes for what it knew. */
  discard(): void {
    this.gpadls.stopActors();
    this.signals.disconnect();
    for (const { actor } of [...this.known, ...this.channels]) actor.stop();
  }

  // -- The guest leaves

  /**
   * The guest disconnects (wire.md 5.1, 5.2): it has released all of its channels but those that it opened as
   * reserved. Servers of open ones close; what is offered, the guest hears of when it asks again.
   */
  disconnect(): void {
    this.unclaimed.clear();
    this.sockets.guestGone();
    this.offered.offerNothing();
    const { known } = this.offered;
    const kept = new Set(known.filter(({ actor }) => actor.is("reserved")));
    this.gpadls.disconnect((channelId) => {
      const channel = this.channel(channelId);
      return channel !== null && kept.has(channel);
    });
    for (const channel of known) channel.leave("disconnect");
  }

  /** Whether a guest that disconnects has nothing left here but what it opened as reserved (wire.md 5.1). */
  get isReleased(): boolean {
    return this.known.every(({ actor }) => actor.is("reserved"));
  }

  /** Every channel that the guest had opened closes; the offers stand, though nobody takes them. */
  guestGone(): void {
    this.actor.send({ type: "guestGone" });
    this.unclaimed.clear();
    this.sockets.guestGone();
    this.gpadls.disconnect(() => false);
    for (const channel of this.known) channel.leave("guestGone");
    this.signals.disconnect();
  }
}
