import { assert, assertEquals, assertThrows } from "@std/assert";
import { BrokenInvariant } from "../../../core/assert.ts";
import {
  counting,
  createTestRing,
  inBand,
  inEachMemory,
  readPacket,
  writePacket,
} from "../../support/test_ring.ts";

// wire.md 1.3
Deno.test(
  "OutgoingRing: long payloads are in the ring as short ones are, wherever they wrap",
  inEachMemory((kind) => {
    for (const payloadBytes of [8191, 8192, 8197, 16_000]) {
      for (const index of [0, 8, 4080, 12_264, 20_456]) {
        const payload = counting(payloadBytes);
        const packet = { ...inBand(payload, 7), type: 9, header: counting(16, 3) };
        const { pages, outgoing, incoming } = createTestRing(kind, 5, index);
        writePacket(outgoing, packet);
        outgoing.commit();
        const whole = createTestRing(kind, 5, index);
        whole.outgoing.reserve(16 + payloadBytes);
        whole.outgoing.body.set([...packet.header, ...payload], whole.outgoing.bodyStart);
        whole.outgoing.finish(9, 16, 0, 7, 0);
        whole.outgoing.commit();
        assertEquals(pages.copy(), whole.pages.copy());
        const padding = new Array(-payloadBytes & 7).fill(0);
        assertEquals(readPacket(incoming), { ...packet, payload: [...payload, ...padding] });
        assert(pages.guardsHold());
      }
    }
  }),
);

// wire.md 1.4
Deno.test("OutgoingRing: a payload lies inside the body that was reserved", () => {
  const { outgoing } = createTestRing("scattered", 5);
  outgoing.reserve(9000);
  const payload = new Uint8Array(9001);
  const { bodyStart } = outgoing;
  assertThrows(() => outgoing.putPayload(bodyStart, payload, 0, 9001), BrokenInvariant, "inside");
  assertThrows(
    () => outgoing.putPayload(bodyStart - 1, payload, 0, 9000),
    BrokenInvariant,
    "inside",
  );
});
