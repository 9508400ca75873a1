/**
 * Calls into drivers: their level, what they throw, and the promises that they leave behind.
 *
 * @module
 */

import { messageOf } from "../../core/describe.ts";
import { enterFrame, type Frame, leaveFrame } from "./irql.ts";
import { isPromise, whenSettled } from "./promises.ts";
import { type Follower, follower } from "./event_loop.ts";
import type { Verifier, VerifierError } from "./verifier.ts";
import type { ChannelPlace } from "./violation_details.ts";

/** How a callback ended. */
export interface CallbackEnd {
  /** Whether it threw; it counts as returned all the same. */
  readonly threw: boolean;
  /** What it returned. */
  readonly value: unknown;
}

/** The end of a callback's synchronous part. */
interface SynchronousEnd extends CallbackEnd {
  /** Whether it returned a promise, so that the callback has not ended. */
  readonly isLater: boolean;
}

/** The end of one that threw, or whose promise was rejected. */
const THREW: SynchronousEnd = { threw: true, value: undefined, isLater: false };

/** A callback whose promise is unfinished. */
export interface PendingCallback {
  /** The callback. */
  readonly frame: Frame;
  /** Waiting calls and delays that it is blocked in. */
  blockedIn: number;
  /** Whether it can be told what it awaits after its first await; if not, that can only be guessed. */
  readonly isFollowed: boolean;
}

/** One call of a callback, as the runtime keeps it with all that the callback awaits. */
class Thread {
  readonly callbacks: Callbacks;
  /** The callback, once it has returned a promise. */
  pending: PendingCallback | null = null;

  constructor(callbacks: Callbacks) {
    this.callbacks = callbacks;
  }
}

/** A caller that blocked in the synchronous part of a callback, before there was a promise to block. */
export interface Blocker {
  /** Makes it block `pending`, unless it has its answer already. */
  block(pending: PendingCallback): void;
}

/** What calls into drivers need of the fabric around them. */
export interface CallbacksPort {
  /** Where misuse is reported. */
  readonly verifier: Verifier;
  /** Puts the begin of a callback on the trace, where `end` is null, or how it ended. */
  traceCallback(frame: Frame, end: CallbackEnd | null): void;
  /** Fails the call that drives the loop. */
  failLoop(error: Error): void;
  /** Does work outside the loop's items; what it throws fails the call that drives the loop. */
  guard(work: () => void): void;
}

/** All calls into the drivers of one fabric. */
export class Callbacks {
  readonly #runtime: CallbacksPort;
  readonly #pending = new Set<PendingCallback>();
  /** Callers that blocked in the synchronous part that runs, or ran last. */
  readonly #blockers: Blocker[] = [];
  readonly #follower: Follower | null = follower();
  /** The thread of the callback that ran last, where it is followed. */
  #thread: Thread | null = null;
  /** Called when a callback that returned a promise has ended. */
  onEnded: (ended: PendingCallback) => void = () => {};

  /** The calls into the drivers of the fabric whose runtime this is. */
  constructor(runtime: CallbacksPort) {
    this.#runtime = runtime;
  }

  /** The callbacks whose promises are unfinished, in the order of their calls. */
  get pending(): ReadonlySet<PendingCallback> {
    return this.#pending;
  }

  /** The oldest callback that is unfinished and blocked in nothing that the fabric knows of. */
  get unblocked(): PendingCallback | null {
    for (const pending of this.#pending) {
      if (pending.blockedIn === 0) return pending;
    }
    return null;
  }

  // -- Whose code runs

