import { assertEquals } from "@std/assert";
import { commentsIn, type DocComment, faultsOf, type Package } from "../../tools/doc_links.ts";

const PUBLISHED: Package = { version: "1.2.3", documents: new Set(["kmcl.md"]) };
const PAGE = "https://jsr.io/@vmbus/kmcl/1.2.3/docs";

function faults(comment: Partial<DocComment>): string[] {
  return faultsOf({ name: "f", text: "", sees: [], value: null, ...comment }, PUBLISHED);
}

Deno.test("faultsOf: a document is a link, of this version, to what is published", () => {
  assertEquals(
    faults({ text: `It pauses ([kmcl.md S7](${PAGE}/kmcl.md)), whatever it is at.` }),
    [],
  );
  assertEquals(faults({ text: "It pauses (kmcl.md S7)." }), ["f: kmcl.md is no link"]);
  const old = PAGE.replace("1.2.3", "1.2.2");
  assertEquals(faults({ text: `[kmcl.md](${old}/kmcl.md)` }), [
    `f: ${old}/kmcl.md is not version 1.2.3`,
  ]);
  assertEquals(faults({ text: `[x.md](${PAGE}/x.md)` }), [`f: ${PAGE}/x.md is not published`]);
});

Deno.test("faultsOf: what stands behind @see is a link with a name", () => {
  assertEquals(faults({ sees: ["{@link https://example.com/page | VmbChannelPause}"] }), []);
  assertEquals(faults({ sees: ["VmbChannelPause"] }), ["f: @see VmbChannelPause is no link"]);
  assertEquals(faults({ text: "A channel. @see VMBCHANNEL" }), ["f: @see VMBCHANNEL is no link"]);
});

Deno.test("faultsOf: a status and a flag show as hex, and as what they are", () => {
  const name = "STATUS_DATA_ERROR";
  const value = 0xC000003E;
  assertEquals(faults({ name, value, text: "`0xC000003E`: The data is damaged." }), []);
  assertEquals(faults({ name, value, text: "`0xC000003F`: The data is damaged." }).length, 1);
  assertEquals(faults({ name, value, text: "The data is damaged." }).length, 1);
  assertEquals(faults({ name: "PAGE_BYTES", value: 4096, text: "Bytes of a page." }), []);
  assertEquals(faults({ name: "STATUS_BLOCK_BYTES", value: 32, text: "Bytes of a block." }), []);
});

Deno.test("commentsIn: finds the comments of symbols and of their members, with their tags", () => {
  const def = { tsType: { kind: "literal", value: { kind: "number", number: 7 } } };
  const member = { name: "m", jsDoc: { doc: "M.", tags: [{ kind: "see", doc: "x" }] } };
  const symbols = [
    { name: "C", declarations: [{ kind: "variable", jsDoc: { doc: "A constant." }, def }] },
    { name: "I", declarations: [{ kind: "interface", def: { methods: [member] } }] },
  ];
  assertEquals(commentsIn({ nodes: { "file:///mod.ts": { symbols } } }), [
    { name: "C", text: "A constant.", sees: [], value: 7 },
    { name: "m", text: "M.", sees: ["x"], value: null },
  ]);
});
