import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { PAGE_BYTES } from "../../../core/units.ts";
import { fieldsOfRing, fieldsOfRings } from "../../../simulator/decoding/ring.ts";
import { rawPacketBytes } from "../../../simulator/peers/mod.ts";

const DATA_BYTES = PAGE_BYTES;

/** A ring with one packet of each of these transactions, from `start` of the data area on. */
function ringOf(start: number, transactionIds: readonly number[], unreadCount: number): Uint8Array {
  const image = new Uint8Array(PAGE_BYTES + DATA_BYTES);
  const view = new DataView(image.buffer);
  let index = start;
  const starts: number[] = [];
  for (const id of transactionIds) {
    const packet = rawPacketBytes({ transactionId: BigInt(id), body: new Uint8Array(24).fill(id) });
    const trailer = new Uint32Array([0, index]);
    for (const [at, byte] of [...packet, ...new Uint8Array(trailer.buffer)].entries()) {
      image[PAGE_BYTES + (index + at) % DATA_BYTES] = byte;
    }
    starts.push(index);
    index = (index + packet.length + 8) % DATA_BYTES;
  }
  starts.push(index);
  view.setUint32(0, index, true);
  view.setUint32(4, starts.at(-1 - unreadCount)!, true);
  view.setUint32(64, 1, true);
  return image;
}

/** The transactions of packets, and where they begin in the image. */
function placesOf(packets: ReturnType<typeof fieldsOfRing>["packets"]): string[] {
  return packets.map(({ text, fields }) => `${text} at ${fields[0]?.offset}`);
}

// wire.md 1.2, 1.4
Deno.test("fieldsOfRing: tells packets that nobody has read from those that lie there still", () => {
  const ring = fieldsOfRing(ringOf(0, [1, 2, 3, 4], 2), {}, 100);
  assertEquals(ring.damage, null);
  assertEquals([ring.dataBytes, ring.usedBytes], [DATA_BYTES, 96]);
  assertEquals(placesOf(ring.stale), [
    "inBand, transaction 1 at 4196",
    "inBand, transaction 2 at 4244",
  ]);
  assertEquals(placesOf(ring.packets), [
    "inBand, transaction 3 at 4292",
    "inBand, transaction 4 at 4340",
  ]);
  assertEquals(ring.packets.map(({ index }) => index), [96, 144]);
  assertEquals(ring.controlPage.fields.map(({ name, value }) => [name, value]).slice(0, 2), [
    ["writeIndex", 192],
    ["readIndex", 96],
  ]);
});

// wire.md 1.4: a packet may wrap at any word
Deno.test("fieldsOfRing: offsets are those of the image where a packet wraps, wherever it does", () => {
  for (let start = DATA_BYTES - 48; start < DATA_BYTES; start += 8) {
    const { packets, stale, damage } = fieldsOfRing(ringOf(start, [1, 2], 1));
    assertEquals([damage, stale.length, packets.length], [null, 1, 1]);
    const [descriptor, payload] = stale[0]!.fields;
    assertEquals(descriptor?.offset, PAGE_BYTES + start);
    assertEquals(payload?.offset, PAGE_BYTES + (start + 16) % DATA_BYTES);
    assertEquals(payload?.value, "01".repeat(24));
  }
});

Deno.test("fieldsOfRing: what was written over is not taken for a packet", () => {
  const image = ringOf(0, [1, 2, 3, 4], 1);
  image[PAGE_BYTES + 48 + 4] = 9; // the length of packet 2
  assertEquals(placesOf(fieldsOfRing(image).stale), ["inBand, transaction 3 at 4192"]);
  image.fill(0xff, PAGE_BYTES + 96, PAGE_BYTES + 144);
  assertEquals(fieldsOfRing(image).stale, []);
});

// wire.md 1.9
Deno.test("fieldsOfRing: says what is wrong, and where", () => {
  const image = ringOf(0, [1, 2, 3], 3);
  const wrong = (at: number, value: number) => {
    const changed = image.slice();
    new DataView(changed.buffer).setUint32(at, value, true);
    const { packets, damage } = fieldsOfRing(changed);
    return [packets.length, damage?.offset, damage?.reason];
  };
  assertEquals(wrong(0, 4096), [
    0,
    0,
    "writeIndex: 4096 is no place of a word in 4096 bytes of data",
  ]);
  assertEquals(wrong(4, 4), [0, 4, "readIndex: 4 is no place of a word in 4096 bytes of data"]);
  assertEquals(wrong(0, 56), [
    2,
    PAGE_BYTES + 48 + 8,
    "transactionId takes 8 bytes, 0 are there",
  ]);
  assertEquals(wrong(0, 80), [
    2,
    PAGE_BYTES + 48 + 4,
    "length8: the packet has 40 bytes, 32 are there",
  ]);
  assertEquals(fieldsOfRing(image.subarray(0, 5000)).damage?.offset, 5000);
  assertEquals(fieldsOfRing(image.subarray(0, 50)).damage?.reason.includes("whole pages"), true);
});

Deno.test("fieldsOfRings: both halves of a channel", () => {
  const both = new Uint8Array([...ringOf(0, [1], 1), ...ringOf(8, [2], 1)]);
  const { upstream, downstream } = fieldsOfRings(both, 2);
  assertEquals(placesOf(upstream.packets), ["inBand, transaction 1 at 4096"]);
  assertEquals(placesOf(downstream.packets), ["inBand, transaction 2 at 12296"]);
  assertEquals(fieldsOfRings(both, 99).downstream.damage?.offset, both.length);
});

Deno.test("fieldsOfRing: never throws, and ends", () => {
  const anyChanges = fc.array(fc.tuple(fc.nat({ max: 400 }), fc.nat({ max: 255 })), {
    maxLength: 20,
  });
  const image = ringOf(4000, [1, 2, 3, 4], 2);
  fc.assert(
    fc.property(anyChanges, fc.nat({ max: 8192 }), (changes, byteCount) => {
      const changed = image.slice(0, byteCount);
      // The places that are about something: the control page's words, and where the packets lie.
      for (const [at, value] of changes) {
        changed[at < 16 ? at : (at + PAGE_BYTES + 3900) % image.length] = value;
      }
      const ring = fieldsOfRing(changed);
      assertEquals(ring.packets.length <= ring.dataBytes / 24 + 1, true);
    }),
    { seed: 17, numRuns: 200 },
  );
});
