/** The commands of a SCSI disk on its blocks: storage.md, section 6. */

import { assertEquals } from "@std/assert";
import { memoryImage } from "../../../../devices/image.ts";
import { type Cdb, encodeCdb } from "../../../../devices/storage/mod.ts";
import { sparseImage } from "../../../../devices/storage/scsi/image.ts";
import { ScsiDisk } from "../../../../devices/storage/scsi/disk.ts";
import { GuestData } from "../../../../devices/storage/scsi/guest_data.ts";
import type { ScsiResult } from "../../../../devices/storage/scsi/result.ts";
import {
  BAD_FIELD,
  BAD_OPCODE,
  BAD_RANGE,
  Bench,
  BLOCKS,
  endText,
  imageWith,
  modes,
  range,
  READ_ONLY,
  READS,
  SAMES,
  TRANSFER_BYTES_MAX,
  VERIFIES,
  WRITES,
} from "../../../support/scsi_bench.ts";

Deno.test("ScsiDisk: what was written is read, in each form, and the rest is left alone", () => {
  // storage.md D6, D8.
  for (const write of WRITES) {
    const bench = new Bench();
    const blocks = Uint8Array.from({ length: 1200 }, (_, at) => at * 3 + 1);
    assertEquals(bench.end(range(write, 3, 2), blocks), "GOOD 1024", write);
    for (const read of READS) {
      assertEquals(bench.gives(range(read, 3, 2), 1100), blocks.subarray(0, 1024).toHex(), read);
    }
    assertEquals(bench.gives(range("read10", 5, 1), 512), "00".repeat(512));
  }
});

Deno.test("ScsiDisk: with six bytes an address has 21 bits, and 0 blocks are 256", () => {
  // storage.md D7.
  const bench = new Bench({}, {}, 2 ** 21);
  const blocks = Uint8Array.from({ length: 512 }, (_, at) => at);
  const six = (operation: "read6" | "write6", lba: number, count: number): Cdb => ({
    operation,
    lbaHigh: 0xe0 | lba >> 16, // the bits above are not the address's
    lbaLow: lba & 0xffff,
    blocks: count,
  });
  assertEquals(bench.end(six("write6", 0x1f_ff00, 1), blocks), "GOOD 512");
  assertEquals(bench.gives(range("read16", 0x1f_ff00, 1), 512), blocks.toHex());
  assertEquals(bench.end(six("read6", 0x1f_ff00, 0), 256 * 512), `GOOD ${256 * 512}`);
  assertEquals(bench.end(six("read6", 0x1f_ff01, 0), 256 * 512), BAD_RANGE);
  assertEquals(bench.end(six("read6", 0, 0), 255 * 512), BAD_RANGE);
});

Deno.test("ScsiDisk: 0 blocks are GOOD with ten bytes and more", () => {
  // storage.md D7.
  const bench = new Bench();
  for (const operation of [...READS, ...WRITES]) {
    assertEquals(bench.end(range(operation, BLOCKS, 0)), "GOOD 0", operation);
    assertEquals(bench.end(range(operation, BLOCKS + 1, 0)), BAD_RANGE, operation);
  }
});

Deno.test("ScsiDisk: a range must lie inside, in each form, and be that of the data", () => {
  // storage.md D6, D10, S4.
  const bench = new Bench();
  for (const operation of [...READS, ...WRITES]) {
    const isWrite = WRITES.includes(operation);
    const data = (byteCount: number) => isWrite ? new Uint8Array(byteCount) : byteCount;
    assertEquals(bench.end(range(operation, BLOCKS - 2, 2), data(1024)), "GOOD 1024", operation);
    assertEquals(bench.end(range(operation, BLOCKS - 1, 2), data(1024)), BAD_RANGE, operation);
    assertEquals(bench.end(range(operation, 0, 2), data(1023)), BAD_RANGE, operation);
    const isRelative = operation.endsWith("16") ? "GOOD 512" : BAD_FIELD;
    assertEquals(bench.end(range(operation, 0, 1, 1), data(512)), isRelative, operation);
  }
  for (const operation of ["read16", "write16", "verify16"] as const) {
    const far = range(operation, Number.MAX_SAFE_INTEGER, 0xffff_ffff);
    assertEquals(bench.end(far, new Uint8Array(512)), BAD_RANGE, operation);
  }
  for (const operation of VERIFIES) {
    assertEquals(bench.end(range(operation, 0, BLOCKS)), "GOOD 0", operation);
    assertEquals(bench.end(range(operation, 1, BLOCKS)), BAD_RANGE, operation);
  }
});

Deno.test("ScsiDisk: a disk that is read only refuses writes once their range was found right", () => {
  // storage.md D6, D11, D13.
  for (const bench of [new Bench({ isReadOnly: true }), new Bench({}, { isReadOnly: true })]) {
    const block = new Uint8Array(512);
    for (const operation of [...WRITES, ...SAMES]) {
      assertEquals(bench.end(range(operation, 0, 1), block), READ_ONLY, operation);
      assertEquals(bench.end(range(operation, BLOCKS, 1), block), BAD_RANGE, operation);
    }
    assertEquals(bench.end(range("read10", 0, 1), 512), "GOOD 512");
    const list = unmapList([[0, 1]]);
    assertEquals(bench.end({ operation: "unmap", parameterBytes: 24 }, list), READ_ONLY);
    assertEquals(bench.gives({ ...modes(6), allocationBytes: 4 }, 4), "0f009000");
  }
});

