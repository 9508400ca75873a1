import { assert, assertEquals } from "@std/assert";
import { createPacketChart } from "../../../actors/packet/machine.ts";
import { flatTableOf } from "../../support/charts.ts";

const TABLE = flatTableOf(createPacketChart());

// kmcl.md P1, P4, S15, Y3
Deno.test("createPacketChart: allows a packet object what the life of a transaction is", () => {
  assertEquals(TABLE, {
    pooled: { tags: ["pooled"], on: { allocate: "owned" } },
    owned: {
      tags: [],
      on: { free: "pooled", queue: "queued", enter: "awaiting", enterLast: "ended" },
    },
    queued: { tags: ["inFlight"], on: { enter: "awaiting", enterLast: "ended", finish: "ended" } },
    awaiting: {
      tags: ["awaiting", "inFlight"],
      on: { complete: "owned", finish: "ended", withdraw: "withdrawn" },
    },
    withdrawn: { tags: ["inFlight", "withdrawn"], on: { complete: "owned", finish: "ended" } },
    ended: { tags: ["inFlight"], on: { complete: "owned" } },
  });
});

// kmcl.md P4: a packet object may be in one transaction at a time.
Deno.test("createPacketChart: sends and frees no packet that is in flight", () => {
  for (const [state, { tags, on }] of Object.entries(TABLE)) {
    const isFree = tags.every((tag) => tag !== "inFlight" && tag !== "pooled");
    assertEquals("queue" in on && "free" in on, isFree, state);
  }
});

// kmcl.md S15: each completion routine runs exactly once.
Deno.test("createPacketChart: leaves flight by its completion routine and no other way", () => {
  for (const { tags, on } of Object.values(TABLE)) {
    if (!tags.includes("inFlight")) continue;
    for (const [type, target] of Object.entries(on)) {
      assertEquals(TABLE[target]?.tags.includes("inFlight"), type !== "complete");
    }
    assert("complete" in on || "finish" in on, "every transaction can be ended");
  }
});
