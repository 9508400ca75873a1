/**
 * Tests of the guest's storage driver against hosts that lie, say nothing, or go away: every request ends, nothing
 * hangs, and nothing is left.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import {
  encodeStorageAnswer,
  PROPERTIES_ANSWER,
  type StorageOperation,
} from "../../../../devices/storage/mod.ts";
import * as vmbus from "../../../../mod.ts";
import { type HandAnswer, handDisk } from "../../../support/storage_disks.ts";
import type { Script } from "../../../support/storage_host.ts";
import {
  closeStorage,
  ending,
  failing,
  openStorage,
  type StorageStage,
} from "../../../support/storage_guest.ts";

const IO_TIMEOUT = 0xc000_00b5;

/** Says `answer` to one operation, and what the document says to all others. */
function onlyTo(operation: StorageOperation, answer: HandAnswer | "hold" | "fail"): Script {
  return (request) => request.operation === operation ? answer : null;
}

/** Says `answer` to SCSI commands of one operation code. */
function onlyToCommand(code: number, answer: HandAnswer | "hold" | "fail"): Script {
  return (request) => request.operation === "executeSrb" && request.cdb[0] === code ? answer : null;
}

const raw = (bytes: Uint8Array): HandAnswer => ({ raw: bytes });
const zeros = (byteCount: number) => raw(new Uint8Array(byteCount));

// storage.md G1
Deno.test("StorageClient: is refused where the answers of a negotiation are malformed", async () => {
  const steps = [
    ["beginInitialization", "begin"],
    ["queryProtocolVersion", "version"],
    ["queryProperties", "properties"],
    ["endInitialization", "end"],
  ] as const;
  const failure = new Uint8Array(64);
  failure.set([1, 0, 0, 0, 0, 0, 0, 0, 0x0d, 0, 0, 0xc0]);
  for (const [operation, step] of steps) {
    for (const byteCount of [0, 8, 64]) { // 0 is no completion's operation
      const stage = await openStorage({ script: onlyTo(operation, zeros(byteCount)) });
      assertEquals(stage.client.state.refusal, `malformed answer to ${step}`);
      assertEquals([stage.client.state.phase, stage.program.heard], ["refused", []]);
      await closeStorage(stage);
    }
    const stage = await openStorage({ script: onlyTo(operation, raw(failure)) });
    const isVersion = step === "version"; // then others are tried
    const refusal = isVersion
      ? "no version of the settings"
      : `STATUS_INVALID_PARAMETER to ${step}`;
    assertEquals([stage.client.state.phase, stage.client.state.refusal], ["refused", refusal]);
    await closeStorage(stage);
  }
});

Deno.test("StorageClient: is refused where a host can move not even a page", async () => {
  for (const transferBytesMax of [0, 4095]) {
    const stage = await openStorage({ transferBytesMax });
    assertEquals(stage.client.state.refusal, `transfers of at most ${transferBytesMax} bytes`);
    await closeStorage(stage);
  }
  // And one that says it moves anything, and has any number of channels, is not believed.
  const properties = encodeStorageAnswer(PROPERTIES_ANSWER, {
    flags: 0,
    status: 0,
    subChannelsMax: 0xffff,
    propertyFlags: 1,
    transferBytesMax: 0xffff_ffff,
  }, 64);
  const stage = await openStorage({
    partition: { processors: 3 },
    script: onlyTo("queryProperties", raw(properties)),
  });
  const { transferBytesMax, subChannels } = stage.client.state;
  assertEquals([transferBytesMax, subChannels], [0x4_0000, 2]);
  await closeStorage(stage);
});

Deno.test("StorageClient: is refused by a host that is silent while they negotiate", async () => {
  for (const operation of ["beginInitialization", "endInitialization"] as const) {
    const stage = await openStorage({ script: onlyTo(operation, "hold") });
    const { fabric } = stage.host;
    await fabric.advance(59_000);
    assertEquals(stage.client.state.phase, "negotiating");
    await fabric.run();
    assertEquals([stage.client.state.phase, stage.client.state.refusal], ["refused", "timed out"]);
    await closeStorage(stage);
  }
});

