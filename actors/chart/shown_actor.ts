/**
 * The actor of a chart as XState has it: made when somebody asks for it, an actor to all of XState's own
 * functions, and never behind.
 *
 * @module
 */

import {
  Actor,
  type ActorRef,
  type AnyActorScope,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type EventObject,
  type MachineSnapshot,
  type Observer,
  type Snapshot,
  type StateValue,
  type Subscription,
  toObserver,
} from "xstate";
import { assert } from "../../core/assert.ts";
import type { ActorSystem } from "./actor_system.ts";
import { deliver } from "./deliver.ts";

// deno-lint-ignore no-explicit-any -- context, children, output and meta: what no chart of ours has
type Nothing = any;

/**
 * XState's own type, under a name whose page need not have all of XState's on it.
 * @internal
 */
type XStateSnapshot<Event extends { readonly type: string }, Tag extends string> = MachineSnapshot<
  Nothing,
  Event,
  Nothing,
  StateValue,
  Tag,
  Nothing,
  Nothing,
  Nothing
>;

/**
 * The same for an actor.
 * @internal
 */
type XStateActorRef<Event extends { readonly type: string }, Tag extends string> = ActorRef<
  XStateSnapshot<Event, Tag>,
  Event
>;

/**
 * A state of a chart, as XState has it: a `MachineSnapshot`, with `value`, `matches`, `hasTag` and `can`.
 *
 * @see {@link https://stately.ai/docs/states | States in XState}
 */
export type ChartSnapshot<Event extends { readonly type: string }, Tag extends string> =
  XStateSnapshot<Event, Tag>;

/**
 * An actor of a fabric, as XState has it: an `ActorRef` for all that takes one, such as `waitFor` and
 * `toPromise`. What happens to it is what the KMCL functions do and what the opposite side does; to send
 * it anything throws.
 *
 * @see {@link https://stately.ai/docs/actors | Actors in XState}
 */
export type ChartActorRef<Event extends { readonly type: string }, Tag extends string> =
  XStateActorRef<Event, Tag>;

/** A snapshot as it is saved: XState lists what a chart may have and ours have not as undefined. */
export function persistedSnapshot(
  machine: AnyStateMachine,
  snapshot: AnyMachineSnapshot,
): Snapshot<unknown> {
  const known = Object.entries(machine.getPersistedSnapshot(snapshot))
    .filter(([, value]) => value !== undefined);
  return Object.fromEntries(known) as unknown as Snapshot<unknown>;
}

/** A step that has been made: what it led to, and what it does. */
export interface ShownStep {
  /** The state after it. */
  readonly snapshot: AnyMachineSnapshot;
  /** Names of its effects, in order; null for none. */
  readonly effects: readonly string[] | null;
}

/** An actor that takes events from its owner alone, and knows how many watch it. */
export class ShownActor extends Actor<AnyStateMachine> {
  /** Its chart. */
  readonly machine: AnyStateMachine;
  readonly #actors: ActorSystem;
  /** The event that it is being told of, until it is delivered. */
  #told: EventObject | null = null;
  #watcherCount = 0;
  #isStopped = false;

  /** Begins in `state`; null: in the first state of `machine`. `logic` is what XState runs. */
  constructor(
    machine: AnyStateMachine,
    actors: ActorSystem,
    state: Snapshot<unknown> | null,
    logic: AnyStateMachine = machine,
  ) {
    const parent = actors.root;
    super(logic, state === null ? { parent } : { parent, snapshot: state });
    this.machine = machine;
    this.#actors = actors;
  }

  /** Whether somebody would hear of a step. */
  get isWatched(): boolean {
    return this.#watcherCount > 0 || this.#actors.isInspected;
  }

  /** Has everybody who looks hear of `event`, which has led to `step`; null: XState is to make the step. */
  tell(event: EventObject, _step: ShownStep | null): void {
    this.#told = event;
    if (this.isWatched) this.#actors.look(() => super.send(event));
    else super.send(event);
  }

  /** Ends it, and releases who watches. */
  end(): void {
    this.#actors.stop(this);
    this.#isStopped = true;
    this.#watcherCount = 0;
  }

  /** Runs from when it is made until its owner ends it. */
  override start(): this {
    return this.#isStopped ? this : super.start();
  }

  /** Refuses: what happens to the actor is not for whoever looks at it. */
  override send(event: EventObject): void {
    this.#refuse(event);
  }

