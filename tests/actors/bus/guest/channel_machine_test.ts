import { assertEquals } from "@std/assert";
import { createGuestChannelChart } from "../../../../actors/bus/guest/channel_machine.ts";
import { effectsAlong, flatTableOf } from "../../../support/charts.ts";

/** What a client makes of an offer. */
const USES = {
  "offered.free": { tags: ["free"], on: { rescinded: "rescinded.free", take: "offered.opening" } },
  "offered.opening": {
    tags: ["opening"],
    on: { opened: "offered.open", refused: "offered.closing", rescinded: "rescinded.closing" },
  },
  "offered.open": { tags: ["open"], on: { close: "offered.closing", rescinded: "rescinded.open" } },
  "offered.closing": {
    tags: [],
    on: { rescinded: "rescinded.closing", ringsFree: "offered.free" },
  },
  "rescinded.open": { tags: ["open", "rescinded"], on: { close: "rescinded.closing" } },
  "rescinded.closing": { tags: ["rescinded"], on: { ringsFree: "rescinded.free" } },
  "rescinded.free": { tags: ["free", "rescinded"], on: { release: "released" } },
  released: { tags: [], on: {} },
};

/** Whether the host owes an answer to a change of processors. */
const MODIFIES = {
  idle: { tags: [], on: { modify: "asked", modifyUnanswered: "idle" } },
  asked: { tags: ["modifying"], on: { modified: "idle", modifyRefused: "idle" } },
};

// wire.md 5.6: both regions by themselves
Deno.test("createGuestChannelChart: a channel that was taken back is released once nobody has it", () => {
  const both = (use: string, modify: string) => `use.${use},modify.${modify}`;
  const rows = Object.entries(USES).flatMap(([use, row]) =>
    Object.entries(MODIFIES).map(([modify, other]) => {
      const on = [
        ...Object.entries(row.on).map(([type, next]) => [type, both(next, modify)]),
        ...Object.entries(other.on).map(([type, next]) => [type, both(use, next)]),
      ];
      const tags = [...row.tags, ...other.tags].sort();
      return [both(use, modify), { tags, on: Object.fromEntries(on) }];
    })
  );
  assertEquals(flatTableOf(createGuestChannelChart()), Object.fromEntries(rows));
});

// wire.md 4.5, 5.6
Deno.test("createGuestChannelChart: a change of processors is asked for, and made when the host has answered", () => {
  const along = (...events: string[]) => effectsAlong(createGuestChannelChart(), ...events);
  const open = ["take", "opened"];
  assertEquals(along(...open, "modify"), ["sendModify"]);
  assertEquals(along(...open, "modify", "modified"), ["changeProcessor", "releaseIfDone"]);
  assertEquals(along(...open, "modify", "modifyRefused"), ["releaseIfDone"]);
  assertEquals(along(...open, "modifyUnanswered"), ["sendModify", "changeProcessor"]);
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
