import { assert, assertEquals, assertThrows } from "@std/assert";
import { type FaultRule, runInTurn, runWorld, type WorldResult } from "../../../simulator/mod.ts";
import { OPPORTUNITIES_MAX } from "../../../simulator/faults/trigger.ts";
import { isLong, times } from "../../support/long.ts";
import { pinging } from "../../support/pinging.ts";

const MOVES: readonly FaultRule[] = [
  { do: "guestSaved", oneIn: 60 },
  { do: "guestRestored", oneIn: 60 },
  { do: "guestMigrated", oneIn: 60 },
];

/** Everything that can happen, so often that a small world has some of it. */
const EVERYTHING: readonly FaultRule[] = [
  { do: "interruptDelayed" },
  { do: "interruptMerged" },
  { do: "interruptSpurious", oneIn: 20 },
  { do: "messageDelayed" },
  { do: "offerRescinded", oneIn: 60 },
  { do: "deviceRemoved", oneIn: 200 },
  { do: "openRefused" },
  { do: "gpadlRefused" },
  { do: "externalDataPending" },
  { do: "guestCrashed", oneIn: 200 },
  { do: "guestPaused", oneIn: 40 },
  { do: "memoryExhausted" },
  { do: "processorTaken", oneIn: 20 },
  ...(isLong ? MOVES : []), // what costs most; saving_test.ts has it
];

/** How often something happened. */
const countOf = ({ faults }: WorldResult) => faults.length;

async function fifo(rule: FaultRule): Promise<WorldResult> {
  return await runWorld(pinging([rule]), { schedule: "fifo" });
}

Deno.test("FaultRule: nth counts opportunities, and continues from the last", async () => {
  const all = await fifo({ do: "externalDataPending", nth: 1, budget: 8 });
  // 8 packets, and 3 of them once more
  const third = await fifo({ do: "externalDataPending", nth: 3, budget: 8 });
  assertEquals([countOf(all), countOf(third)], [8, 3]);
  assertEquals(countOf(await fifo({ do: "externalDataPending", nth: 9 })), 0);
});

Deno.test("FaultRule: budget is the most that happens", async () => {
  assertEquals(countOf(await fifo({ do: "externalDataPending", nth: 1, budget: 2 })), 2);
});

Deno.test("FaultRule: where excludes every other place", async () => {
  const rule = { do: "interruptDelayed", nth: 1, budget: 99 } as const;
  const directions = async (where: (typeof rule & { where: object })["where"]) => {
    const { faults } = await fifo({ ...rule, where });
    return new Set(faults.map(({ place }) => place));
  };
  const [toHost, toGuest] = ["toHost", "toGuest"].map((way) => `channel 1 ${way} of guest`);
  assertEquals(await directions({}), new Set([toHost, toGuest]));
  assertEquals(await directions({ direction: "toGuest" }), new Set([toGuest]));
  for (const driver of ["client", "server"]) {
    assertEquals(await directions({ driver, guest: "guest" }), new Set([toHost, toGuest]));
  }
  assertEquals(await directions({ channel: 1 }), new Set([toHost, toGuest]));
  assertEquals(await directions({ channel: 2 }), new Set());
});

Deno.test("FaultRule: one in so many opportunities, on average over the worlds", async () => {
  let happened = 0;
  const worlds = times(20, 400);
  for (let seed = 0; seed < worlds; seed++) {
    const rule = { do: "interruptDelayed", oneIn: 4, budget: 99 } as const;
    happened += countOf(await runWorld(pinging([rule]), { seed, schedule: "fifo" }));
  }
  // 16 interrupts: a quarter of the worlds each delays none, and one in 4, 16 and 2
  assert(happened > 2 * worlds && happened < 5 * worlds, `${happened} in ${worlds} worlds`);
});

Deno.test("FaultSource: swarm: some worlds have a rule, and some have not", async () => {
  let without = 0;
  for (let seed = 0; seed < 20; seed++) {
    const { choices } = await runWorld(pinging([{ do: "openRefused" }]), { seed });
    const [first] = choices;
    if (first?.kind !== "fault" || first.offset === 0) without++;
  }
  assert(without > 1 && without < 13, `${without} of 20 worlds`);
});

