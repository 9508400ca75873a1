import { assertEquals } from "@std/assert";
import { checkRules } from "../../tools/check_rules.ts";
import { formatFinding } from "../../tools/source.ts";
import { withTree } from "../support/temp_tree.ts";

const DOCUMENTS = {
  "docs/kmcl.md": [
    "# Reference",
    "## 1. Words",
    "- W1. A word.",
    "## 2. Interface",
    "- N1. One",
    "  that continues.",
    "### More",
    "- N2. Two.",
    "## 8. Save and restore",
    "- Q1. Three.",
    "## 9. What a verifier must catch",
    "- V1. Later.",
  ].join("\n"),
  "docs/storage.md": "## 1. The device\n- A1. One.\n## 9. Save and restore\n- B1. Two.\n",
  "docs/wire.md": "## 1. Ring\n### 1.10 Ring sizes\n",
  "docs/api.md": "## 3. FabricRuntime\n",
};

/** A test that names what the second document asks for. */
const STORAGE = { "tests/storage_test.ts": "// storage.md B1" };

const N1 = "docs/kmcl.md:5:1: no test names the rule N1";
const N2 = "docs/kmcl.md:8:1: no test names the rule N2";
const Q1 = "docs/kmcl.md:10:1: no test names the rule Q1";

/** Asserts what the check says of these files beside the documents. */
async function check(
  files: Readonly<Record<string, string>>,
  expected: readonly string[],
): Promise<void> {
  await withTree({ ...DOCUMENTS, ...STORAGE, ...files }, async (root) => {
    assertEquals((await checkRules(root)).map(formatFinding), expected);
  });
}

Deno.test("checkRules: finds the rules of sections 2 to 8 that no test names", async () => {
  await check({}, [N1, N2, Q1]);
  await check({ "tests/a_test.ts": "// kmcl.md N1" }, [N2, Q1]);
  await check({ "tests/a_test.ts": 'Deno.test("kmcl.md N2: holds", f); // kmcl.md Q1' }, [N1]);
});

Deno.test("checkRules: reads lists of rules", async () => {
  await check({ "tests/a_test.ts": "// kmcl.md N1, N2 and Q1" }, []);
  await check({ "tests/a_test.ts": "// kmcl.md N1, of which N2 says more" }, [N2, Q1]);
});

Deno.test("checkRules: counts bare rule names in conformance tests alone", async () => {
  await check({ "tests/conformance/a_test.ts": "// N1, N2: Q1" }, []);
  await check({ "tests/core/a_test.ts": "// N1, N2: Q1" }, [N1, N2, Q1]);
  await check({ "tests/conformance/a_test.ts": "// N11, N2x, xQ1" }, [N1, N2, Q1]);
});

Deno.test("checkRules: counts tests alone, not sources, helpers and planted text", async () => {
  await check({ "core/a.ts": "// kmcl.md N1", "tests/support/b.ts": "// kmcl.md N2" }, [
    N1,
    N2,
    Q1,
  ]);
  await check({ "tests/tools/a_test.ts": "// kmcl.md N1, N9" }, [N1, N2, Q1]);
});

Deno.test("checkRules: finds citations of rules and sections that do not exist", async () => {
  const tests = { "tests/a_test.ts": "// kmcl.md N1, N2, Q1" };
  await check({ ...tests, "core/a.ts": "// kmcl.md V1, wire.md 1.10, api.md section 3" }, []);
  await check({ ...tests, "core/a.ts": "\n // see kmcl.md N1, N9" }, [
    "core/a.ts:2:9: docs/kmcl.md has no rule N9",
  ]);
  await check({ ...tests, "core/a.ts": "// wire.md 1.11, kmcl.md section 3" }, [
    "core/a.ts:1:4: docs/wire.md has no section 1.11",
    "core/a.ts:1:18: docs/kmcl.md has no section 3",
  ]);
});

Deno.test("checkRules: a rule of another document is that document's", async () => {
  const tests = { "tests/a_test.ts": "// kmcl.md N1, N2, Q1" };
  const untested = "docs/storage.md:4:1: no test names the rule B1";
  await check({ ...tests, "tests/storage_test.ts": "" }, [untested]);
  await check({ ...tests, "tests/storage_test.ts": "", "tests/conformance/b_test.ts": "// B1" }, [
    untested,
  ]);
  await check({ ...tests, "core/a.ts": "// storage.md A1, storage.md N1, storage.md, section 2" }, [
    "core/a.ts:1:19: docs/storage.md has no rule N1",
    "core/a.ts:1:34: docs/storage.md has no section 2",
  ]);
});
