/**
 * The fabric as its user sees it.
 *
 * @module
 */

import { assert } from "../../core/assert.ts";
import { ASYNC_DISPOSE } from "../../core/async_dispose.ts";
import type { TraceEntry } from "../../core/trace.ts";
import type { ActorInspector } from "../chart/actor_system.ts";
import type { Partition, PartitionOptions } from "../partition/partition.ts";
import { actorOf } from "./actor_of.ts";
import type { Fabric } from "./fabric.ts";
import { type FabricState, inspectFabric } from "./inspect.ts";
import { levelOf } from "./level_options.ts";
import { requireOutside } from "../runtime/irql.ts";
import { requireNothingLeft } from "./disposal.ts";
import type { Leak } from "./leak.ts";
import { findLeaks } from "./leaks.ts";
import { untilTime } from "../runtime/delay.ts";
import {
  checkInspector,
  checkItems,
  checkPartitionOptions,
  checkPredicate,
  checkSignal,
  checkTimeAfter,
  checkWork,
} from "./options.ts";
import type { RuntimePort } from "../runtime/runtime_port.ts";
import { runUntil } from "../runtime/run_until.ts";
import type { Violation } from "../runtime/verifier.ts";
import { FabricCore } from "./fabric_core.ts";
import type {
  ForeignGuest,
  ForeignGuestOptions,
  ForeignHost,
  ForeignHostOptions,
} from "./foreign.ts";
import { attachForeignGuest, attachForeignHost } from "./foreign_peers.ts";

/** One fabric. */
export class FabricRuntime extends FabricCore implements Fabric {
  /** What lived when the fabric was disposed of; null until it is. */
  #leftAtEnd: readonly Leak[] | null = null;

  /** The fabric that a channel or a partition knows by its port. */
  static of(port: RuntimePort): FabricRuntime {
    assert(port instanceof FabricRuntime, "what lives in a fabric has that fabric's runtime");
    return port;
  }

  /** See {@linkcode Fabric.createPartition}. */
  createPartition(options: PartitionOptions): Partition {
    this.requireLive("createPartition");
    const checked = checkPartitionOptions(options);
    return this.addPartition(checked, this.root, { level: levelOf(this, checked) });
  }

  /** See {@linkcode Fabric.attachForeignGuest}. */
  attachForeignGuest(options: ForeignGuestOptions): ForeignGuest {
    return attachForeignGuest(
      this,
      options,
      (...made) => this.addPartition(made[0], this.root, { foreign: made[1] }),
    );
  }

  /** See {@linkcode Fabric.attachForeignHost}. */
  attachForeignHost(options: ForeignHostOptions): ForeignHost {
    return attachForeignHost(
      this,
      options,
      (...made) => this.addPartition(made[0], this.root, { foreign: made[1] }),
    );
  }

  // -- Running

  /** See {@linkcode Fabric.settle}. */
  settle(): Promise<void> {
    this.requireLive("settle");
    const limit100ns = this.clock.now100ns;
    return this.loop.drive("settle", { limit100ns, reachesLimit: false, isBounded: true });
  }

  /** See {@linkcode Fabric.advance}. */
  advance(milliseconds: number): Promise<void> {
    this.requireLive("advance");
    const limit100ns = checkTimeAfter("advance", this.clock.now100ns, milliseconds);
    return this.loop.drive("advance", { limit100ns, reachesLimit: true, isBounded: true });
  }

  /** See {@linkcode Fabric.run}. */
  run(signal?: AbortSignal): Promise<void> {
    this.requireLive("run");
    checkSignal("run", signal);
    const isBounded = signal === undefined;
    return this.loop.drive("run", { limit100ns: Infinity, reachesLimit: false, signal, isBounded });
  }

  /** See {@linkcode Fabric.runUntil}. */
  runUntil(predicate: () => boolean): Promise<boolean> {
    checkPredicate("runUntil", predicate);
    return runUntil(this.loop, predicate);
  }

  /** See {@linkcode Fabric.step}. */
  step(items = 1): Promise<number> {
    checkItems("step", items);
    return this.loop.step(items);
  }

  /** See {@linkcode Fabric.delay}. */
  delay(milliseconds: number): Promise<void> {
    this.requireLive("delay");
    const due100ns = checkTimeAfter("delay", this.clock.now100ns, milliseconds);
    return untilTime(this, due100ns, `${milliseconds} ms to pass`);
  }

  /** See {@linkcode Fabric.setTimer}. */
  setTimer(milliseconds: number, work: () => void): () => void {
    this.requireLive("setTimer");
    const due100ns = checkTimeAfter("setTimer", this.clock.now100ns, milliseconds);
    checkWork("setTimer", work);
    const deadline = this.armTimer(due100ns, {
      fire: () => {
        this.waits.onAnswer(false); // whoever awaits what the work resolves has a turn, as after an answer
        this.callbacks.inNobodysName(work);
      },
    });
    return () => {
      if (!this.isDisposed) this.cancelTimer(deadline);
    };
  }

  /** See {@linkcode Fabric.outside}. */
  outside<T>(work: () => Promise<T>): Promise<T> {
    this.requireLive("outside");
    return this.loop.outside.run(work);
  }

  // -- Looking inside

  /** See {@linkcode Fabric.traceDigest}. */
  traceDigest(): string {
    return this.recorder.digest(this.made.all.flatMap(({ unread }) => unread));
  }

  /** See {@linkcode Fabric.trace}. */
  get trace(): readonly TraceEntry[] {
    return this.recorder.entries;
  }

  /** See {@linkcode Fabric.violations}. */
  get violations(): readonly Violation[] {
    return this.verifier.violations;
  }

  /** See {@linkcode Fabric.leaks}. */
  leaks(): readonly Leak[] {
    return this.#leftAtEnd ?? findLeaks(this);
  }

  /** See {@linkcode Fabric.inspect}. */
  inspect(): FabricState {
    this.requireLive("inspect");
    return inspectFabric(this);
  }

  /** See {@linkcode Fabric.inspectActors}. */
  inspectActors(inspector: ActorInspector): () => void {
    this.requireLive("inspectActors");
    checkInspector(inspector);
    return this.actors.system.inspect(inspector);
  }

  /** See {@linkcode Fabric.actorOf}. */
  readonly actorOf: Fabric["actorOf"] = (of: unknown) => actorOf(this, of);

  // -- The end

  /** See {@linkcode Fabric.dispose}. */
  dispose(): void {
    this.#dispose(true);
  }

  /** The same where nobody is left to hear that he waits in vain: whoever still waits, waits for ever. */
  disposeUnheard(): void {
    this.#dispose(false);
  }

  #dispose(isHeard: boolean): void {
    if (this.isDisposed) return;
    requireOutside("dispose");
    if (this.kmclRefusal !== null) throw new Error(`Cannot dispose ${this.kmclRefusal}`);
    this.#leftAtEnd = this.leaks();
    const error = new Error("Cannot go on waiting: the fabric was disposed of");
    this.loop.abandon(error);
    this.waits.abandon(isHeard ? error : null);
    this.kmclRefusal = "of a fabric that was disposed of";
    for (const partition of this.made.removeAll()) partition.unplug();
    this.actors.system.end();
  }

  /** Settles, then disposes; not where something is to be told: that is thrown, and the fabric lives on. */
  async [ASYNC_DISPOSE](): Promise<void> {
    if (this.isDisposed) return;
    await this.settle();
    requireNothingLeft(this.verifier, this.leaks());
    this.dispose();
  }
}