Deno.test("StorageClient: works without sub-channels where they are refused, or never come", async () => {
  const failure = new Uint8Array(64);
  failure.set([1, 0, 0, 0, 0, 0, 0, 0, 0x0d, 0, 0, 0xc0]);
  const granted = new Uint8Array(64);
  granted[0] = 1;
  for (const asksForSubChannels of ["beforeEnd", "afterEnd"] as const) {
    for (const answer of [failure, granted]) {
      const stage = await openStorage({
        subChannelsMax: 2,
        partition: { processors: 3 },
        script: onlyTo("createSubChannels", raw(answer)),
      }, { asksForSubChannels });
      assertEquals(stage.client.state.phase, "ready");
      await ending(stage.host.fabric, stage.program.disks[0]!.flush());
      await closeStorage(stage);
    }
  }
});

// storage.md G7
Deno.test("StorageClient: a command fails whose answer is malformed", async () => {
  const good = new Uint8Array(64);
  good.set([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x34, 0, 1, 0]);
  const tooMuch = good.slice();
  new DataView(tooMuch.buffer).setUint32(24, 1025, true);
  const tooLittle = good.slice();
  new DataView(tooLittle.buffer).setUint32(24, 512, true);
  const answers = [
    new Uint8Array(0),
    new Uint8Array(64), // the operation is no completion's
    good.slice(0, 56), // too short for the version
    tooMuch, // more was moved than there was
    tooLittle, // all is well, and not all was moved
  ];
  for (const answer of answers) {
    const stage = await openStorage();
    stage.host.script = onlyToCommand(0x28, raw(answer));
    const [disk] = stage.program.disks;
    const into = new Uint8Array(1024).fill(7);
    assertEquals(await failing(stage.host.fabric, disk!.read(0, into)), [
      vmbus.STATUS_DATA_ERROR,
      null,
      "",
    ]);
    assert(into.every((byte) => byte === 7), "nothing of it was believed");
    stage.host.script = () => null;
    await ending(stage.host.fabric, disk!.read(0, into));
    await closeStorage(stage);
  }
});

Deno.test("StorageClient: takes an answer that is longer than it must be", async () => {
  const stage = await openStorage();
  const long = new Uint8Array(128).fill(0xee);
  long.set([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x34, 0, 1, 0, ...new Array(48).fill(0)]);
  stage.host.script = onlyToCommand(0x35, raw(long));
  const [disk] = stage.program.disks;
  await ending(stage.host.fabric, disk!.flush());
  await closeStorage(stage);
});

Deno.test("StorageClient: ignores what no host says by itself, and searches as often as it is told", async () => {
  const stage = await openStorage();
  const { host, program } = stage;
  const from = host.heard.length;
  for (const operation of [0, 1, 12, 14, 15, 0xffff_ffff]) {
    for (const byteCount of [64, 16]) {
      const bytes = new Uint8Array(byteCount);
      new DataView(bytes.buffer).setUint32(0, operation, true);
      host.notify("enumerateBus", bytes);
    }
  }
  host.notify("enumerateBus", new Uint8Array(0));
  host.notify("enumerateBus", new Uint8Array(8));
  await host.fabric.settle();
  assertEquals([host.heard.length, program.heard], [from, ["disk 0"]]);
  for (let time = 0; time < 50; time++) host.notify("enumerateBus");
  await host.fabric.settle();
  assert(host.heard.length - from < 30, "many notifications are few searches");
  await closeStorage(stage);
});

