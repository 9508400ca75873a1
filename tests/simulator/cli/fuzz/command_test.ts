// The whole command, on targets with planted mistakes: it takes many processes, and so it is for a thorough run.

import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { runDeno } from "../../../support/deno_process.ts";
import { isLong } from "../../../support/long.ts";

const COMMAND = fileURLToPath(new URL("../../../../simulator/cli/fuzz.ts", import.meta.url));
const CANARIES = fileURLToPath(new URL("./canaries.ts", import.meta.url));

function run(...args: readonly string[]) {
  return runDeno(["run", "-A", COMMAND, CANARIES, ...args]);
}

/** Runs `target`, and gives its failure, and what its replay comes to. */
async function failureOf(target: string, ...args: readonly string[]) {
  const artefacts = await Deno.makeTempDir();
  try {
    const ran = await run("--target", target, "--json", "--artefacts", artefacts, ...args);
    assertEquals([ran.code, ran.stderr], [1, ""]);
    const { ok, targets: [{ failures: [failed] }] } = JSON.parse(ran.stdout);
    assertEquals(ok, false);
    assert(failed.replay.endsWith(`--replay ${failed.artefact}`), failed.replay);
    const again = await run("--replay", failed.artefact, "--input-time", "5s");
    return { failed, again };
  } finally {
    await Deno.remove(artefacts, { recursive: true });
  }
}

Deno.test("fuzz command: what hangs, dies or leaks is found, made small, and fails again from its file", async () => {
  if (!isLong) return;
  for (
    const [target, kind] of [["hang", "hang"], ["death", "crash"], ["leak", "growth"]] as const
  ) {
    const { failed, again } = await failureOf(target, "--cases", "60000", "--input-time", "5s");
    assertEquals([failed.failure.kind, failed.input], [kind, "07"]);
    assertEquals(again.code, 1);
    assert(again.stdout.startsWith(`${target} fails: ${kind}: `), again.stdout);
  }
});

Deno.test("fuzz command: coverage leads where outcomes do not", async () => {
  if (!isLong) return;
  const guided = await failureOf("deep", "--cases", "200000");
  assert(/^1.2.4.8.$/.test(guided.failed.input), guided.failed.input);
  const blind = await run("--target", "deep", "--cases", "200000", "--no-coverage", "--json");
  assertEquals(blind.code, 0, blind.stdout);
});

Deno.test("fuzz command: says which targets there are, and refuses others", async () => {
  if (!isLong) return;
  const list = await run("--list");
  assertEquals(list.code, 0);
  assert(list.stdout.startsWith("hang   does not come back\n"), list.stdout);
  const other = await run("--target", "odd");
  assertEquals(other.code, 2);
  assert(other.stderr.includes("Cannot find the target odd: there are hang, death"), other.stderr);
});
