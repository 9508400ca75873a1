import { assertEquals, assertNotStrictEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { givenRam } from "../../../core/memory/given_ram.ts";
import { GuestRam } from "../../../core/memory/guest_memory.ts";

const PAGE = 4096;
const BASE = 0x1_0000_0000;

/** A memory over `buffer`, from guest address `base` on. */
function ramOver(buffer: ArrayBuffer | SharedArrayBuffer, isInUse = false): GuestRam {
  const given = givenRam("test", buffer, BASE, isInUse);
  const pageCount = buffer.byteLength / PAGE;
  return new GuestRam({ pageCount, mmioMegabytes: 1, onMisuse: () => {}, given });
}

Deno.test("GuestRam: memory that a program gives is used in place, from its own address on", () => {
  for (const buffer of [new ArrayBuffer(4 * PAGE), new SharedArrayBuffer(4 * PAGE)]) {
    const ram = ramOver(buffer);
    const bytes = new Uint8Array(buffer).fill(7);
    ram.write(BASE + PAGE, Uint8Array.of(1, 2, 3));
    assertEquals([...bytes.subarray(PAGE - 1, PAGE + 4)], [7, 1, 2, 3, 7]);
    bytes[PAGE] = 9; // whoever has it too writes
    assertEquals(ram.read(BASE + PAGE, 2), Uint8Array.of(9, 2));
    assertNotStrictEquals(ram.read(BASE, 8).buffer, buffer);
    assertStrictEquals(ram.view(BASE, 8).buffer, buffer);
    assertEquals([ram.holds(BASE, 4 * PAGE), ram.holds(BASE + 1, 4 * PAGE)], [true, false]);
    assertEquals([ram.holds(0, 1), ram.holds(BASE - 1, 1)], [false, false]);
    const first = BASE / PAGE;
    const pfns = [first - 1, first, first + 3, first + 4, 0, 0.5];
    assertEquals(pfns.map((pfn) => ram.holdsPfns([pfn])), [false, true, true, false, false, false]);
    assertEquals(ram.mmioGpa, BASE + 0x10_0000);
    const text = "the guest's memory begins at 0x100000000 and ends at 0x100004000";
    assertThrows(() => ram.read(BASE - PAGE, 1), RangeError, text);
  }
});

Deno.test("GuestRam.allocate: pages of a given memory are zeroed, pinned and freed by their own numbers", () => {
  const buffer = new ArrayBuffer(4 * PAGE);
  new Uint8Array(buffer).fill(7);
  const ram = ramOver(buffer);
  const two = ram.allocate(2 * PAGE);
  assertEquals([two.gpa, [...two.pfns]], [BASE, [BASE / PAGE, BASE / PAGE + 1]]);
  assertEquals([...new Uint8Array(buffer, 2 * PAGE - 1, 2)], [0, 7]);
  ram.pin(two.pfns);
  assertEquals([ram.pinnedPages, ram.isResident(two.pfns)], [2, true]);
  ram.pageOut(BASE + PAGE, 1);
  assertEquals([ram.isResident(two.pfns), ram.image.pagedOut], [false, [BASE / PAGE + 1]]);
  ram.unpin(two.pfns);
  ram.free(two);
  assertEquals(ram.allocate(4 * PAGE).gpa, BASE);

  const foreign = ramOver(new ArrayBuffer(4 * PAGE), true); // its guest decides what lies where
  assertEquals(foreign.tryAllocate(1), null);
  assertThrows(
    () => foreign.allocate(1),
    RangeError,
    "all of it is its guest's, which somebody else wrote",
  );
});

Deno.test("GuestRam.giveBack: a given memory stays as it is, and is used no more", () => {
  const buffer = new ArrayBuffer(PAGE);
  const ram = ramOver(buffer);
  const view = ram.view(BASE, 8).fill(5);
  assertEquals(ram.takenBytes, 0);
  ram.giveBack();
  assertEquals([buffer.byteLength, [...view]], [PAGE, Array(8).fill(5)]);
  assertThrows(() => ram.read(BASE, 1), Error, "given back");
});

// wire.md 1.8
Deno.test("GuestRam.sharing: somebody else may be at a given memory, whatever buffer it is", () => {
  const own = new GuestRam({ pageCount: 1, mmioMegabytes: 0, onMisuse: () => {} });
  assertEquals(own.sharing, "exclusive");
  assertEquals(ramOver(new ArrayBuffer(PAGE)).sharing, "shared");
});
