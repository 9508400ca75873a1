// An actor of a chart is an actor to XState's own functions, whatever runs the chart.

import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import {
  Actor,
  type AnyActorRef,
  createActor,
  createMachine,
  type InspectionEvent,
  isMachineSnapshot,
  sendTo,
  toPromise,
  waitFor,
} from "xstate";
import { ActorSystem } from "../../../actors/chart/actor_system.ts";
import { type Chart, ChartActor, chartOf } from "../../../actors/chart/chart_actor.ts";
import { persistedState, persistState } from "../../../actors/chart/persisted.ts";
import { ShownActor } from "../../../actors/chart/shown_actor.ts";
import { createPartitionChart } from "../../../actors/partition/machine.ts";
import type { PartitionEvent, PartitionTag } from "../../../actors/partition/types.ts";
import { copyPlainData } from "../../../core/saved/plain_data.ts";

const INTERPRETERS = ["compiled", "stock"] as const;

function partitionChart(interpreter: typeof INTERPRETERS[number]): Chart {
  return chartOf("partition", createPartitionChart, interpreter);
}

type PartitionActor = ChartActor<PartitionEvent, PartitionTag>;

function partitionActor(interpreter: typeof INTERPRETERS[number], system = new ActorSystem()) {
  return new ChartActor<PartitionEvent, PartitionTag>(partitionChart(interpreter), system);
}

/** Whether somebody would hear of a step of `actor`. */
function isWatched({ ref }: PartitionActor): boolean {
  return ref instanceof ShownActor && ref.isWatched;
}

/** What is heard of an actor's states from now on. */
function statesOf({ ref }: PartitionActor): unknown[] {
  const seen: unknown[] = [];
  ref.subscribe((snapshot) => seen.push(snapshot.value));
  return seen;
}

