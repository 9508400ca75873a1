import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { PAGE_SCRIPT, PAGE_STYLE } from "../../simulator/pages/page_text.ts";
import { joined, pageText, SCRIPT_FILES } from "../../tools/page_text.ts";
import { ruleTexts } from "../../tools/rule_texts.ts";

const read = (file: string) => Deno.readTextFileSync(`simulator/pages/script/${file}`);

Deno.test("pageText: the package has script and style as they are", () => {
  const text = pageText(read);
  const now = Deno.readTextFileSync("simulator/pages/page_text.ts");
  assert(text === now, "simulator/pages/page_text.ts is not current: deno task page-text");
  assertStringIncludes(text, JSON.stringify(PAGE_SCRIPT));
  assertStringIncludes(text, JSON.stringify(PAGE_STYLE));
});

Deno.test("pageText: every file of the script is in it, behind those that it imports", () => {
  const files = [...Deno.readDirSync("simulator/pages/script")].map(({ name }) => name);
  assertEquals(new Set(SCRIPT_FILES), new Set(files.filter((name) => name.endsWith(".js"))));
  for (const [at, file] of SCRIPT_FILES.entries()) {
    for (const [, imported] of read(file).matchAll(/from "\.\/(\w+\.js)"/g)) {
      const before = SCRIPT_FILES.slice(0, at);
      assert(before.includes(imported!), `${file} imports ${imported}, which comes later`);
    }
  }
});

Deno.test("joined: imports, comments and the word export are left out", () => {
  const one =
    "/** Says what. */\n\nexport const A = 1;\n// So.\nexport function b() {\n  return A;\n}\n";
  const other = 'import {\n  A,\n} from "./one.js";\nconst c = A;\n';
  const script = joined({ "one.js": one, "other.js": other });
  assertEquals(
    script,
    '"use strict";{\nconst A = 1;\nfunction b() {\n  return A;\n}\nconst c = A;\n}',
  );
});

Deno.test("joined: no two files declare one name", () => {
  const files = { "one.js": "const a = 1;\n", "other.js": "function a() {}\n" };
  assertThrows(() => joined(files), Error, "one.js and other.js have a");
});

Deno.test("ruleTexts: the package has the rules as they are", () => {
  const text = ruleTexts((document) => Deno.readTextFileSync(`docs/${document}`));
  const now = Deno.readTextFileSync("simulator/pages/rule_texts.ts");
  assert(text === now, "simulator/pages/rule_texts.ts is not current: deno task rule-texts");
});

Deno.test("ruleTexts: a rule has all of its lines, and ends where another thing begins", () => {
  const kmcl =
    "## 3. States\n\n- S1. One\n  and more.\n- S2. Two\n\n  continues\n\nNot its own.\n  Nor this.\n";
  const text = ruleTexts((document) => document === "kmcl.md" ? kmcl : "## 1. Ring\n");
  assertStringIncludes(text, '"S1": "One and more."');
  assertStringIncludes(text, '"S2": "Two continues"');
  assertStringIncludes(text, '"kmcl.md 3": "States"');
  assertStringIncludes(text, '"wire.md 1": "Ring"');
});