Deno.test("ScsiDisk: flushes where it is told to, and once", () => {
  // storage.md D4, D5, D9.
  let flushes = 0;
  const over = { flush: () => void flushes++ };
  const taken = () => [flushes, flushes = 0][0];
  const bench = new Bench({}, over);
  const stop = (isImmediate: boolean, isStart: boolean): Cdb => ({
    operation: "startStopUnit",
    isImmediate,
    isStart,
  });
  const block = new Uint8Array(512);
  const cases: readonly [Cdb, Uint8Array, string, number][] = [
    [range("synchronizeCache10", BLOCKS, 1), block, "GOOD 0", 1],
    [range("synchronizeCache16", 0, 0), block, "GOOD 0", 1],
    [stop(false, false), block, "GOOD 0", 1],
    [stop(false, true), block, "GOOD 0", 0],
    [stop(true, false), block, BAD_FIELD, 0],
    [range("write10", 0, 1), block, "GOOD 512", 0],
    [range("write10", 0, 1, 8), block, "GOOD 512", 1],
    [range("write16", 0, 1, 8), block, "GOOD 512", 1],
    [range("writeSame16", 0, 4, 8), block, "GOOD 2048", 1],
  ];
  for (const [cdb, data, end, count] of cases) {
    assertEquals([bench.end(cdb, data), taken()], [end, count], JSON.stringify(cdb));
  }
  const through = new Bench({ hasWriteCache: false }, over);
  assertEquals([through.end(range("write10", 0, 1), block), taken()], ["GOOD 512", 1]);
  assertEquals([through.end(range("read10", 0, 1), 512), taken()], ["GOOD 512", 0]);
});

Deno.test("ScsiDisk: WRITE SAME writes one block to each of a range", () => {
  // storage.md D11.
  for (const operation of SAMES) {
    const bench = new Bench();
    const block = Uint8Array.from({ length: 700 }, (_, at) => at + 1);
    assertEquals(bench.end(range(operation, 5, 3), block), "GOOD 1536");
    const one = block.subarray(0, 512).toHex();
    assertEquals(bench.gives(range("read10", 5, 3), 1536), one.repeat(3));
    assertEquals(bench.gives(range("read10", 8, 1), 512), "00".repeat(512));
    assertEquals(bench.end(range(operation, 0, 512), block), `GOOD ${TRANSFER_BYTES_MAX}`);
    assertEquals(bench.end(range(operation, 0, 513), block), BAD_RANGE);
    assertEquals(bench.end(range(operation, 0, 0), block), BAD_RANGE);
    assertEquals(bench.end(range(operation, 0, 1), new Uint8Array(511)), BAD_RANGE);
    assertEquals(bench.end(range(operation, BLOCKS - 1, 2), block), BAD_RANGE);
  }
});

/** The parameters of UNMAP. */
function unmapList(
  ranges: readonly (readonly [number, number])[],
  lengths?: [number, number],
): Uint8Array {
  const list = new Uint8Array(8 + 16 * ranges.length);
  const view = new DataView(list.buffer);
  const [first, second] = lengths ?? [list.length - 2, list.length - 8];
  view.setUint16(0, first);
  view.setUint16(2, second);
  for (const [place, [lba, blocks]] of ranges.entries()) {
    view.setBigUint64(8 + 16 * place, BigInt(lba));
    view.setUint32(16 + 16 * place, blocks);
  }
  return list;
}

Deno.test("ScsiDisk: UNMAP gives blocks back, up to the first range that lies outside", () => {
  // storage.md D13.
  const bench = new Bench();
  const filled = new Uint8Array(10 * 512).fill(7);
  bench.run(range("write10", 0, 10), filled);
  const unmap = (parameterBytes: number): Cdb => ({ operation: "unmap", parameterBytes });
  const end = (list: Uint8Array) => bench.end(unmap(list.length), list);
  const isFilled = (lba: number) => bench.gives(range("read10", lba, 1), 512) === "07".repeat(512);
  assertEquals(end(unmapList([[1, 2], [9, 0], [5, 1]])), "GOOD 0");
  const left = () =>
    Array.from({ length: 10 }, (_, lba) => isFilled(lba) ? lba : -1).filter((n) => n >= 0);
  assertEquals(left(), [0, 3, 4, 6, 7, 8, 9]);
  assertEquals(end(unmapList([[3, 1], [BLOCKS, 1], [7, 1]])), BAD_RANGE);
  assertEquals(end(unmapList([[6, 1], [Number.MAX_SAFE_INTEGER, 1], [7, 1]])), BAD_RANGE);
  assertEquals(left(), [0, 4, 7, 8, 9]);
  assertEquals(end(unmapList([])), "GOOD 0");
  assertEquals(end(unmapList([[0, 1]], [23, 16])), BAD_FIELD);
  assertEquals(end(unmapList([[0, 1]], [22, 15])), "02/06 05/00/00 0");
  assertEquals(bench.end(unmap(7), new Uint8Array(7)), BAD_FIELD);
  assertEquals(bench.end(unmap(24), unmapList([[0, 1], [4, 1]])), BAD_FIELD);
  assertEquals(left(), [0, 4, 7, 8, 9]);
  const most = unmapList(Array.from({ length: 4095 }, (): [number, number] => [4, 1]));
  assertEquals(end(most), "GOOD 0");
  assertEquals(left(), [0, 7, 8, 9]);
});

