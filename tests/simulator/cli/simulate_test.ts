import { assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { simulatedScenarios } from "../../../simulator/mod.ts";
import { memoryFile } from "../../support/echo_stage.ts";
import { jsonOf } from "./json_report.ts";
import { interrupt, simulate, simulateHere, simulateIn } from "../../support/simulate.ts";
import { withTree } from "../../support/temp_tree.ts";

/** Gives `use` the path of a file of `byteCount` bytes. */
async function withFile(
  byteCount: number,
  use: (path: string, sha256: string) => Promise<void>,
): Promise<void> {
  await withTree({}, async (root) => {
    const { bytes } = memoryFile(byteCount);
    await Deno.writeFile(`${root}/some file`, bytes);
    await use(`${root}/some file`, bytesToHex(sha256(bytes)));
  });
}

Deno.test("simulate: a real file goes to the host and back, and a table says how", async () => {
  await withFile(5000, async (path, digest) => {
    const { code, stdout, stderr } = await simulateHere(
      ...["--scenario", "echo", "--file", path, "--packets", "40"],
    );
    assertEquals([code, stderr], [0, ""]);
    const rows = [
      "packets",
      "payload bytes",
      "completions wanted",
      "completions that came",
      "ring-full waits",
      "interrupts",
      "transactions",
      "transactions per second",
      "virtual time",
      "wall time",
      "violations",
      "leaks",
    ];
    for (const row of rows) assertMatch(stdout, new RegExp(`^│ ${row} +│ +[\\da-f]`, "m"));
    assertMatch(stdout, /^trace digest [\da-f]{64}$/m);
    const widths = stdout.split("\n").filter((line) => line.startsWith("│")).map((line) =>
      line.length
    );
    assertEquals(Math.max(...widths) <= 80, true, "a table is wider than a terminal");
    assertStringIncludes(stdout, `sha256 ${digest}  ${path} as read      5 000 bytes\n`);
    assertStringIncludes(stdout, `sha256 ${digest}  ${path} as returned  5 000 bytes\n`);
    assertStringIncludes(stdout, "\nThe digests are the same.\nok\nreplay: deno task simulate ");
    // deno-lint-ignore no-control-regex -- a pipe gets no colours and moves no cursor
    assertEquals(/\x1b|\r/.test(stdout), false);
  });
});

Deno.test("simulate: --json prints one object, the same in every process but for the times", async () => {
  await withFile(20_000, async (path, digest) => {
    const scenario = ["run", "--scenario", "echo", "--schedule", "random"];
    const args = [...scenario, "--json", "--file", path, "--packets", "60"];
    const [first, second, other] = [
      await simulate(...args, "--seed", "0xBEEF"),
      await simulateHere(...args, "--seed", "48879"),
      await simulateHere(...args, "--seed", "18446744073709551615"),
    ];
    const reports = [first, second, other].map(({ code, stdout, stderr }) => {
      assertEquals([code, stderr], [0, ""]);
      return JSON.parse(stdout);
    });
    const { traceDigest, seed, ok, files, options } = reports[0];
    assertEquals([seed, ok], ["48879", true]);
    assertMatch(traceDigest, /^[\da-f]{64}$/);
    assertEquals(files, {
      read: { byteCount: 20_000, sha256: digest },
      returned: { byteCount: 20_000, sha256: digest },
    });
    assertEquals(options, { file: path, packets: 60, size: 1024, "ring-pages": 2 });
    const timeless = reports.map((report) => ({
      ...report,
      wallMilliseconds: 0,
      transactionsPerSecond: 0,
    }));
    assertEquals(timeless[1], timeless[0]);
    assertEquals(reports[2].seed, "18446744073709551615");
    assertNotEquals(reports[2].traceDigest, traceDigest);
  });
});

Deno.test("simulate: the replay line runs the same again", async () => {
  await withFile(3000, async (path) => {
    const given = ["--scenario", "echo", "--file", path, "--packets", "9", "--codec", "vmbus"];
    const first = JSON.parse((await simulateHere("--json", ...given, "--seed", "12")).stdout);
    const replay: string = first.replay;
    assertMatch(replay, /^deno task simulate --scenario echo --file '.*some file' --packets 9 /);
    // The words as a shell takes them.
    const words = replay.match(/'[^']*'|\S+/g)?.map((word) => word.replaceAll("'", "")) ?? [];
    const again = JSON.parse((await simulateHere("--json", ...words.slice(3))).stdout);
    assertEquals(again.traceDigest, first.traceDigest);
    assertEquals(again.replay, replay);
  });
});

Deno.test("simulate: echo makes a file from the seed where none is named", async () => {
  const runs = [];
  for (const seed of ["1", "1", "2"]) {
    const args = ["--scenario", "echo", "--json", "--packets", "5", "--seed", seed];
    const { code, stdout } = await simulateHere(...args);
    const { ok, options, replay, files } = JSON.parse(stdout);
    assertEquals([code, ok, options.file, replay.includes("--file")], [0, true, null, false]);
    assertEquals([files.read, files.read.byteCount], [files.returned, 65_536]);
    runs.push(files.read.sha256);
  }
  assertEquals(runs[0], runs[1]);
  assertNotEquals(runs[0], runs[2]);
});

Deno.test("simulate: an empty file is a file", async () => {
  await withFile(0, async (path, digest) => {
    const echo = ["--scenario", "echo", "--packets", "0"];
    for (const [scenario, transactions] of [[echo, 0], [[], 2]] as const) {
      const { code, stdout } = await simulateHere("--json", "--file", path, ...scenario);
      const report = JSON.parse(stdout);
      assertEquals([code, report.ok, report.transactions], [0, true, transactions]);
      assertEquals(report.files.returned, { byteCount: 0, sha256: digest });
    }
  });
});

Deno.test("simulate: a word or option that makes no sense costs one line and exit code 2", async () => {
  const help = "see deno task simulate --help";
  const number = (range: string, value: string) =>
    new RegExp(`^--\\S+ must be a whole number from ${range}, not ${value}: ${help}$`);
  const cases: [args: string[], line: RegExp][] = [
    [
      ["walk"],
      /^walk is no command; the commands are: run, sweep, replay, shrink, explore: see deno/,
    ],
    [[""], /^'' is no command; the commands are: run, sweep, replay, shrink, explore: see /],
    [["run", "run"], /^too many arguments\. .*: see deno task simulate --help$/],
    [["--sied", "1"], /^unknown option '--sied' \(Did you mean --seed\?\): see /],
    [["--scenario", "tape"], /Allowed choices are disk, echo, everything, hostile-guest, .*: see /],
    [["--schedule", "lifo"], /Allowed choices are fifo, random, pos, pct, urw, portfolio/],
    [["--codec", "json"], /Allowed choices are msgpack, vmbus/],
    [["--seed", "-1"], /It must be a whole number below 2\^64, decimal or with 0x: see /],
    [["--seed", "18446744073709551616"], /whole number below 2\^64/],
    [["--seed", ""], /whole number below 2\^64/],
    [["--packets", "5"], /^--packets is no option of scenario disk: see /],
    [["--scenario", "echo", "--guests", "2"], /^--guests is no option of scenario echo: see /],
    [["--block-size", "0"], number("512 to 65536", "0")],
    [["--block-size", "-512"], number("512 to 65536", "-512")],
    [["--block-size", "1e3"], number("512 to 65536", "1e3")],
    [["--block-size", "131072"], number("512 to 65536", "131072")],
    [["--block-size", "1000"], /^--block-size must be a power of two from 512 to 65536, not 1000$/],
    [["--queue-depth", "0"], number("1 to 1024", "0")],
    [["--queue-depth", "99999999999999999999"], number("1 to 1024", "9{20}")],
    [["--guests", "0"], number("1 to 64", "0")],
    [["--guests", "2.5"], number("1 to 64", "2.5")],
    [["--ring-pages", "4095"], number("1 to 4094", "4095")],
    [["--ring-pages", "all of them"], number("1 to 4094", "'all of them'")],
    [["--quota", ""], number("1 to 1024", "''")],
    [["--guests", "64", "--ring-pages", "999"], /^--guests 64, .* must not need more than 256$/],
    [["--migrate", "-1"], number("0 to 1000", "-1")],
    [["--migrate", "1001"], number("0 to 1000", "1001")],
    ...["40", "-1%", "101%", "100.5%", "%", "a%", "1e1%"].map((value): [string[], RegExp] => [
      ["--save-at", value, "--save-to", "x"],
      /^--save-at must be a part from 0% to 100%, such as 40%, not .*: see /,
    ]),
    [["--save-at", "40%"], /^--save-at needs --save-to: what is it to be saved in\?$/],
    [["--save-to", "x"], /^--save-to needs --save-at: where is it to be saved\?$/],
    [["--save-to", ""], /^--save-to must be a path, and not empty: see /],
    [
      ["--save-at", "0%", "--save-to", "x", "--migrate", "1"],
      /^--save-at and --migrate do not go together: a run is saved, or migrated$/,
    ],
    [["--scenario", "echo", "--migrate", "1"], /^--migrate is no option of scenario echo: see /],
    [["--resume", ""], /^--resume must be a path, and not empty: see /],
    [["--resume"], /^option '--resume <FILE>' argument missing: see /],
    [["--resume", "x", "--seed", "0"], /^--seed does not go with --resume: the run continues as /],
    [["--resume", "x", "--scenario", "disk"], /^--scenario does not go with --resume: /],
    [["--file", "y", "--resume", "x"], /^--file does not go with --resume: /],
    [
      ["--resume", "gone"],
      /^Cannot read gone: there is no such file; name a file that can be read$/,
    ],
    [["run", "--file"], /^option '--file <PATH>' argument missing: see /],
    [["--file", ""], /^--file must be a path, and not empty: see /],
    [["--out", ""], /^--out must be a path, and not empty: see /],
    [["--scenario", "echo", "--size", "NaN"], number("1 to 499984", "NaN")],
    [["--scenario", "echo", "--file", "gone"], /^Cannot read gone: there is no such file; name a /],
    [["--scenario", "echo", "--size", "9000"], /^--ring-pages must be at least 3 for packets of /],
  ];
  for (const [args, line] of cases) {
    const { code, stdout, stderr } = await simulateHere(...args);
    assertEquals([code, stdout], [2, ""], args.join(" "));
    assertMatch(stderr.slice(0, -1), line);
    assertMatch(stderr, /^[^\n]+\n$/);
  }
});

Deno.test("simulate: --help teaches every option and the exit codes", async () => {
  const { code, stdout, stderr } = await simulateHere("--help");
  assertEquals([code, stderr], [0, ""]);
  const parts = ["file <PATH>", "packets <N>", "size <BYTES>", "ring-pages <N>", "seed <SEED>"];
  parts.push("disk <PATH>", "out <PATH>", "block-size <BYTES>", "queue-depth <N>", "guests <N>");
  parts.push(
    "quota <N>",
    "migrate <N>",
    "save-at <PERCENT>",
    "save-to <FILE>",
    "resume <FILE>",
    "schedule <ORDER>",
    "codec <CODEC>",
    "scenario <NAME>",
    "list",
    "json",
    "help",
  );
  for (const part of parts) assertStringIncludes(stdout, `  --${part}`);
  for (const group of ["disk and echo", "disk", "echo"]) {
    assertStringIncludes(stdout, `\nOptions of ${group}:\n`);
  }
  assertMatch(
    stdout,
    / disk: data pages of .*\(default:\s+1\); echo: data pages\s.*\(default: 2\)/s,
  );
  assertStringIncludes(stdout, "Exit code: 0 ");
});

Deno.test("simulate: --list says what each scenario shows, the default first, and which are swept", async () => {
  const { code, stdout } = await simulateHere("--list");
  assertEquals(code, 0);
  const [scenarios = "", sweeps = ""] = stdout.split("\n\n");
  const names = simulatedScenarios.map(({ name }) => name);
  const listed = scenarios.split("\n").map((line) => /^(\S+) {2,}\S/.exec(line)?.[1]);
  assertEquals(listed.slice(0, 2), ["disk", "echo"]);
  assertEquals(new Set(listed), new Set(names));
  assertStringIncludes(sweeps, `in memory: ${listed.join(", ")}\n`);
  assertStringIncludes(sweeps, "deno task sweep NAME --seed 7\n");
});

// The README shows what it prints: tests/docs/readme_test.ts.
Deno.test("simulate: alone it copies onto a disk and back, and takes its temporary folder away", async () => {
  await withTree({}, async (root) => {
    const alone = await simulateIn(root, "--json");
    const run = await simulateHere("run", "--scenario", "disk", "--json");
    const reports = [alone, run].map(({ code, stdout, stderr }) => {
      assertEquals([code, stderr], [0, ""]);
      return JSON.parse(stdout);
    });
    const { ok, scenario, seed, traceDigest, files, violations, leaks, options } = reports[0];
    assertEquals([ok, scenario, seed, violations, leaks], [true, "disk", "0", 0, 0]);
    assertMatch(traceDigest, /^[\da-f]{64}$/);
    assertEquals(files.read, files.returned);
    assertEquals(files.read.byteCount, 8 * 2 ** 20);
    const paths = { file: null, disk: null, out: null };
    const saving = { "save-at": null, "save-to": null, resume: null };
    const numbers = { "block-size": 512, "queue-depth": 64, guests: 1, "ring-pages": 1, quota: 8 };
    assertEquals(options, { ...paths, ...numbers, migrate: 0, ...saving });
    assertEquals([reports[1].traceDigest, reports[1].files], [traceDigest, files]);
    assertEquals([...Deno.readDirSync(root)], []);
  });
});

Deno.test("simulate: the replay line of a disk runs the same again", async () => {
  await withFile(70_000, async (path) => {
    const given = ["--file", path, "--guests", "2", "--seed", "0xff", "--schedule", "random"];
    const first = JSON.parse((await simulateHere("--json", ...given)).stdout);
    assertMatch(
      first.replay,
      / --scenario disk --file '.*some file' --block-size 512 .*--seed 255 /,
    );
    assertEquals(/--disk|--out/.test(first.replay), false);
    const words: string[] = first.replay.match(/'[^']*'|\S+/g) ?? [];
    const args = words.slice(3).map((word) => word.replaceAll("'", ""));
    const again = JSON.parse((await simulateHere("--json", ...args)).stdout);
    assertEquals([again.traceDigest, again.files], [first.traceDigest, first.files]);
    assertEquals(again.replay, first.replay);
  });
});

Deno.test("simulate: Ctrl-C stops it, as other signals do, and it says how far it came", async () => {
  const cases = [
    ["SIGINT", "echo", 130, /^Stopped after [\d ]+ of 16 778 216 packets\n$/],
    ["SIGINT", "disk", 130, /^Stopped after [\d ]+ of 34 359 738 368 bytes there and back\n$/],
    ["SIGTERM", "disk", 143, /^Stopped after [\d ]+ of 34 359 738 368 bytes there and back\n$/],
    ["SIGHUP", "disk", 129, /^Stopped after [\d ]+ of 34 359 738 368 bytes there and back\n$/],
  ] as const;
  for (const [signal, scenario, exitCode, line] of cases) {
    await withTree({ "large": "" }, async (root) => {
      await Deno.truncate(`${root}/large`, 2 ** 34);
      const args = ["--scenario", scenario, "--file", `${root}/large`];
      if (scenario === "disk") args.push("--out", `${root}/out`);
      const { code, stdout, stderr } = await interrupt(root, signal, args);
      assertEquals(stdout, "listening\n");
      assertMatch(stderr, line);
      assertEquals(code, exitCode);
      assertEquals([...Deno.readDirSync(`${root}/temporary`)], []);
      assertEquals([...Deno.readDirSync(root)].map(({ name }) => name).sort(), [
        ...["large", "main.ts", "temporary"],
      ]);
    });
  }
});

Deno.test("simulate: a run that finds something wrong ends with exit code 1", async () => {
  await withFile(50_000, async (path) => {
    // The image keeps other bytes than those that it is given.
    const { writeSync } = Deno.FsFile.prototype;
    Deno.FsFile.prototype.writeSync = function (bytes) {
      return writeSync.call(this, bytes.map((byte) => byte ^ 1));
    };
    try {
      const { code, stdout, stderr } = await simulateHere("--file", path);
      assertEquals([code, stderr], [1, ""], stdout);
      assertStringIncludes(stdout, "\nThe digests differ.\nwrong: guest 1: what came back is not ");
      assertMatch(stdout, /\nnot ok: 1 finding\nreplay: /);
      assertEquals(/^ok$/m.test(stdout), false);
      const report = jsonOf((await simulateHere("--file", path, "--json")).stdout);
      assertEquals([report.ok, report.error], [false, report.findings.join("; ")]);
      assertMatch(report.error, /^guest 1: what came back is not what was copied/);
    } finally {
      Deno.FsFile.prototype.writeSync = writeSync;
    }
  });
});

Deno.test("simulate: a file of echo that changes while it is read costs one line and exit code 2", async () => {
  await withFile(50_000, async (path) => {
    // The file loses its end between the look at its size and its reading.
    const { stat } = Deno;
    Deno.stat = async (of) => ({ ...await stat(of), isFile: true, size: 60_000 });
    try {
      const args = ["--scenario", "echo", "--packets", "3", "--file", path];
      const { code, stdout, stderr } = await simulateHere(...args);
      assertEquals([code, stdout], [2, ""]);
      assertMatch(
        stderr,
        /^Cannot use .*some file: it changed while it was read: it has 50 000 bytes now, and had 60 000; run .*\n$/,
      );
    } finally {
      Deno.stat = stat;
    }
  });
});

Deno.test("simulate: without a place for temporary folders it says which variable names one", async () => {
  await withTree({}, async (root) => {
    assertEquals(await simulateIn(`${root}/gone`), {
      code: 2,
      stdout: "",
      stderr: "Cannot make a temporary folder: the folder for such is not there; " +
        "the variable TMPDIR can name another place\n",
    });
  });
});
