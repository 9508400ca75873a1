import { assert, assertEquals, assertRejects } from "@std/assert";
import { defineScenario, runWorld } from "../../../simulator/mod.ts";
import { FAULTS } from "../../../simulator/faults/table.ts";
import {
  readScenarioFile,
  ScenarioFileError,
  scenarioJsonSchema,
} from "../../../simulator/scenario_files/mod.ts";

/** What a text is refused with, a line each. */
async function complaintsOf(text: string): Promise<readonly string[]> {
  const error = await assertRejects(
    () => readScenarioFile(text, { file: "my.yaml" }),
    ScenarioFileError,
  );
  assertEquals(error.problems.length, error.message.split("\n").length);
  return error.message.split("\n");
}

const WHOLE = `
scenario: everything
name: moving-everything
title: two guests that move
numbers:
  guests: 2
  packets: [1, 4]
partitions:
  alpha: { processors: 4 }
faults:
  - do: guestMigrated
    where: { guest: alpha }
    nth: 40
  - { do: interruptDelayed, ms: 2, oneIn: 8, budget: 3 }
expected:
  - { rule: "S7: Suspend comes first", place: there, reason: it is a test }
schedule: { name: pct, depth: 3 }
codec: vmbus
seeds: { from: 7, count: 3 }
itemsMax: 100000
`;

/** What an editor is told of a fault's rule, as far as a test looks at it. */
interface RuleSchema {
  readonly oneOf?: unknown;
  readonly anyOf?: unknown;
  readonly required: readonly string[];
  readonly properties: {
    readonly do: { readonly enum?: readonly string[]; readonly const?: string };
  };
  readonly allOf: readonly {
    readonly if: Pick<RuleSchema, "properties">;
    readonly then: Pick<RuleSchema, "properties">;
  }[];
}

Deno.test("readScenarioFile: what a file says is what its scenario is", async () => {
  const { scenario, settings, seeds } = await readScenarioFile(WHOLE);
  assertEquals([scenario.name, scenario.title], ["moving-everything", "two guests that move"]);
  const { guests, packets, channels } = scenario.numbers!;
  assertEquals([guests?.least, guests?.most], [2, 2]);
  assertEquals([packets?.least, packets?.most], [1, 4]);
  assertEquals([channels?.least, channels?.most], [1, 2]); // as the scenario has it
  assertEquals(scenario.partitions.alpha?.processors, 4);
  assertEquals(scenario.partitions.alpha?.memoryPages, scenario.partitions.beta?.memoryPages);
  assertEquals(scenario.faults?.map((rule) => rule.do), ["guestMigrated", "interruptDelayed"]);
  assertEquals(scenario.expected?.map(({ place }) => place), ["there"]);
  assertEquals(settings, {
    schedule: { name: "pct", depth: 3 },
    codec: "vmbus",
    itemsMax: 100_000,
  });
  assertEquals(seeds, { from: 7n, count: 3 });
});

Deno.test("readScenarioFile: the world that a file makes runs as it says", async () => {
  const { scenario, settings } = await readScenarioFile(WHOLE);
  const { findings, codec, schedule, faults } = await runWorld(scenario, { seed: 7, ...settings });
  assertEquals([findings, codec, schedule], [[], "vmbus", { name: "pct", depth: 3 }]);
  assert(faults.every(({ fault }) => fault === "guestMigrated" || fault === "interruptDelayed"));
});