Deno.test("FaultSource: without faults, or with all choices 0, nothing goes wrong", async () => {
  const plain = await runWorld(pinging([]), { schedule: "fifo", codec: "vmbus" });
  const settings = { schedule: "fifo", codec: "vmbus" } as const;
  const off = await runWorld(pinging(EVERYTHING), { ...settings, isFaulty: false });
  const zero = await runWorld(pinging(EVERYTHING), { ...settings, choices: [] });
  for (const { faults, traceDigest } of [off, zero]) {
    assertEquals([faults, traceDigest], [[], plain.traceDigest]);
  }
});

let eventful: WorldResult | null = null;

/** A world with several faults. */
async function eventfulWorld(): Promise<WorldResult> {
  for (let seed = 0; eventful === null; seed++) {
    const result = await runWorld(pinging(EVERYTHING), { seed });
    if (result.faults.length > 5) eventful = result;
  }
  return eventful;
}

Deno.test("FaultSource: the same choices are the same world", async () => {
  const { seed, choices, traceDigest, faults, codec } = await eventfulWorld();
  const again = await runWorld(pinging(EVERYTHING), { seed, choices, codec });
  assertEquals([again.traceDigest, again.faults], [traceDigest, faults]);
});

Deno.test("FaultSource: a choice of faults that is made 0 takes that fault away, and nothing before it", async () => {
  const { seed, choices, faults, codec } = await eventfulWorld();
  const last = faults.at(-1)!;
  const isNext = ({ kind, count }: typeof choices[number]) =>
    kind === "fault" && count === OPPORTUNITIES_MAX + 1;
  // What chose the last one is the last choice of its kind before it whose rule it is: try each, from the end.
  for (let at = last.step - 1; at >= 0; at--) {
    if (!isNext(choices[at]!) || choices[at]!.offset === 0) continue;
    const fewer = choices.slice(0, at);
    const { faults: left } = await runWorld(pinging(EVERYTHING), { seed, choices: fewer, codec });
    const before = faults.filter(({ step }) => step <= at);
    assertEquals(left.slice(0, before.length), before);
    if (left.length < faults.length) return;
  }
  assert(false, "no choice took a fault away");
});

Deno.test("runInTurn: a fault at each of its opportunities, and once more", async () => {
  const steps = new Set<number>();
  const counts: number[] = [];
  for await (
    const result of runInTurn(pinging([]), { do: "memoryExhausted" }, { schedule: "fifo" })
  ) {
    assertEquals(result.findings, []);
    counts.push(countOf(result));
    for (const { step } of result.faults) steps.add(step);
  }
  // the rings, and a packet and its page each of eight times
  assertEquals(counts, [...new Array(17).fill(1), 0]);
  assert(steps.size > 1);
});

Deno.test("runInTurn: a guest stands still between any two items, and nobody can tell", async () => {
  let worlds = 0;
  const rule = { do: "guestPaused" } as const;
  for await (const { findings, faults } of runInTurn(pinging([]), rule, { schedule: "fifo" })) {
    assertEquals(findings, [], `world ${worlds}: ${JSON.stringify(faults)}`);
    worlds++;
  }
  assert(worlds > 30, `${worlds} worlds`);
});

Deno.test("FaultSource: whatever goes wrong, drivers that bear it have no findings", async () => {
  for (let seed = 0; seed < times(12, 20_000); seed++) {
    const { findings, choices } = await runWorld(pinging(EVERYTHING), { seed });
    assertEquals(findings, [], `seed ${seed}, ${choices.length} choices`);
  }
});

Deno.test("defineScenario: a rule that can be none is refused with what would be right", () => {
  const cases: readonly [unknown, string][] = [
    [{ do: "fire" }, "do must be one of interruptDelayed, "],
    [
      { do: "guestPaused", seconds: 1 },
      "guestPaused has no seconds, but do, where, nth, oneIn, budget, ms",
    ],
    [{ do: "guestPaused", ms: 0 }, "ms must be a whole number from 1 to 3600000, not 0"],
    [{ do: "guestPaused", nth: 0.5 }, "nth must be a whole number from 1 to 65535, not 0.5"],
    [{ do: "guestPaused", nth: 1, oneIn: 2 }, "nth says when it happens"],
    [{ do: "guestPaused", where: { driver: "client" } }, "knows where by guest, not by driver"],
    [{ do: "guestPaused", where: { guest: "gest" } }, "there is no guest gest: there are guest"],
    [
      { do: "openRefused", where: { driver: "a" } },
      "there is no driver a: there are client, server",
    ],
    [null, "do must be one of"],
  ];
  for (const [rule, message] of cases) {
    assertThrows(() => pinging([rule as FaultRule]), TypeError, message);
  }
});
