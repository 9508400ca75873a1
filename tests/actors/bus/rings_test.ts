import { assertEquals, assertExists } from "@std/assert";
import { ringsOf } from "../../../actors/bus/rings.ts";
import type { PartitionObject } from "../../../actors/partition/partition_object.ts";
import { createFabric } from "../../support/fabric.ts";

function memoryOf() {
  const guest = createFabric().createPartition({ name: "guest", memoryPages: 16 });
  return (guest as PartitionObject).memory;
}

/** One range of whole pages, unless the test says otherwise. */
function range(pfns: readonly number[], byteOffset = 0, byteCount = pfns.length * 4096) {
  return { byteOffset, byteCount, pfns };
}

// wire.md 1.1: upstream first, each a control page and at least one data page
Deno.test("ringsOf: the downstream ring begins with the page that the open request names", () => {
  const memory = memoryOf();
  const rings = ringsOf(memory, [range([3, 9, 4, 8, 7])], 2);
  assertExists(rings);
  assertEquals([rings.upstream.dataBytes, rings.downstream.dataBytes], [4096, 2 * 4096]);
  memory.write(3 * 4096, Uint8Array.of(16));
  memory.write(4 * 4096, Uint8Array.of(24)); // the third page: the write index of the host's ring
  assertEquals([rings.upstream.load(0), rings.downstream.load(0)], [16, 24]);
});

// The guest may be hostile: what can hold no rings holds none.
Deno.test("ringsOf: memory that can hold no two rings is null", () => {
  const memory = memoryOf();
  const pages = [1, 2, 3, 4];
  const cases = {
    "no range": [[], 2],
    "two ranges": [[range([1, 2]), range([3, 4])], 2],
    "an offset into a page": [[range(pages, 8, 4 * 4096 - 8)], 2],
    "half a page": [[range(pages, 0, 3 * 4096 + 2048)], 2],
    "a page twice": [[range([1, 2, 3, 2])], 2],
    "no upstream ring": [[range(pages)], 0],
    "no data page upstream": [[range(pages)], 1],
    "no data page downstream": [[range(pages)], 3],
    "an offset behind the end": [[range(pages)], 0xffff_ffff],
  } as const;
  for (const [name, [ranges, offset]] of Object.entries(cases)) {
    assertEquals(ringsOf(memory, ranges, offset), null, name);
  }
  assertExists(ringsOf(memory, [range(pages)], 2));
});
