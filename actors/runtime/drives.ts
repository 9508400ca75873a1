/**
 * Calls of the program that drive the loop: what each wants, and when it ends.
 *
 * @module
 */

import { hasAborted } from "./event_loop.ts";

/** What ends a drive early. */
export interface Goal {
  /** Whether it is reached. */
  readonly isReached: () => boolean;
  /** Steps of the loop, counted from its beginning, after which it is given up. */
  readonly stepsMax: number;
}

/** How a drive goes. */
export interface DriveOptions {
  /** Time may pass up to here. */
  readonly limit100ns: number;
  /** Whether time goes to the limit even where nothing is due, as `advance` does. */
  readonly reachesLimit: boolean;
  /** Ends it when it is aborted. */
  readonly signal?: AbortSignal | undefined;
  /** Where the drive is to end before the next item; null: not before its time has come. */
  readonly goal?: Goal | null;
  /** Whether it ends only because nothing is left to run: then there is a bound to what runs at one instant. */
  readonly isBounded: boolean;
}

/** A call of the program that drives the loop until its goal is reached. */
export interface Drive extends Required<Omit<DriveOptions, "signal">> {
  /** The function that was called. */
  readonly call: string;
  /** Ends it when it is aborted. */
  readonly signal: AbortSignal | undefined;
  /** Called when the drive has ended, however it did. */
  readonly forget: () => void;
  /** Answers the caller. */
  readonly resolve: () => void;
  /** Tells the caller of a failure. */
  readonly reject: (error: Error) => void;
}

function isAborted({ signal }: Drive): boolean {
  return signal !== undefined && hasAborted(signal);
}

function hasGoal({ goal }: Drive): boolean {
  return goal !== null;
}

/** Whether a work item can be what ends the drive. */
function isWatched({ goal, signal }: Drive): boolean {
  return goal !== null || signal !== undefined;
}

/** The drives of one loop, in the order of the calls. */
export class Drives {
  readonly #all: Drive[] = [];
  readonly #onEnd: () => void;

  /** The drives of one loop; `onEnd` is called as one ends, before its caller is answered. */
  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  /** How many there are. */
  get count(): number {
    return this.#all.length;
  }

  /** The one that began last. */
  get latest(): Drive | null {
    return this.#all.at(-1) ?? null;
  }

  /** Whether an item may be what ends one of them: then each is asked before the next. */
  get areWatched(): boolean {
    return this.#all.some(isWatched);
  }

  /** Whether each ends only because nothing is left to run. */
  get areBounded(): boolean {
    return this.#all.every(({ isBounded }) => isBounded);
  }

  /** How far time may pass; -1 where there is none. */
  get limit100ns(): number {
    return this.#all.reduce((limit, drive) => Math.max(limit, drive.limit100ns), -1);
  }

  /** The nearest point that time goes to even where nothing is due. */
  get nextStop100ns(): number {
    const stops = this.#all.filter((drive) => drive.reachesLimit);
    return stops.reduce((stop, drive) => Math.min(stop, drive.limit100ns), Infinity);
  }

  /** One begins. */
  add(drive: Drive): void {
    this.#all.push(drive);
  }

  /** One ends: `how` says so to its caller. */
  end(drive: Drive, how: () => void): void {
    this.#all.splice(this.#all.indexOf(drive), 1);
    this.#onEnd();
    drive.forget();
    how();
  }

  /** Ends all of them, each with `error`. */
  abandon(error: Error): void {
    for (const drive of [...this.#all]) this.end(drive, () => drive.reject(error));
  }

  /** Ends all of them. */
  endAll(): void {
    this.#endWhere(() => true);
  }

  /** Ends those that let time pass up to a limit only, and wait for nobody outside; false where there are none. */
  endBounded(): boolean {
    return this.#endWhere((drive) => drive.limit100ns < Infinity);
  }

  /** Ends those that were called off; false where there are none. */
  endAborted(): boolean {
    return this.#all.some(isAborted) && this.#endWhere(isAborted);
  }

  /** Ends those that time has come as far for as it may; false where there are none. */
  endArrived(now100ns: number): boolean {
    return this.#endWhere((drive) => drive.limit100ns <= now100ns);
  }

  /** Ends those whose goal is reached, or given up after `steps`; false where there are none. */
  endReached(steps: number): boolean {
    if (!this.#all.some(hasGoal)) return false;
    const isOver = ({ goal }: Drive) =>
      goal !== null && (goal.stepsMax <= steps || goal.isReached());
    return this.#endWhere(isOver);
  }

  #endWhere(isOver: (drive: Drive) => boolean): boolean {
    const ended = this.#all.filter(isOver);
    for (const drive of ended) this.end(drive, drive.resolve);
    return ended.length > 0;
  }
}
