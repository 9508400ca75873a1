/**
 * Tests of the guest's storage driver that is saved and restored, with requests in flight, against the host's driver.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import {
  createStorage,
  type GuestDisk,
  type StorageClient,
  storageDriver,
  type StorageServer,
} from "../../../../devices/storage/mod.ts";
import * as vmbus from "../../../../mod.ts";
import { createFabric } from "../../../support/fabric.ts";
import { times } from "../../../support/long.ts";
import { BLOCKS, MOVING_INSTANCE, MovingWorld } from "../../../support/moving_storage.ts";
import { NotingProgram, patterned } from "../../../support/storage_guest.ts";

/** Once there is a disk: writes, flushes, reads back, discards, and all at once. */
async function useDisk({ program }: MovingWorld): Promise<void> {
  while (program.disks.length === 0) await new Promise((resolve) => setTimeout(resolve));
  const [disk] = program.disks as [GuestDisk];
  const written = patterned(BLOCKS * 512);
  const half = written.length / 2;
  await Promise.all([
    disk.write(0, written.subarray(0, half)),
    disk.write(BLOCKS / 2, written.subarray(half)),
  ]);
  await disk.flush();
  const read = new Uint8Array(written.length);
  await Promise.all(
    [0, 1, 2, 3].map((part) =>
      disk.read(part * 64, read.subarray(part * 32768, (part + 1) * 32768))
    ),
  );
  assertEquals(read, written);
  await disk.discard(5, 100);
  await disk.read(0, read);
  assertEquals(read, written.fill(0, 5 * 512, 105 * 512));
}

/** Lets `work` run in a world that moves after each `items` work items. */
async function whileMoving(world: MovingWorld, items: number): Promise<void> {
  let isOver = false;
  const work = useDisk(world).finally(() => {
    isOver = true;
  });
  work.catch(() => {}); // awaited below
  await world.run(() => isOver, items);
  await work;
  assertEquals(world.program.heard, ["disk 0"]);
  await world.close();
}

// storage.md G12: promises of the program go on with its guest, wherever that is saved.
for (const [codec, schedule] of [["msgpack", "fifo"], ["vmbus", "random"]] as const) {
  Deno.test(`StorageClient: its program continues while the guest moves, ${codec} and ${schedule}`, async () => {
    const world = new MovingWorld({ fabric: { codec, schedule, seed: 3 } });
    await whileMoving(world, times(29, 1));
    assert(world.inFlight.some((count) => count >= 2), `${world.inFlight}`);
    assert(world.program.disks[0]!.facts.discardRangesMax > 0);
  });
}

Deno.test("StorageClient: moves at every item of its beginning, with sub-channels in either order", async () => {
  for (const asksForSubChannels of ["beforeEnd", "afterEnd"] as const) {
    const world = new MovingWorld({ client: { asksForSubChannels } });
    const isOver = () => world.program.disks.length > 0 && world.client.state.step === null;
    await world.run(isOver, 1);
    assert(
      world.phases.size >= 3 && world.phases.has("ready "),
      [...world.phases].join(),
    );
    assertEquals(world.client.state.subChannels, 2);
    let isDone = false;
    const flush = world.program.disks[0]!.flush().then(() => {
      isDone = true;
    });
    await world.run(() => isDone);
    await flush;
    await world.close();
  }
});

Deno.test("StorageClient: moves at every item of a write, a flush, a read and a discard", async () => {
  const world = new MovingWorld({ processors: 1 });
  await world.run(() => world.program.disks.length > 0);
  const [disk] = world.program.disks as [GuestDisk];
  const bytes = patterned(1024);
  const read = new Uint8Array(1024);
  const requests = [
    () => disk.write(3, bytes),
    () => disk.flush(),
    () => disk.read(3, read),
    () => disk.discard(3, 1),
  ];
  for (const request of requests) {
    let isOver = false;
    const end = request().finally(() => {
      isOver = true;
    });
    await world.run(() => isOver, 1);
    await end;
  }
  assertEquals(read, bytes);
  assert(world.inFlight.filter((count) => count > 0).length >= 4, `${world.inFlight}`);
  await world.close();
});

