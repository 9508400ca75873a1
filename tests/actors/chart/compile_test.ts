import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  type ActorRefFrom,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  assign,
  createActor,
  createMachine,
  emit,
  enqueueActions,
  type EventObject,
  fromPromise,
  raise,
  setup,
  transition,
} from "xstate";
import { ActorSystem } from "../../../actors/chart/actor_system.ts";
import { type Chart, ChartActor, chartOf } from "../../../actors/chart/chart_actor.ts";
import {
  compileChart,
  type CompiledChart,
  eventTypesOf,
  isEnabled,
  stateKey,
} from "../../../actors/chart/compile.ts";
import { effectsDuring, nameEffects } from "../../../actors/chart/effects.ts";
import { BrokenInvariant } from "../../../core/assert.ts";
import { Chance } from "../../../core/chance.ts";
import { isLong, times } from "../../support/long.ts";
import { allowedIn, CHARTS, reachOf, tagsOf, withEffects } from "../../support/charts.ts";

/** Each chart once, and its table, which take long to make. */
const MADE = Object.entries(CHARTS).map(([name, create]) => {
  const machine = create();
  return { name, machine, compiled: compileChart(machine) };
});
const RANDOM_EVENTS = times(8000, 40_000);
/** How much of a chart a walk of so many comes by. */
const SEEN = isLong ? 0.55 : 0.3;
/** One crash in so many draws of one: else no walk of a client would get far. */
const CRASH_RARITY = 60;

/** An actor of XState's own interpreter that went the way `eventTypes`. */
function stockActorAfter(
  machine: AnyStateMachine,
  eventTypes: readonly string[],
): ActorRefFrom<AnyStateMachine> {
  const actor = createActor(machine).start();
  for (const type of eventTypes) actor.send({ type });
  return actor;
}

/** The table's snapshot after `eventTypes`. */
function compiledAfter(chart: CompiledChart, eventTypes: readonly string[]): AnyMachineSnapshot {
  const initial = chart.states.values().next().value;
  assert(initial !== undefined);
  return eventTypes.reduce<AnyMachineSnapshot>((snapshot, type) => {
    const next = chart.next(snapshot, type);
    assert(next !== undefined, `${type} is allowed in ${stateKey(snapshot.value)}`);
    return next;
  }, initial);
}

for (const { name, machine, compiled } of MADE) {
  Deno.test(`compileChart: finds the reachable states of the ${name} chart`, () => {
    assertEquals([...compiled.states.keys()].sort(), [...reachOf(machine).keys()].sort());
    assertEquals(compiled.eventTypes, eventTypesOf(machine));
    const initial = createActor(machine).getSnapshot();
    assertEquals([...compiled.states.keys()][0], stateKey(initial.value));
  });

  Deno.test(`compileChart: agrees with XState on each state and event of the ${name} chart`, () => {
    let enabledCount = 0;
    for (const [key, { eventTypes }] of reachOf(machine)) {
      const from = compiledAfter(compiled, eventTypes);
      assertEquals(stateKey(from.value), key);
      const before = stockActorAfter(machine, eventTypes).getSnapshot();
      for (const type of compiled.eventTypes) {
        const isAllowed = isEnabled(machine, before, type);
        const canChange = before.can({ type });
        const [after] = transition(machine, before, { type });
        const next = compiled.next(from, type);
        assertEquals(next !== undefined, isAllowed, `${type} in ${key}`);
        // Also an event that is not allowed has an outcome: the actor stays what it is.
        const to = next ?? from;
        assertEquals(to.value, after.value, `${type} in ${key}`);
        assertEquals(tagsOf(to), tagsOf(after), `${type} in ${key}`);
        assertEquals(from.can({ type }), canChange, `${type} in ${key}`);
        assert(to.matches(after.value));
        if (isAllowed) enabledCount++;
      }
    }
    assert(enabledCount >= compiled.states.size - 1, "every state but the first is entered");
  });
}

/** An actor of `chart`, and the effects that it carried out. */
function actorWithEffects(
  chart: Chart,
): { actor: ChartActor<EventObject, string>; done: string[] } {
  const done: string[] = [];
  const effects = {
    carryOut: (effect: string, { type }: EventObject) => done.push(`${effect} on ${type}`),
  };
  return { actor: new ChartActor(chart, new ActorSystem(), null, effects), done };
}

/**
 * Walks an actor of each kind through the same random events, and compares state, tags and effects at
 * each step. The chart names an effect at each place.
 */
