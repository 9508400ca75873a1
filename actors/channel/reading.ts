/**
 * A work item that takes packets, where it may be overtaken: between two packets, between the steps by which a
 * reader goes to sleep (wire.md 1.8), and before EvtChannelProcessingComplete.
 *
 * @module
 */

import type { IncomingRing } from "../../core/ring/incoming.ts";
import { packetTotalBytes } from "../../core/ring/layout.ts";
import type { RingFault } from "../../core/ring/ring_memory.ts";
import type { Irql } from "../runtime/irql.ts";
import type { Points } from "../runtime/points.ts";

/** What comes next. A reader that stopped does just that when it continues, and looks at nothing again. */
type Step =
  /** A look at the ring, and what it shows. */
  | "packet"
  /** The ring was seen empty: the room of what was read is given back. */
  | "giveBack"
  /** The mask is cleared. */
  | "unmask"
  /** The second look. */
  | "lookAgain"
  /** The driver hears of the batch. */
  | "report"
  /** The same, as the packet at the head goes to the queue at PASSIVE_LEVEL. */
  | "endRequeue";

/** What a reading does on its receiving half. */
export interface ReadingHalf {
  /** The reader's end of the ring, while there is one. */
  ring(): IncomingRing | null;
  /** Whether a ProcessPacket or ProcessingComplete call is unfinished. */
  isBusy(): boolean;
  /** Whether packets move. */
  flows(): boolean;
  /** Packets that are taken in one item at most. */
  readonly packetsPerItem: number;
  /** Whether another packet may be delivered. */
  mayGrow(): boolean;
  /** Takes the packet that the ring shows; false where the queue must not continue at once. */
  take(ring: IncomingRing, irql: Irql): boolean;
  /** Gives the room of what was read back. */
  commit(ring: IncomingRing): void;
  /** Tells the driver of the batch. */
  report(irql: Irql): void;
  /** Ends the batch as the packet at the head was handed back, and has the queue continue at PASSIVE_LEVEL. */
  endRequeue(ring: IncomingRing, irql: Irql): void;
  /** The opposite side broke the protocol. */
  faulted(fault: RingFault): void;
  /** Has the queue continue in a work item of its own. */
  scheduleNext(): void;
}

/** Where a reading stopped at a scheduling point. */
export interface ReadingPlace {
  /** What comes next. */
  readonly step: Step;
  /** The level of its item. */
  readonly irql: Irql;
  /** Packets that the item has taken. */
  readonly taken: number;
  /** Whether an item of the other level came meanwhile. */
  readonly isAgainDue: boolean;
  /** How long the packet was that was shown last. */
  readonly packetBytes: number;
}

/** The reading of one endpoint: one at a time, at one level. */
export class Reading {
  readonly #half: ReadingHalf;
  readonly #points: Points;
  /** Null while none is under way. */
  #step: Step | null = null;
  #irql: Irql = 0;
  #taken = 0;
  /** An item of the other level came meanwhile: the queue continues once more. */
  #isAgainDue = false;
  /** How long the packet was that was shown last. */
  #packetBytes = 0;

  /** Of `half`, which may be overtaken at `points`. */
  constructor(half: ReadingHalf, points: Points) {
    this.#half = half;
    this.#points = points;
  }

  /** The ring is gone, or another one. */
  forget(): void {
    this.#step = null;
    this.#isAgainDue = false;
    this.#packetBytes = 0;
  }

  /** Whether an item is at it, or stopped in it. */
  get isUnderWay(): boolean {
    return this.#step !== null;
  }

  /** Whether the next step is between the reader and its ring alone. */
  get isAtRing(): boolean {
    return this.#step === "giveBack" || this.#step === "unmask" || this.#step === "lookAgain";
  }

  /** Where one that is under way stopped, and how far it is; null: none is. */
  get place(): ReadingPlace | null {
    if (this.#step === null) return null;
    const [step, irql, taken] = [this.#step, this.#irql, this.#taken];
    return { step, irql, taken, isAgainDue: this.#isAgainDue, packetBytes: this.#packetBytes };
  }

  /** About how many turns it will take: one for each packet that the ring holds, and those of the end. */
  get turnsAhead(): number {
    const ring = this.#half.ring();
    if (ring === null || this.#packetBytes === 0) return 1;
    return 1 + Math.ceil(ring.unreadBytesAsTold / this.#packetBytes);
  }

  /** The driver has handed the packet back that was delivered to it now. */
  requeue(): void {
    this.#step = "endRequeue";
  }

  /** Continues from where it was, or begins; true where it stopped at a point. */
  run(irql: Irql): boolean {
    if (this.#step === null) this.#begin(irql);
    else if (this.#irql !== irql) {
      this.#isAgainDue = true;
      return false;
    }
    const ring = this.#half.ring();
    if (ring === null || this.#half.isBusy()) this.#step = null;
    else if (!this.#half.flows()) {
      this.#step = null;
      this.#half.commit(ring);
    }
    while (ring !== null && this.#step !== null) {
      this.#step = this.#do(this.#step, ring);
      if (this.#step !== null && this.#points.stop()) return true;
    }
    if (this.#isAgainDue) {
      this.#isAgainDue = false;
      this.#half.scheduleNext();
    }
    return false;
  }

  #begin(irql: Irql): void {
    this.#step = "packet";
    this.#irql = irql;
    this.#taken = 0;
  }

  /** Does one step; what comes after it, or null where nothing does. */
  #do(step: Step, ring: IncomingRing): Step | null {
    const half = this.#half;
    switch (step) {
      case "packet":
        return this.#takeOne(ring);
      case "giveBack":
        half.commit(ring);
        return "unmask";
      case "unmask":
        return this.#after(ring.unmask() ?? "lookAgain");
      case "lookAgain":
        return this.#after(ring.lookAgain());
      case "report":
        this.#step = null; // a callback that looks finds no reading under way
        half.report(this.#irql);
        return null;
      case "endRequeue":
        this.#step = null;
        half.endRequeue(ring, this.#irql);
        return null;
    }
  }

  #after(outcome: "lookAgain" | "sleep" | "more" | RingFault): Step {
    if (outcome === "lookAgain") return outcome;
    if (outcome === "more") return "packet";
    if (outcome !== "sleep") this.#half.faulted(outcome);
    return "report";
  }

  #takeOne(ring: IncomingRing): Step | null {
    const half = this.#half;
    if (this.#taken++ === half.packetsPerItem) {
      half.commit(ring);
      half.scheduleNext();
      return null;
    }
    if (!half.flows()) {
      half.commit(ring);
      return null;
    }
    if (!half.mayGrow()) {
      half.commit(ring);
      return "report";
    }
    const outcome = ring.next();
    if (outcome === "empty") return "giveBack";
    if (outcome !== "packet") {
      half.faulted(outcome);
      return null;
    }
    this.#packetBytes = packetTotalBytes(ring.end - ring.start);
    if (half.take(ring, this.#irql)) return "packet";
    return this.#step === "endRequeue" ? this.#step : null;
  }
}
