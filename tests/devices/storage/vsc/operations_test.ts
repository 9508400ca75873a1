/** Requests that are cut into pieces. */

import { assert, assertEquals } from "@std/assert";
import { handDisk } from "../../../support/storage_disks.ts";
import { closeStorage, failing, openStorage } from "../../../support/storage_guest.ts";

// storage.md G6
Deno.test("StorageClient: a request ends with its first failure, when all that was begun of it has ended", async () => {
  const held: (() => void)[] = [];
  let isOver = false;
  const stage = await openStorage({
    disks: { 0: handDisk(512) },
    script: (request, packet) => {
      if (request.operation !== "executeSrb" || request.cdb[0] !== 0x2a) return null;
      const code = [0x03, 0x10][held.length]!; // of the first piece, and of the second
      held.push(() =>
        stage.host.answer(packet, request, {
          srbStatus: 0x84,
          scsiStatus: 2,
          sense: [3, code, 0],
          moved: 0,
        })
      );
      return "hold";
    },
  }, { queueDepth: 2, transferBytesMax: 4096 });
  const { host: { fabric }, program: { disks: [disk] } } = stage;
  const end = failing(fabric, disk!.write(0, new Uint8Array(10 * 4096))).then((failure) => {
    isOver = true;
    return failure;
  });
  await fabric.settle();
  assertEquals(held.length, 2);
  held[1]!();
  await fabric.settle();
  assertEquals([held.length, isOver], [2, false]); // no third piece, and the first is under way
  held[0]!();
  const [status, , sense] = await end;
  assertEquals([status, sense], [0xc000_009c, "3/16/0"]);
  assert(isOver);
  assertEquals(held.length, 2);
  await closeStorage(stage);
});
