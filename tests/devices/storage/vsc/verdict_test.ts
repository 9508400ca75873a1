/**
 * Tests of what the guest makes of answers to SCSI commands: each row of the table of storage.md, as a judgement and
 * as what the driver then does.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { SRB_ANSWER, SRB_STATUSES, type SrbStatus } from "../../../../devices/storage/mod.ts";
import { type Action, judge } from "../../../../devices/storage/vsc/verdict.ts";
import * as vmbus from "../../../../mod.ts";
import { type HandAnswer, handDisk, srbAnswer } from "../../../support/storage_disks.ts";
import {
  closeStorage,
  ending,
  failing,
  opcodes,
  openStorage,
  patterned,
} from "../../../support/storage_guest.ts";

const IO_DEVICE_ERROR = 0xc000_0185;
const DOES_NOT_EXIST = 0xc000_00c0;
const TIMEOUT = 0xc000_00b5;

/** The judgement on an answer, as the host by hand gives it. */
function judged(answer: HandAnswer): [Action, vmbus.NtStatus | null] {
  const { action, failure } = judge(srbAnswer({ dataTransferBytes: 0 }, answer));
  return [action, failure?.status ?? null];
}

// storage.md G8 and S6: without sense data the SRB status decides
Deno.test("judge: each SRB status has its action and its NTSTATUS", () => {
  const expected: Record<SrbStatus, [Action, vmbus.NtStatus | null]> = {
    pending: ["fail", IO_DEVICE_ERROR],
    success: ["done", null],
    aborted: ["again", vmbus.STATUS_CANCELLED],
    abortFailed: ["fail", IO_DEVICE_ERROR],
    error: ["fail", IO_DEVICE_ERROR],
    busy: ["later", 0x8000_0011],
    invalidRequest: ["fail", IO_DEVICE_ERROR],
    invalidPathId: ["fail", IO_DEVICE_ERROR],
    noDevice: ["remove", DOES_NOT_EXIST],
    timeout: ["fail", TIMEOUT],
    selectionTimeout: ["fail", 0xc000_009d],
    commandTimeout: ["fail", TIMEOUT],
    messageRejected: ["fail", IO_DEVICE_ERROR],
    busReset: ["again", IO_DEVICE_ERROR],
    parityError: ["fail", IO_DEVICE_ERROR],
    requestSenseFailed: ["fail", IO_DEVICE_ERROR],
    noHba: ["fail", DOES_NOT_EXIST],
    dataOverrun: ["fail", vmbus.STATUS_BUFFER_OVERFLOW],
    unexpectedBusFree: ["fail", IO_DEVICE_ERROR],
    phaseSequenceFailure: ["fail", IO_DEVICE_ERROR],
    badSrbBlockLength: ["fail", vmbus.STATUS_INVALID_DEVICE_REQUEST],
    requestFlushed: ["again", vmbus.STATUS_UNSUCCESSFUL],
    invalidLun: ["remove", DOES_NOT_EXIST],
    invalidTargetId: ["remove", DOES_NOT_EXIST],
    badFunction: ["fail", vmbus.STATUS_INVALID_DEVICE_REQUEST],
    errorRecovery: ["fail", IO_DEVICE_ERROR],
    notPowered: ["fail", IO_DEVICE_ERROR],
    linkDown: ["fail", IO_DEVICE_ERROR],
  };
  for (const [name, row] of Object.entries(expected)) {
    const srbStatus = SRB_STATUSES[name as SrbStatus];
    assertEquals(judged({ srbStatus }), row, name);
    assertEquals(judged({ srbStatus: srbStatus | 0x40 }), row, `${name}, queue frozen`);
  }
  assertEquals(judged({ srbStatus: 0x3f }), ["fail", IO_DEVICE_ERROR]); // one that stands for nothing
});

// storage.md G8: the SCSI status, where the SRB status does not say more
Deno.test("judge: SCSI statuses without sense data", () => {
  const of = (scsiStatus: number, srbStatus: number = SRB_STATUSES.error) =>
    judged({ srbStatus, scsiStatus });
  assertEquals(of(0x08), ["later", 0x8000_0011]); // BUSY
  assertEquals(of(0x28), ["later", 0x8000_0011]); // TASK SET FULL
  assertEquals(of(0x18), ["fail", 0x8000_0011]); // RESERVATION CONFLICT
  assertEquals(of(0x40), ["again", vmbus.STATUS_CANCELLED]); // TASK ABORTED
  assertEquals(of(0x02), ["fail", IO_DEVICE_ERROR]);
  assertEquals(of(0x02, SRB_STATUSES.success), ["fail", IO_DEVICE_ERROR]); // a success with the status of a failure
  assertEquals(of(0x08, SRB_STATUSES.success), ["later", 0x8000_0011]);
});

