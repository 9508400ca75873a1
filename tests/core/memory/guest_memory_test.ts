import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { BrokenInvariant } from "../../../core/assert.ts";
import {
  GUEST_PAGES_MAX,
  GuestRam,
  MMIO_MEGABYTES_MAX,
} from "../../../core/memory/guest_memory.ts";
import { countingBytes, joined, makeRam, pfnsFrom } from "../../support/guest_ram.ts";

/** Checks that `call` throws a RangeError with exactly this text. */
function refuses(call: () => unknown, text: string): void {
  assertEquals(assertThrows(call, RangeError).message, text);
}

// -- Making one

Deno.test("GuestRam: refuses sizes out of bounds", () => {
  const sizes: [number, number][] = [
    [0, 0],
    [-1, 0],
    [1.5, 0],
    [NaN, 0],
    [GUEST_PAGES_MAX + 1, 0],
    [1, -1],
    [1, 0.5],
    [1, MMIO_MEGABYTES_MAX + 1],
  ];
  for (const [pageCount, mmioMegabytes] of sizes) {
    assertThrows(() => makeRam(pageCount, mmioMegabytes), RangeError, "whole number from");
  }
});

Deno.test("GuestRam: places the MMIO window at the next megabyte above RAM", () => {
  assertEquals(makeRam(1).ram.mmioGpa, 0x10_0000);
  assertEquals(makeRam(256).ram.mmioGpa, 0x10_0000);
  assertEquals(makeRam(257).ram.mmioGpa, 0x20_0000);
});

Deno.test("GuestRam.isGuestRam: knows its own and nothing else", () => {
  const { ram } = makeRam(1);
  assertEquals(GuestRam.isGuestRam(ram), true);
  for (const other of [null, undefined, 1, {}, Object.create(GuestRam.prototype), { ...ram }]) {
    assertEquals(GuestRam.isGuestRam(other), false);
  }
});

// -- Allocation

Deno.test("isExhausted: nothing can be had while it says so, whatever is free", () => {
  const { ram } = makeRam(8, 1);
  const asked: string[] = [];
  ram.isExhausted = (what) => asked.push(what) < 4;
  assertEquals(ram.tryAllocate(1), null);
  assertThrows(() => ram.allocate(1), RangeError, "too few");
  assertEquals(ram.reserveMmio(4096), null);
  assertEquals([ram.allocate(1).gpa, ram.reserveMmio(4096)], [0, ram.mmioGpa]);
  assertEquals(asked, ["pages", "pages", "mmio", "pages", "mmio"]);
});

Deno.test("allocate: gives whole pages in a row, the lowest first", () => {
  const { ram } = makeRam(8);
  assertEquals(ram.allocate(1), { gpa: 0, byteCount: 1, pfns: [0] });
  assertEquals(ram.allocate(4097), { gpa: 0x1000, byteCount: 4097, pfns: [1, 2] });
  assertEquals(ram.allocate(4096), { gpa: 0x3000, byteCount: 4096, pfns: [3] });
});

Deno.test("allocate: refuses what is no byte count and what does not fit", () => {
  const { ram } = makeRam(4);
  for (const byteCount of [0, -1, 1.5, NaN, Infinity, 2 ** 53]) {
    assertThrows(() => ram.allocate(byteCount), RangeError, "a whole number from 1 is needed");
  }
  ram.allocate(4096);
  refuses(
    () => ram.allocate(4 * 4096),
    "Cannot allocate 16384 bytes of guest memory: too few of its 4 pages are free in a row",
  );
  assertStrictEquals(ram.tryAllocate(4 * 4096), null);
  assertStrictEquals(ram.tryAllocate(Number.MAX_SAFE_INTEGER), null);
  assertEquals(ram.allocate(3 * 4096).gpa, 4096);
});

Deno.test("allocate: zeroes pages that were used before", () => {
  const { ram } = makeRam(4);
  const first = ram.allocate(4096);
  ram.write(0, countingBytes(4096));
  ram.view(0x1000, 1).set([1]); // neither written through write() nor allocated
  ram.pieces([{ byteCount: 1, byteOffset: 7, pfns: [2] }])[0]?.set([1]);
  ram.write(0x3000, Uint8Array.of(1));
  ram.free(first);
  assertEquals(ram.read(0, 4096), countingBytes(4096));
  const all = ram.allocate(4 * 4096);
  assertEquals(ram.read(all.gpa, 4 * 4096), new Uint8Array(4 * 4096));
});

