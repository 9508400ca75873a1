import { assertEquals } from "@std/assert";
import { copyRepository, failureIn, runTests } from "../../../tools/mutants/suite.ts";
import { withTree } from "../../support/temp_tree.ts";

const test = (body: string) => `Deno.test("a: holds", () => {${body}});`;

Deno.test("failureIn: knows a failed test by its line, and a file that cannot be loaded", () => {
  const passed = "./tests/a_test.ts => a: FAILED is no word ... ok (1ms)\n";
  assertEquals(failureIn(passed), null);
  const failed = "./tests/core/b_test.ts => b: holds ... FAILED (3ms)\n";
  const file = "tests/core/b_test.ts";
  assertEquals(failureIn(passed + failed), { kind: "failed", file, words: `${file}: b: holds` });
  const error = "error: Uncaught Error";
  assertEquals(failureIn(`${error}\n`), { kind: "failed", file: null, words: error });
});

Deno.test("runTests: tells what failed, and ends what has no end", async () => {
  const files = {
    "deno.json": "{}",
    "tests/good_test.ts": test(""),
    "tests/bad_test.ts": test("throw new Error();"),
    "tests/hang_test.ts": test("for (;;);"),
  };
  await withTree(files, async (root) => {
    const run = (name: string, seconds: number) =>
      runTests(root, [`tests/${name}_test.ts`], seconds);
    assertEquals(await Promise.all([run("good", 60), run("bad", 60), run("hang", 1)]), [
      { kind: "passed" },
      { kind: "failed", file: "tests/bad_test.ts", words: "tests/bad_test.ts: a: holds" },
      { kind: "hung" },
    ]);
  });
});

Deno.test("copyRepository: leaves out what is hidden, and what programs leave at the top alone", async () => {
  const files = {
    "from/coverage/a.json": "",
    "from/simulator/coverage/space.ts": "a",
    "from/.hidden": "",
    "to/here": "",
  };
  await withTree(files, async (root) => {
    await copyRepository(`${root}/from`, `${root}/to`);
    assertEquals(await Deno.readTextFile(`${root}/to/simulator/coverage/space.ts`), "a");
    const names = [...Deno.readDirSync(`${root}/to`)].map(({ name }) => name);
    assertEquals(names.toSorted(), ["here", "simulator"]);
  });
});
