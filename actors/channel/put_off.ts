/**
 * What a writer has put off, where there are scheduling points: the signal for what it has shown (wire.md 1.7), and
 * its wish for room with the look that follows it. Others may run before each of these.
 *
 * @module
 */

import type { OutgoingRing } from "../../core/ring/outgoing.ts";
import type { RingFault } from "../../core/ring/ring_memory.ts";
import { DISPATCH_LEVEL } from "../runtime/irql.ts";
import type { Points } from "../runtime/points.ts";
import { type Worker, WorkItem } from "../runtime/processor.ts";
import type { Touch } from "../runtime/chooser.ts";
import { type PlacedEndpoint, ringTouchesOf } from "./touches.ts";

/** What it needs of the endpoint that writes. */
export interface WritingEndpoint extends PlacedEndpoint {
  /** Its sending half. */
  readonly outgoing: {
    readonly ring: OutgoingRing | null;
    readonly awaitsRoom: boolean;
    goOn(came: boolean | RingFault): void;
  };
  /** Its signal to the opposite side. */
  readonly signal: { raise(): void };
}

/** A part of a writer's work that may come later, in an item of its own. */
abstract class PutOff implements Worker {
  /** Does it. */
  readonly item: WorkItem;
  protected readonly endpoint: WritingEndpoint;
  readonly #points: Points;

  /** Of the writer of `endpoint`. */
  constructor(endpoint: WritingEndpoint, points: Points) {
    this.endpoint = endpoint;
    this.#points = points;
    this.item = new WorkItem(this, "signal", DISPATCH_LEVEL, endpoint.partition.processor(0));
  }

  /** See {@linkcode Worker.traceId}. */
  get traceId(): number {
    return this.endpoint.id;
  }

  /** See {@linkcode Worker.touches}. */
  touches(): readonly Touch[] {
    return ringTouchesOf(this.endpoint);
  }

  /** Whether it comes later. */
  protected isLater(): boolean {
    const isLater = this.#points.putsOff(this.item);
    if (isLater) this.endpoint.runtime.scheduler.schedule(this.item);
    return isLater;
  }

  /** See {@linkcode Worker.work}. */
  abstract work(): void;
}

/** The signal for what a writer has shown. */
class PutOffSignal extends PutOff {
  /** For each signal where the packets begin that it is for. */
  readonly #shown: number[] = [];

  /** Whether a signal is put off. */
  get isDue(): boolean {
    return this.#shown.length > 0;
  }

  /** For each signal that is put off where the packets begin that it is for. */
  get shown(): readonly number[] {
    return this.#shown;
  }

  /** Shows what was written, and signals the reader where it wants that, now or later. */
  publish(ring: OutgoingRing): void {
    const before = ring.committed;
    if (!ring.commit()) return;
    if (this.isLater()) this.#shown.push(before);
    else this.endpoint.signal.raise();
  }

  /** The rings are gone. */
  forget(): void {
    this.#shown.length = 0;
  }

  /** Sends what is due, where the reader still wants it; a save must not depend on what was put off. */
  work(): void {
    const { ring } = this.endpoint.outgoing;
    const isWanted = this.#shown.splice(0).some((before) => ring?.wantsSignal(before) === true);
    if (isWanted) this.endpoint.signal.raise();
  }
}

/** What a writer that found no room does next, and for how long a body. */
export interface RoomStep {
  /** Whether it says that it waits for room, or looks whether there is some. */
  readonly next: "wish" | "look";
  /** How long the body is. */
  readonly bodyBytes: number;
}

/** The wish for room, and the look that follows it. */
class PutOffRoom extends PutOff {
  #step: RoomStep | null = null;

  /** What is put off; null: nothing is. */
  get step(): RoomStep | null {
    return this.#step;
  }

  /** What {@linkcode OutgoingRing.awaitRoom} answers; null: that comes later, through `goOn` of the writer. */
  awaitRoom(ring: OutgoingRing, bodyBytes: number): boolean | RingFault | null {
    return this.#isLater("wish", bodyBytes) ? null : this.#wish(ring, bodyBytes);
  }

  #wish(ring: OutgoingRing, bodyBytes: number): boolean | RingFault | null {
    ring.wishRoom(bodyBytes);
    return this.#isLater("look", bodyBytes) ? null : ring.hasGotRoom(bodyBytes);
  }

  #isLater(next: RoomStep["next"], bodyBytes: number): boolean {
    if (!this.isLater()) return false;
    this.#step = { next, bodyBytes };
    return true;
  }

  /** The rings are gone, or somebody puts packets into them now, and asks for room by himself. */
  forget(): void {
    this.#step = null;
  }

  /** Continues where it was put off. */
  work(): void {
    const { outgoing, isSound } = this.endpoint;
    const step = this.#step;
    this.#step = null;
    if (step === null || outgoing.ring === null || !outgoing.awaitsRoom || !isSound) return;
    const { next, bodyBytes } = step;
    const came = next === "wish"
      ? this.#wish(outgoing.ring, bodyBytes)
      : outgoing.ring.hasGotRoom(bodyBytes);
    if (came !== null) outgoing.goOn(came);
  }
}

/** All that the writer of one endpoint may put off. */
export interface WritersPutOff {
  /** Its signal. */
  readonly signal: PutOffSignal;
  /** Its wish for room. */
  readonly room: PutOffRoom;
  /** The rings are gone. */
  forget(): void;
}

/** What the writer of `endpoint` may put off; null where there are no scheduling points. */
export function writersPutOff(endpoint: WritingEndpoint): WritersPutOff | null {
  const { points } = endpoint.runtime.scheduler;
  if (points === null) return null;
  const signal = new PutOffSignal(endpoint, points);
  const room = new PutOffRoom(endpoint, points);
  const forget = () => {
    signal.forget();
    room.forget();
  };
  return { signal, room, forget };
}
