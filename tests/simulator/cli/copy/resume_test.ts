import { isLong } from "../../../support/long.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { StoppedError } from "../../../../simulator/cli/command.ts";
import { disk } from "../../../../simulator/cli/disk.ts";
import { areEqual } from "../../../support/disk_stage.ts";
import { besideIn, FILE, namesIn, pathsIn, plainNamesIn, resume, save } from "./saved_disk_run.ts";
import { makeLink } from "../../../support/deno_process.ts";
import { simulate, simulateHere, simulateIn } from "../../../support/simulate.ts";
import { withTree } from "../../../support/temp_tree.ts";

const WORLDS = [
  ["--codec", "msgpack", "--schedule", "fifo"],
  ["--codec", "vmbus", "--schedule", "random"],
];

/** Where a run is saved: on its way there, between the two ways, on its way back, and at its end. */
const PARTS = isLong ? ["0%", "20%", "50%", "50.5%", "80%", "100%"] : ["0%", "50.5%", "100%"];

Deno.test("simulate --resume: a run continues from any part of it, and ends with the same digests", async () => {
  const digest = bytesToHex(sha256(FILE));
  for (const [turn, percent] of PARTS.entries()) {
    await withTree({}, async (root) => {
      const stdout = await save(root, percent, ...WORLDS[turn % 2]!);
      assertMatch(
        stdout,
        /\nok\nreplay: .*\nsaved in \S+run; go on: deno .* --resume \S+run --disk \S+disk --out \S+out\n$/,
      );
      const names = ["disk", "disk.1", "disk.2", "file", "run", "run.*.file"];
      assertEquals(plainNamesIn(root), names, "no half of a copy is left");
      const report = await resume(root);
      assertEquals([report.ok, report.violations, report.leaks], [true, 0, 0]);
      const whole = { byteCount: FILE.length, sha256: digest };
      assertEquals(report.files, { read: whole, returned: whole });
      assertEquals(report.counts.guestToHost.fileBytes, FILE.length);
      assertEquals(report.transactions, 12); // negotiate, five chunks and a flush, five chunks
      assert(areEqual(await Deno.readFile(`${root}/out`), FILE));
      assertEquals(plainNamesIn(root), [...names.slice(0, 4), "out", ...names.slice(4)]);
    });
  }
});

Deno.test("simulate --resume: several guests go on, each with its own disk and copy", async () => {
  await withTree({}, async (root) => {
    await save(root, "60%", "--guests", "2", "--seed", "3");
    const report = await resume(root);
    assertEquals([report.ok, report.figures.guests, report.seed], [true, 2, "3"]);
    for (const name of ["out.1", "out.2"]) {
      assert(areEqual(await Deno.readFile(`${root}/${name}`), FILE));
    }
  });
});

Deno.test("simulate --resume: alone it needs no files of the user's, and another process does it", async () => {
  await withTree({}, async (root) => {
    await Deno.mkdir(`${root}/temporary`);
    const temporary = `${root}/temporary`;
    const saved = await simulateIn(
      temporary,
      ...["--save-at", "40%", "--save-to", `${root}/run`, "--json"],
    );
    assertEquals([saved.code, saved.stderr], [0, ""]);
    const first = JSON.parse(saved.stdout);
    assertEquals([first.ok, first.files, first.tables.saves.length], [true, {}, 1]);
    assertEquals(first.resume, `deno task simulate --resume ${root}/run`);
    assertEquals(plainNamesIn(root), ["run", "run.*.disk", "temporary"]);
    const resumed = await simulateIn(temporary, "--resume", `${root}/run`, "--json");
    const again = isLong
      ? await simulateIn(temporary, "--json", "--resume", `${root}/run`)
      : resumed;
    const reports = [resumed, again].map(({ code, stdout, stderr }) => {
      assertEquals(code, 0);
      assertMatch(stderr, /^resume \S+run: reads \S+run\.\w+\.disk; writes nothing\n$/);
      return JSON.parse(stdout);
    });
    assertEquals(reports[0].files.read, reports[0].files.returned);
    assertEquals(reports[0].files.read.byteCount, 8 * 2 ** 20);
    assertEquals(reports[1].traceDigest, reports[0].traceDigest, "the same state continues alike");
    assertEquals(reports[0].replay, first.resume);
    assertEquals(plainNamesIn(root), ["run", "run.*.disk", "temporary"], "the saved run stays");
    assertEquals(namesIn(temporary), []);
  });
});

