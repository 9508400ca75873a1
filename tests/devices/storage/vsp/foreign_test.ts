/** A storage controller as the host of a guest that somebody else wrote, byte for byte: storage.md, all of it. */

import { assertEquals } from "@std/assert";
import { type SparseImage, sparseImage } from "../../../../devices/storage/mod.ts";
import { fromHex } from "../../../support/decoded_lines.ts";
import { DATA_PAGE, padded, StorageBytes } from "../../../support/storage_bytes.ts";

const OK = padded("01");
const NEWS = "060002000a0000000000000000000000" + padded("0b");

/** An SRB as the Linux driver fills it in, 64 bytes: direction 0 write, 1 read, 2 none. */
function srb(cdb: string, direction: 0 | 1 | 2, byteCount = 0, lun = 0): Uint8Array {
  const packet = new Uint8Array(64);
  const view = new DataView(packet.buffer);
  view.setUint32(0, 3, true);
  view.setUint32(4, 1, true);
  view.setUint16(12, 0x34, true);
  packet.set([2, 0, 0, lun], 16);
  packet.set([fromHex(cdb).length, 0x14, direction], 20);
  view.setUint32(24, byteCount, true);
  packet.set(fromHex(cdb), 28);
  packet.set([0xff, 0x20], 50);
  view.setUint32(52, 0x8 | [0x80, 0x40, 0][direction]! | 0x102, true);
  view.setUint32(56, 60, true);
  return packet;
}

/** The answer to it: statuses in base 16, bytes moved, sense data. */
function answered(
  status: string,
  srbStatus: string,
  scsi: string,
  moved: number,
  sense = "",
): string {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, moved, true);
  return padded(
    `01000000 00000000 ${status} 3400 ${srbStatus} ${scsi} 00000000 10 14 00 00 ${bytes.toHex()} ${sense}`,
  );
}

const good = (moved: number) => answered("00000000", "01", "00", moved);
const BAD_FIELD = answered("850100c0", "86", "02", 0, "700005000000000a0000000024");

// storage.md section 10
Deno.test("attachForeignGuest: the conversation of the document, byte for byte", async () => {
  const base = (0x1234 - DATA_PAGE) * 4096; // the first data page is 0x1234
  const disks = [{ image: sparseImage(1 << 20) }];
  const stage = await StorageBytes.opened({ version: 0x4_0000, base, disks, subChannelsMax: 3 });
  const head = (id: number) =>
    `0b0002000a000000${id.toString(16).padStart(2, "0")}`.padEnd(32, "0");
  const said = [
    ["07000000 01000000", "01"],
    [
      "09000000 01000000 00000000 0006 0000",
      "01000000 00000000 00000000 0006 0000",
    ],
    [
      "0a000000 01000000",
      "01000000 00000000 00000000 00000000 0300 0000 01000000 00000400",
    ],
    ["08000000 01000000", "01"],
  ];
  for (const [place, [request, answer]] of said.entries()) {
    stage.send(BigInt(place + 1), padded(request!));
    assertEquals(await stage.take(), head(place + 1) + padded(answer!));
  }
  const read = (lba: string) =>
    `03000000 01000000 00000000 3400 0000 00000000 0a 14 01 00 00100000
     2800${lba}00 0008 00 000000000000 00000000 0000 00 00 48000000 3c000000 00000000`;
  const range = { byteCount: 4096, pages: [0] };
  stage.send(5n, read("00000008"), range);
  assertEquals(await stage.take(), head(5) + good(4096));
  stage.send(6n, read("00000800"), range);
  assertEquals(
    await stage.take(),
    head(6) + answered("850100c0", "86", "02", 0, "700005000000000a0000000021"),
  );
  stage.server.addDisk({ lun: 1, image: sparseImage(512) });
  assertEquals([await stage.take(), await stage.take()], [NEWS, null]);
  await stage.end();
});

const INIT = 0xffff_ffff_ffff_ffffn;
const RESET = 0xffff_ffff_ffff_fffen;

/** Initializes the controller as the Linux driver does, the newest version first; each request has the same id. */
async function initialize(stage: StorageBytes): Promise<void> {
  // storage.md I1, I2; wire.md 2.5
  assertEquals(await stage.ask(INIT, padded("0700000001")), OK);
  const query = (minor: string) => padded(`0900000001000000 00000000 ${minor}06 0000`);
  const refused = padded("01000000 00000000 590000c0 0206 0000");
  assertEquals(await stage.ask(INIT, query("02")), refused);
  assertEquals(await stage.ask(INIT, query("00")), padded("01000000 00000000 00000000 0006 0000"));
  const properties = "01000000 00000000 00000000 00000000 0200 0000 01000000 00000400";
  assertEquals(await stage.ask(INIT, padded("0a00000001")), padded(properties));
  assertEquals(await stage.ask(INIT, padded("0800000001")), OK);
}

