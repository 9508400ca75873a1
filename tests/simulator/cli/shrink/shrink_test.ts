import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { shrunkPath } from "../../../../simulator/cli/shrink/request.ts";
import { runWorld } from "../../../../simulator/mod.ts";
import { artefactOf, recordOf } from "../../../../simulator/artefacts/artefact.ts";
import { readArtefact } from "../../../../simulator/artefacts/read_artefact.ts";
import type { ProcessEnd } from "../../../support/deno_process.ts";
import { planted, PLANTED_RULE } from "../../../support/planted_scenario.ts";
import { interrupt, simulateHere } from "../../../support/simulate.ts";
import { withTree } from "../../../support/temp_tree.ts";

const PLANTED = fileURLToPath(new URL("../../../support/planted_scenario.ts", import.meta.url));
const SETTINGS = { schedule: "random", codec: null, isFaulty: true, itemsMax: 1000 } as const;

/** The text of an artefact of the planted rule in `folder`, whose run has a switch. */
async function artefactIn(folder: string): Promise<string> {
  const { codec: _, ...settings } = SETTINGS;
  for (let seed = 0; seed < 1000; seed++) {
    const result = await runWorld(planted, { ...settings, seed });
    const finding = result.findings.find(({ rule }) => rule === PLANTED_RULE);
    if (finding === undefined || result.choices.length < 2) continue;
    const scenario = { name: planted.name, file: relative(folder, PLANTED) };
    return JSON.stringify(artefactOf(recordOf(result, finding, SETTINGS), scenario));
  }
  throw new Error("Cannot find a world that fails: none of 1000 does");
}

async function shrinkIn(
  change: (text: string) => string,
  look: (end: ProcessEnd, root: string) => void | Promise<void>,
  ...args: string[]
): Promise<void> {
  await withTree({}, async (root) => {
    await Deno.mkdir(`${root}/small`);
    await Deno.writeTextFile(`${root}/a.vmbus-run.json`, change(await artefactIn(root)));
    const own = args.map((arg) => arg.replace("ROOT", root));
    await look(await simulateHere("shrink", `${root}/a.vmbus-run.json`, ...own), root);
  });
}

Deno.test("shrink: writes a smaller run beside the file, which replays to the same", async () => {
  await shrinkIn(
    (text) => text,
    async ({ code, stdout, stderr }, root) => {
      const out = `${root}/a.shrunk.vmbus-run.json`;
      assertEquals(code, 0);
      assertMatch(stderr, /^shrink: runs the scenario in .*planted_scenario\.ts\n$/);
      assertMatch(stdout, /^FAIL correctness: S1: three is no number, at planted\n {5}it drew 3\n/);
      assertMatch(stdout, /\d switch(es)? -> 0.* in \d+ re-runs\n/);
      assertStringIncludes(stdout, `simulate replay ${out}\n`);
      assertMatch(stdout, /\nX +\d+ .* correctness: S1: three is no number: it drew 3\n$/);
      assertStringIncludes(Deno.readTextFileSync(`${root}/a.mmd`), "sequenceDiagram");
      assertEquals(readArtefact(Deno.readTextFileSync(out)).choices, [
        { kind: "draw", count: 6, offset: 3 },
      ]);
      const again = await simulateHere("replay", out);
      assertStringIncludes(again.stdout, ", as before\n");
      assertStringIncludes(again.stdout, "trace: the same\n");
    },
    "--mermaid",
    "ROOT/a.mmd",
  );
});

Deno.test("shrink: --out may be in another folder, where the scenario is found as well; --json says all", async () => {
  await shrinkIn(
    (text) => text,
    async ({ code, stdout }, root) => {
      const { ok, error, artefact, before, after, reruns, finding } = JSON.parse(stdout);
      assertEquals([code, ok, error], [0, true, null]);
      assertEquals([finding.rule, after.switches, reruns > 2], [PLANTED_RULE, 0, true]);
      assertEquals(before.switches > 0, true);
      const again = await simulateHere("replay", artefact);
      assertEquals([again.code, artefact], [1, `${root}/small/b.json`]);
    },
    "--out",
    "ROOT/small/b.json",
    "--json",
  );
});

