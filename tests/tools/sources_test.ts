import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
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
  assertStringIncludes(lineOf("VmbPacketSetCompletionRoutineEx"), "our reading | N6;");
});