Deno.test("simulate --resume: a run that was interrupted again continues once more", async () => {
  await withTree({}, async (root) => {
    await save(root, "60%", "--queue-depth", "1");
    const before = namesIn(root);
    const stop = new AbortController();
    {
      const paths = { disk: `${root}/disk`, out: `${root}/out` };
      using saved = await disk.resume!(`${root}/run`, paths);
      const hooks = {
        signal: stop.signal,
        onProgress: (done: number, total: number, unit?: string) =>
          unit === "bytes" && done > 0.7 * total && stop.abort(),
      };
      const result = await saved.run(hooks);
      assertEquals([result.isStopped, result.findings], [true, []]);
    }
    assertEquals(namesIn(root), before);
    assertEquals((await resume(root)).ok, true);
    assert(areEqual(await Deno.readFile(`${root}/out`), FILE));
  });
});

Deno.test("simulate --resume: what is checked before it continues is seen, and can be stopped", async () => {
  await withTree({}, async (root) => {
    await save(root, "60%");
    const before = namesIn(root);
    const paths = { disk: `${root}/disk`, out: `${root}/out` };
    const heard: [done: number, total: number, unit: string][] = [];
    const hear = (done: number, total: number, unit = "") => void heard.push([done, total, unit]);
    {
      using saved = await disk.resume!(`${root}/run`, paths);
      const stop = new AbortController();
      stop.abort();
      const hooks = { signal: stop.signal, onProgress: hear };
      const error = await assertRejects(() => saved.run(hooks), StoppedError);
      assertMatch(error.message, /^Stopped after [\d ]+ of [\d ]+ bytes checked$/);
    }
    assertEquals([heard.length, heard[0]?.[2]], [1, "bytes checked"]);
    assertEquals(namesIn(root), before);
    heard.length = 0;
    using saved = await disk.resume!(`${root}/run`, paths);
    assertEquals((await saved.run({ onProgress: hear })).ok, true);
    const checked = heard.filter(([, , unit]) => unit === "bytes checked");
    const [done, total] = checked.at(-1)!;
    assertEquals(done, total, "all of it is checked before it continues");
    assertEquals(heard.slice(checked.length).every(([, , unit]) => unit === "bytes"), true);
  });
});

Deno.test("simulate --save-to: what is saved is seen, and can be stopped", async () => {
  await withTree({}, async (root) => {
    await Deno.writeFile(`${root}/file`, FILE);
    const stop = new AbortController();
    const run = () =>
      disk.run({
        files: {},
        paths: { file: `${root}/file`, "save-to": `${root}/run` },
        numbers: { "save-at": 60 },
        signal: stop.signal,
        onProgress: (_done, _total, unit) => unit === "bytes saved" && stop.abort(),
      });
    await assertRejects(run, StoppedError, "bytes saved");
    assertEquals(namesIn(root), ["file"]);
  });
});

/** Saves a run, changes something, and takes the one line that it costs to go on. */
async function lineAfter(
  percent: string,
  change: (root: string) => void | Promise<void>,
): Promise<string> {
  let line = "";
  await withTree({}, async (root) => {
    await save(root, percent);
    await change(root);
    const before = namesIn(root);
    const { code, stdout, stderr } = await simulateHere(
      ...["--resume", `${root}/run`, ...pathsIn(root)],
    );
    assertEquals([code, stdout], [2, ""], stderr);
    assertMatch(stderr, /^resume [^\n]+\n[^\n]+\n$/);
    assertEquals(namesIn(root), before, "nothing is left, and nothing is taken away");
    line = stderr.replaceAll(`${root}/`, "").split("\n")[1]!;
  });
  return line;
}

function overwrite(path: string, at: number): void {
  using file = Deno.openSync(path, { write: true });
  file.seekSync(at, Deno.SeekMode.Start);
  file.writeSync(Uint8Array.of(1, 2, 3));
}

