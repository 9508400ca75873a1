import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  DISK_INTERFACE_TYPE,
  type DiskClient,
  encodeRegisters,
  encodeReply,
  openDisk,
  TransferBuffer,
} from "../../../devices/disk/mod.ts";
import * as vmbus from "../../../mod.ts";
import { serverTable, setVmbus } from "../../support/connected_pair.ts";
import { assertClean, DISK_INSTANCE, ending } from "../../support/disk_stage.ts";

/** A host that is not the disk's driver: it puts `registers` into MMIO and gives `reply` to everything. */
async function openAgainst(
  host: {
    registers: Uint8Array;
    reply?: Uint8Array | null;
    mmioMegabytes?: number;
    opened?: vmbus.NtStatus;
  },
  use: (disk: DiskClient, fabric: vmbus.Fabric) => Promise<void> | void,
): Promise<void> {
  const fabric = vmbus.createFabric();
  const guest = fabric.createPartition({ name: "guest", memoryPages: 64 });
  const vsp = serverTable(fabric);
  const { channel } = vmbus.expectSuccess(vsp.VmbChannelAllocate(fabric.root.device, true));
  setVmbus(vsp, channel, guest);
  const held: vmbus.VMBPACKETCOMPLETION[] = [];
  const { reply, mmioMegabytes = 1 } = host;
  if (mmioMegabytes > 0) {
    const status = vsp.VmbServerChannelInitSetMmioMegabytes(channel, mmioMegabytes, 0);
    assertEquals(status, vmbus.STATUS_SUCCESS);
  }
  const statuses = [
    vsp.VmbServerChannelInitSetTargetInterfaceId(channel, DISK_INTERFACE_TYPE, DISK_INSTANCE),
    vsp.VmbChannelInitSetProcessPacketCallbacks(channel, (_channel, packet) => {
      if (reply === null) held.push(packet);
      else vsp.VmbChannelPacketComplete(packet, reply ?? null, reply?.length ?? 0);
    }, null),
    vsp.VmbChannelInitSetStateChangeCallbacks(channel, {
      ...vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT(),
      EvtChannelOpened: () => {
        const { mmioAddress } = vsp.VmbChannelGetMmioSpace(channel);
        if (mmioAddress !== 0n) guest.memory.write(Number(mmioAddress), host.registers);
        return host.opened ?? vmbus.STATUS_SUCCESS;
      },
      EvtChannelSuspend: () => {
        for (const packet of held) vsp.VmbChannelPacketComplete(packet, null, 0);
      },
    }),
    vsp.VmbChannelEnable(channel),
  ];
  assertEquals(statuses, statuses.map(() => vmbus.STATUS_SUCCESS));
  vsp.VmbChannelStart(channel);
  const disk = openDisk(guest);
  await fabric.settle();
  await use(disk, fabric);
  await disk.close();
  await vsp.VmbChannelDisable(channel);
  vsp.VmbChannelCleanup(channel);
  assertClean(fabric);
}

const REGISTERS = encodeRegisters({
  blockBytes: 512,
  blockCount: 8,
  isReadOnly: false,
  transferBytesMax: 4096,
  queueDepth: 4,
});

Deno.test("DiskClient: does not open what is no disk of its version", async () => {
  const assertRefused = (registers: Uint8Array, refusal: string, mmioMegabytes = 1) =>
    openAgainst({ registers, mmioMegabytes }, async (disk) => {
      assertEquals([disk.state.phase, disk.state.refusal], ["refused", refusal]);
      assertEquals(disk.state.statusBuffer, null);
      assertEquals(await disk.flush(), "notOpen");
      assertThrows(
        () => disk.registers,
        Error,
        `Cannot tell what the disk can do: it is refused (${refusal})`,
      );
    });
  await assertRefused(new Uint8Array(32), "noDisk");
  await assertRefused(REGISTERS, "noDisk", 0);
  await assertRefused(REGISTERS.with(4, 9), "wrongVersion");
  await assertRefused(REGISTERS.with(8, 1), "badBlockBytes");
  await assertRefused(REGISTERS.with(28, 0), "badQueueDepth");
});

Deno.test("DiskClient: is refused where the host does not agree", async () => {
  const assertRefused = (reply: Uint8Array | null, refusal: string) =>
    openAgainst({ registers: REGISTERS, reply }, async (disk, fabric) => {
      if (reply === null) {
        assertEquals(disk.state.phase, "opening");
        await fabric.advance(9999);
        assertEquals(disk.state.phase, "opening");
        await fabric.advance(1);
      }
      assertEquals([disk.state.phase, disk.state.refusal], ["refused", refusal]);
      assertEquals(await disk.flush(), "notOpen");
    });
  await assertRefused(encodeReply({ answer: "wrongVersion", blockCount: 0 }), "wrongVersion");
  await assertRefused(encodeReply({ answer: "badStatusBlock", blockCount: 0 }), "badStatusBlock");
  await assertRefused(new Uint8Array(0), "malformedReply");
  await assertRefused(new Uint8Array(8), "malformedReply");
  await assertRefused(new Uint8Array(16).fill(200), "malformedReply");
  await assertRefused(new Uint8Array(24), "STATUS_BUFFER_TOO_SMALL");
  await assertRefused(null, "STATUS_CANCELLED");
});

// kmcl.md S3: EvtChannelPnpFailure
Deno.test("DiskClient: hears why the host refused to be opened", async () => {
  const opened = vmbus.STATUS_INSUFFICIENT_RESOURCES;
  await openAgainst({ registers: REGISTERS, opened }, (disk) => {
    assertEquals(disk.state.phase, "refused");
    assertEquals(disk.state.refusal, "STATUS_INSUFFICIENT_RESOURCES");
  });
});

Deno.test("DiskClient: calls a reply malformed that is none", async () => {
  // A host that agrees, and then says what no host says: its status block is as bad.
  const reply = encodeReply({ answer: "ok", blockCount: 0 });
  await openAgainst({ registers: REGISTERS, reply }, async (disk, fabric) => {
    assertEquals(disk.state.phase, "open");
    assertEquals(await ending(fabric, disk.flush()), "ok");
    const buffer = TransferBuffer.allocate(disk.memory, 1024);
    const lie = disk.read(0, 2, buffer.pfns); // "ok", and not a block was moved
    assertEquals(await ending(fabric, lie), "malformedReply");
    buffer.free();
    reply.fill(200);
    assertEquals(await ending(fabric, disk.flush()), "malformedReply");
    const { statusBuffer } = disk.state;
    assert(statusBuffer !== null);
    disk.memory.write(statusBuffer.gpa, new Uint8Array(32).fill(200));
    assertEquals(disk.status, null);
  });
});

// assertClean of the stage sees that the packets of refused requests are not kept.
Deno.test("DiskClient: refuses numbers that the fields of a request cannot hold", async () => {
  const reply = encodeReply({ answer: "ok", blockCount: 0 });
  await openAgainst({ registers: REGISTERS, reply }, (disk) => {
    const buffer = TransferBuffer.allocate(disk.memory, 1024);
    for (const firstBlock of [-1, 0.5, NaN, 2 ** 53]) {
      assertThrows(
        () => disk.read(firstBlock, 1, buffer.pfns),
        RangeError,
        "Cannot encode a read: firstBlock must be a u64",
      );
    }
    assertThrows(() => disk.read(0, 1.5, buffer.pfns), RangeError, "blockCount must be a u32");
    buffer.free();
  });
});
