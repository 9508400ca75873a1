/**
 * Tests of the guest's storage driver: how it agrees with a host, finds disks, and moves blocks.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  packetBytesOf,
  STORAGE_VERSIONS,
  type StorageClientOptions,
  storageDriver,
} from "../../../../devices/storage/mod.ts";
import * as vmbus from "../../../../mod.ts";
import { handDisk } from "../../../support/storage_disks.ts";
import { HandHost } from "../../../support/storage_host.ts";
import {
  closeStorage,
  ending,
  failing,
  NotingProgram,
  opcodes,
  openStorage,
  patterned,
  type StorageStage,
} from "../../../support/storage_guest.ts";

/** What was asked apart from commands. */
function asked({ host }: StorageStage): string[] {
  return host.heard.flatMap(({ request: { operation } }) =>
    operation === "executeSrb" ? [] : [operation]
  );
}

// storage.md G1: each version, the highest first
for (const codec of ["msgpack", "vmbus"] as const) {
  for (const version of Object.values(STORAGE_VERSIONS)) {
    Deno.test(`StorageClient: agrees on version 0x${version.toString(16)}, and moves blocks in it, ${codec}`, async () => {
      const stage = await openStorage({ versions: [version], fabric: { codec } });
      const { host, client, program: { disks } } = stage;
      assertEquals([client.state.phase, client.state.refusal], ["ready", null]);
      const tried = host.heard.flatMap(({ request }) =>
        request.operation === "queryProtocolVersion" ? [request.version] : []
      );
      const known = Object.values(STORAGE_VERSIONS).toReversed();
      assertEquals(tried, known.slice(0, known.indexOf(version) + 1));
      const written = patterned(1536);
      await ending(host.fabric, disks[0]!.write(5, written));
      const read = new Uint8Array(1536);
      await ending(host.fabric, disks[0]!.read(5, read));
      assertEquals(read, written);
      const commands = host.heard.filter(({ request }) => request.operation === "executeSrb");
      assert(commands.every(({ bytes }) => bytes.length === packetBytesOf(version)));
      await closeStorage(stage);
    });
  }
}

Deno.test("StorageClient: is refused by a host that speaks none of its versions", async () => {
  const stage = await openStorage({ versions: [] });
  assertEquals([stage.client.state.phase, stage.client.state.refusal], [
    "refused",
    "no version of the settings",
  ]);
  await closeStorage(stage);
});

// storage.md G1, I5
Deno.test("StorageClient: asks for sub-channels before END_INITIALIZATION or after it", async () => {
  const granted = { subChannelsMax: 5, partition: { processors: 3 } };
  const begin = ["beginInitialization", "queryProtocolVersion", "queryProperties"];
  const orders = {
    beforeEnd: [...begin, "createSubChannels", "endInitialization"],
    afterEnd: [...begin, "endInitialization", "createSubChannels"],
  };
  for (const asksForSubChannels of ["beforeEnd", "afterEnd"] as const) {
    const stage = await openStorage(granted, { asksForSubChannels });
    assertEquals(asked(stage), orders[asksForSubChannels]);
    assertEquals(stage.client.state.subChannels, 2); // a processor each, after the first
    assertEquals(stage.program.heard, ["disk 0"]);
    await closeStorage(stage);
  }
});

Deno.test("StorageClient: opens as many sub-channels as host, processors and settings allow", async () => {
  const count = async (
    subChannelsMax: number,
    processors: number,
    options: StorageClientOptions = {},
    versions = Object.values(STORAGE_VERSIONS) as readonly number[],
  ) => {
    const stage = await openStorage(
      { subChannelsMax, versions, partition: { processors } },
      options,
    );
    const { subChannels } = stage.client.state;
    await closeStorage(stage);
    return subChannels;
  };
  assertEquals(await count(0, 4), 0);
  assertEquals(await count(2, 4), 2);
  assertEquals(await count(8, 4), 3);
  assertEquals(await count(8, 1), 0);
  assertEquals(await count(8, 4, { subChannelsMax: 1 }), 1);
  assertEquals(await count(8, 4, {}, [STORAGE_VERSIONS.win7]), 0); // there are none before 5.1
});

// storage.md G4
Deno.test("StorageClient: spreads requests over its channels, no more on each than its queue depth", async () => {
  const held: (() => void)[] = [];
  let isHolding = false;
  const stage: StorageStage = await openStorage({
    subChannelsMax: 3,
    partition: { processors: 4 },
    script: (request, packet) => {
      if (!isHolding) return null;
      held.push(() => stage.host.answer(packet, request, {}));
      return "hold";
    },
  }, { queueDepth: 3 });
  const { host, client, program: { disks: [disk] } } = stage;
  isHolding = true;
  const before = host.heard.length;
  const writes = Array.from({ length: 20 }, (_, at) => disk!.write(at, new Uint8Array(512)));
  await host.fabric.settle();
  assertEquals(host.heard.length - before, 12);
  const perChannel = [0, 0, 0, 0];
  for (const { subChannel } of host.heard.slice(before)) perChannel[subChannel]!++;
  assertEquals(perChannel, [3, 3, 3, 3]);
  isHolding = false;
  for (const answer of held) answer();
  await Promise.all([host.fabric.settle(), ...writes]);
  assertEquals([client.state.deepestQueue, host.heard.length - before], [3, 20]);
  await closeStorage(stage);
});

