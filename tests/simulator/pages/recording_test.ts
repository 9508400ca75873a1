import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { lastOf } from "../../../simulator/pages/pack.ts";
import { recordRun } from "../../../simulator/pages/record_run.ts";
import type { Recording } from "../../../simulator/pages/recording.ts";
import { spansOf } from "../../../simulator/pages/spans.ts";
import { StateRecorder } from "../../../simulator/pages/states.ts";
import { runWorld } from "../../../simulator/worlds/run_world.ts";
import { FAILING, recordFailing } from "../../support/recorded_run.ts";

const recording = await recordFailing();

/** The value of a path after an entry, as a page finds it. */
function valueAt({ states }: Recording, of: string, name: string, entry: number): unknown {
  const path = states.paths.findIndex((each) => each.of === of && each.name === name);
  let value = 0;
  for (let n = 0; n < states.at.length && states.at[n]! <= entry; n++) {
    if (states.path[n] === path) value = states.value[n]!;
  }
  const text = states.values[value]!;
  return text === "" ? null : JSON.parse(text);
}

Deno.test("recordRun: who looks changes nothing, and the whole trace is there", async () => {
  const { scenario, seed } = FAILING;
  const plain = await runWorld(scenario, { seed });
  assertEquals(recording.run.digest, plain.traceDigest);
  assertEquals(recording.steps.at(-1), plain.steps);
  const [finding] = recording.findings;
  assertEquals(finding?.rule, plain.findings[0]!.rule);
});

// They are drawn before there is a fabric, and `replay --until` counts them.
Deno.test("recordRun: the choices of which rules of faults there are count as well", async () => {
  const scenario = { ...FAILING.scenario, faults: [{ do: "interruptDelayed" }] as const };
  const { seed } = FAILING;
  const { steps } = await recordRun(scenario, { seed });
  assertEquals(steps.at(-1), (await runWorld(scenario, { seed })).steps);
});

Deno.test("recordRun: a finding is marked where the trace tells of it, after the choices of its step", () => {
  const [finding] = recording.findings;
  const mark = recording.marks.find(({ kind }) => kind === "finding")!;
  assertStringIncludes(mark.text, finding!.rule!);
  assertEquals(recording.entries[mark.entry]!.event, "found");
  assertEquals(recording.steps[mark.entry], finding!.step);
});

Deno.test("recordRun: each choice of an item that fifo would not take is a switch", async () => {
  const { scenario, seed } = FAILING;
  const { choices } = await runWorld(scenario, { seed });
  const switches = choices.filter(({ kind, offset }) => kind === "item" && offset !== 0);
  const marks = recording.marks.filter(({ kind }) => kind === "switch");
  assertEquals(marks.length, switches.length);
});

Deno.test("recordRun: a packet goes from the entry at which it was sent to that at which it arrived", () => {
  const { arrows, entries } = recording;
  assert(arrows.length > 20);
  for (const { kind, from, to } of arrows) {
    assert(from < to);
    const [sent, arrived] = [entries[from]!, entries[to]!];
    if (kind === "message") assertEquals(sent.details.message, arrived.details.message);
    if (kind !== "packet") continue;
    assertEquals([sent.event, arrived.event], ["packetEntered", "packetArrived"]);
    assertEquals(sent.details.packet, arrived.details.transactionId);
    assert(sent.subject !== arrived.subject);
  }
});

Deno.test("recordRun: bytes are those of the packet of their entry", () => {
  const { bytes, entries } = recording;
  assert(bytes.length > 20);
  for (const { entry, bytes: kept, byteCount } of bytes) {
    assertEquals(entries[entry]!.details.byteCount, byteCount);
    assertEquals(kept.length, byteCount);
  }
});

Deno.test("recordRun: what inspect() shows is there at each step", () => {
  const lifecycle = (entry: number) => valueAt(recording, "channel 3 (client)", "lifecycle", entry);
  const opened = recording.entries.findIndex(({ event, subject, details }) =>
    event === "callbackEnd" && subject === "channel 3 (client)" &&
    details.callback === "EvtChannelOpened"
  );
  assertEquals(lifecycle(0), null);
  assertEquals(lifecycle(opened + 8), "opened");
  // At the end all is cleaned up: the endpoint is there no more.
  assertEquals(lifecycle(recording.entries.length), null);
});

Deno.test("StateRecorder: keeps what changes, and that something is gone", () => {
  const recorder = new StateRecorder();
  recorder.look(0, "a", { x: 1, list: [1], ring: { used: 0 }, chart: { opened: { flow: "on" } } });
  recorder.look(1, "a", { x: 1, list: [1], ring: { used: 8 }, chart: { opened: { flow: "on" } } });
  recorder.look(2, "a", { x: 1, list: [1, 2], ring: null, chart: "closed" });
  recorder.keepOnly(3, new Set());
  const { paths, values, at, path, value } = recorder.states;
  const changes = at.map((entry, n) =>
    `${entry} ${paths[path[n]!]!.name} ${values[value[n]!] || "nothing"}`
  );
  assertEquals(changes, [
    "0 x 1",
    "0 list [1]",
    "0 ring.used 0",
    '0 chart "opened.flow.on"',
    "1 ring.used 8",
    "2 list [1,2]",
    "2 ring null",
    '2 chart "closed"',
    "2 ring.used nothing",
    "3 x nothing",
    "3 list nothing",
    "3 chart nothing",
    "3 ring nothing",
  ]);
});

Deno.test("spansOf: calls and callbacks have the ends that belong together", () => {
  const { entries } = recording;
  const spans = spansOf(entries);
  for (const { kind, name, subject, from, to } of spans) {
    assert(from < to);
    assertEquals(entries[to]!.subject, subject);
    assertEquals(entries[to]!.details[kind], name);
  }
  const begun = entries.filter(({ event }) => event === "callbackBegin").length;
  const arrived = entries.filter(({ event }) => event === "packetArrived").length;
  assert(spans.filter(({ kind }) => kind === "callback").length >= begun + arrived);
});

Deno.test("lastOf: of a run that is too long the end is kept, with the states that were there", () => {
  const { entries, arrows } = recording;
  const max = 200;
  const last = lastOf(recording, max);
  const first = entries.length - max;
  assertEquals(last.entries, entries.slice(first));
  assertEquals(last.steps.length, max);
  assertEquals(last.arrows.length, arrows.filter(({ from }) => from >= first).length);
  for (const { entry } of [...last.bytes, ...last.marks]) assert(entry >= 0 && entry < max);
  assertEquals(
    valueAt(last, "partition many", "state", 0),
    valueAt(recording, "partition many", "state", first),
  );
  assertEquals(lastOf(recording, entries.length), recording);
});
