import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { BrokenInvariant } from "../../../core/assert.ts";
import {
  CHAIN_MDLS_MAX,
  IoAllocateMdl,
  isLiveMdl,
  type Mdl,
  mdlOfRanges,
  mdlRevoke,
  mdlRoomBytes,
  mdlSegments,
  measureChain,
  rangesOfChain,
  rangesOfFirst,
} from "../../../core/memory/mdl.ts";
import type { GuestRam } from "../../../core/memory/guest_memory.ts";
import { countingBytes, joined, makeRam, pfnsFrom } from "../../support/guest_ram.ts";
import fc from "fast-check";

/** Chains `mdls` and returns the first. */
function chain(...mdls: Mdl[]): Mdl {
  mdls.forEach((mdl, at) => mdl.next = mdls[at + 1] ?? null);
  return mdls[0]!;
}

/** Puts something that is no MDL where an MDL belongs, as a careless program may. */
function setNext(mdl: Mdl, next: unknown): Mdl {
  return Object.assign(mdl, { next });
}

// -- IoAllocateMdl

// kmcl.md 1: start offset in first page, byte count, PFN array, Next
Deno.test("IoAllocateMdl: describes the bytes by their pages", () => {
  const { ram } = makeRam(8);
  const mdl = IoAllocateMdl(ram, 0x2ffe, 4096 + 3);
  assertEquals([mdl.byteOffset, mdl.byteCount, mdl.pfns], [0xffe, 4099, [2, 3, 4]]);
  assertStrictEquals(mdl.next, null);
  ram.write(0x2ffe, Uint8Array.of(7));
  assertEquals(mdlSegments(mdl)[0]?.[0], 7);
});

Deno.test("IoAllocateMdl: refuses what is not all RAM", () => {
  const { ram } = makeRam(2, 1);
  ram.placeMmio(ram.mmioGpa, 4096);
  const wrong: [number, number, string][] = [
    [0, 0, "Cannot describe 0 bytes at 0x0: an MDL has at least one"],
    [8191, 2, "Cannot describe 2 bytes at 0x1fff: the guest's memory ends at 0x2000"],
    [ram.mmioGpa, 1, "Cannot describe 1 bytes at 0x100000: the guest's memory ends at 0x2000"],
    [NaN, 1, "Cannot describe guest memory at NaN: an address is a whole number from 0"],
    [0, 0.5, "Cannot describe 0.5 bytes at 0x0: a whole number from 0 is needed"],
  ];
  for (const [gpa, byteCount, text] of wrong) {
    assertEquals(assertThrows(() => IoAllocateMdl(ram, gpa, byteCount), RangeError).message, text);
  }
});

Deno.test("IoAllocateMdl: refuses a memory that is none", () => {
  for (const wrong of [null, undefined, {}, { ...makeRam(1).ram }, new Uint8Array(4096)]) {
    const call = () => Reflect.apply(IoAllocateMdl, null, [wrong, 0, 1]);
    assertThrows(call, TypeError, "not that of a partition");
  }
});

Deno.test("Mdl: a program cannot change what it says", () => {
  const mdl = IoAllocateMdl(makeRam(2).ram, 0, 8192);
  assertThrows(() => Object.assign(mdl, { byteCount: 1 }), TypeError);
  assertThrows(() => Object.assign(mdl.pfns, [9]), TypeError);
  assertEquals(mdl.byteCount, 8192);
});

// -- mdlSegments

// kmcl.md P6: shared memory, not a copy
Deno.test("mdlSegments: shares the bytes of the chain, in order", () => {
  const { ram } = makeRam(8);
  ram.write(0x1000, countingBytes(8));
  ram.write(0x5000, countingBytes(8, 101));
  const first = chain(IoAllocateMdl(ram, 0x5002, 3), IoAllocateMdl(ram, 0x1001, 2));
  const views = mdlSegments(first);
  assertEquals(views, [Uint8Array.of(103, 104, 105), Uint8Array.of(2, 3)]);
  views[1]![0] = 77;
  assertEquals(ram.read(0x1001, 1), Uint8Array.of(77));
});

Deno.test("mdlSegments: one view for pages that follow each other", () => {
  const { ram } = makeRam(8);
  assertEquals(mdlSegments(IoAllocateMdl(ram, 1, 3 * 4096)).map((view) => view.length), [3 * 4096]);
  const scattered = mdlOfRanges(ram, [{ byteOffset: 1, byteCount: 3 * 4096, pfns: [4, 5, 1, 2] }]);
  assertEquals(mdlSegments(scattered).map((view) => view.length), [8191, 4097]);
  assertEquals(mdlSegments(null), []);
});