function walkBoth(name: string, create: () => AnyStateMachine): number {
  const withAll = () => withEffects(create());
  const compiled = chartOf(`${name} with effects`, withAll, "compiled");
  const ours = actorWithEffects(compiled);
  const theirs = actorWithEffects(chartOf(`${name} with effects`, withAll, "stock"));
  const chance = Chance.fromSeed(2025).fork(name);
  const seen = new Set<string>();
  for (let i = 0; i < RANDOM_EVENTS; i++) {
    let type: string;
    do type = compiled.eventTypes[chance.below(compiled.eventTypes.length)]!; while (
      type === "crashed" && chance.below(CRASH_RARITY) > 0
    );
    const isAllowed = ours.actor.can(type);
    if (theirs.actor.can(type) !== isAllowed) assertEquals(theirs.actor.can(type), isAllowed, type);
    if (!isAllowed) continue;
    for (const { actor } of [ours, theirs]) actor.send({ type });
    const views = [ours, theirs].map(({ actor, done }) =>
      `${stateKey(actor.snapshot.value)} ${JSON.stringify(actor.tags)} ${done.splice(0).join()}`
    );
    if (views[0] !== views[1]) {
      assertEquals(views[0], views[1], `event ${i} of the ${name} chart: ${type}`);
    }
    seen.add(stateKey(theirs.actor.snapshot.value));
  }
  return seen.size / compiled.table!.states.size;
}

for (const side of ["server", "client"]) {
  Deno.test(`compileChart: walks thousands of random events of a ${side} as XState does`, () => {
    const seen = walkBoth(side, CHARTS[side]!);
    assert(seen > SEEN, `the walk saw ${(seen * 100).toFixed()} % of the states`);
  });
}

for (const [name, create] of Object.entries(CHARTS)) {
  Deno.test(`compileChart: has the effects of each step of the ${name} chart as XState executes them`, () => {
    const machine = withEffects(create());
    const compiled = compileChart(machine);
    let effectCount = 0;
    for (const state of compiled.states.values()) {
      for (const type of allowedIn(machine, state)) {
        const actor = createActor(machine, { snapshot: machine.getPersistedSnapshot(state) });
        actor.start();
        const executed = effectsDuring(actor, () => actor.send({ type }));
        assertEquals(
          compiled.effects(state, type),
          executed,
          `${type} in ${stateKey(state.value)}`,
        );
        effectCount += executed.length;
      }
    }
    assert(effectCount > compiled.states.size);
  });
}

Deno.test("compileChart: interns its snapshots, one object a state", () => {
  const compiled = compileChart(CHARTS["partition"]!());
  const running = compiled.first.snapshot;
  const paused = compiled.next(running, "pause");
  assert(paused !== undefined);
  assertStrictEquals(compiled.next(paused, "resume"), running);
  assertStrictEquals(compiled.states.get(stateKey("running")), running);
  assertEquals(new Set(compiled.states.values()).size, compiled.states.size);
});

for (const { name, machine, compiled } of MADE) {
  Deno.test(`compileChart: has real snapshots of the ${name} chart`, () => {
    for (const [key, { eventTypes, snapshot: reached }] of reachOf(machine)) {
      const ours = compiledAfter(compiled, eventTypes);
      const theirs = stockActorAfter(machine, eventTypes).getSnapshot();
      for (const state of [ours, theirs]) {
        const { status, children, historyValue, error, output } = state;
        assertEquals(
          { status, children, historyValue, error, output },
          { status: "active", children: {}, historyValue: {}, error: undefined, output: undefined },
        );
      }
      assertEquals(ours.context, {});
      assert([...theirs.tags].every((tag) => ours.hasTag(tag)), key);
      assertEquals(ours.hasTag("no tag of any chart"), false);
      assertEquals(ours.getMeta(), theirs.getMeta());
      assertEquals(
        JSON.parse(JSON.stringify(machine.getPersistedSnapshot(ours))),
        JSON.parse(JSON.stringify({ ...machine.getPersistedSnapshot(theirs), context: {} })),
      );
      assertEquals(stateKey(reached.value), key);
    }
  });

  Deno.test(`compileChart: persists what XState restores, for the ${name} chart`, () => {
    for (const [key, state] of compiled.states) {
      const persisted = structuredClone(machine.getPersistedSnapshot(state));
      const restored = createActor(machine, { snapshot: persisted }).start();
      assertEquals(stateKey(restored.getSnapshot().value), key);
      assertEquals(restored.getSnapshot().status, "active");
      const allowed = allowedIn(machine, restored.getSnapshot());
      assertEquals(
        allowed,
        compiled.eventTypes.filter((type) => compiled.next(state, type) !== undefined),
      );
      const type = allowed[0];
      if (type === undefined) continue;
      restored.send({ type });
      assertEquals(restored.getSnapshot().value, compiled.next(state, type)?.value);
    }
  });
}

