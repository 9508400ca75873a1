// Conformance tests once more, on XState's own interpreter and inspected: the charts are the law, and their
// tables only a quick way to follow it. A thorough run takes the whole suite, each other one what a channel's
// states are about.

import { assert, assertEquals } from "@std/assert";
import { runOnStock } from "../../support/fabric.ts";
import { isLong } from "../../support/long.ts";

const CONFORMANCE = new URL("../../conformance/", import.meta.url);

const heard = runOnStock();
const names = [...Deno.readDirSync(CONFORMANCE)].flatMap(({ name: section }) =>
  [...Deno.readDirSync(new URL(`${section}/`, CONFORMANCE))].map(({ name }) => `${section}/${name}`)
).filter((name) => name.endsWith("_test.ts")).sort();
const chosen = isLong ? names : names.filter((name) => /^states\/(?!closing_matrix)/.test(name));
for (const name of chosen) await import(`../../conformance/${name}`);

Deno.test("conformance: makes every fabric so that it can run both ways", async () => {
  const own: string[] = [];
  for (const name of names) {
    const text = await Deno.readTextFile(new URL(name, CONFORMANCE));
    if (text.includes("vmbus.createFabric(")) own.push(name);
  }
  assertEquals(own, [], "takes createFabric of tests/support/fabric.ts");
});

Deno.test("runOnStock: had the suite run by the interpreter, down to single packets", () => {
  assert(chosen.length > 8 && names.length > 60);
  const counts = ["@xstate.microstep", "arrived", "enter", "enterLast", "complete"].map((key) =>
    heard.get(key) ?? 0
  );
  // Only the interpreter makes microsteps, and only what is inspected hears of arrivals.
  assert(counts.every((count) => count > 100), JSON.stringify([...heard]));
});
