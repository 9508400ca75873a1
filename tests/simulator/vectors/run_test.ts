import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { parseJson, TextError, VALUES_MAX } from "../../../simulator/vectors/json_text.ts";
import { parseRingVectors } from "../../../simulator/vectors/parse.ts";
import { runRingVector, runRingVectors } from "../../../simulator/vectors/run.ts";
import { main } from "../../../simulator/cli/vectors.ts";
import { Capture, TASK_ARGS } from "../../support/simulate.ts";
import { MEMORY_KINDS, TestPages } from "../../support/test_ring.ts";

const VECTORS = new URL("../../vectors/ring.json", import.meta.url);
const EDGES = new URL("../../vectors/edges.json", import.meta.url);
const COMMAND = new URL("../../../simulator/cli/vectors.ts", import.meta.url);
const TEXT = Deno.readTextFileSync(VECTORS);

type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

/** The form of one case, as far as tests change it. */
interface CaseJson {
  name: string;
  operations: Json[];
  expected: { [name: string]: Json };
}

/** The cases as plain JSON, for tests that break them; `JSON.parse` knows no types. */
function casesJson(): CaseJson[] {
  return JSON.parse(TEXT);
}

/** Calls `visit` with each value below `root` that holds no others, and a way to replace it. */
function eachLeaf(
  root: Json,
  visit: (value: Json, name: string, replace: (value: Json) => void) => void,
): void {
  if (root === null || typeof root !== "object") return;
  const members: { [name: string]: Json } | Json[] = root;
  for (const [name, value] of Object.entries(members)) {
    const isLeaf = value === null || typeof value !== "object";
    if (!isLeaf) eachLeaf(value, visit);
    else visit(value, name, (changed) => Object.assign(members, { [name]: changed }));
  }
}

/** Another value of the same form. */
function changed(value: Json, name: string): Json {
  if (value === null) return true;
  if (typeof value === "boolean") return !value;
  if (typeof value === "number") return name === "length" ? value - 1 : value + 8;
  if (name === "result") return value === "ok" ? "corrupt" : "ok";
  const last = String(value).at(-1);
  return `${String(value).slice(0, -1)}${last === "0" ? "1" : "0"}`;
}

/** The first failure of a file with just this case; an error of form is a failure too. */
function failureOf(vector: CaseJson): string | null {
  try {
    return runRingVectors(JSON.stringify([vector]))[0]!.failure;
  } catch (error) {
    if (!(error instanceof TextError)) throw error;
    return error.message;
  }
}

// wire.md 10
Deno.test("runRingVector: all 59 cases pass in every kind of memory", () => {
  const vectors = parseRingVectors(TEXT);
  assertEquals(vectors.length, 59);
  for (const vector of vectors) {
    assertEquals(runRingVector(vector), { name: vector.name, failure: null });
    for (const kind of MEMORY_KINDS) {
      const pages = new TestPages(kind, vector.ringDataBytes / 4096);
      assertEquals(runRingVector(vector, pages.pieces), { name: vector.name, failure: null });
      assert(pages.guardsHold());
    }
  }
});

// wire.md 9.1, 10
Deno.test("runRingVector: the cases at the edge pass in every kind of memory", () => {
  const vectors = parseRingVectors(Deno.readTextFileSync(EDGES));
  assertEquals(vectors.length, 4);
  for (const vector of vectors) {
    for (const kind of MEMORY_KINDS) {
      const { pieces } = new TestPages(kind, vector.ringDataBytes / 4096);
      assertEquals(runRingVector(vector, pieces), { name: vector.name, failure: null });
    }
  }
});

// wire.md 10: each field of `expected` is a promise
Deno.test("runRingVectors: whatever expectation is changed, the case fails", () => {
  let changes = 0;
  for (const vector of casesJson()) {
    eachLeaf(vector.expected, (value, name, replace) => {
      replace(changed(value, name));
      assert(
        failureOf(vector) !== null,
        `${vector.name} passes with another ${name} than ${JSON.stringify(value)}`,
      );
      replace(value);
      changes++;
    });
    assertEquals(failureOf(vector), null);
  }
  assert(changes > 1000, `enough expectations were changed: ${changes}`);
});

