/** Images: sparse ones, and a write cache that a crash loses: storage.md D12, M1. */

import { assertEquals, assertThrows } from "@std/assert";
import { memoryImage } from "../../../../devices/image.ts";
import { sparseImage, WriteCache } from "../../../../devices/storage/mod.ts";

const bytes = (byteCount: number, value: number) => new Uint8Array(byteCount).fill(value);

Deno.test("sparseImage: keeps what was written, and nothing else", () => {
  const image = sparseImage(2 ** 40);
  assertEquals([image.byteCount, image.keptBytes], [2 ** 40, 0]);
  const far = 2 ** 39 + 65_530;
  image.write(far, Uint8Array.from({ length: 12 }, (_, at) => at + 1));
  assertEquals(image.keptBytes, 2 * 65_536);
  const read = bytes(16, 0xee);
  image.read(far - 2, read);
  assertEquals([...read], [0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 0]);
  assertEquals(image.extentAt(0), { byteCount: 2 ** 39, isMapped: false });
  assertEquals(image.extentAt(2 ** 39 + 5), { byteCount: 2 * 65_536 - 5, isMapped: true });
  image.discard(2 ** 39, 65_536);
  assertEquals(image.extentAt(2 ** 39 + 65_536), { byteCount: 65_536, isMapped: true });
  image.discard(far + 7, 2);
  image.read(far - 2, read);
  assertEquals([...read], [0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 10, 11, 12, 0, 0]);
});

Deno.test("sparseImage: ends where it ends, and what is cut off is gone", () => {
  const image = sparseImage(1000);
  for (const call of [image.read, image.write].map((method) => method.bind(image))) {
    call(999, bytes(1, 3));
    assertThrows(
      () => call(999, bytes(2, 3)),
      RangeError,
      "Cannot reach byte 1001: the image has 1000",
    );
  }
  assertThrows(() => image.discard(0, 1001), RangeError);
  assertThrows(() => image.extentAt(1001), RangeError);
  image.write(0, bytes(1000, 9));
  image.resize(500);
  image.resize(1000);
  const read = bytes(2, 1);
  image.read(499, read);
  assertEquals([...read], [9, 0]);
  for (const size of [-1, 0.5, 2 ** 53]) {
    assertThrows(() => sparseImage(size), RangeError, `${size}`);
  }
});

Deno.test("WriteCache: reads see what was written, the image what was flushed", () => {
  // storage.md D12.
  const image = sparseImage(4096);
  const cache = new WriteCache(image);
  const [read, behind] = [bytes(6, 0), bytes(6, 0)];
  const both = () => {
    cache.read(510, read);
    image.read(510, behind);
    return [[...read], [...behind]];
  };
  cache.write(511, Uint8Array.of(1, 2, 3));
  assertEquals([both(), cache.dirtySectors], [[[0, 1, 2, 3, 0, 0], [0, 0, 0, 0, 0, 0]], 2]);
  assertEquals(cache.extentAt(3), { byteCount: 509, isMapped: true });
  assertEquals(cache.extentAt(1024), { byteCount: 512, isMapped: false });
  cache.flush();
  assertEquals([both(), cache.dirtySectors], [[[0, 1, 2, 3, 0, 0], [0, 1, 2, 3, 0, 0]], 0]);
  cache.write(513, Uint8Array.of(9, 8));
  cache.crash();
  assertEquals([both(), cache.dirtySectors], [[[0, 1, 2, 3, 0, 0], [0, 1, 2, 3, 0, 0]], 0]);
  assertThrows(() => cache.write(4095, bytes(2, 1)), RangeError, "Cannot reach byte 4097");
  assertEquals([cache.byteCount, cache.isReadOnly], [4096, false]);
});

Deno.test("WriteCache: what is given back is gone at once, in the cache and behind it", () => {
  const image = sparseImage(4096);
  const cache = new WriteCache(image);
  cache.write(0, bytes(2048, 7));
  cache.flush();
  cache.write(0, bytes(1536, 8));
  cache.discard?.(100, 1000); // parts of the sectors 0 and 2, all of 1
  const expected = bytes(2048, 0);
  expected.fill(8, 0, 100).fill(8, 1100, 1536).fill(7, 1536);
  const read = bytes(2048, 1);
  cache.read(0, read);
  assertEquals([read, cache.dirtySectors], [expected, 2]);
  cache.crash();
  image.read(0, read);
  assertEquals(read, expected.fill(7, 0, 100).fill(7, 1100, 1536));
  assertEquals(new WriteCache(memoryImage(bytes(512, 0))).discard, undefined);
});

Deno.test("sparseImage: gives back and looks through as much as it has in as little time as it keeps", () => {
  const image = sparseImage(2 ** 52);
  image.write(2 ** 51, bytes(3 * 65_536, 1));
  for (let times = 0; times < 1000; times++) image.discard(5, 2 ** 51);
  assertEquals(image.keptBytes, 3 * 65_536);
  assertEquals(image.extentAt(7), { byteCount: 2 ** 51 - 7, isMapped: false });
  image.discard(2 ** 51 + 65_536, 65_536);
  assertEquals(image.extentAt(2 ** 51), { byteCount: 65_536, isMapped: true });
  image.discard(0, 2 ** 52);
  assertEquals([image.keptBytes, image.extentAt(9).byteCount], [0, 2 ** 52 - 9]);
});

Deno.test("WriteCache: a crash keeps, tears and loses sectors as it is told", () => {
  // storage.md D12.
  const image = sparseImage(8 * 512);
  const cache = new WriteCache(image);
  cache.write(0, bytes(512, 1));
  cache.flush();
  cache.write(2 * 512, bytes(512, 3));
  cache.write(0, bytes(2 * 512, 2));
  const asked: number[] = [];
  cache.crash((offset, byteCount) => {
    asked.push(offset, byteCount);
    return [100, 512, 0][offset / 512]!;
  });
  assertEquals(asked, [1024, 512, 0, 512, 512, 512]);
  const read = bytes(3 * 512, 0);
  image.read(0, read);
  const expected = bytes(3 * 512, 0);
  expected.fill(2, 0, 100);
  expected.fill(1, 100, 512);
  expected.fill(2, 512, 1024);
  assertEquals(read, expected);
});

Deno.test("WriteCache: goes with an image that grows or shrinks under what it keeps", () => {
  // storage.md M1, D12.
  const image = sparseImage(9 * 512);
  const cache = new WriteCache(image, 4096);
  const bytesAt = (block: number) => {
    const into = new Uint8Array(512);
    image.read(512 * block, into);
    return [into[0], into[511]];
  };
  cache.write(512 * 8, new Uint8Array(512).fill(1));
  image.resize(16 * 512);
  cache.write(512 * 9, new Uint8Array(512).fill(2));
  cache.flush();
  assertEquals([bytesAt(8), bytesAt(9), bytesAt(10)], [[1, 1], [2, 2], [0, 0]]);

  for (const end of ["flush", "crash"] as const) {
    image.resize(16 * 512);
    cache.write(0, new Uint8Array(512).fill(3));
    cache.write(512 * 7, new Uint8Array(1024).fill(4));
    image.resize(4 * 512);
    if (end === "flush") cache.flush();
    else cache.crash((_offset, byteCount) => byteCount);
    assertEquals([bytesAt(0), cache.dirtySectors], [[3, 3], 0], end);
  }
});
