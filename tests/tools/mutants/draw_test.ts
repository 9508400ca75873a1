import { assertEquals, assertNotEquals } from "@std/assert";
import { drawMutants } from "../../../tools/mutants/draw.ts";
import { readSources } from "../../../tools/source.ts";
import { withTree } from "../../support/temp_tree.ts";

/** The mutants of a seed, as the text of their lines. */
async function drawn(lines: readonly string[], seed: number, count: number): Promise<string[]> {
  let texts: string[] = [];
  await withTree({ "core/a.ts": lines.join("\n") }, async (root) => {
    texts = drawMutants(await readSources(root), seed, count).map(({ operator, line }) =>
      `${operator} ${lines[line - 1]}`
    );
  });
  return texts;
}

const LINES = Array.from({ length: 40 }, (_, at) => `x = a${at} < b && !c;`);

Deno.test("drawMutants: draws as many of each operator as of another", async () => {
  const operators = (await drawn(LINES, 1, 9)).map((text) => text.split(" ")[0]);
  assertEquals(operators.toSorted(), [
    ...Array(3).fill("boundary"),
    ...Array(3).fill("logic"),
    ...Array(3).fill("negation"),
  ]);
  assertEquals((await drawn(LINES.slice(0, 2), 1, 100)).length, 6);
});

Deno.test("drawMutants: another seed draws others, the same the same", async () => {
  assertEquals(await drawn(LINES, 7, 6), await drawn(LINES, 7, 6));
  assertNotEquals(await drawn(LINES, 7, 6), await drawn(LINES, 8, 6));
});

Deno.test("drawMutants: a line that is changed replaces its own mutants alone", async () => {
  const before = await drawn(LINES, 1, 9);
  const others = LINES.map((line) =>
    before.some((text) => text.endsWith(line)) ? line : line.replace("a", "other")
  );
  const more = ["y = 1;", ...others];
  const after = (await drawn(more, 1, 40)).filter((text) => before.includes(text));
  assertEquals(after.toSorted(), before.toSorted());
});