// wire.md 10
Deno.test("runRingVectors: a failure names step, field and both values", () => {
  const cases = casesJson();
  const readOne = cases.find(({ name }) => name === "read-one")!;
  const text = JSON.stringify([readOne]);
  const failures = [
    ['"readIndex":32}],', '"readIndex":40}],', "step 2: readIndex: expected 40, got 32"],
    ['"needSignal":true', '"needSignal":false', "step 1: needSignal: expected false, got true"],
    [
      '"changedRegions":[{"offset":0,"hex":"06',
      '"changedRegions":[{"offset":0,"hex":"07',
      "at the end: data byte 0: expected 07, got 06",
    ],
    ['"featureBits":0', '"featureBits":1', "at the end: controlPageHex: expected "],
  ] as const;
  for (const [from, to, failure] of failures) {
    assertStringIncludes(text, from);
    assertStringIncludes(runRingVectors(text.replace(from, to))[0]!.failure ?? "", failure);
  }
});

// wire.md 10
Deno.test("parseRingVectors: refuses a value of another kind, wherever it stands", () => {
  for (const vector of casesJson().slice(0, 40)) {
    eachLeaf([vector.expected, vector.operations], (value, _name, replace) => {
      replace([]);
      const error = assertThrows(
        () => parseRingVectors(JSON.stringify([vector])),
        TextError,
        vector.name,
      );
      assertStringIncludes(error.message, "expected");
      replace(value);
    });
  }
});

/** A case with one operation, as text; the parts can be replaced. */
function caseText(operation: string, step: string): string {
  return `[{"name":"n","description":"d","ringDataBytes":4096,
"initial":{"fillByte":0,"writeIndex":0,"readIndex":0,"interruptMask":0,"pendingSendSize":0,"featureBits":0},
"operations":[${operation}],
"expected":{"steps":[${step}],"controlPageHex":"${"00".repeat(72)}","writeIndex":0,"readIndex":0,
"dataSha256":"${"00".repeat(32)}","changedRegions":[]},"agreement":[]}]`;
}

const READ = '{"op":"read"}';
const EMPTY = '{"result":"empty","signalWriter":false,"writeIndex":0,"readIndex":0}';

// wire.md 10
Deno.test("parseRingVectors: says where what is wrong, and what would be right", () => {
  const write = '{"op":"write","type":6,"flags":0,"transactionId":"1","payloadHex":""}';
  const full = '{"result":"full","needSignal":true,"writeIndex":0,"readIndex":0}';
  const cases: [text: string, place: string, message: string][] = [
    ["{}", "{}", "cases: expected an array, got an object with no members"],
    ["[3]", "3]", "cases[0]: expected an object, got 3"],
    ["[{}]", "{}]", 'cases[0]: expected the field "name", got an object with no members'],
    [caseText("", EMPTY), `[${EMPTY}]`, "expected.steps: expected an array of 0, a step for each"],
    [caseText('{"op":"jump"}', EMPTY), '"jump"', 'operations[0].op: expected one of "write", "r'],
    [
      caseText('{"op":"read","x":1}', EMPTY),
      "1}]",
      'case "n", operations[0].x: expected no such field here, only op',
    ],
    [caseText('{"op":"poke","offset":4090,"hex":"00000000000000"}', "{}"), '{"op"', "bytes within"],
    [caseText('{"op":"poke","offset":0,"hex":"0"}', "{}"), '"0"}]', "pairs of hexadecimal digits"],
    [
      caseText(write.replace(":6", ":12"), "{}"),
      "12,",
      "type: expected one of 6, 7, 9, 11, got 12",
    ],
    [caseText(write.replace('"1"', '"-1"'), "{}"), '"-1"', "decimal digits below 2^64"],
    [caseText(write.replace('"1"', `"${2n ** 64n}"`), "{}"), '"1844', "decimal digits below 2^64"],
    [caseText(write.replace(',"payloadHex":""', ""), "{}"), '{"op"', "exactly one of"],
    [caseText(write.replace(":6", ":9"), "{}"), '{"op"', 'the field "gpaRanges"'],
    [caseText(READ, '{"result":"ok","signalWriter":false}'), '{"result"', '"packetHex", or'],
    [caseText(READ, EMPTY).replace("4096", "4104"), "4104", "a multiple of 4096, got 4104"],
    [caseText(READ, EMPTY).replace("4096", "0"), "0,", "a whole number from 4096 to "],
    [caseText(write, full), "true", "needSignal: expected null, as nothing is written, got true"],
  ];
  for (const [text, place, message] of cases) {
    const error = assertThrows(() => parseRingVectors(text), TextError, message);
    const from = text.split("\n")[error.line - 1]!.slice(error.column - 1);
    assertEquals(from.slice(0, place.length), place, error.message);
  }
});

