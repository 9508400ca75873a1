/**
 * Both storage drivers, one against the other: versions, encodings of packets, queue depths and sub-channels, disks
 * that come, go, grow and refuse.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import {
  createStorage,
  type SparseImage,
  sparseImage,
  STORAGE_VERSIONS,
  type StorageClient,
  type StorageClientOptions,
  storageDriver,
  type StorageServer,
  type StorageServerOptions,
} from "../../../devices/storage/mod.ts";
import * as vmbus from "../../../mod.ts";
import { createFabric } from "../../support/fabric.ts";
import { ending, failing, NotingProgram, patterned } from "../../support/storage_guest.ts";
import { STORAGE_INSTANCE } from "../../support/storage_host.ts";

interface PairOptions {
  readonly fabric?: vmbus.FabricOptions;
  readonly server?: Partial<StorageServerOptions>;
  readonly client?: StorageClientOptions;
  readonly guest?: Partial<vmbus.PartitionOptions>;
}

/** Both ends, with one disk of 512 blocks, once it was found. */
class StoragePair {
  readonly fabric: vmbus.Fabric;
  readonly image: SparseImage = sparseImage(512 * 512);
  readonly program = new NotingProgram();
  readonly server: StorageServer;
  readonly client: StorageClient;

  private constructor(options: PairOptions) {
    this.fabric = createFabric(options.fabric);
    const guest = this.fabric.createPartition({
      name: "guest",
      processors: 4,
      memoryPages: 512,
      ...options.guest,
    });
    this.server = createStorage(guest, [{ image: this.image }], {
      instance: STORAGE_INSTANCE,
      ...options.server,
    });
    this.client = vmbus.loadGuestDriver(guest, storageDriver(this.program), {
      transferBytesMax: 16_384,
      ringPages: [1, 1],
      ...options.client,
    });
  }

  static async opened(options: PairOptions = {}): Promise<StoragePair> {
    const pair = new StoragePair(options);
    await pair.fabric.settle();
    assertEquals(pair.program.heard, ["disk 0"]);
    return pair;
  }

  async close(): Promise<void> {
    await this.client.close();
    await this.server.close();
    await this.fabric.run();
    assertEquals([this.fabric.leaks(), this.fabric.violations], [[], []]);
  }
}

for (const codec of ["msgpack", "vmbus"] as const) {
  for (const versionMax of [0x0200, 0x0402, 0x0501, 0x0600]) {
    const name = `version 0x${versionMax.toString(16)}, ${codec}`;
    Deno.test(`StorageClient: agrees with the host's driver, and moves blocks at every depth, ${name}`, async () => {
      for (const [queueDepth, subChannelsMax] of [[1, 0], [2, 3], [32, 1]] as const) {
        const pair = await StoragePair.opened({
          fabric: { codec, schedule: "random", seed: queueDepth },
          server: { versionMax, subChannelsMax, queueDepth: 4 },
          client: { queueDepth },
        });
        const { client, fabric, program: { disks: [disk] } } = pair;
        const subChannels = versionMax >= STORAGE_VERSIONS.win8 ? subChannelsMax : 0;
        assertEquals(client.state.subChannels, subChannels);
        const written = patterned(200 * 512, queueDepth);
        await ending(fabric, disk!.write(7, written));
        await ending(fabric, disk!.flush());
        const read = new Uint8Array(written.length);
        await ending(fabric, disk!.read(7, read));
        assertEquals(read, written);
        assertEquals(client.state.copiedBytes, 2 * written.length);
        assert(client.state.deepestQueue <= queueDepth);
        await ending(fabric, disk!.discard(8, 100));
        await ending(fabric, disk!.read(7, read));
        assertEquals(read, written.fill(0, 512, 101 * 512));
        await pair.close();
      }
    });
  }
}

// Sub-channels are not seen below 2.4: the guest works without.
Deno.test("StorageClient: finds and uses disks in every version of VMBus", async () => {
  const versions: readonly vmbus.VmbusVersion[] = [
    ...["0.13", "1.1", "2.4", "3.0", "4.0", "4.1", "5.0", "5.1", "5.2", "5.3", "6.0"] as const,
  ];
  for (const vmbusVersion of versions) {
    const pair = await StoragePair.opened({
      guest: { vmbusVersion },
      server: { subChannelsMax: 2 },
    });
    const { fabric, program: { disks: [disk] } } = pair;
    const written = patterned(64 * 512);
    await ending(fabric, disk!.write(0, written));
    const read = new Uint8Array(written.length);
    await ending(fabric, disk!.read(0, read));
    assertEquals(read, written, vmbusVersion);
    await pair.close();
  }
});

// storage.md S7 and G8: the host says that the capacity has changed, the guest reads it and continues
Deno.test("StorageClient: a disk of the host's driver grows under a write", async () => {
  const pair = await StoragePair.opened();
  const { fabric, program, image } = pair;
  image.resize(1024 * 512);
  await ending(fabric, program.disks[0]!.write(0, new Uint8Array(512)));
  assertEquals([program.heard, program.disks[0]!.blocks], [["disk 0", "change 0"], 1024]);
  await ending(fabric, program.disks[0]!.write(1023, new Uint8Array(512)));
  image.resize(16 * 512);
  assertEquals(await failing(fabric, program.disks[0]!.write(1000, new Uint8Array(512))), [
    0xc000_0015,
    6,
    "5/33/0",
  ]);
  await pair.close();
});

// storage.md H1 and G2
Deno.test("StorageClient: disks of the host's driver are added and taken away", async () => {
  const pair = await StoragePair.opened();
  const { fabric, program, server } = pair;
  server.addDisk({ lun: 3, image: sparseImage(2 ** 40), settings: { isReadOnly: true } });
  await fabric.settle();
  assertEquals(program.heard, ["disk 0", "disk 3"]);
  const [, second] = program.disks;
  assertEquals([second!.blocks, second!.isReadOnly], [2 ** 31, true]);
  const last = new Uint8Array(512);
  await ending(fabric, second!.read(2 ** 31 - 1, last));
  assertEquals((await failing(fabric, second!.write(0, last)))[0], 0xc000_00a2);
  server.removeDisk({ lun: 3 });
  const lost = failing(fabric, second!.flush());
  assertEquals((await lost)[0], 0xc000_00c0); // it was asked before the guest had heard
  assertEquals(program.heard.slice(2), ["gone 3"]);
  await pair.close();
});

// storage.md H4, G8
Deno.test("StorageClient: a controller of the host's driver that is taken away ends what is under way", async () => {
  const pair = await StoragePair.opened({ server: { subChannelsMax: 3 } });
  const { fabric, program, server, client } = pair;
  const end = failing(fabric, program.disks[0]!.write(0, new Uint8Array(200 * 512)));
  await server.close();
  // The host has said so itself: nothing was left without an answer when the channels went.
  assertEquals((await end)[0], 0xc000_00c0);
  assertEquals([client.state.phase, program.heard], ["waiting", ["disk 0", "gone 0"]]);
  await pair.client.close();
  await fabric.run();
  assertEquals([fabric.leaks(), fabric.violations], [[], []]);
});