  /** What XState has it told by; what its owner did not tell it is refused. */
  _send(event: EventObject): void {
    if (this.#told !== event) this.#refuse(event);
    this.#told = null;
    deliver(this, event);
  }

  #refuse(event: EventObject): never {
    const type = String(Object(event).type);
    throw new Error(
      `Cannot send ${type} to a ${this.machine.id}: its events come from the fabric alone`,
    );
  }

  /** XState's `subscribe`; where the actor has ended, that is told at once. */
  override subscribe(
    nextOrObserver?: Observer<AnyMachineSnapshot> | ((snapshot: AnyMachineSnapshot) => void),
    onError?: (error: unknown) => void,
    onComplete?: () => void,
  ): Subscription {
    const observer: Observer<AnyMachineSnapshot> = this.#actors.guarded(
      toObserver(nextOrObserver as Observer<AnyMachineSnapshot>, onError, onComplete),
    );
    if (this.#isStopped) { // XState would leave it waiting
      observer.complete?.();
      return { unsubscribe: () => {} };
    }
    const subscription = super.subscribe(observer);
    this.#watcherCount++;
    let isOver = false;
    return {
      unsubscribe: () => {
        if (isOver || this.#isStopped) return;
        isOver = true;
        this.#watcherCount--;
        subscription.unsubscribe();
      },
    };
  }

  /** What is saved of the actor. */
  override getPersistedSnapshot(): Snapshot<unknown> {
    return persistedSnapshot(this.machine, this.getSnapshot());
  }
}

/** XState's stop of an actor by its parent. */
const STOP = "xstate.stop";

/**
 * The logic by which XState runs an actor whose steps come from a table: `machine` itself, for whoever
 * draws it or makes an actor of their own of it, but for the step, which was made before XState hears of it.
 */
export function shownLogic(machine: AnyStateMachine): AnyStateMachine {
  const logic = Object.create(machine) as AnyStateMachine;
  const transition = (
    snapshot: AnyMachineSnapshot,
    event: EventObject,
    scope: AnyActorScope,
  ): AnyMachineSnapshot => {
    const actor = scope.self;
    return actor instanceof TableActor
      ? actor.makeStep(event, scope)
      : machine.transition(snapshot, event, scope);
  };
  const restoreSnapshot = (snapshot: Snapshot<unknown>, scope: AnyActorScope) =>
    scope.self instanceof TableActor
      ? snapshot as AnyMachineSnapshot
      : machine.restoreSnapshot(snapshot, scope);
  return Object.assign(logic, { transition, restoreSnapshot });
}

/** An actor whose state is a row of a table. */
export class TableActor extends ShownActor {
  readonly #current: () => AnyMachineSnapshot;
  /** Steps of which XState has not heard: more than one where a watcher's doing leads to another. */
  readonly #steps: ShownStep[] = [];
  #final: AnyMachineSnapshot | null = null;

  /** Shows the state that `current` gives; `logic` is that of the chart, by {@linkcode shownLogic}. */
  constructor(
    machine: AnyStateMachine,
    actors: ActorSystem,
    logic: AnyStateMachine,
    current: () => AnyMachineSnapshot,
  ) {
    super(machine, actors, current(), logic);
    this.#current = current;
  }

  /** See {@linkcode ShownActor.tell}. */
  override tell(event: EventObject, step: ShownStep | null): void {
    if (step !== null) this.#steps.push(step);
    super.tell(event, step);
  }

  /** The step that XState makes now. */
  makeStep(event: EventObject, scope: AnyActorScope): AnyMachineSnapshot {
    if (event.type === STOP) return this.#stopped();
    const step = this.#steps.shift();
    assert(step !== undefined, "a table's actor is told of steps that were made");
    const { snapshot, effects } = step;
    const info = { context: snapshot.context, event, self: this, system: this.system };
    for (const type of effects ?? []) {
      scope.actionExecutor({ type, info, params: undefined, exec: undefined });
    }
    return snapshot;
  }

  #stopped(): AnyMachineSnapshot {
    const { value } = this.#current();
    return this.#final = this.machine.resolveState({ value, context: {}, status: "stopped" });
  }

  /** The state, whether or not XState has heard of the steps that led there. */
  override getSnapshot(): AnyMachineSnapshot {
    if (!(#current in this)) return super.getSnapshot(); // XState says why not, while it makes the actor
    return this.#final ?? this.#current();
  }
}
