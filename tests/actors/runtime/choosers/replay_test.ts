import { assertEquals, assertThrows } from "@std/assert";
import type { Choice } from "../../../../actors/runtime/chooser.ts";
import { FIFO } from "../../../../actors/runtime/choosers/fifo.ts";
import { RandomChooser } from "../../../../actors/runtime/choosers/random.ts";
import { Recorder } from "../../../../actors/runtime/choosers/record.ts";
import {
  PrefixChooser,
  ReplayChooser,
  ReplayError,
} from "../../../../actors/runtime/choosers/replay.ts";
import { Chance } from "../../../../core/chance.ts";
import { runProtocol } from "./protocol.ts";
import { boundedBuffer } from "./protocols.ts";

/** A run of the bounded buffer with two items, and its choices. */
function recorded(seed: number) {
  const recorder = new Recorder(new RandomChooser(Chance.fromSeed(seed)));
  return { run: runProtocol(boundedBuffer(2), recorder), choices: recorder.choices };
}

Deno.test("Recorder: has each choice with its kind and count, and no zeros at the end", () => {
  const offsets = [0, 2, 1, 0, 3, 0, 0];
  const recorder = new Recorder(new PrefixChooser(offsets, FIFO));
  assertEquals(recorder.choices, []);
  for (let at = 0; at < 9; at++) recorder.choose("item", 4 + at, null);
  const expected = [0, 2, 1, 0, 3].map((offset, at) => ({ kind: "item", count: 4 + at, offset }));
  assertEquals(recorder.choices, expected as Choice[]);
});

Deno.test("ReplayChooser: the choices of a run give that run", () => {
  for (let seed = 0; seed < 20; seed++) {
    const { run, choices } = recorded(seed);
    assertEquals(runProtocol(boundedBuffer(2), new ReplayChooser(choices)), run);
  }
});

Deno.test("ReplayChooser: with nothing recorded a run is fifo's", () => {
  const run = runProtocol(boundedBuffer(2), new ReplayChooser([]));
  assertEquals(run, runProtocol(boundedBuffer(2), FIFO));
  assertEquals(run.order, runProtocol(boundedBuffer(2), null).order);
});

Deno.test("ReplayChooser: stops where there is something else to choose, and stays there", () => {
  const first: Choice = { kind: "item", count: 3, offset: 2 };
  const replay = new ReplayChooser([first, { kind: "item", count: 4, offset: 1 }]);
  assertEquals(replay.choose("item", 3), 2);
  for (let time = 0; time < 2; time++) {
    const error = assertThrows(
      () => replay.choose("item", 5),
      ReplayError,
      "Cannot replay step 1: it chose 1 of 4 (item), and now there are 5 (item)",
    );
    assertEquals(error.step, 1);
  }
  const other = new ReplayChooser([{ ...first, kind: "fault" as Choice["kind"] }]);
  assertThrows(() => other.choose("item", 3), ReplayError, "(fault)");
});

// What is replayed may come out of a file.
Deno.test("ReplayChooser: takes no offset that there is no way for", () => {
  for (const offset of [3, -1, NaN, 0.5]) {
    const replay = new ReplayChooser([{ kind: "item", count: 3, offset }]);
    assertThrows(() => replay.choose("item", 3), ReplayError, "Cannot replay step 0");
  }
});

Deno.test("PrefixChooser: begins with its offsets, each where there is a way for it, and lets go then", () => {
  const chooser = new PrefixChooser([1, 9, 2], { choose: () => 5 });
  const chosen = [1, 2, 3, 4, 5].map(() => chooser.choose("item", 6, null));
  assertEquals(chosen, [1, 0, 2, 5, 5]);
});
