import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { readCapture } from "../../../../simulator/capture/read_capture.ts";
import { main as simulate } from "../../../../simulator/cli/main.ts";
import { ArtefactFiles } from "../../../../simulator/cli/sweep/artefact_files.ts";
import { readSweep } from "../../../../simulator/cli/sweep/request.ts";
import { runSweep } from "../../../../simulator/cli/sweep/sweep_run.ts";
import { sweepMain } from "../../../../simulator/cli/sweep/main.ts";
import { type SweepSummary, sweepWorlds } from "../../../../simulator/mod.ts";
import type { SweepJson } from "../../../../simulator/sweeps/report.ts";
import { readArtefact } from "../../../../simulator/artefacts/read_artefact.ts";
import { makeLink, type ProcessEnd } from "../../../support/deno_process.ts";
import { planted } from "../../../support/planted_scenario.ts";
import { Capture } from "../../../support/simulate.ts";
import { withTree } from "../../../support/temp_tree.ts";

const fileOf = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const PLANTED = fileOf("../../../support/planted_scenario.ts");
const ENDINGS = fileOf("./endings.ts");
const DRIFTING = fileOf("./drifting.ts");

/** Runs a command in this process; its children are processes. */
async function here(command: () => Promise<number>): Promise<ProcessEnd> {
  using stdout = new Capture(Deno.stdout);
  using stderr = new Capture(Deno.stderr);
  const code = await command();
  return { code, stdout: stdout.text, stderr: stderr.text };
}

function sweep(...args: string[]): Promise<ProcessEnd> {
  return here(() => sweepMain(args, () => ({ command: "deno task sweep", args, isDumb: false })));
}

/** What a summary says, but for how the failures are had again. */
function factsOf({ worlds, failed, steps, failures, ...more }: SweepSummary): unknown {
  const told = failures.map((
    {
      artefact: _,
      replay: __,
      shrunk: ___,
      notShrunk: ____,
      page: _____,
      capture: ______,
      ...facts
    },
  ) => facts);
  const { expected, reached, orders, coverage, faults } = more;
  return { worlds, failed, steps, failures: told, expected, reached, orders, coverage, faults };
}

Deno.test("sweep: processes come to what one process comes to, and keep each cause in two files, the second smaller", async () => {
  await withTree({}, async (root) => {
    const artefacts = `${root}/kept`;
    const files = ["--artefacts", artefacts, "--report", `${root}/sweep.html`];
    const options = ["--seeds", "60", "--workers", "2", "--captures", ...files, "--json"];
    const { code, stdout, stderr } = await sweep(PLANTED, ...options);
    const report: SweepJson = JSON.parse(stdout);
    assertEquals([code, stderr, report.ok], [1, "", false]);
    assertEquals(factsOf(report), factsOf(await sweepWorlds(planted, { seeds: 60 })));
    const overview = await Deno.readTextFile(`${root}/sweep.html`);
    for (const { shrunk, rule, page, capture } of report.failures) {
      assertEquals(capture, shrunk!.artefact.replace(".vmbus-run.json", ".pcapng"));
      const { records, damage } = readCapture(await Deno.readFile(capture!));
      assertEquals(damage, null);
      assertStringIncludes(records.at(-1)!.comments.join(), `${rule}, `);
      assertEquals(page, shrunk!.artefact.replace(".vmbus-run.json", ".html"));
      assertStringIncludes(await Deno.readTextFile(page!), `<h1>${rule}</h1>`);
      assertStringIncludes(overview, `href="${relative(root, page!)}"`);
    }
    const runs = report.failures.flatMap(({ artefact, replay, rule, shrunk }) => {
      assertEquals(shrunk!.after.switches, 0);
      return [{ artefact, replay, rule }, { ...shrunk!, rule }];
    });
    assertEquals(runs.length, 4);
    for (const { artefact, replay, rule } of runs) {
      assertEquals(replay, `deno task simulate replay ${artefact}`);
      const again = await here(() => simulate(["replay", artefact!]));
      assertEquals(again.code, 1);
      assertMatch(again.stderr, /^replay: runs the scenario in .*planted_scenario\.ts\n$/);
      assertStringIncludes(again.stdout, `FAIL correctness: ${rule}, at `);
      assertStringIncludes(again.stdout, ", as before\n");
      assertStringIncludes(again.stdout, "trace: the same\n");
    }
  });
});

