/**
 * Guests that are saved while something is under way: one with a disk, isolated or not, and one whose drivers have the
 * tables of version 5.
 *
 * @module
 */

import { assert } from "../../../core/assert.ts";
import { readEnvelope, writeEnvelope } from "../../../core/saved/envelope.ts";
import type { PlainData } from "../../../core/saved/plain_data.ts";
import { createDisk, diskVsc, diskVsp, memoryImage, openDisk } from "../../../devices/disk/mod.ts";
import * as vmbus from "../../../mod.ts";
import { isolatedGuest } from "../../../simulator/scenarios/later/isolated_guest.ts";
import { isolatedHost } from "../../../simulator/scenarios/later/isolated_host.ts";

const INSTANCE = "0c7e1f4e-2f52-4c57-8a1e-0d7b4f1c2a33";
const IMAGE_BLOCKS = 16;
const PAGE_BYTES = 4096;
/** Pages of RAM; with room for bounce buffers where the guest is isolated. */
const PAGES = 24;
const ISOLATED_PAGES = 128;
/** Requests of each channel: more than there are packet objects. */
const LATER_REQUESTS = 6;
/** Turns of the fabric after which something of all kinds is under way. */
const LATER_TURNS = 12;

function newImage() {
  return memoryImage(new Uint8Array(IMAGE_BLOCKS * 512));
}

/** The drivers by which they are restored. */
export const SAVED_DRIVERS = {
  guestDrivers: [diskVsc, isolatedGuest],
  hostDrivers: [diskVsp(newImage()), isolatedHost],
};

/** A guest with a disk, saved while `requests` of its requests are under way. */
export async function savedGuest(requests: number, isolated = false): Promise<Uint8Array> {
  const fabric = vmbus.createFabric({ codec: "vmbus" });
  const memoryPages = isolated ? ISOLATED_PAGES : PAGES;
  const guest = fabric.createPartition({ name: "guest", memoryPages, mmioMegabytes: 1, isolated });
  createDisk(guest, newImage(), { instance: INSTANCE, transferBytesMax: PAGE_BYTES });
  const disk = openDisk(guest, { transferBytesMax: PAGE_BYTES, ringPages: [1, 1] });
  await fabric.settle();
  const { pfns } = guest.memory.allocate(PAGE_BYTES);
  for (let tag = 0; tag < requests; tag++) {
    disk.submit({ operation: "read", firstBlock: tag, blockCount: 1, pfns }, tag);
  }
  return saved(fabric, guest);
}

/** An isolated guest of the scenario isolated, saved while requests of both its channels are under way. */
export async function savedLaterGuest(): Promise<Uint8Array> {
  const fabric = vmbus.createFabric({ codec: "vmbus" });
  const options = { name: "guest", memoryPages: ISOLATED_PAGES, processors: 2, isolated: true };
  const guest = fabric.createPartition(options);
  vmbus.loadHostDriver(guest, isolatedHost);
  const { channels } = vmbus.loadGuestDriver(guest, isolatedGuest);
  await fabric.settle();
  for (const channel of channels) channel.askAll(LATER_REQUESTS);
  for (let turn = 0; turn < LATER_TURNS; turn++) await fabric.step();
  return saved(fabric, guest);
}

/** The guest, saved without its pages: a case is quicker, and their content is anybody's anyway. */
async function saved(fabric: vmbus.Fabric, guest: vmbus.Partition): Promise<Uint8Array> {
  const { bytes, reason } = await vmbus.savePartition(guest);
  assert(bytes !== null, `a guest is saved: ${reason}`);
  fabric.dispose();
  const chunks = readEnvelope("partition", bytes).filter(({ data }) => !isPages(data));
  return writeEnvelope("partition", chunks);
}

function isPages(data: PlainData): boolean {
  return typeof data === "object" && data !== null && "first" in data && "bytes" in data;
}
