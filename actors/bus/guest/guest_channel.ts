/**
 * An offer that arrived at the guest's end of a bus, and what a client has made of it (wire.md 4.5, 5.6).
 *
 * @module
 */

import type { AnyMachineSnapshot } from "xstate";
import {
  OFFER_FLAG_CONFIDENTIAL_EXTERNAL_MEMORY,
  OFFER_FLAG_CONFIDENTIAL_RING,
  type OfferChannel,
} from "../../../core/control/messages.ts";
import type { GuestBuffer, GuestRam } from "../../../core/memory/guest_memory.ts";
import type {
  BusChannel,
  Doorbell,
  MmioRange,
  MonitoredSignal,
  Rings,
} from "../../channel/bus_port.ts";
import type { Endpoint } from "../../channel/endpoint.ts";
import type { ChartActor } from "../../chart/chart_actor.ts";
import { effectsOf, type EffectTable } from "../../chart/effects.ts";
import type { Actors } from "../../runtime/actors.ts";
import { GUEST_CHANNEL_ACTOR } from "./channel_machine.ts";
import type { GuestChannelEffect, GuestChannelEvent, GuestChannelTag } from "./types.ts";

/** The channel of a client, from when it takes the offer until it leaves. */
export class ClientChannel implements BusChannel {
  readonly channelId: number;
  readonly instance: string;
  /** What the host offered. */
  readonly offer: OfferChannel;
  readonly memory: GuestRam;
  /** See {@linkcode BusChannel.mmio}. */
  mmio: MmioRange | null = null;
  /** See {@linkcode BusChannel.rings}. */
  rings: Rings | null = null;
  /** See {@linkcode BusChannel.doorbell}. */
  doorbell: Doorbell | null = null;
  /** The virtual processor that the host signals, or {@linkcode TARGET_VP_NO_INTERRUPTS}. */
  targetVp = 0;
  /** See {@linkcode BusChannel.monitored}. */
  monitored: MonitoredSignal | null = null;

  /** See {@linkcode BusChannel.isRingConfidential}. */
  readonly isRingConfidential: boolean;
  /** See {@linkcode BusChannel.isMemoryConfidential}. */
  readonly isMemoryConfidential: boolean;

  /** That of an offer, in the guest's memory; a host outside (`isTrusted`) cannot say that anything stays private. */
  constructor(offer: OfferChannel, memory: GuestRam, isTrusted: boolean) {
    this.offer = offer;
    this.isRingConfidential = isTrusted && (offer.flags & OFFER_FLAG_CONFIDENTIAL_RING) !== 0;
    this.isMemoryConfidential = isTrusted &&
      (offer.flags & OFFER_FLAG_CONFIDENTIAL_EXTERNAL_MEMORY) !== 0;
    this.channelId = offer.channelId;
    this.instance = offer.instanceId;
    this.memory = memory;
  }
}

/** What a client has put into the open of its channel. */
export interface TakenChannel {
  /** Who has taken the channel. */
  readonly client: Endpoint;
  /** What the open is called on the wire. */
  readonly openId: number;
  /** The pages of both rings. */
  readonly ringPages: GuestBuffer;
  /** The GPADL that describes them. */
  readonly ringGpadlId: number;
  /** The channel, as its client has it. */
  readonly channel: ClientChannel;
}

/** What the steps of a channel do beyond itself. */
export interface GuestChannelOwner {
  /** Waiting clients are to look at the offers. */
  scheduleMatch(): void;
  /** The host is told of the close. */
  sendClose(channel: GuestChannel): void;
  /** The client has its rings back, and leaves the channel. */
  freeRings(channel: GuestChannel): void;
  /** The client hears that the offer was taken back. */
  tellRescinded(channel: GuestChannel): void;
  /** It is released, unless the host owes an answer about it. */
  releaseIfDone(channel: GuestChannel): void;
  /** The host may use its id again. */
  sendRelease(channel: GuestChannel): void;
  /** The host is asked to signal the processor that the client wants. */
  sendModify(channel: GuestChannel): void;
  /** The client is interrupted on the processor that it wants. */
  changeProcessor(channel: GuestChannel): void;
}

/** An offer that arrived. Its chart says how far a client has taken it. */
export class GuestChannel {
  /** What the host offered. */
  readonly offer: OfferChannel;
  /** Its chart. */
  readonly actor: ChartActor<GuestChannelEvent, GuestChannelTag>;
  /** Whose it is. */
  readonly owner: GuestChannelOwner;
  /** What the client that took it has put into its open; null while it is free. */
  taken: TakenChannel | null = null;
  /** The processor that a client wants to be interrupted on, and who that is; null where none has asked. */
  wanted: { readonly targetVp: number; readonly taken: TakenChannel } | null = null;

  /** An offer that no client has taken, or, in `state`, one that was saved. */
  constructor(
    actors: Actors,
    owner: GuestChannelOwner,
    offer: OfferChannel,
    state: AnyMachineSnapshot | null = null,
  ) {
    this.offer = offer;
    this.owner = owner;
    this.actor = actors.create(GUEST_CHANNEL_ACTOR, state, effectsOf(this, EFFECTS));
  }
}

/** What the chart names. */
const EFFECTS: EffectTable<GuestChannel, GuestChannelEvent, GuestChannelEffect> = {
  scheduleMatch: (channel) => channel.owner.scheduleMatch(),
  sendClose: (channel) => channel.owner.sendClose(channel),
  freeRings: (channel) => channel.owner.freeRings(channel),
  tellRescinded: (channel) => channel.owner.tellRescinded(channel),
  releaseIfDone: (channel) => channel.owner.releaseIfDone(channel),
  sendModify: (channel) => channel.owner.sendModify(channel),
  changeProcessor: (channel) => channel.owner.changeProcessor(channel),
  sendRelease(channel) {
    channel.owner.sendRelease(channel);
    channel.actor.stop();
  },
};
