/**
 * The disks of the host by hand: what they answer to SCSI commands, as the document has it.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { SrbAnswer, SrbRequest } from "../../devices/storage/mod.ts";

/** A disk of the host by hand. */
export interface HandDisk {
  bytes: Uint8Array;
  readonly blockBytes: number;
  isReadOnly: boolean;
  /** Whether anything was written since the last flush. */
  isDirty: boolean;
}

/** A disk of `blocks` blocks. */
export function handDisk(blocks: number, blockBytes = 512): HandDisk {
  return {
    bytes: new Uint8Array(blocks * blockBytes),
    blockBytes,
    isReadOnly: false,
    isDirty: false,
  };
}

/** What is answered to a command: the fields that matter, and the data of a read. */
export interface HandAnswer {
  readonly srbStatus?: number;
  readonly scsiStatus?: number;
  readonly sense?: readonly [key: number, code: number, qualifier: number];
  readonly moved?: number;
  /** Other bytes than an answer's. */
  readonly raw?: Uint8Array;
}

/** The guest's pages of a request. */
type Segments = () => Uint8Array[];

/** What a command comes to that has done what it says. */
export const GOOD: HandAnswer = { srbStatus: 0x01 };
const sense = (srbStatus: number, ...triple: [number, number, number]): HandAnswer => ({
  srbStatus: srbStatus | 0x80,
  scsiStatus: 2,
  sense: triple,
  moved: 0,
});

/** What a command comes to. */
export function carryOut(
  disks: ReadonlyMap<number, HandDisk>,
  request: SrbRequest,
  segments: Segments,
): HandAnswer {
  const { cdb, lun } = request;
  const view = new DataView(cdb.buffer, cdb.byteOffset);
  const disk = disks.get(lun);
  if (cdb[0] === 0xa0) return put(segments(), request, reportOf([...disks.keys()]));
  if (disk === undefined) {
    if (cdb[0] !== 0x12) return { srbStatus: 0x20, scsiStatus: 2, moved: 0 };
    return put(segments(), request, Uint8Array.of(0x7f, 0, 5, 2, 0x63, ...new Array(99).fill(0)));
  }
  const { blockBytes } = disk;
  switch (cdb[0]) {
    case 0x00:
      return GOOD;
    case 0x12:
      return inquire(segments, request);
    case 0x1a:
      return put(
        segments(),
        request,
        Uint8Array.of(15, 0, disk.isReadOnly ? 0x80 : 0, 0, 8, 10, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0),
      );
    case 0x9e: {
      const capacity = new DataView(new ArrayBuffer(32));
      capacity.setBigUint64(0, BigInt(disk.bytes.length / blockBytes - 1));
      capacity.setUint32(8, blockBytes);
      return put(segments(), request, new Uint8Array(capacity.buffer));
    }
    case 0x28:
    case 0x2a:
      return transfer(segments, request, disk, view.getUint32(2), view.getUint16(7));
    case 0x88:
    case 0x8a:
      return transfer(segments, request, disk, Number(view.getBigUint64(2)), view.getUint32(10));
    case 0x35:
      disk.isDirty = false;
      return { ...GOOD, moved: 0 };
    case 0x42:
      return unmap(segments, disk);
    default:
      return sense(0x06, 5, 0x20, 0);
  }
}

/** Writes `data` to the guest's pages, as much as was asked for. */
function put(segments: Uint8Array[], request: SrbRequest, data: Uint8Array): HandAnswer {
  const moved = Math.min(data.length, request.dataTransferBytes);
  let at = 0;
  for (const part of segments) {
    const piece = data.subarray(at, Math.min(at + part.length, moved));
    part.set(piece);
    at += piece.length;
  }
  return { ...GOOD, moved };
}

function inquire(segments: Segments, request: SrbRequest): HandAnswer {
  const page = (request.cdb[1]! & 1) === 0 ? null : request.cdb[2]!;
  const text = new TextEncoder();
  if (page === null) {
    const data = new Uint8Array(104);
    data.set([0, 0, 5, 2, 0x63, 0, 0, 2]);
    data.set(text.encode("Msft    Virtual Disk    1.0 "), 8);
    return put(segments(), request, data);
  }
  if (page === 0x83) {
    const name = [0x60, 2, 0x24, 0x80, ...new Array(12).fill(request.lun)];
    return put(segments(), request, Uint8Array.of(0, 0x83, 0, 20, 1, 3, 0, 16, ...name));
  }
  if (page === 0xb0) {
    const data = new DataView(new ArrayBuffer(64));
    data.setUint32(0, 0x00b0_003c);
    data.setUint32(20, 0xffff_ffff);
    data.setUint32(24, 4096);
    return put(segments(), request, new Uint8Array(data.buffer));
  }
  if (page === 0xb2) {
    return put(segments(), request, Uint8Array.of(0, 0xb2, 0, 4, 1, 0x80, 2, 0));
  }
  return sense(0x06, 5, 0x24, 0);
}

function transfer(
  segments: Segments,
  request: SrbRequest,
  disk: HandDisk,
  lba: number,
  blocks: number,
): HandAnswer {
  const [at, byteCount] = [lba * disk.blockBytes, blocks * disk.blockBytes];
  assertEquals(byteCount, request.dataTransferBytes);
  if (at + byteCount > disk.bytes.length) return sense(0x06, 5, 0x21, 0);
  if (request.direction === 1) {
    return put(segments(), request, disk.bytes.subarray(at, at + byteCount));
  }
  if (disk.isReadOnly) return sense(0x04, 7, 0x27, 0);
  let to = at;
  for (const part of segments()) {
    disk.bytes.set(part.subarray(0, at + byteCount - to), to);
    to += part.length;
  }
  disk.isDirty = true;
  return { ...GOOD, moved: byteCount };
}

function unmap(segments: Segments, disk: HandDisk): HandAnswer {
  const [part] = segments();
  const view = new DataView(part!.buffer, part!.byteOffset, part!.length);
  for (let at = 8; at < 8 + view.getUint16(2); at += 16) {
    const from = Number(view.getBigUint64(at)) * disk.blockBytes;
    disk.bytes.fill(0, from, from + view.getUint32(at + 8) * disk.blockBytes);
  }
  return { ...GOOD, moved: 0 };
}

function reportOf(luns: readonly number[]): Uint8Array {
  const report = new DataView(new ArrayBuffer(8 + 8 * luns.length));
  report.setUint32(0, 8 * luns.length);
  luns.forEach((lun, at) => report.setUint16(8 + 8 * at, lun));
  return new Uint8Array(report.buffer);
}

/** An answer with all its fields. */
export function srbAnswer(
  request: Pick<SrbRequest, "dataTransferBytes">,
  answer: HandAnswer,
): SrbAnswer {
  const bytes = new Uint8Array(20);
  if (answer.sense !== undefined) {
    const [key, code, qualifier] = answer.sense;
    bytes.set([0x70, 0, key, 0, 0, 0, 0, 10, 0, 0, 0, 0, code, qualifier]);
  }
  const { srbStatus = 0x01, scsiStatus = 0, moved = request.dataTransferBytes } = answer;
  return {
    flags: 0,
    status: 0,
    srbBytes: 0x34,
    srbStatus,
    scsiStatus,
    portNumber: 0,
    pathId: 0,
    targetId: 0,
    lun: 0,
    cdbBytes: 16,
    senseBytes: 0x14,
    direction: 0,
    dataTransferBytes: moved,
    sense: bytes,
  };
}
