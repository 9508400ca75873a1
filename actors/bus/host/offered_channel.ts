/**
 * A channel on the host's end of a bus (wire.md 4.5, 5.2).
 *
 * @module
 */

import { type OpenChannel, TARGET_VP_NO_INTERRUPTS } from "../../../core/control/messages.ts";
import type { GuestRam } from "../../../core/memory/guest_memory.ts";
import type { NtStatus } from "../../../core/ntstatus.ts";
import type { BusChannel, Doorbell, MmioRange, Rings } from "../../channel/bus_port.ts";
import type { ChannelKey } from "../../channel/configuration.ts";
import type { Endpoint } from "../../channel/endpoint.ts";
import type { ChartActor } from "../../chart/chart_actor.ts";
import { effectsOf, type EffectTable } from "../../chart/effects.ts";
import type { Actors } from "../../runtime/actors.ts";
import type { HostSignal, SynicPlace } from "../synic.ts";
import type { HostGpadl } from "./gpadl.ts";
import { OFFERED_CHANNEL_ACTOR } from "./offered_channel_machine.ts";
import type { OfferedChannelEffect, OfferedChannelEvent, OfferedChannelTag } from "./types.ts";

/** Greater than any order that a server can say. */
const OFFER_ORDER_NONE = 2 ** 32;

/** What the steps of a channel do beyond itself. */
export interface OfferedChannelOwner {
  /** The guest's memory. */
  readonly memory: GuestRam;
  /** The guest is told of it. */
  sendOffer(channel: OfferedChannel): void;
  /** The guest hears what became of its open. */
  sendOpenResult(channel: OfferedChannel, status: NtStatus): void;
  /** The guest is told that the offer is gone. */
  sendRescind(channel: OfferedChannel): void;
  /** The guest hears that its reserved channel is closed. */
  sendReservedClosed(channel: OfferedChannel): void;
  /** The host is to signal the processor that the guest wants. */
  beginModify(channel: OfferedChannel): void;
  /** The guest hears that the host does so. */
  sendModified(channel: OfferedChannel): void;
  /** The server is told that the guest closed it, or is gone. */
  tellPeerClosed(channel: OfferedChannel): void;
  /** The guest has its rings back. */
  freeRings(channel: OfferedChannel): void;
  /** The open that waited for the end of the last one is due. */
  openAgain(channel: OfferedChannel): void;
  /** Its id is nobody's any more. */
  forget(channel: OfferedChannel): void;
  /** Its id is that of its successor from now on. */
  handOver(channel: OfferedChannel): void;
}

/** A channel as the host knows it. What the guest knows of it, its chart says. */
export class OfferedChannel implements BusChannel {
  /** Its chart. */
  readonly actor: ChartActor<OfferedChannelEvent, OfferedChannelTag>;
  /** Whose it is. */
  readonly owner: OfferedChannelOwner;
  /** What tells it from all others. */
  readonly key: ChannelKey;
  /** The server; null as long as none has claimed a channel that a restored guest knows. */
  endpoint: Endpoint | null = null;
  /** The id that the guest knows it by; null before it was told. */
  channelId: number | null = null;
  /** The ring GPADL, while the server has rings. */
  ring: HostGpadl | null = null;
  /** Where in the ring GPADL the ring begins that the host writes, in pages. */
  downstreamPageOffset = 0;
  /** What the guest calls the open that is under way. */
  openId = 0;
  /** The virtual processor of the guest that the host signals, or {@linkcode TARGET_VP_NO_INTERRUPTS}. */
  targetVp = 0;
  /** The processor that the guest wants to be interrupted on, once the host has come to that. */
  wantedVp = 0;
  /** The change of processors that the host is at; null while it is at none. */
  change: { readonly targetVp: number } | null = null;
  /** The connection by which the guest signals the host; null: the offer's. */
  connectionId: number | null = null;
  /** The flag that the host sets to signal the guest; null: the channel's number. */
  eventFlag: number | null = null;
  /** Whether the guest has its interrupts go to the redirect target (wire.md 6). */
  isRedirected = false;
  /** Where answers about a reserved channel go; null: where all go. */
  answerPlace: SynicPlace | null = null;
  /** Its id in the monitor page; null for none. */
  monitorId: number | null = null;
  /** A server's signals never go through a monitor page. */
  readonly monitored = null;
  /** What the guest signals it by; null while nobody listens. */
  heardAs: HostSignal | null = null;
  /** See {@linkcode BusChannel.mmio}: the host has it while the server has rings. */
  mmio: MmioRange | null = null;
  /** See {@linkcode BusChannel.rings}. */
  rings: Rings | null = null;
  /** Interrupts the guest, while the channel is open and the guest wants that. */
  doorbell: Doorbell | null = null;
  /** The open that waits for the end of the last one. */
  nextOpen: OpenChannel | null = null;
  /** The channel of the server that waits for the id of this one; null while none does. */
  successor: OfferedChannel | null = null;
  /** The channel whose successor it was made; that may have another one by now. */
  predecessor: OfferedChannel | null = null;

