import { assertEquals } from "@std/assert";
import { createPartitionChart } from "../../../actors/partition/machine.ts";
import { flatTableOf } from "../../support/charts.ts";

// api.md section 3
Deno.test("createPartitionChart: lets a partition go on after a pause, and never after a crash", () => {
  assertEquals(flatTableOf(createPartitionChart()), {
    running: {
      tags: ["alive", "present", "runs"],
      on: { pause: "paused", crash: "crashed", destroy: "destroyed" },
    },
    paused: {
      tags: ["alive", "present"],
      on: { resume: "running", crash: "crashed", destroy: "destroyed" },
    },
    crashed: { tags: ["present"], on: { destroy: "destroyed" } },
    destroyed: { tags: [], on: {} },
  });
});