Deno.test("sweep: until a failure, all lower seeds have run and no higher one counts", async () => {
  await withTree({}, async (root) => {
    const args = [
      ...["--seeds", "500", "--workers", "2", "--until-failure"],
      ...["--artefacts", root, "--no-pages", "--no-shrink"],
    ];
    // As `simulate` starts it, where it may.
    const { code, stdout, stderr } = await here(() =>
      simulate(["sweep", PLANTED, ...args, "--json"])
    );
    assertMatch(stderr, /^sweep is a command of its own: deno task sweep \S+ --seeds 500 .*\n$/);
    const alone = await sweepWorlds(planted, { seeds: 500, isUntilFailure: true });
    assertEquals(code, 1);
    assertEquals(factsOf(JSON.parse(stdout)), factsOf(alone));
  });
});

Deno.test("sweep: a world that never ends is a failure, and so is one that its process dies of", async () => {
  await withTree({}, async (root) => {
    // The first takes its process with it, the second prints, the last never ends.
    const args = ["--from", "20", "--seeds", "4", "--workers", "1", "--world-time", "2s"];
    const { code, stdout } = await sweep(
      ...[ENDINGS, ...args, "--artefacts", root, "--no-pages", "--no-shrink", "--json"],
    );
    const { failures, worlds }: SweepJson = JSON.parse(stdout);
    assertEquals([code, worlds], [1, 4]);
    assertEquals(failures.map(({ kind, seed, message }) => [kind, seed, message]), [
      ["crash", "20", "it ended with exit code 7"],
      ["liveness", "23", "it took more than 2000 ms, and its process was ended"],
    ]);
    // What the world chose until then was had in another run.
    const choices = failures.map(({ artefact }) => {
      const read = readArtefact(Deno.readTextFileSync(artefact!));
      return read.choices?.find(({ kind }) => kind === "draw")?.offset;
    });
    assertEquals(choices, [4, 3]);
  });
});

Deno.test("sweep: a scenario's file says which worlds run, and how, unless the command line does", async () => {
  const file = (root: string) => relative(root, PLANTED);
  await withTree({}, async (root) => {
    const lines = [`scenario: ./${file(root)}`, "seeds: { from: 7, count: 3 }", "schedule: fifo"];
    await Deno.writeTextFile(`${root}/a.yaml`, lines.join("\n"));
    const args = [
      "--schedule",
      "pos",
      "--workers",
      "1",
      "--artefacts",
      root,
      "--no-shrink",
      "--json",
    ];
    const { stdout } = await sweep(`${root}/a.yaml`, ...args);
    const { worlds, from, schedule }: SweepJson = JSON.parse(stdout);
    assertEquals([worlds, from, schedule], [3, "7", "pos"]);
  });
});

Deno.test("sweep: a scenario that cannot be loaded is told, with what would be right", async () => {
  const none = await sweep("./none.ts", "--workers", "1", "--json");
  assertEquals([none.code, JSON.parse(none.stdout).ok], [2, false]);
  assertStringIncludes(none.stderr, "Cannot load the scenario ./none.ts: ");
  assertStringIncludes(none.stderr, "; name a module that exports one as default");
});

Deno.test("sweep: --check-determinism names the first entry that differs in another process", async () => {
  const options = ["--from", "0", "--seeds", "8", "--check-determinism"];
  const { code, stdout } = await sweep(DRIFTING, ...options, "--json");
  assertEquals(code, 1);
  const { failures: [first, ...others], worlds, failed }: SweepJson = JSON.parse(stdout);
  assertEquals([others, worlds, failed], [[], 8, 5]);
  assertEquals([first!.rule, first!.place], ["a seed makes one world", "waitBegan of #0"]);
  assertMatch(
    first!.message,
    /^entry \d+ of the trace is waitBegan .* and waitBegan .* in another$/,
  );
  assertEquals(first!.artefact, null);
  assertEquals(
    first!.replay,
    `deno task sweep ${DRIFTING} --from 0 --seeds 8 --check-determinism --schedule portfolio`,
  );
});