// What a host says of LUNs and of disks may be anything.
Deno.test("StorageClient: is not led astray by what LUNs and disks say", async () => {
  const filled = (code: number, fill: (data: DataView) => void, moved: number) => {
    const stage: Promise<StorageStage> = openStorage({
      fill: (request, segments) => {
        if (request.cdb[0] !== code) return null;
        const bytes = new Uint8Array(request.dataTransferBytes);
        fill(new DataView(bytes.buffer));
        for (const part of segments()) part.set(bytes.subarray(0, part.length));
        return { moved: Math.min(moved, bytes.length) };
      },
    });
    return stage;
  };
  const expectations: [code: number, fill: (data: DataView) => void, moved: number, string[]][] = [
    // Lists that are longer than they are, and LUNs that an SRB cannot name
    [0xa0, (data) => data.setUint32(0, 0xffff_ffff), 16, ["disk 0"]],
    [0xa0, (data) => data.setUint32(0, 0xffff_ffff), 4096, ["disk 0"]],
    [0xa0, () => {}, 0, ["disk 0"]], // no report: the first LUN may be there
    [0xa0, () => {}, 8, []],
    [
      0xa0,
      (data) => {
        data.setUint32(0, 24);
        data.setUint16(8, 0x4100); // LUN 256
        data.setUint16(16, 0x8000); // another way of addressing
        data.setUint16(24, 0xffff);
      },
      32,
      [],
    ],
    // No disk, no capacity, blocks that cannot be
    [0x12, (data) => data.setUint8(0, 0x05), 104, []],
    [0x12, () => {}, 4, []],
    [0x9e, () => {}, 32, []],
    [0x9e, () => {}, 11, []],
    [0x9e, (data) => data.setUint32(8, 513), 32, []],
    [0x9e, (data) => data.setUint32(8, 0x8000_0000), 32, []],
    [
      0x9e,
      (data) => {
        data.setBigUint64(0, 0xffff_ffff_ffff_ffffn);
        data.setUint32(8, 512);
      },
      32,
      [],
    ],
    [
      0x9e,
      (data) => {
        data.setBigUint64(0, 2n ** 44n - 2n);
        data.setUint32(8, 512);
      },
      32,
      ["disk 0"],
    ],
    // A mode whose descriptors lie beyond its end
    [0x1a, (data) => data.setUint8(3, 255), 16, ["disk 0"]],
    [0x1a, () => {}, 1, ["disk 0"]],
  ];
  for (const [code, fill, moved, heard] of expectations) {
    const stage = await filled(code, fill, moved);
    assertEquals(stage.program.heard, heard, `command ${code.toString(16)} moved ${moved}`);
    await closeStorage(stage);
  }
});

// storage.md G10
Deno.test("StorageClient: each request fails when the controller is taken away, wherever it is", async () => {
  for (const depth of [1, 4]) {
    const stage = await openStorage({ subChannelsMax: 2, partition: { processors: 3 } }, {
      queueDepth: depth,
    });
    const { host, program } = stage;
    host.script = (request) => request.operation === "executeSrb" ? "hold" : null;
    const [disk] = program.disks;
    const requests = Array.from({ length: 20 }, (_, lba) => disk!.write(lba, new Uint8Array(512)));
    const ends = Promise.allSettled([...requests, disk!.flush(), disk!.discard(0, 4)]);
    await host.fabric.settle();
    await host.rescind();
    await host.fabric.settle();
    for (const end of await ends) {
      assert(end.status === "rejected");
      // This host completes with nothing what it still holds when it goes.
      const statuses: vmbus.NtStatus[] = [vmbus.STATUS_DEVICE_REMOVED, vmbus.STATUS_DATA_ERROR];
      assert(statuses.includes(end.reason.status));
    }
    assertEquals([program.heard, disk!.isGone], [["disk 0", "gone 0"], true]);
    assertEquals(await failing(host.fabric, disk!.flush()), [
      vmbus.STATUS_DEVICE_REMOVED,
      null,
      "",
    ]);
    host.script = () => null;
    host.offer();
    await host.fabric.settle();
    await ending(host.fabric, program.disks[1]!.flush());
    await closeStorage(stage);
  }
});