Deno.test("ScsiDisk: UNMAP is GOOD where the image fails, and not there where it has none", () => {
  // storage.md D13.
  const list = unmapList([[0, 1]]);
  const unmap: Cdb = { operation: "unmap", parameterBytes: 24 };
  const failing = new Bench({}, {
    discard: () => {
      throw new Error("no");
    },
  });
  assertEquals(failing.end(unmap, list), "GOOD 0");
  const { discard: _, ...rest } = imageWith(sparseImage(BLOCKS * 512), {});
  const none = new ScsiDisk(rest, {}, TRANSFER_BYTES_MAX);
  const data = new GuestData([list], list.length, false);
  assertEquals(endText(none.execute(encodeCdb(unmap), data) as ScsiResult), BAD_FIELD);
});

Deno.test("ScsiDisk: READ CAPACITY, both forms, on small and large disks", () => {
  // storage.md D14, D15.
  const capacity16 = (room: number) => ({
    operation: "serviceActionIn16",
    serviceAction: 0x10,
    lba: 0,
    allocationBytes: room,
  } as const);
  const bench = new Bench();
  assertEquals(bench.gives({ operation: "readCapacity10" }, 8), "000007ff00000200");
  assertEquals(bench.gives({ operation: "readCapacity10" }, 9), "000007ff00000200");
  assertEquals(bench.end({ operation: "readCapacity10" }, 7), "02/12 05/24/00 0");
  const whole = "00000000000007ff00000200" + "00038000" + "00".repeat(16);
  assertEquals(bench.gives(capacity16(32), 32), whole);
  assertEquals(bench.gives(capacity16(0), 40), whole);
  assertEquals(bench.gives(capacity16(32), 12), whole.slice(0, 24));
  assertEquals(bench.end(capacity16(32), 11), "02/12 05/24/00 0");
  const large = new Bench({}, {}, 2 ** 32 + 1);
  assertEquals(large.gives({ operation: "readCapacity10" }, 8), "ffffffff00000200");
  assertEquals(large.gives(capacity16(12), 12), "000000010000000000000200");
  const other = new Bench({ blockBytes: 4096, physicalBlockBytes: 4096 });
  assertEquals(other.gives(capacity16(16), 16), "00000000000000ff00001000" + "00008000");
  assertEquals(new Bench({}, {}, 0).gives({ operation: "readCapacity10" }, 8), "0000000000000200");
});

Deno.test("ScsiDisk: GET LBA STATUS tells what is kept", () => {
  // storage.md D16.
  const bench = new Bench();
  bench.run(range("write10", 130, 1), new Uint8Array(512).fill(1));
  const status = (lba: number, allocationBytes: number) => ({
    operation: "serviceActionIn16",
    serviceAction: 0x12,
    lba,
    allocationBytes,
  } as const);
  const extent = (lba: number, blocks: number, kind: number) =>
    [lba, blocks].map((n, at) => n.toString(16).padStart(at === 0 ? 16 : 8, "0")).join("") +
    `0${kind}000000`;
  assertEquals(
    bench.gives(status(100, 128), 128),
    `0000003400000000${extent(100, 28, 1)}${extent(128, 128, 0)}${extent(256, 1792, 1)}`,
  );
  assertEquals(bench.gives(status(200, 24), 24), `0000001400000000${extent(200, 56, 0)}`);
  assertEquals(bench.gives(status(2047, 39), 39), `0000001400000000${extent(2047, 1, 1)}`);
  assertEquals(bench.end(status(0, 0)), "GOOD 0");
  assertEquals(bench.end(status(0, 23), 23), BAD_FIELD);
  assertEquals(bench.end(status(0, 24), 25), BAD_FIELD);
  assertEquals(bench.end(status(BLOCKS, 24), 24), BAD_RANGE);
  const other = { operation: "serviceActionIn16", serviceAction: 0x11, lba: 0, allocationBytes: 8 };
  assertEquals(bench.end(other as Cdb, 8), BAD_FIELD);
  const plain = new ScsiDisk(memoryImage(new Uint8Array(1024)), {}, TRANSFER_BYTES_MAX);
  const data = new GuestData([new Uint8Array(24)], 24, true);
  assertEquals(endText(plain.execute(encodeCdb(status(0, 24)), data) as ScsiResult), BAD_OPCODE);
});
