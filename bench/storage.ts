/**
 * A real file system in a guest beside a plain program that has the same file system on the same image: a file is
 * copied onto a FAT32 volume and back, and hashed both times.
 *
 * @module
 */

import { type BlockDevice, createStorage, storageDriver } from "../devices/storage/mod.ts";
import { createFabric, type FabricOptions, loadGuestDriver } from "../mod.ts";
import { FileImage } from "../simulator/cli/file_image.ts";
import { MACHINE } from "../simulator/cli/file_system.ts";
import { FatCopy } from "../simulator/fat/copy.ts";
import { fatImageBytes, formatFat } from "../simulator/fat/format.ts";
import { type CopyDigests, CopyFiles, copying, HashedEnds } from "./copy_files.ts";
import { compare, type Figure, type Goal, timingOf } from "./figure.ts";
import { BARE } from "./kmcl_exchange.ts";
import { race } from "./measure.ts";

const MIB = 2 ** 20;
const FILE_BYTES = 32 * MIB;
const BLOCK_BYTES = 512;
const TRANSFER_BYTES = 2 ** 18;
const BESIDE_PLAIN: Goal = { kind: "atMost", bar: 3, stretch: 2 };

/** What a contender does its work with. */
export interface VolumeFiles {
  /** What is copied, and where it comes back to. */
  readonly files: CopyFiles;
  /** The image with the volume. */
  readonly image: FileImage;
}

/** Makes a file of `byteCount` bytes and an empty volume, which `stack` removes. */
export async function makeVolumeFiles(
  byteCount: number,
  stack: DisposableStack,
): Promise<VolumeFiles> {
  const files = stack.use(await CopyFiles.make(byteCount));
  const imageBytes = fatImageBytes(byteCount);
  const image = stack.use(await FileImage.create(MACHINE, `${files.folder}/volume`, imageBytes));
  formatFat(imageBytes, (offset, bytes) => image.write(offset, bytes), 1);
  return { files, image };
}

/** A copy that is hashed both times: `work` does it with the program. */
async function hashed(
  files: CopyFiles,
  work: (program: FatCopy) => Promise<void>,
): Promise<CopyDigests> {
  const ends = new HashedEnds(files);
  const make = await FatCopy.prepare(() => 0);
  const program = make(ends, { path: "/file.bin", syncBytes: MIB });
  await work(program);
  const { phase, failure } = program.state;
  if (phase !== "done") throw new Error(`Cannot measure a copy that is ${phase}: ${failure}`);
  return ends.digests();
}

/** The plain program: the file system has the image itself for a device. */
export function plainVolumeCopy({ files, image }: VolumeFiles): Promise<CopyDigests> {
  const device: BlockDevice = {
    blockBytes: BLOCK_BYTES,
    blocks: image.byteCount / BLOCK_BYTES,
    isReadOnly: false,
    read: (lba, into) => Promise.resolve(image.read(lba * BLOCK_BYTES, into)),
    write: (lba, from) => Promise.resolve(image.write(lba * BLOCK_BYTES, from)),
    flush: () => Promise.resolve(image.flush()),
    discard: () => Promise.resolve(),
  };
  return hashed(files, (program) => program.copy(device));
}

/** The same in a guest, through its storage controller. */
export function guestVolumeCopy(
  { files, image }: VolumeFiles,
  options: FabricOptions,
): Promise<CopyDigests> {
  return hashed(files, async (program) => {
    const fabric = createFabric(options);
    const guest = fabric.createPartition({ name: "guest", memoryPages: 1024 });
    const server = createStorage(guest, [{ image }], {
      instance: "7a5e2d90-41b8-4c6f-8d35-000000000001",
    });
    const driver = storageDriver({ onDisk: (disk) => void program.copy(disk) });
    const client = loadGuestDriver(guest, driver, { transferBytesMax: TRANSFER_BYTES });
    await fabric.run();
    await client.close();
    await server.close();
  });
}

/** The figure. */
export const storageFigure: Figure = {
  measure: async (options) => {
    using stack = new DisposableStack();
    const volume = await makeVolumeFiles(FILE_BYTES, stack);
    const timings = await race([
      copying("plain program", () => plainVolumeCopy(volume)),
      copying("kmcl", () => guestVolumeCopy(volume, BARE)),
      copying("kmcl, default settings", () => guestVolumeCopy(volume, {})),
    ], options);
    const plain = timingOf(timings, "plain program");
    const work = "32 MiB there and back";
    return [
      compare(work, timingOf(timings, "kmcl"), plain, BESIDE_PLAIN),
      compare(work, timingOf(timings, "kmcl, default settings"), plain, null),
    ];
  },
};
