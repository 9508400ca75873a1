/** A storage controller saved with its guest, and restored: storage.md, section 9. */

import { assert, assertEquals } from "@std/assert";
import { sparseImage, type StorageDisk, storageVsp } from "../../../../devices/storage/mod.ts";
import { restoreServer, saveServer } from "../../../../devices/storage/vsp/state.ts";
import type { SavedServer } from "../../../../devices/storage/vsp/state.ts";
import * as vmbus from "../../../../mod.ts";
import { createFabric } from "../../../support/fabric.ts";
import { clientTable } from "../../../support/connected_pair.ts";
import { times } from "../../../support/long.ts";
import { type StorageProber, storageProber } from "../../../support/storage_prober.ts";
import { STORAGE_INSTANCE } from "../../../support/storage_stage.ts";

const SAVED: SavedServer = {
  state: {
    instance: STORAGE_INSTANCE,
    subChannelsMax: 3,
    queueDepth: 7,
    transferBytesMax: 65_536,
    versionMax: 0x600,
    place: "ready.untold",
    version: 0x600,
    subChannels: 1,
    agreement: { phase: "ready", version: 0x600, subChannels: 1 },
    news: "untold",
    death: "why",
  },
  channels: [{ index: 0, bytes: Uint8Array.of(1) }, { index: 1, bytes: null }],
  disks: [
    { pathId: 0, targetId: 1, lun: 2, memory: { blocks: 9, sense: null } },
    {
      pathId: 3,
      targetId: 0,
      lun: 0,
      memory: { blocks: 1, sense: { key: 5, code: 0x21, qualifier: 0 } },
    },
  ],
};

const restored = (saved: SavedServer) =>
  vmbus.readRecord(saveServer(saved), "storage", (fields) => restoreServer(fields));

