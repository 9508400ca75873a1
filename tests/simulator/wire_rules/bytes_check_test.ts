// What bytes break: which rule it is follows from where the damage lies, not from its words.

import { assertEquals } from "@std/assert";
import { decodeBytes } from "../../../simulator/decoding/decode_bytes.ts";
import { brokenBytes } from "../../../simulator/wire_rules/bytes_check.ts";

const PAGE_BYTES = 4096;

/** An image of an empty ring with these indices. */
function ringWith(writeIndex: number, readIndex: number): Uint8Array {
  const image = new Uint8Array(2 * PAGE_BYTES);
  const view = new DataView(image.buffer);
  view.setUint32(0, writeIndex, true);
  view.setUint32(4, readIndex, true);
  return image;
}

// wire.md 1.3
Deno.test("brokenBytes: an index that can be no place in the ring breaks the rule of indices", () => {
  const broken = [ringWith(12, 0), ringWith(0, 12), ringWith(4096, 8)].map((image) => {
    const [ring] = decodeBytes([image], { kind: "ring" });
    return brokenBytes(ring!).map(({ rule, offset }) => [rule, offset]);
  });
  assertEquals(broken, [
    [["wire.md 1.3: indices", 0]],
    [["wire.md 1.3: indices", 4]],
    [["wire.md 1.3: indices", 0]],
  ]);
});

// wire.md 1.2: the second ring's control page is where the first one's data would begin.
Deno.test("brokenBytes: a ring that ends early does not make an index of the next ring wrong", () => {
  const both = new Uint8Array(3 * PAGE_BYTES);
  const [rings] = decodeBytes([both], { kind: "rings", downstreamPageOffset: 1 });
  const broken = brokenBytes(rings!).map(({ rule, offset }) => [rule, offset]);
  assertEquals(broken, [["wire.md 1.9: what a reader refuses", PAGE_BYTES]]);
});

// A device names its fields as it likes.
Deno.test("brokenBytes: damage in a packet whose field is called readIndex is the packet's", () => {
  const damage = { offset: PAGE_BYTES + 16, reason: "readIndex: 3 is more than 2" };
  const title = "packet";
  const part = { title, fields: [], byteCount: 32, damage, index: 0 };
  const broken = brokenBytes({ kind: "ring", parts: [part], damage });
  assertEquals(broken, [{
    rule: "wire.md 1.9: what a reader refuses",
    offset: damage.offset,
    what: damage.reason,
  }]);
});
