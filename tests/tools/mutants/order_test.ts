import { assertEquals } from "@std/assert";
import { importersOf, testsOf } from "../../../tools/mutants/order.ts";
import { readSources } from "../../../tools/source.ts";
import { withTree } from "../../support/temp_tree.ts";

const imports = (...paths: string[]) => paths.map((path) => `import "${path}";`).join("\n");

Deno.test("testsOf: takes the mirror first, then what is called alike, then what is near", async () => {
  const files = {
    "core/ring/layout.ts": "",
    "core/ring/outgoing.ts": imports("./layout.ts"),
    "mod.ts": imports("./core/ring/outgoing.ts"),
    "tests/support/pair.ts": imports("../../mod.ts"),
    "tests/support/deno_process.ts": "",
    "tests/core/ring/layout_test.ts": imports("../../../core/ring/layout.ts"),
    "tests/core/ring/outgoing_test.ts": imports("../../../core/ring/outgoing.ts"),
    "tests/conformance/a_test.ts": imports("../support/pair.ts"),
    "tests/conformance/b_test.ts": imports("../../mod.ts"),
    "tests/core/other_test.ts": "",
    "tests/process_test.ts": imports("../mod.ts", "./support/deno_process.ts"),
  };
  await withTree(files, async (root) => {
    const importers = importersOf(await readSources(root));
    assertEquals(testsOf("core/ring/layout.ts", importers), [
      "tests/core/ring/layout_test.ts",
      "tests/core/ring/outgoing_test.ts",
      "tests/conformance/b_test.ts",
      "tests/conformance/a_test.ts",
    ]);
    assertEquals(testsOf("tests/core/other_test.ts", importers), ["tests/core/other_test.ts"]);
  });
});
