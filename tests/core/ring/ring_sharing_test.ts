// wire.md 1.8: memory ordering. No test in one thread can see a reordering; what can be seen is who is asked.
import { assertEquals } from "@std/assert";
import type { RingSharing } from "../../../core/ring/ring_memory.ts";
import { PAGE_BYTES } from "../../../core/units.ts";

/** Atomic accesses so far. */
let atomics = 0;

/** The module anew, with `Atomics` counted: it takes its functions when it is loaded. */
async function countedRingMemory(): Promise<typeof import("../../../core/ring/ring_memory.ts")> {
  const { load, store } = Atomics;
  const counted = (access: typeof load | typeof store) => (...all: Parameters<typeof store>) => {
    atomics++;
    return Reflect.apply(access, Atomics, all);
  };
  Object.assign(Atomics, { load: counted(load), store: counted(store) });
  try {
    const fresh = new URL("../../../core/ring/ring_memory.ts?counted", import.meta.url).href;
    return await import(fresh);
  } finally {
    Object.assign(Atomics, { load, store });
  }
}

const { RingMemory } = await countedRingMemory();

/** How many of a store and a load of the control page are atomic. */
function atomicsOf(buffer: ArrayBufferLike, sharing?: RingSharing): number {
  const memory = new RingMemory([new Uint8Array(buffer)], sharing);
  atomics = 0;
  memory.store(0, 0xffff_fff8);
  assertEquals(memory.load(0), 0xffff_fff8);
  return atomics;
}

Deno.test("RingMemory: accesses are atomic in a buffer of any class, unless its maker says otherwise", () => {
  for (const make of [ArrayBuffer, SharedArrayBuffer]) {
    const buffer = () => new make(2 * PAGE_BYTES);
    assertEquals(atomicsOf(buffer()), 2, make.name);
    assertEquals(atomicsOf(buffer(), "shared"), 2, make.name);
    assertEquals(atomicsOf(buffer(), "exclusive"), 0, make.name);
  }
});