  /**
   * The unfinished callback whose code runs after an await, or null where it is other code; undefined
   * where that cannot be told.
   */
  get continuing(): PendingCallback | null | undefined {
    if (this.#follower === null) return undefined;
    const thread = this.#follower.get();
    if (thread instanceof Thread && thread.callbacks === this) {
      return thread.pending !== null && this.#pending.has(thread.pending) ? thread.pending : null;
    }
    for (const pending of this.#pending) if (!pending.isFollowed) return undefined;
    return null;
  }

  /** The oldest callback that cannot be followed, and is blocked in nothing that the fabric knows of. */
  get likely(): PendingCallback | null {
    for (const pending of this.#pending) {
      if (pending.blockedIn === 0 && !pending.isFollowed) return pending;
    }
    return null;
  }

  /** Whether the code that runs is no driver's; undefined where that cannot be told. */
  get isProgramRunning(): boolean | undefined {
    return this.#follower === null ? undefined : !(this.#follower.get() instanceof Thread);
  }

  /** Does `work` outside every callback's context: the loop is begun by whoever needs it first. */
  inNobodysName(work: () => void): void {
    if (this.#follower === null) work();
    else this.#follower.run(undefined, work);
  }

  /**
   * Does the synchronous part of a callback that may await, so that its waits are known from others'.
   * Callbacks at DISPATCH_LEVEL must not await, and are spared what this takes.
   */
  follow<R>(work: () => R): R {
    if (this.#follower === null) return work();
    const thread = new Thread(this);
    const value = this.#follower.run(thread, work);
    this.#thread = thread;
    return value;
  }

  /** Begins the synchronous part of a callback; returns what {@linkcode leaveFrame} needs to end it. */
  enter(frame: Frame): Frame | null {
    if (this.#blockers.length > 0) this.#blockers.length = 0;
    this.#thread = null;
    return enterFrame(frame);
  }

  /** Notes a caller that blocks in the synchronous part of the running callback. */
  addBlocker(blocker: Blocker): void {
    this.#blockers.push(blocker);
  }

  /** Calls into the driver; `done` hears how it ended, at once or when its promise has settled. */
  call(frame: Frame, work: () => unknown, done: (end: CallbackEnd) => void): void {
    this.#runtime.traceCallback(frame, null);
    const end = this.#run(frame, this.enter(frame), work);
    if (end.isLater) this.track(frame, end.value, done);
    else this.#end(frame, end, done);
  }

  /**
   * Calls into the driver inside a call of its own, which continues with what the callback returned. So it
   * must return at once; a promise is of no use, but heard.
   */
  callInside(frame: Frame, work: () => unknown): CallbackEnd {
    const blockersAround = this.#blockers.splice(0);
    const threadAround = this.#thread;
    this.#runtime.traceCallback(frame, null);
    const end = this.#run(frame, enterFrame(frame), work);
    if (end.isLater) this.track(frame, end.value, () => {});
    else this.#runtime.traceCallback(frame, end);
    this.#blockers.splice(0, this.#blockers.length, ...blockersAround);
    this.#thread = threadAround;
    return end;
  }

  /** Runs the synchronous part of a callback whose frame was entered from `outer`, and leaves the frame. */
  #run(frame: Frame, outer: Frame | null, work: () => unknown): SynchronousEnd {
    try {
      const value = this.follow(work);
      return { threw: false, value, isLater: isPromise(value) };
    } catch (error) {
      this.threw(frame, error);
      return THREW;
    } finally {
      leaveFrame(outer);
    }
  }

  /** Waits for the promise of a callback that returned one, of whatever make. */
  track(frame: Frame, promise: unknown, done: (end: CallbackEnd) => void): void {
    const thread = this.#thread;
    const pending: PendingCallback = { frame, blockedIn: 0, isFollowed: thread !== null };
    if (thread !== null) thread.pending = pending;
    if (frame.partition.isAlive) this.#pending.add(pending);
    for (const blocker of this.#blockers) blocker.block(pending);
    const finish = (end: CallbackEnd) => {
      // A crash drops the callbacks of its partition: what they do later concerns nobody.
      if (!this.#pending.delete(pending)) return;
      this.onEnded(pending);
      this.#runtime.guard(() => this.#end(frame, end, done));
    };
    whenSettled(promise, (value) => finish({ threw: false, value }), (error) => {
      if (this.#pending.has(pending)) this.threw(frame, error);
      finish(THREW);
    });
  }

  /** Reports what a driver's callback threw, whatever that is (api.md section 1). It never throws. */
  threw({ name, ownerName, channel }: Frame, error: unknown): void {
    this.report(name, ownerName, error, channel);
  }

  /** The same for a function of `ownerName` that is called `name` and is no callback of a driver's. */
  report(
    name: string,
    ownerName: string,
    error: unknown,
    channel: ChannelPlace | null = null,
  ): void {
    const { verifier } = this.#runtime;
    if (verifier.mode !== "record" && verifier.hasMade(error)) {
      return this.#runtime.failLoop(error as VerifierError);
    }
    const reason = messageOf(error);
    const who = channel === null ? ownerName : "its driver";
    verifier.note("exception out of a callback", name, `${who} threw: ${reason}`, { channel });
    if (verifier.mode === "record") return;
    const message = `Cannot go on as ${name} of ${ownerName} threw: ${reason}`;
    this.#runtime.failLoop(new Error(message, { cause: error }));
  }

  /** Forgets the unfinished callbacks of a partition that crashed: none of them continues. */
  drop(partition: object): void {
    for (const pending of this.#pending) {
      if (pending.frame.partition === partition) this.#pending.delete(pending);
    }
  }

  #end(frame: Frame, end: CallbackEnd, done: (end: CallbackEnd) => void): void {
    if (!frame.partition.isAlive) return;
    this.#runtime.traceCallback(frame, end);
    done(end);
  }
}
