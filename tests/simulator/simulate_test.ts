import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
} from "@std/assert";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { memoryFile } from "../support/echo_stage.ts";
import { withTree } from "../support/temp_tree.ts";

const COMMAND = new URL("../../simulator/cli/main.ts", import.meta.url);
const CONFIG = new URL("../../deno.json", import.meta.url);
const RUN_FLAGS = ["--no-prompt", "--no-check", "--config", CONFIG.pathname];

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command as its task does: it may read and write files, and nothing else. */
async function simulate(...args: string[]): Promise<Ran> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", ...RUN_FLAGS, "--allow-read", "--allow-write", COMMAND.href, ...args],
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

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
    const { code, stdout, stderr } = await simulate("--file", path, "--packets", "40");
    assertEquals([code, stderr], [0, ""]);
    const rows = [
      "packets",
      "payload bytes",
      "completions wanted",
      "completions that came",
      "waits for room in the ring",
      "interrupts",
      "transactions",
      "transactions per second",
      "virtual time",
      "wall time",
      "violations",
      "leaks",
      "trace digest",
    ];
    for (const row of rows) assertMatch(stdout, new RegExp(`^│ ${row} +│ +[\\da-f]`, "m"));
    assertStringIncludes(stdout, `sha256 ${digest}  ${path} as read      5 000 bytes\n`);
    assertStringIncludes(stdout, `sha256 ${digest}  ${path} as returned  5 000 bytes\n`);
    assertStringIncludes(stdout, "\nThe digests are the same.\nok\nreplay: deno task simulate ");
    // deno-lint-ignore no-control-regex -- a pipe gets no colours and moves no cursor
    assertEquals(/\x1b|\r/.test(stdout), false);
  });
});

Deno.test("simulate: --json prints one object, the same in every process but for the times", async () => {
  await withFile(20_000, async (path, digest) => {
    const args = ["run", "--json", "--file", path, "--packets", "60", "--schedule", "random"];
    const [first, second, other] = await Promise.all([
      simulate(...args, "--seed", "0xBEEF"),
      simulate(...args, "--seed", "48879"),
      simulate(...args, "--seed", "18446744073709551615"),
    ]);
    const reports = [first, second, other].map(({ code, stdout, stderr }) => {
      assertEquals([code, stderr], [0, ""]);
      return JSON.parse(stdout);
    });
    const { traceDigest, seed, ok, files, options } = reports[0];
    assertEquals([seed, ok], [0xbeef, true]);
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
    const given = ["--file", path, "--packets", "9", "--codec", "vmbus", "--seed", "12"];
    const first = JSON.parse((await simulate("--json", ...given)).stdout);
    const replay: string = first.replay;
    assertMatch(replay, /^deno task simulate --scenario echo --file '.*some file' --packets 9 /);
    // The words as a shell takes them.
    const words = replay.match(/'[^']*'|\S+/g)?.map((word) => word.replaceAll("'", "")) ?? [];
    const again = JSON.parse((await simulate("--json", ...words.slice(3))).stdout);
    assertEquals(again.traceDigest, first.traceDigest);
    assertEquals(again.replay, replay);
  });
});

Deno.test("simulate: runs on the repository's README.md where no file is named", async () => {
  const { code, stdout } = await simulate("--json", "--packets", "5");
  const report = JSON.parse(stdout);
  const readme = Deno.readFileSync(new URL("../../README.md", import.meta.url));
  assertEquals([code, report.ok, report.options.file], [0, true, "README.md"]);
  assertEquals(report.files.returned.sha256, bytesToHex(sha256(readme)));
});

Deno.test("simulate: an empty file is a file", async () => {
  await withFile(0, async (path, digest) => {
    const { code, stdout } = await simulate("--json", "--file", path, "--packets", "0");
    const report = JSON.parse(stdout);
    assertEquals([code, report.ok, report.transactions], [0, true, 0]);
    assertEquals(report.files.returned, { byteCount: 0, sha256: digest });
  });
});