// storage.md G8: sense data says more than either status
Deno.test("judge: each kind of sense data", () => {
  const rows: [number, number, number, Action, vmbus.NtStatus | null][] = [
    [0x0, 0x00, 0x00, "done", null],
    [0x1, 0x17, 0x01, "done", null], // recovered
    [0x2, 0x04, 0x01, "later", 0xc000_00a3], // becoming ready
    [0x2, 0x3a, 0x00, "fail", 0xc000_00a3], // no medium
    [0x3, 0x11, 0x00, "fail", 0xc000_009c],
    [0x4, 0x44, 0x00, "fail", IO_DEVICE_ERROR],
    [0x5, 0x20, 0x00, "fail", vmbus.STATUS_INVALID_DEVICE_REQUEST],
    [0x5, 0x21, 0x00, "fail", 0xc000_0015],
    [0x5, 0x24, 0x00, "fail", vmbus.STATUS_INVALID_DEVICE_REQUEST],
    [0x6, 0x29, 0x00, "again", IO_DEVICE_ERROR], // reset
    [0x6, 0x2a, 0x01, "refresh", IO_DEVICE_ERROR], // mode parameters
    [0x6, 0x2a, 0x09, "refresh", IO_DEVICE_ERROR], // capacity
    [0x6, 0x3f, 0x0e, "rescan", IO_DEVICE_ERROR], // other LUNs
    [0x6, 0x3f, 0x03, "again", IO_DEVICE_ERROR],
    [0x7, 0x27, 0x00, "fail", 0xc000_00a2],
    [0xb, 0x00, 0x00, "again", IO_DEVICE_ERROR],
    [0xe, 0x00, 0x00, "fail", IO_DEVICE_ERROR],
  ];
  for (const [key, code, qualifier, action, status] of rows) {
    for (const srbStatus of [0x84, 0x82, 0x86]) { // ERROR, ABORTED, INVALID_REQUEST
      const said = judged({ srbStatus, scsiStatus: 2, sense: [key, code, qualifier] });
      assertEquals(said, [action, status], `${key}/${code}/${qualifier} of ${srbStatus}`);
    }
  }
  // Sense data counts where the SRB status says so alone, and where it is of the fixed format.
  assertEquals(judged({ srbStatus: 0x04, sense: [6, 0x2a, 9] }), ["fail", IO_DEVICE_ERROR]);
  const answer = srbAnswer({ dataTransferBytes: 0 }, { srbStatus: 0x84, scsiStatus: 2 });
  answer.sense.set([0x72, 6, 0x2a, 9]);
  assertEquals(judge(answer).failure?.sense, null);
  // A disk that is not there is gone, whatever its sense data says.
  assertEquals(judged({ srbStatus: 0xa0, sense: [6, 0x2a, 9] })[0], "remove");
});

// storage.md G8: the status in the header is not looked at
Deno.test("judge: goes by SRB status and SCSI status, and not by the header's", () => {
  const answer = { ...srbAnswer({ dataTransferBytes: 0 }, {}), status: IO_DEVICE_ERROR };
  assertEquals(judge(SRB_ANSWER.decode(SRB_ANSWER.encode(answer)) as typeof answer).action, "done");
});

const CAPACITY: HandAnswer = { srbStatus: 0x84, scsiStatus: 2, sense: [6, 0x2a, 9], moved: 0 };
const BUSY: HandAnswer = { srbStatus: 0x05, scsiStatus: 8, moved: 0 };
const ABORTED: HandAnswer = { srbStatus: 0x02, moved: 0 };
const OTHER_LUNS: HandAnswer = { srbStatus: 0x84, scsiStatus: 2, sense: [6, 0x3f, 0x0e], moved: 0 };
const WRITE_10 = 0x2a;

/** A write whose first `times` attempts end with `answer`; gives the stage's end, and the commands from it on. */
async function written(answer: HandAnswer, times: number) {
  const stage = await openStorage({ disks: { 0: handDisk(64) } });
  const { host, client, program } = stage;
  let left = times;
  host.script = (request) => {
    const isWrite = request.operation === "executeSrb" && request.cdb[0] === WRITE_10;
    return isWrite && left-- > 0 ? answer : null;
  };
  const from = host.heard.length;
  const bytes = patterned(1024);
  const promise = program.disks[0]!.write(3, bytes);
  return { stage, host, client, program, bytes, promise, commands: () => opcodes(stage, from) };
}

// storage.md G9, G5
Deno.test("StorageClient: sends a command again at once that was aborted, from the same bytes", async () => {
  const { stage, host, client, bytes, promise, commands } = await written(ABORTED, 8);
  await ending(host.fabric, promise);
  assertEquals(commands(), new Array(9).fill(WRITE_10));
  assertEquals([client.state.retries, client.state.copiedBytes], [8, bytes.length]); // copied once
  assertEquals(host.disks.get(0)!.bytes.subarray(3 * 512, 5 * 512), bytes);
  await closeStorage(stage);
});

// storage.md G9
Deno.test("StorageClient: gives up after eight times", async () => {
  for (
    const [answer, status, srbStatus] of [
      [ABORTED, vmbus.STATUS_CANCELLED, 2],
      [BUSY, 0x8000_0011, 5],
    ] as const
  ) {
    const { stage, host, promise, commands } = await written(answer, Infinity);
    assertEquals(await failing(host.fabric, promise), [status, srbStatus, ""]);
    assertEquals(commands().length, 9);
    await closeStorage(stage);
  }
});