Deno.test("runSweep: who stops it learns what was done, and no process is left", async () => {
  const { task } = readSweep([PLANTED, "--seeds", "1000000", "--workers", "2"]);
  const stop = new AbortController();
  const end = await runSweep(task, { signal: stop.signal, onProgress: () => stop.abort() });
  // The sanitizers of the tests find processes that still run.
  assert(end.tally.worlds > 0 && end.tally.worlds < 1_000_000);
  assertEquals(end.scenario?.name, "planted");
});
Deno.test("runSweep: begins nothing after its time", async () => {
  const { task } = readSweep([PLANTED, "--time", "1ms", "--workers", "1"]);
  const { signal } = new AbortController();
  const { tally } = await runSweep(task, { signal, onProgress: () => {} });
  assert(tally.worlds > 0 && tally.worlds <= 64, `${tally.worlds} worlds`); // the range that had begun
});

Deno.test({
  name: "sweep: where it may not start its own runtime, it says the flag for it",
  permissions: { run: false, read: "inherit" },
  fn: async () => {
    const { code, stdout, stderr } = await sweep("echo", "--seeds", "1", "--json");
    assertEquals([code, JSON.parse(stdout).ok], [2, false]);
    assertStringIncludes(stderr, "Cannot sweep: it is not permitted to start its own runtime; say");
    assertStringIncludes(stderr, ` --allow-run=${Deno.execPath()}`);
  },
});

Deno.test({
  name: "simulate: where it may start no process, it says which command sweeps",
  permissions: { run: false, read: "inherit" },
  fn: async () => {
    const { code, stderr } = await here(() => simulate(["sweep", "a b.ts", "--seeds", "3"]));
    assertEquals(code, 2);
    assertStringIncludes(stderr, "deno task simulate may start no process");
    assertStringIncludes(stderr, "; use deno task sweep 'a b.ts' --seeds 3\n");
  },
});

/** Presses Ctrl-C when a sweep has started its first child, which hears of it as well, or is too far for that. */
async function interrupted(isHeardByChild: boolean, sweeps: () => Promise<ProcessEnd>) {
  const real = { addSignalListener: Deno.addSignalListener, Command: Deno.Command };
  let hear = () => {};
  Deno.addSignalListener = (signal, handler) => {
    real.addSignalListener(signal, handler);
    if (signal === "SIGINT") hear = handler;
  };
  let pressing: ReturnType<typeof setTimeout> | undefined;
  Deno.Command = class extends real.Command {
    override spawn() {
      const process = super.spawn();
      if (isHeardByChild) process.kill("SIGINT");
      pressing = setTimeout(() => hear(), isHeardByChild ? 50 : 200);
      return process;
    }
  };
  try {
    return await sweeps();
  } finally {
    clearTimeout(pressing);
    Object.assign(Deno, real);
  }
}

Deno.test("sweep: who stops it while a file's module loads, or its process starts, need not wait", async () => {
  const files = { "a.yaml": "scenario: ./a.ts", "a.ts": "for (;;);" };
  await withTree(files, async (root) => {
    for (const isHeardByChild of [false, true]) {
      const args = [`${root}/a.yaml`, "--workers", "1"];
      const { code, stderr } = await interrupted(isHeardByChild, () => sweep(...args));
      assertEquals([code, stderr], [130, "Stopped after 0 worlds\n"]);
    }
  });
});

Deno.test("ArtefactFiles: a file is put in place of a link, not through it, and leaves no part", async () => {
  const record = {
    settings: { seed: "1", schedule: "fifo", codec: null, isFaulty: true, itemsMax: 9 },
    finding: { kind: "crash", rule: "a", place: "b", message: "c", by: "d", step: 0 },
    steps: null,
    digest: null,
    choices: null,
  } as const;
  await withTree({ precious: "mine" }, async (root) => {
    const path = new ArtefactFiles(`${root}/out`, "echo", "echo").write(record);
    await Deno.remove(path);
    await makeLink("../precious", path);
    new ArtefactFiles(`${root}/out`, "echo", "echo").write(record);
    assertEquals(await Deno.readTextFile(`${root}/precious`), "mine");
    assertEquals([...Deno.readDirSync(`${root}/out`)].length, 1);
    assertStringIncludes(await Deno.readTextFile(path), '"format": "vmbus-run"');
  });
});