Deno.test("mdlSegments: refuses a chain that is none", () => {
  const { ram } = makeRam(2);
  for (
    const wrong of [
      {},
      5,
      undefined,
      Object.create(Object.getPrototypeOf(IoAllocateMdl(ram, 0, 1))),
    ]
  ) {
    assertThrows(
      () => Reflect.apply(mdlSegments, null, [wrong]),
      TypeError,
      "its part 0 is no MDL",
    );
    const mdl = setNext(IoAllocateMdl(ram, 0, 1), wrong);
    assertThrows(() => mdlSegments(mdl), TypeError, "its part 1 is no MDL");
  }
  const loop = IoAllocateMdl(ram, 0, 1);
  loop.next = loop;
  assertThrows(() => mdlSegments(loop), RangeError, "or no end");
});

// kmcl.md 9: use of an MDL after PacketComplete or Unmap
Deno.test("mdlSegments: a revoked MDL is a misuse and gives no views", () => {
  const { ram, misuses } = makeRam(4);
  const ranges = [
    { byteOffset: 0, byteCount: 1, pfns: [0] },
    { byteOffset: 0, byteCount: 1, pfns: [1] },
  ];
  const mapped = mdlOfRanges(ram, ranges);
  const second = mapped.next;
  mapped.next = null; // what a program does to the chain does not matter
  mdlRevoke(mapped);
  assertEquals(mdlSegments(mapped), []);
  assertEquals(mdlSegments(second), []);
  assertEquals(mdlSegments(chain(IoAllocateMdl(ram, 0, 1), mapped)), []);
  const rule = "use of an MDL after PacketComplete or Unmap";
  assertEquals(misuses.map((misuse) => misuse.rule), [rule, rule, rule]);
  assertEquals(misuses[2]?.message, "Cannot view an MDL chain: KMCL took back its part 1");
});

Deno.test("mdlRevoke: leaves a program's own MDLs alone", () => {
  const { ram } = makeRam(4);
  const own = IoAllocateMdl(ram, 0, 1);
  const mapped = mdlOfRanges(ram, [{ byteOffset: 0, byteCount: 1, pfns: [0] }]);
  mapped.next = own;
  assertEquals([isLiveMdl(mapped), isLiveMdl(own)], [true, true]);
  mdlRevoke(mapped);
  assertEquals([isLiveMdl(mapped), isLiveMdl(own)], [false, true]);
  assertThrows(() => mdlRevoke(own), BrokenInvariant);
});

Deno.test("isLiveMdl: knows its own and nothing else", () => {
  const mdl = IoAllocateMdl(makeRam(1).ram, 0, 1);
  for (const other of [null, undefined, 1, {}, { ...mdl }, Object.create(mdl)]) {
    assertEquals(isLiveMdl(other), false);
  }
});

// -- Chains

Deno.test("measureChain: counts bytes and MDLs", () => {
  const { ram } = makeRam(8);
  const first = chain(
    IoAllocateMdl(ram, 0, 5000),
    IoAllocateMdl(ram, 1, 7),
    IoAllocateMdl(ram, 2, 1),
  );
  assertEquals(measureChain(first, ram), { byteCount: 5008, mdlCount: 3 });
});

// kmcl.md P5, 5: no MDL, or not of the sender's partition
Deno.test("measureChain: null for a chain that cannot be used", () => {
  const { ram } = makeRam(2);
  const mdl = () => IoAllocateMdl(ram, 0, 1);
  const foreign = IoAllocateMdl(makeRam(2).ram, 0, 1);
  const revoked = mdlOfRanges(ram, [{ byteOffset: 0, byteCount: 1, pfns: [0] }]);
  mdlRevoke(revoked);
  const loop = chain(mdl(), mdl());
  setNext(loop.next!, loop);
  const unusable = [
    foreign,
    chain(mdl(), foreign),
    revoked,
    chain(mdl(), revoked),
    setNext(mdl(), {}),
    setNext(mdl(), undefined),
    loop,
  ];
  for (const first of unusable) assertStrictEquals(measureChain(first, ram), null);
});

Deno.test("measureChain: bounds the length of a chain", () => {
  const { ram } = makeRam(1);
  let first = IoAllocateMdl(ram, 0, 1);
  const lengthen = () => first = setNext(IoAllocateMdl(ram, 0, 1), first);
  for (let count = 1; count < CHAIN_MDLS_MAX; count++) lengthen();
  assertEquals(measureChain(first, ram), { byteCount: CHAIN_MDLS_MAX, mdlCount: CHAIN_MDLS_MAX });
  assertEquals(mdlSegments(first).length, CHAIN_MDLS_MAX);
  lengthen();
  assertStrictEquals(measureChain(first, ram), null);
  assertThrows(() => mdlSegments(first), RangeError, "or no end");
});

