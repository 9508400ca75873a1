import { assert, assertEquals, assertThrows } from "@std/assert";
import { BLOCK_BYTES, Blocks } from "../../../core/blocks.ts";
import {
  largestPacketBytes,
  RingMemory,
  smallestDataPages,
} from "../../../core/ring/ring_memory.ts";
import { PAGE_BYTES } from "../../../core/units.ts";
import { counting, MEMORY_KINDS, TestPages } from "../../support/test_ring.ts";

// wire.md 1.2, 9 (attaching a ring)
Deno.test("RingMemory: initialize clears the control page but for the feature bit", () => {
  for (const kind of MEMORY_KINDS) {
    const pages = new TestPages(kind, 2);
    for (const piece of pages.pieces) piece.fill(0xee);
    new RingMemory(pages.pieces).initialize();
    const wanted = new Uint8Array(3 * PAGE_BYTES).fill(0xee).fill(0, 0, PAGE_BYTES);
    wanted[64] = 1;
    assertEquals(pages.copy(), wanted);
    assert(pages.guardsHold());
  }
});

// wire.md 1.2
Deno.test("RingMemory: snapshot shows each word of the control page as an unsigned number", () => {
  for (const kind of MEMORY_KINDS) {
    const pages = new TestPages(kind, 1);
    const control = new DataView(pages.pieces[0]!.buffer, pages.pieces[0]!.byteOffset);
    control.setUint32(0, 0xffff_fff8, true);
    control.setUint32(4, 16, true);
    control.setUint32(8, 0x8000_0000, true);
    control.setUint32(12, 1056, true);
    control.setUint32(64, 3, true);
    assertEquals(new RingMemory(pages.pieces).snapshot(), {
      writeIndex: 0xffff_fff8,
      readIndex: 16,
      interruptMask: 0x8000_0000,
      pendingSendSize: 1056,
      featureBits: 3,
    });
  }
});

// wire.md 1.1, 1.10
Deno.test("RingMemory: a control page apart from contiguous data is contiguous still", () => {
  const data = new Uint8Array(3 * PAGE_BYTES);
  const memory = new RingMemory([new Uint8Array(PAGE_BYTES), data]);
  assertEquals(memory.dataBytes, 3 * PAGE_BYTES);
  assertEquals(memory.contiguousBytes, 3 * PAGE_BYTES);
  assertEquals(memory.data.buffer, data.buffer);
});

// wire.md 1.1: the pages need not be contiguous
Deno.test("RingMemory: pieces of several pages make the same ring as single pages", () => {
  const pieces = [2, 1, 2].map((count) => new Uint8Array(count * PAGE_BYTES));
  const memory = new RingMemory(pieces);
  assertEquals(memory.dataBytes, 4 * PAGE_BYTES);
  assertEquals(memory.contiguousBytes, 0);
  const source = Int32Array.from({ length: 3 * 1024 }, (_, index) => index + 1);
  memory.copyIn(PAGE_BYTES - 8, new Blocks(new Uint8Array(source.buffer)), 0, source.byteLength);
  const words = pieces.flatMap((piece) => [...new Int32Array(piece.buffer)]).slice(1024);
  assertEquals(words.slice(1022, 1022 + source.length), [...source]);
  assertEquals(words.filter((word) => word !== 0).length, source.length);
});

// wire.md 1.3: a packet may wrap at any 8-byte boundary
Deno.test("RingMemory: what is copied in is copied out, wherever it wraps", () => {
  for (const kind of MEMORY_KINDS) {
    const pages = new TestPages(kind, 3);
    const memory = new RingMemory(pages.pieces);
    for (const bytes of [8, 248, 256, 264, 4096, 8192, 8200, memory.dataBytes]) {
      for (const offset of [0, 8, 4088, 4096, 8184, memory.dataBytes - 8]) {
        const source = Uint8Array.from(counting(bytes + 8, offset));
        const target = new Uint8Array(bytes + 2 * BLOCK_BYTES);
        memory.copyIn(offset, new Blocks(source), 8, bytes);
        memory.copyOut(offset, new Blocks(target), BLOCK_BYTES, bytes);
        assertEquals(target.slice(BLOCK_BYTES, -BLOCK_BYTES), source.slice(8));
      }
    }
    assert(pages.guardsHold());
  }
});

// wire.md 1.10
Deno.test("RingMemory: refuses what is not whole, aligned pages in a possible number", () => {
  const page = new Uint8Array(PAGE_BYTES);
  const cases: [readonly Uint8Array[], string][] = [
    [[], "ring of 0 pages"],
    [[page], "ring of 1 pages"],
    [[page, new Uint8Array(0)], "ring of 0 bytes"],
    [[page, new Uint8Array(4097)], "ring of 4097 bytes"],
    [[page, new Uint8Array(new ArrayBuffer(4100), 4)], "at byte 4 of its buffer"],
    [Array.from({ length: 8189 }, () => page), "ring of 8189 pages"],
  ];
  for (const [pieces, text] of cases) {
    assertThrows(() => new RingMemory(pieces), RangeError, text);
  }
});

// wire.md 1.3, 2.1
Deno.test("largestPacketBytes: ring size less 16, and never more than 16 bits of words", () => {
  assertEquals(largestPacketBytes(4096), 4080);
  assertEquals(largestPacketBytes(128 * 4096), 524_272);
  assertEquals(largestPacketBytes(129 * 4096), 524_288);
  assertEquals(largestPacketBytes(8187 * 4096), 524_288);
});

// wire.md 1.3
Deno.test("smallestDataPages: the packet fits in that ring, and in no smaller one", () => {
  assertEquals([24, 4080, 4088, 8176, 8184, 524_288].map(smallestDataPages), [1, 1, 2, 2, 3, 129]);
});

// What explores orders must know who touches which word.
Deno.test("RingMemory: who watches hears of each load and store of a control word, and of a clear", () => {
  const heard: string[] = [];
  const watch = (word: number, isStore: boolean) => heard.push(`${word} ${isStore}`);
  const memory = new RingMemory(new TestPages("plain", 1).pieces, "exclusive", watch);
  memory.store(8, 1);
  assertEquals(memory.load(8), 1);
  assertEquals(heard.splice(0), ["2 true", "2 false"]);
  memory.initialize();
  assertEquals(heard.length, PAGE_BYTES / 4 + 1);
  assertEquals(memory.load(8), 0);
});
