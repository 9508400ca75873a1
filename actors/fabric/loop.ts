/**
 * The one loop in which all work of a fabric runs (api.md section 1).
 *
 * `settle`, `advance`, `run` and callers outside callbacks that wait drive it; without one of them
 * nothing moves. It runs work items to their end, lets the runtime have a turn while a driver's promise
 * is unfinished, and moves virtual time only when nothing else can run.
 *
 * @module
 */

import type { VirtualClock } from "../../core/clock.ts";
import type { Callbacks } from "./callbacks.ts";
import { requireOutside } from "./irql.ts";
import { Outside } from "./outside.ts";
import { realDelay, realNowMs, turn } from "./runtime.ts";
import type { VerifierError } from "./verifier.ts";
import type { Waits } from "./waits.ts";
import type { Scheduler, WorkItem } from "./work.ts";

/** 100 ns units in a millisecond. */
export const UNITS_PER_MS = 10_000;

/** Work items between two turns of the runtime when no callback asks for one: Ctrl-C must get through. */
const ITEMS_PER_TURN = 4096;
/** Turns without work that an unfinished callback is granted before each further one costs real time. */
const IDLE_TURNS = 64;
const IDLE_DELAY_MS = 5;
/** Then the callback awaits something that the fabric knows nothing of. */
const IDLE_DELAYS_MAX = 2_000;

/** A timer: data in the clock's queue. Whoever armed it knows what it is for. */
export interface Timer {
  /** Does what was due at this time. */
  fire(): void;
}

/** A call of the program that drives the loop until its goal is reached. */
interface Drive {
  /** Time may pass up to here. */
  readonly limit100ns: number;
  /** Whether time goes to the limit even where nothing is due, as `advance` does. */
  readonly reachesLimit: boolean;
  readonly signal: AbortSignal | undefined;
  /** Where the drive is to end before the next item; null: not before its time has come. */
  readonly goal: Goal | null;
  /** Called when the drive has ended, however it did. */
  readonly forget: () => void;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** What ends a drive early. */
interface Goal {
  /** Whether it is reached. */
  readonly isReached: () => boolean;
  /** Steps of the loop, counted from its beginning, after which it is given up. */
  readonly stepsMax: number;
}

/** What the loop needs of the fabric around it. */
export interface LoopWorld {
  /** Virtual time and its deadlines. */
  readonly clock: VirtualClock<Timer>;
  /** What is runnable. */
  readonly scheduler: Scheduler;
  /** Calls into drivers. */
  readonly callbacks: Callbacks;
  /** Blocked callers. */
  readonly waits: Waits;
  /** Whether deadlines wait for real time. */
  readonly isRealTime: boolean;
  /** Puts the item on the trace and does its work. */
  runItem(item: WorkItem): void;
  /** Puts the timer on the trace and fires it. */
  fireTimer(timer: Timer): void;
  /** The error for a caller whose wait nothing can end. */
  deadlock(): VerifierError;
}

function isAborted({ signal }: Drive): boolean {
  return signal?.aborted === true;
}

function hasGoal({ goal }: Drive): boolean {
  return goal !== null;
}

/** Whether a work item can be what ends the drive. */
function isWatched({ goal, signal }: Drive): boolean {
  return goal !== null || signal !== undefined;
}

/** The loop of one fabric. */
export class Loop {
  /** Real input and output under way. */
  readonly outside: Outside = new Outside();
  readonly #world: LoopWorld;
  readonly #drives: Drive[] = [];
  readonly #failures: Error[] = [];
  #phase: "stopped" | "starting" | "underWay" = "stopped";
  /** Somebody was answered: what it does next comes before the next item. */
  #isTurnDue = false;
  #itemsSinceTurn = 0;
  /** Items, timers, and turns in which nothing but an unfinished callback could move. */
  #steps = 0;
  #idleTurns = 0;
  /** Real time at which virtual time became what it is. */
  #realAtNowMs = 0;
  /** Ends the wait for real time or for the world outside. */
  #waiting: AbortController | null = null;

  /** A loop that nobody drives yet. */
  constructor(world: LoopWorld) {
    this.#world = world;
    world.waits.onDriver = () => this.#start();
    world.waits.onAnswer = () => {
      this.#isTurnDue = true;
    };
    world.scheduler.onSchedule = () => this.wake();
  }

  /** Whether the loop has begun to run: what runs beside its items may be a callback that goes on. */
  get isUnderWay(): boolean {
    return this.#phase === "underWay";
  }

  /**
   * Drives the loop until nothing is runnable and time has come as far as it may.
   *
   * @throws {Error} Inside a callback.
   */
  drive(
    call: string,
    options: Pick<Drive, "limit100ns" | "reachesLimit" | "signal"> & Partial<Pick<Drive, "goal">>,
  ): Promise<void> {
    this.#takeOver(call);
    const { signal } = options;
    const wake = () => this.wake();
    signal?.addEventListener("abort", wake);
    const forget = () => signal?.removeEventListener("abort", wake);
    return new Promise((resolve, reject) => {
      this.#drives.push({ goal: null, ...options, forget, resolve, reject });
      this.#start();
      this.wake();
    });
  }