/** Asks for two sub-channels after the end, and opens them: each without a handshake. */
async function openSubChannels(stage: StorageBytes): Promise<void> {
  // storage.md I5
  assertEquals(await stage.ask(INIT, padded("0d00000001000000 00000000 0200")), OK);
  const offers = stage.guest.take();
  assertEquals(offers.map((offer) => [offer[0], offer.length]), [[1, 196], [1, 196]]);
  await stage.open();
  await stage.open();
}

/** Runs a command with room for its data: the answer, and what is in the room then. */
async function run(
  stage: StorageBytes,
  cdb: string,
  byteCount: number,
  lun = 0,
): Promise<[answer: string | null, data: string]> {
  stage.data.fill(0xee);
  const range = byteCount === 0 ? null : { byteCount, byteOffset: 24, pages: [2] };
  const request = srb(cdb, byteCount === 0 ? 2 : 1, byteCount, lun);
  const answer = await stage.ask(77n, request, range);
  const start = 2 * 4096 + 24;
  return [answer, stage.data.slice(start, start + byteCount).toHex()];
}

/** INQUIRY and its pages, REPORT LUNS, TEST UNIT READY, capacities, modes. */
async function scan(stage: StorageBytes): Promise<void> {
  const standard = "0000050263000002" + "4d73667420202020" +
    "5669727475616c204469736b20202020312e3020";
  assertEquals(await run(stage, "12 00 00 0024 00", 36), [good(36), standard]);
  const pages = fromHex("00000008 00 80 83 b0 b1 b2 ce cf").toHex();
  assertEquals(await run(stage, "12 01 00 00ff 00", 255), [good(12), pages.padEnd(510, "ee")]);
  const [, serial] = await run(stage, "12 01 80 00ff 00", 255);
  assertEquals(serial.slice(0, 12), "008000025331");
  assertEquals(await run(stage, "12 01 c0 00ff 00", 255), [BAD_FIELD, "ee".repeat(255)]);
  assertEquals(await run(stage, "a0 00 00 000000 00000018 00 00", 24), [
    good(24),
    "00000010000000000000000000000000" + "0003000000000000",
  ]);
  const ready = "00 00 00 00 00 00";
  for (const lun of [0, 3]) assertEquals(await run(stage, ready, 0, lun), [good(0), ""]);
  assertEquals((await run(stage, ready, 0, 1))[0], answered("c00000c0", "20", "02", 0));
  const [, absent] = await run(stage, "12 00 00 0024 00", 36, 1);
  assertEquals(absent.slice(0, 32), "7f000502630000020000000000000000");
  assertEquals(await run(stage, "25 00 00000000 0000 00 00", 8), [good(8), "000007ff00000200"]);
  const [, capacity] = await run(stage, "9e 10 0000000000000000 00000020 00 00", 32, 3);
  assertEquals(capacity, `00000000001fffff0000020000038000${"00".repeat(16)}`);
  assertEquals(await run(stage, "1a 00 3f 00 04 00", 4), [good(4), "0f001000"]);
  const caching = "0f001000080a04".padEnd(32, "0").padEnd(384, "e");
  assertEquals(await run(stage, "1a 08 08 00 c0 00", 192), [good(16), caching]);
}

/** Writes from pages in any order on the primary, and reads on the sub-channels. */
async function moveBlocks(stage: StorageBytes, image: SparseImage): Promise<void> {
  // storage.md P6
  const { data } = stage;
  data.fill(0);
  const pattern = Uint8Array.from({ length: 8192 }, (_, at) => at * 3 + (at >> 7));
  data.set(pattern.subarray(0, 4096 - 512), 5 * 4096 + 512);
  data.set(pattern.subarray(4096 - 512, 8192 - 512), 1 * 4096);
  data.set(pattern.subarray(8192 - 512), 3 * 4096);
  const range = { byteCount: 8192, byteOffset: 512, pages: [5, 1, 3] };
  const write = srb("2a 08 00000010 00 0010 00", 0, 8192);
  assertEquals(await stage.ask(1n, write, range), good(8192));
  const kept = new Uint8Array(8192);
  image.read(16 * 512, kept);
  assertEquals(kept, pattern);
  for (const index of [1, 2]) {
    data.fill(0);
    const read = srb("88 00 0000000000000010 00000010 00 00", 1, 8192);
    const whole = { byteCount: 8192, pages: [7, 6] };
    assertEquals(await stage.ask(2n, read, whole, index), good(8192));
    const found = [...data.subarray(7 * 4096, 8 * 4096), ...data.subarray(6 * 4096, 7 * 4096)];
    assertEquals(Uint8Array.from(found), pattern);
  }
}

