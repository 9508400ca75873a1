import { assertEquals, assertThrows } from "@std/assert";
import { fatImageBytes, formatFat } from "../../../simulator/fat/format.ts";

/** What is written to an image of so many bytes, by its offset. */
function writtenTo(byteCount: number): Map<number, Uint8Array> {
  const written = new Map<number, Uint8Array>();
  formatFat(byteCount, (offset, bytes) => void written.set(offset, bytes.slice()), 0x1234_5678);
  return written;
}

Deno.test("formatFat: two copies of the first sectors, and the begin of two tables, are all that is written", () => {
  const byteCount = fatImageBytes(0);
  const written = writtenTo(byteCount);
  const boot = written.get(0)!;
  const view = new DataView(boot.buffer);
  const [sectors, tableSectors] = [view.getUint32(32, true), view.getUint32(36, true)];
  assertEquals(sectors, byteCount / 512);
  const tables = [32, 32 + tableSectors].map((sector) => sector * 512);
  assertEquals([...written.keys()], [0, 512, 6 * 512, 7 * 512, ...tables]);
  assertEquals(written.get(6 * 512), boot);
  assertEquals(written.get(512), written.get(7 * 512));
  // The specification counts clusters so, and less than 65 525 of them are no FAT32.
  const clusters = Math.floor((sectors - 32 - 2 * tableSectors) / 8);
  assertEquals(clusters, 65_541);
  assertEquals(tableSectors >= (clusters + 2) * 4 / 512, true);
});

Deno.test("fatImageBytes: there is room for the files, and what cannot be is refused", () => {
  for (const fileBytes of [0, 1, 300_000_000, 3_000_000_001]) {
    const byteCount = fatImageBytes(fileBytes);
    const view = new DataView(writtenTo(byteCount).get(0)!.buffer);
    const dataSectors = byteCount / 512 - 32 - 2 * view.getUint32(36, true);
    assertEquals(Math.floor(dataSectors / 8) * 4096 > fileBytes, true);
    assertEquals(byteCount % 4096, 0);
  }
  assertThrows(() => fatImageBytes(2 ** 41), RangeError, "Cannot make a FAT32 file system");
  assertThrows(() => writtenTo(fatImageBytes(0) - 65_536), RangeError, "Cannot make a FAT32");
});
