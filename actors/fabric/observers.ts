/**
 * Programs that observe a fabric: checkers, above all.
 *
 * @module
 */

import type { Trace } from "../../core/trace.ts";
import type { ActorSystem, StepObserver } from "../chart/actor_system.ts";
import type { Step } from "../chart/compile.ts";
import type { FabricPort } from "../partition/fabric_port.ts";
import type { Frame } from "../runtime/irql.ts";
import type { Observation, ObservedEndpoint, Observer } from "../runtime/observation.ts";
import type { Waits } from "../runtime/waits.ts";

/** What of a fabric it takes to have it observed. */
interface Observed extends Pick<FabricPort, "callbacks" | "kmclRefusal"> {
  readonly actors: { readonly system: ActorSystem };
  readonly waits: Waits;
  /** Whom it tells; null: nobody. */
  observer: Observer | null;
  readonly recorder: Trace;
}

/** An observer, which may want to hear of the steps of charts as well. */
type AnyObserver = Observer & Partial<StepObserver>;

const REFUSAL = "in an observer of the fabric";

/**
 * Those of one fabric. As they run in the middle of a step, KMCL functions refuse them; what they throw is
 * heard as what a driver's callback throws.
 */
export class Observers implements Observer, StepObserver {
  readonly #fabric: Observed;
  #list: readonly AnyObserver[] = [];
  #ofSteps: readonly StepObserver[] = [];

  /** Nobody observes `fabric` yet. */
  constructor(fabric: Observed) {
    this.#fabric = fabric;
  }

  /** Adds one; the function returned takes it off again. */
  add(observer: AnyObserver): () => void {
    this.#set([...this.#list, observer]);
    return () => this.#set(this.#list.filter((other) => other !== observer));
  }

  #set(list: readonly AnyObserver[]): void {
    const { actors, recorder, waits } = this.#fabric;
    this.#list = list;
    this.#ofSteps = list.filter((observer): observer is Observer & StepObserver =>
      observer.takes !== undefined
    );
    const observer = list.length === 0 ? null : this;
    this.#fabric.observer = observer;
    waits.observer = observer;
    recorder.observe(observer !== null);
    actors.system.stepObserver = this.#ofSteps.length === 0 ? null : this;
  }

  /** See {@linkcode Observer.see}. */
  see(observation: Observation): void {
    const fabric = this.#fabric;
    const outer = fabric.kmclRefusal;
    fabric.kmclRefusal = outer ?? REFUSAL;
    try {
      const list = this.#list;
      for (let at = 0; at < list.length; at++) list[at]!.see(observation);
    } catch (error) {
      fabric.callbacks.report("Observer", "the program", error);
    } finally {
      fabric.kmclRefusal = outer;
    }
  }

  /** See {@linkcode StepObserver.takes}. */
  takes(step: Step): void {
    const list = this.#ofSteps;
    for (let at = 0; at < list.length; at++) list[at]!.takes(step);
  }

  /** A callback of a channel begins or has returned; one of a loaded driver belongs to no channel. */
  callback(frame: Frame, begins: boolean): void {
    if (this.#fabric.observer === null || frame.channel === undefined) return;
    const { name, irql, owner } = frame;
    const endpoint = owner as ObservedEndpoint;
    this.see(
      begins
        ? { kind: "callbackBegins", endpoint, callback: name, irql, count: 0 }
        : { kind: "callbackReturns", endpoint, callback: name },
    );
  }
}
