import { assertEquals, assertThrows } from "@std/assert";
import { createDisk, memoryImage } from "../../devices/disk/mod.ts";
import { checkInstance } from "../../devices/instance.ts";
import {
  createStorage,
  sparseImage,
  storageDriver,
  storageVsp,
} from "../../devices/storage/mod.ts";
import {
  createFabric,
  expectSuccess,
  loadGuestDriver,
  restorePartition,
  savePartition,
} from "../../mod.ts";

const INSTANCE = "0d6f1c52-7a3e-4b58-9c1d-5e2a8f4b7c36";

Deno.test("checkInstance: takes a GUID as every GUID is taken, and names what is none", () => {
  for (const text of [INSTANCE, INSTANCE.toUpperCase(), `{${INSTANCE}}`]) {
    assertEquals(checkInstance("create a device", { instance: text }), INSTANCE);
  }
  const needs = "Cannot create a device: it needs the option instance, ";
  const wrong: [unknown, string][] = [
    [null, "which is left out"],
    [undefined, "which is left out"],
    [{}, "which is left out"],
    [{ instance: 7 }, "a GUID, not 7"],
    [{ instance: "disk" }, "a GUID, not disk"],
    [{ instance: `{${INSTANCE}` }, "a GUID, not {"],
  ];
  for (const [options, message] of wrong) {
    assertThrows(
      () => checkInstance("create a device", options as never),
      TypeError,
      needs + message,
    );
  }
});

Deno.test("createDisk, createStorage: an instance that is left out is named", async () => {
  await using fabric = createFabric();
  const guest = fabric.createPartition({ name: "guest" });
  const nothing = {} as { instance: string };
  const disk = () => createDisk(guest, memoryImage(new Uint8Array(4096)), nothing);
  assertThrows(disk, TypeError, "Cannot create a disk: it needs the option instance");
  const storage = () => createStorage(guest, [], nothing);
  assertThrows(storage, TypeError, "Cannot create a storage controller: it needs the option");
});

Deno.test("createStorage: a guest is restored whose drivers name the controller in capitals", async () => {
  await using fabric = createFabric();
  const guest = fabric.createPartition({ name: "guest" });
  const disks = [{ image: sparseImage(65_536) }];
  const instance = `{${INSTANCE.toUpperCase()}}`;
  createStorage(guest, disks, { instance });
  const driver = storageDriver({ onDisk: () => {} });
  const wrong = () => loadGuestDriver(guest, driver, { instance: "first" });
  assertThrows(wrong, TypeError, "Cannot open a storage controller: it needs the option instance");
  loadGuestDriver(guest, storageDriver({ onDisk: () => {} }), { instance });
  await fabric.settle();
  const { bytes } = expectSuccess(await savePartition(guest));
  await using elsewhere = createFabric();
  const options = { hostDrivers: [storageVsp(disks)], guestDrivers: [driver] };
  const { loaded, partition } = expectSuccess(restorePartition(elsewhere, bytes, options));
  assertEquals(loaded.length, 2);
  for (const one of [guest, partition]) one.destroy();
});