/** SYNCHRONIZE CACHE, WRITE SAME, UNMAP, a reset. */
async function tidyUp(stage: StorageBytes, image: SparseImage): Promise<void> {
  const { data } = stage;
  assertEquals(await stage.ask(3n, srb("35 00 00000000 00 0000 00", 2)), good(0));
  data.fill(0x5a, 0, 512);
  const same = srb("93 00 0000000000000012 00000002 00 00", 0, 512);
  assertEquals(await stage.ask(4n, same, { byteCount: 512, pages: [0] }), good(1024));
  data.set(fromHex("0016 0010 00000000 0000000000000010 00000002 00000000"));
  const unmap = srb("42 00 00 00 00 00 00 0018 00", 0, 24);
  assertEquals(await stage.ask(5n, unmap, { byteCount: 24, pages: [0] }), good(0));
  const kept = new Uint8Array(2048);
  image.read(16 * 512, kept);
  assertEquals(kept.toHex(), "00".repeat(1024) + "5a".repeat(1024));
  assertEquals(await stage.ask(RESET, padded("0600000001")), OK);
}

const MACHINES = [[0x3_0000, 0], [0x4_0000, 0x4000_0000], [0x6_0000, 0x1_0000_0000]] as const;
for (const [version, base] of MACHINES) {
  const name = `VMBus 0x${version.toString(16)}, memory at 0x${base.toString(16)}`;
  Deno.test(`attachForeignGuest: initialization, scan, blocks and sub-channels, ${name}`, async () => {
    const image = sparseImage(1 << 20);
    const disks = [{ image, settings: { serial: "S1" } }, { lun: 3, image: sparseImage(1 << 30) }];
    const stage = await StorageBytes.opened({ version, base, disks, subChannelsMax: 2 });
    await initialize(stage);
    await openSubChannels(stage);
    await scan(stage);
    await moveBlocks(stage, image);
    await tidyUp(stage, image);

    // A disk comes: one packet that nobody asked for, then the guest scans again (storage.md H1, H3).
    stage.server.addDisk({ lun: 1, image: sparseImage(512) });
    assertEquals([await stage.take(), await stage.take()], [NEWS, null]);
    assertEquals(await run(stage, "a0 00 00 000000 00000020 00 00", 32), [
      good(32),
      "00000018000000000000000000000000" + "00010000000000000003000000000000",
    ]);
    const [, partition] = stage.fabric.inspect().partitions;
    assertEquals(partition?.faults, []);
    await stage.end();
  });
}

/** A stage that is ready, in version 6.0. */
async function readyStage(image: SparseImage, queueDepth = 256): Promise<StorageBytes> {
  const disks = [{ image }];
  const stage = await StorageBytes.opened({ version: 0x4_0000, base: 0, disks, queueDepth });
  for (const operation of ["07", "0900000000000000000000000006", "0a", "08"]) {
    await stage.ask(1n, padded(operation));
  }
  return stage;
}

Deno.test("attachForeignGuest: short packets of version 4.2", async () => {
  // storage.md P1, P4, I2.
  const disks = [{ image: sparseImage(1 << 20) }];
  const stage = await StorageBytes.opened({ version: 0x4_0000, base: 0, disks, subChannelsMax: 2 });
  const short = (hex: string) => padded(hex).slice(0, 96);
  for (
    const [request, answer] of [
      ["07", "01"],
      ["09000000 00000000 00000000 0204", "01000000 00000000 00000000 0204"],
      ["0a", "01000000 00000000 00000000 00000000 0000 0000 00000000 00000400"],
      ["08", "01"],
    ]
  ) assertEquals(await stage.ask(1n, short(request!)), short(answer!));
  const request = srb("28 00 00000000 00 0001 00", 1, 512).subarray(0, 48);
  assertEquals(
    await stage.ask(2n, request, { byteCount: 512, pages: [0] }),
    good(512).slice(0, 96),
  );
  stage.server.removeDisk({});
  const news = await stage.take();
  assertEquals(news, "0600020008000000" + "0".repeat(16) + short("0b"));
  await stage.end();
});

Deno.test("attachForeignGuest: ids repeat, and each request is answered with its own", async () => {
  // wire.md 2.5; storage.md I5.
  const stage = await readyStage(sparseImage(1 << 20));
  const ids = [7n, 7n, 0n, 0x8000_0000_0000_0000n, 7n];
  for (const id of ids) stage.send(id, srb("00 00 00 00 00 00", 2));
  await stage.fabric.settle();
  for (const id of ids) {
    const bytes = fromHex((await stage.take())!.slice(16, 32));
    assertEquals(new DataView(bytes.buffer).getBigUint64(0, true), id);
  }
  await stage.end();
});

