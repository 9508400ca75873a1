/**
 * Callers that are blocked: in a KMCL function that waits, or in a delay.
 *
 * @module
 */

import { AwaitedPromise } from "./awaited_promise.ts";
import type { Blocker, Callbacks, PendingCallback } from "./driver_calls.ts";
import { currentFrame } from "./irql.ts";
import type { Observation, ObservedEndpoint, Observer } from "./observation.ts";
import type { AnswerTurn, Points } from "./points.ts";
import type { WaitTrace } from "./wait_trace.ts";

/** What keeps a wait from its end. */
export interface HoldUp {
  /** In words: `channel 1 (server) is Paused`. */
  readonly text: string;
  /** The callback that has to return first, where it is one that holds things up. */
  readonly callback: PendingCallback | null;
}

/** What a blocked caller waits for. */
export interface WaitOptions {
  /** The documented function, or `"delay"`. */
  readonly call: string;
  /** What it waits for, in words: `the completion of packet 3 on channel 1 (client)`. */
  readonly what: string;
  /** The partition whose driver waits; null for `delay`, which is of no driver's channel. */
  readonly partition: object | null;
  /** The endpoint that it is about, if any. */
  readonly endpoint?: ObservedEndpoint | null;
  /** Finds out what holds it up at present; null: nothing that is known. */
  readonly heldUpBy: () => HoldUp | null;
  /** Whether it ends in time, whatever holds it up. */
  readonly isTimed: boolean;
  /** Called when the caller is rejected instead of answered: nothing may answer it any more. */
  readonly abandon?: () => void;
}

/** Whose a wait is, when it begins. */
type Origin =
  /** Of the callback whose synchronous part runs. */
  | "inCallback"
  /** Of who is known by his thread: a callback that continues, or other code. */
  | "known"
  /** Of whom can only be guessed. */
  | "guessed";

/** One blocked caller. */
export class Wait<T> implements Blocker {
  /** What it waits for. */
  readonly options: WaitOptions;
  /** Resolves with the answer. */
  readonly promise: Promise<T>;
  /** How it is known whose it is. */
  readonly origin: Origin;
  /** Whether somebody awaits it, or did. */
  isAwaited = false;
  /** Whether it was reported that its own callback has to return first. */
  isReported = false;
  /** Whether it may drive the loop: a caller outside callbacks, until the program drives itself. */
  mayDrive: boolean;
  /** Waits that began before it in its fabric. */
  readonly order: number;
  #blocked: PendingCallback | null = null;
  /** Continues with the answer that it has, once its caller has its turn; null: none is put off. */
  #turn: AnswerTurn | null = null;
  /** What whoever still comes to await it is told: its fabric was disposed of. */
  #refusal: Error | null = null;
  readonly #waits: Waits;
  #resolve!: (value: T) => void;
  #reject!: (error: Error) => void;

  /** A caller that begins to wait. */
  constructor(options: WaitOptions, origin: Origin, order: number, waits: Waits) {
    this.options = options;
    this.origin = origin;
    this.order = order;
    this.mayDrive = origin !== "inCallback";
    this.#waits = waits;
    const promise = new AwaitedPromise<T>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    promise.onAwaited = () => this.#awaited();
    this.promise = promise;
  }

  /** The callback that waits, or null for a caller outside callbacks. */
  get blocked(): PendingCallback | null {
    return this.#blocked;
  }

  /** The name of the callback that waits, or null for a caller outside callbacks. */
  get insideOf(): string | null {
    return this.#blocked?.frame.name ?? null;
  }

  /** Whether it drives the loop. */
  get drives(): boolean {
    return this.mayDrive && this.#blocked === null;
  }

  /** Who waits for what, and what holds it up, in words. */
  get description(): string {
    const inside = this.insideOf === null ? "" : ` inside ${this.insideOf}`;
    const reason = this.options.heldUpBy()?.text;
    const heldUp = reason === undefined ? "" : `: ${reason}`;
    return `${this.options.call}${inside} waits for ${this.options.what}${heldUp}`;
  }

