/**
 * A guest with both storage drivers that moves from fabric to fabric, with requests in flight.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import {
  createStorage,
  type SparseImage,
  sparseImage,
  StorageClient,
  type StorageClientOptions,
  storageDriver,
  type StorageServer,
  storageVsp,
} from "../../devices/storage/mod.ts";
import * as vmbus from "../../mod.ts";
import { createFabric } from "./fabric.ts";
import { NotingProgram } from "./storage_guest.ts";

/** Instance of its controller. */
export const MOVING_INSTANCE = "3c1e5a70-8f0d-4b6a-9a35-0d6f3a7b2c44";
/** Blocks of its disk. */
export const BLOCKS = 256;

/** How such a guest is made. */
export interface WorldOptions {
  readonly fabric?: vmbus.FabricOptions;
  readonly processors?: number;
  readonly client?: StorageClientOptions;
}

/** A guest with a storage controller, that moves from fabric to fabric. */
export class MovingWorld {
  fabric: vmbus.Fabric;
  guest: vmbus.Partition;
  server: StorageServer;
  client: StorageClient;
  /** What was in flight when it moved. */
  readonly inFlight: number[] = [];
  readonly phases = new Set<string>();
  /** Versions that the host's driver had agreed on when it moved. */
  readonly versions = new Set<number>();
  readonly image: SparseImage = sparseImage(BLOCKS * 512);
  readonly program = new NotingProgram();
  readonly driver: vmbus.GuestDriver<StorageClient> = storageDriver(this.program);
  readonly #options: WorldOptions;

  constructor(options: WorldOptions = {}) {
    this.#options = options;
    this.fabric = createFabric(options.fabric);
    const { processors = 3 } = options;
    this.guest = this.fabric.createPartition({ name: "guest", memoryPages: 512, processors });
    this.server = createStorage(this.guest, [{ image: this.image }], {
      instance: MOVING_INSTANCE,
      subChannelsMax: 2,
    });
    this.client = vmbus.loadGuestDriver(this.guest, this.driver, {
      queueDepth: 4,
      transferBytesMax: 8192,
      ringPages: [1, 1],
      ...options.client,
    });
  }

  async save(): Promise<Uint8Array> {
    const { bytes, reason, summary } = await vmbus.savePartition(this.guest);
    assert(bytes !== null && summary !== null, `${reason}`);
    const { queued, awaiting, ended } = summary.packets;
    this.inFlight.push(queued + awaiting + ended);
    this.versions.add(this.server.state.version);
    this.phases.add(`${this.client.state.phase} ${this.client.state.step ?? ""}`);
    return bytes;
  }

  restore(fabric: vmbus.Fabric, bytes: Uint8Array, driver = this.driver): vmbus.RestoreResult {
    return vmbus.restorePartition(fabric, bytes, {
      guestDrivers: [driver],
      hostDrivers: [storageVsp([{ image: this.image }])],
    });
  }

  /** Moves into another fabric: the old guest is destroyed after the restore, or before it. */
  async move(seed: number, driver = this.driver): Promise<void> {
    const bytes = await this.save();
    const before = this.fabric;
    const fabric = createFabric({ ...this.#options.fabric, seed });
    if (seed % 2 === 0) this.guest.destroy();
    const { partition, reason, loaded } = this.restore(fabric, bytes, driver);
    assert(partition !== null, `${reason}`);
    if (seed % 2 === 1) this.guest.destroy();
    await before.settle();
    assertEquals([before.leaks(), before.violations], [[], []]);
    const [server, client] = loaded.map(({ instance }) => instance);
    assert(client instanceof StorageClient);
    this.fabric = fabric;
    this.guest = partition;
    this.client = client;
    this.server = server as StorageServer;
    partition.resume();
  }

  /** Runs until `isOver`, and moves after each `items` work items. */
  async run(isOver: () => boolean, items = Infinity): Promise<void> {
    for (let seed = 1; !isOver(); seed++) {
      for (let item = 0; item < items && !isOver(); item++) {
        if (await this.fabric.step(1) === 0) await this.fabric.advance(1);
      }
      if (!isOver()) await this.move(seed);
    }
  }

  /** Closes all; nothing may be left. */
  async close(): Promise<void> {
    await this.client.close();
    await this.server.close();
    await this.fabric.run();
    assertEquals([this.fabric.leaks(), this.fabric.violations], [[], []]);
  }
}
