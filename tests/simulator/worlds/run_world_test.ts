import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ReplayError } from "../../../actors/runtime/choosers/replay.ts";
import {
  type Checker,
  defineScenario,
  runWorld,
  type ScenarioDefinition,
  type World,
} from "../../../simulator/mod.ts";

/** A scenario with one guest and no driver. */
function scenario(part: Partial<ScenarioDefinition>): ScenarioDefinition {
  return defineScenario({
    name: "test",
    title: "a test",
    partitions: { guest: { memoryPages: 16 } },
    workload: () => {},
    ...part,
  });
}

/** What a world finds, in short. */
async function findingsOf(part: Partial<ScenarioDefinition>): Promise<readonly string[]> {
  const { findings } = await runWorld(scenario(part));
  return findings.map(({ kind, rule, place, by }) => `${kind}: ${rule}, ${place}, ${by}`);
}

Deno.test("runWorld: a world in which nothing is wrong has no findings", async () => {
  assertEquals(await findingsOf({ workload: (world) => world.fabric.delay(5) }), []);
});

Deno.test("runWorld: a part that awaits what is there already is no wait without end", async () => {
  const awaitALot = async () => {
    for (let times = 0; times < 100; times++) await Promise.resolve();
  };
  assertEquals(await findingsOf({ workload: awaitALot, end: awaitALot }), []);
});

Deno.test("runWorld: each kind of failure is told by its name", async () => {
  const never = new Promise<never>(() => {});
  const checker: Checker = {
    name: "mine",
    attach: ({ fail }) => ({ end: () => fail("rule 1", "there", "it is wrong") }),
  };
  const leak = (world: World) => void world.guest("guest").memory.allocate(8);
  const cases: readonly [Partial<ScenarioDefinition>, string][] = [
    [
      {
        workload: () => {
          throw new Error("no");
        },
      },
      "crash: nothing throws, workload, world",
    ],
    [{ end: () => Promise.reject("no") }, "crash: nothing throws, end, world"],
    [{ workload: () => never }, "liveness: every wait ends, workload, world"],
    [
      { workload: (world) => world.fail("all sums agree", "7 is not 8") },
      "correctness: all sums agree, test, workload",
    ],
    [{ checkers: [checker] }, "correctness: rule 1, there, mine"],
    [{ workload: leak }, "correctness: no memory is left, guest, leaks"],
  ];
  for (const [part, finding] of cases) assertEquals(await findingsOf(part), [finding]);
});

Deno.test("runWorld: a world that never becomes quiet is ended at its bound", async () => {
  const restless = scenario({
    workload: async ({ fabric }) => {
      for (;;) await fabric.delay(1);
    },
  });
  const { findings } = await runWorld(restless, { itemsMax: 100 });
  assertEquals(findings.map(({ kind, message }) => `${kind}: ${message}`), [
    "liveness: more than 100 items ran",
  ]);
});

Deno.test("runWorld: draws come from the seed, are choices, and are made again", async () => {
  const drawn: number[] = [];
  const drawing = scenario({ workload: (world) => void drawn.push(world.draw(1000)) });
  const { choices, traceDigest } = await runWorld(drawing, { seed: 7 });
  await runWorld(drawing, { seed: 7 });
  const again = await runWorld(drawing, { seed: 7, choices });
  await runWorld(drawing, { seed: 7, choices: [] });
  assertEquals([choices[0]?.kind, choices[0]?.count], ["draw", 1000]);
  const first = drawn[0]!;
  assert(first > 0);
  assertEquals(drawn, [first, first, first, 0]); // without choices all is as plain as it can be
  assertEquals(again.traceDigest, traceDigest);
  const other = [{ kind: "draw", count: 999, offset: 3 } as const];
  await assertRejects(() => runWorld(drawing, { choices: other }), ReplayError, "step 0");
});