Deno.test("rangesOfChain: one range for each MDL that the part touches", () => {
  const { ram } = makeRam(16);
  const first = chain(
    IoAllocateMdl(ram, 0x1800, 8192),
    IoAllocateMdl(ram, 0x9000, 10),
    IoAllocateMdl(ram, 0x5fff, 2),
  );
  assertEquals(rangesOfChain(first, 0, 8204), [
    { byteOffset: 0x800, byteCount: 8192, pfns: [1, 2, 3] },
    { byteOffset: 0, byteCount: 10, pfns: [9] },
    { byteOffset: 0xfff, byteCount: 2, pfns: [5, 6] },
  ]);
  assertEquals(rangesOfChain(first, 0x800, 1), [{ byteOffset: 0, byteCount: 1, pfns: [2] }]);
  assertEquals(rangesOfChain(first, 8190, 4), [
    { byteOffset: 0x7fe, byteCount: 2, pfns: [3] },
    { byteOffset: 0, byteCount: 2, pfns: [9] },
  ]);
  assertEquals(rangesOfChain(first, 8192, 1), [{ byteOffset: 0, byteCount: 1, pfns: [9] }]);
  assertEquals(rangesOfChain(first, 8203, 1), [{ byteOffset: 0, byteCount: 1, pfns: [6] }]);
  assertThrows(() => rangesOfChain(first, 8203, 2), BrokenInvariant);
  assertThrows(() => rangesOfChain(first, 0, 0), BrokenInvariant);
});

// wire.md 8, case 10: parts of a 3-page buffer touch 1, 2 and 1 pages
Deno.test("rangesOfChain: a part lists the pages that it touches, no more", () => {
  const mdl = IoAllocateMdl(makeRam(3).ram, 0, 3 * 4096);
  const pages = [0x10, 0xfff, 0x1000].map((offset) => rangesOfChain(mdl, offset, 0x10)[0]?.pfns);
  assertEquals(pages, [[0], [0, 1], [1]]);
});

// kmcl.md 5: FORCE_MDL_LENGTH, up to the page boundary, only the first MDL counts
Deno.test("rangesOfFirst: reaches to the end of the first MDL's last page", () => {
  const { ram } = makeRam(8);
  const first = chain(IoAllocateMdl(ram, 0x1ff0, 20), IoAllocateMdl(ram, 0, 1));
  assertEquals(mdlRoomBytes(first), 0x10 + 0x1000);
  assertEquals(rangesOfFirst(first, 0, 0x1010), [{
    byteOffset: 0xff0,
    byteCount: 0x1010,
    pfns: [1, 2],
  }]);
  assertEquals(rangesOfFirst(first, 0x20, 0xff0), [{
    byteOffset: 0x10,
    byteCount: 0xff0,
    pfns: [2],
  }]);
  assertThrows(() => rangesOfFirst(first, 0, 0x1011), BrokenInvariant);
  assertThrows(() => rangesOfFirst(first, 0x20, 0xff1), BrokenInvariant);
});

Deno.test("mdlOfRanges: one MDL for each range", () => {
  const { ram } = makeRam(8);
  const ranges = [
    { byteOffset: 3, byteCount: 4096, pfns: [7, 1] },
    { byteOffset: 0, byteCount: 2, pfns: [4] },
  ];
  const first = mdlOfRanges(ram, ranges);
  assertEquals(measureChain(first, ram), { byteCount: 4098, mdlCount: 2 });
  assertEquals([first.byteOffset, first.byteCount, first.pfns], [3, 4096, [7, 1]]);
  assertEquals([first.next?.byteOffset, first.next?.byteCount, first.next?.pfns], [0, 2, [4]]);
  assertEquals(rangesOfChain(first, 0, 4098), ranges);
  assertThrows(() => mdlOfRanges(ram, []), BrokenInvariant);
});

Deno.test("rangesOfChain: any part has the bytes of that part", () => {
  const ram = filledRam();
  const piece = fc.tuple(fc.nat(16 * 4096 - 1), fc.integer({ min: 1, max: 3 * 4096 }));
  fc.assert(
    fc.property(
      fc.array(piece, { minLength: 1, maxLength: 6 }),
      fc.nat(),
      fc.nat(),
      (parts, a, b) => {
        const first = chain(
          ...parts.map(([gpa, byteCount]) =>
            IoAllocateMdl(ram, gpa, Math.min(byteCount, 16 * 4096 - gpa))
          ),
        );
        const whole = joined(mdlSegments(first));
        assertEquals(measureChain(first, ram)?.byteCount, whole.length);
        const offset = a % whole.length;
        const length = 1 + b % (whole.length - offset);
        const ranges = rangesOfChain(first, offset, length);
        for (const { byteCount, byteOffset, pfns } of ranges) {
          assertEquals(pfns.length, Math.ceil((byteOffset + byteCount) / 4096));
        }
        const expected = whole.subarray(offset, offset + length).toHex();
        assertEquals(joined(ram.pieces(ranges)).toHex(), expected);
        assertEquals(joined(mdlSegments(mdlOfRanges(ram, ranges))).toHex(), expected);
      },
    ),
    { seed: 47, numRuns: 300 },
  );
});

/** A memory of 16 pages in which no two places within 64 KiB look alike. */
function filledRam(): GuestRam {
  const { ram } = makeRam(16);
  const numbers = Uint16Array.from(pfnsFrom(0, 16 * 2048), (at) => at * 40503);
  ram.write(0, new Uint8Array(numbers.buffer));
  return ram;
}
