/**
 * The one loop in which all work of a fabric runs (api.md section 1).
 *
 * `settle`, `advance`, `run` and callers outside callbacks that wait drive it; without one of them
 * nothing moves. It runs work items to their end, lets the runtime have a turn while a driver's promise
 * is unfinished, and moves virtual time only when nothing else can run.
 *
 * @module
 */

import { errorOf } from "../../core/describe.ts";
import { type DriveOptions, Drives } from "./drives.ts";
import { InstantBound } from "./instant_bound.ts";
import { requireOutside } from "./irql.ts";
import { Outside } from "./outside.ts";
import { onAbort, turn } from "./event_loop.ts";
import { IdleTurns } from "./idle_turns.ts";
import type { LoopPort } from "./loop_port.ts";
import { PointRunner } from "./point_runner.ts";
import type { WorkItem } from "./processor.ts";
import { RealPace } from "./real_pace.ts";
import { reportSelfWaits } from "./self_waits.ts";
import { Sleep } from "./sleep.ts";

/** Work items between two turns of the runtime when no callback asks for one: Ctrl-C must get through. */
const ITEMS_PER_TURN = 4096;
/** Stands for a timer where a worker's number on the trace is asked for; channels count from 1. */
const NO_WORKER = 0;

/** The loop of one fabric. */
export class Loop {
  /** Real input and output under way. */
  readonly outside: Outside = new Outside();
  readonly #runtime: LoopPort;
  readonly #drives = new Drives(() => this.#driveEnded());
  readonly #bound: InstantBound;
  /** Runs items where they may be overtaken; null: each runs to its end. */
  readonly #atPoints: PointRunner | null;
  readonly #failures: Error[] = [];
  #phase: "stopped" | "starting" | "underWay" = "stopped";
  /** Somebody was answered: what it does next comes before the next item. */
  #isTurnDue = false;
  /** The item that runs has failed, or began real input and output: that comes before the next one. */
  #isInterrupted = false;
  #itemsSinceTurn = 0;
  /** Items and timers so far. */
  #items = 0;
  /** The number of items from which on each is counted for the bound. */
  #countedFrom = 0;
  readonly #pace: RealPace;
  readonly #sleep: Sleep;
  readonly #idleTurns: IdleTurns;

