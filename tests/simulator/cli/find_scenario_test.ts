import { assertEquals, assertRejects } from "@std/assert";
import { UsageError, UsageErrors } from "../../../simulator/cli/command.ts";
import { findScenario } from "../../../simulator/cli/find_scenario.ts";
import { withTree } from "../../support/temp_tree.ts";

const MODULE =
  `export default { name: "mine", title: "mine", partitions: { guest: {} }, workload() {} };`;

Deno.test("findScenario: a file in YAML is made of what it names, relative to itself", () => {
  const files = { "mine.js": MODULE, "deep/my.yaml": "scenario: ../mine.js\nname: renamed\n" };
  return withTree(files, async (root) => {
    const { scenario: { name, title } } = await findScenario(`${root}/deep/my.yaml`);
    assertEquals([name, title], ["renamed", "mine"]);
  });
});

Deno.test("findScenario: what is wrong with a file in YAML is told with its places", () =>
  withTree({ "my.yml": "scenario: everithing\ncodec: xml\n" }, async (root) => {
    await assertRejects(
      () => findScenario(`${root}/no.yml`),
      UsageError,
      "Cannot read the scenario",
    );
    const path = `${root}/my.yml`;
    const { lines } = await assertRejects(() => findScenario(path), UsageErrors) as UsageErrors;
    assertEquals(lines, [
      `${path}:1:11: there is no scenario everithing: did you mean everything?`,
      `${path}:2:8: codec cannot be xml: there are msgpack, vmbus`,
    ]);
  }));
