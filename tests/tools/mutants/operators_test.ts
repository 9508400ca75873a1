import { assertEquals } from "@std/assert";
import { mutantsIn, plant } from "../../../tools/mutants/operators.ts";
import { readSources } from "../../../tools/source.ts";
import { withTree } from "../../support/temp_tree.ts";

/** What becomes of `text`, mutant by mutant: the operator and the whole text, of one line. */
async function mutated(text: string): Promise<string[]> {
  const found: string[] = [];
  await withTree({ "core/a.ts": text }, async (root) => {
    const [source] = await readSources(root);
    for (const mutant of mutantsIn(source!)) {
      found.push(`${mutant.operator} ${mutant.line}:${mutant.column} ${plant(text, mutant)}`);
    }
  });
  return found;
}

Deno.test("mutantsIn: swaps operators for their neighbours", async () => {
  assertEquals(await mutated("a < b;"), ["boundary 1:3 a <= b;"]);
  assertEquals(await mutated("a <= b;"), ["boundary 1:3 a < b;"]);
  assertEquals(await mutated("a > b;"), ["boundary 1:3 a >= b;"]);
  assertEquals(await mutated("a >= b;"), ["boundary 1:3 a > b;"]);
  assertEquals(await mutated("a === b;"), ["equality 1:3 a !== b;"]);
  assertEquals(await mutated("a !== b;"), ["equality 1:3 a === b;"]);
  assertEquals(await mutated("a && b;"), ["logic 1:3 a || b;"]);
  assertEquals(await mutated("a || b;"), ["logic 1:3 a && b;"]);
  assertEquals(await mutated("a + b;"), ["arithmetic 1:3 a - b;"]);
  assertEquals(await mutated("a -= b;"), ["arithmetic 1:3 a += b;"]);
  assertEquals(await mutated("a >> b;"), []);
});

Deno.test("mutantsIn: changes literals, and leaves out negations and calls", async () => {
  assertEquals(await mutated("x = true;"), ["boolean 1:5 x = false;"]);
  assertEquals(await mutated("x = 0x10;"), ["number 1:5 x = 17;"]);
  assertEquals(await mutated("x = 0.5;"), []);
  assertEquals(await mutated("x = !y;"), ["negation 1:5 x = y;"]);
  assertEquals(await mutated("f(y);"), ["call 1:1 ;"]);
  assertEquals(await mutated("await f(y);"), ["call 1:1 ;"]);
  assertEquals(await mutated("x = f(y);"), []);
});

Deno.test("mutantsIn: swaps a status for the next that the file knows", async () => {
  const text = 'import { STATUS_A, STATUS_B } from "./b.ts"; x = STATUS_B;';
  assertEquals(await mutated(text), [
    "status 1:50 " + text.replace("x = STATUS_B", "x = STATUS_A"),
  ]);
  assertEquals(await mutated('import { STATUS_A } from "./b.ts"; x = STATUS_A;'), []);
});

Deno.test("mutantsIn: names the place, on whatever line", async () => {
  const text = "x = a /* > */\n  && (b)\n  > 1;";
  assertEquals((await mutated(text)).map((mutant) => mutant.split(" ").slice(0, 2).join(" ")), [
    "logic 2:3",
    "boundary 3:3",
    "number 3:5",
  ]);
});

Deno.test("mutantsIn: leaves alone what no program can see", async () => {
  for (
    const text of [
      "type A = 1 | true;",
      "let a: 1;",
      "f<1>;",
      'x = "a" + b + c;',
      "x = `a` + b;",
      "assert(a < b);",
      "throw new Error(a + 1);",
      'import a from "b" with { type: "json" };',
      "x = { 1: a };",
      "x = -1;",
    ]
  ) assertEquals(await mutated(text), [], text);
  assertEquals(await mutated("x = (a as 1) < b!;"), ["boundary 1:14 x = (a as 1) <= b!;"]);
});
