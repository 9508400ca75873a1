import { assert, assertEquals, assertThrows } from "@std/assert";
import { BrokenInvariant } from "../../../core/assert.ts";
import { rewritePayload } from "../../../core/ring/rewrite.ts";
import {
  counting,
  createTestRing,
  inBand,
  inEachMemory,
  readPacket,
  shownPacket,
  writePacket,
} from "../../support/test_ring.ts";

// wire.md 2.4: the reader changes the packet in its place, wherever it wraps.
Deno.test(
  "rewritePayload: changes the packet that is shown, and no byte beside it",
  inEachMemory((kind) => {
    for (const at of [0, 4064, 4072, 4080, 4088]) {
      const { pages, memory, outgoing, incoming } = createTestRing(kind, 1, at);
      const payload = counting(24);
      for (let packet = 0; packet < 2; packet++) writePacket(outgoing, inBand(payload));
      outgoing.commit();
      assertEquals(incoming.next(), "packet");
      shownPacket(incoming); // it was copied before: the next look sees what is there now
      rewritePayload(
        incoming,
        memory,
        incoming.payloadStart + 8,
        Uint8Array.of(9, 8, 7, 6, 5, 4, 3, 2),
      );
      const changed = [...payload.slice(0, 8), 9, 8, 7, 6, 5, 4, 3, 2, ...payload.slice(16)];
      assertEquals(readPacket(incoming), inBand(changed));
      assertEquals(readPacket(incoming), inBand(payload));
      assert(pages.guardsHold());
    }
  }),
);

Deno.test("rewritePayload: does not leave the payload", () => {
  const { memory, outgoing, incoming } = createTestRing("plain", 1);
  writePacket(outgoing, inBand(counting(8)));
  outgoing.commit();
  incoming.next();
  for (const at of [-1, 1]) {
    const write = () =>
      rewritePayload(incoming, memory, incoming.payloadStart + at, new Uint8Array(8));
    assertThrows(write, BrokenInvariant);
  }
});

// wire.md 2.4: a writer keeps room for its last packet.
Deno.test("OutgoingRing.keptBytes: what is kept is there for nobody, until nothing is kept", () => {
  const { memory, outgoing, incoming } = createTestRing("plain", 1);
  outgoing.keptBytes = 32;
  assertEquals(outgoing.reserve(4096 - 16 - 24 - 24), "tooLarge");
  assertEquals(writePacket(outgoing, inBand(counting(4000))), "ok"); // 4024 of 4096
  outgoing.commit();
  assertEquals(outgoing.reserve(16), "full"); // 40 bytes, and 72 are left: 8 never, 32 kept
  assertEquals(outgoing.awaitRoom(16), false);
  assertEquals(memory.snapshot().pendingSendSize, 40 + 32);
  assertEquals(writePacket(outgoing, inBand(counting(8))), "ok");
  outgoing.commit();
  outgoing.clearAwaitRoom();
  assertEquals(outgoing.reserve(0), "full");
  outgoing.keptBytes = 0;
  assertEquals(writePacket(outgoing, inBand(counting(8))), "ok");
  outgoing.commit();
  assertEquals(outgoing.reserve(0), "full");
  readPacket(incoming);
  incoming.commit();
  assertEquals(outgoing.reserve(16), "ok");
});