Deno.test("allocate: leaves neighbours as they are", () => {
  const { ram } = makeRam(3);
  const buffers = [ram.allocate(4096), ram.allocate(4096), ram.allocate(4096)];
  ram.write(0, new Uint8Array(3 * 4096).fill(7));
  ram.free(buffers[1]!);
  ram.allocate(4096);
  assertEquals(ram.read(0xfff, 2), Uint8Array.of(7, 0));
  assertEquals(ram.read(0x1fff, 2), Uint8Array.of(0, 7));
});

Deno.test("allocate: a program cannot change what a buffer says", () => {
  const buffer = makeRam(2).ram.allocate(8192);
  assertThrows(() => Object.assign(buffer, { byteCount: 1 }), TypeError);
  assertThrows(() => Object.assign(buffer.pfns, [9]), TypeError);
});

Deno.test("free: takes live buffers of this memory only", () => {
  const { ram } = makeRam(4);
  const buffer = ram.allocate(4096);
  const other = makeRam(4).ram.allocate(4096);
  for (const wrong of [other, { ...buffer }, { gpa: NaN, byteCount: 1, pfns: [] }]) {
    assertThrows(() => ram.free(wrong), RangeError, "is not allocated in this memory");
  }
  for (const wrong of [null, undefined, 5, {}]) {
    assertThrows(() => Reflect.apply(ram.free, ram, [wrong]), RangeError);
  }
  assertEquals([...ram.buffers.values()], [buffer]);
  ram.free(buffer);
  assertEquals(ram.buffers.size, 0);
  refuses(
    () => ram.free(buffer),
    "Cannot free a guest buffer: the buffer at 0x0 is not allocated in this memory",
  );
});

Deno.test("free: a stale buffer does not free the one that took its place", () => {
  const { ram } = makeRam(1);
  const stale = ram.allocate(4096);
  ram.free(stale);
  const fresh = ram.allocate(4096);
  assertThrows(() => ram.free(stale), RangeError);
  assertEquals([ram.isAllocated(stale), ram.isAllocated(fresh)], [false, true]);
});

// kmcl.md 9: guest memory freed while pinned
Deno.test("free: of pinned memory is a misuse and frees nothing", () => {
  const { ram, misuses } = makeRam(4);
  const buffer = ram.allocate(3 * 4096);
  ram.pin([1, 2]);
  ram.free(buffer);
  assertEquals(misuses, [{
    rule: "guest memory freed while pinned",
    message: "Cannot free the buffer at 0x0: 2 of its pages are pinned",
  }]);
  assertEquals(ram.isAllocated(buffer), true);
  ram.unpin([1, 2]);
  ram.free(buffer);
  assertEquals([misuses.length, ram.isAllocated(buffer)], [1, false]);
});

Deno.test("allocate: stays fast with thousands of live buffers", () => {
  const { ram } = makeRam(20_000);
  const buffers = pfnsFrom(0, 20_000).map(() => ram.allocate(1));
  for (let at = 0; at < buffers.length; at += 2) ram.free(buffers[at]!);
  assertStrictEquals(ram.tryAllocate(8192), null);
  for (let at = 0; at < buffers.length; at += 2) assertEquals(ram.allocate(1).gpa, at * 4096);
});

// -- Bytes

Deno.test("read: gives a copy", () => {
  const { ram } = makeRam(1);
  ram.write(100, countingBytes(4));
  const copy = ram.read(101, 2);
  assertEquals(copy, Uint8Array.of(2, 3));
  copy.fill(9);
  ram.write(101, Uint8Array.of(5));
  assertEquals([ram.read(101, 2), copy], [Uint8Array.of(5, 3), Uint8Array.of(9, 9)]);
});

Deno.test("read: refuses addresses and lengths outside RAM", () => {
  const { ram } = makeRam(4);
  refuses(
    () => ram.read(0x5000, 8),
    "Cannot read 8 bytes at 0x5000: the guest's memory ends at 0x4000",
  );
  refuses(
    () => ram.read(0x3ffd, 4),
    "Cannot read 4 bytes at 0x3ffd: the guest's memory ends at 0x4000",
  );
  refuses(
    () => ram.read(-1, 1),
    "Cannot read guest memory at -1: an address is a whole number from 0",
  );
  refuses(
    () => ram.read(0x20, 1.5),
    "Cannot read 1.5 bytes at 0x20: a whole number from 0 is needed",
  );
  for (const wrong of [NaN, 0.5, -4096, Infinity, 2 ** 53]) {
    assertThrows(() => ram.read(wrong, 1), RangeError);
    assertThrows(() => ram.read(0, wrong), RangeError);
  }
  assertThrows(() => Reflect.apply(ram.read, ram, [5n, 1]), RangeError, "a value of type bigint");
  assertEquals(ram.read(0x4000, 0).length, 0);
  assertEquals(ram.read(0x3fff, 1).length, 1);
});