Deno.test("runWorld: what cannot be run is refused, and a world that has ended draws nothing", async () => {
  const right = scenario({});
  const settings = [null, 5, { itemsMax: 0 }, { isFaulty: 1 }, { choices: 5 }, { onChoice: 5 }];
  for (const wrong of settings) {
    await assertRejects(() => runWorld(right, wrong as never), Error, "Cannot run a world: ");
  }
  for (const wrong of [null, undefined, 5, {}, { ...right, workload: 5 }]) {
    await assertRejects(() => runWorld(wrong as never), TypeError, "Cannot define a scenario: ");
  }
  const worlds: World[] = [];
  await runWorld(scenario({ workload: (world) => void worlds.push(world) }));
  assertThrows(() => worlds[0]!.draw(3), Error, "Cannot draw: the world has ended");
});

Deno.test("runWorld: an expected finding is none, and is told apart", async () => {
  const known = { rule: "all sums agree", place: "test", reason: "the sums are of two kinds" };
  const expecting = scenario({
    workload: (world) => world.fail(known.rule, "7 is not 8"),
    expected: [known],
  });
  const { findings, expected } = await runWorld(expecting);
  assertEquals([findings.length, expected.length], [0, 1]);
});

Deno.test("runWorld: what was reached is counted, and what was not is there with 0", async () => {
  const reaching = scenario({
    reach: ["a", "b"],
    workload: (world) => [1, 2].forEach(() => world.reach("b")),
  });
  assertEquals((await runWorld(reaching)).reached, { a: 0, b: 2 });
});

Deno.test("defineScenario: what cannot run is refused with what would be right", () => {
  assertThrows(() => scenario({ name: "My Scenario" }), TypeError, "lower case words");
  const driver = {
    name: "d",
    start: () => ({ save: () => null }),
    restore: () => ({ save: () => null }),
  };
  assertThrows(
    () => scenario({ drivers: { vsc: { in: "gest", driver } } }),
    TypeError,
    "driver vsc names the guest gest; its guests are: guest",
  );
});

Deno.test("World.number: is drawn within its bounds, once, and is told where there is none", async () => {
  const seen: number[][] = [];
  const counting = scenario({
    numbers: {
      few: { title: "a few", least: 2, most: 4 },
      one: { title: "always one", least: 1, most: 1 },
    },
    workload: (world) => {
      seen.push([world.number("few"), world.number("few"), world.number("one")]);
      assertThrows(() => world.number("many"), TypeError, "there are few, one");
    },
  });
  for (let seed = 0; seed < 20; seed++) {
    assertEquals((await runWorld(counting, { seed })).findings, []);
  }
  assert(seen.every(([first, again, one]) => first === again && one === 1));
  assertEquals([...new Set(seen.map(([few]) => few))].toSorted(), [2, 3, 4]);
  const wrong = { few: { title: "a few", least: 4, most: 2 } };
  assertThrows(() => scenario({ numbers: wrong }), TypeError, "its number few must be");
});

Deno.test("World.numberAnew: is drawn each time, and what the world has stays", async () => {
  const seen = new Set<number>();
  const counting = scenario({
    numbers: {
      few: { title: "a few", least: 2, most: 4 },
      one: { title: "always one", least: 1, most: 1 },
    },
    workload: (world) => {
      const few = world.number("few");
      for (let again = 0; again < 8; again++) seen.add(world.numberAnew("few"));
      assertEquals([world.number("few"), world.numberAnew("one")], [few, 1]);
      assertThrows(() => world.numberAnew("many"), TypeError, "there are few, one");
    },
  });
  for (let seed = 0; seed < 3; seed++) {
    assertEquals((await runWorld(counting, { seed })).findings, []);
  }
  assertEquals([...seen].toSorted(), [2, 3, 4]);
});

Deno.test("World.until: its caller continues before the next item, or where nothing is left", async () => {
  const order: string[] = [];
  const waiting = scenario({
    workload: async (world) => {
      let asked = 0;
      void world.fabric.delay(1).then(() => order.push("delay"));
      await world.until(() => ++asked === 1);
      order.push(`asked ${asked}`);
      await world.until(() => false);
      order.push("nothing is left");
      for (let again = 0; again < 3; again++) await world.until(() => false);
    },
  });
  assertEquals((await runWorld(waiting)).findings, []);
  assertEquals(order, ["asked 1", "delay", "nothing is left"]);
});