Deno.test("StorageClient: both drivers move in every version of the protocol", async () => {
  // storage.md I2, V1, G12
  for (const version of [0x0200, 0x0402, 0x0501, 0x0600]) {
    const world = new MovingWorld({ client: { versions: [version] } });
    await whileMoving(world, times(23, 11));
    world.versions.delete(0); // it may move before they agree
    assertEquals(world.versions, new Set([version]));
    assert(world.inFlight.length >= 2, `${world.inFlight}`);
  }
});

Deno.test("StorageClient: saved again without a step between, it is the same bytes", async () => {
  const world = new MovingWorld();
  let isOver = false;
  const work = useDisk(world).finally(() => {
    isOver = true;
  });
  for (let time = 0; !isOver; time++) {
    for (let item = 0; item < 29 && !isOver; item++) {
      if (await world.fabric.step(1) === 0) await world.fabric.advance(1);
    }
    const bytes = await world.save();
    const fabric = createFabric({ seed: time });
    const { partition, reason } = world.restore(fabric, bytes);
    assert(partition !== null, `${reason}`);
    const again = await vmbus.savePartition(partition);
    assertEquals(again.bytes, bytes);
    partition.destroy();
    await fabric.settle();
    assertEquals([fabric.leaks(), fabric.violations], [[], []]);
    world.guest.resume(); // and the program is still this guest's
  }
  await work;
  await world.close();
});

Deno.test("StorageClient: in another process its disks are announced, and nobody waits for what was asked", async () => {
  const world = new MovingWorld();
  await world.fabric.settle();
  const bytes = patterned(64 * 512);
  let isSettled = false;
  world.program.disks[0]!.write(0, bytes).finally(() => {
    isSettled = true;
  });
  const program = new NotingProgram();
  await world.move(1, storageDriver(program));
  await world.fabric.settle();
  assertEquals([program.heard, isSettled], [["disk 0"], false]);
  const [disk] = program.disks;
  const read = new Uint8Array(512);
  let isRead = false;
  disk!.read(0, read).then(() => {
    isRead = true;
  });
  await world.run(() => isRead);
  assertEquals(read, bytes.subarray(0, 512)); // what was under way was carried out
  await world.close();
});

Deno.test("StorageClient: a controller that was closed, or refused, is so elsewhere", async () => {
  const world = new MovingWorld({ client: { versions: [0x0700] } });
  await world.fabric.settle();
  await world.move(1);
  await world.fabric.settle();
  assertEquals([world.client.state.phase, world.client.state.refusal], [
    "refused",
    "no version of the settings",
  ]);
  await world.client.close();
  await world.move(2);
  assertEquals(world.client.state.phase, "closed");
  await world.close();
});

Deno.test("StorageClient: a guest that moves to a host without its controller sees it go", async () => {
  const world = new MovingWorld();
  await world.fabric.settle();
  const [disk] = world.program.disks;
  const ends = Promise.allSettled([disk!.write(0, new Uint8Array(BLOCKS * 512)), disk!.flush()]);
  const bytes = await world.save();
  const fabric = createFabric({ seed: 5 });
  const { partition, loaded } = vmbus.expectSuccess(vmbus.restorePartition(fabric, bytes, {
    guestDrivers: [world.driver],
    hostDrivers: [{
      name: "storage VSP",
      start: () => ({ save: () => null, resume: () => {} }),
      restore: () => ({ save: () => null, resume: () => {} }),
    }],
  }));
  world.guest.destroy();
  partition.resume();
  await fabric.settle();
  assertEquals((await ends).map(({ status }) => status), ["rejected", "rejected"]);
  assertEquals(world.program.heard, ["disk 0", "gone 0"]);
  const client = loaded[1]!.instance as StorageClient;
  assertEquals(client.state.phase, "waiting");
  const server = createStorage(partition, [{ image: world.image }], { instance: MOVING_INSTANCE });
  await fabric.settle();
  assertEquals(world.program.heard.at(-1), "disk 0");
  await client.close();
  await server.close();
  await fabric.run();
  assertEquals([fabric.leaks(), fabric.violations], [[], []]);
});

