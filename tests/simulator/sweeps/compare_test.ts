import { assertEquals, assertNotEquals } from "@std/assert";
import { runWorld } from "../../../simulator/mod.ts";
import {
  differenceOf,
  digestOf,
  entriesOf,
  type RunEntries,
} from "../../../simulator/sweeps/compare.ts";
import { planted } from "../../support/planted_scenario.ts";

const RUN: RunEntries = {
  happened: [["timerArmed of #0", "at 0 ms: [1]"], ["workTimer of #0", "at 1 ms: []"]],
  outcome: ["3 choices", "i2.1"],
};

Deno.test("differenceOf: names the first entry that differs, or that one of them lacks", () => {
  const other: RunEntries = {
    ...RUN,
    happened: [RUN.happened[0]!, ["workTimer of #0", "at 2 ms: []"]],
  };
  const { place, message } = differenceOf(RUN, other);
  assertEquals(place, "workTimer of #0");
  assertEquals(
    message,
    "entry 1 of the trace is workTimer of #0 at 1 ms: [] in one process, and " +
      "workTimer of #0 at 2 ms: [] in another",
  );
  const shorter = { ...RUN, happened: RUN.happened.slice(0, 1) };
  assertEquals(differenceOf(shorter, RUN).place, "the end of the trace");
  assertEquals(differenceOf(RUN, shorter).message.endsWith("and nothing in another"), true);
});

Deno.test("differenceOf: the place is the same whichever number the channel has", () => {
  const placeWith = (channel: number) => {
    const call = (how: string): RunEntries => ({
      happened: [[`call of channel ${channel} (server)`, how]],
      outcome: [],
    });
    return differenceOf(call("one"), call("other")).place;
  };
  assertEquals([placeWith(1), placeWith(24)], Array(2).fill("call of channel (server)"));
});

Deno.test("differenceOf: where no entry differs, it is what the run came to, or a payload", () => {
  const other = { ...RUN, outcome: ["3 choices", "i2"] };
  const { place, message } = differenceOf(RUN, other);
  assertEquals([place, message], [
    "outcome",
    "the traces are the same, and they came to i2.1 in one process, and to i2 in another",
  ]);
  assertEquals(differenceOf(RUN, RUN).place, "payload");
});

Deno.test("digestOf: is the same for the same world, and another one for another", async () => {
  const settings = { seed: 3, trace: "full" } as const;
  const [one, same, other] = [
    await runWorld(planted, settings),
    await runWorld(planted, settings),
    await runWorld(planted, { ...settings, seed: 4 }),
  ];
  assertEquals(digestOf(one), digestOf(same));
  assertEquals(entriesOf(one), entriesOf(same));
  assertEquals(entriesOf(one).happened.length > 0, true);
  assertNotEquals(digestOf(one), digestOf(other));
  // What only the workload found is on no trace.
  assertNotEquals(
    digestOf({ ...one, findings: other.findings }),
    digestOf({ ...one, findings: [] }),
  );
});
