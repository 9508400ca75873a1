import { assertEquals } from "@std/assert";
import { createConnectionChart } from "../../../../actors/bus/host/connection_machine.ts";
import { flatTableOf } from "../../../support/charts.ts";

// wire.md 4.5
Deno.test("createConnectionChart: offers once it was asked to, and never once the guest is gone", () => {
  assertEquals(flatTableOf(createConnectionChart()), {
    quiet: { tags: [], on: { requestOffers: "offering", guestGone: "gone" } },
    offering: { tags: ["offering"], on: { guestGone: "gone" } },
    gone: { tags: ["gone"], on: {} },
  });
});
