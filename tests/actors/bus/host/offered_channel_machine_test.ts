import { assertEquals } from "@std/assert";
import { createOfferedChannelChart } from "../../../../actors/bus/host/offered_channel_machine.ts";
import { effectsAlong, flatTableOf } from "../../../support/charts.ts";

/** Where a guest that leaves an open channel goes, whether it disconnects or is gone. */
const LEAVES = { disconnect: "left.closing", guestGone: "left.closing" };
/** What the end of the server's rings and of its offer come to while the guest knows the channel. */
const IN_USE = { revoke: "revoked.inUse", ringsFree: "closed" };

/** wire.md 5.2: the table of events, a state a row. */
const TABLE = {
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
      disconnect: "released",
      guestGone: "released",
      open: "inUse.opening",
      openReserved: "reserved.opening",
      relIdReleased: "released",
      resumeModifying: "inUse.open.modifying",
      resumeOpen: "inUse.open.steady",
      resumeReserved: "reserved.open",
      revoke: "revoked.unused",
    },
  },
  "inUse.opening": {
    tags: ["rings"],
    on: {
      ...IN_USE,
      disconnect: "left.opening",
      guestGone: "left.opening",
      opened: "inUse.open.steady",
      refused: "inUse.opening",
    },
  },
  "inUse.open.steady": {
    tags: ["open", "rings"],
    on: { ...IN_USE, ...LEAVES, close: "inUse.closing", modify: "inUse.open.modifying" },
  },
  "inUse.open.modifying": {
    tags: ["modifying", "open", "rings"],
    on: {
      ...IN_USE,
      ...LEAVES,
      close: "inUse.closing",
      modified: "inUse.open.steady",
      modifyLater: "inUse.open.modifyingTwice",
    },
  },
  "inUse.open.modifyingTwice": {
    tags: ["modifying", "open", "rings"],
    on: {
      ...IN_USE,
      ...LEAVES,
      close: "inUse.closing",
      modified: "inUse.open.modifying",
      modifyLater: "inUse.open.modifyingTwice",
    },
  },
  "inUse.closing": {
    tags: ["closing", "rings"],
    on: {
      ...IN_USE,
      ...LEAVES,
      relIdReleased: "left.closing",
      reopen: "inUse.closingReopen",
    },
  },
  "inUse.closingReopen": { tags: ["closing", "rings"], on: { ...IN_USE, ...LEAVES } },
  "reserved.opening": {
    tags: ["reserved", "rings"],
    on: {
      ...IN_USE,
      guestGone: "left.opening",
      opened: "reserved.open",
      refused: "reserved.opening",
    },
  },
  "reserved.open": {
    tags: ["open", "reserved", "rings"],
    on: { ...IN_USE, closeReserved: "reserved.closing", guestGone: "left.closing" },
  },
  "reserved.closing": {
    tags: ["closing", "reserved", "rings"],
    on: { ...IN_USE, guestGone: "left.closing" },
  },
  "left.opening": {
    tags: ["released", "rings"],
    on: { opened: "left.closing", revoke: "leftRevoked", ringsFree: "released" },
  },
  "left.closing": {
    tags: ["released", "rings"],
    on: { revoke: "leftRevoked", ringsFree: "released" },
  },
  "revoked.inUse": {
    tags: ["revoked", "rings"],
    on: {
      disconnect: "leftRevoked",
      guestGone: "leftRevoked",
      relIdReleased: "leftRevoked",
      reoffer: "reoffered.inUse",
      ringsFree: "revoked.unused",
    },
  },
  "revoked.unused": {
    tags: ["revoked"],
    on: {
      disconnect: "removed",
      guestGone: "removed",
      relIdReleased: "removed",
      reoffer: "reoffered.unused",
    },
  },
  "reoffered.inUse": {
    tags: ["reoffered", "revoked", "rings"],
    on: {
      disconnect: "leftRevoked",
      guestGone: "leftRevoked",
      relIdReleased: "leftReoffered",
      ringsFree: "reoffered.unused",
      withdraw: "revoked.inUse",
    },
  },
  "reoffered.unused": {
    tags: ["reoffered", "revoked"],
    on: {
      disconnect: "removed",
      guestGone: "removed",
      relIdReleased: "removed",
      withdraw: "revoked.unused",
    },
  },
  leftReoffered: {
    tags: ["released", "reoffered", "rings"],
    on: {
      disconnect: "leftRevoked",
      guestGone: "leftRevoked",
      ringsFree: "removed",
      withdraw: "leftRevoked",
    },
  },
  leftRevoked: { tags: ["released", "rings"], on: { ringsFree: "removed" } },
  removed: { tags: ["released"], on: {} },
};

Deno.test("createOfferedChannelChart: has the ten states of a channel, and what each allows", () => {
  assertEquals(flatTableOf(createOfferedChannelChart()), TABLE);
});

const along = (...events: string[]) => effectsAlong(createOfferedChannelChart(), ...events);
const OPEN = ["offered", "open", "opened"];