  /** Makes `pending` count as blocked until the answer is there. */
  block(pending: PendingCallback): void {
    if (!this.#waits.all.has(this as Wait<unknown>)) return;
    this.#blocked = pending;
    pending.blockedIn++;
  }

  /** Ends the blocking of the callback. */
  unblock(): void {
    if (this.#blocked !== null) this.#blocked.blockedIn--;
    this.#blocked = null;
  }

  /** Answers the caller, once its callback may continue. A second answer is ignored. */
  answer(value: T): void {
    if (this.#turn !== null) return;
    this.#turn = this.#waits.turnOf(() => this.#continueWith(value));
    if (this.#turn === null) this.#continueWith(value);
  }

  /** Whether its caller has an answer and is still to continue. */
  get isAnswered(): boolean {
    return this.#turn !== null && this.#waits.all.has(this as Wait<unknown>);
  }

  /** Has its caller, if it has an answer, continue before anything else runs. */
  hurry(): void {
    if (this.isAnswered) this.#turn!.take();
  }

  #continueWith(value: T): void {
    if (this.#waits.holds(this, () => this.#continueWith(value))) return;
    if (!this.#waits.remove(this)) return;
    const { observer, trace } = this.#waits;
    trace?.ended(this, statusIn(value));
    observer?.see(returnOf(this, value));
    this.#resolve(value);
  }

  /** Rejects the caller, whose call then counts as given up. */
  reject(error: Error): void {
    if (!this.#waits.remove(this)) return;
    this.#waits.trace?.rejected(this, error);
    this.options.abandon?.();
    this.#reject(error);
  }

  /** Its fabric is disposed of: a program that awaits it, now or later, is told, unless `error` is null; nobody else continues. */
  giveUp(error: Error | null): void {
    if (this.drives && error !== null) return this.reject(error);
    if (this.#blocked === null) this.#refusal = error;
    this.#waits.remove(this);
  }

  /** Somebody awaits it: where that is the program, it is the program's way to drive (api.md section 1). */
  #awaited(): void {
    this.isAwaited = true;
    if (this.#refusal !== null) return this.#reject(this.#refusal);
    if (this.mayDrive || !this.#waits.isProgrammed(this)) return;
    this.mayDrive = true;
    this.#waits.onDriver();
  }
}

function beginOf<T>({ options, order }: Wait<T>): Observation {
  const { call, endpoint = null, isTimed } = options;
  return { kind: "waitBegins", call, endpoint, wait: order, isTimed };
}

/** An answer is a status, has one among its outputs, or has none. */
function statusIn(value: unknown): number | null {
  const hasOutputs = typeof value === "object" && value !== null && "status" in value;
  const status = hasOutputs ? value.status : value;
  return typeof status === "number" ? status : null;
}

function returnOf<T>({ options, order }: Wait<T>, value: T): Observation {
  const { call, endpoint = null } = options;
  return { kind: "waitReturns", call, endpoint, wait: order, status: statusIn(value) };
}

/** All blocked callers of one fabric, in the order in which they came. */
export class Waits {
  readonly #callbacks: Callbacks;
  readonly #all = new Set<Wait<unknown>>();
  /** By partition whose processors stand still: the answers that its callbacks get later. */
  readonly #held = new Map<object, (() => void)[]>();
  /** Answers to callbacks from a time when nobody drove: they are given when somebody does. */
  readonly #undriven: (() => void)[] = [];
  /** Where callers that were answered may be overtaken; null: they continue at once. */
  points: Points | null = null;
  /** Waits that have begun so far. */
  #begun = 0;
  /** Whether the loop runs: what runs beside its items may be a callback. */
  isDriven: () => boolean = () => false;
  /** Called when somebody may drive the loop who did not before. */
  onDriver: () => void = () => {};
  /** Who observes the fabric; null: nobody does. */
  observer: Observer | null = null;
  /** Who tells of waits; null: no entries are kept. */
  readonly trace: WaitTrace | null;
  /** Called when a caller is answered; `isProgram`: the caller is outside callbacks. */
  onAnswer: (isProgram: boolean) => void = () => {};

  /** The callers that wait, some of them in `callbacks`. */
  constructor(callbacks: Callbacks, trace: WaitTrace | null = null) {
    this.#callbacks = callbacks;
    this.trace = trace;
    callbacks.onEnded = (ended) => this.#ended(ended);
  }

  /** The blocked callers. */
  get all(): ReadonlySet<Wait<unknown>> {
    return this.#all;
  }

  /** Waits that have begun so far. */
  get begun(): number {
    return this.#begun;
  }

  /** The oldest caller that drives the loop. */
  get driving(): Wait<unknown> | null {
    for (const wait of this.#all) {
      if (wait.drives) return wait;
    }
    return null;
  }

  /** The calls that `pending` is blocked in. */
  of(pending: PendingCallback): readonly Wait<unknown>[] {
    return [...this.#all].filter((wait) => wait.blocked === pending);
  }

  /** Blocks the caller. A callback that continues after an await is blocked in what it calls. */
  begin<T>(options: WaitOptions): Wait<T> {
    const isInCallback = currentFrame() !== null;
    const continuing = isInCallback ? null : this.#callbacks.continuing;
    const origin = isInCallback ? "inCallback" : continuing === undefined ? "guessed" : "known";
    const wait = new Wait<T>(options, origin, this.#begun++, this);
    this.#all.add(wait as Wait<unknown>);
    this.trace?.began(wait);
    this.observer?.see(beginOf(wait));
    if (isInCallback) this.#callbacks.addBlocker(wait);
    else if (continuing === undefined) this.#guess(wait);
    else if (continuing !== null) wait.block(continuing);
    this.onDriver();
    return wait;
  }

  /** Of the waits that began before `order` none drives any more, until it is awaited again. */
  standBack(order: number): void {
    for (const wait of this.#all) if (wait.order < order) wait.mayDrive = false;
  }

  /** Whether it is the program that awaits `wait` now. */
  isProgrammed<T>(wait: Wait<T>): boolean {
    if (currentFrame() !== null || !this.#all.has(wait as Wait<unknown>)) return false;
    const isProgram = this.#callbacks.isProgramRunning;
    if (isProgram !== undefined) return isProgram;
    return wait.blocked === null && (wait.origin !== "inCallback" || !this.isDriven());
  }

  /** Takes `wait` off the list; false where it is answered already. */
  remove<T>(wait: Wait<T>): boolean {
    if (!this.#all.delete(wait as Wait<unknown>)) return false;
    const isProgram = wait.blocked === null;
    wait.unblock();
    this.onAnswer(isProgram);
    return true;
  }

  /** The processors of `partition` stand still: its callbacks get no answer until they continue. */
  hold(partition: object): void {
    if (!this.#held.has(partition)) this.#held.set(partition, []);
  }

  /** The processors of `partition` run, or its drivers are gone: answers that were held are given. */
  release(partition: object): void {
    const answers = this.#held.get(partition) ?? [];
    this.#held.delete(partition);
    for (const answer of answers) answer();
  }

  /** Whether the processors of `partition` stand still. */
  isHeld(partition: object): boolean {
    return this.#held.has(partition);
  }

  /** Somebody drives: callbacks get the answers that they were to have while nobody did. */
  answerUndriven(): void {
    for (const answer of this.#undriven.splice(0)) answer();
  }

  /** The turn in which a caller whose answer comes of a work item or timer does `resume`; null: it has it now. */
  turnOf(resume: () => void): AnswerTurn | null {
    const { points } = this;
    return points === null || !points.isWorking ? null : points.answer(resume);
  }

  /** Keeps the answer to `wait` for later, if its callback must not continue now. */
  holds<T>(wait: Wait<T>, answer: () => void): boolean {
    const { blocked } = wait;
    if (blocked === null || !this.#callbacks.pending.has(blocked)) return false;
    const held = this.#held.get(blocked.frame.partition) ??
      (this.isDriven() ? undefined : this.#undriven);
    held?.push(answer);
    return held !== undefined;
  }

  /** The callbacks of a crashed partition never continue: their delays end with them. */
  drop(partition: object): void {
    for (const wait of this.#all) {
      if (wait.blocked?.frame.partition !== partition) continue;
      if (wait.options.partition === null) this.#all.delete(wait);
      else this.#reassign(wait);
    }
  }

  /** The fabric is disposed of: no caller is answered any more. */
  abandon(error: Error | null): void {
    for (const wait of [...this.#all]) wait.giveUp(error);
  }

  /** A wait that begins beside the loop's items is taken for a callback's that is blocked in nothing. */
  #guess<T>(wait: Wait<T>): void {
    const pending = this.isDriven() ? this.#callbacks.likely : null;
    if (pending !== null) wait.block(pending);
  }

  /** Who still waits, and whose callback ended, is a thread of its own, or was taken for another's. */
  #reassign<T>(wait: Wait<T>): void {
    wait.unblock();
    if (wait.origin === "guessed") this.#guess(wait);
    this.onDriver();
  }

  #ended(ended: PendingCallback): void {
    for (const wait of this.#all) {
      if (wait.blocked === ended) this.#reassign(wait);
    }
  }
}
