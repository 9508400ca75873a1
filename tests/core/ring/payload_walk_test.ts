// Payloads of all lengths at all places of a ring, into one room for copies (wire.md 1.3, 1.6).
import { assert, assertEquals } from "@std/assert";
import { CopyRoom } from "../../../core/blocks.ts";
import { Chance } from "../../../core/chance.ts";
import { createTestRing, inEachMemory } from "../../support/test_ring.ts";

/** The lengths around each switch from one way of copying to another. */
const LENGTHS = [0, 1, 255, 257, 2047, 2049, 8191, 8192, 8193, 16_384, 30_000];
const HEADER_BYTES = 8;
const PACKETS = 250;

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

Deno.test(
  "IncomingRing.takePayload: what putPayload wrote, wherever it wraps and whatever was copied before",
  inEachMemory((kind) => {
    const chance = Chance.fromSeed(7);
    for (const dataPages of [1, 2, 3, 9]) {
      const { outgoing, incoming, pages } = createTestRing(kind, dataPages, 8 * chance.below(512));
      const room = new CopyRoom();
      let last: Uint8Array = new Uint8Array(0);
      for (let index = 0; index < PACKETS; index++) {
        const longest = Math.min(dataPages * 4096 - 64, 30_000);
        const byteCount = Math.min(
          LENGTHS[chance.below(LENGTHS.length)]! + chance.below(3),
          longest,
        );
        // A part of an array, or the very copy that came out last: it lies in the room that comes next.
        const isAnswer = chance.below(3) === 0;
        const array = isAnswer ? last : chance.bytes(byteCount + chance.below(20));
        const start = isAnswer ? 0 : array.length - byteCount;
        const payload = isAnswer ? last.slice() : array.slice(start);
        assertEquals(outgoing.reserve(HEADER_BYTES + payload.length), "ok");
        outgoing.body.fill(0, outgoing.bodyStart, outgoing.bodyStart + HEADER_BYTES);
        outgoing.putPayload(outgoing.bodyStart + HEADER_BYTES, array, start, payload.length);
        outgoing.finish(6, HEADER_BYTES, 0, index, 0);
        outgoing.commit();
        assertEquals(incoming.next(), "packet");
        // Who looks into a packet has it copied as a whole first, where it wraps.
        const whole = chance.below(2) === 0 ? incoming.bytes : null;
        const { payloadStart } = incoming;
        last = incoming.takePayload(room, payloadStart, payload.length);
        assert(
          isSame(last, payload),
          `${dataPages} pages, packet ${index}: ${payload.length} bytes`,
        );
        const end = payloadStart + payload.length;
        assert(whole === null || isSame(whole.slice(payloadStart, end), payload));
        incoming.advance();
        incoming.commit();
      }
      assert(pages.guardsHold());
    }
  }),
);
