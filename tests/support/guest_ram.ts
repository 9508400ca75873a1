/** Guest memories for tests. */
import { GuestRam, type MemoryMisuse } from "../../core/memory/guest_memory.ts";

/** A memory whose misuses are kept in a list. */
export interface RamForTest {
  readonly ram: GuestRam;
  readonly misuses: { rule: MemoryMisuse; message: string }[];
}

/** Makes a memory of `pageCount` pages with an MMIO window of `mmioMegabytes` MiB. */
export function makeRam(pageCount: number, mmioMegabytes = 0): RamForTest {
  const misuses: RamForTest["misuses"] = [];
  const ram = new GuestRam({
    pageCount,
    mmioMegabytes,
    onMisuse: (rule, message) => misuses.push({ rule, message }),
  });
  return { ram, misuses };
}

/** The bytes 1, 2, 3 …, so that each place shows which byte belongs there. */
export function countingBytes(byteCount: number, first = 1): Uint8Array {
  return Uint8Array.from({ length: byteCount }, (_, at) => first + at);
}

/** All bytes of `views`, in order. */
export function joined(views: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(views.flatMap((view) => [...view]));
}

/** PFNs from `first` on. */
export function pfnsFrom(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, at) => first + at);
}
