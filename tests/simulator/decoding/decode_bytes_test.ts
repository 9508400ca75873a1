import { assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { PAGE_BYTES } from "../../../core/units.ts";
import { BYTES_KINDS, decodeBytes } from "../../../simulator/decoding/decode_bytes.ts";
import { linesOfBytes } from "../../../simulator/decoded_steps/text.ts";
import { rawPacketBytes } from "../../../simulator/peers/mod.ts";
import { fromHex } from "../../support/decoded_lines.ts";

const REQUEST_OFFERS = fromHex("03000000 00000000");
const PACKET = rawPacketBytes({ transactionId: 5n, body: new Uint8Array(8) });

/** A ring of one page whose only packet nobody has read. */
function ringImage(): Uint8Array {
  const image = new Uint8Array(2 * PAGE_BYTES);
  image.set(PACKET, PAGE_BYTES);
  new DataView(image.buffer).setUint32(0, PACKET.length + 8, true);
  return image;
}

function bothRings(): Uint8Array {
  const image = new Uint8Array(4 * PAGE_BYTES);
  image.set(ringImage());
  return image;
}

Deno.test("decodeBytes: takes bytes for what they look like, unless it is told", () => {
  const looks = [REQUEST_OFFERS, PACKET, ringImage(), bothRings()].map((bytes) => {
    const [{ kind, isGuess, damage } = { kind: "", isGuess: null, damage: null }] = decodeBytes([
      bytes,
    ]);
    return [kind, isGuess, damage];
  });
  assertEquals(looks, [
    ["message", true, null],
    ["packet", true, null],
    ["ring", true, null],
    ["rings", true, null],
  ]);
  const [told] = decodeBytes([PACKET], { kind: "message" });
  assertEquals([told?.kind, told?.isGuess, told?.damage?.offset], ["message", false, 0]);
});

// wire.md 1.2, 2.1
Deno.test("decodeBytes: a ring's page comes first, then its packets, with what is wrong where it is", () => {
  const image = ringImage();
  image[PAGE_BYTES + 4] = 200; // it has 1600 bytes by what it says
  const [decoded] = decodeBytes([image]);
  const lines = linesOfBytes(decoded!, {});
  assertEquals(lines[0], "ring: 4096 bytes of data, 32 of them unread");
  assertStringIncludes(lines.join("\n"), "packet at index 0: inBand, transaction 5");
  assertStringIncludes(lines.at(-1)!, "damaged at 0x1004: length8: the packet has 1600 bytes, 32");
});

// wire.md 3.3
Deno.test("decodeBytes: the messages of a GPADL are one, and a lone body says that it is none", () => {
  const [decoded] = decodeBytes([fromHex("0900000000000000")], { kind: "gpadl" });
  assertEquals(decoded?.damage === null, false);
  const [header, ranges] = decoded?.parts.map(({ title }) => title) ?? [];
  assertEquals([header, ranges], ["message 1", "ranges, from the first word on"]);
});

Deno.test("decodeBytes: whatever the bytes are, it ends, and gives fields inside of them", () => {
  const word = fc.constantFrom(0, 1, 2, 3, 6, 7, 8, 9, 11, 13, 29, 64, 200, 255);
  const bytes = fc.array(word, { maxLength: 64 }).map((list) => {
    const image = new Uint8Array(list.length > 48 ? 2 * PAGE_BYTES : list.length);
    image.set(list);
    if (image.length > list.length) image.set(list, PAGE_BYTES);
    return image;
  });
  const kind = fc.option(fc.constantFrom(...BYTES_KINDS), { nil: undefined });
  fc.assert(fc.property(bytes, kind, (given, told) => {
    for (const decoded of decodeBytes([given], told === undefined ? {} : { kind: told })) {
      linesOfBytes(decoded, {});
      for (const { fields } of decoded.kind === "gpadl" ? [] : decoded.parts) {
        for (const { offset, byteCount } of fields) {
          assertEquals(offset + byteCount <= given.length, true);
        }
      }
    }
  }));
});