Deno.test("write: refuses what it cannot store whole, and then stores nothing", () => {
  const { ram } = makeRam(1);
  refuses(
    () => ram.write(4095, countingBytes(2)),
    "Cannot write 2 bytes at 0xfff: the guest's memory ends at 0x1000",
  );
  for (
    const wrong of [
      [1, 2],
      "ab",
      null,
      undefined,
      new ArrayBuffer(2),
    ]
  ) {
    assertThrows(
      () => Reflect.apply(ram.write, ram, [0, wrong]),
      TypeError,
      "is no ArrayBufferView",
    );
  }
  const buffer = new ArrayBuffer(2);
  const detached = new Uint8Array(buffer);
  buffer.transfer();
  assertThrows(() => ram.write(0, detached), TypeError, "is detached");
  assertEquals(ram.read(0, 4096), new Uint8Array(4096));
});

Deno.test("view: shares the bytes of RAM", () => {
  const { ram } = makeRam(2);
  const view = ram.view(4000, 200);
  ram.write(4095, Uint8Array.of(7, 8));
  assertEquals(view.subarray(95, 97), Uint8Array.of(7, 8));
  view[0] = 9;
  assertEquals(ram.read(4000, 1), Uint8Array.of(9));
  assertThrows(() => ram.view(8191, 2), BrokenInvariant);
});

Deno.test("holds: knows the bounds of RAM", () => {
  const { ram } = makeRam(2, 1);
  const inside: [number, number][] = [[0, 8192], [8191, 1], [8192, 0]];
  for (const [gpa, byteCount] of inside) assertEquals(ram.holds(gpa, byteCount), true);
  const outside: [number, number][] = [[0, 8193], [8192, 1], [-1, 1], [0, -1], [0.5, 1], [NaN, 1]];
  for (const [gpa, byteCount] of outside) assertEquals(ram.holds(gpa, byteCount), false);
  ram.placeMmio(ram.mmioGpa, 4096);
  assertEquals(ram.holds(ram.mmioGpa, 1), false);
});

// kmcl.md P5, 4: a PFN outside the guest's memory is refused
Deno.test("holdsPfns: takes whole numbers below the page count only", () => {
  const { ram } = makeRam(4);
  assertEquals(ram.holdsPfns([0, 3, 3]), true);
  assertEquals(ram.holdsPfns([]), true);
  for (const pfn of [4, -1, 0.5, NaN, Number.MAX_SAFE_INTEGER]) {
    assertEquals(ram.holdsPfns([0, pfn]), false, `PFN ${pfn}`);
  }
  assertEquals(ram.holdsPfns(new Array(2)), false);
});

Deno.test("pieces: merges pages that follow each other, range by range", () => {
  const { ram } = makeRam(8);
  const numbers = new Uint16Array(8 * 2048).map((_, at) => at);
  ram.write(0, new Uint8Array(numbers.buffer));
  const views = ram.pieces([
    { byteOffset: 4090, byteCount: 6 + 4096 + 2, pfns: [2, 3, 4] },
    { byteOffset: 2, byteCount: 4096 + 4, pfns: [5, 1] },
    { byteOffset: 6, byteCount: 1, pfns: [1] },
    { byteOffset: 0, byteCount: 8192, pfns: [5, 7] },
  ]);
  assertEquals(views.map((view) => view.length), [4104, 4094, 6, 1, 4096, 4096]);
  const expected = joined([
    ram.read(0x2ffa, 4104),
    ram.read(0x5002, 4094),
    ram.read(0x1000, 7),
    ram.read(0x5000, 4096),
    ram.read(0x7000, 4096),
  ]);
  assertEquals(joined(views), expected);
  views[3]![0] = 0xaa;
  assertEquals(ram.read(0x1006, 1), Uint8Array.of(0xaa));
});

