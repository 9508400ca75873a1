import { assert, assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { CopyRoom } from "../../core/blocks.ts";
import { hashOfBytes, MixHash, wordsOfText } from "../../core/mix_hash.ts";

/** Bytes without a pattern, the same each time. */
function noise(byteCount: number, seed = 1): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length: byteCount }, () => {
    state = Math.imul(state, 1664525) + 1013904223 | 0;
    return state >>> 24;
  });
}

function lanesOf(take: (hash: MixHash) => void): readonly number[] {
  const hash = new MixHash();
  take(hash);
  return hash.lanes;
}

// Pinned, so that the digest of a run stays the same from version to version.
Deno.test("hashOfBytes: what it gives stays as it is", () => {
  assertEquals(
    [0, 1, 16, 17, 300].map((byteCount) => hashOfBytes(noise(byteCount), byteCount)),
    [
      "072c3f82d70d51a8",
      "1fd19d18cc577662",
      "e6ea23137c999f0e",
      "c75eca3c55d3e7ac",
      "f86a0cc2868e4a97",
    ],
  );
});

Deno.test("MixHash: bytes, views and words that say the same lead to the same state", () => {
  for (let byteCount = 0; byteCount <= 64; byteCount++) {
    for (const offset of [0, 1, 3]) {
      const whole = noise(offset + byteCount + 5);
      const bytes = whole.subarray(offset, offset + byteCount + 2);
      const expected = lanesOf((hash) => hash.takeBytes(bytes, byteCount));
      const view = new DataView(whole.buffer);
      assertEquals(lanesOf((hash) => hash.takeView(view, offset, byteCount)), expected);
      const padded = new Uint8Array(Math.ceil(byteCount / 16) * 16);
      padded.set(bytes.subarray(0, byteCount));
      const source = new DataView(padded.buffer);
      const words = Int32Array.from(
        { length: padded.length / 4 },
        (_, at) => source.getInt32(4 * at, true),
      );
      assertEquals(lanesOf((hash) => hash.takeWords(words, words.length)), expected);
    }
  }
});

Deno.test("MixHash: long bytes lead where their views do", () => {
  for (const byteCount of [255, 256, 257, 5000]) {
    const whole = noise(byteCount + 3);
    assertEquals(
      lanesOf((hash) => hash.takeBytes(whole.subarray(3), byteCount)),
      lanesOf((hash) => hash.takeView(new DataView(whole.buffer), 3, byteCount)),
    );
  }
});

Deno.test("MixHash.takePacket: takes words, four more, then what a copy holds", () => {
  const room = new CopyRoom();
  const words = Int32Array.from(noise(8));
  for (const byteCount of [0, 7, 64, 70, 3000, 4096]) {
    room.reserve(byteCount);
    room.copy.set(noise(byteCount));
    assertEquals(
      lanesOf((hash) => hash.takePacket(words, words.length, 1, -2, 3, byteCount, room)),
      lanesOf((hash) => {
        hash.takeWords(words, words.length);
        hash.takeWords(Int32Array.of(1, -2, 3, byteCount), 4);
        hash.takeBytes(room.copy, byteCount);
      }),
    );
  }
});

Deno.test("MixHash.takeWords: in however many calls, as long as they are whole steps", () => {
  const words = Int32Array.from(noise(64));
  const inParts = lanesOf((hash) => {
    for (let at = 0; at < words.length;) at += hash.takeWords(words.subarray(at), 7);
  });
  assertEquals(inParts, lanesOf((hash) => hash.takeWords(words, words.length)));
  assertEquals(new MixHash().takeWords(words, 3), 0);
});

Deno.test("hashOfBytes: no two of 18 000 that differ in one or two bits have half a hash in common", () => {
  const bytes = noise(24);
  const halves = [new Set<string>(), new Set<string>()];
  let count = 0;
  const add = () => {
    const hash = hashOfBytes(bytes, bytes.length);
    halves[0]!.add(hash.slice(0, 8));
    halves[1]!.add(hash.slice(8));
    count++;
  };
  const flip = (bit: number) => bytes[bit >> 3]! ^= 1 << (bit & 7);
  add();
  for (let one = 0; one < bytes.length * 8; one++) {
    flip(one);
    add();
    for (let other = 0; other < one; other++) {
      flip(other);
      add();
      flip(other);
    }
    flip(one);
  }
  // By chance 18 000 values of 32 bits collide 0.04 times.
  for (const half of halves) assert(half.size >= count - 2, `${count - half.size} collisions`);
});

Deno.test("hashOfBytes: each bit of the input turns about half of all bits of the hash", () => {
  for (const byteCount of [1, 8, 15, 16, 40]) {
    const bytes = noise(byteCount, 7);
    const before = BigInt(`0x${hashOfBytes(bytes, byteCount)}`);
    let turned = 0;
    for (let bit = 0; bit < byteCount * 8; bit++) {
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      const after = BigInt(`0x${hashOfBytes(bytes, byteCount)}`);
      const ones = (before ^ after).toString(2).replaceAll("0", "").length;
      assert(ones >= 12 && ones <= 52, `${byteCount} bytes, bit ${bit}: ${ones} of 64`);
      turned += ones;
      bytes[bit >> 3]! ^= 1 << (bit & 7);
    }
    const mean = turned / (byteCount * 8);
    assert(mean > 26 && mean < 38, `${byteCount} bytes: ${mean} of 64`);
  }
});

Deno.test("hashOfBytes: zeros at the end count", () => {
  const hashes = Array.from(
    { length: 50 },
    (_, byteCount) => hashOfBytes(new Uint8Array(50), byteCount),
  );
  assertEquals(new Set(hashes).size, 50);
});

Deno.test("MixHash.takeText: takes what wordsOfText gives, and zeros up to a whole step", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("a", "\0", "\xff", "\ud800"), maxLength: 9 }),
      (text) => {
        const [one, other] = [new MixHash(), new MixHash()];
        one.takeText(text);
        const words = [...wordsOfText(text), 0, 0, 0];
        other.takeWords(Int32Array.from(words), words.length);
        assertEquals(one.lanes, other.lanes);
      },
    ),
  );
});

Deno.test("wordsOfText: two texts have the same words only when they are the same", () => {
  // Few units, so that many pairs are the same, or nearly.
  const unit = fc.constantFrom("\0", "\x01", "\ud800", "\udc00");
  const texts = fc.string({ unit, maxLength: 3 });
  fc.assert(
    fc.property(texts, texts, (one, other) => {
      assertEquals(wordsOfText(one).join() === wordsOfText(other).join(), one === other);
    }),
    { seed: 44 },
  );
  assertNotEquals(wordsOfText("\ud800"), wordsOfText("\udc00"));
  assertNotEquals(wordsOfText("a"), wordsOfText("a\0"));
});
