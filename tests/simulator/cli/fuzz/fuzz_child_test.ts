import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { UsageError } from "../../../../simulator/cli/command.ts";
import { FuzzChild } from "../../../../simulator/cli/fuzz/fuzz_child.ts";

const MODULE = import.meta.resolve("./endless_seeds.ts");

async function refusalOf(target: string, seedsMs?: number): Promise<string> {
  const child = new FuzzChild({ module: MODULE, target, seed: "1", isGuided: false }, 1);
  try {
    return (await assertRejects(() => child.ready(seedsMs), UsageError)).message;
  } finally {
    await child.end();
  }
}

Deno.test("FuzzChild: a target whose seeds never come is told as that, and so is one that has none", async () => {
  const [endless, none] = await Promise.all([refusalOf("endless", 1), refusalOf("none")]);
  const reason = "Cannot make the seeds of endless: that does not come to its end within 1 ms";
  assertEquals(endless, reason);
  const thrown = "Cannot make the seeds of none: the process ended with exit code 1, error: ";
  assertStringIncludes(none, thrown);
  assertStringIncludes(none, "there is no corpus");
});
