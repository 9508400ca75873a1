import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { FileImage } from "../../../simulator/cli/file_image.ts";
import { MACHINE } from "../../../simulator/cli/file_system.ts";
import {
  areEqual,
  closeCopy,
  copyWith,
  filesOf,
  offerDisk,
  sampleBytes,
} from "../../support/disk_stage.ts";

Deno.test("FileImage: what the guest wrote stands in the file where it wrote it", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/disk.img`;
    const file = sampleBytes(300_001);
    {
      using image = await FileImage.create(MACHINE, path, 2 ** 19);
      const stage = offerDisk({ image: () => image });
      const files = filesOf(file);
      const copier = await copyWith(stage, files, { firstBlock: 3, queueDepth: 4 });
      assert(areEqual(files.copy, file));
      await closeCopy(stage, copier);
    }
    const expected = new Uint8Array(2 ** 19);
    expected.set(file, 3 * 512);
    assert(areEqual(await Deno.readFile(path), expected));
    // A disk is still there when it is opened again.
    using again = await FileImage.open(MACHINE, path, "");
    assertEquals(again.byteCount, 2 ** 19);
    const into = new Uint8Array(10);
    again.read(3 * 512, into);
    assertEquals(into, file.slice(0, 10));
    assertThrows(() => again.read(2 ** 19 - 4, into), Error, "the file ends there");
    await assertRejects(() => FileImage.create(MACHINE, path, 1), Deno.errors.AlreadyExists);
    const size = Number.MAX_SAFE_INTEGER; // no file is that large: it must not stay open
    await assertRejects(() => FileImage.create(MACHINE, `${folder}/huge`, size));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
