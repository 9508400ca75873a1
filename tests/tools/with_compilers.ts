/**
 * Vectors in programs that know nothing of this package: those of `examples/vectors/`, each with a reader of its own. Tests
 * of `deno task test:tools`, which the suite does not find by their name.
 *
 * @module
 */

import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { type VectorFile, vectorFiles } from "../../simulator/vectors/mod.ts";
import { runTool, testWithTools, type ToolEnd } from "../support/installed.ts";
import { withTree } from "../support/temp_tree.ts";

const SOURCES = new URL("../../examples/vectors/", import.meta.url);

/** A program, and how it is made of its source. */
interface Reader {
  readonly compiler: string;
  readonly source: string;
  readonly flags: readonly string[];
  /** The files that it reads. */
  readonly reads: readonly string[];
}

const READERS: readonly Reader[] = [
  {
    compiler: "cc",
    source: "reader.c",
    flags: [
      "-std=c99",
      "-Wall",
      "-Wextra",
      "-Werror",
      "-fsanitize=address,undefined",
      "-o",
      "reader",
    ],
    reads: ["rings.txt"],
  },
  {
    compiler: "rustc",
    source: "reader.rs",
    flags: ["-D", "warnings", "-o", "reader"],
    reads: ["packets.txt"],
  },
  {
    compiler: "go",
    source: "reader.go",
    flags: ["build", "-o", "reader"],
    reads: ["exchanges.json"],
  },
];

/** In each file a value of one case that is to be another one: who reads it finds that. */
const WRONG: Readonly<Record<string, readonly [name: string, right: RegExp, wrong: string]>> = {
  "rings.txt": [
    "hostile-lessThanDescriptor-1",
    /(?<=case hostile-lessThanDescriptor-1\n[^]*?reader\.fault )invalidDataAvailable/,
    "invalidWriteIndex",
  ],
  "packets.txt": [
    "gpa-direct-offset-4096",
    /(?<=case gpa-direct-offset-4096\n[^]*?fault\.name )offsetTooLarge/,
    "emptyRange",
  ],
  "exchanges.json": ["negotiate-5.3", /(?<="name":"negotiate-5\.3".*?"connectionId":)4/, "1"],
};

/** Lines of code that a program may have, as it is there to be read: comments and empty lines are none. */
const LINES_MAX = 75;

function codeLinesOf(source: string): number {
  return source.split("\n").filter((line) => !/^\s*(?:$|\/\/|\/\*|\* )/.test(line)).length;
}

/** The vectors, which all programs read. */
let vectors: Promise<readonly VectorFile[]> | null = null;

async function compile({ compiler, source, flags }: Reader, root: string): Promise<void> {
  await Deno.copyFile(new URL(source, SOURCES), `${root}/${source}`);
  const { code, stdout, stderr } = await runTool(compiler, [...flags, source], root);
  assertEquals([code, stdout + stderr], [0, ""]);
}

/** A file without cases, and one that is cut; and for the program that has room for so much alone, a ring that is larger. */
function damagedTexts({ compiler }: Reader, name: string, text: string): readonly string[] {
  if (name.endsWith(".json")) return ["", "{}", text.slice(0, text.length / 2)];
  const cut = text.slice(0, text.lastIndexOf("\nend\n"));
  const large = text.replaceAll(/(?<=^ringDataBytes )\d+$/gm, "4294963200");
  return ["", cut, ...compiler === "cc" && name === "rings.txt" ? [large] : []];
}

for (const reader of READERS) {
  testWithTools(`${reader.source}: reads the vectors, and finds one that is wrong`, [
    reader.compiler,
  ], async () => {
    const files = await (vectors ??= vectorFiles());
    const tree = Object.fromEntries(files.map(({ name, text }) => [`vectors/${name}`, text]));
    const source = await Deno.readTextFile(new URL(reader.source, SOURCES));
    assertEquals(codeLinesOf(source) <= LINES_MAX, true, `${codeLinesOf(source)} lines of code`);
    await withTree(tree, async (root) => {
      await compile(reader, root);
      const run = (): Promise<ToolEnd> => runTool(`${root}/reader`, ["vectors"], root);
      const { code, stdout, stderr } = await run();
      assertEquals([code, stderr], [0, ""], stdout);
      const lines = stdout.trimEnd().split("\n");
      assertEquals(
        lines.map((line) => line.replace(/\d+/, "all")),
        reader.reads.map((name) => `${name}: all cases`),
      );
      for (const name of reader.reads) {
        const [wrongCase, right, wrong] = WRONG[name]!;
        const text = tree[`vectors/${name}`]!;
        const changed = text.replace(right, wrong);
        assertNotEquals(changed, text, name);
        await Deno.writeTextFile(`${root}/vectors/${name}`, changed);
        const found = await run();
        assertEquals(found.code, 1, found.stdout);
        assertMatch(found.stdout, new RegExp(`^FAIL ${wrongCase}: [^\n]+$`, "m"));
        assertEquals(found.stdout.match(/^FAIL /gm)?.length, 1, found.stdout);
        // Who reads no cases has checked none.
        for (const damaged of damagedTexts(reader, name, text)) {
          await Deno.writeTextFile(`${root}/vectors/${name}`, damaged);
          const { code, stdout } = await run();
          assertEquals(code, 1, stdout);
          assertMatch(stdout, /^FAIL /m);
        }
        await Deno.writeTextFile(`${root}/vectors/${name}`, text);
      }
    });
  });
}
