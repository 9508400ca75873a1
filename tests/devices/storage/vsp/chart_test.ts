/** The chart of a session with a guest, state by state: storage.md I1, I3, I6, H1, H2. */

import { assertEquals } from "@std/assert";
import { createStorageSessionChart, SESSION_CHART } from "../../../../devices/storage/vsp/chart.ts";
import {
  type SessionEvent,
  type SessionPlace,
  SUB_CHANNEL_ANSWERS,
} from "../../../../devices/storage/vsp/words.ts";
import { eventTypesOf } from "../../../../actors/chart/compile.ts";
import { CHARTS, effectsAlong, flatTableOf } from "../../../support/charts.ts";

const ALWAYS = { closed: "begin" };
const BEGINS = { ...ALWAYS, died: "dead" };
const SERVES = {
  ...ALWAYS,
  died: "ready.dead",
  executeSrb: "",
  resetLun: "",
  resetAdapter: "",
  resetBus: "",
  subChannels: "",
  subChannelsTooMany: "",
};

/** Where each event leads; an empty word is the place itself. */
const ORACLE: Readonly<Record<SessionPlace, Partial<Record<SessionEvent, string>>>> = {
  begin: { ...BEGINS, beginInitialization: "queryVersion" },
  queryVersion: { ...BEGINS, versionSpoken: "queryProperties", versionUnknown: "" },
  queryProperties: {
    ...BEGINS,
    properties: "endInitialization",
    propertiesAlone: "subChannelsFixed",
  },
  endInitialization: {
    ...BEGINS,
    subChannels: "subChannelsFixed",
    subChannelsTooMany: "",
    endInitialization: "ready.told",
  },
  subChannelsFixed: { ...BEGINS, endInitialization: "ready.told" },
  "ready.told": { ...SERVES, changed: "ready.leaving", changedAtRest: "ready.untold" },
  "ready.untold": { ...SERVES, changed: "ready.leaving", started: "ready.leaving" },
  "ready.leaving": { ...SERVES, notified: "ready.told" },
  "ready.dead": ALWAYS,
  dead: ALWAYS,
};

Deno.test("createStorageSessionChart: each place lists what may happen, and where that leads", () => {
  const table = flatTableOf(CHARTS["storageSession"]!());
  assertEquals(new Set(Object.keys(table)), new Set(Object.keys(ORACLE)));
  for (const [place, on] of Object.entries(ORACLE)) {
    const leads = Object.entries(on).map(([event, to]) => [event, to === "" ? place : to]);
    assertEquals(table[place]!.on, Object.fromEntries(leads), place);
  }
});

Deno.test("createStorageSessionChart: what the driver does on the way", () => {
  const along = (...events: SessionEvent[]) => effectsAlong(CHARTS["storageSession"]!(), ...events);
  const version: SessionEvent[] = ["beginInitialization", "versionSpoken"];
  const ready: SessionEvent[] = [...version, "properties", "endInitialization"];
  assertEquals(along("beginInitialization"), ["accept"]);
  assertEquals(along("beginInitialization", "versionUnknown"), ["refuseVersion"]);
  assertEquals(along(...version), ["agree"]);
  assertEquals(along(...version, "properties"), ["tellProperties"]);
  assertEquals(along(...version, "propertiesAlone"), ["tellProperties"]);
  assertEquals(along(...version, "properties", "subChannels"), ["grant"]);
  assertEquals(along(...version, "properties", "subChannelsTooMany"), ["refuseCount"]);
  assertEquals(along(...ready), ["accept", "serve"]);
  assertEquals(along(...version, "propertiesAlone", "endInitialization"), ["accept", "serve"]);
  for (const place of [[], ["changed"], ["changedAtRest"]] as const) {
    assertEquals(along(...ready, ...place, "executeSrb"), ["execute"]);
    assertEquals(along(...ready, ...place, "resetBus"), ["reset"]);
    assertEquals(along(...ready, ...place, "subChannels"), ["grant"]);
    assertEquals(along(...ready, ...place, "subChannelsTooMany"), ["refuseCount"]);
  }
  assertEquals(along(...ready, "changed"), ["notify"]);
  assertEquals(along(...ready, "changedAtRest"), []);
  assertEquals(along(...ready, "changedAtRest", "started"), ["notify"]);
  assertEquals(along(...ready, "changed", "notified", "changed"), ["notify"]);
  assertEquals(along(...ready, "died", "closed"), ["forget", "closeSubChannels"]);
});

Deno.test("SESSION_CHART: says of each place and event what the package's own table says", () => {
  const table = flatTableOf(CHARTS["storageSession"]!());
  assertEquals(new Set<string>(SESSION_CHART.places), new Set(Object.keys(table)));
  for (const place of SESSION_CHART.places) {
    for (const event of eventTypesOf(createStorageSessionChart())) {
      const step = SESSION_CHART.step(place, event as SessionEvent);
      assertEquals(step?.place as string | undefined, table[place]!.on[event], `${place} ${event}`);
    }
  }
});

Deno.test("SUB_CHANNEL_ANSWERS: commands and resets alone", () => {
  // storage.md I7.
  assertEquals(Object.keys(SUB_CHANNEL_ANSWERS), [
    "executeSrb",
    "resetLun",
    "resetAdapter",
    "resetBus",
  ]);
});
