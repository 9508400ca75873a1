import { assertEquals } from "@std/assert";
import { GuestRam } from "../../../core/memory/guest_memory.ts";
import {
  arePageRuns,
  type MemoryImage,
  pageRuns,
  RUN_PAGES_MAX,
} from "../../../core/memory/memory_image.ts";

const PAGE = 4096;
const EMPTY: MemoryImage = { runs: [], buffers: [], pagedOut: [], mmio: [] };

function ram(pageCount = 16): GuestRam {
  return new GuestRam({
    pageCount,
    mmioMegabytes: 1,
    onMisuse: (rule) => {
      throw new Error(rule);
    },
  });
}

/** An image that stands by itself. */
function copyOf({ image }: GuestRam): MemoryImage {
  return structuredClone(image) as MemoryImage;
}

/** The numbers of the pages in runs. */
function pagesOf(bytes: Uint8Array): readonly (readonly [number, number])[] {
  return pageRuns(bytes).map((run) => [run.first, run.bytes.length / PAGE] as const);
}

Deno.test("pageRuns: pages that are all zero are left out, the others are together", () => {
  const bytes = new Uint8Array(8 * PAGE);
  assertEquals(pagesOf(bytes), []);
  for (const at of [1 * PAGE, 3 * PAGE - 1, 5 * PAGE + 17, 7 * PAGE + 4095]) bytes[at] = 1;
  assertEquals(pagesOf(bytes), [[1, 2], [5, 1], [7, 1]]);
});

Deno.test("pageRuns: no run is longer than a reader takes at once", () => {
  const bytes = new Uint8Array((2 * RUN_PAGES_MAX + 3) * PAGE).fill(1);
  assertEquals(pagesOf(bytes), [
    [0, RUN_PAGES_MAX],
    [RUN_PAGES_MAX, RUN_PAGES_MAX],
    [2 * RUN_PAGES_MAX, 3],
  ]);
  assertEquals(arePageRuns(pageRuns(bytes), bytes.length / PAGE), true);
});

Deno.test("arePageRuns: the same memory is described in one way only", () => {
  const one = new Uint8Array(PAGE).fill(1);
  const two = new Uint8Array(2 * PAGE).fill(1);
  const holed = new Uint8Array(2 * PAGE);
  holed[PAGE] = 1;
  const askew = new Uint8Array(PAGE + 1).fill(1).subarray(1);
  const cases: readonly (readonly [boolean, string, readonly (readonly [number, Uint8Array])[]])[] =
    [
      [true, "nothing", []],
      [true, "a page", [[3, one]]],
      [true, "a page whose bytes lie anywhere", [[3, askew]]],
      [true, "two runs apart", [[0, two], [3, one]]],
      [true, "up to the end", [[2, two]]],
      [false, "two runs that touch", [[0, one], [1, one]]],
      [false, "out of order", [[3, one], [0, one]]],
      [false, "one twice", [[3, one], [3, one]]],
      [false, "beyond the end", [[3, two]]],
      [false, "no bytes", [[0, one.subarray(0, 0)]]],
      [false, "part of a page", [[0, one.subarray(1)]]],
      [false, "a page of zeros", [[0, holed]]],
    ];
  for (const [expected, what, runs] of cases) {
    const list = runs.map(([first, bytes]) => ({ first, bytes }));
    assertEquals(arePageRuns(list, 4), expected, what);
  }
});

