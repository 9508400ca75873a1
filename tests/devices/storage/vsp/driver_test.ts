/** A storage controller and its guest, request by request: storage.md, sections 2 to 5 and 8. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  type Cdb,
  createStorage,
  sparseImage,
  type StorageImage,
} from "../../../../devices/storage/mod.ts";
import * as vmbus from "../../../../mod.ts";
import {
  offerStorage,
  propertiesOf,
  RawStorage,
  srbAnswerOf,
  srbRequest,
  statusOf,
  STORAGE_INSTANCE,
} from "../../../support/storage_stage.ts";

const GOOD = "01 00 0 -";
const READY: Cdb = { operation: "testUnitReady" };
const read = (lba: number, blocks = 1): Cdb => ({
  operation: "read10",
  blockFlags: 0,
  lba,
  blocks,
});
const write = (
  lba: number,
  blocks = 1,
): Cdb => ({ ...read(lba, blocks), operation: "write10" } as Cdb);
const reportLuns: Cdb = { operation: "reportLuns", selectReport: 0, allocationBytes: 0 };

for (const codec of ["vmbus", "msgpack"] as const) {
  for (const version of [0x0200, 0x0402, 0x0501, 0x0600]) {
    const name = `${version.toString(16)}, ${codec}`;
    Deno.test(`StorageServer: blocks that are written read the same, version ${name}`, async () => {
      // storage.md I1, I2, P1, P6.
      const raw = await RawStorage.ready({ fabric: { codec } }, version);
      const blocks = Uint8Array.from({ length: 4096 }, (_, at) => at * 7 + (at >> 8));
      assertEquals(await raw.end(write(1, 8), { data: blocks, byteOffset: 100 }), `${GOOD} 4096`);
      const end = await raw.scsi(read(1, 8), { data: 4096, byteOffset: 900 });
      assertEquals(end, { status: "01 00 0", sense: null, moved: 4096, data: blocks });
      await raw.finish();
    });
  }
}

Deno.test("StorageServer: serves guests of every version of VMBus", async () => {
  // storage.md P6, I5.
  const versions = [
    ...["0.13", "1.1", "2.4", "3.0", "4.0", "4.1", "5.0", "5.1", "5.2", "5.3", "6.0"] as const,
  ];
  for (const [place, vmbusVersion] of versions.entries()) {
    const raw = await RawStorage.ready({ guest: { vmbusVersion }, options: { subChannelsMax: 1 } });
    const blocks = new Uint8Array(9 * 512).fill(place + 1);
    assertEquals(await raw.end(write(5, 9), { data: blocks, byteOffset: 7 }), `${GOOD} 4608`);
    assertEquals(await raw.say("createSubChannels", { subChannels: 1 }), "0");
    const sub = new RawStorage(raw.stage, 1);
    await raw.stage.fabric.settle();
    // Guests below 2.4 see no sub-channels.
    const reader = place < 2 ? raw : sub;
    assertEquals((await reader.scsi(read(5, 9), { data: 4608 }))?.data, blocks, vmbusVersion);
    await sub.close();
    await raw.finish();
  }
});

Deno.test("StorageServer: an answer is as long as its request, before the handshake as well", async () => {
  // storage.md P3, P4.
  const raw = new RawStorage(offerStorage());
  await raw.stage.fabric.settle();
  const lengths = async () => {
    const found: (number | undefined)[] = [];
    for (const length of [12, 16, 48, 50, 64, 65, 72, 200]) {
      const request = new Uint8Array(length);
      request[0] = 3;
      found.push((await raw.ask(request))?.length);
    }
    return found;
  };
  assertEquals(await lengths(), [16, 16, 48, 56, 64, 64, 64, 64]);
  await raw.initialize();
  assertEquals(await lengths(), [16, 16, 48, 56, 64, 64, 64, 64]);
  await raw.finish();
});

Deno.test("StorageServer: another version is refused and echoed, and the guest may ask again", async () => {
  // storage.md I2.
  const raw = new RawStorage(offerStorage({ options: { versionMax: 0x0501 } }));
  await raw.stage.fabric.settle();
  assertEquals(await raw.say("beginInitialization"), "0");
  for (const version of [0x0602, 0x0700, 0x0600, 0x0100, 0]) {
    const request = new Uint8Array(64);
    request.set([9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, version & 0xff, version >> 8, 7]);
    const answer = await raw.ask(request);
    const echoed = new Uint8Array(52);
    echoed.set([version & 0xff, version >> 8, 7]);
    assertEquals([statusOf(answer!), answer!.subarray(12)], ["c0000059", echoed]);
  }
  assertEquals(raw.stage.server.state.agreement.phase, "queryVersion");
  assertEquals(await raw.say("queryProtocolVersion", { version: 0x0501 }), "0");
  await raw.finish();
});

Deno.test("StorageServer: properties by version", async () => {
  // storage.md I2, P2.
  for (const [version, properties] of [[0x600, [3, 1, 65_536]], [0x402, [0, 0, 65_536]]] as const) {
    const options = { subChannelsMax: 3, transferBytesMax: 65_536 };
    const raw = new RawStorage(offerStorage({ options }));
    await raw.stage.fabric.settle();
    await raw.say("beginInitialization");
    await raw.say("queryProtocolVersion", { version });
    const request = new Uint8Array(64);
    request[0] = 10;
    assertEquals(propertiesOf((await raw.ask(request))!), properties);
    await raw.finish();
  }
});

Deno.test("StorageServer: closing the channel begins anew", async () => {
  // storage.md I1.
  const raw = await RawStorage.ready();
  await raw.close();
  assertEquals(raw.stage.server.state.agreement, { phase: "begin", version: 0, subChannels: 0 });
  const again = new RawStorage(raw.stage);
  await raw.stage.fabric.settle();
  assertEquals(await again.say("endInitialization"), "c0000184");
  await again.initialize(0x402);
  assertEquals(await again.end(READY), `${GOOD} 0`);
  await again.finish();
});

Deno.test("StorageServer: an address without a disk", async () => {
  // storage.md A1, A2, A3.
  const raw = await RawStorage.ready({ disks: [{ targetId: 2, lun: 1, image: sparseImage(512) }] });
  const absent = "20 02 c00000c0 - 0";
  assertEquals(await raw.end(READY, { targetId: 2, lun: 1 }), `${GOOD} 0`);
  for (const address of [{}, { targetId: 2 }, { lun: 1 }, { pathId: 1, targetId: 2, lun: 1 }]) {
    assertEquals(await raw.end(READY, address), absent);
    assertEquals(await raw.end(read(0), { ...address, data: 512 }), absent);
    assertEquals(await raw.end(Uint8Array.of(0xff, ...new Uint8Array(15)), address), absent);
  }
  const inquiry = { isVital: false, isCommandSupport: false, page: 0, allocationBytes: 104 };
  const ask = (change: Partial<typeof inquiry>, options = {}) =>
    raw.scsi({ operation: "inquiry", ...inquiry, ...change }, { data: 104, ...options });
  const first = await ask({});
  assertEquals([first?.status, first?.moved], ["01 00 0", 104]);
  assertEquals(first?.data.subarray(0, 12).toHex(), "7f000502630000024d736674");
  const other = await ask({ allocationBytes: 36 }, { lun: 5 });
  assertEquals([other?.moved, other?.data.subarray(0, 12).toHex()], [
    36,
    "7f0005026300000200000000",
  ]);
  const refusals = [
    ask({ isVital: true }),
    ask({ page: 1 }),
    ask({ allocationBytes: 4 }),
    ask({ allocationBytes: 105 }),
    ask({}, { direction: 0 }),
  ];
  for (const end of await Promise.all(refusals)) {
    assertEquals([end?.status, end?.sense], ["86 02 c0000185", "05/24/00"]);
  }
  await raw.finish();
});

Deno.test("StorageServer: REPORT LUNS lists the disks of one target", async () => {
  // storage.md A4.
  const image = sparseImage(512);
  const disks = [{ lun: 9, image }, { lun: 0, image }, { lun: 2, image }, { targetId: 1, image }];
  const raw = await RawStorage.ready({ disks });
  const lists = async (room: number, targetId = 0) => {
    const end = await raw.scsi(reportLuns, { data: room, lun: 7, targetId });
    return `${end?.status} ${end?.data.subarray(0, end.moved).toHex()}`;
  };
  const entry = (lun: number) => `000${lun}000000000000`;
  assertEquals(await lists(256), `01 00 0 0000001800000000${entry(0)}${entry(2)}${entry(9)}`);
  assertEquals(await lists(16), `01 00 0 0000001800000000${entry(0)}`);
  assertEquals(await lists(7), "01 00 0 ");
  assertEquals(await lists(256, 1), `01 00 0 0000000800000000${entry(0)}`);
  assertEquals(await lists(256, 3), "01 00 0 0000000000000000");
  await raw.finish();
});

Deno.test("StorageServer: a failure fills the SRB, its sense, and the header", async () => {
  // storage.md P5, S1, S6, section 10.
  const raw = await RawStorage.ready();
  const answer = await raw.ask(
    srbRequest({ cdb: Uint8Array.of(0x28, 0, 0xff, ...new Uint8Array(13)) }),
  );
  assertEquals(srbAnswerOf(answer!).dataTransferBytes, 0);
  await raw.end(READY);
  assertEquals(await raw.end(read(2048), { data: 512 }), "86 02 c0000185 05/21/00 0");
  await raw.finish();
});

Deno.test("StorageServer: data may be longer than what counts, and the rest is left alone", async () => {
  // storage.md P6.
  const raw = await RawStorage.ready();
  await raw.end(write(0), { data: new Uint8Array(512).fill(5) });
  const end = await raw.scsi(read(0), { data: 1024, transferBytes: 512 });
  assertEquals(end?.data.toHex(), "05".repeat(512) + "ee".repeat(512));
  assertEquals(await raw.end(READY, { data: 512, transferBytes: 0 }), `${GOOD} 0`);
  await raw.finish();
});

Deno.test("StorageServer: the image works on the guest's own memory", async () => {
  // storage.md P7: no block is copied on its way.
  const seen: Uint8Array[] = [];
  const memory = sparseImage(1 << 20);
  const image: StorageImage = {
    byteCount: memory.byteCount,
    read: (offset, into) => void (seen.push(into), memory.read(offset, into)),
    write: (offset, bytes) => void (seen.push(bytes), memory.write(offset, bytes)),
    flush: () => {},
  };
  const raw = await RawStorage.ready({ disks: [{ image }] });
  const { guest } = raw.stage;
  const buffer = guest.memory.allocate(8192);
  const mdl = vmbus.IoAllocateMdl(guest.memory, buffer.gpa + 100, 4096);
  const own = vmbus.mdlSegments(mdl);
  for (const [direction, opcode] of [[0, 0x2a], [1, 0x28]] as const) {
    const cdb = new Uint8Array(16);
    cdb.set([opcode, 0, 0, 0, 0, 3, 0, 0, 8]);
    const answer = await raw.ask(srbRequest({ direction, dataTransferBytes: 4096, cdb }), mdl);
    assertEquals(srbAnswerOf(answer!).dataTransferBytes, 4096);
    const pieces = seen.splice(0);
    const placesOf = (views: readonly Uint8Array[]) =>
      views.map(({ byteOffset, length }) => [byteOffset, length]);
    assertEquals(placesOf(pieces), placesOf(own));
    assert(pieces.every((piece) => piece.buffer === own[0]?.buffer));
  }
  guest.memory.free(buffer);
  await raw.finish();
});

Deno.test("createStorage: options and addresses out of bounds are refused", () => {
  const { guest, server } = offerStorage();
  const image = sparseImage(512);
  const make = (options: object, disks: object[] = []) => () =>
    createStorage(guest, disks as never, { instance: STORAGE_INSTANCE, ...options });
  assertThrows(make({ subChannelsMax: 65_536 }), RangeError, "subChannelsMax must be from 0");
  assertThrows(make({ queueDepth: 0 }), RangeError, "queueDepth must be from 1");
  assertThrows(make({ transferBytesMax: 4096 }), RangeError, "transferBytesMax must be from 65536");
  assertThrows(make({ versionMax: 1 }), RangeError, "versionMax must be from 512");
  assertThrows(make({}, [{ lun: 256, image }]), RangeError, "lun must be from 0 to 255, not 256");
  assertThrows(() => server.addDisk({ image }), RangeError, "there is one at 0:0:0");
  assertThrows(() => server.removeDisk({ lun: 4 }), RangeError, "there is none at 0:0:4");
  assertEquals([server.disk({ lun: 4 }), server.disk({})?.blocks], [null, 2048]);
});
