/**
 * Completions that a driver has made, and that come later: as from a driver that takes longer, or that works
 * at several packets at once.
 *
 * @module
 */

import type { Endpoint } from "../../../actors/channel/endpoint.ts";
import type { IncomingPacket } from "../../../actors/channel/incoming_packet.ts";
import { touchesOf } from "../../../actors/channel/touches.ts";
import type { Touch } from "../../../actors/runtime/chooser.ts";
import type { Deadline } from "../../../core/clock.ts";
import { PASSIVE_LEVEL } from "../../../actors/runtime/irql.ts";
import { UNITS_PER_MS } from "../../../actors/runtime/real_pace.ts";
import { type Worker, WorkItem } from "../../../actors/runtime/processor.ts";
import type { Timer } from "../../../actors/runtime/timer.ts";
import { makeCompletion } from "../../../kmcl/channel_packet.ts";
import type { ArrivedPacket } from "../../../kmcl/handles.ts";

/** A completion that comes later. */
interface Kept {
  readonly packet: ArrivedPacket;
  readonly answer: Uint8Array;
  /** Whether the next completion of the endpoint takes this one along, behind it. */
  readonly isSwapped: boolean;
  isDue: boolean;
  /** When it comes at the latest. */
  deadline: Deadline<Timer> | null;
}

/** The completions that the driver of one endpoint has made, and that come later. */
export class KeptCompletions implements Worker {
  readonly #endpoint: Endpoint;
  readonly #item: WorkItem;
  #kept: Kept[] = [];

  /** None yet; they come on the first processor of the partition of `endpoint`. */
  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
    const processor = endpoint.partition.processor(0);
    this.#item = new WorkItem(this, "passivePackets", PASSIVE_LEVEL, processor);
  }

  /** Stands for it on the trace. */
  get traceId(): number {
    return this.#endpoint.id;
  }

  /** See {@linkcode Worker.touches}. */
  touches(): readonly Touch[] {
    return touchesOf(this.#endpoint);
  }

  /**
   * Keeps one that comes after so much time at the latest; `isSwapped`: right behind the next one of the
   * endpoint, where that is earlier.
   */
  keep(
    packet: IncomingPacket,
    answer: Uint8Array,
    answerBytes: number,
    milliseconds: number,
    isSwapped: boolean,
  ): void {
    const kept: Kept = {
      packet: packet as ArrivedPacket,
      answer: answer.slice(0, answerBytes),
      isSwapped,
      isDue: false,
      deadline: null,
    };
    this.#endpoint.incoming.outstandingPackets.withhold(packet);
    this.#kept.push(kept);
    const { runtime } = this.#endpoint;
    const fire = () => this.#comesDue((each) => each === kept);
    const at100ns = runtime.clock.now100ns + milliseconds * UNITS_PER_MS;
    kept.deadline = runtime.armTimer(at100ns, { fire });
  }

  /** A completion is made: those that it was to overtake come right behind it. */
  overtaken(): void {
    this.#comesDue(({ isSwapped }) => isSwapped);
  }

  #comesDue(isIt: (kept: Kept) => boolean): void {
    const { partition, runtime } = this.#endpoint;
    const due = this.#kept.filter(isIt);
    for (const kept of due) kept.isDue = true;
    // While its partition is paused it waits there, as any work of the driver's does.
    if (due.length > 0 && partition.isAlive) runtime.scheduler.schedule(this.#item);
  }

  /** See {@linkcode Worker.work}: the driver completes what is due. */
  work(): void {
    this.#make(({ isDue }) => isDue);
  }

  /** All of them come now. */
  release(): void {
    this.#make(() => true);
  }

  /** The endpoint is freed: none of them comes. */
  forget(): void {
    this.#take(() => true);
  }

  #take(isIt: (kept: Kept) => boolean): readonly Kept[] {
    const taken = this.#kept.filter(isIt);
    this.#kept = this.#kept.filter((kept) => !taken.includes(kept));
    for (const { deadline } of taken) {
      if (deadline !== null) this.#endpoint.runtime.cancelTimer(deadline);
    }
    return taken;
  }

  #make(isIt: (kept: Kept) => boolean): void {
    for (const { packet, answer } of this.#take(isIt)) {
      if (this.#endpoint.partition.isAlive) makeCompletion(packet, answer, answer.length);
    }
  }
}
