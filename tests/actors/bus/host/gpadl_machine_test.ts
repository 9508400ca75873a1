import { assertEquals } from "@std/assert";
import { createHostGpadlChart } from "../../../../actors/bus/host/gpadl_machine.ts";
import { effectsAlong, flatTableOf } from "../../../support/charts.ts";

// wire.md 5.3
Deno.test("createHostGpadlChart: what uses a GPADL keeps it, whoever wants it back", () => {
  assertEquals(flatTableOf(createHostGpadlChart()), {
    incomplete: {
      tags: [],
      on: {
        complete: "accepted.unused",
        drop: "removed",
        disconnect: "removed",
        teardown: "removed",
      },
    },
    "accepted.unused": {
      tags: ["accepted"],
      on: {
        drop: "removed",
        disconnect: "removed",
        map: "accepted.mapped",
        teardown: "removed",
        useAsRing: "accepted.ring",
      },
    },
    "accepted.ring": {
      tags: ["accepted", "ring"],
      on: {
        drop: "removed",
        disconnect: "abandoned.ring",
        teardown: "tearingDown.ring",
        unused: "accepted.unused",
      },
    },
    "accepted.mapped": {
      tags: ["accepted", "mapped"],
      on: {
        drop: "removed",
        disconnect: "abandoned.mapped",
        teardown: "tearingDown.mapped",
        unused: "accepted.unused",
      },
    },
    "tearingDown.ring": {
      tags: ["ring", "tearingDown"],
      on: { drop: "removed", disconnect: "abandoned.ring", unused: "removed" },
    },
    "tearingDown.mapped": {
      tags: ["mapped", "tearingDown"],
      on: { drop: "removed", disconnect: "abandoned.mapped", unused: "removed" },
    },
    "abandoned.ring": {
      tags: ["ring"],
      on: { drop: "removed", disconnect: "abandoned.ring", unused: "removed" },
    },
    "abandoned.mapped": {
      tags: ["mapped"],
      on: { drop: "removed", disconnect: "abandoned.mapped", unused: "removed" },
    },
    removed: { tags: [], on: {} },
  });
});

// wire.md 3.4: one Torndown for each teardown, and none for what went another way
Deno.test("createHostGpadlChart: a teardown is answered once nothing uses the memory, a mapping ends before", () => {
  const along = (...events: string[]) => effectsAlong(createHostGpadlChart(), ...events);
  assertEquals(along("complete", "teardown"), ["sendTorndown", "remove"]);
  assertEquals(along("teardown"), ["sendTorndown", "remove"]);
  assertEquals(along("complete", "map", "teardown"), []);
  assertEquals(along("complete", "map", "teardown", "unused"), [
    "revokeMdl",
    "sendTorndown",
    "remove",
  ]);
  assertEquals(along("complete", "useAsRing", "unused"), []);
  assertEquals(along("complete", "useAsRing", "teardown", "unused"), ["sendTorndown", "remove"]);
  assertEquals(along("complete", "map", "unused"), ["revokeMdl"]);
  for (const start of [["map"], ["map", "teardown"]]) {
    assertEquals(along("complete", ...start, "drop"), ["revokeMdl", "remove"]);
  }
  assertEquals(along("complete", "drop"), ["remove"]);
  assertEquals(along("drop"), ["remove"]);
  assertEquals(along("disconnect"), ["remove"]);
  const mapped = ["complete", "map"];
  assertEquals(along(...mapped, "disconnect"), []);
  assertEquals(along(...mapped, "disconnect", "unused"), ["revokeMdl", "remove"]);
  assertEquals(along(...mapped, "teardown", "disconnect", "unused"), ["revokeMdl", "remove"]);
  assertEquals(along("complete", "useAsRing", "disconnect", "unused"), ["remove"]);
});
