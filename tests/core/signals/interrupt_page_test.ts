// The interrupt page, bit by bit (wire.md section 6).

import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { INTERRUPT_PAGE } from "../../../core/signals/layouts.ts";
import { InterruptPage } from "../../../core/signals/interrupt_page.ts";

const HALVES = ["toGuest", "toHost"] as const;

function anyPage(isShared = false) {
  const buffer = isShared ? new SharedArrayBuffer(12_288) : new ArrayBuffer(12_288);
  const bytes = new Uint8Array(buffer, 4096, 4096);
  return { bytes, page: new InterruptPage(bytes), all: new Uint8Array(buffer) };
}

/** What a half has, taken. */
function taken(page: InterruptPage, half: typeof HALVES[number]): number[] {
  const ids: number[] = [];
  page.take(half, (id) => ids.push(id));
  return ids;
}

Deno.test("InterruptPage: bytes 0 to 2047 are for the guest, the rest for the host, by hand", () => {
  const { bytes, page } = anyPage();
  page.set("toGuest", 9);
  page.set("toHost", 9);
  page.set("toHost", 2047);
  const lit = [...bytes.entries()].filter(([, byte]) => byte !== 0);
  assertEquals(lit, [[1, 0b10], [2049, 0b10], [2048 + 255, 0x80]]);
  assertEquals(INTERRUPT_PAGE.decode(bytes), {
    toGuest: bytes.slice(0, 2048),
    toHost: bytes.slice(2048),
  });
});

Deno.test("InterruptPage.take: takes each bit once, the lowest first, of one half alone", () => {
  const id = fc.nat({ max: 2047 });
  fc.assert(
    fc.property(fc.array(id, { maxLength: 40 }), fc.array(id, { maxLength: 40 }), (guest, host) => {
      const { page } = anyPage();
      for (const each of guest) page.set("toGuest", each);
      for (const each of host) page.set("toHost", each);
      const sorted = (ids: readonly number[]) => [...new Set(ids)].sort((a, b) => a - b);
      assertEquals(page.pending("toHost"), sorted(host));
      assertEquals(taken(page, "toGuest"), sorted(guest));
      assertEquals(page.pending("toGuest"), []);
      assertEquals(taken(page, "toHost"), sorted(host));
      assertEquals(taken(page, "toHost"), []);
    }),
    { numRuns: 50 },
  );
});

Deno.test("InterruptPage.take: a bit that is set while bits are taken is not lost", () => {
  const { page } = anyPage(true);
  page.set("toHost", 5);
  page.take("toHost", (id) => id === 5 && page.set("toHost", 4)); // in the word that was just taken
  assertEquals(taken(page, "toHost"), [4]);
});

Deno.test("InterruptPage: bits beyond the highest channel id are nobody's", () => {
  for (const half of HALVES) {
    const { bytes, page, all } = anyPage();
    all.fill(0xff);
    assertEquals(taken(page, half), Array.from({ length: 2048 }, (_, id) => id));
    const first = half === "toGuest" ? 0 : 2048;
    assertEquals(bytes.subarray(first, first + 256).every((byte) => byte === 0), true);
    assertEquals(all.filter((byte) => byte === 0).length, 256);
    for (const id of [-1, 2048]) assertThrows(() => page.set(half, id));
  }
});
