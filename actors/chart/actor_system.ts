/**
 * The actors of one fabric as XState has them: one system, one root, and whoever looks at them.
 *
 * @module
 */

import {
  Actor,
  type AnyActorRef,
  fromTransition,
  type InspectionEvent,
  type Observer,
  type Subscription,
  toObserver,
  type TransitionActorLogic,
} from "xstate";
import type { Step } from "./compile.ts";
import { deliver } from "./deliver.ts";

/** What the root actor is told: a child of it has done its part. Only this module can say so. */
class StopChild {
  readonly type = "stop";
  readonly child: AnyActorRef;

  /** That of `child`. */
  constructor(child: AnyActorRef) {
    this.child = child;
  }
}

type RootLogic = TransitionActorLogic<null, StopChild, undefined>;

const ROOT_LOGIC: RootLogic = fromTransition((state, { child }, scope) => {
  scope.stopChild(child);
  return state;
}, null);

/**
 * The actor that every other one of a fabric has as its parent: one system costs less than many. Whoever
 * has one of those can reach it, and it does nothing for them.
 */
class RootActor extends Actor<RootLogic> {
  /** Refuses: the actors of a fabric end with what they are of. */
  override stop(): this {
    return refuseStop();
  }

  /** What XState has it told by. */
  _send(event: StopChild): void {
    if (!(event instanceof StopChild)) refuseStop();
    deliver(this, event);
  }
}

function refuseStop(): never {
  throw new Error("Cannot stop the actors of a fabric: each ends with what it is of");
}

/**
 * What an inspector of actors is told: XState's own inspection events, of which this is the part that
 * a fabric vouches for. Whatever takes those, such as Stately's inspector, takes these.
 */
export interface ActorInspection {
  /** `@xstate.event`: an actor is told something. `@xstate.snapshot`: it has come to a state. */
  readonly type: string;
  /** The actor; its `sessionId` is a name for as long as the process runs. */
  readonly actorRef: { readonly sessionId: string };
  /**
   * What it was told. Where a packet enters the ring (`enter`, `enterLast`) or is taken from it (`arrived`),
   * and where its completion does so (`settled`, `complete`), it carries the encoded packet as
   * `bytes[start, end)`, a view that holds until the inspector returns.
   */
  readonly event?: {
    readonly type: string;
    readonly bytes?: Uint8Array;
    readonly start?: number;
    readonly end?: number;
  };
  /** The state that it came to, with XState's `value` and `tags`. */
  readonly snapshot?: object;
}

/** Looks on. It must not call into the fabric: it is in the middle of a step, and KMCL functions throw. */
export type ActorInspector = (inspection: ActorInspection) => void;

/** An actor that XState need not know before somebody looks. */
export interface HiddenActor {
  /** Has XState know it. */
  show(): void;
  /** Ends it. */
  stop(): void;
}

/** Hears of steps. It must not call into the fabric: it is in the middle of one. */
export interface StepObserver {
  /** An actor takes `step`. */
  takes(step: Step): void;
}

/** What a system asks of whoever has it, as programs that look on are run in the middle of its work. */
export interface Onlookers {
  /** Does `work`, in which programs look on: they must not change anything. It does not throw. */
  look(work: () => void): void;
  /** One of them threw `error`; the step that it looked at is made all the same. */
  threw(error: unknown): void;
}

/** For a system on its own: whoever looks on may do anything, and what they throw comes through. */
const NO_CARE: Onlookers = {
  look: (work) => work(),
  threw: (error) => {
    throw error;
  },
};

/** A root actor and who looks at its children. */
export class ActorSystem {
  /** The parent of all other actors. */
  readonly root: RootActor;
  readonly #onlookers: Onlookers;
  /** All actors that were not stopped. */
  readonly #living = new Set<HiddenActor>();
  /** Hears of each step that an actor takes from its table; null: nobody does. */
  stepObserver: StepObserver | null = null;
  #inspectorCount = 0;
  #isLooking = false;

  /** A root actor, running, at which nobody looks. */
  constructor(onlookers: Onlookers = NO_CARE) {
    this.#onlookers = onlookers;
    this.root = new RootActor(ROOT_LOGIC).start();
    const { system } = this.root;
    const { inspect } = system;
    // Whoever has an actor of ours has the system too, and may inspect it without asking us.
    system.inspect = (observerOrListener) => {
      const observer: Observer<InspectionEvent> = toObserver(observerOrListener);
      return this.#begin(() => inspect(this.guarded(observer)));
    };
  }

  /** Whether an inspector looks at all actors: then each hears of every step, also of those that change nothing. */
  get isInspected(): boolean {
    return this.#inspectorCount > 0;
  }

  /** Whether programs that look on are told of something right now. */
  get isLooking(): boolean {
    return this.#isLooking;
  }

  /** Does `work`, in which programs look on. */
  look(work: () => void): void {
    const outer = this.#isLooking;
    this.#isLooking = true;
    try {
      this.#onlookers.look(work);
    } finally {
      this.#isLooking = outer;
    }
  }

  /** Actors that were not stopped. */
  get livingCount(): number {
    return this.#living.size;
  }

  /** Whether `actor` is one of this system that was not stopped. */
  has(actor: HiddenActor): boolean {
    return this.#living.has(actor);
  }

  /** `actor` lives, until {@linkcode ActorSystem.forget}. */
  add(actor: HiddenActor): void {
    this.#living.add(actor);
  }

  /** `actor` has ended; false where that is known. */
  forget(actor: HiddenActor): boolean {
    return this.#living.delete(actor);
  }

  /** Has `inspector` told of everything that happens to actors, until the function returned is called. */
  inspect(inspector: ActorInspector): () => void {
    const subscription = this.root.system.inspect((event) => inspector(event as ActorInspection));
    return () => subscription.unsubscribe();
  }

  /** All that live are known to XState before somebody hears of them: the inspector sees no beginning. */
  #begin(subscribe: () => Subscription): Subscription {
    for (const actor of this.#living) actor.show();
    const subscription = subscribe();
    this.#inspectorCount++;
    let isOver = false;
    return {
      unsubscribe: () => {
        if (isOver) return;
        isOver = true;
        subscription.unsubscribe();
        this.#inspectorCount--;
      },
    };
  }

  /** `observer`, with what it throws told to {@linkcode Onlookers.threw}: XState would throw it from a timer. */
  guarded<T>(observer: Observer<T>): Observer<T> {
    const guard = <Argument>(listener: ((argument: Argument) => void) | undefined) =>
      listener && ((argument: Argument) => {
        try {
          listener.call(observer, argument);
        } catch (error) {
          this.#onlookers.threw(error);
        }
      });
    return {
      next: guard(observer.next),
      error: guard(observer.error),
      complete: guard(observer.complete),
    } as Observer<T>;
  }

  /** Ends all actors: nobody who waits for one waits for ever. */
  end(): void {
    for (const actor of this.#living) actor.stop();
  }

  /** Ends a child. */
  stop(child: AnyActorRef): void {
    this.look(() => this.root.send(new StopChild(child)));
  }
}
