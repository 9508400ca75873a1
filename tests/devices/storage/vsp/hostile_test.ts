/** Guests that lie, change their memory meanwhile, or say anything at all: storage.md I6, P6, P7. */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  SCSI_OPCODES,
  sparseImage,
  type StorageImage,
  WriteCache,
} from "../../../../devices/storage/mod.ts";
import * as vmbus from "../../../../mod.ts";
import { fromHex } from "../../../support/decoded_lines.ts";
import { times } from "../../../support/long.ts";
import {
  offerStorage,
  RawStorage,
  srbAnswerOf,
  srbRequest,
} from "../../../support/storage_stage.ts";

/** An image in memory, and what is called on each of its changes. */
function watchedImage(onChange: () => void): StorageImage & { readonly bytes: Uint8Array } {
  const bytes = new Uint8Array(64 * 512).fill(1);
  return {
    bytes,
    byteCount: bytes.length,
    read: (offset, into) => into.set(bytes.subarray(offset, offset + into.length)),
    write: (offset, from) => {
      bytes.set(from, offset);
      onChange();
    },
    flush: () => {},
    discard: (offset, byteCount) => {
      bytes.fill(0, offset, offset + byteCount);
      onChange();
    },
  };
}

/** Runs a command on data of which the guest makes 0xff as soon as the image is changed; which blocks are as `isAsked`. */
async function whileChanging(
  cdb: string,
  data: Uint8Array,
  isAsked: (block: Uint8Array) => boolean,
): Promise<{ end: string; blocks: number[] }> {
  let scribble = () => {};
  const image = watchedImage(() => scribble());
  const raw = await RawStorage.ready({ disks: [{ image }] });
  const { memory } = raw.stage.guest;
  const buffer = memory.allocate(data.length);
  memory.write(buffer.gpa, data);
  const mdl = vmbus.IoAllocateMdl(memory, buffer.gpa, data.length);
  scribble = () => vmbus.mdlSegments(mdl).forEach((segment) => segment.fill(0xff));
  const area = new Uint8Array(16);
  area.set(fromHex(cdb));
  const request = { direction: 0, dataTransferBytes: data.length, cdb: area };
  const answer = srbAnswerOf((await raw.ask(srbRequest(request), mdl))!);
  memory.free(buffer);
  await raw.finish();
  const blocks = [...Array(64).keys()]
    .filter((lba) => isAsked(image.bytes.subarray(lba * 512, lba * 512 + 512)));
  return { end: `${answer.srbStatus} ${answer.dataTransferBytes}`, blocks };
}

Deno.test("WRITE SAME: each block is the same, whatever the guest makes of its memory meanwhile", async () => {
  // storage.md P7, D11.
  const block = new Uint8Array(512).fill(7);
  const isSame = (bytes: Uint8Array) => bytes.every((byte) => byte === 7);
  const { end, blocks } = await whileChanging("41 00 00000003 00 0004 00", block, isSame);
  assertEquals([end, blocks], ["1 2048", [3, 4, 5, 6]]);
});

Deno.test("UNMAP: gives back what it said at first, whatever the guest makes of its memory meanwhile", async () => {
  // storage.md P7, D13.
  const list = fromHex(`0026 0020 00000000 0000000000000002 00000001 00000000
    0000000000000009 00000002 00000000`);
  const isGone = (bytes: Uint8Array) => bytes.every((byte) => byte === 0);
  const { end, blocks } = await whileChanging("42 00 00 00 00 00 00 0028 00", list, isGone);
  assertEquals([end, blocks], ["1 0", [2, 9, 10]]);
});

Deno.test("StorageServer: what was acknowledged as flushed survives a crash, the rest may not", async () => {
  // storage.md D12.
  const behind = sparseImage(1 << 20);
  const image = new WriteCache(behind);
  const raw = await RawStorage.ready({ disks: [{ image }] });
  const write = (lba: number, value: number, blockFlags = 0) =>
    raw.end({ operation: "write10", blockFlags, lba, blocks: 1 }, {
      data: new Uint8Array(512).fill(value),
    });
  const flush = { operation: "synchronizeCache10", blockFlags: 0, lba: 0, blocks: 0 } as const;
  const stop = { operation: "startStopUnit", isImmediate: false, isStart: false } as const;
  const found = () => {
    const first = new Uint8Array(5);
    for (let lba = 0; lba < 5; lba++) behind.read(lba * 512, first.subarray(lba, lba + 1));
    return [...first];
  };
  await write(0, 1);
  await write(1, 2);
  assertEquals([await raw.end(flush), found()], ["01 00 0 - 0", [1, 2, 0, 0, 0]]);
  await write(1, 3);
  await write(2, 4, 8);
  assertEquals(found(), [1, 3, 4, 0, 0]); // forced: the cache has no order of its own
  await write(3, 5);
  assertEquals([await raw.end(stop), found()], ["01 00 0 - 0", [1, 3, 4, 5, 0]]);
  await write(0, 6);
  await write(4, 7);
  image.crash();
  assertEquals(found(), [1, 3, 4, 5, 0]);
  await raw.finish();
});

/** A packet that is an SRB in most of its bytes, or nothing at all. */
const PACKETS = fc.oneof(
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 100 }) },
  {
    weight: 4,
    arbitrary: fc.record({
      cdb: fc.tuple(
        fc.oneof(fc.constantFrom(...Object.values(SCSI_OPCODES)), fc.nat(255)),
        fc.uint8Array({ minLength: 15, maxLength: 15 }),
        fc.nat(0xffff),
      ).map(([opcode, rest, mask]) =>
        Uint8Array.from([opcode, ...rest.map((byte, at) => mask >> at & 1 ? byte : 0)])
      ),
      direction: fc.nat(3),
      dataTransferBytes: fc.oneof(fc.nat(4200), fc.nat(0xffff_ffff)),
      lun: fc.constantFrom(0, 0, 0, 1),
      byteCount: fc.constantFrom(0, 1, 24, 512, 4096),
      end: fc.constantFrom(12, 20, 48, 64, 64, 64),
    }),
  },
);

Deno.test("StorageServer: answers anything at all or dies, and keeps to its image", async () => {
  // storage.md I6, S4: and it continues with the next guest.
  const property = fc.asyncProperty(fc.array(PACKETS, { maxLength: 12 }), async (packets) => {
    const image = sparseImage(1 << 16);
    const raw = new RawStorage(offerStorage({ disks: [{ image }] }));
    const { fabric, guest, server } = raw.stage;
    await fabric.settle();
    await raw.initialize();
    const buffer = guest.memory.allocate(4096);
    for (const packet of packets) {
      const isSrb = !(packet instanceof Uint8Array);
      const bytes = isSrb ? srbRequest(packet).subarray(0, packet.end) : packet;
      const mdl = isSrb && packet.byteCount > 0
        ? vmbus.IoAllocateMdl(guest.memory, buffer.gpa, packet.byteCount)
        : null;
      const answer = await raw.ask(bytes, mdl);
      if (answer === null) {
        assert(server.state.death !== null);
        break;
      }
      assertEquals(answer[0], 1);
    }
    assert(image.keptBytes <= 1 << 16);
    await raw.close();
    guest.memory.free(buffer);
    const again = new RawStorage(raw.stage);
    await fabric.settle();
    await again.initialize();
    assertEquals((await again.end({ operation: "testUnitReady" })).slice(0, 7), "01 00 0");
    await again.finish();
  });
  await fc.assert(property, { numRuns: times(15, 2000), seed: 17 });
});
