import { assertEquals, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { relative } from "node:path";
import { artefactOf, recordOf } from "../../../../simulator/artefacts/artefact.ts";
import { runWorld } from "../../../../simulator/mod.ts";
import { planted, PLANTED_RULE } from "../../../support/planted_scenario.ts";
import { simulateHere } from "../../../support/simulate.ts";
import { withTree } from "../../../support/temp_tree.ts";

const PLANTED = fileURLToPath(new URL("../../../support/planted_scenario.ts", import.meta.url));
const SETTINGS = { schedule: "random", codec: null, isFaulty: true, itemsMax: 1000 } as const;

/** What an artefact says other than the run that it is of. */
type Changes = { readonly choices?: readonly string[]; readonly digest?: string };

/** The text of an artefact of the planted rule in `folder`, which says `changes` instead. */
async function artefactIn(folder: string, changes: Changes = {}): Promise<string> {
  const scenario = { name: planted.name, file: relative(folder, PLANTED) };
  for (let seed = 0; seed < 1000; seed++) {
    const { codec: _, ...settings } = SETTINGS;
    const result = await runWorld(planted, { ...settings, seed });
    const finding = result.findings.find(({ rule }) => rule === PLANTED_RULE);
    if (finding === undefined) continue;
    const record = { ...recordOf(result, finding, SETTINGS), ...changes };
    return JSON.stringify(artefactOf(record, scenario));
  }
  throw new Error("Cannot find a world that fails: none of 1000 does");
}

/** Replays an artefact that `make` writes. */
async function replay(
  make: (folder: string) => string | Promise<string>,
  ...args: string[]
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  let end = { code: -1, stdout: "", stderr: "" };
  await withTree({}, async (root) => {
    await Deno.writeTextFile(`${root}/a.json`, await make(root));
    end = await simulateHere("replay", `${root}/a.json`, ...args);
  });
  return end;
}

Deno.test("replay: tells whether the same is found, and stops before a step for a debugger", async () => {
  const { code, stdout, stderr } = await replay((root) => artefactIn(root), "--until", "0");
  assertEquals(code, 1);
  assertEquals(
    stdout,
    `FAIL correctness: ${PLANTED_RULE}, at planted, as before\n     it drew 3\ntrace: the same\n`,
  );
  assertStringIncludes(stderr, "step 0: stops here under a debugger\n");
  const late = await replay((root) => artefactIn(root), "--until", "999");
  assertStringIncludes(late.stderr, "step 999: the run did not come to it\n");
});

Deno.test("replay: tells from which step on the run is another one", async () => {
  const { code, stdout } = await replay((root) => artefactIn(root, { choices: ["d7.3"] }));
  assertEquals(code, 1);
  assertEquals(
    stdout,
    "another run from step 0 on: Cannot replay step 0: it chose 3 of 7 (draw), and now there are 6 (draw)\n",
  );
  const json = await replay((root) => artefactIn(root, { choices: ["d7.3"] }), "--json");
  const { ok, divergedAt, found, sameTrace } = JSON.parse(json.stdout);
  assertEquals([json.code, ok, divergedAt, found, sameTrace], [1, false, 0, false, null]);
});

Deno.test("replay: a run in which nothing is found any more is well", async () => {
  const changes = { choices: [], digest: "0".repeat(64) };
  const { code, stdout } = await replay((root) => artefactIn(root, changes));
  assertEquals(code, 0);
  assertEquals(stdout, `not found any more: ${PLANTED_RULE}, at planted\ntrace: another one\n`);
});

Deno.test("replay: what is no artefact is refused with what is wrong, and nothing runs", async () => {
  const cases: readonly [(folder: string) => string | Promise<string>, string][] = [
    [() => "no", "it is no JSON"],
    [async (root) => (await artefactIn(root)).replace("vmbus-run", "zip"), 'format must be "vmbus'],
    [
      async (root) => (await artefactIn(root)).replace(/"file":"[^"]*"/, '"file":"/a.ts"'),
      "./ or ../",
    ],
    [
      async (root) => (await artefactIn(root)).replace('"planted"', '"other"'),
      "run of the scenario other",
    ],
    [async (root) => (await artefactIn(root)).replace(/"file":"[^"]*"/, '"file":"./b.ts"'), "b.ts"],
  ];
  for (const [make, message] of cases) {
    const { code, stdout, stderr } = await replay(make, "--json");
    assertEquals(code, 2);
    assertStringIncludes(stderr, message);
    assertEquals(JSON.parse(stdout).ok, false);
  }
  const { code, stderr } = await simulateHere("replay");
  assertEquals(code, 2);
  assertStringIncludes(
    stderr,
    "missing required argument 'file': see deno task simulate replay --help",
  );
});
