import { assertEquals, assertThrows } from "@std/assert";
import { callbackOrderFault, type StateChangeCallback } from "../../../simulator/peers/mod.ts";

/** Callbacks by what stands behind `EvtChannel` in their names. */
function named(text: string): StateChangeCallback[] {
  return text.split(" ").filter((name) => name !== "")
    .map((name) => `EvtChannel${name}` as StateChangeCallback);
}

// kmcl.md S3, S4, S7, S10
Deno.test("callbackOrderFault: takes whatever begins as a life of a channel may", () => {
  for (
    const order of [
      "",
      "Opened",
      "Opened Closed",
      "Opened Started PostStarted Suspend Closed",
      "Opened Started Suspend Started PostStarted Suspend Closed Opened Started",
      "PnpFailure PnpFailure Opened Closed PnpFailure",
    ]
  ) assertEquals(callbackOrderFault(named(order)), null, order);
});

const WRONG: readonly [string, string][] = [
  [
    "Started",
    "callback 0 is EvtChannelStarted as the first one: there may be EvtChannelOpened or EvtChannelPnpFailure",
  ],
  [
    "Opened Opened",
    "callback 1 is EvtChannelOpened after EvtChannelOpened: there may be EvtChannelStarted or EvtChannelClosed",
  ],
  [
    "Opened Suspend",
    "callback 1 is EvtChannelSuspend after EvtChannelOpened: there may be EvtChannelStarted or EvtChannelClosed",
  ],
  [
    "Opened Started Closed",
    "callback 2 is EvtChannelClosed after EvtChannelStarted: there may be EvtChannelPostStarted or EvtChannelSuspend",
  ],
  [
    "Opened Started Suspend PostStarted",
    "callback 3 is EvtChannelPostStarted after EvtChannelSuspend: there may be EvtChannelStarted or EvtChannelClosed",
  ],
  [
    "Opened Started PostStarted PostStarted",
    "callback 3 is EvtChannelPostStarted after EvtChannelPostStarted: there may be EvtChannelSuspend",
  ],
  [
    "Opened Closed Closed",
    "callback 2 is EvtChannelClosed after EvtChannelClosed: there may be EvtChannelOpened or EvtChannelPnpFailure",
  ],
];

for (const [order, fault] of WRONG) {
  Deno.test(`callbackOrderFault: ${order} is out of order`, () => {
    assertEquals(callbackOrderFault(named(order)), fault);
  });
}

Deno.test("callbackOrderFault: misuse is told", () => {
  assertThrows(
    () => callbackOrderFault(["EvtChannelOpened", "Started" as never]),
    TypeError,
    "Cannot check the order of callbacks: number 1 is no state change callback: Started",
  );
});
