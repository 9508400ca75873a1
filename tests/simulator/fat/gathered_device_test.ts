import { assertEquals, assertRejects } from "@std/assert";
import { Chance } from "../../../core/chance.ts";
import { GatheredDevice } from "../../../simulator/fat/gathered_device.ts";
import { FatDisk } from "../../support/fat_disk.ts";

const RUN_BYTES = 8 * 512;
const bytesOf = (blocks: number, value: number) => new Uint8Array(512 * blocks).fill(value);

Deno.test("GatheredDevice: writes that continue each other are sent together, and before a flush", async () => {
  const disk = FatDisk.format();
  const device = new GatheredDevice(disk, RUN_BYTES);
  for (let lba = 2000; lba < 2010; lba += 2) await device.write(lba, bytesOf(2, lba));
  await device.write(40, bytesOf(1, 1));
  assertEquals(disk.asked, ["write 2000+8", "write 2008+2"]);
  await device.flush();
  assertEquals(disk.asked.slice(2), ["write 40+1", "flush"]);
});

Deno.test("GatheredDevice: reads that continue each other bring what follows, until it is written", async () => {
  const disk = FatDisk.format();
  const device = new GatheredDevice(disk, RUN_BYTES);
  const into = bytesOf(1, 0);
  for (let lba = 3000; lba < 3006; lba++) await device.read(lba, into);
  assertEquals(disk.asked, ["read 3000+1", "read 3001+8"]);
  await device.write(3006, bytesOf(1, 7));
  await device.read(3006, into);
  assertEquals(into, bytesOf(1, 7));
  await device.read(disk.blocks - 2, into);
  await device.read(disk.blocks - 1, into);
  assertEquals(disk.asked.at(-1), `read ${disk.blocks - 1}+1`);
});

Deno.test("GatheredDevice: what is longer than a run goes at once, and behind what came before", async () => {
  const disk = FatDisk.format();
  const device = new GatheredDevice(disk, RUN_BYTES);
  await device.write(2000, bytesOf(1, 1));
  await device.write(2001, bytesOf(9, 2));
  const into = bytesOf(9, 0);
  await device.read(2001, into);
  assertEquals(into, bytesOf(9, 2));
  assertEquals(disk.asked, ["write 2000+1", "write 2001+9", "read 2001+9"]);
});

Deno.test("GatheredDevice: a write that fails is told to a later call, once", async () => {
  const disk = FatDisk.format();
  const device = new GatheredDevice(disk, RUN_BYTES);
  disk.before = () => Promise.reject(new Error("worn out"));
  await device.write(2000, bytesOf(1, 1));
  await assertRejects(() => device.flush(), Error, "worn out");
  disk.before = () => {};
  await device.flush();
});

Deno.test("GatheredDevice: no flush says that all is safe after a write that failed, whoever was told before", async () => {
  const disk = FatDisk.format();
  const device = new GatheredDevice(disk, RUN_BYTES);
  disk.before = (request) => {
    if (request.startsWith("write 2000")) throw new Error("worn out");
  };
  await device.write(2000, bytesOf(1, 1));
  await assertRejects(() => device.read(1, bytesOf(1, 0)), Error, "worn out");
  await assertRejects(() => device.flush(), Error, "worn out");
  await device.read(1, bytesOf(1, 0));
  await device.flush();
});

Deno.test("GatheredDevice: a block that cannot be read fails no read of those before it", async () => {
  const disk = FatDisk.format();
  const device = new GatheredDevice(disk, RUN_BYTES);
  disk.before = (request) => {
    const [begin, count] = request.split(" ")[1]!.split("+").map(Number);
    if (begin! <= 3005 && 3005 < begin! + count!) throw new Error("bad block");
  };
  for (let lba = 3000; lba < 3010; lba++) {
    const reading = device.read(lba, bytesOf(1, 0));
    if (lba === 3005) await assertRejects(() => reading, Error, "bad block");
    else await reading;
  }
});

Deno.test("GatheredDevice: no two runs under way overlap, and reads see what was written last", async () => {
  for (let seed = 0; seed < 20; seed++) {
    const chance = Chance.fromSeed(BigInt(seed));
    const disk = FatDisk.format();
    const device = new GatheredDevice(disk, RUN_BYTES);
    const underWay = new Set<string>();
    disk.before = async (request) => {
      const [begin, count] = request.split(" ")[1]?.split("+").map(Number) ?? [];
      for (let lba = begin!; lba < begin! + count!; lba++) {
        assertEquals(underWay.has(`${lba}`), false);
        underWay.add(`${lba}`);
      }
      for (let turns = chance.below(6); turns > 0; turns--) await Promise.resolve();
      for (let lba = begin!; lba < begin! + count!; lba++) underWay.delete(`${lba}`);
    };
    const model = new Map<number, number>();
    for (let step = 1; step < 120; step++) {
      const [lba, count] = [2000 + chance.below(40), 1 + chance.below(10)];
      const blocks = Array.from({ length: count }, (_, at) => lba + at);
      if (chance.below(3) > 0) {
        await device.write(lba, bytesOf(count, step));
        for (const each of blocks) model.set(each, step);
      } else {
        const into = bytesOf(count, 0);
        await device.read(lba, into);
        assertEquals(
          blocks.map((_, at) => into[512 * at]),
          blocks.map((each) => model.get(each) ?? 0),
        );
      }
    }
    await device.flush();
    for (const [lba, value] of model) assertEquals(disk.block(lba)[511], value % 256);
  }
});
