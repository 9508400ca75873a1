/**
 * The guest's storage driver against a host of bytes: rings, descriptors and packets as storage.md section 10 has
 * them, and what a host can do wrong there.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  BlockError,
  type GuestDisk,
  type StorageClient,
  storageDriver,
} from "../../../../devices/storage/mod.ts";
import * as vmbus from "../../../../mod.ts";
import { ByteHost, OFFER_5 } from "../../../support/byte_host.ts";
import { ByteRing } from "../../../support/byte_ring.ts";
import { createFabric } from "../../../support/fabric.ts";
import { hexBytes } from "../../../support/held_link.ts";

/** A SCSI controller, on channel 5. */
const OFFER = OFFER_5.slice();
OFFER.set(hexBytes("d96361ba a104 294d b605 72e2ffb1dc7f"), 8);
/** Bytes of the memory that it has. */
const MEMORY_BYTES = 128 * 4096;

const hex = (bytes: Uint8Array) => bytes.toHex();
/** A packet with 0 in place of its transaction's number, which is KMCL's to give. */
const shape = (bytes: Uint8Array) => hex(bytes.with(8, 0));
/** 64 bytes that begin with these, in hex. */
const packet = (start: string) => start.replaceAll(/\s/g, "").padEnd(128, "0");

/** The host, and a guest with one disk of 2048 blocks. */
class BytesStage {
  readonly fabric = createFabric({ codec: "vmbus" });
  readonly host = new ByteHost(this.fabric, { memory: new ArrayBuffer(MEMORY_BYTES) });
  readonly disks: GuestDisk[] = [];
  readonly client: StorageClient = vmbus.loadGuestDriver(
    this.host.door.partition,
    storageDriver({ onDisk: (disk) => void this.disks.push(disk) }),
    { versions: [0x0600], ringPages: [1, 1], transferBytesMax: 8192 },
  );
  upstream!: ByteRing;
  downstream!: ByteRing;

  /** Offers the controller, or waits for the guest that opens it once more, and opens it. */
  async open(isNew: boolean): Promise<void> {
    await this.fabric.settle();
    if (isNew) this.host.post(OFFER);
    await this.fabric.settle();
    const told = this.host.take();
    const header = told.find(([type]) => type === 8)!;
    const open = told.find(([type]) => type === 5)!;
    const [, , , openId, , , downstreamPage] = new Uint32Array(open.slice(0, 28).buffer);
    this.host.say(6, 0, 5, openId!, 0);
    await this.fabric.settle();
    const range = new DataView(header.buffer, 20);
    const offset = Number(range.getBigUint64(8, true)) * 4096;
    const pages = range.getUint32(0, true) / 4096;
    const { memory } = this.host;
    this.upstream = new ByteRing(memory, offset, downstreamPage! - 1);
    this.downstream = new ByteRing(
      memory,
      offset + downstreamPage! * 4096,
      pages - downstreamPage! - 1,
    );
  }

  /** The next packet of the guest's, all of it. */
  async take(): Promise<Uint8Array> {
    await this.fabric.settle();
    const bytes = this.upstream.readBytes();
    assert(bytes !== null, "the guest has sent something");
    return bytes;
  }

  /** Completes a packet of the guest's with bytes in hex. */
  async answer(request: Uint8Array, bytes: string): Promise<void> {
    const id = new DataView(request.buffer).getBigUint64(8, true);
    await this.write(11, 0, id, hexBytes(bytes));
  }

  /** Writes a packet, and signals it. */
  async write(type: number, flags: number, id: bigint, payload: Uint8Array): Promise<void> {
    assert(this.downstream.write(type, flags, id, payload) !== null);
    assertEquals(this.host.door.signalEvent(0, 2, 5), null);
    await this.fabric.settle();
  }

  /** Answers a command that reads, with `data`. */
  async fill(request: Uint8Array, data: Uint8Array): Promise<void> {
    const page = Number(new DataView(request.buffer).getBigUint64(32, true));
    new Uint8Array(this.host.memory, page * 4096).set(data);
    const moved = new Uint8Array(Uint32Array.of(data.length).buffer);
    await this.answer(
      request,
      packet(`01000000 00000000 00000000 3400 01 00 00000000 10 14 00 00 ${hex(moved)}`),
    );
  }

  /** Negotiates as in the document, and gives the guest its disk. */
  async getReady(): Promise<void> {
    for (const answer of ["", "000600 00", `00000000 0300 0000 01000000 00000400`, ""]) {
      const start = answer === "000600 00" ? "01000000 00000000 00000000 0006 0000" : null;
      await this.answer(await this.take(), packet(start ?? `01000000 00000000 00000000 ${answer}`));
    }
    const capacity = new Uint8Array(32);
    capacity.set([0, 0, 0, 0, 0, 0, 7, 0xff, 0, 0, 2, 0]);
    const answers: (Uint8Array | null)[] = [
      Uint8Array.of(0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), // REPORT LUNS
      new Uint8Array(104), // INQUIRY
      null, // TEST UNIT READY
      capacity,
      Uint8Array.of(15, 0, 0, 0), // MODE SENSE(6)
    ];
    for (const data of answers) {
      const request = await this.take();
      if (data !== null) await this.fill(request, data);
      else await this.answer(request, packet("01000000 00000000 00000000 3400 01 00"));
    }
    for (let page = 0; page < 3; page++) { // the vital pages, which this disk has not
      const refusal = "01000000 00000000 850100c0 3400 86 02 00000000 10 14 00 00 00000000";
      await this.answer(await this.take(), packet(`${refusal} 700005000000000a00000000 2400`));
    }
    await this.fabric.settle();
    assertEquals(this.disks.length, 1);
  }

