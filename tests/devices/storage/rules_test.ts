/** The rules of storage.md, each of which is somebody's to test. */

import { assert, assertEquals } from "@std/assert";

const ROOT = "tests/devices/storage";
const RULE = /\b([PIAHSDQMVG])(\d+)\b/g;

/** The rules that a comment names: `I1, I3`, and `D20 to D24`. */
function named(comment: string): string[] {
  const ranges = [...comment.matchAll(/\b([PIAHSDQMVG])(\d+) to \1(\d+)\b/g)];
  const between = ranges.flatMap(([, chapter, first, last]) =>
    Array.from(
      { length: Number(last) - Number(first) + 1 },
      (_, at) => `${chapter}${Number(first) + at}`,
    )
  );
  return [...between, ...[...comment.matchAll(RULE)].map(([rule]) => rule)];
}

async function* testsIn(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* testsIn(`${folder}/${name}`);
    else if (name.endsWith("_test.ts")) yield await Deno.readTextFile(`${folder}/${name}`);
  }
}

Deno.test("storage.md: each of its rules is named by a test", async () => {
  const document = await Deno.readTextFile("docs/storage.md");
  const rules = [...document.matchAll(/^- ([PIAHSDQMVG]\d+)\. /gm)].map(([, rule]) => rule!);
  assert(rules.length > 70, `${rules.length} rules`);
  const tested = new Set<string>();
  for await (const text of testsIn(ROOT)) {
    // What stands behind `storage.md`, up to the next document.
    for (const [, rules] of text.matchAll(/storage\.md,? ((?:(?!kmcl\.md|wire\.md).)*)/g)) {
      for (const rule of named(rules!)) tested.add(rule);
    }
  }
  assertEquals(rules.filter((rule) => !tested.has(rule)), []);
  assertEquals([...tested].filter((rule) => !rules.includes(rule)), []);
});