Deno.test("simulate --resume: files that are not what they were cost one line and exit code 2", async () => {
  const hint = "; it must be what it was when the run was saved";
  const content = `its content is another now${hint}`;
  const source = (root: string) => besideIn(root, /\.file$/);
  const cases: [
    percent: string,
    change: (root: string) => void | Promise<void>,
    line: string | RegExp,
  ][] = [
    ["30%", (root) => overwrite(source(root), 5), `Cannot go on with the saved file: ${content}`],
    [
      "30%",
      (root) => overwrite(source(root), 299_000),
      `Cannot go on with the saved file: ${content}`,
    ],
    [
      "30%",
      (root) => Deno.truncateSync(source(root), 300_000),
      /^Cannot go on with run\.\w+\.file: it has 300 000 bytes now, and had 300 001; it must be /,
    ],
    [
      "30%",
      (root) => Deno.removeSync(source(root)),
      /^Cannot go on with run\.\w+\.file: there is no such file; it must be what it was /,
    ],
    [
      "30%",
      async (root) => {
        const path = source(root);
        Deno.renameSync(path, `${root}/elsewhere`);
        await makeLink("elsewhere", path);
      },
      /^Cannot go on with run\.\w+\.file: it is no file; it must be what it was /,
    ],
    ["60%", (root) => overwrite(`${root}/disk`, 5), `Cannot go on with disk: ${content}`],
    ["60%", (root) => overwrite(`${root}/disk`, 300_020), `Cannot go on with disk: ${content}`],
    [
      "0%",
      (root) => Deno.truncateSync(`${root}/disk`, 300_544),
      `Cannot go on with disk: it has 300 544 bytes now, and had 300 032${hint}`,
    ],
    [
      "60%",
      (root) => Deno.removeSync(`${root}/disk`),
      /^Cannot use disk as a disk: there is no such file; name a file of /,
    ],
    [
      "80%",
      (root) => Deno.mkdirSync(`${root}/out`),
      "Cannot write out: it is a folder, not a file; name a file in a folder that can be written to",
    ],
  ];
  for (const [percent, change, expected] of cases) {
    const line = await lineAfter(percent, change);
    if (typeof expected === "string") assertEquals(line, expected);
    else assertMatch(line, expected);
  }
});

Deno.test("simulate --resume: the file that is copied may change meanwhile, and what is written over", async () => {
  await withTree({}, async (root) => {
    await save(root, "30%");
    overwrite(`${root}/disk`, 299_000); // it is written over
    await Deno.remove(`${root}/file`);
    assertEquals((await resume(root)).ok, true);
    assert(areEqual(await Deno.readFile(`${root}/out`), FILE));
  });
});

Deno.test("simulate --resume: images are given again where the run was begun with them, and only there", async () => {
  await withTree({}, async (root) => {
    await save(root, "40%");
    const before = namesIn(root);
    const without = await simulateHere("--resume", `${root}/run`, "--out", `${root}/out`);
    assertEquals([without.code, namesIn(root)], [2, before]);
    assertMatch(without.stderr, /: the run was begun with --disk; name the same --disk again\n$/);
    const own = ["--file", `${root}/file`, "--save-at", "40%", "--save-to", `${root}/run`];
    assertEquals((await simulateHere(...own)).code, 0);
    const image = await Deno.readFile(`${root}/disk`);
    const { code, stderr } = await simulateHere("--resume", `${root}/run`, ...pathsIn(root));
    assertEquals(code, 2);
    assertMatch(stderr, /: the run has an image of its own; leave --disk out\n$/);
    assertEquals(await Deno.readFile(`${root}/disk`), image);
  });
});

Deno.test("simulate --resume: without --out the copy is not kept, and can be asked for another time", async () => {
  await withTree({}, async (root) => {
    await save(root, "60%");
    const before = namesIn(root);
    assertEquals((await resume(root, ["--disk", `${root}/disk`])).ok, true);
    assertEquals(namesIn(root), before);
    assertEquals((await resume(root)).ok, true);
    assert(areEqual(await Deno.readFile(`${root}/out`), FILE));
  });
});

