// docs/save-restore.md: what a driver does in its restore that it should not, and what is left of it.
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { FabricRuntime } from "../../../actors/fabric/fabric_runtime.ts";
import * as vmbus from "../../../mod.ts";
import { serverTable } from "../../support/connected_pair.ts";
import { stubGuest, stubHost } from "../../support/stub_drivers.ts";
import { TALK_DRIVERS } from "../../support/talk_stage.ts";

/** A saved guest with one stub on each side. */
async function savedStubs(): Promise<Uint8Array> {
  const guest = vmbus.createFabric().createPartition({ name: "guest", memoryPages: 8 });
  vmbus.loadHostDriver(guest, stubHost());
  vmbus.loadGuestDriver(guest, stubGuest());
  return (await vmbus.savePartition(guest)).bytes!;
}

for (const end of ["resume", "crash", "destroy"] as const) {
  Deno.test(`Partition.${end}: not of a guest that is being restored`, async () => {
    const bytes = await savedStubs();
    const options: readonly vmbus.RestoreOptions[] = [
      {
        guestDrivers: [stubGuest({ restore: ({ partition }) => partition[end]() })],
        hostDrivers: [stubHost()],
      },
      {
        guestDrivers: [stubGuest()],
        hostDrivers: [stubHost({ restore: ({ guest }) => guest[end]() })],
      },
    ];
    const fabric = vmbus.createFabric();
    const before = [fabric.inspect(), fabric.traceDigest()];
    for (const option of options) {
      const { status, reason } = vmbus.restorePartition(fabric, bytes, option);
      assertEquals(vmbus.ntStatusName(status), "STATUS_UNSUCCESSFUL");
      assertStringIncludes(reason!, `Cannot ${end} guest while it is being restored`);
      assertEquals([fabric.inspect(), fabric.traceDigest()], before);
    }
  });
}

Deno.test("restorePartition: a guest that was refused is good for nothing, whoever kept it", async () => {
  const kept: vmbus.Partition[] = [];
  const saves: Promise<vmbus.SaveResult>[] = [];
  const restore = ({ partition }: vmbus.GuestRestoreContext) => {
    kept.push(partition);
    saves.push(vmbus.savePartition(partition));
    throw new Error("not here");
  };
  const fabric = vmbus.createFabric();
  const { status } = vmbus.restorePartition(fabric, await savedStubs(), {
    guestDrivers: [stubGuest({ restore })],
    hostDrivers: [stubHost()],
  });
  assertEquals(vmbus.ntStatusName(status), "STATUS_UNSUCCESSFUL");
  assertEquals(vmbus.ntStatusName((await saves[0]!).status), "STATUS_DEVICE_REMOVED");
  kept[0]!.resume(); // changes nothing
  assertThrows(() => vmbus.loadGuestDriver(kept[0]!, stubGuest()), Error, "is gone");
  await fabric.settle();
  assertEquals(fabric.inspect().partitions.length, 1);
});

Deno.test("restorePartition: what a refused driver made for itself keeps its number", async () => {
  const bytes = await savedStubs();
  const fabric = vmbus.createFabric({ trace: "full" });
  if (!(fabric instanceof FabricRuntime)) throw new TypeError("Cannot look into another's fabric");
  const kmcl = serverTable(fabric);
  const allocate = () =>
    vmbus.expectSuccess(kmcl.VmbChannelAllocate(fabric.root.device, true)).channel;
  const idOf = (channel: vmbus.VMBCHANNEL) => vmbus.inspectChannel(channel).id;
  const made: vmbus.VMBCHANNEL[] = [];
  const restore = () => {
    made.push(allocate());
    fabric.createPartition({ name: "its own", memoryPages: 4 });
    throw new Error("not here");
  };
  const { status } = vmbus.restorePartition(fabric, bytes, {
    guestDrivers: [stubGuest()],
    hostDrivers: [stubHost({ restore })],
  });
  assertEquals(vmbus.ntStatusName(status), "STATUS_UNSUCCESSFUL");
  const next = [allocate(), allocate()];
  assertEquals([...made, ...next].map(idOf), [1, 2, 3]);
  fabric.createPartition({ name: "another", memoryPages: 4 });
  const ids = fabric.partitions.map(({ id }) => id);
  assertEquals(new Set(ids).size, 3);
});

Deno.test("restorePartition: a name stands for one driver", async () => {
  const bytes = await savedStubs();
  const fabric = vmbus.createFabric();
  const driver = stubGuest();
  const ask = (guestDrivers: readonly vmbus.GuestDriver[]) =>
    vmbus.restorePartition(fabric, bytes, { guestDrivers, hostDrivers: [stubHost()] });
  assertThrows(() => ask([driver, stubGuest()]), TypeError, 'two guest drivers called "stub"');
  const hostDrivers = [...TALK_DRIVERS.hostDrivers, stubHost(), stubHost()];
  assertThrows(
    () => vmbus.restorePartition(fabric, bytes, { guestDrivers: [driver], hostDrivers }),
    TypeError,
    'two host drivers called "stub"',
  );
  assertEquals(ask([driver, driver]).reason, null); // the same one twice is no question
});

Deno.test("restorePartition: a driver's own fault says how it is refused, but not that it succeeded", async () => {
  const bytes = await savedStubs();
  const cases = [
    [vmbus.STATUS_REVISION_MISMATCH, vmbus.STATUS_REVISION_MISMATCH],
    [vmbus.STATUS_SUCCESS, vmbus.STATUS_UNSUCCESSFUL],
  ] as const;
  for (const [thrown, expected] of cases) {
    const restore = () => {
      throw new vmbus.SavedStateFault(thrown, "not here");
    };
    const { status, partition, reason } = vmbus.restorePartition(vmbus.createFabric(), bytes, {
      guestDrivers: [stubGuest({ restore })],
      hostDrivers: [stubHost()],
    });
    assertEquals([status, partition], [expected, null]);
    assertStringIncludes(reason!, "cannot be restored: not here");
  }
});
