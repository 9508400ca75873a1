/** INQUIRY, byte for byte: storage.md, section 7. */

import { assertEquals } from "@std/assert";
import { memoryImage } from "../../../../devices/image.ts";
import {
  type Cdb,
  encodeCdb,
  sparseImage,
  type StorageImage,
} from "../../../../devices/storage/mod.ts";
import { ScsiDisk } from "../../../../devices/storage/scsi/disk.ts";
import { GuestData } from "../../../../devices/storage/scsi/guest_data.ts";
import type { ScsiResult } from "../../../../devices/storage/scsi/result.ts";
import type { DiskSettings } from "../../../../devices/storage/scsi/settings.ts";
import { fromHex } from "../../../support/decoded_lines.ts";

const STANDARD = fromHex(
  "0000050263000002 4d73667420202020 5669727475616c204469736b20202020 312e3020",
).toHex() + "00".repeat(68);
const DISK_ID = fromHex("00112233445566778899aabbccddeeff");

/** What INQUIRY gives, in base 16; null where it is refused with 05/24. */
function ask(
  image: StorageImage,
  settings: DiskSettings,
  change: Partial<Extract<Cdb, { operation: "inquiry" }>>,
  room = 255,
): string | null {
  const disk = new ScsiDisk(image, settings, 0x4_0000);
  const cdb = {
    operation: "inquiry",
    isVital: false,
    isCommandSupport: false,
    page: 0,
    allocationBytes: room,
    ...change,
  } as const;
  const bytes = new Uint8Array(room);
  const result = disk.execute(encodeCdb(cdb), new GuestData([bytes], room, true)) as ScsiResult;
  if (result.scsiStatus === "good") return bytes.subarray(0, result.byteCount).toHex();
  assertEquals(result.sense, { key: 5, code: 0x24, qualifier: 0 });
  return null;
}

const sparse = () => sparseImage(1 << 20);
const plain = () => memoryImage(new Uint8Array(1024));
const page = (number: number) => ({ isVital: true, page: number });

Deno.test("INQUIRY: the standard data, cut to what was asked for", () => {
  // storage.md Q1.
  assertEquals(ask(sparse(), {}, {}), STANDARD);
  assertEquals(ask(sparse(), {}, { allocationBytes: 36 }), STANDARD.slice(0, 72));
  assertEquals(ask(sparse(), {}, { allocationBytes: 5 }), STANDARD.slice(0, 10));
  for (
    const change of [{ allocationBytes: 4 }, { allocationBytes: 256 }, { page: 0x80 }, {
      isCommandSupport: true,
    }]
  ) {
    assertEquals(ask(sparse(), {}, change), null, JSON.stringify(change));
  }
  const named = ask(sparse(), { vendor: "A", product: "B", revision: "C" }, {
    allocationBytes: 36,
  });
  assertEquals(
    named?.slice(16),
    fromHex("41" + "20".repeat(7) + "42" + "20".repeat(15) + "43202020").toHex(),
  );
});

Deno.test("INQUIRY: the list of pages names those that are served", () => {
  // storage.md Q2.
  const all = [0x00, 0x80, 0x83, 0xb0, 0xb1, 0xb2, 0xce, 0xcf];
  const cases: readonly [StorageImage, DiskSettings, readonly number[]][] = [
    [sparse(), { serial: "S1" }, all],
    [sparse(), {}, all.filter((number) => number !== 0x80)],
    [plain(), {}, [0x00, 0x83, 0xce, 0xcf]],
  ];
  for (const [image, settings, pages] of cases) {
    const listed = Uint8Array.from([0, 0, 0, pages.length, ...pages]).toHex();
    assertEquals(ask(image, settings, page(0)), listed);
    for (let number = 0; number < 256; number++) {
      assertEquals(
        ask(image, settings, page(number)) !== null,
        pages.includes(number),
        `${number}`,
      );
    }
  }
});

Deno.test("INQUIRY: each page has the bytes of the document", () => {
  // storage.md Q2.
  const settings = { serial: "S1-9", diskId: DISK_ID, blockBytes: 512, physicalBlockBytes: 2048 };
  const pages: Readonly<Record<number, string>> = {
    0x80: "00800004 53312d39",
    0x83: `00830030 01010018 4d73667420202020 ${DISK_ID.toHex()}
      01030010 60022480 001122334455 aabbccddeeff`,
    0xb0: `00b0003c ${"00".repeat(16)} ffffffff 00001000 00000004 80000000 0000000000000200 ${
      "00".repeat(20)
    }`,
    0xb1: `00b1003c 0001 ${"00".repeat(58)}`,
    0xb2: "00b20004 01800200",
    0xce: "00ce0004 01010000",
    0xcf: "00cf0014 01000000 158fa98928c98b4d94cdef51faa99d33",
  };
  for (const [number, hex] of Object.entries(pages)) {
    const bytes = fromHex(hex).toHex();
    assertEquals(ask(sparse(), settings, page(Number(number))), bytes, number);
    const four = { ...page(Number(number)), allocationBytes: 4 };
    assertEquals(ask(sparse(), settings, four), bytes.slice(0, 8), number);
    assertEquals(ask(sparse(), settings, { ...four, allocationBytes: 3 }), null, number);
  }
  const large = sparseImage(512 * (2 ** 34 + 2));
  assertEquals(ask(large, {}, page(0xb2)), "00b20004" + "03800200");
});
