import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { relative } from "node:path";
import { readCapture } from "../../../../simulator/capture/read_capture.ts";
import { artefactOf, recordOf } from "../../../../simulator/artefacts/artefact.ts";
import type { TraceEventFile } from "../../../../simulator/mod.ts";
import { runWorld } from "../../../../simulator/mod.ts";
import { simulateHere } from "../../../support/simulate.ts";
import { planted, PLANTED_RULE } from "../../../support/planted_scenario.ts";
import { withTree } from "../../../support/temp_tree.ts";

const PLANTED = fileURLToPath(new URL("../../../support/planted_scenario.ts", import.meta.url));
const SETTINGS = { schedule: "random", codec: null, isFaulty: true, itemsMax: 1000 } as const;

/** An artefact of the planted rule in `folder`. */
async function keepArtefact(folder: string, choices?: readonly string[]): Promise<string> {
  for (let seed = 0; seed < 1000; seed++) {
    const { codec: _, ...settings } = SETTINGS;
    const result = await runWorld(planted, { ...settings, seed });
    const finding = result.findings.find(({ rule }) => rule === PLANTED_RULE);
    if (finding === undefined) continue;
    const record = recordOf(result, finding, SETTINGS);
    const scenario = { name: planted.name, file: relative(folder, PLANTED) };
    const artefact = artefactOf({ ...record, ...choices !== undefined && { choices } }, scenario);
    const path = `${folder}/a.vmbus-run.json`;
    await Deno.writeTextFile(path, JSON.stringify(artefact));
    return path;
  }
  throw new Error("Cannot find a world that fails: none of 1000 does");
}

Deno.test("simulate: --report and --trace-events write a run in both forms, and it is the same run", async () => {
  await withTree({}, async (root) => {
    const args = ["--scenario", "echo", "--packets", "3", "--size", "4000", "--json"];
    const reports = ["--report", `${root}/run.html`, "--trace-events", `${root}/run.json`];
    const plain = await simulateHere(...args);
    const { code, stdout, stderr } = await simulateHere(...args, ...reports);
    assertEquals(code, 0);
    assertStringIncludes(stderr, `page: ${root}/run.html\ntrace events: ${root}/run.json\n`);
    const { traceDigest, replay } = JSON.parse(stdout);
    assertEquals(traceDigest, JSON.parse(plain.stdout).traceDigest);
    assert(!replay.includes("run.html"), "a run is the same without its reports");
    const page = await Deno.readTextFile(`${root}/run.html`);
    assertMatch(page, /^<!doctype html>/);
    assertStringIncludes(page, traceDigest);
    assertStringIncludes(page, "all is well");
    const file: TraceEventFile = JSON.parse(await Deno.readTextFile(`${root}/run.json`));
    assertEquals(file.otherData.scenario, "echo");
    assert(file.traceEvents.some(({ name }) => name === "EvtChannelProcessPacket"));
  });
});

Deno.test("replay: --report has what was found, with lines from the current folder on and the command", async () => {
  await withTree({}, async (root) => {
    const artefact = await keepArtefact(root);
    const { code } = await simulateHere("replay", artefact, "--report", `${root}/a.html`);
    assertEquals(code, 1);
    const page = await Deno.readTextFile(`${root}/a.html`);
    assertStringIncludes(page, `<h1>${PLANTED_RULE}</h1>`);
    assertStringIncludes(page, `replay ${artefact}</code>`);
    assert(!page.includes("file://"));
  });
});

Deno.test("replay: --report shows a run that is another one by now, up to where it is", async () => {
  await withTree({}, async (root) => {
    const artefact = await keepArtefact(root, ["d7.3"]);
    const { code } = await simulateHere("replay", artefact, "--report", `${root}/a.html`);
    assertEquals(code, 1);
    const page = await Deno.readTextFile(`${root}/a.html`);
    assertStringIncludes(page, "another run from step 0 on");
  });
});

