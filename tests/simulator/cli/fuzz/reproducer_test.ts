import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../../../simulator/cli/command.ts";
import { readReproducer, ReproducerFiles } from "../../../../simulator/cli/fuzz/reproducer.ts";
import type { ToldFailure } from "../../../../simulator/cli/fuzz/messages.ts";

const TOLD: ToldFailure = {
  failure: { kind: "crash", place: "decode (x.ts:1:2)", message: "Error: planted" },
  input: "00ff",
  at: 17,
};

Deno.test("readReproducer: reads what was written, and nothing else", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = new ReproducerFiles(`${folder}/new`, "7").write("ring", TOLD);
    assertEquals(path, `${folder}/new/ring-crash-17.json`);
    assertEquals(readReproducer(path), { target: "ring", seed: "7", ...TOLD });
    const good = JSON.parse(await Deno.readTextFile(path));
    const bad: readonly object[] = [
      { ...good, format: 2 },
      { ...good, input: "0" },
      { ...good, input: 5 },
      { ...good, failure: { ...good.failure, kind: "odd" } },
      { ...good, target: null },
      [],
    ];
    for (const each of bad) {
      await Deno.writeTextFile(path, JSON.stringify(each));
      assertThrows(() => readReproducer(path), UsageError, "it is no reproducer of format 1");
    }
    await Deno.writeTextFile(path, "{");
    assertThrows(() => readReproducer(path), UsageError, "it is no JSON");
    assertThrows(() => readReproducer(`${folder}/none`), UsageError, "there is no such file");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