  /**
   * Drives the loop, through time as well, until `isReached`: it is asked before each item. False where
   * that takes more than `stepsMax` items, timers and idle turns, or where nothing can ever run again.
   * Whoever else drives, the caller goes on in the moment that it asked for, also where that is now.
   *
   * @throws {Error} Inside a callback.
   */
  async driveUntil(call: string, isReached: () => boolean, stepsMax: number): Promise<boolean> {
    await this.drive(call, {
      limit100ns: Infinity,
      reachesLimit: false,
      signal: undefined,
      goal: { isReached, stepsMax: this.#steps + stepsMax },
    });
    return isReached();
  }

  /** The fabric is disposed of: whoever drives the loop is told. */
  abandon(error: Error): void {
    for (const drive of [...this.#drives]) this.#end(drive, () => drive.reject(error));
    this.wake();
  }

  /** The program drives by itself: its waiting calls do so no more. */
  #takeOver(call: string): void {
    requireOutside(call);
    for (const wait of this.#world.waits.all) wait.mayDrive = false;
  }

  /** Something came up: a wait for real time may have to end sooner. */
  wake(): void {
    this.#waiting?.abort();
  }

  /** Fails the call that drives the loop, now or the next one. */
  fail(error: Error): void {
    this.#failures.push(error);
    this.wake();
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
    this.fail(thrown instanceof Error ? thrown : new Error(String(thrown)));
  }

  get #hasDriver(): boolean {
    return this.#drives.length > 0 || this.#world.waits.driving !== null;
  }

  #start(): void {
    if (this.#phase !== "stopped" || !this.#hasDriver) return;
    this.#phase = "starting";
    this.#realAtNowMs = realNowMs();
    queueMicrotask(() => this.#run());
  }

  async #run(): Promise<void> {
    this.#phase = "underWay";
    if (this.#isTurnDue) await this.#giveTurn(); // whom the program's calls answered goes on first
    while (this.#hasDriver) {
      if (this.#drives.some(isAborted)) {
        this.#endAborted();
        continue;
      }
      if (this.#failures.length === 0 && this.#endReached()) {
        await this.#giveTurn(); // who asked for this moment goes on in it, and may ask for another
        continue;
      }
      if (this.#failures.length > 0) this.#rejectDriver();
      else if (this.outside.isBusy) await this.#untilWoken((woken) => this.outside.done(woken));
      else if (!this.#runItems()) await this.#whenQuiet();
      // Where nobody drives any more, what is due waits for the next drive, and keeps no fabric alive.
      if (this.#mustGiveTurn && this.#hasDriver) await this.#giveTurn();
    }
    this.#phase = "stopped";
  }

  /** Runs items until something else may have to come before the next; false where none may run. */
  #runItems(): boolean {
    // Asked once: a drive does not begin inside a callback, and none ends between two items.
    const isOneAtATime = this.#drives.some(isWatched);
    while (this.#runItem()) {
      if (isOneAtATime || this.#hasMoreToDo) return true;
    }
    return false;
  }

  /** Whether the last item may have brought about more than further items. */
  get #hasMoreToDo(): boolean {
    return this.#mustGiveTurn || this.#failures.length > 0 || this.outside.isBusy ||
      !this.#hasDriver;
  }

  get #mustGiveTurn(): boolean {
    return this.#isTurnDue || this.#itemsSinceTurn >= ITEMS_PER_TURN;
  }

  #runItem(): boolean {
    const { scheduler, callbacks } = this.#world;
    const item = scheduler.next();
    if (item === null) return false;
    this.#idleTurns = 0;
    this.#itemsSinceTurn++;
    this.#steps++;
    try {
      this.#world.runItem(item);
    } catch (error) {
      this.#failWith(error);
    }
    if (callbacks.pending.size > 0) this.#isTurnDue = true;
    return true;
  }

  async #giveTurn(): Promise<void> {
    this.#isTurnDue = false;
    this.#itemsSinceTurn = 0;
    await turn();
  }

  /** Nothing is runnable: first the callbacks, then those who wait for this instant, then time. */
  async #whenQuiet(): Promise<void> {
    const { callbacks, clock } = this.#world;
    if (callbacks.unblocked !== null) return await this.#idle();
    this.#idleTurns = 0;
    const due100ns = clock.next100ns() ?? Infinity;
    if (due100ns > clock.now100ns && this.#endArrived()) return;
    const stop100ns = this.#nextStop100ns();
    const next100ns = Math.min(stop100ns, due100ns);
    if (next100ns === Infinity || next100ns > this.#limit100ns()) return this.#endWithoutDeadline();
    const remainingMs = this.#realMsUntil(next100ns);
    // What comes up in real time may change everything: the loop looks again.
    if (remainingMs > 0) return await this.#sleep(remainingMs);
    if (stop100ns < due100ns) clock.moveTo(stop100ns);
    else this.#fireNext(due100ns);
    this.#realAtNowMs = realNowMs();
  }

  /** How far time may pass: as far as the farthest-reaching driver lets it. */
  #limit100ns(): number {
    if (this.#world.waits.driving !== null) return Infinity;
    return this.#drives.reduce((limit, drive) => Math.max(limit, drive.limit100ns), -1);
  }

  /** The nearest point that time goes to even where nothing is due. */
  #nextStop100ns(): number {
    const stops = this.#drives.filter((drive) => drive.reachesLimit);
    return stops.reduce((stop, drive) => Math.min(stop, drive.limit100ns), Infinity);
  }

  /** Ends the drives whose goal is this instant; false where there are none. */
  #endArrived(): boolean {
    const { now100ns } = this.#world.clock;
    const arrived = this.#drives.filter((drive) => drive.limit100ns <= now100ns);
    for (const drive of arrived) this.#end(drive, drive.resolve);
    return arrived.length > 0;
  }

  #fireNext(due100ns: number): void {
    const timer = this.#world.clock.takeDue(due100ns);
    this.#itemsSinceTurn++;
    this.#steps++;
    if (timer !== null) this.guard(() => this.#world.fireTimer(timer));
  }

  /** Nothing will ever happen again by itself: `run` is done, and what waits, waits in vain. */
  #endWithoutDeadline(): void {
    if (this.#drives.length > 0) {
      for (const drive of [...this.#drives]) this.#end(drive, drive.resolve);
      return;
    }
    const error = this.#world.deadlock();
    for (const wait of this.#world.waits.all) if (wait.drives) wait.reject(error);
  }

  /** An unfinished callback is blocked in nothing that we know of: it gets turns, but not for ever. */
  async #idle(): Promise<void> {
    this.#isTurnDue = true;
    this.#idleTurns++;
    this.#steps++;
    if (this.#idleTurns <= IDLE_TURNS) return;
    await this.#sleep(IDLE_DELAY_MS);
    if (this.#idleTurns < IDLE_TURNS + IDLE_DELAYS_MAX) return;
    this.#idleTurns = 0;
    const frame = this.#world.callbacks.unblocked?.frame;
    if (frame === undefined || this.#endReached(Infinity)) return;
    const message =
      `Cannot go on as ${frame.name} of ${frame.ownerName} awaits something outside ` +
      `the fabric: await it through fabric.outside(() => promise)`;
    this.fail(new Error(message));
  }

  /** How much real time has to pass before virtual time may be `at100ns`. */
  #realMsUntil(at100ns: number): number {
    if (!this.#world.isRealTime) return 0;
    const virtualMs = (at100ns - this.#world.clock.now100ns) / UNITS_PER_MS;
    return virtualMs - (realNowMs() - this.#realAtNowMs);
  }

  #sleep(milliseconds: number): Promise<void> {
    return this.#untilWoken((woken) => realDelay(milliseconds, woken));
  }

  /** Waits for what does not come from the fabric, or until something comes up in it. */
  async #untilWoken(wait: (woken: AbortSignal) => Promise<void>): Promise<void> {
    this.#waiting = new AbortController();
    await wait(this.#waiting.signal);
    this.#waiting = null;
  }

  #end(drive: Drive, how: () => void): void {
    this.#drives.splice(this.#drives.indexOf(drive), 1);
    this.#isTurnDue = this.#hasDriver;
    drive.forget();
    how();
  }

  #endAborted(): void {
    for (const drive of this.#drives.filter(isAborted)) {
      this.#end(drive, drive.resolve);
    }
  }

  /** Ends the drives whose goal is reached, or given up after `steps`; false where there are none. */
  #endReached(steps: number = this.#steps): boolean {
    if (!this.#drives.some(hasGoal)) return false;
    const isOver = ({ goal }: Drive) =>
      goal !== null && (goal.stepsMax <= steps || goal.isReached());
    if (!this.#drives.some(isOver)) return false;
    const ended = this.#drives.filter(isOver);
    for (const drive of ended) this.#end(drive, drive.resolve);
    return true;
  }

  /** A failure is for the program's own drive, else for the oldest caller that drives. */
  #rejectDriver(): void {
    const error = this.#failures[0]!;
    const drive = this.#drives.at(-1);
    const wait = this.#world.waits.driving;
    if (drive !== undefined) this.#end(drive, () => drive.reject(error));
    else if (wait !== null) wait.reject(error);
    else return;
    this.#failures.shift();
  }
}
