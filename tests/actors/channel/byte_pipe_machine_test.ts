import { assertEquals } from "@std/assert";
import { createActor } from "xstate";
import {
  type BytePipeEvent,
  createBytePipeChart,
} from "../../../actors/channel/byte_pipe_machine.ts";
import { effectsAlong } from "../../support/charts.ts";

const CHART = createBytePipeChart();

/** Where a pipe is after `events`: incoming, outgoing, and what it says of itself. */
function after(...events: BytePipeEvent["type"][]): readonly [unknown, unknown, string] {
  const actor = createActor(CHART).start();
  for (const type of events) actor.send({ type });
  const { value, tags } = actor.getSnapshot();
  actor.stop();
  return [value.incoming, value.outgoing, [...tags].sort().join(" ")];
}

// wire.md 2.4: each direction ends by itself.
Deno.test("createBytePipeChart: each direction ends by itself", () => {
  const CASES: readonly [events: string, ...is: readonly [unknown, unknown, string]][] = [
    ["", "open", "open", "readable writable"],
    ["endTaken", "ended", "open", "atEnd writable"],
    ["closeWrite", "open", "closing", "closing readable"],
    ["closeWrite endSent", "open", "ended", "ended readable"],
    ["endTaken closeWrite endSent", "ended", "ended", "atEnd ended"],
    ["close", "dropping", "closing", "closing dropping"],
    ["close close endTaken endSent", "ended", "ended", "atEnd ended"],
  ];
  for (const [events, ...is] of CASES) {
    const types = events.split(" ").filter((type) => type !== "") as BytePipeEvent["type"][];
    assertEquals(after(...types), is, events);
  }
});

Deno.test("createBytePipeChart: what a direction has come to outlasts the channel, until the next open", () => {
  const gone = { lost: "gone" };
  const reset = { lost: "reset" };
  assertEquals(after("gone"), [gone, gone, "over"]);
  assertEquals(after("reset", "gone"), [reset, reset, "over readReset writeReset"]);
  assertEquals(after("gone", "reset"), [gone, gone, "over"]);
  assertEquals(after("writerReset"), ["open", reset, "over readable writeReset"]);
  assertEquals(after("writerReset", "endTaken", "reset")[0], "ended");
  assertEquals(after("closeWrite", "endSent", "reset")[2], "ended over readReset writeReset");
  for (const end of ["gone", "reset", "endTaken", "close", "closeWrite"] as const) {
    assertEquals(after(end, "begin")[2], "readable writable");
  }
});

Deno.test("createBytePipeChart: names what each step does, in order", () => {
  const along = (...events: string[]) => effectsAlong(CHART, ...events);
  assertEquals(along("endTaken"), ["answerReaders"]);
  assertEquals(along("closeWrite"), ["writeOn"]);
  assertEquals(along("closeWrite", "endSent"), ["answerClosers"]);
  assertEquals(along("close"), ["answerReaders", "writeOn"]);
  assertEquals(along("reset"), ["answerReaders", "failWriters"]);
  assertEquals(along("writerReset"), ["failWriters"]);
  assertEquals(along("reset", "gone"), []);
  assertEquals(along("started"), ["callOpened"]);
  assertEquals(along("started", "started"), []);
  assertEquals(along("started", "begin", "started"), ["callOpened"]);
});