Deno.test("simulate --save-to: what it cannot be saved in costs one line, and nothing is left", async () => {
  await withTree({ "file": "hello", "disk": "a".repeat(512) }, async (root) => {
    const files = ["--file", `${root}/file`, "--disk", `${root}/disk`, "--save-at", "40%"];
    const cases: [args: string[], line: RegExp][] = [
      [[...files, "--save-to", `${root}/file`], / it is the same file as --file .*; name another$/],
      [[...files, "--save-to", `${root}/disk`], / it is the same file as --disk .*; name another$/],
      [[...files, "--save-to", root], /: it is a folder, not a file; name a file in a folder /],
      [[...files, "--save-to", `${root}/gone/x`], /: there is no such folder; name a file in a /],
      [["--save-at", "1%", "--save-to", `${root}/gone/x`], /: there is no such folder; name a /],
      [
        [...files, "--save-to", `${root}/new`, "--out", `${root}/./new`],
        / it is the same file as --out .*; name another$/,
      ],
    ];
    for (const [args, line] of cases) {
      const { code, stdout, stderr } = await simulateHere(...args);
      assertEquals([code, stdout], [2, ""]);
      assertMatch(stderr.trimEnd(), line);
      assertEquals(namesIn(root), ["disk", "file"]);
    }
  });
});

Deno.test("simulate --save-to: replaces a run that is there, with what lies beside it, and nothing else", async () => {
  // Decisions D223: what a run left that came to a sudden end has such a name, other files do not.
  const folder = "run.0123456789abcdef.disk.1";
  const others = [
    "run.disk",
    "run.0123.file",
    "run.0123456789abcdef.text",
    "x.0123456789abcdef.disk",
  ];
  const left = { "run.0123456789abcdef.disk.2": "left", "run.00000000000000ff.file": "left" };
  const mine = Object.fromEntries(others.map((name) => [name, "mine"]));
  await withTree({ "file": "hello", [`${folder}/a`]: "mine", ...mine, ...left }, async (root) => {
    const save = ["--file", `${root}/file`, "--save-at", "60%", "--save-to", `${root}/run`];
    for (const seed of ["1", "2"]) {
      const { code, stderr } = await simulateHere(...save, "--seed", seed);
      assertEquals([code, stderr], [0, ""]);
      const expected = ["file", "run", "run.*.disk", "run.*.file", folder, ...others];
      assertEquals(
        plainNamesIn(root).sort(),
        expected.map((name) => name.replace(/\.[0-9a-f]{16}\./, ".*.")).sort(),
      );
      for (const name of others) assertEquals(Deno.readTextFileSync(`${root}/${name}`), "mine");
    }
    assertEquals((await resume(root, [])).seed, "2");
  });
});

Deno.test("simulate --save-at: a copy that is wrong already is not saved, and the run says so", async () => {
  await withTree({}, async (root) => {
    await Deno.writeFile(`${root}/file`, FILE);
    await Deno.writeFile(`${root}/disk`, new Uint8Array(300_032));
    const result = await disk.run({
      files: {},
      paths: { file: `${root}/file`, disk: `${root}/disk`, "save-to": `${root}/run` },
      numbers: { "save-at": 90, "queue-depth": 1 },
      onProgress: (done) => done === FILE.length && overwrite(`${root}/disk`, 0),
    });
    assertEquals(result.findings, [
      "guest 1: it is not saved: what came back so far is not what was copied",
      "guest 1: what came back is not what was copied",
    ]);
    assertEquals([result.ok, result.savedTo], [false, undefined]);
    assertEquals(namesIn(root), ["disk", "file"]);
  });
});

Deno.test("simulate --resume: takes a file that another process is told to take, and says what it did", async () => {
  await withTree({}, async (root) => {
    await save(root, "70%");
    const args = ["--resume", `${root}/run`, ...pathsIn(root)];
    const { code, stdout, stderr } = await simulate(...args);
    assertEquals(code, 0);
    const expected = `resume ${root}/run: reads ${besideIn(root, /\.file$/)}; ` +
      `writes ${root}/disk, ${root}/out\n`;
    assertEquals(stderr, expected);
    assertMatch(stdout, /\nThe digests are the same\.\nok\nreplay: deno task .* --out \S+\n$/);
  });
});
