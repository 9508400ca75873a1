import { assertEquals, assertThrows } from "@std/assert";
import { BrokenInvariant } from "../../../core/assert.ts";
import { PageStore } from "../../../core/memory/page_store.ts";

const PAGE = 4096;

/** A store of `pageCount` pages after its first touch. */
function touched(pageCount: number, address = 0): PageStore {
  const store = new PageStore(pageCount);
  store.view(address, 1)[0] = 0xee;
  return store;
}

Deno.test("PageStore: takes nothing before it is touched, then all at once", () => {
  const store = new PageStore(8);
  assertEquals(store.read(PAGE, 3), new Uint8Array(3));
  store.clear(0, 8 * PAGE);
  assertEquals([store.takenBytes, store.runs], [0, []]);
  const view = store.view(2 * PAGE - 1, 2);
  assertEquals(store.takenBytes, 8 * PAGE);
  view.set([1, 2]);
  assertEquals(store.read(2 * PAGE - 2, 4), Uint8Array.of(0, 1, 2, 0));
  assertEquals(store.runs.map(({ first, bytes }) => [first, bytes.length]), [[1, 2 * PAGE]]);
  assertThrows(() => store.view(8 * PAGE - 1, 2), BrokenInvariant);
});

Deno.test("PageStore.clear: makes zero what was touched", () => {
  const store = new PageStore(4);
  store.view(0, 4 * PAGE).fill(7);
  store.clear(PAGE, PAGE);
  assertEquals(
    store.read(PAGE - 1, PAGE + 2),
    new Uint8Array(PAGE + 2).map((_, at) => at % (PAGE + 1) === 0 ? 7 : 0),
  );
});

Deno.test("PageStore.giveBack: kept views are detached, and show nothing of the next world", () => {
  const store = touched(333);
  const kept = [store.view(0, 16), store.view(300 * PAGE, PAGE), store.view(0, 333 * PAGE)];
  store.giveBack();
  const next = touched(333);
  next.view(0, 333 * PAGE).fill(9);
  for (const view of kept) assertEquals([view.length, view[0]], [0, undefined]);
  const told = "Cannot use guest memory that was given back: its partition is gone";
  for (const use of [() => store.view(0, 1), () => store.read(0, 1), () => store.clear(0, 1)]) {
    assertThrows(use, Error, told);
  }
});

Deno.test("PageStore: what the last world wrote is zero for the next, however much that was", () => {
  for (const pages of [1, 334, 511, 512, 513, 600]) {
    const store = new PageStore(600);
    store.view(0, pages * PAGE).fill(0xee);
    store.giveBack();
    const next = new PageStore(600);
    next.view(0, 600 * PAGE);
    assertEquals(next.runs, [], `${pages} pages were touched`);
    next.giveBack();
  }
});

Deno.test("PageStore: is as large as it says, whatever sizes were given back before", () => {
  const stores = [700, 701, 700, 4096, 4096, 4096, 4096, 4096, 702].map((pages) => touched(pages));
  for (const store of stores) store.giveBack();
  for (const pages of [4096, 700, 702, 701]) {
    const store = touched(pages, pages * PAGE - 1);
    assertEquals([store.takenBytes, store.view(0, pages * PAGE).length], [
      pages * PAGE,
      pages * PAGE,
    ]);
    assertEquals(store.read(0, 1), Uint8Array.of(0));
    store.giveBack();
  }
});

// Node 20, which package.json allows, has no ArrayBuffer.prototype.transfer.
Deno.test("PageStore.giveBack: detaches views also where the runtime has no transfer", () => {
  const transfer = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, "transfer")!;
  Reflect.deleteProperty(ArrayBuffer.prototype, "transfer");
  try {
    for (const pageCount of [8, 0x4001]) { // one that is kept, one that is too large for it
      const store = touched(pageCount);
      const view = store.view(0, PAGE);
      store.giveBack();
      assertEquals([view.length, view.buffer.byteLength], [0, 0]);
      assertEquals(touched(pageCount, PAGE).read(0, 1), Uint8Array.of(0));
    }
  } finally {
    Object.defineProperty(ArrayBuffer.prototype, "transfer", transfer);
  }
});