  /** A channel that was never told to the guest. */
  constructor(actors: Actors, owner: OfferedChannelOwner, key: ChannelKey) {
    this.owner = owner;
    this.key = key;
    this.actor = actors.create(OFFERED_CHANNEL_ACTOR, null, effectsOf(this, EFFECTS));
  }

  /** Whether what the guest says of it is lost: the offer was taken back, or no server has claimed it. */
  get isUnserved(): boolean {
    return this.endpoint === null || this.actor.is("revoked");
  }

  /** Nobody serves it any more: the guest gets its rings back, and is told. */
  revoke(): void {
    if (this.actor.can("ringsFree")) this.actor.send({ type: "ringsFree" });
    this.actor.send({ type: "revoke" });
  }

  /** The guest has left the channel, by a word for all of them or as it is gone. */
  leave(type: "disconnect" | "guestGone"): void {
    if (!this.actor.can(type)) return;
    this.doorbell = null;
    this.actor.send({ type });
    if (this.endpoint === null && this.actor.can("revoke")) this.revoke(); // nobody claims it any more
  }

  /** Whether the guest wants to be interrupted. */
  get hasInterrupts(): boolean {
    return this.targetVp !== TARGET_VP_NO_INTERRUPTS;
  }

  /** Where it stands among the offers of its interface: what its server says, or behind all that say something. */
  get offerOrder(): number {
    return this.endpoint?.configuration.offerOrder ?? OFFER_ORDER_NONE;
  }

  /** See {@linkcode BusChannel.instance}. */
  get instance(): string | null {
    return this.endpoint === null ? null : this.key.instance;
  }

  /** See {@linkcode BusChannel.isRingConfidential}; the guest decides what it shares. */
  readonly isRingConfidential = false;
  /** See {@linkcode BusChannel.isMemoryConfidential}. */
  readonly isMemoryConfidential = false;

  /** See {@linkcode BusChannel.memory}. */
  get memory(): GuestRam {
    return this.owner.memory;
  }
}

/** What the chart names. */
const EFFECTS: EffectTable<OfferedChannel, OfferedChannelEvent, OfferedChannelEffect> = {
  sendOffer: (channel) => channel.owner.sendOffer(channel),
  sendOpenResult(channel, event) {
    if ("status" in event) channel.owner.sendOpenResult(channel, event.status);
  },
  sendRescind: (channel) => channel.owner.sendRescind(channel),
  tellPeerClosed: (channel) => channel.owner.tellPeerClosed(channel),
  freeRings: (channel) => channel.owner.freeRings(channel),
  openAgain: (channel) => channel.owner.openAgain(channel),
  forget: (channel) => channel.owner.forget(channel),
  handOver: (channel) => channel.owner.handOver(channel),
  sendReservedClosed: (channel) => channel.owner.sendReservedClosed(channel),
  beginModify: (channel) => channel.owner.beginModify(channel),
  sendModified: (channel) => channel.owner.sendModified(channel),
  remove: (channel) => channel.actor.stop(),
};
