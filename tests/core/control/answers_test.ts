import { assert, assertEquals } from "@std/assert";
import { MESSAGE_ANSWERS } from "../../../core/control/answers.ts";
import { formsOf } from "../../../core/control/layouts.ts";
import { MESSAGE_RULES } from "../../../core/control/versions.ts";

// wire.md 4.5
Deno.test("MESSAGE_ANSWERS: an answer goes the other way, and says by its fields what it answers", () => {
  for (const { request, answer, by } of MESSAGE_ANSWERS) {
    assert(MESSAGE_RULES[request].to !== MESSAGE_RULES[answer].to, `${request}, ${answer}`);
    for (const [asked, answered] of by) {
      const kinds = [[request, asked], [answer, answered]].map(([message, name]) =>
        formsOf(message as typeof request).at(-1)!.fields[name!]?.type.kind
      );
      assert(kinds[0] !== undefined, `${request} has ${asked}`);
      assertEquals(kinds[0], kinds[1]);
    }
  }
});

Deno.test("MESSAGE_ANSWERS: whatever is called the answer, response or result of something is one", () => {
  const named = Object.keys(MESSAGE_RULES).filter((name) =>
    /Response$|Result$|Created$|Torndown$|Complete$|Delivered$/.test(name)
  );
  const answers = new Set<string>(MESSAGE_ANSWERS.map(({ answer }) => answer));
  assertEquals(named.filter((name) => !answers.has(name)), []);
});
