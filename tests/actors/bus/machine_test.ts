import { assertEquals } from "@std/assert";
import { createBusChart } from "../../../actors/bus/machine.ts";
import { flatTableOf } from "../../support/charts.ts";

// wire.md 4.5
Deno.test("createBusChart: offers once it was asked to, and never once the guest is gone", () => {
  assertEquals(flatTableOf(createBusChart()), {
    quiet: { tags: [], on: { requestOffers: "offering", guestGone: "gone" } },
    offering: { tags: ["offering"], on: { guestGone: "gone" } },
    gone: { tags: ["gone"], on: {} },
  });
});
