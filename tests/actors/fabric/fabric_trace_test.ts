import { assertEquals } from "@std/assert";
import { STATUS_SUCCESS } from "../../../mod.ts";
import { closePair, openPair } from "../../support/connected_pair.ts";

Deno.test("traceCallback: what a callback returns is a status where it must be one, and nowhere else", async () => {
  const pair = await openPair({
    fabric: { trace: "full" },
    serverCallbacks: {
      EvtChannelOpened: () => STATUS_SUCCESS,
      EvtChannelStarted: (() => 0x11) as never, // a number that means nothing
    },
  });
  const ends = pair.fabric.trace.filter(({ event }) => event === "callbackEnd");
  const statusOf = (callback: string) =>
    ends.find(({ subject, values }) => subject.includes("server") && values[0] === callback)!
      .details
      .status;
  assertEquals(statusOf("EvtChannelOpened"), STATUS_SUCCESS);
  assertEquals(statusOf("EvtChannelStarted"), undefined);
  await closePair(pair);
});