// RFC 8259
Deno.test("parseJson: reads what JSON.parse reads", () => {
  const text =
    ' {"a": [1, -2.5e+3, 0, true, false, null, "x\\u0041\\n\\"\\\\", "", {}], "b": []}\n';
  const plain = (node: ReturnType<typeof parseJson>): Json => {
    if (node.kind === "object") {
      return Object.fromEntries([...node.members].map(([name, value]) => [name, plain(value)]));
    }
    if (node.kind === "array") return node.items.map(plain);
    return node.kind === "null" ? null : node.value;
  };
  assertEquals(plain(parseJson(text)), JSON.parse(text));
  assertEquals(plain(parseJson(TEXT)), JSON.parse(TEXT));
});

// RFC 8259
Deno.test("parseJson: a text of too many values is refused before it takes all memory", () => {
  // Decisions D220: an empty object is two bytes of a text, and hundreds of the heap.
  const text = `[\n${"1,".repeat(VALUES_MAX)}1]`;
  const error = assertThrows(() => parseJson(text), TextError, "more than 500000 values");
  assertEquals([error.line, error.column], [2, 2 * VALUES_MAX - 1]);
});

Deno.test("parseJson: says where a text stops being JSON", () => {
  const cases: [text: string, line: number, column: number, message: string][] = [
    ["", 1, 1, "expected a value, the text ends"],
    ["[1,\n 2,]", 2, 4, 'expected a value, found "]"'],
    ["[1 2]", 1, 4, 'expected "," or "]", found "2"'],
    ['{"a" 1}', 1, 6, 'expected ":", found "1"'],
    ['{"a":1,}', 1, 8, "expected a member name in double quotes"],
    ['{"a":1 "b"}', 1, 8, 'expected "," or "}"'],
    ['{"a":1,"a":2}', 1, 8, 'two members named "a"'],
    ["[01]", 1, 3, 'expected "," or "]", found "1"'],
    ["[.5]", 1, 2, 'expected a value, found "."'],
    ["[-]", 1, 2, 'expected a value, found "-"'],
    ["[True]", 1, 2, 'expected a value, found "T"'],
    ["[nul]", 1, 2, 'expected a value, found "n"'],
    ['["a\nb"]', 1, 2, "no closing quote"],
    ['["a\\"]', 1, 2, "no closing quote"],
    ['["\\x"]', 1, 2, "Cannot parse JSON: "],
    ["[] []", 1, 4, 'expected the end of the text, found "["'],
    ["[".repeat(100_000), 1, 66, "nest deeper than 64"],
  ];
  for (const [text, line, column, message] of cases) {
    const error = assertThrows(() => parseJson(text), TextError, message);
    assertEquals([error.line, error.column], [line, column], error.message);
  }
});

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command in this process, which costs much less. */
async function runCommand(...args: string[]): Promise<Ran> {
  using stdout = new Capture(Deno.stdout);
  using stderr = new Capture(Deno.stderr);
  const code = await main(args);
  return { code, stdout: stdout.text, stderr: stderr.text };
}

/** Runs the command as its task does: it may read, and nothing else. */
function runProcess(...args: string[]): Ran {
  const { code, stdout, stderr } = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-read", COMMAND.href, ...TASK_ARGS, ...args],
    stdout: "piped",
    stderr: "piped",
  }).outputSync();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Gives `run` the path of a file with `text`. */