Deno.test("pieces: pages out of RAM or too few of them are a bug", () => {
  const { ram } = makeRam(2);
  const wrong = [
    { byteOffset: 0, byteCount: 1, pfns: [2] },
    { byteOffset: 0, byteCount: 8192, pfns: [1, 2] },
    { byteOffset: 4095, byteCount: 2, pfns: [0] },
  ];
  for (const range of wrong) assertThrows(() => ram.pieces([range]), BrokenInvariant);
});

// -- Pins and residency

// kmcl.md P6: pages are pinned from send to completion; several sends may share a page
Deno.test("pin: counts pins on each page", () => {
  const { ram } = makeRam(8);
  ram.pin([1, 2, 2]);
  ram.pin([2, 3]);
  assertEquals(ram.pinnedPages, 3);
  ram.unpin([1, 2, 2]);
  assertEquals(ram.pinnedPages, 2);
  ram.unpin([3, 2]);
  assertEquals(ram.pinnedPages, 0);
  assertThrows(() => ram.unpin([2]), BrokenInvariant);
  assertThrows(() => ram.unpin([8]), BrokenInvariant);
  assertThrows(() => ram.pin([8]), BrokenInvariant);
});

// api.md 3: pageOut makes the next VmbChannelPacketGetExternalData bring the pages in
Deno.test("pageOut: pages are out until they are brought in", () => {
  const { ram } = makeRam(8);
  ram.write(0x2000, countingBytes(4));
  ram.pageOut(0x2fff, 2);
  assertEquals(
    [1, 2, 3, 4].map((pfn) => ram.isResident([pfn])),
    [true, false, false, true],
  );
  assertEquals(ram.isResident([1, 4, 3]), false);
  assertEquals(ram.read(0x2000, 4), countingBytes(4));
  ram.bringIn([2]);
  assertEquals([ram.isResident([2]), ram.isResident([3])], [true, false]);
});

Deno.test("pageOut: refuses what is not all RAM", () => {
  const { ram } = makeRam(2, 1);
  ram.placeMmio(ram.mmioGpa, 4096);
  refuses(
    () => ram.pageOut(ram.mmioGpa, 1),
    "Cannot page out 1 bytes at 0x100000: the guest's memory ends at 0x2000",
  );
  assertThrows(() => ram.pageOut(0, 8193), RangeError);
  assertThrows(() => ram.pageOut(NaN, 1), RangeError);
  assertThrows(() => ram.pageOut(0, -1), RangeError);
});

Deno.test("allocate: gives resident pages", () => {
  const { ram } = makeRam(2);
  ram.pageOut(0, 8192);
  assertEquals(ram.isResident(ram.allocate(1).pfns), true);
  assertEquals(ram.isResident([1]), false);
});

// -- MMIO

// api.md 3: read and write take addresses of a channel's MMIO range as well
Deno.test("read: reaches placed MMIO, and no byte beyond one range", () => {
  const { ram } = makeRam(256, 1);
  assertEquals(ram.reserveMmio(4096), 0x10_0000);
  assertThrows(() => ram.read(0x10_0000, 1), RangeError, "no MMIO range holds them all");
  assertEquals(ram.canPlaceMmio(0x10_0000, 4096), true);
  assertEquals(ram.placeMmio(0x10_0000, 4096), true);
  assertEquals(ram.placeMmio(0x10_1000, 4096), true);
  ram.write(0x10_0ffe, countingBytes(2));
  assertEquals(ram.read(0x10_0ffe, 2), countingBytes(2));
  refuses(
    () => ram.read(0x10_0fff, 2),
    "Cannot read 2 bytes at 0x100fff: no MMIO range holds them all",
  );
  assertThrows(() => ram.read(0xf_ffff, 2), RangeError, "the guest's memory ends at 0x100000");
  assertThrows(() => ram.write(0xf_ffff, countingBytes(2)), RangeError);
  ram.removeMmio(0x10_0000);
  assertThrows(() => ram.read(0x10_0000, 1), RangeError);
  ram.releaseMmio(0x10_0000);
  assertEquals(ram.reserveMmio(4096), 0x10_0000);
});

Deno.test("allocate: zeroes nothing on account of MMIO writes", () => {
  const { ram } = makeRam(1, 1);
  ram.placeMmio(ram.mmioGpa, 4096);
  ram.write(ram.mmioGpa, countingBytes(4));
  ram.allocate(1);
  assertEquals(ram.read(ram.mmioGpa, 4), countingBytes(4));
  assert(ram.read(0, 4096).every((byte) => byte === 0));
});
