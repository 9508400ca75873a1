import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { compare } from "../../../../simulator/cli/determinism/main.ts";
import { simulateHere } from "../../../support/simulate.ts";

async function* linesOf(...lines: string[]): AsyncGenerator<string> {
  yield* lines;
}

Deno.test("compare: counts what is the same, and tells what comes next in each", async () => {
  const of = (one: string[], other: string[]) => compare(linesOf(...one), linesOf(...other));
  assertEquals(await of(["a", "b"], ["a", "b"]), { entries: 2, difference: null });
  assertEquals(await of(["a", "b"], ["a", "c"]), { entries: 1, difference: ["b", "c"] });
  assertEquals(await of(["a"], ["a", "c"]), { entries: 1, difference: ["nothing", "c"] });
  assertEquals(await of(["a", "b"], []), { entries: 0, difference: ["a", "nothing"] });
});

Deno.test("simulate: --check-determinism compares all that happened in two processes", async () => {
  const { code, stdout } = await simulateHere(
    ...["--scenario", "echo", "--packets", "5", "--check-determinism"],
  );
  assertEquals(code, 0);
  assertMatch(stdout, /^the same in two processes: [\d ]+ entries\n$/);
});

Deno.test("simulate: --check-determinism writes nothing that two runs would write", async () => {
  for (const option of ["--out", "--disk", "--save-to"]) {
    const { code, stderr } = await simulateHere("--check-determinism", option, "x");
    assertEquals(code, 2);
    assertStringIncludes(stderr, `${option} does not go with --check-determinism`);
  }
});

Deno.test({
  name: "simulate: --check-determinism says what it takes where it may start no process",
  permissions: { run: false, read: "inherit" },
  fn: async () => {
    const { code, stderr } = await simulateHere("--check-determinism", "--seed", "3");
    assertEquals(code, 2);
    assertMatch(
      stderr,
      /may start no process.*; use deno run --allow-run=deno --allow-read --allow-write \S+\/main\.ts --check-determinism --seed 3\n$/,
    );
  },
});

Deno.test("simulate: sweep and replay are first words", async () => {
  for (const word of ["sweep", "replay"]) {
    const { code, stderr } = await simulateHere("--seed", "3", word);
    assertEquals(code, 2);
    assertStringIncludes(stderr, `${word} must be the first word`);
  }
});
