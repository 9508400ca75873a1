/**
 * A SCSI disk alone, without a controller: the bench of the tests of its commands.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { type BlockCdb, type Cdb, encodeCdb } from "../../devices/storage/mod.ts";
import {
  type SparseImage,
  sparseImage,
  type StorageImage,
} from "../../devices/storage/scsi/image.ts";
import { ScsiDisk } from "../../devices/storage/scsi/disk.ts";
import { GuestData } from "../../devices/storage/scsi/guest_data.ts";
import type { ScsiResult } from "../../devices/storage/scsi/result.ts";
import type { DiskSettings } from "../../devices/storage/scsi/settings.ts";
import { SCSI_STATUSES, SRB_STATUSES } from "../../devices/storage/srb.ts";
import { senseText } from "./storage_stage.ts";

/** Most bytes of one transfer. */
export const TRANSFER_BYTES_MAX = 0x4_0000;
/** Blocks of the disk, unless it is made with others. */
export const BLOCKS = 2048;

/** A disk of 2048 blocks of 512 bytes, and how its commands end. */
export class Bench {
  readonly image: SparseImage;
  readonly disk: ScsiDisk;

  constructor(settings: DiskSettings = {}, over: Partial<StorageImage> = {}, blocks = BLOCKS) {
    this.image = sparseImage(blocks * 512);
    this.disk = new ScsiDisk(imageWith(this.image, over), settings, TRANSFER_BYTES_MAX);
  }

  /** Runs a command with data that begins as `data`, or as so many bytes of 0xee. */
  run(cdb: Cdb | Uint8Array, data: Uint8Array | number = 0, isWritable = typeof data === "number") {
    const bytes = typeof data === "number" ? new Uint8Array(data).fill(0xee) : data;
    const area = cdb instanceof Uint8Array ? cdb : encodeCdb(cdb);
    // In two pieces, of which the first has an odd length.
    const [first, second] = [bytes.subarray(0, 7), bytes.subarray(7)];
    const result = this.disk.execute(
      area,
      new GuestData([first, second], bytes.length, isWritable),
    );
    return { text: endText(result as ScsiResult), bytes };
  }

  /** The same of a command that takes its time, in room for what it gives. */
  async later(cdb: Cdb, room: number): Promise<string> {
    const data = new GuestData([new Uint8Array(room)], room, true);
    return endText(await this.disk.execute(encodeCdb(cdb), data));
  }

  /** How it ended: `02/06 05/24/00 0`. */
  end(cdb: Cdb | Uint8Array, data: Uint8Array | number = 0, isWritable?: boolean): string {
    return this.run(cdb, data, isWritable).text;
  }

  /** What it gave, in base 16, up to where it ends. */
  gives(cdb: Cdb, room: number): string {
    const { text, bytes } = this.run(cdb, room);
    const [, moved] = /^GOOD (\d+)$/.exec(text) ?? [, text];
    const count = Number(moved);
    if (!Number.isInteger(count)) return text;
    assertEquals(
      bytes.subarray(count).every((byte) => byte === 0xee),
      true,
      "the rest is left alone",
    );
    return bytes.subarray(0, count).toHex();
  }
}

/** `image`, with some members as they are given; undefined takes one away. */
export function imageWith(image: SparseImage, over: Partial<StorageImage>): StorageImage {
  return {
    get byteCount() {
      return image.byteCount;
    },
    read: (offset, into) => image.read(offset, into),
    write: (offset, bytes) => image.write(offset, bytes),
    flush: () => image.flush(),
    discard: (offset, byteCount) => image.discard(offset, byteCount),
    extentAt: (offset) => image.extentAt(offset),
    ...over,
  };
}

/** How a command ended, in short. */
export function endText({ scsiStatus, srbStatus, sense, byteCount }: ScsiResult): string {
  if (scsiStatus === "good" && srbStatus === "success" && sense === null) {
    return `GOOD ${byteCount}`;
  }
  const hex = (value: number) => value.toString(16).padStart(2, "0");
  const status = `${hex(SCSI_STATUSES[scsiStatus])}/${hex(SRB_STATUSES[srbStatus])}`;
  return `${status} ${sense === null ? "-" : senseText(sense)} ${byteCount}`;
}

/** A wrong field. */
export const BAD_FIELD = "02/06 05/24/00 0";
/** No such command. */
export const BAD_OPCODE = "02/06 05/20/00 0";
/** Blocks that are not there. */
export const BAD_RANGE = "02/06 05/21/00 0";
/** A write that is refused. */
export const READ_ONLY = "02/04 07/27/00 0";
/** TEST UNIT READY. */
export const READY: Cdb = { operation: "testUnitReady" };
/** REQUEST SENSE. */
export const sense = (allocationBytes = 18): Cdb => ({
  operation: "requestSense",
  allocationBytes,
});

/** A command on a range of blocks. */
export type Operation = BlockCdb["operation"];
/** Reads of ten bytes and more. */
export const READS: readonly Operation[] = ["read10", "read12", "read16"];
/** Writes of ten bytes and more. */
export const WRITES: readonly Operation[] = [
  "write10",
  "write12",
  "write16",
  "writeAndVerify10",
  "writeAndVerify12",
  "writeAndVerify16",
];
/** Verification without data. */
export const VERIFIES: readonly Operation[] = ["verify10", "verify12", "verify16"];
/** WRITE SAME. */
export const SAMES: readonly Operation[] = ["writeSame10", "writeSame16"];
/** A command on a range of blocks. */
export const range = (operation: Operation, lba: number, blocks: number, blockFlags = 0): Cdb => ({
  operation,
  lba,
  blocks,
  blockFlags,
});

/** MODE SENSE, its allocation length aside. */
export function modes(form: 6 | 10, page = 0x3f) {
  const operation = form === 6 ? "modeSense6" : "modeSense10";
  return { operation, modeFlags: 0, page, subpage: 0 } as const;
}
