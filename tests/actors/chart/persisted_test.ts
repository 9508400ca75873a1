import { assert, assertEquals } from "@std/assert";
import { STATUS_DATA_ERROR } from "../../../core/ntstatus.ts";
import { readSaved, SavedStateFault } from "../../../core/saved/fault.ts";
import { encodePlainData, type PlainData } from "../../../core/saved/plain_data.ts";
import { decodePlainData } from "../../../core/saved/plain_data_reader.ts";
import { ChartActor, chartOf } from "../../../actors/chart/chart_actor.ts";
import { ActorSystem } from "../../../actors/chart/actor_system.ts";
import { compileChart } from "../../../actors/chart/compile.ts";
import { persistedState, persistState, stateWith } from "../../../actors/chart/persisted.ts";
import { CHARTS } from "../../support/charts.ts";

const INTERPRETERS = ["compiled", "stock"] as const;

Deno.test("persistedState: finds every state of every chart, for both interpreters", () => {
  for (const interpreter of INTERPRETERS) {
    for (const [name, create] of Object.entries(CHARTS)) {
      const chart = chartOf(name, create, interpreter);
      for (const state of compileChart(create()).states.values()) {
        const bytes = encodePlainData(persistState(chart, state));
        const found = persistedState(chart, decodePlainData(bytes), name);
        assertEquals(found.value, state.value);
        assertEquals([...found.tags].sort(), [...state.tags].sort());
      }
    }
  }
});

Deno.test("ChartActor: begins in the state that it is given, and continues as if it had come there", () => {
  for (const interpreter of INTERPRETERS) {
    const chart = chartOf("packet", CHARTS["packet"]!, interpreter);
    const root = new ActorSystem();
    const first = new ChartActor<{ type: "allocate" | "queue" | "enter" }, "inFlight" | "awaiting">(
      chart,
      root,
    );
    first.send({ type: "allocate" });
    first.send({ type: "queue" });
    const state = persistedState(chart, persistState(chart, first.snapshot), "packet 0");
    const second = new ChartActor<{ type: "allocate" | "enter" }, "inFlight" | "awaiting">(
      chart,
      root,
      state,
    );
    assertEquals(second.snapshot.value, "queued");
    assertEquals([second.is("inFlight"), second.can("allocate")], [true, false]);
    second.send({ type: "enter" });
    assert(second.is("awaiting"));
    second.stop();
    first.stop();
  }
});

Deno.test("persistedState: takes nothing but a state that the chart can reach, as XState writes it", () => {
  const chart = chartOf("packet", CHARTS["packet"]!, "compiled");
  const good = { status: "active", value: "queued", historyValue: {}, context: {}, children: {} };
  assertEquals(persistedState(chart, good, "packet 0").value, "queued");
  const wrong: readonly PlainData[] = [
    null,
    "queued",
    [],
    {},
    { ...good, value: "lost" },
    { ...good, value: { queued: {} } },
    { ...good, value: null },
    { ...good, value: 5n },
    { ...good, value: { queued: 5n } },
    { ...good, value: ["queued"] },
    { ...good, value: Uint8Array.of(1) },
    { ...good, status: "done" },
    { ...good, status: "stopped" },
    { ...good, context: { a: 1 } },
    { ...good, children: { a: {} } },
    { ...good, historyValue: { a: [] } },
    { ...good, output: 1 },
    { value: "queued" },
  ];
  for (const data of wrong) {
    const outcome = readSaved(() => persistedState(chart, data, "packet 0"));
    assert(outcome instanceof SavedStateFault, String(data));
    assertEquals(outcome.status, STATUS_DATA_ERROR);
  }
});

Deno.test("stateWith: knows the states that a chart can reach, and no other", () => {
  const chart = chartOf("partition", CHARTS["partition"]!, "compiled");
  assertEquals(stateWith(chart, "paused")?.value, "paused");
  for (const value of ["lost", null, {}, { paused: {} }, "crashed "]) {
    assertEquals(stateWith(chart, value), null);
  }
});
