import { assertEquals, assertThrows } from "@std/assert";
import { createFabric } from "../../support/fabric.ts";
import { Chance, foreignWrite, GuardPages, RawRings } from "../../../simulator/peers/mod.ts";

function makeMemory() {
  return createFabric().createPartition({ name: "guest", memoryPages: 32 }).memory;
}

Deno.test("GuardPages: the first byte that was written over is named", () => {
  const memory = makeMemory();
  const guard = new GuardPages(memory, 3, Chance.fromSeed(1));
  const buffer = memory.allocate(4096); // behind it
  assertEquals(guard.changedAt(), null);
  memory.write(buffer.gpa, Uint8Array.of(1));
  assertEquals(guard.changedAt(), null);
  const at = buffer.gpa - 5;
  memory.write(at, Uint8Array.of(memory.read(at, 1)[0]! ^ 1));
  assertEquals(guard.changedAt(), at);
  guard.free();
  assertEquals(memory.allocate(3 * 4096).gpa, 0);
});

Deno.test("GuardPages: misuse is told", () => {
  const memory = makeMemory();
  const chance = Chance.fromSeed(1);
  assertThrows(
    () => new GuardPages(memory, 0, chance),
    RangeError,
    "Cannot guard pages: pageCount must be a whole number from 1 to 32, not 0",
  );
  assertThrows(
    () => new GuardPages(memory, 1, 7 as never),
    TypeError,
    "Cannot guard pages: chance must be a Chance, as Chance.fromSeed makes it, not 7",
  );
});

// wire.md 1.2
Deno.test("foreignWrite: each side has its words of a control page, and the writer all data", () => {
  const rings = RawRings.allocate(makeMemory(), 1, 2);
  const reader = ["readIndex", "interruptMask"] as const;
  const writer = ["writeIndex", "pendingSendSize", "featureBits"] as const;
  for (
    const [side, read, written] of [
      ["server", "upstream", "downstream"],
      ["client", "downstream", "upstream"],
    ] as const
  ) {
    const before = rings.copyAll();
    for (const field of reader) rings.store(read, field, rings.load(read, field) + 8);
    for (const field of writer) rings.store(written, field, rings.load(written, field) + 8);
    rings.poke(written, 100, Uint8Array.of(7, 7));
    assertEquals(foreignWrite(rings, before, side), null);
    const lies: readonly [() => void, number][] = [
      [() => rings.store(read, "writeIndex", 64), 0],
      [() => rings.store(read, "pendingSendSize", 64), 12],
      [() => rings.store(read, "featureBits", 64), 64],
      [() => rings.poke(read, 100, Uint8Array.of(rings.copy(read)[4196]! ^ 1)), 4196],
    ];
    for (const [lie, offset] of lies) {
      const sound = rings.copyAll();
      lie();
      assertEquals(foreignWrite(rings, sound, side), { ring: read, offset });
    }
    const sound = rings.copyAll();
    rings.store(written, "readIndex", 4000);
    assertEquals(foreignWrite(rings, sound, side), { ring: written, offset: 4 });
  }
});

Deno.test("GuardPages: rings and memory are what they have to be", () => {
  assertThrows(
    () => new GuardPages({} as never, 1, Chance.fromSeed(1)),
    TypeError,
    "Cannot guard pages: memory must be that of a partition, not an object",
  );
  assertThrows(
    () => foreignWrite(null as never, {} as never, "server"),
    TypeError,
    "Cannot look for a foreign write: rings must be RawRings, not null",
  );
});

Deno.test("foreignWrite: there are two sides", () => {
  const rings = RawRings.allocate(makeMemory(), 1, 1);
  assertThrows(
    () => foreignWrite(rings, rings.copyAll(), "host" as never),
    TypeError,
    'Cannot look for a foreign write: side must be one of "server", "client", not host',
  );
});
