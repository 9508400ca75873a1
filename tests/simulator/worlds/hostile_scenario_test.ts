import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  type Checker,
  defineScenario,
  runWorld,
  type ScenarioDefinition,
  type World,
  type WorldSettings,
} from "../../../simulator/mod.ts";

const NOTHING: ScenarioDefinition = {
  name: "test",
  title: "a test",
  partitions: { guest: { memoryPages: 16 } },
  workload: () => {},
};

/** What a world of a scenario with `part` finds, in short. */
async function findingsOf(
  part: Partial<ScenarioDefinition>,
  settings: WorldSettings = {},
): Promise<readonly string[]> {
  const { findings } = await runWorld(defineScenario({ ...NOTHING, ...part }), settings);
  return findings.map(({ kind, rule, place, message }) => `${kind}: ${rule}, ${place}: ${message}`);
}

/** What an author who is not told by types may write. */
function anything<T>(value: unknown): T {
  return value as T;
}

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

Deno.test("World.until: what its condition throws comes to whoever waits, once", async () => {
  const throwing = async (world: World) => {
    await world.until(() => {
      throw new Error("no");
    });
  };
  assertEquals(await findingsOf({ workload: throwing }), ["crash: nothing throws, workload: no"]);
  const [asynchronous] = await findingsOf({
    workload: (world) => world.until(anything(() => Promise.resolve(true))),
  });
  assertStringIncludes(asynchronous!, "isReached must answer at once, not with a promise");
  const [none] = await findingsOf({ workload: (world) => world.until(anything(5)) });
  assertStringIncludes(none!, "isReached must be a function, not 5");
});

Deno.test("runWorld: whatever a workload throws is a finding", async () => {
  for (const thrown of [revoked(), Symbol("x"), undefined, { toString: null }]) {
    const workload = () => Promise.reject(thrown);
    const findings = await findingsOf({ workload });
    assertEquals(findings.length, 1);
    assertStringIncludes(findings[0]!, "crash: nothing throws, workload: ");
  }
});

Deno.test("runWorld: a workload that disposes of the world's fabric is told so", async () => {
  const dispose = ({ fabric }: World) => fabric.dispose();
  const late = (world: World) =>
    world.until(() => {
      world.fabric.dispose();
      return false;
    });
  for (const part of [{ workload: dispose }, { end: dispose }, { workload: late }]) {
    const findings = await findingsOf(part);
    const rule = "the world ends its fabric";
    assert(findings.some((finding) => finding.includes(rule)), findings.join());
    assert(findings.length <= 3, findings.join());
  }
});

Deno.test("runWorld: what listens to choices and throws ends it, with what it threw", async () => {
  const workload = (world: World) => void world.draw(5);
  const no = new Error("no");
  const fail = () => {
    throw no;
  };
  for (const settings of [{ beforeChoice: fail }, { onChoice: fail }]) {
    const error = await assertRejects(() => findingsOf({ workload }, settings));
    assertEquals(error, no);
  }
});

Deno.test("runWorld: itemsMax is a whole number that is not 0", async () => {
  for (const itemsMax of [0, -1, NaN, Infinity, 2 ** 52]) {
    await assertRejects(() => findingsOf({}, { itemsMax }), RangeError, "itemsMax must be");
  }
});

Deno.test("runWorld: a checker that cannot be used is a finding", async () => {
  const fail = () => {
    throw new Error("no");
  };
  const checkers: readonly Partial<Checker>[] = [
    { attach: fail },
    { attach: () => anything(null) },
    { attach: () => ({ meets: fail, look: fail, stall: fail, end: fail, detach: fail }) },
    { attach: () => anything({ end: 5 }) },
    { attach: ({ fail }) => ({ end: () => fail(anything(5), "there", "it is") }) },
    { attach: ({ fail }) => ({ end: () => fail("rule", "there", "it is", anything("odd")) }) },
  ];
  for (const checker of checkers) {
    const findings = await findingsOf({ checkers: [anything({ name: "mine", ...checker })] });
    assertEquals(findings.length, 1, Deno.inspect(checker));
    assertStringIncludes(findings[0]!, "crash: nothing throws, checker mine: ");
  }
});

Deno.test("World.fail: texts are texts, and no longer than an artefact may have them", async () => {
  for (const given of [[5, "a"], ["a", undefined], ["a", "b", Symbol("x")]]) {
    const workload = (world: World) => world.fail(...anything<[string, string]>(given));
    const [finding] = await findingsOf({ workload });
    assertStringIncludes(finding!, "Cannot report a finding: ");
  }
  const long = "x".repeat(100_000);
  const [finding] = await findingsOf({ workload: (world) => world.fail(long, long, long) });
  assert(finding!.length < 13_000);
});

Deno.test("World.reach: a name is a text, and nearness a fraction", async () => {
  const calls: readonly (readonly unknown[])[] = [
    [5],
    [Symbol("x")],
    ["a", null],
    ["a", { done: NaN, of: 1 }],
    ["a", { done: 0, of: 0 }],
    ["a", { done: "0", of: "1" }],
  ];
  for (const given of calls) {
    const workload = (world: World) => world.reach(...anything<[string]>(given));
    const [finding] = await findingsOf({ workload });
    assertStringIncludes(finding!, "Cannot reach", Deno.inspect(given));
  }
});

Deno.test("defineScenario: each part that is of another type is named", () => {
  const cases: readonly (readonly [string, unknown, string])[] = [
    ["partitions", undefined, "its partitions must be an object, not undefined"],
    ["partitions", null, "its partitions must be an object, not null"],
    ["partitions", [], "its partitions must be an object"],
    ["partitions", { guest: 5 }, "guest guest must be an object, not 5"],
    ["drivers", 5, "its drivers must be an object, not 5"],
    ["drivers", { mine: null }, "driver mine names the guest undefined"],
    ["drivers", { mine: 5 }, "driver mine names the guest undefined"],
    ["numbers", 5, "its numbers must be an object, not 5"],
    ["numbers", { many: null }, "its number many must be from a whole number"],
    ["numbers", { many: { least: 0, most: "9" } }, "its number many must be from a whole number"],
    ["faults", {}, "its faults must be a list, not an object"],
    ["faults", [null], "fault 0: do must be one of"],
    ["hostile", ["nobody"], "each of its hostile must be one of guest, and number 0 is not"],
    ["checkers", [{}], "each of its checkers must be one with a name and a function attach"],
    ["checkers", 5, "its checkers must be a list, not 5"],
    ["reach", "abc", "its reach must be a list, not abc"],
    ["reach", ["a", 5], "each of its reach must be a text, and number 1 is not"],
    ["expected", [null], "each of its expected must be one with a rule and a place"],
    ["end", 5, "its end must be a function, not 5"],
  ];
  for (const [part, value, message] of cases) {
    const definition = anything<ScenarioDefinition>({ ...NOTHING, [part]: value });
    assertThrows(() => defineScenario(definition), TypeError, message);
  }
  assertThrows(
    () => defineScenario(anything<ScenarioDefinition>(null)),
    TypeError,
    "it must be an object, not null",
  );
});