Deno.test("shrink: a run that cannot be had again is no usage error, and leaves no file", async () => {
  const gone: readonly [(text: string) => string, string, number | null][] = [
    [(text) => text.replace(/"choices":\[.*\]/, '"choices":[]'), "not found any more: S1", null],
    [
      (text) => text.replace(/"choices":\[.*\]/, '"choices":["d7.3"]'),
      "another run from step 0 on: ",
      0,
    ],
  ];
  for (const [change, words, divergedAt] of gone) {
    await shrinkIn(change, ({ code, stdout }, root) => {
      const report = JSON.parse(stdout);
      assertEquals([code, report.ok, report.divergedAt], [1, false, divergedAt]);
      assertStringIncludes(report.error, words);
      assertEquals([...Deno.readDirSync(root)].length, 2);
    }, "--json");
  }
});

Deno.test("shrink: what it cannot do is told before anything runs", async () => {
  const cases: readonly [(text: string) => string, readonly string[], string][] = [
    [() => "no", [], "it is no JSON"],
    [(text) => text.replace('"name":"planted"', '"name":"other"'), [], "run of the scenario other"],
    [(text) => text.replace(/"steps":\d+/, '"steps":null'), [], "a sweep makes such a run smaller"],
    [(text) => text, ["--reruns", "1"], "reruns"],
    [(text) => text, ["--out", ""], "--out must be a path"],
    [(text) => text, ["--out", "ROOT/none/b.json"], "there is no such folder; name another file"],
    [(text) => text, ["--out", "ROOT/small"], "it is a folder; name another file with --out"],
    [(text) => text, ["--out", "ROOT/a.vmbus-run.json"], "the run has that file"],
    [
      (text) => text,
      ["--out", "ROOT/b.json", "--mermaid", "ROOT/b.json"],
      "--out has that file; name another file with --mermaid",
    ],
  ];
  for (const [change, args, words] of cases) {
    await shrinkIn(change, ({ code, stderr }) => {
      assertEquals(code, 2);
      assertStringIncludes(stderr, words);
      assertEquals(stderr.includes("runs the scenario"), words.includes("scenario other"));
    }, ...args);
  }
});

Deno.test("shrink: Ctrl-C keeps the smallest run so far", async () => {
  await withTree({}, async (root) => {
    // A workload that takes real time each time: the signal comes in the middle.
    const module = `${root}/slow.ts`;
    await Deno.writeTextFile(
      module,
      `import planted from ${
        JSON.stringify(new URL("../../../support/planted_scenario.ts", import.meta.url).href)
      };
       const workload = (world) => {
         for (let begun = performance.now(); performance.now() < begun + 30;);
         for (let at = 0; at < 40; at++) world.draw(5);
         return world.fail(${JSON.stringify(PLANTED_RULE)}, "it is slow");
       };
       export default { ...planted, workload };`,
    );
    const choices = Array.from({ length: 40 }, (_, at) => `d5.${1 + at % 4}`).join(" ");
    const text = (await artefactIn(root)).replace(/"choices":\[.*\]/, `"choices":["${choices}"]`);
    const artefact = { ...JSON.parse(text), scenario: { name: "planted", file: "./slow.ts" } };
    const path = `${root}/a.vmbus-run.json`;
    await Deno.writeTextFile(
      path,
      JSON.stringify({ ...artefact, finding: { ...artefact.finding, place: "planted" } }),
    );
    const { code, stdout, stderr } = await interrupt(root, "SIGINT", ["shrink", path, "--json"]);
    assertEquals(code, 130);
    assertStringIncludes(stderr, "Stopped; the smallest run by then is kept\n");
    const { stopped, artefact: out } = JSON.parse(stdout.slice(stdout.indexOf("{")));
    assertEquals([stopped, out], [true, shrunkPath(path)]);
    assertEquals(readArtefact(Deno.readTextFileSync(out)).finding.rule, PLANTED_RULE);
  });
});

Deno.test("shrunkPath: the name says that it is the smaller one", () => {
  assertEquals(shrunkPath("a/b.vmbus-run.json"), "a/b.shrunk.vmbus-run.json");
  assertEquals(shrunkPath("b.json"), "b.shrunk.json");
  assertEquals(shrunkPath("b"), "b.shrunk.vmbus-run.json");
});