  /** The loop of the fabric whose runtime this is. */
  constructor(runtime: LoopPort) {
    this.#runtime = runtime;
    this.#bound = new InstantBound(runtime.itemsPerInstantMax);
    this.#pace = new RealPace(runtime);
    this.#sleep = new Sleep(runtime.scheduler);
    this.#idleTurns = new IdleTurns(this.#sleep);
    runtime.waits.isDriven = () => this.#isUnderWay();
    const { points } = runtime.scheduler;
    runtime.waits.points = points;
    this.#atPoints = points === null ? null : new PointRunner(points, {
      hasMoreToDo: () => this.#hasMoreToDo(),
      begin: (item) => this.#begin(item),
      failed: (thrown) => this.#failWith(thrown),
      ended: () => this.#awaitCallbacks(),
    });
    runtime.waits.onDriver = () => this.#start();
    runtime.waits.onAnswer = (isProgram) => {
      this.#isTurnDue = true;
      if (isProgram && this.#drives.count === 0) this.#beginInstant();
    };
    this.outside.onBegin = () => this.#interrupt();
  }

  /** Whether the loop runs, and somebody wants it to: what runs beside its items may be a callback. */
  #isUnderWay(): boolean {
    return this.#phase === "underWay" && this.#hasDriver();
  }

  /** Items and timers so far. */
  get items(): number {
    return this.#items;
  }

  /** Items, timers and idle turns so far. */
  #steps(): number {
    return this.#items + this.#idleTurns.count;
  }

  /**
   * Drives the loop until nothing is runnable and time has come as far as it may.
   *
   * @throws {Error} Inside a callback.
   */
  drive(call: string, options: DriveOptions): Promise<void> {
    this.#takeOver(call);
    const { signal } = options;
    const forget = onAbort(signal, () => this.wake());
    return new Promise((resolve, reject) => {
      this.#drives.add({ goal: null, ...options, call, signal, forget, resolve, reject });
      this.#beginInstant();
      this.#start();
      this.wake();
    });
  }

  /**
   * Drives the loop, through time as well, until `isReached`: it is asked before each item. False where
   * that takes more than `stepsMax` items, timers and idle turns, or where nothing can ever run again.
   * Whoever else drives, the caller continues in the moment that it asked for, also where that is now.
   *
   * @throws {Error} Inside a callback.
   */
  async driveUntil(call: string, isReached: () => boolean, stepsMax: number): Promise<boolean> {
    await this.drive(call, {
      limit100ns: Infinity,
      reachesLimit: false,
      goal: { isReached, stepsMax: this.#steps() + stepsMax },
      isBounded: false,
    });
    return isReached();
  }

  /** The fabric is disposed of: whoever drives the loop is told. */
  abandon(error: Error): void {
    this.#drives.abandon(error);
    this.wake();
  }

  /**
   * Runs `items` work items and timers that are due, and lets no time pass. Resolves with how many there
   * were.
   *
   * @throws {Error} Inside a callback.
   */
  step(items: number): Promise<number> {
    const begun = this.#items;
    const isReached = () => this.#items - begun >= items;
    const limit100ns = this.#runtime.clock.now100ns;
    const goal = { isReached, stepsMax: Infinity };
    const driven = this.drive("step", { limit100ns, reachesLimit: false, goal, isBounded: false });
    return driven.then(() => this.#items - begun);
  }

  /** The program drives by itself: its waiting calls do so no more. */
  #takeOver(call: string): void {
    requireOutside(call);
    const { callbacks, waits } = this.#runtime;
    const frame = callbacks.continuing?.frame;
    if (frame !== undefined) {
      throw new Error(`Cannot ${call} inside a callback: ${frame.name} of ${frame.ownerName} runs`);
    }
    const { begun } = waits;
    waits.standBack(begun);
    // An `await` that came before this call is noticed a promise reaction later.
    queueMicrotask(() => waits.standBack(begun));
  }

  /** Something came up: a wait for real time may have to end sooner. */
  wake(): void {
    this.#sleep.wake();
  }

  /** Fails the call that drives the loop, now or the next one. */
  fail(error: Error): void {
    this.#failures.push(error);
    this.#interrupt();
    this.wake();
  }

  #interrupt(): void {
    this.#isInterrupted = true;
  }

  /** Does work whose throw is our own bug: it must be heard, by whoever drives. */
  guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#failWith(error);
    }
  }

  #failWith(thrown: unknown): void {
    this.fail(errorOf(thrown));
  }

  #hasDriver(): boolean {
    return this.#drives.count > 0 || this.#runtime.waits.driving !== null;
  }

  #start(): void {
    if (this.#phase !== "stopped" || !this.#hasDriver()) return;
    this.#phase = "starting";
    this.#pace.mark();
    this.#beginInstant();
    queueMicrotask(() => this.#runtime.callbacks.inNobodysName(() => this.#run()));
  }

  async #run(): Promise<void> {
    this.#phase = "underWay";
    while (this.#hasDriver()) {
      this.#runtime.waits.answerUndriven();
      if (this.#mustGiveTurn()) {
        await this.#giveTurn(); // whoever was answered continues first, and nobody may drive any more then
        continue;
      }
      if (this.#drives.endAborted()) continue;
      if (this.#failures.length === 0 && this.#drives.endReached(this.#steps())) {
        await this.#giveTurn(); // who asked for this moment continues in it, and may ask for another
        continue;
      }
      if (this.#failures.length > 0) this.#rejectDriver();
      else if (this.outside.isBusy) await this.#sleep.until((woken) => this.outside.done(woken));
      else if (!this.#runItems()) await this.#whenQuiet();
    }
    this.#phase = "stopped";
  }

  /** Runs items until something else may have to come before the next; false where none may run. */
  #runItems(): boolean {
    // Asked once: a drive does not begin inside a callback, and none ends between two items.
    const isOneAtATime = this.#drives.areWatched;
    this.#isInterrupted = false;
    if (this.#atPoints !== null) return this.#atPoints.run(isOneAtATime);
    try {
      while (this.#runItem()) {
        if (isOneAtATime || this.#hasMoreToDo()) return true;
      }
      return false;
    } catch (error) {
      this.#failWith(error);
      this.#awaitCallbacks();
      return true;
    }
  }

  /** An unfinished callback must come to its end: it is given a turn. */
  #awaitCallbacks(): void {
    if (this.#runtime.callbacks.pending.size > 0) this.#isTurnDue = true;
  }

  /** Whether the last item may have brought about more than further items. Who was answered in it drives no more. */
  #hasMoreToDo(): boolean {
    return this.#mustGiveTurn() || this.#isInterrupted;
  }

  #mustGiveTurn(): boolean {
    return this.#isTurnDue === true || this.#itemsSinceTurn >= ITEMS_PER_TURN;
  }

  #runItem(): boolean {
    const item = this.#runtime.scheduler.next(); // throws where a replay has become another run
    if (item === null) return false;
    this.#begin(item);
    this.#awaitCallbacks();
    return true;
  }

  #begin(item: WorkItem): void {
    this.#itemsSinceTurn++;
    if (++this.#items > this.#countedFrom) this.#count(item.worker.traceId);
    this.#runtime.runItem(item);
  }

  async #giveTurn(): Promise<void> {
    this.#isTurnDue = false;
    this.#itemsSinceTurn = 0;
    await turn();
  }

  /** Nothing is runnable: first the callbacks, then those who wait for this instant, then time. */
  async #whenQuiet(): Promise<void> {
    const { callbacks, clock, hasPeers, scheduler: { lookouts } } = this.#runtime;
    if (callbacks.unblocked !== null) return await this.#idle();
    this.#idleTurns.end();
    if (callbacks.pending.size > 0 && reportSelfWaits(this.#runtime)) return;
    const due100ns = lookouts.next100ns(clock);
    if (due100ns > clock.now100ns && this.#drives.endArrived(clock.now100ns)) return;
    const stop100ns = this.#drives.nextStop100ns;
    const next100ns = Math.min(stop100ns, due100ns);
    if (next100ns === Infinity || next100ns > this.#limit100ns()) {
      return await this.#endOrAwaitPeers();
    }
    const remainingMs = this.#pace.msUntil(next100ns);
    // What comes up in real time may change everything: the loop looks again.
    if (remainingMs > 0) return this.#sleep.forMs(remainingMs, hasPeers && lookouts.areThere);
    if (next100ns > clock.now100ns) this.#beginInstant();
    if (stop100ns < due100ns) clock.moveTo(stop100ns);
    else this.#fireNext(due100ns);
    this.#pace.mark();
  }

  /** How far time may pass: as far as the farthest-reaching driver lets it. */
  #limit100ns(): number {
    return this.#runtime.waits.driving === null ? this.#drives.limit100ns : Infinity;
  }

  #fireNext(due100ns: number): void {
    const { clock, scheduler } = this.#runtime;
    const timer = scheduler.lookouts.takeDue(clock, due100ns);
    this.#itemsSinceTurn++;
    if (++this.#items > this.#countedFrom) this.#count(NO_WORKER);
    if (timer === null) return;
    const fire = () => this.#runtime.fireTimer(timer);
    this.guard(() => this.#atPoints === null ? fire() : this.#atPoints.work(fire));
  }

  /** Nothing will happen again by itself; where a peer outside may say something, some wait for that. */
  async #endOrAwaitPeers(): Promise<void> {
    const { hasPeers, isRealTime, scheduler: { lookouts } } = this.#runtime;
    if (!hasPeers) return this.#endWithoutDeadline();
    if (this.#drives.endBounded()) return;
    await this.#sleep.forPeers(isRealTime && lookouts.areThere);
    this.#beginInstant();
  }

  /** Nothing will ever happen again by itself: `run` is done, and what waits, waits in vain. */
  #endWithoutDeadline(): void {
    if (this.#drives.count > 0) return this.#drives.endAll();
    const error = this.#runtime.deadlock();
    for (const wait of this.#runtime.waits.all) if (wait.drives) wait.reject(error);
  }

  /** An unfinished callback is blocked in nothing that we know of: it gets turns, but not for ever. */
  async #idle(): Promise<void> {
    this.#isTurnDue = true;
    if (!await this.#idleTurns.begin(this.#items)) return;
    const frame = this.#runtime.callbacks.unblocked?.frame;
    if (frame === undefined || this.#drives.endReached(Infinity)) return;
    const message =
      `Cannot go on as ${frame.name} of ${frame.ownerName} awaits something outside ` +
      `the fabric: await it through fabric.outside(() => promise)`;
    this.fail(new Error(message));
  }

  #driveEnded(): void {
    this.#isTurnDue = this.#hasDriver();
    this.#beginInstant();
  }

  // -- The bound to the work of one instant

  /** Time has moved, or the program has: what runs from now on is counted from zero. */
  #beginInstant(): void {
    this.#countedFrom = this.#bound.restart(this.#items);
  }

  /** Counts an item near the bound; whoever drives on when it is reached does so in vain. */
  #count(traceId: number): void {
    if (!this.#drives.areBounded) return this.#beginInstant();
    if (!this.#bound.add(traceId, this.#items)) return;
    const call = this.#drives.latest?.call ?? this.#runtime.waits.driving?.options.call ?? "";
    const busiest = this.#bound.busiest((worker) => this.#runtime.nameOf(worker));
    this.fail(
      new Error(
        `Cannot go on with ${call}: ${this.#bound.itemsMax} work items ran while no time passed, and ` +
          `more are due; the busiest at the end were ${busiest}`,
      ),
    );
    this.#beginInstant();
  }

  /** A failure is for the program's own drive, else for the oldest caller that drives. */
  #rejectDriver(): void {
    const error = this.#failures[0]!;
    const drive = this.#drives.latest;
    const wait = this.#runtime.waits.driving;
    if (drive !== null) this.#drives.end(drive, () => drive.reject(error));
    else if (wait !== null) wait.reject(error);
    else return;
    this.#failures.shift();
  }
}
