import { assert, assertEquals, assertMatch } from "@std/assert";
import { createPartitionChart } from "../../actors/partition/machine.ts";
import { createMachine } from "xstate";
import { nameEffects } from "../../actors/chart/effects.ts";
import { chartSection, statesDocument } from "../../tools/chart.ts";
import { runGenerator } from "../../tools/generated_file.ts";
import { runDeno } from "../support/deno_process.ts";
import { Capture } from "../support/simulate.ts";
import { CHANNEL_STATES, SIDES } from "../support/channel_chart.ts";
import { CHARTS, flatTableOf } from "../support/charts.ts";

const DOCUMENT = statesDocument();

/** The arrows of a picture: source, target and labels. */
interface Arrow {
  readonly from: string;
  readonly to: string;
  readonly labels: readonly string[];
}

/** What stands between the heading `title` and the next one. */
function sectionOf(title: string): string {
  const [, after = ""] = DOCUMENT.split(`${title}\n`);
  return after.split(/^##/m)[0] ?? "";
}

function arrowsOf(section: string): Arrow[] {
  return [...section.matchAll(/^ {2}(\w+) --> (\w+) : (.+)$/gm)].map((
    [, from = "", to = "", labels = ""],
  ) => ({ from, to, labels: labels.split(", ") }));
}

Deno.test("statesDocument: is what docs/states.md holds", async () => {
  const text = await Deno.readTextFile("docs/states.md");
  assert(text === DOCUMENT, "docs/states.md is not current: deno task chart");
});

for (
  const [name, title] of [["packet", "## Packet object"], ["partition", "## Partition"]] as const
) {
  Deno.test(`statesDocument: draws each step of the ${name} chart, and no other`, () => {
    const drawn = arrowsOf(sectionOf(title)).flatMap(({ from, to, labels }) =>
      labels.map((label) => `${from} ${label} ${to}`)
    );
    const steps = Object.entries(flatTableOf(CHARTS[name]!())).flatMap(([from, { on }]) =>
      Object.entries(on).map(([type, to]) => `${from} ${type} ${to}`)
    );
    assertEquals(drawn.sort(), steps.sort());
  });
}

Deno.test("statesDocument: lists the tags of each state", () => {
  const rows = [...sectionOf("## Partition").matchAll(/^\| (\w+) \| (.+) \|$/gm)].slice(1);
  const shown = rows.map(([, state = "", tags = ""]) => [
    state,
    tags === "–" ? [] : tags.split(", ").sort(),
  ]);
  const table = Object.entries(flatTableOf(createPartitionChart()));
  assertEquals(
    Object.fromEntries(shown),
    Object.fromEntries(table.map(([state, { tags }]) => [state, tags])),
  );
});

Deno.test("statesDocument: draws each state that an endpoint can be in", () => {
  for (const side of SIDES) {
    for (const { value } of CHANNEL_STATES[side]) {
      for (const [region, below] of Object.entries(value as Record<string, object | string>)) {
        const leaf = JSON.stringify(below).replace(/[{}"]/g, "").replaceAll(":", ".");
        const own = `### ${region[0]?.toUpperCase()}${region.slice(1)}`;
        const title = DOCUMENT.includes(`${own} of a ${side}\n`) ? `${own} of a ${side}` : own;
        assert(sectionOf(title).includes(`  state "${leaf}" as `), `${side} ${region} ${leaf}`);
      }
    }
  }
});

Deno.test("statesDocument: names the guard of a step, and what every state does alike", () => {
  const client = sectionOf("### Lifecycle of a client");
  assert(
    client.includes(
      "In every state of a client, `crashed [isClient]` leads to `disabled.tornDown`.",
    ),
  );
  assert(
    arrowsOf(client).every(({ labels }) => !labels.some((label) => label.includes("crashed"))),
  );
  const refused = arrowsOf(sectionOf("### Flow")).find(({ labels }) =>
    labels.includes("start [canFlow]")
  );
  assertEquals([refused?.from, refused?.to], ["paused_fresh", "starting_wanted"]);
  // Only a client connects, and only a server is closed and opened again.
  assert(!sectionOf("### Lifecycle of a server").includes("connecting"));
  assert(!client.includes('"closed"'));
});

Deno.test("chartSection: draws what a step does, and lists what it does to be in a state or no more", () => {
  const machine = createMachine(
    {
      id: "house",
      initial: "out",
      states: {
        out: {
          on: { enter: { target: "in", actions: ["greet", "sit"] }, ring: { actions: "wait" } },
        },
        in: {
          tags: "warm",
          entry: ["light", "heat"],
          exit: "dim",
          initial: "awake",
          states: {
            awake: { on: { sleep: "asleep", leave: "#house.out", ring: {} } },
            asleep: {
              exit: "yawn",
              on: { wake: { target: "awake", guard: "isDay", actions: "rise" } },
            },
          },
        },
      },
    },
    {
      actions: nameEffects(["greet", "sit", "wait", "light", "heat", "dim", "yawn", "rise"]),
      guards: { isDay: () => true },
    },
  );
  assertEquals(chartSection("House", machine), [
    "## House",
    "",
    "```mermaid",
    "stateDiagram-v2",
    '  state "out" as out',
    '  state "in.awake" as in_awake',
    '  state "in.asleep" as in_asleep',
    "  [*] --> out",
    "  out --> out : ring / wait",
    "  out --> in_awake : enter / greet sit",
    "  in_awake --> out : leave",
    "  in_awake --> in_asleep : sleep",
    "  in_asleep --> in_awake : wake [isDay] / rise",
    "```",
    "",
    "| state | tags | on entry | on exit |",
    "|---|---|---|---|",
    "| out | – | – | – |",
    "| in.* | warm | light, heat | dim |",
    "| in.awake | warm | – | – |",
    "| in.asleep | warm | – | yawn |",
    "",
  ]);
});

Deno.test("statesDocument: names in its arrows only states that it declares", () => {
  for (const picture of DOCUMENT.matchAll(/```mermaid\n([^`]+)```/g)) {
    const text = picture[1] ?? "";
    const declared = new Set(
      [...text.matchAll(/^ {2}state "[\w.]+" as (\w+)$/gm)].map(([, id]) => id),
    );
    const arrows = arrowsOf(text);
    assert(declared.size > 1 && arrows.length > 0);
    for (const { from, to } of arrows) {
      assert(declared.has(from) && declared.has(to), `${from} ${to}`);
    }
    assertEquals(text.match(/^ {2}\[\*\] --> \w+$/gm)?.length, 1);
  }
});

Deno.test("chart: --check writes nothing, and a word too many costs one line and exit code 2", async () => {
  const chart = (arg: string) => runDeno(["run", "--allow-read=docs", "tools/chart.ts", arg]);
  const current = { code: 0, stdout: "ok: docs/states.md is current\n", stderr: "" };
  assertEquals(await chart("--check"), current);
  using stderr = new Capture(Deno.stderr);
  const file = { command: "deno task chart", description: "", path: "", done: "", textOf: String };
  assertEquals(await runGenerator(file, ["docs"]), 2);
  assertMatch(stderr.text, /^too many arguments.*: see deno task chart --help\n$/);
});