async function withFile(text: string, run: (path: string) => Promise<void>): Promise<void> {
  const path = Deno.makeTempFileSync({ suffix: ".json" });
  try {
    Deno.writeTextFileSync(path, text);
    await run(path);
  } finally {
    Deno.removeSync(path);
  }
}

Deno.test("vectors: a line a case, a closing line, no colour in a pipe, exit code 0", () => {
  const { code, stdout, stderr } = runProcess(VECTORS.pathname);
  const lines = stdout.trimEnd().split("\n");
  assertEquals(lines.length, 60);
  assertEquals(lines[0], "ok   init-empty");
  assertEquals(lines[59], "59 passed, 0 failed");
  assertEquals([code, stderr], [0, ""]);
});

Deno.test("vectors: a case that fails is named with its reason, exit code 1", async () => {
  const broken = TEXT.replace('"needSignal":true', '"needSignal":false');
  await withFile(broken, async (path) => {
    const { code, stdout } = await runCommand(path, VECTORS.pathname);
    const failures = stdout.split("\n").filter((line) => line.startsWith("FAIL"));
    assertEquals(failures, [
      "FAIL single-inband-8: step 1: needSignal: expected false, got true",
    ]);
    assertStringIncludes(stdout, `${path}:\n`);
    assertStringIncludes(stdout, "\n117 passed, 1 failed\n");
    assertEquals(code, 1);
  });
});

Deno.test("vectors: --json prints one object", async () => {
  const { code, stdout } = await runCommand("--json", VECTORS.pathname);
  const report = JSON.parse(stdout);
  const { ok, error, passed, failed } = report;
  assertEquals([ok, error, passed, failed, code], [true, null, 59, 0, 0]);
  assertEquals(report.files.length, 1);
  assertEquals(report.files[0].file, VECTORS.pathname);
  assertEquals(report.files[0].cases[0], { name: "init-empty", failure: null });
});

Deno.test("vectors: what it cannot use costs one line on stderr and exit code 2", async () => {
  await withFile('[\n  {"name": }]', async (path) => {
    const cases: [args: string[], line: RegExp][] = [
      [[], /^missing required argument 'file': see deno task vectors --help$/],
      [
        ["--jsno", path],
        /^unknown option '--jsno' \(Did you mean --json\?\): see deno task vectors --help$/,
      ],
      [[`${path}.gone`], /^Cannot read .*\.gone: there is no such file; name a /],
      [["/dev/zero"], /^Cannot read .*: it is a device, and need have no end; name a file /],
      [[VECTORS.pathname, path], /:2:12: Cannot parse JSON: expected a value, found "}"$/],
    ];
    for (const [args, line] of cases) {
      const { code, stdout, stderr } = await runCommand(...args);
      assertEquals([code, stdout], [2, ""]);
      assertMatch(stderr.trimEnd(), line);
      assertEquals(stderr.trimEnd().split("\n").length, 1, stderr);
    }
    // The same for programs: each field has its type, or is null.
    const { code, stdout } = await runCommand("--json", path);
    const { ok, error, passed, failed, files } = JSON.parse(stdout);
    assertEquals([code, ok, passed, failed, files], [2, false, null, null, null]);
    assertMatch(error, /:2:12: Cannot parse JSON: expected a value/);
  });
});

Deno.test("vectors: a file that is too large is refused before it is read", async () => {
  await withFile("[]", async (path) => {
    Deno.truncateSync(path, 2 ** 40);
    const { code, stderr } = await runCommand(path);
    assertEquals(code, 2);
    assertMatch(
      stderr,
      /: it has more than 16 777 216 bytes; name a file of vectors, or a folder of them\n$/,
    );
  });
});

Deno.test("vectors: --help teaches the form, the output and the exit codes", async () => {
  const { code, stdout, stderr } = await runCommand("--help");
  for (
    const part of [
      "[file...]",
      "--generate",
      "--force",
      "--json",
      "docs/wire.md",
      "FAIL read-one",
      "Exit code",
    ]
  ) {
    assertStringIncludes(stdout, part);
  }
  assertEquals([code, stderr], [0, ""]);
});