Deno.test("readScenarioFile: all that is wrong is told at once, where it stands, with what is right", async () => {
  assertEquals(
    await complaintsOf(`scenario: everything
nmubers: { guests: 2 }
numbers:
  gests: 2
  packets: 13
  rounds: [3, 1]
partitions:
  alhpa: { processors: 2 }
  beta: { proccesors: 2 }
drivers:
  alphaVcs: { options: null }
faults:
  - do: guestMigratd
  - do: interruptDelayed
    were: { guest: alpha }
  - do: guestPaused
    where: { guest: delta }
    ms: soon
  - { do: guestCrashed, where: { guest: alfa } }
  - { do: openRefused, nth: 2, oneIn: 3 }
schedule: rando
codec: json
seeds: { from: -1 }
itemsMax: many
`),
    [
      "my.yaml:2:1: the file has no nmubers: did you mean numbers?",
      "my.yaml:4:3: everything has no number gests: did you mean guests?",
      "my.yaml:5:12: numbers.packets must be from 0 to 12, the lesser first",
      "my.yaml:6:11: numbers.rounds must be from 0 to 6, the lesser first",
      "my.yaml:8:3: everything has no partition alhpa: did you mean alpha?",
      "my.yaml:9:11: partitions.beta has no proccesors: did you mean processors?",
      "my.yaml:11:3: everything has no driver alphaVcs: did you mean alphaVsc?",
      "my.yaml:13:9: faults.0.do cannot be guestMigratd: did you mean guestMigrated?",
      "my.yaml:15:5: faults.1 has no were: did you mean where?",
      "my.yaml:18:9: faults.2.ms must be a number, not soon",
      "my.yaml:19:41: there is no guest alfa: did you mean alpha?",
      "my.yaml:20:5: faults.4: nth says when it happens, so that oneIn says nothing",
      "my.yaml:21:11: schedule cannot be rando: did you mean random?",
      "my.yaml:22:8: codec cannot be json: there are msgpack, vmbus",
      "my.yaml:23:8: seeds has no count, which it must have",
      "my.yaml:23:16: seeds.from must be at least 0, not -1",
      "my.yaml:24:11: itemsMax must be a number, not many",
    ],
  );
});

Deno.test("readScenarioFile: whatever a fault's do is, one line says what would be right", async () => {
  const there = /: there are interruptDelayed, .*, guestSaved and others$/;
  for (
    const rule of ["{ do: 5 }", "{ do: [] }", "{ do: }", "{}", "{ do: whatever, ms: 3, were: 1 }"]
  ) {
    const complaints = await complaintsOf(`scenario: echo\nfaults:\n  - ${rule}\n`);
    assertEquals(complaints.map((line) => there.test(line)), [true], rule);
  }
});

Deno.test("scenarioJsonSchema: a rule is what its do says, so that a wrong do is one mistake", () => {
  const { properties: { faults: { items } } } = scenarioJsonSchema() as unknown as {
    properties: { faults: { items: RuleSchema } };
  };
  assertEquals([items.oneOf, items.anyOf, items.required], [undefined, undefined, ["do"]]);
  assertEquals(items.properties.do.enum, Object.keys(FAULTS));
  const meant = items.allOf.map((
    each,
  ) => [each.if.properties.do.const, each.then.properties.do.const]);
  assertEquals(meant, Object.keys(FAULTS).map((name) => [name, name]));
});

Deno.test("readScenarioFile: a schedule that is a map is told as one, member by member", async () => {
  const complaint = (schedule: string) => complaintsOf(`scenario: echo\nschedule: ${schedule}\n`);
  assertEquals(await complaint("{ name: pctt }"), [
    "my.yaml:2:19: schedule.name cannot be pctt: did you mean pct?",
  ]);
  assertEquals(await complaint("{ depth: 3 }"), [
    "my.yaml:2:11: schedule has no name, which it must have: " +
    "there are fifo, random, pos, pct, urw, portfolio",
  ]);
  assertEquals(await complaint("{ name: random, points: 1 }"), [
    "my.yaml:2:35: schedule.points must be true or false, not 1",
  ]);
  const { settings } = await readScenarioFile(
    "scenario: echo\nschedule: { name: random, points: false }\n",
  );
  assertEquals(settings, { schedule: { name: "random", points: false } });
});

Deno.test("readScenarioFile: what is no YAML is told where it stands, and nothing else is", async () => {
  const [complaint, ...others] = await complaintsOf(
    "scenario: everything\nfaults: [1, 2\ncodec: x\n",
  );
  assertEquals(others, []);
  assert(complaint?.startsWith("my.yaml:3:1: "), complaint);
  assertEquals((await complaintsOf("a: 1\na: 2\n"))[0], "my.yaml:2:1: Map keys must be unique");
});

Deno.test("readScenarioFile: what a file is made of is there, or it is said what is", async () => {
  assertEquals(await complaintsOf("codec: vmbus\n"), [
    "my.yaml:1:1: the file has no scenario, which it must have",
  ]);
  assertEquals(await complaintsOf("scenario: everithing\n"), [
    "my.yaml:1:11: there is no scenario everithing: did you mean everything?",
  ]);
  assertEquals(await complaintsOf("scenario: ./mine.ts\n"), [
    "my.yaml:1:11: scenario must be a name: modules are not loaded here",
  ]);
  assertEquals(await complaintsOf("[1, 2]\n"), [
    "my.yaml:1:1: the file must be a map, not a list",
  ]);
});

