import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { BrokenInvariant } from "../../../core/assert.ts";
import { MmioWindow } from "../../../core/memory/mmio_window.ts";

const BASE = 0x10_0000;

Deno.test("MmioWindow: reserves the lowest free addresses", () => {
  const window = new MmioWindow(BASE, 4 * 4096);
  assertEquals(window.reserve(4096), BASE);
  assertEquals(window.reserve(2 * 4096), BASE + 4096);
  assertEquals(window.reserve(2 * 4096), null);
  window.release(BASE);
  assertEquals(window.reserve(4096), BASE);
});

Deno.test("MmioWindow: a range is free when both sides let go of it", () => {
  for (const hostFirst of [true, false]) {
    const window = new MmioWindow(BASE, 4096);
    assertEquals(window.reserve(4096), BASE);
    assertEquals(window.place(BASE, 4096), true);
    if (hostFirst) window.remove(BASE);
    else window.release(BASE);
    assertEquals(window.reserve(4096), null);
    if (hostFirst) window.release(BASE);
    else window.remove(BASE);
    assertEquals(window.reserve(4096), BASE);
  }
});

Deno.test("MmioWindow: places free pages and whole reserved ranges, nothing else", () => {
  const window = new MmioWindow(BASE, 8 * 4096);
  window.reserve(2 * 4096);
  assertEquals(window.canPlace(BASE, 4096), false);
  assertEquals(window.canPlace(BASE, 3 * 4096), false);
  assertEquals(window.canPlace(BASE + 4096, 4096), false);
  assertEquals(window.canPlace(BASE + 4096, 2 * 4096), false);
  assertEquals(window.place(BASE, 2 * 4096), true);
  assertEquals(window.place(BASE, 2 * 4096), false);
  assertEquals(window.place(BASE + 4 * 4096, 4 * 4096), true);
  assertEquals(window.reserve(3 * 4096), null);
  assertEquals(window.reserve(2 * 4096), BASE + 2 * 4096);
});

// The numbers come from a guest's OpenChannel message.
Deno.test("MmioWindow: refuses hostile placements", () => {
  const window = new MmioWindow(BASE, 8 * 4096);
  const hostile: [number, number][] = [
    [0, 4096],
    [BASE - 4096, 4096],
    [BASE + 1, 4096],
    [BASE, 0],
    [BASE, 1],
    [BASE, 4097],
    [BASE, 9 * 4096],
    [BASE + 7 * 4096, 2 * 4096],
    [BASE + 8 * 4096, 4096],
    [Number.MAX_SAFE_INTEGER, 4096],
    [BASE, Number.MAX_SAFE_INTEGER],
  ];
  for (const [gpa, byteCount] of hostile) {
    assertEquals(window.canPlace(gpa, byteCount), false, `${byteCount} bytes at ${gpa}`);
    assertEquals(window.place(gpa, byteCount), false, `${byteCount} bytes at ${gpa}`);
  }
  assertEquals(window.reserve(8 * 4096), BASE);
});

/** Bytes of `window`; null where no placed range holds them all. */
function read(window: MmioWindow, gpa: number, byteCount: number): Uint8Array | null {
  const place = window.find(gpa, byteCount);
  return place === null ? null : place.store.read(place.offset, byteCount);
}

function write(window: MmioWindow, gpa: number, bytes: readonly number[]): void {
  const place = window.find(gpa, bytes.length);
  place?.store.view(place.offset, bytes.length).set(bytes);
}

Deno.test("MmioWindow: takes real memory when it is touched, and gives it back with the range", () => {
  const window = new MmioWindow(BASE, 16 * 4096);
  assertEquals(window.place(BASE, 8 * 4096), true);
  assertEquals(read(window, BASE, 2), new Uint8Array(2));
  assertEquals(window.takenBytes, 0);
  write(window, BASE + 4096, [1]);
  assertEquals(window.takenBytes, 8 * 4096);
  window.remove(BASE);
  assertEquals(window.takenBytes, 0);
});

Deno.test("MmioWindow: more than the machine has can be placed, and fails where it is touched", () => {
  const byteCount = 2 ** 52;
  const window = new MmioWindow(BASE, byteCount);
  assertEquals(window.place(BASE, byteCount), true);
  assertEquals(read(window, BASE + byteCount - 1, 1), new Uint8Array(1));
  assertThrows(() => write(window, BASE, [1]), RangeError);
  assertEquals(window.takenBytes, 0);
});

Deno.test("MmioWindow: bytes are found inside one placed range", () => {
  const window = new MmioWindow(BASE, 8 * 4096);
  window.place(BASE, 4096);
  window.place(BASE + 4096, 4096);
  window.reserve(4096);
  write(window, BASE + 4094, [1, 2]);
  assertEquals(read(window, BASE + 4095, 1), Uint8Array.of(2));
  assertStrictEquals(read(window, BASE + 4095, 2), null);
  assertStrictEquals(read(window, BASE + 2 * 4096, 1), null);
  assertStrictEquals(read(window, BASE - 1, 1), null);
});

Deno.test("MmioWindow: what is placed again is zero again", () => {
  const window = new MmioWindow(BASE, 4096);
  window.place(BASE, 4096);
  write(window, BASE, [9]);
  window.remove(BASE);
  assertStrictEquals(read(window, BASE, 1), null);
  window.place(BASE, 4096);
  assertEquals(read(window, BASE, 1), Uint8Array.of(0));
});

Deno.test("MmioWindow: to let go of what is not held is a bug", () => {
  const window = new MmioWindow(BASE, 2 * 4096);
  assertThrows(() => window.release(BASE), BrokenInvariant);
  assertThrows(() => window.remove(BASE), BrokenInvariant);
  window.reserve(4096);
  assertThrows(() => window.remove(BASE), BrokenInvariant);
  window.place(BASE + 4096, 4096);
  assertThrows(() => window.release(BASE + 4096), BrokenInvariant);
  assertThrows(() => window.reserve(4095), BrokenInvariant);
});
