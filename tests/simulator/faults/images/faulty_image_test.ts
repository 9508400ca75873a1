import { assertEquals, assertThrows } from "@std/assert";
import { memoryImage } from "../../../../devices/image.ts";
import { runtimeOf } from "../../../../simulator/endpoints.ts";
import { Delays } from "../../../../simulator/faults/delays.ts";
import type { FaultyWorld } from "../../../../simulator/faults/faulty_world.ts";
import { faultyImage, haveImagesFail } from "../../../../simulator/faults/images/faulty_image.ts";
import type { FaultRule } from "../../../../simulator/faults/rule.ts";
import { createFabric } from "../../../support/fabric.ts";

/** An image of eight bytes whose calls meet `rules`, one each. */
function failing(...rules: (FaultRule | null)[]) {
  const fabric = createFabric();
  const guest = fabric.createPartition({ name: "guest", memoryPages: 16 });
  const bytes = new Uint8Array(8);
  const met: unknown[] = [];
  const delays = new Delays(runtimeOf("delay a call", fabric));
  const world: Partial<FaultyWorld> = { after: (ms, work) => delays.add(ms, work) };
  haveImagesFail(fabric, {
    world: world as FaultyWorld,
    meets: (_point, { what }) => {
      met.push(what);
      return rules.shift() ?? null;
    },
  });
  return { fabric, image: faultyImage(fabric, guest, memoryImage(bytes)), bytes, met };
}

Deno.test("faultyImage: without a rule a call is carried out at once, and says which it is", () => {
  const { image, bytes, met } = failing();
  image.write(1, Uint8Array.of(5));
  const read = new Uint8Array(2);
  image.read(0, read);
  image.flush();
  assertEquals([[...bytes.subarray(0, 2)], [...read], met], [[0, 5], [0, 5], [
    "write",
    "read",
    "flush",
  ]]);
});

Deno.test("storageSlow: a call has its time, and the next one overtakes it", async () => {
  const { fabric, image, bytes } = failing({ do: "storageSlow", nth: 1, ms: 3 }, null);
  const slow = image.write(0, Uint8Array.of(1));
  image.write(0, Uint8Array.of(2));
  await fabric.advance(2);
  assertEquals([bytes[0], image.underWay], [2, 1]);
  await fabric.advance(1);
  await slow;
  assertEquals([bytes[0], image.underWay], [1, 0]);
});

Deno.test("storageReordered: a call comes behind the next one, before its time", async () => {
  const { image, bytes } = failing({ do: "storageReordered", nth: 1 }, null);
  const overtaken = image.write(0, Uint8Array.of(1));
  assertEquals([bytes[0], image.underWay], [0, 1]);
  image.write(0, Uint8Array.of(2));
  await overtaken;
  assertEquals([bytes[0], image.underWay], [1, 0]);
});

Deno.test("storageFailed: a call fails, has done nothing, and the next one is as any", () => {
  const { image, bytes } = failing({ do: "storageFailed", nth: 1 }, null);
  assertThrows(() => image.write(0, Uint8Array.of(1)), Error, "the storage fails to write");
  assertEquals([bytes[0], image.underWay], [0, 0]);
  image.write(0, Uint8Array.of(2));
  assertEquals(bytes[0], 2);
});