Deno.test("readScenarioFile: a guest may be a further trust level of one that stands before it", async () => {
  const file = (partitions: string) => `scenario: everything\npartitions:\n  ${partitions}\n`;
  const beta = "beta: { vtlOf: alpha, redirect: true, monitorPages: guest, vmbusVersion: '5.3' }";
  const { scenario } = await readScenarioFile(file(beta));
  const { vtlOf, redirect, monitorPages, vmbusVersion } = scenario.partitions["beta"]!;
  const read = [vtlOf, redirect, monitorPages, vmbusVersion];
  assertEquals(read, ["alpha", true, "guest", "5.3"]);
  assertEquals(await complaintsOf(file("beta: { vtlOf: gamma }")), [
    "my.yaml:3:18: no guest gamma stands before beta: there are alpha",
  ]);
  assertEquals(await complaintsOf(file("alpha: { vtlOf: alpha }")), [
    "my.yaml:3:19: no guest alpha stands before alpha: there are none",
  ]);
});

Deno.test("readScenarioFile: a guest may be isolated (kmcl.md X17)", async () => {
  const { scenario } = await readScenarioFile(
    "scenario: disk\npartitions:\n  guest: { isolated: true }\n",
  );
  assertEquals(scenario.partitions["guest"]?.isolated, true);
});

Deno.test("readScenarioFile: a module's scenario comes from whoever reads the file", async () => {
  const mine = defineScenario({
    name: "mine",
    title: "mine",
    partitions: { guest: { memoryPages: 16 } },
    workload: () => {},
  });
  const loaded: string[] = [];
  const load = (path: string) => {
    loaded.push(path);
    return path === "./mine.ts"
      ? Promise.resolve(mine)
      : Promise.reject(new Error("it is not there"));
  };
  const { scenario } = await readScenarioFile("scenario: ./mine.ts\n", { load });
  assertEquals([scenario.name, loaded], ["mine", ["./mine.ts"]]);
  const error = await assertRejects(() => readScenarioFile("scenario: ./other.ts\n", { load }));
  assertEquals(
    (error as Error).message,
    "scenario:1:11: the module ./other.ts has no scenario: it is not there",
  );
});

Deno.test("readScenarioFile: what a driver is started with is what the file says", async () => {
  const started: unknown[] = [];
  const driver = {
    name: "d",
    start: (_context: unknown, options: unknown) => {
      started.push(options);
      return { save: () => null };
    },
    restore: () => ({ save: () => null }),
  };
  const base = defineScenario({
    name: "mine",
    title: "mine",
    partitions: { guest: { memoryPages: 16 } },
    drivers: { vsc: { in: "guest", driver, options: { size: 1 } } },
    workload: () => {},
  });
  const text = "scenario: ./mine.ts\ndrivers: { vsc: { options: { size: 7, names: [a, b] } } }\n";
  const { scenario } = await readScenarioFile(text, { load: () => Promise.resolve(base) });
  await runWorld(scenario);
  await runWorld(base);
  assertEquals(started, [{ size: 7, names: ["a", "b"] }, { size: 1 }]);
});

Deno.test("readScenarioFile: aliases that mean nothing, too much or themselves are refused", async () => {
  let bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (let at = 1; at < 12; at++) {
    bomb += `a${at}: &a${at} [${Array(9).fill(`*a${at - 1}`).join(", ")}]\n`;
  }
  const cases = [
    ["scenario: *nothing\n", "Unresolved alias"],
    [`scenario: echo\n${bomb}`, "Excessive alias count"],
    ["scenario: disk\ndrivers: { disk: { options: &it [*it] } }\n", "stands in what it means"],
    ["&it\nscenario: *it\n", "stands in what it means"],
  ] as const;
  for (const [text, message] of cases) {
    const [complaint, ...others] = await complaintsOf(text);
    assert(complaint!.startsWith("my.yaml:1:1: ") && complaint!.includes(message), complaint);
    assertEquals(others, []);
  }
});

Deno.test("readScenarioFile: a text that nobody has written by hand is not looked at", async () => {
  const text = `scenario: ${"x".repeat(2 ** 16)}`;
  assertEquals(await complaintsOf(text), ["my.yaml:1:1: there are more than 65536 characters"]);
  // One that is looked at ends soon, whatever it says.
  const wrong = `scenario: echo\nfaults: [${"{do: x},".repeat(3000)}]\n`;
  assertEquals((await complaintsOf(wrong)).length, 3000);
});