// storage.md G9
Deno.test("StorageClient: waits before it asks a busy disk again, longer each time", async () => {
  const { stage, host, promise, commands } = await written(BUSY, 3);
  const { fabric } = host;
  const counts: number[] = [];
  for (const milliseconds of [0, 9, 1, 19, 1, 39, 1]) {
    await fabric.advance(milliseconds);
    counts.push(commands().length);
  }
  assertEquals(counts, [1, 1, 2, 2, 3, 3, 4]);
  await ending(fabric, promise);
  await closeStorage(stage);
});

Deno.test("StorageClient: reads a disk anew whose capacity has changed, before it continues", async () => {
  const { stage, host, program, promise, commands } = await written(CAPACITY, 1);
  host.disks.get(0)!.bytes = new Uint8Array(100 * 512);
  await ending(host.fabric, promise);
  assertEquals(commands(), [WRITE_10, 0x9e, 0x1a, WRITE_10]);
  assertEquals([program.heard, program.disks[0]!.blocks], [["disk 0", "change 0"], 100]);
  await closeStorage(stage);
});

Deno.test("StorageClient: a disk whose capacity is said to change for ever fails what is asked of it", async () => {
  const { stage, host, promise, commands } = await written(CAPACITY, Infinity);
  assertEquals(await failing(host.fabric, promise), [IO_DEVICE_ERROR, 4, "6/42/9"]);
  assertEquals(commands().filter((code) => code === WRITE_10).length, 9);
  await closeStorage(stage);
});

Deno.test("StorageClient: a disk that has shrunk refuses what it does not have any more", async () => {
  const { stage, host, program, promise } = await written(CAPACITY, 1);
  host.disks.get(0)!.bytes = new Uint8Array(4 * 512);
  assertEquals(await failing(host.fabric, promise), [0xc000_0015, 6, "5/33/0"]);
  assertEquals(program.disks[0]!.blocks, 4);
  await closeStorage(stage);
});

Deno.test("StorageClient: searches the controller where other LUNs are reported, and continues meanwhile", async () => {
  const { stage, host, program, promise, commands } = await written(OTHER_LUNS, 1);
  host.disks.set(1, handDisk(8));
  await ending(host.fabric, promise);
  assert(commands().includes(0xa0));
  assertEquals(program.heard, ["disk 0", "disk 1"]);
  await closeStorage(stage);
});

Deno.test("StorageClient: removes a disk that is not there, and all that waits for it fails", async () => {
  for (const srbStatus of [0x20, 0x21, 0x08]) {
    const { stage, host, program, promise } = await written({ srbStatus, moved: 0 }, 1);
    const others = Array.from(
      { length: 40 },
      (_, lba) => program.disks[0]!.write(lba, new Uint8Array(512)),
    );
    const ends = Promise.allSettled(others);
    assertEquals(await failing(host.fabric, promise), [DOES_NOT_EXIST, srbStatus, ""]);
    const statuses = (await ends).map((end) =>
      end.status === "rejected" ? end.reason.status : null
    );
    // Those that were sent already end as the host says; those that waited, with the disk.
    assert(statuses.includes(vmbus.STATUS_DEVICE_REMOVED), "one waited");
    assertEquals(program.heard, ["disk 0", "gone 0"]);
    await closeStorage(stage);
  }
});

Deno.test("StorageClient: looks at a LUN again that is about to be ready, and leaves one that is not", async () => {
  let attempts = 0;
  const stage = await openStorage({
    disks: { 0: handDisk(8), 1: handDisk(8) },
    script: (request) => {
      if (request.operation !== "executeSrb" || request.cdb[0] !== 0) return null;
      const code = request.lun === 0 ? 0x04 : 0x3a;
      if (request.lun === 0 && ++attempts > 3) return null;
      return { srbStatus: 0x84, scsiStatus: 2, sense: [2, code, 1], moved: 0 };
    },
  });
  await stage.host.fabric.run();
  assertEquals(stage.program.heard, ["disk 0"]);
  assertEquals(attempts, 4);
  await closeStorage(stage);
});

Deno.test("StorageClient: finds disks whatever a host says to questions that it can do without", async () => {
  const refused: HandAnswer = { srbStatus: 0x86, scsiStatus: 2, sense: [5, 0x20, 0], moved: 0 };
  const stage = await openStorage({
    script: (request) => {
      if (request.operation !== "executeSrb") return null;
      const [code, flags] = request.cdb;
      const isSpared = code === 0xa0 || code === 0x1a || (code === 0x12 && (flags! & 1) === 1);
      return isSpared ? refused : null;
    },
  });
  const [disk] = stage.program.disks;
  assertEquals([disk!.facts.identifier, disk!.isReadOnly, disk!.facts.hasWriteCache], [
    "",
    false,
    true,
  ]);
  await ending(stage.host.fabric, disk!.write(0, new Uint8Array(512)));
  await closeStorage(stage);
});
