import { assertEquals } from "@std/assert";
import { createOfferedChannelChart } from "../../../../actors/bus/host/offered_channel_machine.ts";
import { effectsAlong, flatTableOf } from "../../../support/charts.ts";

// wire.md 5.2
Deno.test("createOfferedChannelChart: has the states of a channel, and what each allows", () => {
  const inUse = { guestGone: "abandoned.inUse", revoke: "revoked.inUse", ringsFree: "closed" };
  assertEquals(flatTableOf(createOfferedChannelChart()), {
    released: {
      tags: ["released"],
      on: {
        offered: "closed",
        resumeClosed: "closed",
        resumeRevoked: "revoked.unused",
        revoke: "removed",
      },
    },
    closed: {
      tags: [],
      on: {
        guestGone: "abandoned.unused",
        open: "inUse.opening",
        relIdReleased: "released",
        resumeOpen: "inUse.open",
        revoke: "revoked.unused",
      },
    },
    "inUse.opening": {
      tags: ["rings"],
      on: { ...inUse, opened: "inUse.open", refused: "inUse.opening" },
    },
    "inUse.open": { tags: ["open", "rings"], on: { ...inUse, close: "inUse.closing" } },
    "inUse.closing": {
      tags: ["closing", "rings"],
      on: { ...inUse, reopen: "inUse.closingReopen" },
    },
    "inUse.closingReopen": { tags: ["closing", "rings"], on: inUse },
    "revoked.inUse": {
      tags: ["revoked", "rings"],
      on: {
        guestGone: "releasedInUse",
        relIdReleased: "releasedInUse",
        ringsFree: "revoked.unused",
      },
    },
    "revoked.unused": {
      tags: ["revoked"],
      on: { guestGone: "removed", relIdReleased: "removed" },
    },
    releasedInUse: { tags: ["released", "rings"], on: { ringsFree: "removed" } },
    "abandoned.inUse": {
      tags: ["released", "rings"],
      on: { revoke: "releasedInUse", ringsFree: "abandoned.unused" },
    },
    "abandoned.unused": { tags: ["released"], on: { revoke: "removed" } },
    removed: { tags: ["released"], on: {} },
  });
});

// wire.md 4.5, 5.2
Deno.test("createOfferedChannelChart: names what each step does, in order", () => {
  const along = (...events: string[]) => effectsAlong(createOfferedChannelChart(), ...events);
  const open = ["offered", "open", "opened"];
  assertEquals(along("offered"), ["sendOffer"]);
  assertEquals(along(...open), ["sendOpenResult"]);
  assertEquals(along("offered", "open", "refused"), ["sendOpenResult"]);
  assertEquals(along("offered", "open", "refused", "ringsFree"), ["freeRings"]);
  assertEquals(along(...open, "close"), ["tellPeerClosed"]);
  assertEquals(along(...open, "close", "ringsFree"), ["freeRings"]);
  assertEquals(along(...open, "close", "reopen"), []);
  assertEquals(along(...open, "close", "reopen", "ringsFree"), ["freeRings", "openAgain"]);
  assertEquals(along(...open, "revoke"), ["sendRescind"]);
  assertEquals(along(...open, "revoke", "ringsFree"), ["freeRings"]);
  assertEquals(along(...open, "revoke", "relIdReleased"), []);
  assertEquals(along(...open, "revoke", "relIdReleased", "ringsFree"), [
    "freeRings",
    "forget",
    "remove",
  ]);
  assertEquals(along("offered", "revoke", "relIdReleased"), ["forget", "remove"]);
  assertEquals(along("offered", "relIdReleased"), ["forget"]);
  assertEquals(along("offered", "relIdReleased", "revoke"), ["remove"]);
});

// kmcl.md S13: nothing is said to a guest that is gone; its channel closes all the same.
Deno.test("createOfferedChannelChart: of a guest that is gone, the server hears once, and lets go", () => {
  const along = (...events: string[]) => effectsAlong(createOfferedChannelChart(), ...events);
  const open = ["offered", "open", "opened"];
  assertEquals(along(...open, "guestGone"), ["tellPeerClosed"]);
  assertEquals(along(...open, "close", "reopen", "guestGone", "ringsFree"), ["freeRings"]);
  assertEquals(along(...open, "guestGone", "ringsFree", "revoke"), ["forget", "remove"]);
  assertEquals(along(...open, "guestGone", "revoke"), []);
  assertEquals(along(...open, "guestGone", "revoke", "ringsFree"), [
    "freeRings",
    "forget",
    "remove",
  ]);
  assertEquals(along(...open, "revoke", "guestGone"), []);
  assertEquals(along("offered", "revoke", "guestGone"), ["forget", "remove"]);
});
