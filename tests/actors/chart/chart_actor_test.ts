import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { ActorSystem } from "../../../actors/chart/actor_system.ts";
import { type Chart, ChartActor, chartOf } from "../../../actors/chart/chart_actor.ts";
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

/** For an inspector that does not throw. */
function unexpected(error: unknown): never {
  throw error;
}

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

Deno.test("ChartActor: has XState's actor make each step while somebody inspects, and catch up first", () => {
  const system = new ActorSystem();
  const actor = new ChartActor<PartitionEvent, PartitionTag>(partitionChart("compiled"), system);
  actor.send({ type: "pause" });
  const heard: string[] = [];
  const stop = system.inspect(({ type, event }) => {
    if (type === "@xstate.event") heard.push(event?.type ?? "");
  }, unexpected);
  assertEquals(actor.isInspected, true);
  actor.send({ type: "resume" });
  actor.send({ type: "crash" });
  stop();
  assertEquals(actor.isInspected, false);
  actor.send({ type: "destroy" });
  assertEquals(heard, ["caughtUp", "resume", "crash"]);
});

Deno.test("ChartActor: XState is told of all that live when somebody looks first, and of new ones then", () => {
  const system = new ActorSystem();
  const chart = partitionChart("compiled");
  const make = () => new ChartActor<PartitionEvent, PartitionTag>(chart, system);
  const [kept, gone] = [make(), make()];
  gone.stop();
  assertEquals(system.livingCount, 1);
  const heard: string[] = [];
  system.inspect(({ type, event }) => heard.push(`${type} ${event?.type ?? ""}`), unexpected);
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
