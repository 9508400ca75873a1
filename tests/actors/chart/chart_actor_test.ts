import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { setup } from "xstate";
import { ActorSystem } from "../../../actors/chart/actor_system.ts";
import { type Chart, ChartActor, chartOf } from "../../../actors/chart/chart_actor.ts";
import { effectsOf, type EffectTable, nameEffects } from "../../../actors/chart/effects.ts";
import { createPacketChart } from "../../../actors/packet/machine.ts";
import type { PacketEvent, PacketTag } from "../../../actors/packet/types.ts";
import { createPartitionChart } from "../../../actors/partition/machine.ts";
import type { PartitionEvent, PartitionTag } from "../../../actors/partition/types.ts";
import { BrokenInvariant } from "../../../core/assert.ts";

const INTERPRETERS = ["compiled", "stock"] as const;

function partitionChart(interpreter: typeof INTERPRETERS[number]): Chart {
  return chartOf("partition", createPartitionChart, interpreter);
}

Deno.test("chartOf: works out the table of a chart once, and none for the stock interpreter", () => {
  const first = partitionChart("compiled");
  assertStrictEquals(partitionChart("compiled").table, first.table);
  assertEquals(first.table?.states.size, 4);
  assertEquals(partitionChart("stock").table, null);
  assertEquals(partitionChart("stock").eventTypes, ["crash", "destroy", "pause", "resume"]);
  assertEquals(first.eventTypes, partitionChart("stock").eventTypes);
});

for (const interpreter of INTERPRETERS) {
  Deno.test(`ChartActor: goes from state to state, ${interpreter}`, () => {
    const system = new ActorSystem();
    const actor = new ChartActor<PartitionEvent, PartitionTag>(partitionChart(interpreter), system);
    assertEquals(actor.snapshot.value, "running");
    assertEquals([actor.is("runs"), actor.is("alive")], [true, true]);
    actor.send({ type: "pause" });
    assertEquals(actor.snapshot.value, "paused");
    assertEquals([actor.is("runs"), actor.is("alive")], [false, true]);
    assertEquals([actor.can("pause"), actor.can("resume")], [false, true]);
    assertEquals(actor.snapshot.matches("paused"), true);
    actor.send({ type: "crash" });
    assertEquals([actor.is("alive"), actor.is("present")], [false, true]);
  });

  Deno.test(`ChartActor: takes an event that is not allowed for a bug, ${interpreter}`, () => {
    const system = new ActorSystem();
    const actor = new ChartActor<PartitionEvent, PartitionTag>(partitionChart(interpreter), system);
    assertThrows(
      () => actor.send({ type: "resume" }),
      BrokenInvariant,
      "Cannot go on as this does not hold: partition takes resume in this state",
    );
    assertEquals(actor.snapshot.value, "running");
    actor.send({ type: "pause" });
    assertEquals(actor.snapshot.value, "paused");
  });

  Deno.test(`ChartActor: allows an event of a chart that changes nothing, ${interpreter}`, () => {
    const system = new ActorSystem();
    const chart = chartOf("packet", createPacketChart, interpreter);
    const actor = new ChartActor<PacketEvent, PacketTag>(chart, system);
    assertEquals(actor.can("allocate"), true);
    assertEquals(actor.can("free"), false);
  });

  Deno.test(`ChartActor: ends without its siblings, ${interpreter}`, () => {
    const system = new ActorSystem();
    const chart = partitionChart(interpreter);
    const [ended, other] = [0, 1].map(() =>
      new ChartActor<PartitionEvent, PartitionTag>(chart, system)
    );
    ended?.stop();
    other?.send({ type: "pause" });
    assertEquals([ended?.snapshot.value, other?.snapshot.value], ["running", "paused"]);
    assertEquals(system.root.getSnapshot().status, "active");
  });
}

Deno.test("ChartActor: says of each tag of its chart whether the state has it, whatever runs the chart", () => {
  const system = new ActorSystem();
  const [compiled, stock] = INTERPRETERS.map((interpreter) =>
    new ChartActor<PartitionEvent, PartitionTag>(partitionChart(interpreter), system)
  );
  assertEquals(compiled?.tags, { alive: true, present: true, runs: true });
  for (const type of ["pause", "resume", "crash", "destroy"] as const) {
    for (const actor of [compiled, stock]) actor?.send({ type });
    assertEquals(compiled?.tags, stock?.tags, type);
    for (const [tag, isThere] of Object.entries(compiled?.tags ?? {})) {
      assertEquals([tag, compiled?.snapshot.hasTag(tag)], [tag, isThere]);
    }
  }
});

Deno.test("ChartActor: XState is told of all that live when somebody looks first, and of new ones then", () => {
  const system = new ActorSystem();
  const chart = partitionChart("compiled");
  const make = () => new ChartActor<PartitionEvent, PartitionTag>(chart, system);
  const [kept, gone] = [make(), make()];
  gone.stop();
  assertEquals(system.livingCount, 1);
  const heard: string[] = [];
  system.inspect(({ type, event }) => heard.push(`${type} ${event?.type ?? ""}`));
  kept.send({ type: "pause" });
  gone.send({ type: "pause" }); // nobody hears of it: it is no more
  assertEquals([kept.snapshot.value, gone.snapshot.value], ["paused", "paused"]);
  assertEquals(heard, ["@xstate.event pause", "@xstate.snapshot pause"]);
  make();
  assertEquals(heard.slice(2), [
    "@xstate.actor ",
    "@xstate.event xstate.init",
    "@xstate.snapshot xstate.init",
  ]);
});