Deno.test("StorageClient: is taken away at any moment, and comes back", async () => {
  for (let items = 1; items < 160; items += 53) {
    const stage = await openStorage({ subChannelsMax: 2, partition: { processors: 3 } });
    const { host, program } = stage;
    const ends = Promise.allSettled(
      Array.from({ length: 6 }, (_, lba) => program.disks[0]!.write(lba, new Uint8Array(512))),
    );
    host.notify("enumerateBus");
    await host.fabric.step(items);
    await host.rescind();
    await host.fabric.settle();
    assertEquals((await ends).length, 6);
    host.offer();
    await host.fabric.settle();
    await ending(host.fabric, program.disks.at(-1)!.flush());
    await closeStorage(stage);
  }
});

// storage.md G11 and I6: a channel that is dead answers nothing; the guest closes it and opens it anew.
Deno.test("StorageClient: opens a controller anew that does not answer any more, but not for ever", async () => {
  const stage = await openStorage();
  const { host, program, client } = stage;
  const { fabric } = host;
  host.script = onlyToCommand(0x35, "hold");
  assertEquals(await failing(fabric, program.disks[0]!.flush()), [IO_TIMEOUT, null, ""]);
  assertEquals([client.state.phase, program.heard], ["ready", ["disk 0", "gone 0", "disk 0"]]);
  await ending(fabric, program.disks[1]!.write(0, new Uint8Array(512)));
  // Now it answers no command at all: it is left alone in the end.
  host.script = (request) => request.operation === "executeSrb" ? "hold" : null;
  assertEquals((await failing(fabric, program.disks[1]!.flush()))[0], IO_TIMEOUT);
  assertEquals([client.state.phase, client.state.refusal], ["refused", "timed out"]);
  await closeStorage(stage);
});

// kmcl.md section 5, VmbChannelPacketFail: the host stops, and does not say so
Deno.test("StorageClient: a host that fails a packet is one that does not answer any more", async () => {
  const stage = await openStorage();
  const { host, program, client } = stage;
  host.script = onlyToCommand(0x35, "fail");
  assertEquals((await failing(host.fabric, program.disks[0]!.flush()))[0], IO_TIMEOUT);
  host.script = () => null;
  assertEquals(client.state.phase, "ready");
  await ending(host.fabric, program.disks[1]!.flush());
  await closeStorage(stage);
});

// storage.md G11
Deno.test("StorageClient: nothing is counted against a host while its guest stands still", async () => {
  const stage = await openStorage();
  const { host, program, client } = stage;
  const held: (() => void)[] = [];
  host.script = (request, packet) => {
    if (request.operation !== "executeSrb" || request.cdb[0] !== 0x35) return null;
    held.push(() => host.answer(packet, request, { moved: 0 }));
    return "hold";
  };
  const flush = program.disks[0]!.flush();
  await host.fabric.advance(30_000);
  host.guest.pause();
  await host.fabric.advance(600_000);
  host.guest.resume();
  await host.fabric.advance(20_000);
  for (const answer of held) answer();
  await ending(host.fabric, flush);
  assertEquals([client.state.failuresInRow, program.heard], [0, ["disk 0"]]);
  await closeStorage(stage);
});

// storage.md G12
Deno.test("StorageClient: nobody hears anything of a guest that has crashed", async () => {
  const stage = await openStorage({ disks: { 0: handDisk(64) } });
  const { host, program } = stage;
  host.script = onlyToCommand(0x35, "hold");
  let isOver = false;
  program.disks[0]!.flush().finally(() => {
    isOver = true;
  });
  await host.fabric.settle();
  host.guest.crash();
  await host.fabric.run();
  assertEquals([isOver, program.heard], [false, ["disk 0"]]);
  host.guest.destroy();
  await host.fabric.run();
  assert(!isOver);
  await host.rescind();
  assertEquals(host.fabric.leaks(), []);
  assertEquals(host.fabric.violations, []);
});
