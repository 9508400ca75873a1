import { assertEquals } from "@std/assert";
import { missingComments } from "../../tools/check_docs.ts";

const OUTPUT =
  `\u001b[31merror[missing-jsdoc]\u001b[0m: exported symbol is missing JSDoc documentation
  --> core/a.ts:3:14
   |
 3 | export const a = 1;

error[private-type-ref]: public type 'b' references private type 'C'
  --> core/b.ts:4:1
`;

Deno.test("missingComments: names the place of each missing comment, and of nothing else", () => {
  assertEquals(missingComments(OUTPUT), ["core/a.ts:3:14: an exported symbol has no doc comment"]);
});

Deno.test("missingComments: finds nothing in a clean output", () => {
  assertEquals(missingComments("Checked 3 files\n"), []);
});
