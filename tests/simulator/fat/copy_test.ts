import { assert, assertEquals } from "@std/assert";
import { turn } from "../../../actors/runtime/event_loop.ts";
import { memoryImage } from "../../../devices/image.ts";
import { FatCopy } from "../../../simulator/fat/copy.ts";
import { FatVolume } from "../../../simulator/fat/volume.ts";
import { FatDisk } from "../../support/fat_disk.ts";

const OPTIONS = { path: "/a file.bin", syncBytes: 65_536 };
const FILE = Uint8Array.from({ length: 300_001 }, (_, at) => Math.imul(at, 0x9e37_79b1) >>> 24);

async function programFor(copy: Uint8Array): Promise<FatCopy> {
  const make = await FatCopy.prepare(() => 0);
  return make({ source: memoryImage(FILE), sink: memoryImage(copy) }, OPTIONS);
}

Deno.test("FatCopy.copy: the file comes back, and is safe before it does", async () => {
  const [disk, copy] = [FatDisk.format(), new Uint8Array(FILE.length)];
  const program = await programFor(copy);
  await program.copy(disk);
  assertEquals(program.state, {
    phase: "done",
    failure: null,
    writtenBytes: FILE.length,
    syncedBytes: FILE.length,
    readBytes: FILE.length,
  });
  assertEquals(copy, FILE);
  // Once for each 64 KiB, once for the rest; closing it and unmounting have nothing to add.
  assert(disk.asked.filter((request) => request === "flush").length >= 5);
});

Deno.test("FatCopy.copy: whatever fails ends it, and says why", async () => {
  const disk = FatDisk.format();
  const program = await programFor(new Uint8Array(10));
  await program.copy(disk);
  assertEquals(program.state.phase, "failed");
  assertEquals(program.state.failure, "Cannot reach byte 65536: the image has 10");
  const deaf = FatDisk.format();
  deaf.before = (request) => {
    if (request.startsWith("write")) throw new Error("worn out");
  };
  const other = await programFor(new Uint8Array(FILE.length));
  await other.copy(deaf);
  assertEquals(other.state.failure, "Cannot sync /a file.bin: diskError: worn out");
});

Deno.test("FatCopy.copy: where there is no room after all, no part of the file is left", async () => {
  const disk = FatDisk.format();
  const volume = await FatVolume.mount(disk);
  const filler = await volume.create("/filler");
  const room = await volume.room("/filler") - 200_000;
  await filler.seek(room);
  await filler.close();
  const free = await volume.room("/other");
  await volume.unmount();
  const program = await programFor(new Uint8Array(FILE.length));
  await program.copy(disk);
  const { phase, failure } = program.state;
  assertEquals([phase, failure], ["failed", "Cannot write /a file.bin: full"]);
  const again = await FatVolume.mount(disk);
  assertEquals((await again.list()).map(({ name }) => name), ["filler"]);
  assertEquals(await again.room("/other"), free);
  await again.unmount();
});

Deno.test("FatCopy.survey: what was synced before a crash is there, wherever the guest crashed", async () => {
  let checked = 0;
  for (let crashAt = 20; crashAt < 80; crashAt += 3) {
    const disk = FatDisk.format();
    let requests = 0;
    disk.before = () => ++requests === crashAt ? new Promise(() => {}) : undefined;
    const crashed = await programFor(new Uint8Array(FILE.length));
    void crashed.copy(disk);
    await turn(); // it hangs in its request, or is through before
    disk.before = () => {};
    const left = new Uint8Array(FILE.length);
    const survey = await programFor(left);
    await survey.survey(disk);
    const { phase, failure, readBytes } = survey.state;
    if (crashed.state.syncedBytes === 0) continue;
    checked++;
    assertEquals([phase, failure], ["done", null]);
    assert(readBytes >= crashed.state.syncedBytes);
    assertEquals(left.subarray(0, readBytes), FILE.subarray(0, readBytes));
  }
  assert(checked > 5);
});

Deno.test("FatCopy.survey: finds the file that the volume has under another spelling of its name", async () => {
  const disk = FatDisk.format();
  const volume = await FatVolume.mount(disk);
  await (await volume.create("/A FILE.BIN")).close();
  await volume.unmount();
  const copied = await programFor(new Uint8Array(FILE.length));
  await copied.copy(disk);
  const left = new Uint8Array(FILE.length);
  const survey = await programFor(left);
  await survey.survey(disk);
  assertEquals([survey.state.phase, survey.state.readBytes, left], ["done", FILE.length, FILE]);

  const nothing = await programFor(left);
  await nothing.survey(FatDisk.format());
  assertEquals([nothing.state.phase, nothing.state.readBytes], ["done", 0]);
});