for (const interpreter of INTERPRETERS) {
  Deno.test(`ChartActor.stop: is done once, and leaves the state as it is, ${interpreter}`, () => {
    const system = new ActorSystem();
    const actor = new ChartActor<PartitionEvent, PartitionTag>(partitionChart(interpreter), system);
    actor.send({ type: "crash" });
    actor.stop();
    actor.stop();
    assertEquals(system.livingCount, 0);
    assertEquals([actor.snapshot.value, actor.is("present")], ["crashed", true]);
  });
}

Deno.test("ChartActor: has one code for an event type, whatever runs the chart", () => {
  const system = new ActorSystem();
  const codes = INTERPRETERS.map((interpreter) => {
    const actor = new ChartActor<PartitionEvent, PartitionTag>(partitionChart(interpreter), system);
    return (["crash", "destroy", "pause", "resume"] as const).map((type) => actor.code(type));
  });
  assertEquals(codes, [[0, 1, 2, 3], [0, 1, 2, 3]]);
});

/** What can happen to a door, in a chart with effects. */
type DoorEvent = { readonly type: "push" } | { readonly type: "slam" } | { readonly type: "knock" };
type DoorEffect = "creak" | "latch" | "unlatch" | "echo" | "answer";

function createDoorChart() {
  return setup({
    types: { events: {} as DoorEvent, tags: {} as "shut" },
    actions: nameEffects<DoorEffect>(["creak", "latch", "unlatch", "echo", "answer"]),
  }).createMachine({
    id: "door",
    initial: "shut",
    states: {
      shut: {
        tags: "shut",
        entry: "latch",
        exit: "unlatch",
        on: { push: { target: "open", actions: "creak" }, knock: { actions: ["echo", "answer"] } },
      },
      open: { on: { slam: { target: "shut", actions: "echo" } } },
    },
  });
}

/** The owner of a door's actor, and what its effects have written down: each beside the state then. */
class Door {
  readonly heard: string[] = [];
  readonly actor: ChartActor<DoorEvent, "shut">;
  isAnswered = false;

  constructor(interpreter: typeof INTERPRETERS[number]) {
    const chart = chartOf("door", createDoorChart, interpreter);
    this.actor = new ChartActor(chart, new ActorSystem(), null, effectsOf(this, DOOR_EFFECTS));
  }

  note(effect: DoorEffect, { type }: DoorEvent): void {
    this.heard.push(`${effect} on ${type} in ${this.actor.snapshot.value}`);
  }
}

const DOOR_EFFECTS: EffectTable<Door, DoorEvent, DoorEffect> = {
  creak: (door, event) => door.note("creak", event),
  latch: (door, event) => door.note("latch", event),
  unlatch: (door, event) => door.note("unlatch", event),
  echo: (door, event) => {
    door.note("echo", event);
    if (event.type === "knock" && door.isAnswered) door.actor.send({ type: "push" });
  },
  answer: (door, event) => door.note("answer", event),
};

for (const interpreter of INTERPRETERS) {
  Deno.test(`ChartActor.send: carries out what the chart names, in the new state, ${interpreter}`, () => {
    const door = new Door(interpreter);
    assertEquals(door.heard, [], "to begin is no step");
    door.actor.send({ type: "knock" });
    assertEquals(door.heard.splice(0), ["echo on knock in shut", "answer on knock in shut"]);
    door.actor.send({ type: "push" });
    assertEquals(door.heard.splice(0), ["unlatch on push in open", "creak on push in open"]);
    door.actor.send({ type: "slam" });
    assertEquals(door.heard.splice(0), ["echo on slam in shut", "latch on slam in shut"]);
  });

  Deno.test(`ChartActor.send: an event told by an effect comes before the effects left, ${interpreter}`, () => {
    const door = new Door(interpreter);
    door.isAnswered = true;
    door.actor.send({ type: "knock" });
    assertEquals(door.heard, [
      "echo on knock in shut",
      "unlatch on push in open",
      "creak on push in open",
      "answer on knock in open",
    ]);
  });

  Deno.test(`ChartActor.send: effects are of the actor that was told, ${interpreter}`, () => {
    const [told, other] = [new Door(interpreter), new Door(interpreter)];
    told.actor.send({ type: "push" });
    assertEquals([told.heard.length, other.heard], [2, []]);
  });

  // A driver may still have what the actor is of: a packet of a guest that was destroyed.
  Deno.test(`ChartActor.stop: what happens later leads on, with its effects, ${interpreter}`, () => {
    const door = new Door(interpreter);
    door.actor.send({ type: "push" });
    door.actor.stop();
    door.heard.length = 0;
    assertEquals([door.actor.can("slam"), door.actor.can("push")], [true, false]);
    door.actor.send({ type: "slam" });
    assertEquals(door.heard, ["echo on slam in shut", "latch on slam in shut"]);
    assertEquals([door.actor.snapshot.status, door.actor.is("shut")], ["active", true]);
  });
}
