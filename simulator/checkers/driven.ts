/**
 * What the driver of an endpoint has seen of it: a model that is made of its callbacks alone, so that the
 * chart can be held against it.
 *
 * @module
 */

import type { Endpoint } from "../../actors/channel/endpoint.ts";
import { currentFrame } from "../../actors/runtime/irql.ts";
import type { ObservationOf } from "../../actors/runtime/observation.ts";

/** The state change callbacks. */
const NAMES = [
  "EvtChannelOpened",
  "EvtChannelStarted",
  "EvtChannelPostStarted",
  "EvtChannelSuspend",
  "EvtChannelClosed",
  "EvtChannelPnpFailure",
] as const;

/** A state change callback. */
export type StateChange = typeof NAMES[number];

/** Each of them. */
export const STATE_CHANGES: ReadonlySet<string> = new Set(NAMES);

/** What a driver knows of one channel. */
export class Driven {
  /** Whether it was told that the channel is open. */
  lifecycle: "none" | "opening" | "open" | "closing" = "none";
  /** What it was told of the flow. */
  flow: "fresh" | "starting" | "running" | "suspending" | "suspended" = "fresh";
  /** PostStarted was called since Started. */
  isAnnounced = false;
  /** The state change callback that has not returned. */
  change: StateChange | null = null;
  /** A ProcessPacket call has not returned. */
  isInPacket = false;
  /** A ProcessingComplete call has not returned. */
  isInBatch = false;
  /** Packets that it was given and has not retired. */
  outstanding = 0;
  /** Packets that it was given since a batch ended; null: that is not known. */
  batch: number | null = 0;
  /** The packet at the head was handed back; null: that is not known. */
  isHeadPassive: boolean | null = false;
  /** The opposite side broke the protocol, or the driver said so. */
  isFaulted = false;
  /** How often Closed was called. */
  closes = 0;
  /** How often it had been suspended and held no packet any more. */
  rests = 0;
  /** Disabled, or left by the opposite side, since it has its rings. */
  isLeaving = false;
  /** Its guest has left the bus, so that it is gone without the opposite side's doing. */
  hasLeft = false;

  /** The channel has rings: it is about to open, or was restored. */
  attach(isResumed: boolean): void {
    this.isFaulted = false;
    this.isLeaving = false;
    this.hasLeft = false;
    this.flow = "fresh";
    this.isInPacket = false;
    this.isInBatch = false;
    this.batch = isResumed ? null : 0;
    this.isHeadPassive = isResumed ? null : false;
  }

  /** A state change callback is called. */
  began(change: StateChange): void {
    this.change = change;
    if (change === "EvtChannelOpened") this.lifecycle = "opening";
    else if (change === "EvtChannelClosed") {
      this.lifecycle = "closing";
      this.closes++;
    } else if (change === "EvtChannelStarted") {
      this.flow = "starting";
      this.isAnnounced = false;
    } else if (change === "EvtChannelPostStarted") this.isAnnounced = true;
    else if (change === "EvtChannelSuspend") {
      this.flow = "suspending";
    }
  }

  /** A callback has returned. */
  returned(callback: string): void {
    if (callback === "EvtChannelProcessPacket") this.isInPacket = false;
    else if (callback === "EvtChannelProcessingComplete") this.isInBatch = false;
    if (callback !== this.change) return;
    this.change = null;
    if (callback === "EvtChannelStarted") this.flow = "running";
    else if (callback === "EvtChannelSuspend") {
      this.flow = "suspended";
      if (this.outstanding === 0) this.rests++;
    } else if (callback === "EvtChannelClosed") {
      this.lifecycle = "none";
      this.flow = "fresh";
    }
  }

  /** The channel's chart was told of something: what Opened answered is known by that. */
  changed(event: string): void {
    if (event === "openedOk") this.lifecycle = "open";
    else if (event === "openedFailed") this.lifecycle = "none";
    else if (event === "disable" || event === "peerClosed") this.isLeaving = true;
  }

  /** A packet is given to it. */
  arrived(): void {
    this.isInPacket = true;
    this.isHeadPassive = false;
    this.outstanding++;
    if (this.batch !== null) this.batch++;
  }

  /** It is done with a packet, or has handed it back. */
  retired(how: ObservationOf<"packetRetired">["how"]): void {
    this.outstanding--;
    if (this.outstanding === 0 && this.flow === "suspended") this.rests++;
    if (how !== "handedBack") return;
    this.isHeadPassive = true;
    if (this.batch !== null) this.batch--;
  }

  /** A batch has ended. */
  batchBegan(): void {
    this.isInBatch = true;
    this.batch = 0;
  }
}

/** The state change callback of an endpoint that has not returned. */
function pendingChange(endpoint: Endpoint): StateChange | null {
  const pending = [...endpoint.runtime.callbacks.pending].map(({ frame }) => frame);
  const running = currentFrame(); // whoever looks may have begun to in a callback
  for (const frame of running === null ? pending : [running, ...pending]) {
    const name = NAMES.find((change) => change === frame.name);
    if (frame.owner === endpoint && name !== undefined) return name;
  }
  return null;
}

/** What the driver of an endpoint must have seen that nobody has looked at yet. */
export function drivenOf(endpoint: Endpoint): Driven {
  const { actor: { tags }, incoming, rings } = endpoint;
  const driven = new Driven();
  const change = pendingChange(endpoint);
  if (rings !== null) driven.attach(true);
  if (tags.opened) driven.lifecycle = "open";
  if (tags.flows || tags.callSuspend) driven.flow = "running";
  else if (tags.quiet) driven.flow = "suspended";
  driven.isAnnounced = !tags.callPostStarted;
  if (change !== null) driven.began(change);
  driven.isFaulted = !tags.sound;
  driven.isLeaving = tags.leaving;
  driven.outstanding = incoming.outstandingPackets.outstanding;
  driven.isInPacket = incoming.isBusy;
  return driven;
}
