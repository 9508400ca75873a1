// The list of behaviours is whole, and each test that it names is there.

import { assert, assertEquals } from "@std/assert";
import { BEHAVIOURS } from "./behaviours.ts";

const ROOT = new URL("../../../", import.meta.url);

function textOf(path: string): Promise<string> {
  return Deno.readTextFile(new URL(path, ROOT));
}

/** The numbers of wire.md section 8. */
async function numbersOfSection8(): Promise<readonly number[]> {
  const [, section = ""] = /\n## 8\. [^]*?\n([^]*?)\n## 9\./.exec(await textOf("docs/wire.md")) ??
    [];
  return [...section.matchAll(/^(\d+)\. /gm)].map(([, number]) => Number(number));
}

Deno.test("BEHAVIOURS: names each behaviour of wire.md section 8, and no other", async () => {
  const numbers = await numbersOfSection8();
  assertEquals(numbers, Array.from({ length: 59 }, (_, at) => at + 1));
  assertEquals(Object.keys(BEHAVIOURS).map(Number), numbers);
});

Deno.test("BEHAVIOURS: each has a reason, or tests that are there and run", async () => {
  for (const [number, behaviour] of Object.entries(BEHAVIOURS)) {
    if (typeof behaviour === "string") {
      assert(/^[A-Z].+[^.]$/s.test(behaviour), `the reason of ${number} says why`);
      continue;
    }
    assert(behaviour.length > 0, `${number} has a test`);
    for (const { file, name } of behaviour) {
      const text = await textOf(`tests/${file}`);
      const count = text.split("\n").filter((line) =>
        /["`]/.test(line) && line.includes(name)
      ).length;
      assertEquals(count, 1, `${number}: how often ${file} has “${name}”`);
    }
  }
});