for (const interpreter of INTERPRETERS) {
  const test = (name: string, work: () => void | Promise<void>) =>
    Deno.test(`ChartActor.ref: ${name}, ${interpreter}`, work);

  test("is XState's own actor, one object, with a machine's snapshot", () => {
    const actor = partitionActor(interpreter);
    const ref: AnyActorRef = actor.ref; // no cast
    assert(ref instanceof Actor);
    assertStrictEquals(actor.ref, ref);
    const snapshot = actor.ref.getSnapshot();
    assert(isMachineSnapshot(snapshot));
    assertEquals([snapshot.status, snapshot.value, snapshot.hasTag("runs")], [
      "active",
      "running",
      true,
    ]);
    assertEquals([snapshot.matches("running"), snapshot.can({ type: "pause" })], [true, true]);
    assertEquals(snapshot.can({ type: "resume" }), false);
    assertEquals(snapshot.machine.id, "partition");
  });

  test("is never behind, looked at or not", () => {
    const actor = partitionActor(interpreter);
    actor.send({ type: "pause" });
    const { ref } = actor;
    assertEquals(ref.getSnapshot().value, "paused");
    actor.send({ type: "resume" });
    assertEquals(ref.getSnapshot().value, "running");
    const seen = statesOf(actor);
    actor.send({ type: "crash" });
    assertEquals([seen, ref.getSnapshot().value], [["crashed"], "crashed"]);
  });

  test("waitFor waits for a state, and has one that is there", async () => {
    const actor = partitionActor(interpreter);
    const there = await waitFor(actor.ref, (snapshot) => snapshot.hasTag("runs"));
    assertEquals(there.value, "running");
    const crashed = waitFor(actor.ref, (snapshot) => snapshot.matches("crashed"));
    actor.send({ type: "pause" });
    actor.send({ type: "crash" });
    assertEquals((await crashed).value, "crashed");
    assertEquals(isWatched(actor), false, "it is released");
  });

  test("select hears of what it selects alone", () => {
    const actor = partitionActor(interpreter);
    const isAlive = actor.ref.select((snapshot) => snapshot.hasTag("alive"));
    const heard: boolean[] = [];
    isAlive.subscribe((value) => heard.push(value));
    actor.send({ type: "pause" });
    actor.send({ type: "resume" });
    actor.send({ type: "crash" });
    assertEquals([isAlive.get(), heard], [false, [false]]);
  });

  test("toPromise resolves and waitFor rejects when it is stopped, before and after", async () => {
    const actor = partitionActor(interpreter);
    const { ref } = actor;
    const over = toPromise(ref);
    const never = waitFor(ref, (snapshot) => snapshot.matches("crashed"));
    actor.stop();
    await over;
    await assertRejects(() => never, Error, "Actor terminated without satisfying predicate");
    assertEquals(ref.getSnapshot().status, "stopped");
    assertEquals(ref.getSnapshot().value, "running");
    await toPromise(ref);
    await assertRejects(() => waitFor(ref, (snapshot) => snapshot.matches("crashed")), Error);
    ref.start(); // nothing begins again
    assertEquals(ref.getSnapshot().status, "stopped");
  });

  test("one that watches has one actor told, and no other", () => {
    const system = new ActorSystem();
    const [watched, other] = [0, 1].map(() => partitionActor(interpreter, system));
    assert(watched !== undefined && other !== undefined);
    const { unsubscribe } = watched.ref.subscribe(() => {});
    other.ref.getSnapshot();
    assertEquals([isWatched(watched), isWatched(other), system.isInspected], [true, false, false]);
    unsubscribe();
    unsubscribe();
    assertEquals(isWatched(watched), false);
    watched.ref.subscribe(() => {});
    assertEquals(isWatched(watched), true);
    watched.stop();
    assertEquals([isWatched(watched), system.livingCount], [false, 1]);
  });

  test("system.inspect hears of all that live from then on, until it is ended", () => {
    const system = new ActorSystem();
    const [first, second] = [0, 1].map(() => partitionActor(interpreter, system));
    assert(first !== undefined && second !== undefined);
    first.send({ type: "pause" });
    const heard: string[] = [];
    const subscription = first.ref.system.inspect((inspection: InspectionEvent) => {
      if (inspection.type !== "@xstate.snapshot") return;
      const { value } = inspection.snapshot as { value?: unknown };
      heard.push(`${inspection.event.type} to ${String(value)}`);
    });
    assertEquals([isWatched(first), isWatched(second)], [true, true]);
    first.send({ type: "resume" });
    second.send({ type: "crash" });
    subscription.unsubscribe();
    subscription.unsubscribe();
    assertEquals([isWatched(first), isWatched(second)], [false, false]);
    first.send({ type: "pause" });
    assertEquals(heard, ["resume to running", "crash to crashed"]);
    const seen = statesOf(first);
    first.send({ type: "crash" });
    assertEquals(seen, ["crashed"], "XState heard of no pause, and is not behind");
  });

  test("takes nothing from whoever looks at it, by send or by sendTo", () => {
    const actor = partitionActor(interpreter);
    const refused = "Cannot send pause to a partition: its events come from the fabric alone";
    assertThrows(() => actor.ref.send({ type: "pause" }), Error, refused);
    assertThrows(() => actor.ref.stop(), Error, "A non-root actor cannot be stopped directly.");
    const sender = createActor(createMachine({ entry: sendTo(actor.ref, { type: "pause" }) }));
    const errors: unknown[] = [];
    sender.subscribe({ error: (error) => errors.push(error) });
    sender.start();
    assertEquals(errors.map((error) => (error as Error).message), [refused]);
    assertEquals(actor.ref.getSnapshot().value, "running");
    actor.send({ type: "pause" });
    assertEquals(actor.ref.getSnapshot().value, "paused");
  });

  test("persists what is saved of it, and what is found among the chart's own states", () => {
    const actor = partitionActor(interpreter);
    actor.send({ type: "pause" });
    const { data, fault } = copyPlainData(actor.ref.getPersistedSnapshot(), "snapshot");
    assertEquals([fault, data], [null, persistState(actor.chart, actor.snapshot)]);
    assertEquals(persistedState(actor.chart, data, "it").value, "paused");
    const restored = createActor(actor.chart.machine, {
      snapshot: actor.ref.getPersistedSnapshot(),
    });
    assertEquals(restored.getSnapshot().value, "paused");
  });

  test("what watchers throw is told of, and the step is made all the same", () => {
    const thrown: unknown[] = [];
    const onlookers = {
      look: (work: () => void) => work(),
      threw: (error: unknown) => thrown.push(error),
    };
    const actor = partitionActor(interpreter, new ActorSystem(onlookers));
    const seen: unknown[] = [];
    actor.ref.subscribe(() => {
      throw "first";
    });
    actor.ref.system.inspect(() => {
      throw "second";
    });
    actor.ref.subscribe(({ value }) => seen.push(value));
    actor.send({ type: "pause" });
    assertEquals([seen, actor.snapshot.value], [["paused"], "paused"]);
    assert(thrown.includes("first") && thrown.includes("second"));
  });
}

Deno.test("ChartActor.ref: a table's actor shows the steps that a watcher's doing led to, one after the other", () => {
  const actor = partitionActor("compiled");
  const seen: unknown[] = [];
  actor.ref.subscribe((snapshot) => {
    seen.push(snapshot.value);
    if (snapshot.matches("paused")) actor.send({ type: "crash" });
  });
  actor.send({ type: "pause" });
  assertEquals(seen, ["paused", "crashed"]);
});

Deno.test("ChartActor: XState knows none that nobody asked for, and hears of no step that nobody watches", () => {
  const system = new ActorSystem();
  let lookCount = 0;
  const onlookers = {
    look: (work: () => void) => {
      lookCount++;
      work();
    },
    threw: () => {},
  };
  const unseen = partitionActor("compiled", new ActorSystem(onlookers));
  unseen.send({ type: "pause" });
  assertEquals([lookCount, system.livingCount], [0, 0]);
  const { ref } = unseen;
  unseen.send({ type: "resume" });
  assertEquals([lookCount, ref.getSnapshot().value], [1, "running"], "made, and told nothing");
});
