import { assert, assertEquals } from "@std/assert";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { plainCopy } from "../../bench/baselines/plain_copy.ts";
import { CopyFiles } from "../../bench/copy_files.ts";
import { diskCopy } from "../../bench/disk.ts";
import { BusyGuest } from "../../bench/save.ts";
import type { FileImage } from "../../simulator/cli/file_image.ts";
import { areEqual } from "../support/disk_stage.ts";

const BYTES = 300_001;
const BLOCK_BYTES = 61_440;

function contentsOf(file: FileImage): Uint8Array {
  const bytes = new Uint8Array(BYTES);
  file.read(0, bytes);
  return bytes;
}

Deno.test("diskCopy: does what the plain program does, with the same files", async () => {
  using files = await CopyFiles.make(BYTES);
  const file = contentsOf(files.source);
  const digest = bytesToHex(sha256(file));
  const nothing = new Uint8Array(BYTES);
  for (const copy of [plainCopy, (each: CopyFiles) => diskCopy(each, BLOCK_BYTES, {})]) {
    files.image.write(0, nothing);
    files.sink.write(0, nothing);
    assertEquals(await copy(files, BLOCK_BYTES), { read: digest, returned: digest });
    assert(areEqual(contentsOf(files.image), file));
    assert(areEqual(contentsOf(files.sink), file));
  }
});

Deno.test("BusyGuest: is what the figure says, and comes back as it was", async () => {
  const guest = await BusyGuest.make(1500);
  const { bytes, summary } = await guest.save();
  assertEquals([summary.channels, summary.pages > 1400], [16, true]);
  const { queued, awaiting, ended } = summary.packets;
  assert(queued + awaiting + ended >= 1000, `${queued + awaiting + ended} packets in flight`);
  const { copiers } = guest.restore(bytes);
  assertEquals(copiers.map(({ state }) => [state.phase, state.begun, state.finished]), [
    ...Array(16).fill(["copyingIn", 63, 0]),
  ]);
  assert(areEqual((await guest.save()).bytes, bytes), "it can be saved again");
});
