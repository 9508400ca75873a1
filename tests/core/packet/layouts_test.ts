import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Damage } from "../../../core/layout/mod.ts";
import { GPA_DIRECT_HEADER, PIPE_HEADER } from "../../../core/packet/layouts.ts";
import { PACKET_GPA_DIRECT } from "../../../core/packet/packet.ts";
import {
  PIPE_DATA_MAX,
  PIPE_HEADER_BYTES,
  readPipeHeader,
  writePipeHeader,
} from "../../../core/packet/pipe.ts";
import { VmbusCodec } from "../../../core/packet/vmbus_codec.ts";
import { encodeBody, packetOf } from "../../support/packet_frames.ts";

// wire.md 2.3. The codec writes the header by hand, as it is on the way of packets.
Deno.test("GPA_DIRECT_HEADER: is what the codec writes before a payload", () => {
  const range = fc.tuple(fc.integer({ min: 1, max: 20_000 }), fc.nat({ max: 4095 }))
    .map(([byteCount, byteOffset]) => ({
      byteCount,
      byteOffset,
      pfns: Array.from({ length: Math.ceil((byteCount + byteOffset) / 4096) }, (_, at) => at),
    }));
  const payloads = fc.uint8Array({ maxLength: 20 });
  const codec = new VmbusCodec();
  fc.assert(
    fc.property(fc.array(range, { minLength: 1, maxLength: 4 }), payloads, (ranges, payload) => {
      const packet = packetOf({
        type: PACKET_GPA_DIRECT,
        completionRequested: true,
        payload,
        ranges,
      });
      const header = GPA_DIRECT_HEADER.encode({ rangeCount: ranges.length, ranges });
      assertEquals(encodeBody(codec, packet), Uint8Array.of(...header, ...payload));
      assertEquals(codec.frame(packet).headerBytes, header.length);
      assertEquals(GPA_DIRECT_HEADER.decode(header), { rangeCount: ranges.length, ranges });
    }),
    { seed: 24, numRuns: 60 },
  );
});

// wire.md 2.4
Deno.test("PIPE_HEADER: is what pipe.ts writes and reads by hand", () => {
  fc.assert(
    fc.property(fc.nat({ max: PIPE_DATA_MAX }), (length) => {
      const byHand = new Uint8Array(PIPE_HEADER_BYTES);
      writePipeHeader(byHand, 0, length);
      assertEquals(PIPE_HEADER.encode({ packetType: 1, length }), byHand);
      assertEquals(readPipeHeader(byHand, 0, PIPE_HEADER_BYTES + length), length);
    }),
    { seed: 25, numRuns: 50 },
  );
  assertEquals(PIPE_HEADER.decode(new Uint8Array(7)) instanceof Damage, true);
});
