import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { defineScenario, type ScenarioDefinition } from "../../../simulator/mod.ts";
import { artefactOf, type RunArtefact } from "../../../simulator/artefacts/artefact.ts";
import { SeedRunner } from "../../../simulator/sweeps/seed_runner.ts";
import { Tally } from "../../../simulator/sweeps/tally.ts";
import { ArtefactError, RegressionError, replayArtefact } from "../../../simulator/testing/mod.ts";
import { planted, PLANTED_RULE } from "../../support/planted_scenario.ts";

/** The artefact of the lowest seed that breaks the planted rule. */
async function plantedArtefact(): Promise<RunArtefact> {
  const settings = { schedule: "random", codec: null, isFaulty: true, itemsMax: 1000 } as const;
  const runner = new SeedRunner(planted, settings);
  const tally = new Tally();
  for (let seed = 0n; seed < 1000; seed++) {
    await runner.run(seed, tally);
    const { record } = tally.data.causes.find(({ finding }) => finding.rule === PLANTED_RULE) ??
      { record: null };
    if (record !== null) return artefactOf(record, { name: planted.name });
  }
  throw new Error("Cannot find a world that fails: none of 1000 does");
}

/** The planted scenario with another workload. */
function mended(
  workload: ScenarioDefinition["workload"],
): { readonly scenario: ScenarioDefinition } {
  return { scenario: defineScenario({ ...planted, workload }) };
}

const artefact = await plantedArtefact();

Deno.test("replayArtefact: fails with the finding while it is there", async () => {
  for (const given of [artefact, JSON.stringify(artefact)]) {
    const error = await assertRejects(
      () => replayArtefact(given, { scenario: planted }),
      RegressionError,
      `correctness: ${PLANTED_RULE}, at planted\n    it drew 3`,
    );
    assertEquals([error.finding?.rule, error.divergence], [PLANTED_RULE, null]);
  }
});

Deno.test("replayArtefact: passes once it is mended, with the same choices", async () => {
  const options = mended((world) => void world.draw(6));
  const test: () => Promise<void> = () => replayArtefact(artefact, options); // what a test runner takes
  await test();
  assertEquals(await replayArtefact(artefact, { ...options, mayDiverge: true }), null);
});

Deno.test("replayArtefact: another fault in the same run is a failure as well", async () => {
  const options = mended((world) => {
    world.draw(6);
    world.fail("S9: another", "it is another");
  });
  await assertRejects(() => replayArtefact(artefact, options), RegressionError, "S9: another");
});

Deno.test("replayArtefact: a run that is another one by now says nothing, and says so", async () => {
  const more = { ...artefact, choices: [...artefact.choices!, "d6.1"] };
  const same = mended((world) => void world.draw(6));
  const other = mended((world) => void world.draw(7));
  const cases = [[artefact, other, "now there are 7 (draw)"], [
    more,
    same,
    "and then ended",
  ]] as const;
  for (const [given, options, reason] of cases) {
    const error = await assertRejects(
      () => replayArtefact(given, options),
      RegressionError,
      "The run is another one from step",
    );
    assertStringIncludes(error.message, reason);
    assertEquals(error.finding, null);
    const passed = await replayArtefact(given, { ...options, mayDiverge: true });
    assertEquals(passed, error.divergence);
  }
});

Deno.test("replayArtefact: an artefact of a scenario that is not there is refused", async () => {
  await assertRejects(() => replayArtefact(artefact), ArtefactError, "give it with { scenario }");
  const other = { scenario: defineScenario({ ...planted, name: "other" }) };
  await assertRejects(() => replayArtefact(artefact, other), ArtefactError, "not of other");
  await assertRejects(() => replayArtefact("{}"), ArtefactError, "format must be");
});
