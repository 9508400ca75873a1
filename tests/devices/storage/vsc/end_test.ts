/** A storage controller whose fabric ends, or has no memory for it. */

import { assertEquals } from "@std/assert";
import {
  createStorage,
  sparseImage,
  storageDriver,
  type StorageImage,
} from "../../../../devices/storage/mod.ts";
import { turn } from "../../../../actors/runtime/event_loop.ts";
import * as vmbus from "../../../../mod.ts";
import { defineScenario, runWorld } from "../../../../simulator/mod.ts";
import { createFabric } from "../../../support/fabric.ts";
import { STORAGE_INSTANCE } from "../../../support/storage_stage.ts";
import { NotingProgram } from "../../../support/storage_guest.ts";

for (const end of ["disposal", "crash"] as const) {
  Deno.test(`StorageClient: the ${end} comes while it closes its channels, and nobody minds`, async () => {
    // storage.md G11; what rejects and is awaited by nobody fails this test.
    const fabric = createFabric();
    const guest = fabric.createPartition({ name: "guest", memoryPages: 512 });
    const image: StorageImage = {
      byteCount: 1 << 16,
      isInFabric: true,
      read: () => new Promise(() => {}),
      write: () => {},
      flush: () => {},
    };
    createStorage(guest, [{ image }], { instance: STORAGE_INSTANCE });
    const program = new NotingProgram();
    const client = vmbus.loadGuestDriver(guest, storageDriver(program));
    await fabric.settle();
    void program.disks[0]!.read(0, new Uint8Array(512)).catch(() => {}); // its channel never closes
    await fabric.advance(130_000);
    assertEquals(client.state.phase, "closing");
    if (end === "crash") {
      guest.crash();
      await fabric.settle();
      assertEquals(client.state.phase, "refused");
    }
    fabric.dispose();
    await turn();
  });
}

Deno.test("createStorage: says with a status that there is no memory, and leaves nothing behind", async () => {
  const statuses: unknown[] = [];
  const scenario = defineScenario({
    name: "short-of-memory",
    title: "a controller is made where there is no memory for its packet, and then another",
    partitions: { guest: { memoryPages: 96 } },
    drivers: {},
    faults: [{ do: "memoryExhausted", nth: 1, where: { site: "packet" }, budget: 1 }],
    async workload(world) {
      for (let time = 0; time < 2; time++) {
        try {
          const disks = [{ image: sparseImage(1 << 16) }];
          const server = createStorage(world.guest("guest"), disks, { instance: STORAGE_INSTANCE });
          statuses.push("made");
          await server.close();
        } catch (error) {
          statuses.push(error instanceof vmbus.KmclError ? error.status : error);
        }
      }
    },
  });
  const { findings } = await runWorld(scenario, { schedule: "fifo" });
  assertEquals(findings, []);
  assertEquals(statuses, [vmbus.STATUS_INSUFFICIENT_RESOURCES, "made"]);
});
