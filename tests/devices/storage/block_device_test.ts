/**
 * Tests of devices/storage/block_device.ts: what a failed request says, of a device as any is.
 *
 * @module
 */

import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { BlockError } from "../../../devices/storage/block_device.ts";
import { STATUS_DEVICE_REMOVED } from "../../../mod.ts";
import { memoryBlocks } from "../../support/memory_blocks.ts";

Deno.test("BlockError: its message says what failed, and all that is known of why", () => {
  const gone = new BlockError("flush", STATUS_DEVICE_REMOVED);
  assertInstanceOf(gone, Error);
  assertEquals(gone.message, "Cannot flush: STATUS_DEVICE_REMOVED");
  assertEquals([gone.srbStatus, gone.sense], [null, null]);
  const sense = { key: 5, code: 0x21, qualifier: 0 };
  const beyond = new BlockError("read 8 blocks at 4096", 0xc000_0015, 6, sense);
  assertEquals(
    beyond.message,
    "Cannot read 8 blocks at 4096: 0xc0000015, SRB status 0x06, sense 05/21/00",
  );
  assertEquals([beyond.status, beyond.srbStatus, beyond.sense], [0xc000_0015, 6, sense]);
});

Deno.test("memoryBlocks: reads what was written, and refuses as a device does", async () => {
  const device = memoryBlocks(new Uint8Array(4096));
  const written = new Uint8Array(1024).fill(7);
  await device.write(6, written);
  await device.flush();
  const read = new Uint8Array(1024);
  await device.read(6, read);
  assertEquals(read, written);
  await device.discard(6, 1);
  await assertRejects(() => device.read(7, read), BlockError, "c0000015");
  await assertRejects(() => device.read(0, new Uint8Array(5)), RangeError);
  const readOnly = memoryBlocks(new Uint8Array(512), { isReadOnly: true });
  await assertRejects(() => readOnly.write(0, new Uint8Array(512)), BlockError, "c00000a2");
});