/** Charts with what a table cannot hold, by what it is. */
const IMPURE: Readonly<Record<string, () => AnyStateMachine>> = {
  "an entry action": () =>
    createMachine({ id: "x", initial: "a", states: { a: { entry: () => {} } } }),
  "an exit action": () =>
    createMachine({ id: "x", initial: "a", states: { a: { exit: () => {} } } }),
  "an action of the root": () => createMachine({ id: "x", entry: () => {} }),
  "a transition's action": () =>
    createMachine({
      id: "x",
      initial: "a",
      states: { a: { on: { go: { target: "b", actions: () => {} } } }, b: {} },
    }),
  "an action on one of several transitions": () =>
    createMachine({
      id: "x",
      initial: "a",
      states: {
        a: {
          on: { go: [{ guard: () => false, target: "b" }, { actions: assign({}) }] },
        },
        b: {},
      },
    }),
  "an action of XState's own": () => createMachine({ id: "x", entry: raise({ type: "go" }) }),
  "an event for listeners": () => createMachine({ id: "x", exit: emit({ type: "gone" }) }),
  "an action on the way into the first state": () =>
    createMachine({
      id: "x",
      initial: { target: "a", actions: enqueueActions(() => {}) },
      states: { a: {} },
    }),
  "a name that nobody has": () => createMachine({ id: "x", entry: "nameless" }),
  "a name with code behind it": () =>
    setup({ actions: { work: () => {} } }).createMachine({ id: "x", entry: "work" }),
  "a name that assigns": () =>
    setup({ actions: { count: assign({}) } }).createMachine({ id: "x", entry: "count" }),
  "an effect with params": () =>
    createMachine(
      { id: "x", entry: { type: "work", params: { much: true } } },
      { actions: nameEffects(["work"]) },
    ),
  "an action in a nested state": () =>
    createMachine({
      id: "x",
      initial: "a",
      states: { a: { initial: "b", states: { b: { entry: () => {} } } } },
    }),
};

/** Charts that go on without an event. */
const RESTLESS: Readonly<Record<string, () => AnyStateMachine>> = {
  "a delay": () =>
    createMachine({ id: "x", initial: "a", states: { a: { after: { 10: "b" } }, b: {} } }),
  "an invocation": () =>
    createMachine({
      id: "x",
      initial: "a",
      states: { a: { invoke: { src: fromPromise(() => Promise.resolve()) } } },
    }),
  "an eventless transition": () =>
    createMachine({
      id: "x",
      initial: "a",
      states: { a: { always: { guard: () => false, target: "b" } }, b: {} },
    }),
};

for (
  const [charts, fault] of [
    [IMPURE, "has no action but the bare names of effects"],
    [RESTLESS, "has no delay, invocation or eventless step"],
  ] as const
) {
  for (const [what, create] of Object.entries(charts)) {
    Deno.test(`compileChart: refuses ${what}`, () => {
      assertThrows(() => compileChart(create()), BrokenInvariant, fault);
    });
  }
}

Deno.test("compileChart: takes the names of effects, as a word or with a type", () => {
  const machine = createMachine(
    {
      id: "x",
      initial: "a",
      states: {
        a: { exit: "leave", on: { go: { target: "b", actions: { type: "cross" } }, stay: {} } },
        b: { entry: ["enter", "greet"], on: { again: { actions: "greet" } } },
      },
    },
    { actions: nameEffects(["leave", "cross", "enter", "greet"]) },
  );
  const compiled = compileChart(machine);
  const [first, second] = [...compiled.states.values()];
  assert(first !== undefined && second !== undefined);
  assertEquals(compiled.effects(first, "go"), ["leave", "cross", "enter", "greet"]);
  assertEquals(compiled.effects(first, "stay"), []);
  assertEquals(compiled.next(second, "again"), second);
  assertEquals(compiled.effects(second, "again"), ["greet"]);
});

Deno.test("compileChart: refuses a guard that reads context", () => {
  const machine = setup({
    types: { context: {} as { count: number }, events: {} as { type: "go" } },
    guards: { isLow: ({ context }) => context.count < 3 },
  }).createMachine({
    id: "x",
    context: { count: 0 },
    initial: "a",
    states: { a: { on: { go: { guard: "isLow", target: "b" } } }, b: {} },
  });
  assertThrows(
    () => compileChart(machine).states,
    Error,
    "Cannot compile a chart whose guard reads context: read count",
  );
});

Deno.test("isEnabled: holds also for an event that changes nothing", () => {
  const machine = createMachine({
    id: "x",
    initial: "a",
    states: { a: { on: { stay: {}, go: "b" } }, b: {} },
  });
  const snapshot = createActor(machine).getSnapshot();
  assertEquals(["stay", "go", "other"].map((type) => isEnabled(machine, snapshot, type)), [
    true,
    true,
    false,
  ]);
  assertEquals(snapshot.can({ type: "stay" }), false);
  assertEquals(eventTypesOf(machine), ["go", "stay"]);
});

Deno.test("stateKey: is one text for a value, whatever the order of its keys", () => {
  assertEquals(stateKey("a"), '"a"');
  assertEquals(stateKey({ b: "x", a: { d: "y", c: "z" } }), '{"a":{"c":"z","d":"y"},"b":"x"}');
  assertEquals(stateKey({ a: { c: "z", d: "y" }, b: "x" }), '{"a":{"c":"z","d":"y"},"b":"x"}');
  // Keys are quoted, so that no key can look like two.
  assertEquals(stateKey({ "a:b": "c" }) === stateKey({ a: "b:c" }), false);
});
