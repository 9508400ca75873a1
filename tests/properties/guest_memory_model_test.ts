/** Guest memory against a model that is too simple to be wrong: a byte, an owner, a pin count. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import type { GuestBuffer, GuestRam } from "../../core/memory/guest_memory.ts";
import { makeRam, type RamForTest } from "../support/guest_ram.ts";
import fc from "fast-check";

const PAGES = 8;
const BYTES = PAGES * 4096;

type Step =
  | { do: "allocate"; byteCount: number }
  | { do: "free" | "pin" | "unpin"; which: number }
  | { do: "write" | "share" | "pageOut"; gpa: number; byteCount: number; value: number }
  | { do: "bringIn"; page: number };

const which = fc.nat(20);
const at = {
  gpa: fc.oneof(fc.nat(BYTES + 10), fc.nat(PAGES).map((page) => page * 4096)),
  byteCount: fc.oneof(fc.nat(64), fc.nat(2 * 4096)),
  value: fc.integer({ min: 1, max: 255 }),
};
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant("allocate"), byteCount: fc.integer({ min: 1, max: 3 * 4096 }) }),
  fc.record({ do: fc.constantFrom("free", "free", "pin", "pin", "unpin"), which }),
  fc.record({ do: fc.constantFrom("write", "share", "pageOut"), ...at }),
  fc.record({ do: fc.constant("bringIn"), page: fc.nat(PAGES - 1) }),
);

/** What the memory must look like. */
class Model {
  readonly bytes: number[] = new Array(BYTES).fill(0);
  readonly owners: (number | null)[] = new Array(PAGES).fill(null);
  readonly pins: number[] = new Array(PAGES).fill(0);
  readonly resident: boolean[] = new Array(PAGES).fill(true);
  readonly live: GuestBuffer[] = [];
  /** The PFN lists that are pinned now. */
  readonly pinned: (readonly number[])[] = [];
  allocations = 0;
  misuses = 0;

  firstFit(pages: number): number | null {
    for (let first = 0; first + pages <= PAGES; first++) {
      if (this.owners.slice(first, first + pages).every((owner) => owner === null)) return first;
    }
    return null;
  }

  setOwner(pfns: readonly number[], owner: number | null): void {
    for (const pfn of pfns) this.owners[pfn] = owner;
  }

  addPins(pfns: readonly number[], change: number): void {
    for (const pfn of pfns) this.pins[pfn]! += change;
  }
}

/** Takes the element that `index` chooses; undefined where there is none. */
function choose<T>(list: readonly T[], index: number): T | undefined {
  return list[index % Math.max(1, list.length)];
}

function allocate(model: Model, ram: GuestRam, byteCount: number): void {
  const pages = Math.ceil(byteCount / 4096);
  const first = model.firstFit(pages);
  const buffer = ram.tryAllocate(byteCount);
  if (first === null || buffer === null) {
    assertEquals([first, buffer], [null, null]);
    return;
  }
  const pfns = Array.from({ length: pages }, (_, page) => first + page);
  assertEquals(buffer, { gpa: first * 4096, byteCount, pfns });
  model.bytes.fill(0, first * 4096, (first + pages) * 4096);
  model.resident.fill(true, first, first + pages);
  model.setOwner(pfns, ++model.allocations);
  model.live.push(buffer);
}

function free(model: Model, ram: GuestRam, buffer: GuestBuffer): void {
  ram.free(buffer);
  if (buffer.pfns.some((pfn) => model.pins[pfn]! > 0)) {
    model.misuses++;
    return;
  }
  model.setOwner(buffer.pfns, null);
  model.live.splice(model.live.indexOf(buffer), 1);
  assertThrows(() => ram.free(buffer), RangeError);
}

function touch(model: Model, ram: GuestRam, step: Extract<Step, { value: number }>): void {
  const { gpa, byteCount, value } = step;
  const bytes = new Uint8Array(byteCount).fill(value);
  if (gpa + byteCount > BYTES) {
    assertThrows(() => ram.write(gpa, bytes), RangeError);
    assertThrows(() => ram.pageOut(gpa, byteCount), RangeError);
    assertEquals(ram.holds(gpa, byteCount), false);
    return;
  }
  if (step.do === "pageOut") {
    ram.pageOut(gpa, byteCount);
    for (let byte = gpa; byte < gpa + byteCount; byte++) {
      model.resident[Math.floor(byte / 4096)] = false;
    }
    return;
  }
  if (step.do === "write") ram.write(gpa, bytes);
  else ram.view(gpa, byteCount).fill(value);
  model.bytes.fill(value, gpa, gpa + byteCount);
}

function apply(model: Model, ram: GuestRam, step: Step): void {
  switch (step.do) {
    case "allocate":
      return allocate(model, ram, step.byteCount);
    case "free": {
      const buffer = choose(model.live, step.which);
      return buffer && free(model, ram, buffer);
    }
    case "pin": {
      const pfns = choose(model.live, step.which)?.pfns;
      if (pfns === undefined) return;
      ram.pin(pfns);
      model.addPins(pfns, 1);
      model.pinned.push(pfns);
      return;
    }
    case "unpin": {
      const pfns = choose(model.pinned, step.which);
      if (pfns === undefined) return;
      ram.unpin(pfns);
      model.addPins(pfns, -1);
      model.pinned.splice(model.pinned.indexOf(pfns), 1);
      return;
    }
    case "bringIn":
      ram.bringIn([step.page]);
      model.resident[step.page] = true;
      return;
    default:
      return touch(model, ram, step);
  }
}

function compare(model: Model, { ram, misuses }: RamForTest): void {
  assertEquals(
    [...ram.buffers.values()].sort((a, b) => a.gpa - b.gpa),
    [
      ...model.live,
    ].sort((a, b) => a.gpa - b.gpa),
  );
  assertEquals(ram.pinnedPages, model.pins.filter((pins) => pins > 0).length);
  assertEquals(model.resident.map((_, page) => ram.isResident([page])), model.resident);
  assertEquals(misuses.length, model.misuses);
}

Deno.test("GuestRam: agrees with the model", () => {
  const reached = { freed: 0, misuses: 0, live: 0 };
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) => {
      const model = new Model();
      const world = makeRam(PAGES);
      for (const step of steps) {
        apply(model, world.ram, step);
        compare(model, world);
      }
      const expected = Uint8Array.from(model.bytes);
      assert(
        world.ram.read(0, BYTES).every((byte, index) => byte === expected[index]),
        "bytes differ from the model's",
      );
      reached.misuses += model.misuses;
      reached.live += model.live.length;
      reached.freed += model.allocations - model.live.length;
    }),
    { seed: 2024, numRuns: 500 },
  );
  // Guards the test itself: it must come to all of these often.
  for (const [what, count] of Object.entries(reached)) assert(count > 40, `${what}: ${count}`);
});
