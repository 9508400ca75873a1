/**
 * The actors of one fabric as XState has them: one system, one root, and whoever looks at them.
 *
 * @module
 */

import {
  type ActorRef,
  type AnyActorRef,
  createActor,
  fromTransition,
  type InspectionEvent,
  type Snapshot,
} from "xstate";

/** What the root actor is told: a child of it has done its part. */
interface StopChild {
  readonly type: "stop";
  readonly child: AnyActorRef;
}

/** The actor that every other one of a fabric has as its parent: one system costs less than many. */
export type RootActor = ActorRef<Snapshot<unknown>, StopChild>;

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
   * What it was told. `enter` and `enterLast` of a packet's actor, and `arrived` of a channel's, carry
   * the encoded packet as `bytes[start, end)`, a view that holds until the inspector returns.
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

/** Looks on; it must not call into the fabric. */
export type ActorInspector = (inspection: ActorInspection) => void;

/** An actor that XState need not know before somebody looks. */
export interface HiddenActor {
  /** Has XState know it. */
  show(): void;
}

/** A root actor and who looks at its children. */
export class ActorSystem {
  /** The parent of all other actors. */
  readonly root: RootActor;
  /** All actors that were not stopped. */
  readonly #living = new Set<HiddenActor>();
  #inspectorCount = 0;

  /** A root actor, running, at which nobody looks. */
  constructor() {
    const logic = fromTransition((state: null, { child }: StopChild, scope) => {
      scope.stopChild(child);
      return state;
    }, null);
    this.root = createActor(logic).start();
  }

  /** Whether anybody looks: then the actors hear of every step, also of those that change nothing. */
  get isInspected(): boolean {
    return this.#inspectorCount > 0;
  }

  /** Actors that were not stopped. */
  get livingCount(): number {
    return this.#living.size;
  }

  /** `actor` lives, until {@linkcode ActorSystem.forget}. */
  add(actor: HiddenActor): void {
    this.#living.add(actor);
  }

  /** `actor` is no more; false where that is known. */
  forget(actor: HiddenActor): boolean {
    return this.#living.delete(actor);
  }

  /**
   * Has `inspector` told of everything that happens to actors, until the function returned is called;
   * `onThrow` hears what it throws.
   */
  inspect(inspector: ActorInspector, onThrow: (error: unknown) => void): () => void {
    for (const actor of this.#living) actor.show();
    const subscription = this.root.system.inspect((event: InspectionEvent) => {
      try {
        inspector(event as ActorInspection);
      } catch (error) {
        onThrow(error); // the step that it looks at must be made all the same
      }
    });
    this.#inspectorCount++;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      subscription.unsubscribe();
      this.#inspectorCount--;
    };
  }

  /** Ends a child. */
  stop(child: AnyActorRef): void {
    this.root.send({ type: "stop", child });
  }
}
