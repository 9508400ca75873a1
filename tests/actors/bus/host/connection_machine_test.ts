import { assertEquals } from "@std/assert";
import { createConnectionChart } from "../../../../actors/bus/host/connection_machine.ts";
import { effectsAlong, type FlatTable, flatTableOf } from "../../../support/charts.ts";

const GONE = { guestGone: "gone" };
const LEFT = {
  ...GONE,
  badContact: "leaving.thenRefusal",
  contact: "leaving.thenContact",
};
const CONNECTED = { ...LEFT, unload: "leaving.thenUnloaded" };
const AGAIN = { ...GONE, badContact: "connecting.againRefused", contact: "connecting.againAsked" };
const DROPPING = { ...GONE, badContact: "dropping.refused", contact: "dropping.contacted" };

/** wire.md 5.1: what the host stands at, and where each event leads. */
const TABLE: FlatTable = {
  disconnected: {
    tags: [],
    on: { ...GONE, badContact: "disconnected", contact: "connecting.asked" },
  },
  "connecting.asked": {
    tags: [],
    on: { ...AGAIN, failed: "disconnected", ready: "connected.running.unasked" },
  },
  "connecting.againAsked": {
    tags: [],
    on: { ...AGAIN, failed: "connecting.asked", ready: "leaving.thenContact" },
  },
  "connecting.againRefused": {
    tags: [],
    on: { ...AGAIN, failed: "disconnected", ready: "leaving.thenRefusal" },
  },
  "connected.running.unasked": {
    tags: ["connected"],
    on: {
      ...CONNECTED,
      modify: "connected.running.unasked",
      pause: "connected.paused.unasked",
      requestOffers: "connected.running.asked",
    },
  },
  "connected.running.asked": {
    tags: ["connected", "offering"],
    on: { ...CONNECTED, modify: "connected.running.asked", pause: "connected.paused.asked" },
  },
  "connected.paused.unasked": {
    tags: ["connected", "paused"],
    on: { ...CONNECTED, resume: "connected.running.unasked" },
  },
  "connected.paused.asked": {
    tags: ["connected", "offering", "paused"],
    on: { ...CONNECTED, resume: "connected.running.asked" },
  },
  "leaving.thenUnloaded": { tags: ["leaving"], on: { ...LEFT, released: "dropping.unloaded" } },
  "leaving.thenContact": { tags: ["leaving"], on: { ...LEFT, released: "dropping.contacted" } },
  "leaving.thenRefusal": { tags: ["leaving"], on: { ...LEFT, released: "dropping.refused" } },
  "dropping.unloaded": { tags: [], on: { ...DROPPING, dropped: "disconnected" } },
  "dropping.contacted": { tags: [], on: { ...DROPPING, dropped: "connecting.asked" } },
  "dropping.refused": { tags: [], on: { ...DROPPING, dropped: "disconnected" } },
  gone: { tags: ["gone"], on: GONE },
};

Deno.test("createConnectionChart: is the connection of wire.md 5.1", () => {
  assertEquals(flatTableOf(createConnectionChart()), TABLE);
});

// wire.md 4.5, 5.1: the next action comes last, and a new request takes the place of the one that was to follow.
Deno.test("createConnectionChart: says what is due on each step", () => {
  const along = (...events: string[]) => effectsAlong(createConnectionChart(), ...events);
  assertEquals(along("badContact"), ["refuse"]);
  assertEquals(along("contact"), ["prepare"]);
  assertEquals(along("contact", "failed"), ["fail"]);
  assertEquals(along("contact", "contact", "failed"), ["fail", "prepare"]);
  assertEquals(along("contact", "contact", "ready"), ["accept", "leave"]);
  const connected = ["contact", "ready"];
  assertEquals(along(...connected), ["accept"]);
  assertEquals(along(...connected, "pause"), ["sendPauseResponse"]);
  assertEquals(along(...connected, "pause", "resume"), ["flush"]);
  assertEquals(along(...connected, "modify"), ["modify"]);
  const unloading = [...connected, "unload"];
  assertEquals(along(...unloading), ["flush", "leave"]);
  assertEquals(along(...unloading, "released"), ["drop"]);
  assertEquals(along(...unloading, "released", "dropped"), ["sendUnloadComplete"]);
  assertEquals(along(...unloading, "contact", "released", "dropped"), ["prepare"]);
  assertEquals(along(...unloading, "contact", "badContact", "released", "dropped"), ["refuse"]);
});