Deno.test("simulate: --capture writes messages and packets, of the same run, and no part of it stays", async () => {
  await withTree({ "run.pcapng": "old" }, async (root) => {
    const args = ["--scenario", "echo", "--packets", "3", "--size", "4000", "--json"];
    const plain = await simulateHere(...args);
    const { code, stdout, stderr } = await simulateHere(...args, "--capture", `${root}/run.pcapng`);
    assertEquals(code, 0);
    assertStringIncludes(stderr, `capture: ${root}/run.pcapng\n`);
    assertEquals(JSON.parse(stdout).traceDigest, JSON.parse(plain.stdout).traceDigest);
    const { interfaces, damage } = readCapture(await Deno.readFile(`${root}/run.pcapng`));
    assertEquals(damage, null);
    assertEquals(interfaces.map(({ name }) => name), ["guest: bus", "guest: channel 1"]);
    for (const { run } of interfaces) {
      assertMatch(run ?? "", /^echo, seed 0, fifo, msgpack, .*packets 3, .*size 4000/);
    }
    assertEquals([...Deno.readDirSync(root)].map(({ name }) => name), ["run.pcapng"]);
  });
});

Deno.test("simulate: a capture names the files of its run, and not the folders that they lie in", async () => {
  await withTree({ "source": "some bytes" }, async (root) => {
    const args = ["--scenario", "echo", "--packets", "1", "--file", `${root}/source`];
    const { code } = await simulateHere(...args, "--capture", `${root}/run.pcapng`);
    assertEquals(code, 0);
    const { interfaces } = readCapture(await Deno.readFile(`${root}/run.pcapng`));
    assertMatch(interfaces[0]!.run ?? "", /, file source(?:,|$)/);
    assertEquals(interfaces[0]!.run!.includes("/"), false);
  });
});

Deno.test("simulate: a run that comes to nothing leaves the file that was there", async () => {
  await withTree({ "run.pcapng": "old", "empty": "" }, async (root) => {
    const args = ["--file", `${root}/none`, "--out", `${root}/copy`, "--capture"];
    const { code } = await simulateHere(...args, `${root}/run.pcapng`);
    assertEquals(code, 2);
    assertEquals(await Deno.readTextFile(`${root}/run.pcapng`), "old");
  });
});

Deno.test("replay: --capture has the run with its steps, and what was found last", async () => {
  await withTree({}, async (root) => {
    const artefact = await keepArtefact(root);
    const files = ["--capture", `${root}/a.pcapng`, "--report", `${root}/a.html`];
    const { code, stderr } = await simulateHere("replay", artefact, ...files);
    assertEquals(code, 1);
    assertStringIncludes(stderr, `capture: ${root}/a.pcapng\n`);
    const { records, interfaces, damage } = readCapture(await Deno.readFile(`${root}/a.pcapng`));
    assertEquals(damage, null);
    assertMatch(interfaces[0]!.run ?? "", /, seed \d+, trace [0-9a-f]{64}$/);
    const last = records.at(-1)!;
    assertMatch(
      last.comments.join(),
      new RegExp(`^${PLANTED_RULE}, planted, at step \\d+: it drew 3$`),
    );
    assertEquals(last.header.step > 0, true);
  });
});

Deno.test("simulate: a report that cannot be written is refused before anything runs", async () => {
  await withTree({ "source": "bytes", "folder/file": "" }, async (root) => {
    const run = ["--scenario", "echo", "--packets", "1", "--file", `${root}/source`];
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [["--report", `${root}/folder`], /: it is a folder; name another file with --report\n$/],
      [["--trace-events", `${root}/none/a.json`], /: there is no such folder; name another/],
      [["--report", `${root}/folder/../source`], /: --file has that file; name another/],
      [["--report", `${root}/a`, "--trace-events", `${root}/a`], /: --report has that file; /],
      [["--capture", `${root}/folder`], /: it is a folder; name another file with --capture\n$/],
      [["--capture", `${root}/source`], /: --file has that file; name another/],
      [["--capture", ""], /^--capture must be a path, and not empty/],
      [["--capture", `${root}/a`, "--check-determinism"], /^--capture does not go with --check/],
    ];
    for (const [args, refusal] of cases) {
      const { code, stdout, stderr } = await simulateHere(...run, ...args);
      assertEquals([code, stdout], [2, ""]);
      assertMatch(stderr, refusal);
    }
    assertEquals(await Deno.readTextFile(`${root}/source`), "bytes");
  });
});