Deno.test("simulate: what it cannot run costs one line on stderr and exit code 2", async () => {
  await withFile(100, async (path) => {
    const number = (range: string) =>
      new RegExp(`is invalid\\. It must be a whole number ${range}`);
    const cases: [args: string[], line: RegExp][] = [
      [["--size", "0"], number("from 1 to 499984: see deno task simulate --help$")],
      [["--size", "-5"], number("from 1 to 499984")],
      [["--size", "NaN"], number("from 1 to 499984")],
      [["--packets", "1e3"], number("from 0 to 10000000")],
      [["--packets", "99999999999999999999"], number("from 0 to 10000000")],
      [["--ring-pages", "4095"], number("from 1 to 4094")],
      [["--seed", "-1"], number("below 2\\^64, decimal or with 0x")],
      [["--seed", "18446744073709551616"], number("below 2\\^64")],
      [["--seed", ""], number("below 2\\^64")],
      [["--schedule", "lifo"], /Allowed choices are fifo, random/],
      [["--scenario", "tape"], /Allowed choices are echo/],
      [["--sied", "1"], /^unknown option '--sied' \(Did you mean --seed\?\): see /],
      [["walk"], /^command-argument value 'walk' is invalid .* The command is run: see /],
      [["run", "--file"], /^option '--file <PATH>' argument missing: see /],
      [["--file", ""], /It must be the path of a file/],
      [["--file", `${path}.gone`], /^Cannot read .*\.gone: there is no such file$/],
      [["--file", path.replace(/\/[^/]*$/, "")], /^Cannot read .*: it is a folder, not a file$/],
      [["--file", path, "--size", "9000"], /^--ring-pages must be at least 3 for packets of /],
    ];
    const all = await Promise.all(cases.map(([args]) => simulate(...args)));
    for (const [at, { code, stdout, stderr }] of all.entries()) {
      const [args, line] = cases[at]!;
      assertEquals([code, stdout], [2, ""], args.join(" "));
      assertMatch(stderr.trimEnd(), line);
      assertEquals(stderr.trimEnd().split("\n").length, 1, stderr);
    }
  });
});

Deno.test("simulate: --help teaches every option and the exit codes", async () => {
  const { code, stdout, stderr } = await simulate("--help");
  assertEquals([code, stderr], [0, ""]);
  const parts = ["file <PATH>", "packets <N>", "size <BYTES>", "ring-pages <N>", "seed <SEED>"];
  parts.push("schedule <ORDER>", "codec <CODEC>", "scenario <NAME>", "list", "json", "help");
  for (const part of parts) assertStringIncludes(stdout, `  --${part}`);
  assertStringIncludes(stdout, "Exit code: 0 ");
});

Deno.test("simulate: --list names the scenarios", async () => {
  const { code, stdout } = await simulate("--list");
  assertEquals(code, 0);
  assertMatch(stdout, /^echo {2}\S.*\n$/);
});

Deno.test("simulate: Ctrl-C stops it, and it says how far it came", async () => {
  await withTree({ "large": "" }, async (root) => {
    await Deno.truncate(`${root}/large`, 2 ** 34);
    // The signal must not come before somebody listens: this says when that is.
    const program = `
      const listen = Deno.addSignalListener;
      Deno.addSignalListener = (signal, handler) => {
        listen(signal, handler);
        console.log("listening");
      };
      const { main } = await import(${JSON.stringify(COMMAND.href)});
      Deno.exitCode = await main(["--file", ${JSON.stringify(`${root}/large`)}]);`;
    await Deno.writeTextFile(`${root}/main.ts`, program);
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", ...RUN_FLAGS, "--allow-read", `${root}/main.ts`],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const [stdout, stderr] = [child.stdout, new Response(child.stderr).text()];
    const reader = stdout.getReader();
    const first = await reader.read();
    child.kill("SIGINT");
    const { code } = await child.status;
    assertEquals(new TextDecoder().decode(first.value), "listening\n");
    assertEquals((await reader.read()).done, true, "no table is printed");
    assertMatch(await stderr, /^Stopped after \d+ of 16778216 packets\n$/);
    assertEquals(code, 130);
  });
});

Deno.test("simulate: a run that finds something wrong ends with exit code 1", async () => {
  await withFile(50_000, async (path) => {
    // The file loses its end between the look at its size and its reading.
    const program = `
      const stat = Deno.stat;
      Deno.stat = async (path) => ({ ...await stat(path), isFile: true, size: 60_000 });
      const { main } = await import(${JSON.stringify(COMMAND.href)});
      Deno.exitCode = await main(["--packets", "3", "--file", ${JSON.stringify(path)}]);`;
    await Deno.writeTextFile(`${path}.ts`, program);
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", ...RUN_FLAGS, "--allow-read", `${path}.ts`],
      stdin: "null",
    }).output();
    const text = new TextDecoder().decode(stdout);
    assertEquals(code, 1, text);
    assertStringIncludes(text, "\nwrong: guest: the file ends at 50000, not at 60000 any more\n");
    assertStringIncludes(text, "\nThe digests differ.\n");
    assertMatch(text, /\nnot ok: \d+ findings\nreplay: /);
    assert(!text.includes("\nok\n"));
  });
});
