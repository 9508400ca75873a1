/**
 * Names of work items, and of what they touch, that are the same in each run of a scenario: a search knows by them
 * what it has met before, in a fabric that is gone.
 *
 * @module
 */

import type { FabricRuntime } from "../../actors/fabric/fabric_runtime.ts";
import {
  type Alternative,
  type Alternatives,
  EVERYTHING,
  type Touch,
} from "../../actors/runtime/chooser.ts";
import { DISPATCH_LEVEL } from "../../actors/runtime/irql.ts";
import { type Processor, WorkItem } from "../../actors/runtime/processor.ts";
import { Endpoint } from "../../actors/channel/endpoint.ts";
import { touchesOf } from "../../actors/channel/touches.ts";
import { assert } from "../../core/assert.ts";
import type { Footprint } from "./footprint.ts";

/** Kinds of work that a worker of its own does, and not that of an endpoint as a whole. */
const OWN_WORKERS: ReadonlySet<string> = new Set(["stateChange", "message", "match", "signal"]);

/** All items that are due in `fabric`, on any processor of a partition. */
export function dueItems({ partitions }: FabricRuntime): readonly WorkItem[] {
  return partitions.flatMap(({ processors }) => processors.flatMap((each) => each.list()));
}

/** Whether it may run only as it ran last: once another one comes before, its processor has others before it. */
export function isExposed({ irql, processor }: WorkItem): boolean {
  if (irql === DISPATCH_LEVEL || processor.isIdle) return false;
  return processor.runnableAt(0).irql === DISPATCH_LEVEL;
}

/** Names what is in one fabric. */
export class Names {
  readonly #fabric: FabricRuntime;
  readonly #processors = new Map<object, string>();
  readonly #memories = new Map<object, string>();
  readonly #workers = new Map<object, string>();

  /** Names for what is in `fabric`, and comes to be. */
  constructor(fabric: FabricRuntime) {
    this.#fabric = fabric;
  }

  /** Learns what is there by now: what goes keeps its name. */
  #learn(): void {
    for (const { id, memory, processors } of this.#fabric.partitions) {
      this.#memories.set(memory, `memory ${id}`);
      processors.forEach((each, index) => this.#processors.set(each, `cpu ${id}.${index}`));
    }
  }

  /** The name of a processor; null: it belongs to no partition, as that of answers does. */
  processor(processor: Processor): string | null {
    if (!this.#processors.has(processor)) this.#learn();
    return this.#processors.get(processor) ?? null;
  }

  /** A work item: its worker, what it is for, and whether it stands for the rest of another one. */
  item(item: Alternative): string {
    assert(item instanceof WorkItem, "what may run next is a work item");
    const rest = item.rest === item ? " (rest)" : "";
    const at = this.processor(item.processor) ?? "answers";
    return `${this.#worker(item)} ${item.kind} on ${at}${rest}`;
  }

  /** The names of those that may be next, `count` of them, in the order of their offsets. */
  items(alternatives: Alternatives, count: number): readonly string[] {
    return Array.from({ length: count }, (_, offset) => this.item(alternatives.at(offset)));
  }

  #worker(item: WorkItem): string {
    let name = this.#workers.get(item.worker);
    if (name !== undefined) return name;
    const { worker, kind, processor } = item;
    name = String(worker.traceId);
    if (OWN_WORKERS.has(kind)) name += `/${kind}`;
    // A bus has a lane in each direction, and a writer puts off two things.
    if (kind === "message") name += ` ${this.processor(processor)}`;
    if (kind === "signal") name += this.#isForRoom(item) ? " room" : "";
    this.#workers.set(worker, name);
    return name;
  }

  #isForRoom({ worker }: WorkItem): boolean {
    for (const { endpoints } of this.#fabric.partitions) {
      for (const { outgoing } of endpoints) if (outgoing.putOff?.room === worker) return true;
    }
    return false;
  }

  /** Adds what `item` says that it touches to `footprint`. */
  addItem(footprint: Footprint, item: WorkItem): void {
    this.#worker(item);
    if (item.kind === "answer" || item.kind === "pageIn") return footprint.addEverything();
    this.add(footprint, item.touches);
    footprint.add(`due ${this.item(item)}`, true);
    if (item.kind === "stateChange") this.#addChannels(footprint, item.touches);
    // One at PASSIVE_LEVEL runs where none is due at DISPATCH_LEVEL.
    if (item.irql !== DISPATCH_LEVEL) footprint.add(levelOf(this.processor(item.processor)), false);
  }

  /** Adds that `item` was scheduled, which it was not before. */
  addScheduled(footprint: Footprint, item: WorkItem): void {
    footprint.add(`due ${this.item(item)}`, false);
    if (item.irql === DISPATCH_LEVEL) footprint.add(levelOf(this.processor(item.processor)), true);
  }

  /** Adds that the channel of `endpoint` is another one from now on. */
  addChannel(footprint: Footprint, endpoint: Endpoint): void {
    this.#addChannels(footprint, touchesOf(endpoint));
  }

  #addChannels(footprint: Footprint, touches: readonly Touch[]): void {
    for (const { of, part } of touches) {
      if (typeof part === "number") footprint.add(`${this.#thing(of)}/${part}`, true);
    }
  }

  /**
   * Adds what is touched to `footprint`. Of a channel it is what everybody at it looks at: its rings are noted word by
   * word, and signals by what they schedule.
   */
  add(footprint: Footprint, touches: readonly Touch[]): void {
    for (const { of, part, writes } of touches) {
      if (of === EVERYTHING) footprint.addEverything();
      else if (typeof part === "number") footprint.add(`${this.#thing(of)}/${part}`, false);
      else footprint.add(`${this.#thing(of)}/${part}`, writes);
    }
  }

  #thing(of: object): string {
    if (of instanceof Endpoint) return `endpoint ${of.id}`;
    const name = this.#workers.get(of) ?? this.#processors.get(of) ?? this.#memories.get(of);
    if (name !== undefined) return name;
    this.#learn();
    const learned = this.#processors.get(of) ?? this.#memories.get(of);
    assert(learned !== undefined, "what is touched is a worker, or a part of a fabric");
    return learned;
  }
}

function levelOf(processor: string | null): string {
  return `${processor} level`;
}
