import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../../../simulator/cli/command.ts";
import { readFuzz } from "../../../../simulator/cli/fuzz/request.ts";

const OWN = "file:///targets.ts";

function read(...args: readonly string[]) {
  return readFuzz(args, "deno task fuzz", OWN);
}

Deno.test("readFuzz: without options each target runs for ten seconds, with seed 1, guided", () => {
  const { module, targets, seed, cases, timeMs, isGuided, replay, isList } = read();
  assertEquals({ module, targets, seed, cases, timeMs, isGuided, replay, isList }, {
    module: OWN,
    targets: [],
    seed: 1n,
    cases: null,
    timeMs: 10_000,
    isGuided: true,
    replay: null,
    isList: false,
  });
});

Deno.test("readFuzz: --cases without --time has no end but the cases", () => {
  const { cases, timeMs } = read("--cases", "1000000");
  assertEquals([cases, timeMs], [1_000_000, null]);
  assertEquals(read("--cases", "5", "--time", "60s").timeMs, 60_000);
});

Deno.test("readFuzz: targets can be named one by one, and a seed as hex", () => {
  const { targets, seed, isGuided } = read(
    ...["--target", "ring", "--target", "gpadl", "--seed", "0xff", "--no-coverage"],
  );
  assertEquals([targets, seed, isGuided], [["ring", "gpadl"], 255n, false]);
});

Deno.test("readFuzz: a reproducer names its target itself", () => {
  assertThrows(() => read("--replay", "x.json", "--target", "ring"), UsageError, "--replay");
});

Deno.test("readFuzz: a module of the user's is the first argument", () => {
  const { module } = readFuzz(["./my_targets.ts"], "fuzz", null);
  assertEquals(module.endsWith("/my_targets.ts") && module.startsWith("file:///"), true);
});

Deno.test("readFuzz: a module takes the place of the package's own targets", () => {
  assertEquals(read("my_targets.ts").module.endsWith("/my_targets.ts"), true);
});
