/**
 * Puts together what stood in a saved partition's memory (docs/saved-state.md).
 *
 * @module
 */

import type { MemoryImage, PageRun } from "../../core/memory/memory_image.ts";
import type { SavedChunks } from "../../core/saved/chunks.ts";
import { throwDataError } from "../../core/saved/fault.ts";
import type { PARTITION_CHUNKS } from "./partition_image.ts";

/**
 * What is in memory; throws a SavedStateFault where the chunks are not those of one. Whether it fits the
 * memory, that says when it is given it.
 */
export function readMemory(chunks: SavedChunks<typeof PARTITION_CHUNKS>): MemoryImage {
  const backing = new Map<number, PageRun[]>();
  const { buffers, pagedOut, mmio } = chunks.one("memory");
  for (const { gpa, isPlaced } of mmio) if (isPlaced) backing.set(gpa, []);
  for (const { gpa, ...run } of chunks.all("mmioPages")) {
    const runs = backing.get(gpa) ?? throwDataError("there are pages of MMIO that nobody has");
    runs.push(run);
  }
  return {
    runs: chunks.all("pages"),
    buffers,
    pagedOut,
    mmio: mmio.map(({ isPlaced, ...range }) => (
      { ...range, backing: isPlaced ? backing.get(range.gpa)! : null }
    )),
  };
}
