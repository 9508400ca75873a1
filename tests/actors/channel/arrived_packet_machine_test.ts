import { assertEquals } from "@std/assert";
import { createArrivedPacketChart } from "../../../actors/channel/arrived_packet_machine.ts";
import { flatTableOf } from "../../support/charts.ts";

const TABLE = flatTableOf(createArrivedPacketChart());

function has(state: string | undefined, tag: string): boolean {
  return TABLE[state ?? ""]?.tags.includes(tag) === true;
}

// kmcl.md R4: a driver retires each packet once, and one that it handed back not at all.
Deno.test("createArrivedPacketChart: has a packet retired by whoever may act on it, once", () => {
  for (const [state, { on }] of Object.entries(TABLE)) {
    for (const type of ["complete", "fail"]) assertEquals(type in on, has(state, "live"), state);
    for (const [type, target] of Object.entries(on)) {
      if (type !== "complete" && type !== "fail") continue;
      assertEquals([has(target, "live"), has(target, "outstanding")], [false, false], state);
    }
  }
});

// kmcl.md section 5, VmbChannelPacketDeferToPassive: only inline in ProcessPacket.
Deno.test("createArrivedPacketChart: has a packet handed back by the call under way alone", () => {
  for (const [state, { on }] of Object.entries(TABLE)) {
    assertEquals("defer" in on, has(state, "inCall") && has(state, "live"), state);
    assertEquals("awaitPages" in on, has(state, "live"), state);
    assertEquals("returned" in on, has(state, "inCall"), state);
    if (!has(state, "inCall")) continue;
    const isKept = has(state, "outstanding") && !has(state, "handedBack");
    assertEquals(on["returned"], isKept ? "held" : "unused", state);
  }
});

// kmcl.md R6: for the quota a packet is there until its completion is in the ring.
Deno.test("createArrivedPacketChart: counts a packet for the quota until its completion has left", () => {
  for (const [state, { tags, on }] of Object.entries(TABLE)) {
    assertEquals(
      tags.includes("unsettled"),
      tags.includes("outstanding") || "settled" in on,
      state,
    );
    assertEquals(on["settled"] ?? "unused", "unused");
  }
});
