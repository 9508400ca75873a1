import { assert, assertEquals } from "@std/assert";
import { type TraceEvent, traceEventsOf } from "../../../simulator/pages/trace_events.ts";
import { recordFailing } from "../../support/recorded_run.ts";

const recording = await recordFailing();
const file = traceEventsOf(recording);
const { traceEvents } = file;

const of = (ph: TraceEvent["ph"]) => traceEvents.filter((event) => event.ph === ph);

/** Members that the format requires, by the kind of the event, beside name, pid and ph. */
const REQUIRED: Readonly<Record<TraceEvent["ph"], readonly (keyof TraceEvent)[]>> = {
  X: ["ts", "dur", "tid", "cat"],
  i: ["ts", "tid", "s"],
  s: ["ts", "tid", "id", "cat"],
  f: ["ts", "tid", "id", "cat", "bp"],
  C: ["ts", "args"],
  M: ["args"],
};

Deno.test("traceEventsOf: each event has the members that its kind needs", () => {
  for (const event of traceEvents) {
    for (const member of ["name", "pid", ...REQUIRED[event.ph]] as const) {
      assert(event[member] !== undefined, `${event.ph} ${event.name} has no ${member}`);
    }
    if (event.ts !== undefined) assert(Number.isFinite(event.ts) && event.ts >= 0);
    if (event.dur !== undefined) assert(event.dur > 0, `${event.name} takes no time`);
  }
  assertEquals(JSON.parse(JSON.stringify(file)), file);
});

Deno.test("traceEventsOf: partitions are processes, channels threads of theirs", () => {
  const names = (name: string) =>
    of("M").filter((event) => event.name === name).map(({ args }) => args?.name);
  assertEquals(names("process_name"), ["scheduler", "root", "one", "many"]);
  assert(names("thread_name").includes("channel 3 (client)"));
  const tids = of("M").filter(({ tid }) => tid !== undefined).map(({ tid }) => tid);
  assertEquals(new Set(tids).size, tids.length);
});

Deno.test("traceEventsOf: each packet is an arrow whose ends lie in durations", () => {
  const [begins, ends] = [of("s"), of("f")];
  assertEquals(begins.length, recording.arrows.length);
  const durations = of("X");
  for (const [at, begin] of begins.entries()) {
    const end = ends[at]!;
    assertEquals([begin.id, begin.cat, begin.name], [end.id, end.cat, end.name]);
    assert(begin.ts! < end.ts!);
    for (const { ts, pid, tid } of [begin, end]) {
      const isIn = (one: TraceEvent) =>
        one.pid === pid && one.tid === tid && one.ts! <= ts! && ts! <= one.ts! + one.dur!;
      assert(durations.some(isIn));
    }
  }
});

Deno.test("traceEventsOf: switches and findings are instants, rings counters", () => {
  assertEquals(of("i").length, recording.marks.length);
  const counters = new Set(of("C").map(({ name }) => name));
  assert(counters.has("ring of channel 3 (client)"));
  assert(of("C").some(({ args }) => Number(args?.bytes) > 0));
});
