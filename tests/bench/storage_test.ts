import { assert, assertEquals } from "@std/assert";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { guestVolumeCopy, makeVolumeFiles, plainVolumeCopy } from "../../bench/storage.ts";
import { areEqual } from "../support/disk_stage.ts";

Deno.test("guestVolumeCopy: does what the plain program does, with the same file and volume", async () => {
  using stack = new DisposableStack();
  const volume = await makeVolumeFiles(700_001, stack);
  const file = new Uint8Array(700_001);
  volume.files.source.read(0, file);
  for (const copy of [plainVolumeCopy, guestVolumeCopy]) {
    volume.files.sink.write(0, new Uint8Array(file.length));
    const digests = await copy(volume, {});
    const digest = bytesToHex(sha256(file));
    assertEquals(digests, { read: digest, returned: digest });
    const copied = new Uint8Array(file.length);
    volume.files.sink.read(0, copied);
    assert(areEqual(copied, file));
  }
});