// storage.md G3, G5
Deno.test("StorageClient: cuts requests at what the host moves at once, and copies each byte once", async () => {
  const stage = await openStorage({ disks: { 0: handDisk(400) }, transferBytesMax: 0x5fff });
  const { host, client, program: { disks: [disk] } } = stage;
  assertEquals(client.state.transferBytesMax, 0x5000); // whole pages
  const from = host.heard.length;
  const written = patterned(100 * 512);
  await ending(host.fabric, disk!.write(7, written));
  assertEquals(client.state.copiedBytes, written.length);
  const sizes = host.heard.slice(from).flatMap(({ request }) =>
    request.operation === "executeSrb" ? [request.dataTransferBytes] : []
  );
  assertEquals(sizes, [0x5000, 0x5000, 100 * 512 - 0xa000]);
  const read = new Uint8Array(written.length);
  await ending(host.fabric, disk!.read(7, read));
  assertEquals(read, written);
  assertEquals(client.state.copiedBytes, 2 * written.length);
  assertEquals(host.disks.get(0)!.bytes.subarray(7 * 512, 107 * 512), written);
  await closeStorage(stage);
});

// storage.md G5
Deno.test("StorageClient: cuts requests smaller where the guest has little memory", async () => {
  const stage = await openStorage({ disks: { 0: handDisk(400) }, partition: { memoryPages: 72 } }, {
    ringPages: [1, 1],
    transferBytesMax: 0x2_0000,
  });
  const { host, program: { disks: [disk] } } = stage;
  const { memory } = host.guest;
  const taken: vmbus.GuestBuffer[] = [];
  for (let isFull = false; !isFull;) {
    try {
      taken.push(memory.allocate(4096));
    } catch {
      isFull = true;
    }
  }
  for (const buffer of taken.splice(-5)) memory.free(buffer);
  const written = patterned(200 * 512);
  await ending(host.fabric, disk!.write(0, written));
  assertEquals(host.disks.get(0)!.bytes.subarray(0, written.length), written);
  for (const buffer of taken) memory.free(buffer);
  await closeStorage(stage);
});

Deno.test("GuestDisk: tells what the disk is, and that the host refuses to write to it", async () => {
  const disks = { 0: handDisk(64), 7: { ...handDisk(16, 4096), isReadOnly: true } };
  const stage = await openStorage({ disks });
  const { host, program } = stage;
  const [first, second] = program.disks;
  assertEquals(program.heard, ["disk 0", "disk 7"]);
  assertEquals([first!.blockBytes, first!.blocks, first!.isReadOnly], [512, 64, false]);
  assertEquals([second!.blockBytes, second!.blocks, second!.isReadOnly], [4096, 16, true]);
  assertEquals(second!.facts, {
    ...first!.facts,
    lun: 7,
    blockBytes: 4096,
    blocks: 16,
    isReadOnly: true,
    identifier: "60022480" + "07".repeat(12),
  });
  assertEquals([first!.facts.vendor, first!.facts.product], ["Msft", "Virtual Disk"]);
  assertEquals(await failing(host.fabric, second!.write(0, new Uint8Array(4096))), [
    0xc000_00a2,
    0x04,
    "7/39/0",
  ]);
  await closeStorage(stage);
});

// storage.md G3
Deno.test("GuestDisk: refuses parts of blocks, and blocks beyond its end", async () => {
  const stage = await openStorage();
  const { host, program: { disks: [disk] } } = stage;
  const from = host.heard.length;
  for (const [lba, byteCount] of [[0, 5], [-1, 512], [0.5, 512], [NaN, 512]] as const) {
    await assertRejects(() => disk!.read(lba, new Uint8Array(byteCount)), RangeError);
  }
  await assertRejects(() => disk!.discard(0, 1.5), RangeError);
  assertEquals(await failing(host.fabric, disk!.read(63, new Uint8Array(1024))), [
    0xc000_0015,
    null,
    "",
  ]);
  await disk!.read(64, new Uint8Array(0));
  await disk!.discard(5, 0);
  assertEquals(host.heard.length, from);
  await closeStorage(stage);
});

Deno.test("GuestDisk: flushes, and discards where the disk can", async () => {
  const stage = await openStorage();
  const { host, program: { disks: [disk] } } = stage;
  await ending(host.fabric, disk!.write(0, patterned(64 * 512)));
  assert(host.disks.get(0)!.isDirty);
  await ending(host.fabric, disk!.flush());
  assert(!host.disks.get(0)!.isDirty);
  await ending(host.fabric, disk!.discard(8, 16));
  const { bytes } = host.disks.get(0)!;
  assert(bytes.subarray(8 * 512, 24 * 512).every((byte) => byte === 0));
  assertEquals(bytes.subarray(24 * 512), patterned(64 * 512).subarray(24 * 512));
  await closeStorage(stage);
});

