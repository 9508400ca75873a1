import { assert, assertEquals } from "@std/assert";
import { CHAIN_MDLS_MAX, IoAllocateMdl, mdlParts } from "../../../core/memory/mdl.ts";
import { makeRam } from "../../support/guest_ram.ts";

Deno.test("mdlParts: what each MDL of a chain describes, up to what is none", () => {
  const { ram } = makeRam(4);
  const first = IoAllocateMdl(ram, 0x10, 5000);
  first.next = IoAllocateMdl(ram, 0x3000, 1);
  Object.assign(first.next, { next: "no MDL" });
  assertEquals(
    mdlParts(first)?.map(({ byteOffset, byteCount, pfns }) => [byteOffset, byteCount, pfns]),
    [[0x10, 5000, [0, 1]], [0, 1, [3]]],
  );
  for (const value of [null, undefined, 1, {}, []]) assertEquals(mdlParts(value), null);
});

Deno.test("mdlParts: ends where a chain has no end, and runs no code of a program's", () => {
  const { ram } = makeRam(1);
  const loop = IoAllocateMdl(ram, 0, 1);
  loop.next = loop;
  assertEquals(mdlParts(loop)?.length, CHAIN_MDLS_MAX + 1);
  const hostile = IoAllocateMdl(ram, 0, 1);
  hostile.next = loop;
  Object.defineProperty(hostile, "next", { get: () => assert(false, "next was read") });
  assertEquals(mdlParts(hostile)?.length, CHAIN_MDLS_MAX + 1);
});