Deno.test("GuestRam.restore: bytes, buffers, paged out pages and MMIO come back", () => {
  const memory = ram();
  const [first, second] = [memory.allocate(100), memory.allocate(3 * PAGE)];
  memory.free(first);
  const third = memory.allocate(PAGE);
  memory.write(second.gpa + 5000, Uint8Array.of(7, 8));
  memory.write(12 * PAGE, Uint8Array.of(9));
  memory.pageOut(second.gpa, PAGE);
  const mmio = memory.reserveMmio(2 * PAGE)!;
  memory.placeMmio(mmio, 2 * PAGE);
  memory.write(mmio + PAGE, Uint8Array.of(5));
  memory.placeMmio(mmio + 16 * PAGE, PAGE);
  memory.reserveMmio(PAGE);
  const image = copyOf(memory);
  assertEquals(image.runs.map((run) => run.first), [2, 12]);
  assertEquals(image.mmio.map(({ isReserved, backing }) => [isReserved, backing?.length]), [
    [true, 1],
    [true, undefined],
    [false, 0],
  ]);

  const again = ram();
  assertEquals(again.restore(image), true);
  assertEquals(copyOf(again), image);
  assertEquals(again.read(second.gpa + 5000, 2), Uint8Array.of(7, 8));
  assertEquals(again.read(mmio + PAGE, 1), Uint8Array.of(5));
  assertEquals(again.isResident([1]), false);
  assertEquals(again.isResident([2]), true);
  assertEquals([...again.buffers.keys()], [third.gpa, second.gpa]);
  assertEquals(again.allocate(1).gpa, 4 * PAGE);
  again.free(again.buffers.get(third.gpa)!);
  again.releaseMmio(mmio);
  again.removeMmio(mmio);
  assertEquals(again.reserveMmio(2 * PAGE), mmio);
});

Deno.test("GuestRam.restore: pages that are allocated after it are zero", () => {
  const memory = ram();
  memory.write(3 * PAGE + 10, Uint8Array.of(1));
  const again = ram();
  assertEquals(again.restore(copyOf(memory)), true);
  const buffer = again.allocate(8 * PAGE);
  assertEquals(again.read(buffer.gpa, buffer.byteCount), new Uint8Array(8 * PAGE));
});

Deno.test("GuestRam.restore: refuses what is no image of a memory of its size", () => {
  const page = new Uint8Array(PAGE).fill(1);
  const mmioGpa = ram().mmioGpa;
  const range = { gpa: mmioGpa, byteCount: PAGE, isReserved: true, backing: null };
  const cases: Readonly<Record<string, Partial<MemoryImage>>> = {
    "a page beyond the end": { runs: [{ first: 16, bytes: page }] },
    "a buffer that begins inside a page": { buffers: [{ gpa: 1, byteCount: 1 }] },
    "a buffer beyond the end": { buffers: [{ gpa: 15 * PAGE, byteCount: PAGE + 1 }] },
    "buffers that overlap": {
      buffers: [{ gpa: 0, byteCount: 2 * PAGE }, { gpa: PAGE, byteCount: 1 }],
    },
    "buffers out of order": {
      buffers: [{ gpa: PAGE, byteCount: 1 }, { gpa: 0, byteCount: 1 }],
    },
    "an empty buffer": { buffers: [{ gpa: 0, byteCount: 0 }] },
    "a paged out page beyond the end": { pagedOut: [16] },
    "paged out pages out of order": { pagedOut: [2, 1] },
    "a paged out page twice": { pagedOut: [1, 1] },
    "MMIO below the window": { mmio: [{ ...range, gpa: 0 }] },
    "MMIO beyond the window": { mmio: [{ ...range, byteCount: 257 * PAGE }] },
    "MMIO that begins inside a page": { mmio: [{ ...range, gpa: mmioGpa + 1 }] },
    "MMIO that nobody holds": { mmio: [{ ...range, isReserved: false }] },
    "MMIO twice": { mmio: [range, range] },
    "MMIO that overlaps": {
      mmio: [{ ...range, byteCount: 2 * PAGE }, { ...range, gpa: mmioGpa + PAGE }],
    },
    "MMIO pages beyond the range": {
      mmio: [{ ...range, backing: [{ first: 1, bytes: page }] }],
    },
  };
  for (const [what, part] of Object.entries(cases)) {
    assertEquals(ram().restore({ ...EMPTY, ...part }), false, what);
  }
  assertEquals(ram().restore(EMPTY), true);
});
