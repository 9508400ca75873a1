import { assertEquals } from "@std/assert";
import { createGuestGpadlChart } from "../../../../actors/bus/guest/gpadl_machine.ts";
import { effectsAlong, flatTableOf } from "../../../support/charts.ts";

// wire.md 5.6
Deno.test("createGuestGpadlChart: the host answers a creation and a teardown, each once", () => {
  assertEquals(flatTableOf(createGuestGpadlChart()), {
    creating: {
      tags: ["creating"],
      on: {
        accepted: "created",
        guestGone: "removed",
        refused: "removed",
        unanswered: "forsaken",
      },
    },
    forsaken: {
      tags: ["forsaken"],
      on: { accepted: "reclaiming", guestGone: "removed", refused: "removed" },
    },
    reclaiming: {
      tags: ["deleting", "forsaken"],
      on: { guestGone: "removed", torndown: "removed" },
    },
    created: { tags: ["created"], on: { guestGone: "removed", teardown: "deleting" } },
    deleting: { tags: ["deleting"], on: { guestGone: "removed", torndown: "removed" } },
    removed: { tags: [], on: {} },
  });
});

// kmcl.md G4: the memory is pinned as long as the host may have it.
Deno.test("createGuestGpadlChart: memory is pinned until the host has let go of it", () => {
  const along = (...events: string[]) => effectsAlong(createGuestGpadlChart(), ...events);
  assertEquals(along("accepted"), ["pin"]);
  assertEquals(along("refused"), ["remove", "answerWaits"]);
  assertEquals(along("unanswered"), ["forsake"]);
  assertEquals(along("unanswered", "refused"), ["remove", "answerWaits"]);
  assertEquals(along("unanswered", "accepted"), ["sendTeardown"]);
  assertEquals(along("unanswered", "accepted", "torndown"), ["remove", "answerWaits"]);
  assertEquals(along("accepted", "teardown"), ["sendTeardown"]);
  assertEquals(along("accepted", "teardown", "torndown"), ["unpin", "remove", "answerWaits"]);
  assertEquals(along("accepted", "teardown", "guestGone"), ["remove", "answerWaits"]);
});
