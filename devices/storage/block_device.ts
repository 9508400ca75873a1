/**
 * A block device, as the storage driver of a guest gives one for each disk that it finds, and as a file system
 * uses it: blocks of one size, addressed by their number.
 *
 * It is an interface of its own, so that whoever builds on it (a file system, a test) can as well stand on memory.
 *
 * @module
 */

import { type NtStatus, ntStatusName } from "../../mod.ts";
import type { Sense } from "./scsi/sense.ts";

/** Why a request of a block device failed. */
export class BlockError extends Error {
  /** See `Error`. */
  override readonly name = "BlockError";
  /** What it comes to: STATUS_DEVICE_REMOVED of a disk that is gone, STATUS_DATA_ERROR of an answer that is no answer, … */
  readonly status: NtStatus;
  /** The SRB status of the host's answer, flags aside; null where no answer came. */
  readonly srbStatus: number | null;
  /** What the disk says of it; null where it does not. */
  readonly sense: Sense | null;

  /** A request that `action` names failed with `status`. */
  constructor(
    action: string,
    status: NtStatus,
    srbStatus: number | null = null,
    sense: Sense | null = null,
  ) {
    const hex = (value: number, digits: number) => value.toString(16).padStart(digits, "0");
    let message = `Cannot ${action}: ${ntStatusName(status) ?? `0x${hex(status, 8)}`}`;
    if (srbStatus !== null) message += `, SRB status 0x${hex(srbStatus, 2)}`;
    if (sense !== null) {
      const { key, code, qualifier } = sense;
      message += `, sense ${[key, code, qualifier].map((byte) => hex(byte, 2)).join("/")}`;
    }
    super(message);
    this.status = status;
    this.srbStatus = srbStatus;
    this.sense = sense;
  }
}

/**
 * Blocks, numbered from 0. Any number of requests may be under way; none of them waits for another, so of two that
 * overlap either may come first, and two that share a buffer must not be under way at once.
 *
 * Each promise rejects with a {@linkcode BlockError} where the request failed, and with a RangeError where it is not
 * one of whole blocks.
 */
export interface BlockDevice {
  /** Bytes of a block: a power of two from 512 on. */
  readonly blockBytes: number;
  /** Blocks that it has, as last read: it may grow and shrink. */
  readonly blocks: number;
  /** Whether writes are refused. */
  readonly isReadOnly: boolean;
  /** Fills all of `into`, whole blocks, from block `lba` on. A read that failed may have filled a part. */
  read(lba: number, into: Uint8Array): Promise<void>;
  /** Stores all of `from`, whole blocks, from block `lba` on. A write that failed may have stored a part. */
  write(lba: number, from: Uint8Array): Promise<void>;
  /** Makes safe what was written by writes that had ended before this call. */
  flush(): Promise<void>;
  /** Says that `blocks` blocks from `lba` on are not needed any more: what they hold afterwards is not defined. */
  discard(lba: number, blocks: number): Promise<void>;
}
