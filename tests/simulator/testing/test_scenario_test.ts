import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { defineScenario } from "../../../simulator/mod.ts";
import { replayArtefact, ScenarioTestError, testScenario } from "../../../simulator/testing/mod.ts";
import { planted } from "../../support/planted_scenario.ts";
import { withTree } from "../../support/temp_tree.ts";

async function failureIn(folder: string): Promise<ScenarioTestError> {
  return await assertRejects(
    () => testScenario(planted, { seeds: 60, folder, schedule: "random" }),
    ScenarioTestError,
  );
}

Deno.test("testScenario: tells the story of the smaller run, and keeps its artefact and its page", async () => {
  await withTree({}, async (root) => {
    const { message, artefact, story } = await failureIn(`${root}/kept`);
    const { finding } = artefact;
    assertStringIncludes(message, `${finding.kind}: ${finding.rule}, at ${finding.place}\n`);
    assertMatch(message, /\nX +\d+ /);
    const [, file = "", page = ""] = /artefact: (\S+)\npage: (\S+)\n/.exec(message) ?? [];
    assertEquals(story!.finding.rule, finding.rule);
    await assertRejects(async () =>
      await replayArtefact(await Deno.readTextFile(file), { scenario: planted })
    );
    const html = await Deno.readTextFile(page);
    assertStringIncludes(html, "<!doctype html>");
    const replay = `replayArtefact(await Deno.readTextFile("${file}"), { scenario })`;
    assertStringIncludes(message, `\nreplay: ${replay}`);
    assertStringIncludes(html, replay.replaceAll('"', "&quot;"));
    assert(!html.includes("file://"), "no line is absolute");
    assert(artefact.choices!.join(" ").split(" ").length <= 2);
  });
});

Deno.test("testScenario: where nothing may be written, it says so, and tells all the rest", async () => {
  await withTree({ "a file": "" }, async (root) => {
    const { message, artefact } = await failureIn(`${root}/a file`);
    assertStringIncludes(message, artefact.finding.rule);
    assertMatch(message, /\nX +\d+ /);
    assertMatch(message, /no artefact is kept: .*\nno page is kept: /);
  });
});

Deno.test("testScenario: a scenario in which nothing is wrong passes; an option that is none is refused", async () => {
  const { workload: _, ...rest } = planted;
  const well = defineScenario({ ...rest, name: "well", workload: () => {} });
  await testScenario(well, { seeds: 5 });
  await assertRejects(() => testScenario(well, { seeds: 0 }), RangeError, "seeds must be");
  await assertRejects(() => testScenario(well, { rerunsMax: 1 }), RangeError, "rerunsMax must be");
  await assertRejects(() => testScenario(well, { folder: "" }), TypeError, "folder must be a path");
});