// wire.md 4.5, 5.2
Deno.test("createOfferedChannelChart: names what each step does, in order", () => {
  assertEquals(along("offered"), ["sendOffer"]);
  assertEquals(along(...OPEN), ["sendOpenResult"]);
  assertEquals(along("offered", "open", "refused"), ["sendOpenResult"]);
  assertEquals(along("offered", "open", "refused", "ringsFree"), ["freeRings"]);
  assertEquals(along(...OPEN, "close"), ["tellPeerClosed"]);
  assertEquals(along(...OPEN, "close", "ringsFree"), ["freeRings"]);
  assertEquals(along(...OPEN, "close", "reopen"), []);
  assertEquals(along(...OPEN, "close", "reopen", "ringsFree"), ["freeRings", "openAgain"]);
  assertEquals(along(...OPEN, "close", "relIdReleased"), []);
  assertEquals(along(...OPEN, "close", "relIdReleased", "ringsFree"), ["freeRings", "forget"]);
  assertEquals(along(...OPEN, "revoke"), ["sendRescind"]);
  assertEquals(along(...OPEN, "revoke", "ringsFree"), ["freeRings"]);
  assertEquals(along(...OPEN, "revoke", "relIdReleased"), []);
  assertEquals(along(...OPEN, "revoke", "relIdReleased", "ringsFree"), [
    "freeRings",
    "forget",
    "remove",
  ]);
  assertEquals(along("offered", "revoke", "relIdReleased"), ["forget", "remove"]);
  assertEquals(along("offered", "relIdReleased"), ["forget"]);
  assertEquals(along("offered", "relIdReleased", "revoke"), ["remove"]);
});

// wire.md 4.5, 5.2: before 5.3 the latest wish of a guest is remembered while another one is carried out
Deno.test("createOfferedChannelChart: a channel changes processors one after the other", () => {
  assertEquals(along(...OPEN, "modify"), ["beginModify"]);
  assertEquals(along(...OPEN, "modify", "modified"), ["sendModified"]);
  assertEquals(along(...OPEN, "modify", "modifyLater"), []);
  const both = ["modify", "modifyLater", "modifyLater", "modified"];
  assertEquals(along(...OPEN, ...both), ["sendModified", "beginModify"]);
  assertEquals(along(...OPEN, ...both, "modified"), ["sendModified"]);
  assertEquals(along(...OPEN, "modify", "close"), ["tellPeerClosed"]);
});

// wire.md 4.5, 5.2, section 8 case 33
Deno.test("createOfferedChannelChart: a reserved channel outlives the connection, and says that it is closed", () => {
  const reserved = ["offered", "openReserved", "opened"];
  assertEquals(along(...reserved), ["sendOpenResult"]);
  assertEquals(along(...reserved, "closeReserved"), ["tellPeerClosed"]);
  assertEquals(along(...reserved, "closeReserved", "ringsFree"), [
    "freeRings",
    "sendReservedClosed",
  ]);
  assertEquals(along(...reserved, "guestGone"), ["tellPeerClosed"]);
  assertEquals(along(...reserved, "closeReserved", "guestGone", "ringsFree"), [
    "freeRings",
    "forget",
  ]);
  assertEquals(along(...reserved, "revoke"), ["sendRescind"]);
});

// wire.md 5.2: a server of the same key waits for the guest to release the id, which becomes its own
Deno.test("createOfferedChannelChart: the id of a revoked channel is handed over when the guest releases it", () => {
  const revoked = ["offered", "revoke"];
  assertEquals(along(...revoked, "reoffer"), []);
  assertEquals(along(...revoked, "reoffer", "relIdReleased"), ["handOver", "remove"]);
  assertEquals(along(...revoked, "reoffer", "withdraw", "relIdReleased"), ["forget", "remove"]);
  assertEquals(along(...revoked, "reoffer", "disconnect"), ["forget", "remove"]);
  const inUse = [...OPEN, "revoke", "reoffer", "relIdReleased"];
  assertEquals(along(...inUse), []);
  assertEquals(along(...inUse, "ringsFree"), ["freeRings", "handOver", "remove"]);
  assertEquals(along(...inUse, "withdraw", "ringsFree"), ["freeRings", "forget", "remove"]);
  assertEquals(along(...inUse, "disconnect", "ringsFree"), ["freeRings", "forget", "remove"]);
});

// kmcl.md S13: nothing is said to a guest that is gone; its channel closes all the same.
Deno.test("createOfferedChannelChart: of a guest that leaves, the server hears once, and lets go", () => {
  for (const leave of ["disconnect", "guestGone"]) {
    assertEquals(along("offered", "open", leave), ["tellPeerClosed"]);
    assertEquals(along("offered", "open", leave, "opened"), []);
    assertEquals(along("offered", "open", leave, "ringsFree"), ["freeRings", "forget"]);
    assertEquals(along(...OPEN, leave), ["tellPeerClosed"]);
    assertEquals(along(...OPEN, "close", "reopen", leave, "ringsFree"), ["freeRings", "forget"]);
    assertEquals(along(...OPEN, leave, "ringsFree", "offered"), ["sendOffer"]);
    assertEquals(along(...OPEN, leave, "ringsFree", "revoke"), ["remove"]);
    assertEquals(along(...OPEN, leave, "revoke"), []);
    assertEquals(along(...OPEN, leave, "revoke", "ringsFree"), ["freeRings", "forget", "remove"]);
    assertEquals(along(...OPEN, "revoke", leave), []);
    assertEquals(along("offered", "revoke", leave), ["forget", "remove"]);
  }
});
