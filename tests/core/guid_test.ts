// kmcl.md I6: how programs spell GUIDs.

import { assertEquals } from "@std/assert";
import { parseGuid } from "../../core/guid.ts";

const GUID = "6d9d9a51-5ea2-4f9a-9d0c-3f2c7f3b8f10";

Deno.test("parseGuid: takes capitals and one pair of braces, and gives neither back", () => {
  for (const text of [GUID, GUID.toUpperCase(), `{${GUID}}`, `{${GUID.toUpperCase()}}`]) {
    assertEquals(parseGuid(text), GUID);
  }
});

Deno.test("parseGuid: anything else spells none", () => {
  const texts = [
    `{${GUID}`,
    `${GUID}}`,
    `{{${GUID}}}`,
    `(${GUID})`,
    `{ ${GUID} }`,
    "{",
    "}",
    "{}",
    "",
  ];
  for (const value of [...texts, ` ${GUID}`, GUID.slice(1), null, 7, [GUID]]) {
    assertEquals(parseGuid(value), null);
  }
});
