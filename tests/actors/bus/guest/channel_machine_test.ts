import { assertEquals } from "@std/assert";
import { createGuestChannelChart } from "../../../../actors/bus/guest/channel_machine.ts";
import { effectsAlong, flatTableOf } from "../../../support/charts.ts";

// wire.md 5.6
Deno.test("createGuestChannelChart: a channel that was taken back is released once nobody has it", () => {
  assertEquals(flatTableOf(createGuestChannelChart()), {
    "offered.free": {
      tags: ["free"],
      on: { rescinded: "rescinded.free", take: "offered.opening" },
    },
    "offered.opening": {
      tags: ["opening"],
      on: { opened: "offered.open", refused: "offered.closing", rescinded: "rescinded.closing" },
    },
    "offered.open": {
      tags: ["open"],
      on: { close: "offered.closing", rescinded: "rescinded.open" },
    },
    "offered.closing": {
      tags: [],
      on: { rescinded: "rescinded.closing", ringsFree: "offered.free" },
    },
    "rescinded.open": { tags: ["open", "rescinded"], on: { close: "rescinded.closing" } },
    "rescinded.closing": { tags: ["rescinded"], on: { ringsFree: "rescinded.free" } },
    "rescinded.free": { tags: ["free", "rescinded"], on: { release: "released" } },
    released: { tags: [], on: {} },
  });
});

// wire.md 4.5, kmcl.md S10.4, S14
Deno.test("createGuestChannelChart: names what each step does, in order", () => {
  const along = (...events: string[]) => effectsAlong(createGuestChannelChart(), ...events);
  assertEquals(along("rescinded"), ["releaseIfDone"]);
  assertEquals(along("rescinded", "release"), ["sendRelease"]);
  assertEquals(along("take", "rescinded"), ["tellRescinded"]);
  assertEquals(along("take", "opened"), []);
  assertEquals(along("take", "opened", "close"), ["sendClose"]);
  assertEquals(along("take", "opened", "close", "ringsFree"), ["freeRings", "scheduleMatch"]);
  assertEquals(along("take", "refused", "ringsFree"), ["freeRings", "scheduleMatch"]);
  assertEquals(along("take", "opened", "rescinded"), ["tellRescinded"]);
  assertEquals(along("take", "opened", "rescinded", "close"), ["sendClose"]);
  const closed = ["take", "opened", "rescinded", "close", "ringsFree"];
  assertEquals(along(...closed), ["freeRings", "releaseIfDone"]);
  assertEquals(along("take", "opened", "close", "rescinded"), ["tellRescinded"]);
});
