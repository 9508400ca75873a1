import { assertEquals } from "@std/assert";
import { fatImageBytes, formatFat } from "../../../simulator/fat/format.ts";
import { findVolumeFault } from "../../../simulator/fat/probe.ts";

/** An image of which only some bytes are not zero. */
class Sketch {
  readonly #parts: [number, Uint8Array][] = [];

  write(offset: number, bytes: ArrayLike<number>): this {
    this.#parts.push([offset, Uint8Array.from(bytes)]);
    return this;
  }

  findFault(byteCount: number): string | null {
    return findVolumeFault(byteCount, (offset, into) => {
      for (const [at, bytes] of this.#parts) {
        if (at >= offset && at + bytes.length <= offset + into.length) into.set(bytes, at - offset);
      }
    });
  }
}

const text = (bytes: string) => new TextEncoder().encode(bytes);
const BYTES = fatImageBytes(0);

function formatted(start = 0): Sketch {
  const sketch = new Sketch();
  formatFat(BYTES, (offset, bytes) => void sketch.write(start + offset, bytes), 7);
  return sketch;
}

function partitioned(type: number, lba: number, sketch = new Sketch()): Sketch {
  return sketch.write(510, [0x55, 0xaa]).write(446 + 4, [type]).write(446 + 8, [
    lba & 0xff,
    lba >> 8,
  ]);
}

Deno.test("findVolumeFault: a FAT volume, whole or in a partition, can be mounted", () => {
  assertEquals(formatted().findFault(BYTES), null);
  assertEquals(partitioned(0x0c, 2048, formatted(2048 * 512)).findFault(BYTES + 2048 * 512), null);
  // FAT12 and FAT16 have the number of their sectors in another place.
  const small = new Sketch().write(0, [0xeb, 0x3c, 0x90]).write(11, [0, 2, 1, 1, 0, 2]).write(19, [
    0x40,
    0x0b,
  ]).write(510, [0x55, 0xaa]);
  assertEquals(small.findFault(0x0b40 * 512), null);
});

Deno.test("findVolumeFault: what there is instead is named", () => {
  const cut = `its FAT volume ends at byte ${BYTES}, and the image at ${BYTES - 512}`;
  assertEquals(formatted().findFault(BYTES - 512), cut);
  assertEquals(new Sketch().findFault(4096), "there is no FAT volume on it");
  assertEquals(new Sketch().findFault(0), "it has 0 bytes, not even a sector");
  const ntfs = new Sketch().write(3, text("NTFS    "));
  assertEquals(ntfs.findFault(4096), "it has an NTFS volume, and no FAT volume");
  const exfat = new Sketch().write(3, text("EXFAT   "));
  assertEquals(exfat.findFault(4096), "it has an exFAT volume, and no FAT volume");
  const large = formatted().write(11, [0, 16]);
  const sectors = "its FAT volume has sectors of 4096 bytes, and the disk of 512";
  assertEquals(large.findFault(BYTES), sectors);
  const gpt = "its partitions are in a GPT, in which no FAT volume is looked for";
  assertEquals(partitioned(0xee, 1).findFault(4096), gpt);
  assertEquals(partitioned(0x0c, 8).findFault(4096), "its partition 1 begins behind its end");
  const other = partitioned(0x07, 1).write(512 + 3, text("NTFS    "));
  assertEquals(other.findFault(4096), "its partitions have an NTFS volume, and no FAT volume");
  assertEquals(partitioned(0, 0).findFault(4096), "there is no FAT volume on it");
});
