import { assertEquals, assertThrows } from "@std/assert";
import { IoAllocateMdl, mdlSegments } from "../../../core/memory/mdl.ts";
import { makeRam } from "../../support/guest_ram.ts";

Deno.test("takenBytes: a memory takes nothing before it is touched, and reading touches nothing", () => {
  const { ram } = makeRam(256, 64);
  ram.placeMmio(ram.mmioGpa, 0x10_0000);
  ram.allocate(0x1_0000);
  ram.read(0, 0x10_0000);
  ram.read(ram.mmioGpa, 0x10_0000);
  ram.pageOut(0xf_0000, 1);
  assertEquals([ram.takenBytes, ram.image.runs.length], [0, 0]);
  ram.write(0xf_ffff, Uint8Array.of(1));
  assertEquals(ram.takenBytes, 256 * 4096);
  ram.write(ram.mmioGpa, Uint8Array.of(1));
  assertEquals(ram.takenBytes, 2 * 256 * 4096);
});

Deno.test("giveBack: views are detached, and whoever uses the memory is told", () => {
  const { ram } = makeRam(256, 1);
  const buffer = ram.allocate(80 * 4096);
  ram.placeMmio(ram.mmioGpa, 4096);
  ram.write(ram.mmioGpa, Uint8Array.of(1));
  const mdl = IoAllocateMdl(ram, 0, 16);
  const views = [ram.view(0, 16), ram.view(79 * 4096, 4096), ...mdlSegments(mdl)];
  ram.giveBack();
  ram.giveBack();
  for (const view of views) assertEquals([view.length, view.buffer.byteLength], [0, 0]);
  assertEquals(ram.takenBytes, 0);
  const uses = [
    () => ram.allocate(1),
    () => ram.free(buffer),
    () => ram.read(0, 1),
    () => ram.read(ram.mmioGpa, 1),
    () => ram.write(0, Uint8Array.of(1)),
    () => ram.pageOut(0, 1),
    () => IoAllocateMdl(ram, 0, 1),
    () => mdlSegments(mdl),
  ];
  for (const use of uses) {
    assertThrows(use, Error, "Cannot use guest memory that was given back");
  }
});

Deno.test("giveBack: before the first touch there is nothing to give back", () => {
  const { ram } = makeRam(4);
  ram.giveBack();
  assertThrows(() => ram.view(0, 1), Error, "Cannot use guest memory that was given back");
});
