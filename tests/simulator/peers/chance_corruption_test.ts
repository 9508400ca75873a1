import { assert, assertEquals, assertThrows } from "@std/assert";
import { createFabric } from "../../support/fabric.ts";
import {
  Chance,
  corruptMessage,
  corruptRings,
  drawPacket,
  RawRings,
  wholePages,
} from "../../../simulator/peers/mod.ts";

function makeRings(): RawRings {
  const { memory } = createFabric().createPartition({ name: "guest", memoryPages: 8 });
  return RawRings.allocate(memory, 1, 2);
}

/** Rings after so many corruptions. */
function corrupted(seed: number, count: number): RawRings {
  const rings = makeRings();
  const chance = Chance.fromSeed(seed);
  for (let times = 0; times < count; times++) corruptRings(chance, rings);
  return rings;
}

Deno.test("corruptRings: the same seed writes the same, another one something else", () => {
  assertEquals(corrupted(1, 50).copyAll(), corrupted(1, 50).copyAll());
  const [one, other] = [corrupted(1, 50).copy("upstream"), corrupted(2, 50).copy("upstream")];
  assert(one.some((byte, at) => byte !== other[at]));
});

Deno.test("corruptRings: each word of a control page, and all data, is hit in time", () => {
  const rings = makeRings();
  const before = rings.copyAll();
  const hit = new Set<string>();
  const chance = Chance.fromSeed(3);
  for (let rounds = 0; rounds < 30; rounds++) {
    for (let times = 0; times < 30; times++) corruptRings(chance, rings);
    for (const ring of ["upstream", "downstream"] as const) {
      const now = rings.copy(ring);
      for (const at of [0, 4, 8, 12, 64]) {
        if (now[at] !== before[ring][at]) hit.add(`${ring} ${at}`);
      }
      if (now.slice(128, 4096).some((byte) => byte !== 0)) hit.add(`${ring} reserved`);
      if (now.slice(4096).some((byte) => byte !== 0)) hit.add(`${ring} data`);
    }
  }
  assertEquals(hit.size, 14, [...hit].join());
});

Deno.test("drawPacket: is a packet that a reader takes, with memory now and then", () => {
  for (const codec of ["vmbus", "msgpack"] as const) {
    const rings = makeRings();
    const chance = Chance.fromSeed(4);
    const types = new Set<number>();
    for (let times = 0; times < 100; times++) {
      rings.put("upstream", drawPacket(chance, codec, [wholePages([1])]));
      const { packets, fault } = rings.take("upstream", codec);
      assertEquals([packets.length, fault], [1, null]);
      types.add(packets[0]!.type);
    }
    assertEquals([...types].sort(), [6, 9]);
  }
});

Deno.test("corruptMessage: cuts, lengthens and changes, and leaves the message itself alone", () => {
  const message = new Uint8Array(40).fill(0xaa);
  const chance = Chance.fromSeed(6);
  const results = Array.from({ length: 200 }, () => corruptMessage(chance, message));
  assertEquals(message, new Uint8Array(40).fill(0xaa));
  const lengths = results.map(({ length }) => length);
  assert(lengths.some((length) => length < 40) && lengths.some((length) => length > 240));
  const sameLength = results.filter(({ length }) => length === 40);
  assert(sameLength.some((bytes) => bytes.some((byte) => byte !== 0xaa)));
  assert(sameLength.some((bytes) => bytes.every((byte) => byte === 0xaa)));
});

Deno.test("corruptRings: misuse of chance is told, wherever it is asked for", () => {
  const none = Math.floor as never;
  const misuses: readonly [() => unknown, string][] = [
    [() => corruptRings(none, makeRings()), "corrupt rings"],
    [() => corruptMessage(none, new Uint8Array(8)), "corrupt a message"],
    [() => drawPacket(none, "vmbus"), "draw a packet"],
  ];
  for (const [misuse, action] of misuses) {
    assertEquals(
      assertThrows(misuse, TypeError).message,
      `Cannot ${action}: chance must be a Chance, as Chance.fromSeed makes it, not a function`,
    );
  }
  assertThrows(
    () => corruptRings(Chance.fromSeed(1), {} as never),
    TypeError,
    "Cannot corrupt rings: rings must be RawRings, not an object",
  );
  assertThrows(
    () => corruptMessage(Chance.fromSeed(1), "bytes" as never),
    TypeError,
    "Cannot corrupt a message: a value of type string is no ArrayBufferView",
  );
});
