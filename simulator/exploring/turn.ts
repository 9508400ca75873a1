/**
 * One turn of a world: from the choice of who is next to the following one.
 *
 * @module
 */

import type { FabricRuntime } from "../../actors/fabric/fabric_runtime.ts";
import { PartitionObject } from "../../actors/partition/partition_object.ts";
import type { Endpoint } from "../../actors/channel/endpoint.ts";
import { touchesOf } from "../../actors/channel/touches.ts";
import type { Observation, ObservationKind, Observer } from "../../actors/runtime/observation.ts";
import type { WorkItem } from "../../actors/runtime/processor.ts";
import { endpointOf } from "../endpoints.ts";
import type { GuidedRun } from "../worlds/guide.ts";
import { Footprint } from "./footprint.ts";
import { dueItems, type Names } from "./names.ts";

/** Observations of what nobody can foresee. */
const UNFORESEEN: ReadonlySet<string> = new Set([
  "partitionChanges",
  "memoryWritten",
  "faultFires",
  "channelTampered",
]);

/** Observations in which a driver's code runs, or has called. */
const OF_DRIVERS: ReadonlySet<string> = new Set([
  "callbackBegins",
  "packetArrives",
  "transactionEnds",
  "functionReturns",
  "waitBegins",
  "waitReturns",
]);

/** Observations of a channel that is another one from then on: who may signal whom, and where its rings lie. */
const CHANGES: ReadonlySet<string> = new Set([
  "channelChanges",
  "channelFaults",
  "ringsAttached",
  "ringsDetached",
]);

/** Notes what the turns of one run touch. */
export class TurnRecorder implements Observer {
  readonly #fabric: FabricRuntime;
  readonly #world: { readonly waiting: number };
  readonly #names: Names;
  /** Whether checkers look of which nobody knows what they remember. */
  readonly #isWatched: boolean;
  #footprint = new Footprint();
  #item: WorkItem | null = null;
  #isRunning = false;
  #timers = "";
  #violations = 0;
  /** Items that were due when the turn began. */
  #due: ReadonlySet<WorkItem> = new Set();
  #begunAt100ns = 0;
  /** Items and timers that began in the turn, its own included. */
  #itemsBegun = 0;
  readonly #stop: () => void;

  /** Notes those of `fabric`, until it is detached. */
  constructor(
    { fabric, world }: Pick<GuidedRun, "fabric" | "world">,
    names: Names,
    isWatched: boolean,
  ) {
    this.#isWatched = isWatched;
    this.#fabric = fabric;
    this.#world = world;
    this.#names = names;
    this.#footprint.addEverything(); // the program begins
    this.#stop = fabric.observers.add(this);
    fabric.ringWatch = (guest, pfn, word, isStore) => this.#usesRing(guest, pfn, word, isStore);
    fabric.scheduler.onScheduledTwice = (item) => names.addScheduled(this.#footprint, item);
  }

  /** Between two turns others look at rings: whoever explores, to tell the state. */
  #usesRing(guest: object, pfn: number, word: number, isStore: boolean): void {
    if (!this.#isRunning || this.#footprint.isEverything) return;
    this.#footprint.add(`${(guest as PartitionObject).id} ring ${pfn}.${word}`, isStore);
  }

  /** Stops looking. */
  detach(): void {
    this.#stop();
  }

  /** A turn of `item` begins; `isExposed`: whatever runs before it may keep it from running. */
  begin(item: WorkItem, isExposed: boolean): void {
    const { clock } = this.#fabric;
    this.#footprint = new Footprint();
    this.#item = item;
    this.#itemsBegun = this.#fabric.scheduler.points?.isContinued === true ? 1 : 0;
    this.#begunAt100ns = clock.now100ns;
    this.#due = new Set(dueItems(this.#fabric));
    this.#timers = this.#timersNow;
    this.#violations = this.#fabric.verifier.violations.length;
    this.#isRunning = true;
    if (isExposed || this.#isUnforeseen) this.#footprint.addEverything();
    else this.#names.addItem(this.#footprint, item);
  }

  /**
   * The turn has ended: what it has touched.
   *
   * @param taken The item whose turn begins now, without a choice: it waits no more, and may have been scheduled in
   * this turn; null: none was taken yet.
   */
  end(taken: WorkItem | null): Footprint {
    const footprint = this.#footprint;
    this.#isRunning = false;
    if (footprint.isEverything) return footprint;
    const { clock, verifier } = this.#fabric;
    const isAlone = clock.now100ns === this.#begunAt100ns && this.#itemsBegun === 1 &&
      this.#timersNow === this.#timers && verifier.violations.length === this.#violations;
    if (!isAlone || this.#isUnforeseen) footprint.addEverything();
    else {
      this.#names.addItem(footprint, this.#item!);
      const due = dueItems(this.#fabric);
      for (const item of taken === null ? due : [...due, taken]) {
        if (!this.#due.has(item)) this.#names.addScheduled(footprint, item);
      }
    }
    return footprint;
  }

  /** The timers that are armed, by their numbers. */
  get #timersNow(): string {
    return this.#fabric.clock.pending().map(({ order }) => order).join();
  }

  /** The program, or what goes wrong, had its turn meanwhile. */
  programRuns(): void {
    this.#footprint.addEverything();
  }

  /** What a driver does after an await is foreseen by nobody, nor what a program looks at that waits for something. */
  get #isUnforeseen(): boolean {
    return this.#fabric.callbacks.pending.size > 0 || this.#world.waiting > 0;
  }

  /** See {@linkcode Observer.see}. */
  see(observation: Observation): void {
    const { kind } = observation;
    if (kind === "itemBegins") this.#itemsBegun++;
    if (this.#footprint.isEverything) return;
    if (this.#isWatched && kind !== "itemBegins") this.#footprint.add("own checkers", true);
    if (UNFORESEEN.has(kind)) return this.#footprint.addEverything();
    const endpoint = "endpoint" in observation ? observation.endpoint ?? null : null;
    if (endpoint !== null) this.#touched(endpointOf(endpoint), kind);
    else if (OF_DRIVERS.has(kind)) this.#footprint.addEverything();
  }

  #touched(endpoint: Endpoint, kind: ObservationKind): void {
    this.#names.add(this.#footprint, touchesOf(endpoint));
    if (CHANGES.has(kind)) this.#names.addChannel(this.#footprint, endpoint);
    if (!OF_DRIVERS.has(kind)) return;
    const { partition } = endpoint;
    // Drivers of one partition may share variables, whatever their processors.
    this.#footprint.add(`drivers of ${partition.traceId}`, true);
    const guest = endpoint.side === "client" ? partition : endpoint.guest;
    // Both sides may write to memory that they share, which nobody observes.
    if (guest instanceof PartitionObject && sharesMemory(guest)) {
      this.#footprint.add(`${guest.traceId} shared memory`, true);
    }
  }
}

/** Whether drivers of `guest` and of the root may look into the same memory, beside rings. */
function sharesMemory({ bus }: PartitionObject): boolean {
  return bus.guest.gpadls.all.some(({ isRing }) => !isRing) ||
    bus.guest.channels.some(({ taken }) => taken !== null && mayHoldRanges(taken.client));
}

function mayHoldRanges({ outgoing }: Endpoint): boolean {
  return outgoing.packets.live.some(({ ranges }) => ranges.length > 0);
}