function refusalOf(saved: SavedServer): string | null {
  try {
    restored(saved);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

Deno.test("saveServer: what was saved is restored", () => {
  // storage.md V1.
  assertEquals(restored(SAVED), SAVED);
});

Deno.test("restoreServer: refuses what no controller can have been", () => {
  // storage.md V3.
  const { state, channels } = SAVED;
  const at = (known: Partial<typeof state>, count = 1): SavedServer => ({
    ...SAVED,
    state: { ...state, ...known },
    channels: Array.from({ length: count }, (_, index) => ({ index, bytes: null })),
  });
  assertEquals(refusalOf(at({ subChannels: 0 })), null);
  assertEquals(refusalOf(at({ place: "subChannelsFixed" }, 2)), null);
  // For its sub-channel there was no memory (D721).
  assertEquals(refusalOf({ ...SAVED, channels: channels.slice(0, 1) }), null);
  assertEquals(refusalOf(at({ place: "begin", version: 0, subChannels: 0 })), null);
  assertEquals(refusalOf(at({ place: "dead", version: 0, subChannels: 0 })), null);
  for (const place of ["dead", "ready.dead"] as const) {
    assertEquals(refusalOf(at({ place }, 2)), null);
  }
  const wrong: readonly [string, SavedServer, string][] = [
    ["no channels", { ...SAVED, channels: [] }, "0 channels"],
    [
      "a channel too many",
      { ...SAVED, channels: [...channels, { index: 2, bytes: null }] },
      "3 channels",
    ],
    ["no primary", { ...SAVED, channels: [...channels].reverse() }, "2 channels"],
    ["too many sub-channels", at({ subChannels: 4 }, 5), "subChannels"],
    [
      "sub-channels before their time",
      at({ place: "endInitialization" }, 2),
      "sub-channels in",
    ],
    ["another version", at({ version: 0x602, subChannels: 0 }), "version 1538"],
    ["no version", at({ version: 0, subChannels: 0 }), "version 0"],
    [
      "a version too early",
      at({ place: "queryVersion", subChannels: 0 }),
      "version 1536",
    ],
    ["a dead one without a version", at({ place: "dead", version: 0 }), "sub-channels in dead"],
    ["another place", at({ place: "ready.done" as never }), "place"],
  ];
  for (const [name, saved, reason] of wrong) {
    const refusal = refusalOf(saved);
    assert(refusal?.includes(reason), `${name}: ${refusal}`);
  }
});

/** A fabric with a prober, which has done nothing yet. */
function probing(disks: readonly StorageDisk[], codec: "vmbus" | "msgpack") {
  const fabric = createFabric({ codec });
  const guest = fabric.createPartition({ name: "guest", memoryPages: 32 });
  const options = { instance: STORAGE_INSTANCE, subChannelsMax: 1 };
  const server = vmbus.loadHostDriver(guest, storageVsp(disks), options);
  const prober = vmbus.loadGuestDriver(guest, storageProber);
  return { fabric, guest, server, prober };
}

type Probing = ReturnType<typeof probing>;

/** The same guest in another fabric; the old one is gone. */
async function moved(
  { fabric, guest }: Probing,
  disks: readonly StorageDisk[],
  codec: "vmbus" | "msgpack",
): Promise<Probing> {
  const { bytes, reason } = await vmbus.savePartition(guest);
  assert(bytes !== null, `${reason}`);
  guest.destroy();
  await fabric.settle();
  assertEquals([fabric.leaks(), fabric.violations], [[], []]);
  const next = createFabric({ codec });
  const drivers = { guestDrivers: [storageProber], hostDrivers: [storageVsp(disks)] };
  const result = vmbus.restorePartition(next, bytes, drivers);
  assert(result.partition !== null, `${result.reason}`);
  const [server, prober] = ["host", "guest"].map((kind) =>
    result.loaded.find((each) => each.kind === kind)?.instance
  );
  result.partition.resume();
  return {
    fabric: next,
    guest: result.partition,
    server: server as Probing["server"],
    prober: prober as StorageProber,
  };
}

/** What each channel is answered, whether the guest was moved or not. */
const ANSWERS = [
  ["0 0", "0 0", "0 0", "0 0", "0 0", "1 0", "1 0", "1 0", "20 c00000c0", "86 c0000185", "1 0"],
  ["20 c00000c0", "0 c0000184", "0 0", "20 c00000c0"],
];
const SENSE = "700005000000000a0000000021000000" + "0000";

/** All was answered once, and what was written is read. */
async function finish({ fabric, server, prober }: Probing): Promise<void> {
  await fabric.run();
  assertEquals(prober.state.answers, ANSWERS);
  const [written, read, sense] = prober.buffers;
  assertEquals([read === written, sense], [true, SENSE]);
  await prober.close();
  await server.close();
  assertEquals([fabric.leaks(), fabric.violations], [[], []]);
}

for (const codec of ["vmbus", "msgpack"] as const) {
  Deno.test(`StorageServer: is saved at each item, and continues as if it had not been, ${codec}`, async () => {
    // storage.md V1, V2; kmcl.md V7.
    const disks = () => [{ image: sparseImage(1 << 20) }];
    let items = 0;
    const whole = probing(disks(), codec);
    while (await whole.fabric.step() > 0) items++;
    await finish(whole);
    assert(items > 50, `${items} items`);
    const stride = times(codec === "vmbus" ? 5 : 9, 1);
    const phases = new Set<string>();
    for (let item = 1; item <= items; item += stride) {
      const own = disks();
      const before = probing(own, codec);
      await before.fabric.step(item);
      phases.add(before.server.state.agreement.phase);
      await finish(await moved(before, own, codec));
    }
    assert(phases.size >= 3, `${[...phases]}`);
  });
}

Deno.test("StorageServer: a disk of another size after the restore is told with the next command", async () => {
  // storage.md V4, S7.
  const image = sparseImage(1 << 20);
  const before = probing([{ image }], "vmbus");
  await before.fabric.runUntil(() => before.prober.state.answers[0]!.length === 5);
  const other = sparseImage(1 << 21);
  const after = await moved(before, [{ image: other }], "vmbus");
  await after.fabric.run();
  const told = after.prober.state.answers[0]!.filter((answer) => answer === "84 c0000185");
  assertEquals(told.length, 1);
  assertEquals(after.server.disk({})?.blocks, 4096);
  await after.prober.close();
  await after.server.close();
});

Deno.test("StorageServer: the guest is told where other disks are there after the restore", async () => {
  // storage.md V4, H1.
  const disk = { image: sparseImage(1 << 20) };
  for (
    const [disks, news] of [[[disk], 0], [[disk, { ...disk, lun: 1 }], 1], [
      [{ ...disk, lun: 1 }],
      1,
    ]] as const
  ) {
    const before = probing([disk], "vmbus");
    await before.fabric.run();
    const after = await moved(before, disks, "vmbus");
    const packets = () => vmbus.inspectChannel(after.prober.channels[0]!).incomingRing;
    const at = packets();
    await after.fabric.run();
    // A notification in the ring is 88 bytes long.
    assertEquals(packets()!.readIndex - at!.readIndex, 88 * news);
    assertEquals(after.server.state.news, "told");
    await after.prober.close();
    await after.server.close();
  }
});

Deno.test("StorageServer: a notification that waits for room is saved, and leaves after the restore", async () => {
  // storage.md H2, V1.
  const disk = { image: sparseImage(1 << 20) };
  const disks: StorageDisk[] = [disk];
  const before = probing(disks, "vmbus");
  await before.fabric.run();
  await clientTable(before.guest).VmbChannelPause(before.prober.channels[0]!);
  while (before.server.state.news !== "leaving") {
    disks.push({ ...disk, targetId: 1, lun: disks.length });
    before.server.addDisk(disks.at(-1)!);
    await before.fabric.settle();
  }
  const after = await moved(before, disks, "vmbus");
  await after.fabric.settle();
  assertEquals(after.server.state.news, "leaving");
  clientTable(after.guest).VmbChannelStart(after.prober.channels[0]!);
  await after.fabric.settle();
  assertEquals(after.server.state.news, "told");
  await after.prober.close();
  await after.server.close();
  assertEquals([after.fabric.leaks(), after.fabric.violations], [[], []]);
});

Deno.test("StorageServer: a save waits for what runs, which is answered once", async () => {
  // storage.md V2.
  const memory = sparseImage(1 << 20);
  const ends: (() => void)[] = [];
  const image = {
    byteCount: memory.byteCount,
    isInFabric: true,
    read: (offset: number, into: Uint8Array) => memory.read(offset, into),
    write: (offset: number, bytes: Uint8Array) =>
      new Promise<void>((resolve) => ends.push(() => resolve(memory.write(offset, bytes)))),
    flush: () => {},
  };
  const before = probing([{ image }], "vmbus");
  await before.fabric.settle();
  assertEquals([ends.length, before.prober.state.answers[0]!.length], [1, 5]);
  const saving = moved(before, [{ image: memory }], "vmbus");
  ends[0]!();
  await finish(await saving);
});

Deno.test("StorageServer: a channel that died is dead after the restore, and begins anew when it is opened", async () => {
  // storage.md I6, V1.
  const disks = [{ image: sparseImage(1 << 20) }];
  const before = probing(disks, "vmbus");
  await before.fabric.run();
  const kmcl = clientTable(before.guest);
  const packet = kmcl.VmbPacketAllocate(before.prober.channels[0]!);
  assertEquals(kmcl.VmbPacketSend(packet, new Uint8Array(64), 64, null, 1), vmbus.STATUS_SUCCESS);
  await before.fabric.settle();
  assertEquals(typeof before.server.state.death, "string");
  const after = await moved(before, disks, "vmbus");
  await after.fabric.run();
  assertEquals(after.server.state.death, "operation: 0 is unknown");
  await after.prober.close();
  assertEquals(after.server.state.agreement.phase, "begin");
  await after.server.close();
  assertEquals([after.fabric.leaks(), after.fabric.violations], [[], []]);
});

Deno.test("storageVsp: a restore with disks that cannot be is refused, and leaves nothing behind", async () => {
  // storage.md V3; api.md section 5.
  const disk = { image: sparseImage(1 << 20) };
  const before = probing([disk], "vmbus");
  await before.fabric.run();
  const { bytes } = await vmbus.savePartition(before.guest);
  const wrong: readonly (readonly StorageDisk[])[] = [
    [disk, disk],
    [{ ...disk, settings: { blockBytes: 7 } }],
  ];
  for (const disks of wrong) {
    const fabric = createFabric({ codec: "vmbus" });
    const drivers = { guestDrivers: [storageProber], hostDrivers: [storageVsp(disks)] };
    const { partition, reason } = vmbus.restorePartition(fabric, bytes!, drivers);
    assertEquals([partition, reason?.includes("SCSI disk")], [null, true]);
    await fabric.settle();
    assertEquals([fabric.leaks(), fabric.violations], [[], []]);
    await fabric[Symbol.asyncDispose]();
  }
});
