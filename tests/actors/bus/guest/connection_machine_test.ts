import { assertEquals } from "@std/assert";
import { createGuestConnectionChart } from "../../../../actors/bus/guest/connection_machine.ts";
import { effectsAlong, flatTableOf } from "../../../support/charts.ts";

// wire.md 4.5, 5.6
Deno.test("createGuestConnectionChart: contact, offers, and leaving with the channels first", () => {
  const unwanted = "contacting.unwanted";
  const [unload, again] = ["leaving.thenUnload", "leaving.thenContact"];
  assertEquals(flatTableOf(createGuestConnectionChart()), {
    new: { tags: ["disconnected", "new"], on: { connect: "contacting.wanted" } },
    disconnected: { tags: ["disconnected"], on: { connect: "contacting.wanted" } },
    "contacting.wanted": {
      tags: ["contacting"],
      on: {
        accepted: "connected.requestingOffers",
        disconnect: unwanted,
        exhausted: "disconnected",
        failed: "disconnected",
        refused: "contacting.wanted",
      },
    },
    [unwanted]: {
      tags: ["contacting"],
      on: {
        accepted: unload,
        connect: "contacting.wanted",
        exhausted: "disconnected",
        failed: "disconnected",
        refused: "disconnected",
      },
    },
    "connected.requestingOffers": {
      tags: ["connected"],
      on: { allOffers: "connected.offered", connect: again, disconnect: unload },
    },
    "connected.offered": {
      tags: ["connected", "offered"],
      on: { connect: again, disconnect: unload },
    },
    [unload]: {
      tags: ["connected", "leaving"],
      on: { connect: again, released: "unloading.wanted" },
    },
    [again]: {
      tags: ["connected", "leaving"],
      on: { disconnect: unload, released: "contacting.wanted" },
    },
    "unloading.wanted": {
      tags: ["unloading"],
      on: { connect: "unloading.unwanted", unloaded: "disconnected" },
    },
    "unloading.unwanted": {
      tags: ["unloading"],
      on: { disconnect: "unloading.wanted", unloaded: "contacting.wanted" },
    },
  });
});

Deno.test("createGuestConnectionChart: says what is due on each step", () => {
  const along = (...events: string[]) => effectsAlong(createGuestConnectionChart(), ...events);
  assertEquals(along("connect"), ["contact"]);
  assertEquals(along("connect", "refused"), ["tryLower"]);
  assertEquals(along("connect", "accepted"), ["requestOffers"]);
  assertEquals(along("connect", "accepted", "disconnect"), ["leave"]);
  assertEquals(along("connect", "accepted", "disconnect", "released"), ["sendUnload"]);
  assertEquals(along("connect", "accepted", "connect", "released"), ["contact"]);
  assertEquals(along("connect", "disconnect", "accepted"), ["leave"]);
});