Deno.test("attachForeignGuest: one range has any number of pages, also above the most bytes of a transfer", async () => {
  // storage.md P6: 1 MiB from offset 8, in 257 pages, of which a guest may name one as often as it likes.
  const image = sparseImage(1 << 21);
  const stage = await readyStage(image);
  const byteCount = 1 << 20;
  const pages = Array.from({ length: 257 }, (_, place) => place % 3);
  for (const place of [0, 1, 2]) stage.data.fill(place + 1, place * 4096, place * 4096 + 4096);
  const range = { byteCount, byteOffset: 8, pages };
  const write = srb("8a 00 0000000000000001 00000800 00 00", 0, byteCount);
  assertEquals(await stage.ask(1n, write, range), good(byteCount));
  const kept = new Uint8Array(byteCount);
  image.read(512, kept);
  assertEquals([1, 2, 3].map((value) => kept.filter((byte) => byte === value).length), [
    86 * 4096 - 8, // the first page counts from its offset on
    85 * 4096 + 8, // the last one has what is left
    85 * 4096,
  ]);
  assertEquals([kept[0], kept[4088], kept[2 * 4096 - 8], kept.at(-1)], [1, 2, 3, 2]);
  const read = srb("88 00 0000000000000001 00000800 00 00", 1, byteCount);
  assertEquals(await stage.ask(2n, read, { ...range, pages: pages.toReversed() }), good(byteCount));
  await stage.end();
});

Deno.test("attachForeignGuest: what wants no completion is carried out, and not answered", async () => {
  // storage.md I6.
  const image = sparseImage(1 << 20);
  const stage = await readyStage(image);
  stage.data.fill(9, 0, 512);
  const range = { byteCount: 512, pages: [0] };
  stage.send(2n, srb("2a 00 00000000 00 0001 00", 0, 512), range, { flags: 0 });
  assertEquals([await stage.take(), image.keptBytes > 0], [null, true]);
  assertEquals(await stage.ask(3n, srb("00 00 00 00 00 00", 2)), good(0));
  await stage.end();
});

Deno.test("attachForeignGuest: a guest that kills its channel begins anew after it has closed it", async () => {
  // storage.md I6, P6; wire.md 2: pages that it does not have, a completion that nobody waits for.
  const read = srb("28 00 00000000 00 0001 00", 1, 512);
  const deadly: readonly ((stage: StorageBytes) => void)[] = [
    (stage) => stage.send(2n, read),
    (stage) => stage.send(2n, read, { byteCount: 511, pages: [0] }),
    (stage) => stage.send(2n, read, { byteCount: 512, pages: [4096] }),
    (stage) => stage.send(2n, padded("02")),
    (stage) => stage.send(2n, new Uint8Array(8)),
    (stage) => stage.send(2n, padded("01"), null, { type: 11, flags: 0 }),
  ];
  for (const [place, kill] of deadly.entries()) {
    const stage = await readyStage(sparseImage(1 << 20));
    kill(stage);
    assertEquals(await stage.take(), null, `${place}`);
    assertEquals(await stage.ask(3n, srb("00 00 00 00 00 00", 2)), null, `${place}`);
    await stage.close();
    stage.guest.take();
    await stage.open();
    assertEquals(await stage.ask(1n, padded("08")), padded("01000000 00000000 840100c0"));
    assertEquals(await stage.ask(1n, padded("07")), OK);
    await stage.end();
  }
});

Deno.test("attachForeignGuest: a guest that does not read has no more taken than the queue's depth", async () => {
  // storage.md I5; kmcl.md R4, R6: a request counts until its answer is in the ring.
  const stage = await readyStage(sparseImage(1 << 20), 5);
  const ready = srb("00 00 00 00 00 00", 2);
  const room = Math.floor(4095 / 88);
  let sent = 0;
  while (stage.post(BigInt(sent), ready)) {
    sent++;
    await stage.fabric.settle();
  }
  const [server] = stage.fabric.inspect().partitions[0]!.channels;
  assertEquals([sent, server?.queued], [room + 5 + room, 5]);
  for (let id = 0; id < sent; id++) {
    const answer = await stage.take();
    assertEquals(answer?.slice(16), id.toString(16).padStart(2, "0").padEnd(16, "0") + good(0));
    stage.guest.door.signalEvent(0x2001, 0); // there is room
  }
  await stage.end();
});
