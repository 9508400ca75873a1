import { assertEquals } from "@std/assert";
import { CLIENT_CHART, createStorageClientChart } from "../../../../devices/storage/vsc/chart.ts";
import type { ClientEvent, ClientPlace } from "../../../../devices/storage/vsc/words.ts";
import { eventTypesOf } from "../../../../actors/chart/compile.ts";
import { CHARTS, effectsAlong, flatTableOf } from "../../../support/charts.ts";

const ENDS = {
  close: "closing.closed",
  failedOften: "closing.refused",
  refused: "closing.refused",
  suspended: "closing.waiting",
};
const PATHS = { attend: "", pathClosed: "", pathGone: "" };
const NEGOTIATING = { ...ENDS, ...PATHS, failed: "closing.refused" };
const READY = { ...ENDS, ...PATHS, failed: "closing.waiting", rescan: "" };
const CLOSING = { close: "closing.closed", attend: "" };

/** Where each event leads; an empty word is the place itself. */
const ORACLE: Readonly<Record<ClientPlace, Partial<Record<ClientEvent, string>>>> = {
  waiting: {
    ...ENDS,
    failed: "closing.refused",
    notReopened: "refused",
    opened: "negotiating.begin",
  },
  "negotiating.begin": { ...NEGOTIATING, accepted: "negotiating.version" },
  "negotiating.version": {
    ...NEGOTIATING,
    accepted: "negotiating.properties",
    versionRefused: "",
  },
  "negotiating.properties": {
    ...NEGOTIATING,
    accepted: "negotiating.end",
    acceptedMultichannel: "negotiating.subChannels",
  },
  "negotiating.subChannels": {
    ...NEGOTIATING,
    granted: "negotiating.end",
    denied: "negotiating.end",
  },
  "negotiating.end": {
    ...NEGOTIATING,
    accepted: "ready.settled",
    acceptedMultichannel: "ready.subChannels",
  },
  "ready.settled": READY,
  "ready.subChannels": { ...READY, granted: "ready.settled", denied: "ready.settled" },
  "closing.waiting": { ...CLOSING, allClosed: "waiting" },
  "closing.refused": { ...CLOSING, allClosed: "refused" },
  "closing.closed": { ...CLOSING, close: "", allClosed: "closed" },
  refused: { close: "closing.closed" },
  closed: {},
};

// storage.md G1, G10, G11
Deno.test("createStorageClientChart: each place lists what may happen, and where that leads", () => {
  const table = flatTableOf(CHARTS["storageClient"]!());
  assertEquals(new Set(Object.keys(table)), new Set(Object.keys(ORACLE)));
  for (const [place, on] of Object.entries(ORACLE)) {
    const leads = Object.entries(on).map(([event, to]) => [event, to === "" ? place : to]);
    assertEquals(table[place]!.on, Object.fromEntries(leads), place);
  }
});

// storage.md G1, G10, G11
Deno.test("createStorageClientChart: what the driver does on the way", () => {
  const along = (...events: ClientEvent[]) => effectsAlong(CHARTS["storageClient"]!(), ...events);
  const end: ClientEvent[] = ["opened", "accepted", "accepted", "accepted"];
  assertEquals(along("opened"), ["forget", "ask"]);
  assertEquals(along("opened", "accepted", "versionRefused"), ["ask"]);
  assertEquals(along("opened", "accepted", "accepted", "acceptedMultichannel", "granted"), [
    "attendSoon",
    "ask",
  ]);
  assertEquals(along(...end, "accepted"), ["serve", "search"]);
  assertEquals(along(...end, "acceptedMultichannel"), ["serve", "ask", "search"]);
  assertEquals(along(...end, "acceptedMultichannel", "granted"), ["attendSoon"]);
  assertEquals(along(...end, "accepted", "attend"), ["openSubChannels", "awaitGone", "pump"]);
  assertEquals(along(...end, "accepted", "pathClosed"), ["attendSoon"]);
  assertEquals(along(...end, "accepted", "pathGone"), ["reopenSubChannels"]);
  assertEquals(along(...end, "accepted", "rescan"), ["search"]);
  assertEquals(along(...end, "accepted", "failed"), ["stop"]);
  assertEquals(along("suspended", "attend"), ["closeChannels"]);
  assertEquals(along("suspended", "close"), []);
  assertEquals(along("suspended", "allClosed"), ["free", "reopen"]);
  assertEquals(along("refused", "allClosed"), ["free"]);
  assertEquals(along("close", "allClosed"), ["free", "freePrimary"]);
});

Deno.test("ChartTable: says of each place and event what the package's own table says", () => {
  const machine = CHARTS["storageClient"]!();
  const table = flatTableOf(machine);
  assertEquals(new Set<string>(CLIENT_CHART.places), new Set(Object.keys(table)));
  for (const place of CLIENT_CHART.places) {
    for (const event of eventTypesOf(createStorageClientChart())) {
      const step = CLIENT_CHART.step(place, event as ClientEvent);
      assertEquals(step?.place as string | undefined, table[place]!.on[event], `${place} ${event}`);
    }
  }
});
