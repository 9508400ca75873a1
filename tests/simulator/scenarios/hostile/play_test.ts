import { assertEquals } from "@std/assert";
import {
  type Acts,
  checkGuard,
  guardPages,
  play,
} from "../../../../simulator/scenarios/hostile/play.ts";
import type { PartitionObject } from "../../../../actors/partition/partition_object.ts";
import { createFabric } from "../../../support/fabric.ts";

/** A world that draws what it is told, and in which items run whenever somebody waits for some. */
function drawing(...drawn: number[]) {
  let items = 0;
  const looked: number[] = [];
  return {
    looked,
    itemsRun: () => items,
    draw: () => drawn.shift() ?? 0,
    number: () => 3,
    until: (isReached: () => boolean) => {
      while (!isReached()) items++;
      return Promise.resolve();
    },
  };
}

Deno.test("play: as many acts as the world has, each between two items, with a look after it", async () => {
  const played: string[] = [];
  const acts: Acts<string> = [
    () => played.push("nothing"),
    (side, chance) => played.push(`${side} ${chance.below(1)}`),
  ];
  // Items before an act, the act, and what it draws from: twice; then the act that does nothing.
  const world = drawing(2, 1, 7, 0, 1, 7, 1, 0);
  await play(world, "side", acts, () => world.looked.push(played.length));
  assertEquals({ played, looked: world.looked, items: world.itemsRun() }, {
    played: ["side 0", "side 0"],
    looked: [1, 2, 2],
    items: 3,
  });
});

Deno.test("checkGuard: a byte that somebody wrote where nobody may is a failure, at its address", async () => {
  const fabric = createFabric();
  const guest = fabric.createPartition({ name: "guest", memoryPages: 32 }) as PartitionObject;
  const guard = guardPages(guest);
  const at = guest.memory.read(0, 32 * 4096).findIndex((byte) => byte !== 0); // they alone hold something
  const failures: string[] = [];
  const world = { fabric, fail: (_rule: string, message: string) => void failures.push(message) };
  await checkGuard(world, guard);
  assertEquals(failures, []);
  guest.memory.write(at, Uint8Array.of(guest.memory.read(at, 1)[0]! ^ 1));
  await checkGuard(world, guard);
  assertEquals(failures, [`a byte at ${at} was written over`]);
});
