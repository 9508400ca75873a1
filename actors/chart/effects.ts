/**
 * Effects: what a chart names to be done on a step, and what the owner of an actor does for each name.
 *
 * A chart says that something happens and when, by the entry, exit and transition actions of its
 * states; it has no code for it, as XState would run that in the middle of a step. The code stands in a
 * table of the owner's, and runs once the actor is in its new state.
 *
 * @module
 */

import type { AnyActorRef, EventObject } from "xstate";

/** Hears the names of the effects of one actor, in their order. */
interface Collector {
  readonly actor: AnyActorRef;
  readonly effects: string[];
}

/** Where the interpreter's effects go; null while nobody asks for them. */
let collector: Collector | null = null;

/** What XState runs for the name of an effect. */
type NamingAction = (step: { readonly self: AnyActorRef }) => void;

/** The actions that stand for effects, and have no code of their own. */
const namingActions = new WeakSet<object>();

/**
 * The actions of a chart's `setup` that let it name `names` as effects. XState's interpreter carries
 * them out as it does any action; all that they do is to say their name.
 */
export function nameEffects<const Effect extends string>(
  names: readonly Effect[],
): Readonly<Record<Effect, NamingAction>> {
  const actions = names.map((name): readonly [Effect, NamingAction] => {
    const action: NamingAction = ({ self }) => {
      // Whoever watches a step may make an actor of the same chart, and tell it anything.
      if (collector?.actor === self) collector.effects.push(name);
    };
    namingActions.add(action);
    return [name, action];
  });
  return Object.fromEntries(actions) as Record<Effect, NamingAction>;
}

/** Whether `action` is one that only names an effect. */
export function namesEffect(action: unknown): boolean {
  return typeof action === "function" && namingActions.has(action);
}

/** The effects that XState's interpreter names for `actor` while it does `work`, in order. */
export function effectsDuring(actor: AnyActorRef, work: () => void): readonly string[] {
  const outer = collector;
  const effects: string[] = [];
  collector = { actor, effects };
  try {
    work();
  } finally {
    collector = outer;
  }
  return effects;
}

/**
 * What `Owner` does for each effect that its chart names. A table serves all owners of one kind, so that
 * an actor costs no closures.
 */
export type EffectTable<Owner, Event extends EventObject, Effect extends string> = Readonly<
  Record<Effect, (owner: Owner, event: Event) => void>
>;

/** Carries out the effects of one actor. */
export interface Effects<Event extends EventObject> {
  /** Does what the chart names `effect`; `event` is what happened. */
  carryOut(effect: string, event: Event): void;
}

/** What one owner does, by a table. */
class OwnedEffects<Owner, Event extends EventObject, Effect extends string>
  implements Effects<Event> {
  readonly #owner: Owner;
  readonly #table: EffectTable<Owner, Event, Effect>;

  /** The effects of `owner`. */
  constructor(owner: Owner, table: EffectTable<Owner, Event, Effect>) {
    this.#owner = owner;
    this.#table = table;
  }

  /** See {@linkcode Effects.carryOut}. */
  carryOut(effect: Effect, event: Event): void {
    this.#table[effect](this.#owner, event);
  }
}

/** Has `owner` do what `table` says for each effect. */
export function effectsOf<Owner, Event extends EventObject, Effect extends string>(
  owner: Owner,
  table: EffectTable<Owner, Event, Effect>,
): Effects<Event> {
  return new OwnedEffects(owner, table);
}
