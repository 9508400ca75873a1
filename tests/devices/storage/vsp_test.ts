/** The storage controller in the host: storage.md, sections 1 to 4, by a guest that speaks by hand. */

import { assertEquals } from "@std/assert";
import { RawStorage } from "../../support/storage_stage.ts";

const GOOD = "01 00 0 -";

Deno.test("StorageServer: a handshake, then blocks that are written read the same", async () => {
  const raw = await RawStorage.ready();
  const blocks = Uint8Array.from({ length: 4096 }, (_, at) => at * 7 + (at >> 8));
  const range = { blockFlags: 0, lba: 1, blocks: 8 };
  assertEquals(
    await raw.end({ operation: "write10", ...range }, { data: blocks, byteOffset: 100 }),
    `${GOOD} 4096`,
  );
  const read = await raw.scsi({ operation: "read10", ...range }, { data: 4096, byteOffset: 900 });
  assertEquals(read, { status: "01 00 0", sense: null, moved: 4096, data: blocks });
  await raw.finish();
});