  /** The host is detached, and the client goes; nothing may be left. */
  async end(): Promise<void> {
    this.host.door.detach();
    await this.client.close();
    await this.fabric.run();
    assertEquals([this.fabric.leaks(), this.fabric.violations], [[], []]);
    await this.fabric[Symbol.asyncDispose]();
  }
}

// storage.md section 10, from the guest's side
Deno.test("StorageClient: the conversation of the document, byte for byte", async () => {
  const stage = new BytesStage();
  await stage.open(true);
  const said = [
    ["07000000 01000000", "01"],
    ["09000000 01000000 00000000 0006 0000", "01000000 00000000 00000000 0006 0000"],
    ["0a000000 01000000", "01000000 00000000 00000000 00000000 0300 0000 01000000 00000400"],
    ["08000000 01000000", "01"],
  ];
  for (const [request, answer] of said) {
    const bytes = await stage.take();
    assertEquals(shape(bytes), "060002000a000100".padEnd(32, "0") + packet(request!));
    await stage.answer(bytes, packet(answer!));
  }
  // The search begins: REPORT LUNS, into a page of the guest's
  const report = await stage.take();
  const range = `0000000001000000 0010000000000000 ${hex(report.subarray(32, 40))}`;
  const srb = "03000000 01000000 00000000 3400 00 00 00 00 00 00 0c 14 01 00 00100000" +
    "a0000000 00000000 10000000 00000000 00000000 0000 00 00 48000000 3c000000 00000000";
  const start = "090005000d000100".padEnd(32, "0");
  assertEquals(shape(report), start + range.replaceAll(" ", "") + packet(srb));
  await stage.end();
});

Deno.test("StorageClient: a read and its answers, byte for byte", async () => {
  const stage = new BytesStage();
  await stage.open(true);
  await stage.getReady();
  const [disk] = stage.disks;
  const into = new Uint8Array(8 * 512);
  const read = disk!.read(8, into);
  const request = await stage.take();
  const range = `0000000001000000 0010000000000000 ${hex(request.subarray(32, 40))}`;
  const srb = "03000000 01000000 00000000 3400 00 00 00 00 00 00 0a 14 01 00 00100000" +
    "2800000000080000 0800000000000000 00000000 0000 00 00 48000000 3c000000 00000000";
  const start = "090005000d000100".padEnd(32, "0");
  assertEquals(shape(request), start + range.replaceAll(" ", "") + packet(srb));
  const data = Uint8Array.from({ length: 4096 }, (_, at) => at * 7);
  await stage.fill(request, data);
  await read;
  assertEquals(into, data);
  const refused = assertRejects(() => disk!.read(8, into), BlockError);
  const answer = "01000000 00000000 850100c0 3400 86 02 00 00 00 00 10 14 00 00 00000000";
  await stage.answer(
    await stage.take(),
    packet(`${answer} 7000050000000 00a00000000 2100 00000000 0000`),
  );
  const { status, srbStatus, sense } = await refused;
  assertEquals([status, srbStatus, sense], [
    0xc000_0015,
    6,
    { key: 5, code: 0x21, qualifier: 0 },
  ]);
  // Other disks: the search begins with those that are known.
  await stage.write(6, 0, 0n, hexBytes(packet("0b")));
  const test = await stage.take();
  const ready = "03000000 01000000 00000000 3400 00 00 00 00 00 00 06 14 02 00 00000000" +
    "0000000000000000 0000000000000000 00000000 0000 00 00 08000000 3c000000 00000000";
  assertEquals(shape(test), "060002000a000100".padEnd(32, "0") + packet(ready));
  await stage.end();
});

/** What a host of bytes can do wrong while a read is under way: the channel stops, and is opened anew. */
const WRONGS: readonly [
  name: string,
  wrong: (stage: BytesStage, request: Uint8Array) => Promise<void>,
][] = [
  [
    "a completion that nobody waits for",
    (stage) => stage.write(11, 0, 0xffff_ffff_ffff_fff0n, hexBytes(packet("01"))),
  ],
  ["a second completion of one request", async (stage, request) => {
    await stage.fill(request, new Uint8Array(512));
    await stage.fill(request, new Uint8Array(512));
  }],
  ["a packet of no type", (stage) => stage.write(99, 0, 1n, hexBytes(packet("0b")))],
];

// storage.md G11, wire.md 9.1
for (const [name, wrong] of WRONGS) {
  Deno.test(`StorageClient: opens a controller anew whose host breaks the rules: ${name}`, async () => {
    const stage = new BytesStage();
    await stage.open(true);
    await stage.getReady();
    const [disk] = stage.disks;
    const end = disk!.read(0, new Uint8Array(512)).then(() => 0, (error) => error.status);
    await wrong(stage, await stage.take());
    await stage.fabric.settle();
    const told = stage.host.take();
    assert(told.some(([type]) => type === 7), "CloseChannel");
    for (const header of told.filter(([type]) => type === 11)) {
      const [, , , gpadl] = new Uint32Array(header.slice(0, 16).buffer);
      stage.host.say(12, 0, gpadl!); // GpadlTorndown
    }
    await stage.open(false);
    assert([0, vmbus.STATUS_DEVICE_REMOVED].includes(await end), "the read has ended");
    assertEquals(hex((await stage.take()).subarray(16, 20)), "07000000");
    await stage.end();
  });
}