Deno.test("GuestDisk: cannot discard where the disk does not say so", async () => {
  const stage = await openStorage({
    script: (request) => {
      const isPage = request.operation === "executeSrb" && request.cdb[0] === 0x12 &&
        request.cdb[2] === 0xb0;
      return isPage ? { srbStatus: 0x86, scsiStatus: 2, sense: [5, 0x24, 0], moved: 0 } : null;
    },
  });
  const { host, program: { disks: [disk] } } = stage;
  assertEquals(await failing(host.fabric, disk!.discard(0, 1)), [
    vmbus.STATUS_NOT_SUPPORTED,
    null,
    "",
  ]);
  await closeStorage(stage);
});

// storage.md G2: 11 and 2 alike have known disks tested, then the controller searched.
Deno.test("StorageClient: sees disks come and go when the host says so", async () => {
  const stage = await openStorage({ disks: { 0: handDisk(64), 1: handDisk(64) } });
  const { host, program, client } = stage;
  const [, second] = program.disks;
  const from = host.heard.length;
  host.disks.delete(1);
  host.disks.set(5, handDisk(32));
  host.notify("enumerateBus");
  await host.fabric.settle();
  assertEquals(program.heard.slice(2), ["gone 1", "disk 5"]);
  assertEquals(opcodes(stage, from).slice(0, 3), [0x00, 0x00, 0xa0]);
  assertEquals(client.disks.map(({ lun }) => lun), [0, 5]);
  assertEquals(await failing(host.fabric, second!.flush()), [
    vmbus.STATUS_DEVICE_REMOVED,
    null,
    "",
  ]);
  host.disks.delete(5);
  host.notify("removeDevice");
  await host.fabric.settle();
  assertEquals(program.heard.slice(4), ["gone 5"]);
  // One that comes back is another disk; the program's old object stays gone.
  host.disks.set(1, handDisk(8));
  host.notify("enumerateBus");
  await host.fabric.settle();
  assertEquals(program.heard.slice(5), ["disk 1"]);
  assert(second!.isGone && !program.disks.at(-1)!.isGone);
  await closeStorage(stage);
});

Deno.test("StorageClient: a change during a search is found by one more", async () => {
  const stage = await openStorage();
  const { host, program } = stage;
  host.script = (request) => {
    if (request.operation === "executeSrb" && request.cdb[0] === 0xa0) {
      host.script = () => null;
      host.disks.set(2, handDisk(8));
      host.notify("enumerateBus");
      host.notify("enumerateBus");
      return { srbStatus: 0x04, moved: 0 }; // and this report has failed
    }
    return null;
  };
  host.notify("enumerateBus");
  await host.fabric.settle();
  assertEquals(program.heard, ["disk 0", "disk 2"]);
  await closeStorage(stage);
});

Deno.test("StorageClient: sees that a disk has grown, and that it is another with other blocks", async () => {
  const stage = await openStorage();
  const { host, program } = stage;
  host.disks.get(0)!.bytes = new Uint8Array(128 * 512);
  host.notify("enumerateBus");
  await host.fabric.settle();
  assertEquals([program.heard, program.disks[0]!.blocks], [["disk 0", "change 0"], 128]);
  host.disks.set(0, handDisk(16, 4096));
  host.notify("enumerateBus");
  await host.fabric.settle();
  assertEquals(program.heard.slice(2), ["gone 0", "disk 0"]);
  await closeStorage(stage);
});

// storage.md G10
Deno.test("StorageClient: takes a controller that is offered again, and starts the protocol anew", async () => {
  const stage = await openStorage({ subChannelsMax: 2, partition: { processors: 3 } });
  const { host, program, client } = stage;
  for (let time = 1; time <= 3; time++) {
    await host.rescind();
    await host.fabric.settle();
    assertEquals([client.state.phase, program.heard.at(-1)], ["waiting", "gone 0"]);
    host.offer();
    await host.fabric.settle();
    assertEquals([client.state.phase, program.heard.at(-1)], ["ready", "disk 0"]);
    assertEquals(asked(stage).slice(5 * time), [
      "beginInitialization",
      "queryProtocolVersion",
      "queryProperties",
      "endInitialization",
      "createSubChannels",
    ]);
    await ending(host.fabric, program.disks.at(-1)!.flush());
  }
  await closeStorage(stage);
});

Deno.test("StorageClient: is closed at any moment", async () => {
  for (let items = 1; items < 120; items += 37) {
    const host = new HandHost({ subChannelsMax: 2, partition: { processors: 3 } });
    const stage = await openStorageAt(host, items);
    await closeStorage(stage);
    await stage.client.close(); // once more does nothing
  }
});

async function openStorageAt(host: HandHost, items: number): Promise<StorageStage> {
  const program = new NotingProgram();
  const client = vmbus.loadGuestDriver(host.guest, storageDriver(program), {});
  await host.fabric.step(items);
  return { host, program, client };
}