Deno.test("StorageClient: nothing that was asked for while it moved goes out where its channel stops at once", async () => {
  // kmcl.md S7: the first that the guest hears there is the callback by which it is told to stop.
  const world = new MovingWorld();
  await world.fabric.settle();
  const [disk] = world.program.disks;
  const bytes = await world.save();
  const ends = Promise.allSettled([disk!.read(0, new Uint8Array(512)), disk!.flush()]);
  const fabric = createFabric({ seed: 5 });
  const { partition, loaded } = vmbus.expectSuccess(world.restore(fabric, bytes));
  world.guest.destroy();
  const [server, client] = loaded.map(({ instance }) => instance);
  await (server as StorageServer).close();
  await fabric.settle();
  partition.resume();
  await fabric.settle();
  assertEquals(fabric.violations, []);
  assertEquals((await ends).map(({ status }) => status), ["rejected", "rejected"]);
  await (client as StorageClient).close();
  await fabric.run();
  assertEquals([fabric.leaks(), fabric.violations], [[], []]);
});

Deno.test("StorageClient: a saved state in which it would wait for nothing is refused", async () => {
  const world = new MovingWorld();
  await world.fabric.settle();
  const wrongs = [
    { place: "negotiating.end" },
    { place: "ready.subChannels" },
    { place: "closed" },
  ] as const;
  for (const wrong of wrongs) {
    const { place } = world.client.state;
    Object.assign(world.client.state, wrong);
    const bytes = await world.save();
    world.client.state.place = place;
    const { partition, reason } = world.restore(createFabric(), bytes);
    assertEquals(partition, null);
    assert(reason?.includes("it never was"), `${reason}`);
    world.guest.resume();
  }
  await world.close();
});

/** Each member of plain data, replaced by something that no driver ever saved there. */
function* spoilt(data: vmbus.PlainData): Generator<vmbus.PlainData> {
  if (typeof data !== "object" || data === null || data instanceof Uint8Array) return;
  for (const [key, member] of Object.entries(data)) {
    const put = (value: vmbus.PlainData): vmbus.PlainData =>
      Array.isArray(data)
        ? data.map((each, at) => String(at) === key ? value : each)
        : { ...data, [key]: value };
    for (const value of [-1, "?", [], {}, true] as const) {
      const isSame = typeof value === typeof member && typeof value !== "number";
      if (!isSame || Array.isArray(value) !== Array.isArray(member)) yield put(value);
    }
    for (const inner of spoilt(member)) yield put(inner);
  }
}

Deno.test("StorageClient: believes nothing in a saved state that is not what it saved there", async () => {
  const world = new MovingWorld();
  await world.fabric.settle();
  const ends = Promise.allSettled([world.program.disks[0]!.write(0, new Uint8Array(65_536))]);
  await world.fabric.step(3);
  const { save } = world.client;
  const bytesOf = (state: (sound: vmbus.PlainData) => vmbus.PlainData) => {
    world.client.save = (tokens) => state(save.call(world.client, tokens));
    return world.save();
  };
  let sound: vmbus.PlainData = null;
  await bytesOf((state) => sound = state);
  world.guest.resume();
  let count = 0;
  for (const state of spoilt(sound)) {
    if (count++ % times(89, 1) !== 0) continue;
    const bytes = await bytesOf(() => state);
    const fabric = createFabric();
    const restored = world.restore(fabric, bytes);
    // A field that is wrong by itself, or fields that do not go together.
    const statuses: vmbus.NtStatus[] = [vmbus.STATUS_DATA_ERROR, vmbus.STATUS_UNSUCCESSFUL];
    assert(
      statuses.includes(restored.status),
      restored.reason ?? `it was restored: ${JSON.stringify(state)}`,
    );
    assertEquals([restored.partition, fabric.partitions.length], [null, 1]);
    await fabric.run(); // nothing of the refused guest is done later
    world.guest.resume();
  }
  assert(count > 300, `${count} spoilt states`);
  world.client.save = save;
  await world.move(1);
  await world.fabric.settle();
  assertEquals((await ends)[0]!.status, "fulfilled");
  await world.close();
});
