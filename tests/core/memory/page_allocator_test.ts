import { assertEquals, assertThrows } from "@std/assert";
import { BrokenInvariant } from "../../../core/assert.ts";
import { PageAllocator } from "../../../core/memory/page_allocator.ts";

Deno.test("PageAllocator: hands out the lowest run that fits", () => {
  const pages = new PageAllocator(10);
  assertEquals([pages.allocate(2), pages.allocate(3), pages.allocate(1)], [0, 2, 5]);
  pages.release(0, 2);
  pages.release(2, 1);
  assertEquals(pages.allocate(4), 6);
  assertEquals(pages.allocate(3), 0);
  assertEquals(pages.allocate(1), null);
});

Deno.test("PageAllocator: joins free runs on both sides", () => {
  for (const order of [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]) {
    const pages = new PageAllocator(3);
    for (let page = 0; page < 3; page++) pages.allocate(1);
    for (const page of order) pages.release(page, 1);
    assertEquals(pages.allocate(3), 0, `released in the order ${order}`);
  }
});

Deno.test("PageAllocator: takes chosen pages only when all are free", () => {
  const pages = new PageAllocator(10);
  assertEquals(pages.take(4, 2), true);
  assertEquals(pages.take(3, 2), false);
  assertEquals(pages.take(5, 1), false);
  assertEquals(pages.take(8, 3), false);
  assertEquals(pages.isFree(6, 4), true);
  assertEquals(pages.isFree(10, 1), false);
  assertEquals(pages.take(6, 4), true);
  assertEquals(pages.take(0, 4), true);
  assertEquals(pages.allocate(1), null);
});

Deno.test("PageAllocator: an empty one has no room", () => {
  const pages = new PageAllocator(0);
  assertEquals(pages.allocate(1), null);
  assertEquals(pages.isFree(0, 1), false);
});

Deno.test("PageAllocator: to release free pages is a bug", () => {
  const pages = new PageAllocator(10);
  pages.allocate(4);
  assertThrows(() => pages.release(4, 1), BrokenInvariant);
  assertThrows(() => pages.release(3, 2), BrokenInvariant);
  pages.release(0, 2);
  assertThrows(() => pages.release(1, 2), BrokenInvariant);
});
