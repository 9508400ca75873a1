import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { LATER_FUNCTION_NAMES } from "../../kmcl/function_names.ts";
import * as vmbus from "../../mod.ts";
import { pagesIn, placesIn, type Sources, sourcesPage } from "../../tools/sources.ts";

const PAGE = "https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/some/nc-some-fn_one";

/** The files of a folder of the repository, those that end in `.ts`. */
function filesIn(folder: string) {
  return [...Deno.readDirSync(folder)].filter(({ name }) => name.endsWith(".ts"))
    .map(({ name }) => ({
      path: `${folder}/${name}`,
      text: Deno.readTextFileSync(`${folder}/${name}`),
    }));
}

Deno.test("pagesIn: links to Microsoft's pages about drivers, by the names that they link from", () => {
  const text = `/** {@link ${PAGE} | One} {@link https://jsr.io/x | Two} */`;
  assertEquals([...pagesIn([{ path: "a.ts", text }])], [["One", PAGE]]);
});

Deno.test("placesIn: rules by number, and tables by their section with the rules of their rows", () => {
  const places = placesIn(`## 2. Interface

- N1. One does it,
  and Two as well.
- N2. OneAndMore.

## 5. Functions

### Later versions

| V2 One(Channel) → Two | any | X2, X3 |
`);
  assertEquals(places("One"), ["N1", "section 5, Later versions", "X2", "X3"]);
  assertEquals(places("Two"), ["N1", "section 5, Later versions"]);
  assertEquals(places("OneAndMore"), ["N2"]);
  assertEquals(places("Three"), []);
});

Deno.test("sourcesPage: a name without a rule, or without a test, is refused by its name", () => {
  const sources: Sources = {
    code: filesIn("kmcl"),
    reference: Deno.readTextFileSync("docs/kmcl.md"),
    names: Deno.readTextFileSync("docs/api.md"),
    tests: [{ path: "tests/a_test.ts", text: "nothing" }],
  };
  assertThrows(() => sourcesPage(sources), Error, "no test names VmbChannelAllocate");
  const nothing = { ...sources, reference: "", names: "" };
  assertThrows(() => sourcesPage(nothing), Error, "no document names VmbChannelAllocate");
});

Deno.test("docs/sources.md: says where a function, a callback, a flag and a status come from", () => {
  const lines = Deno.readTextFileSync("docs/sources.md").split("\n");
  const lineOf = (name: string) => lines.find((line) => line.startsWith(`| ${name} |`)) ?? "";
  assertStringIncludes(lineOf("VmbChannelCleanup"), "fn_vmb_channel_cleanup) | S12;");
  assertStringIncludes(lineOf("EVT_VMB_CHANNEL_SAVE_PACKET"), "tests/conformance/save_restore/");
  assertStringIncludes(lineOf("VMBUS_CHANNEL_INIT_FLAG_IS_PIPE"), "init_set_flags)");
  assertStringIncludes(lineOf("STATUS_SHARING_VIOLATION"), "G2; section 10");
  assertStringIncludes(lineOf("VmbPacketSetCompletionRoutineEx"), "our reading, D658 | N6;");
  assertStringIncludes(lineOf("KMCL_CLIENT_INTERFACE_V3_SIZE"), "our reading, D650 | ");
});

Deno.test("docs/sources.md: has all that is exported under a name of the header, and each decision is one", () => {
  const page = Deno.readTextFileSync("docs/sources.md");
  const types = ["kmcl/callback_types.ts", "kmcl/tables.ts", "actors/runtime/handle.ts"]
    .flatMap((path) => [...Deno.readTextFileSync(path).matchAll(/export type ([A-Z_\d]+)\b/g)])
    .map(([, name]) => name!).filter((name) => !name.startsWith("PFN_"));
  const values = Object.keys(vmbus).filter((name) =>
    /^(STATUS|VMBUS|VMB|KMCL|INTERFACE)_/.test(name)
  );
  const names = [...types, ...values, ...LATER_FUNCTION_NAMES];
  const missing = names.filter((name) => !page.includes(`\n| ${name} |`));
  assertEquals([missing, names.length > 100], [[], true]);
  const decisions = Deno.readTextFileSync("docs/decisions.md");
  for (const [, decision] of page.matchAll(/our reading, (D\d+)/g)) {
    assertStringIncludes(decisions, `\n**${decision} · `);
  }
});

Deno.test("sourcesPage: a function of later versions that names no decision is refused", () => {
  const code = filesIn("kmcl").map((file) => ({
    ...file,
    text: file.text.replace("Our reading: D651.", ""),
  }));
  const sources: Sources = { code, reference: "", names: "", tests: [] };
  assertThrows(
    () => sourcesPage(sources),
    Error,
    "VmbChannelPacketGetClientContext names no decision",
  );
});
