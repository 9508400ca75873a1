/**
 * A SCSI command of the guest's on its way: as the driver has it, as it lies in a packet, and as it is saved.
 *
 * @module
 */

import type * as vmbus from "../../../mod.ts";
import { Damage } from "../../../core/layout/mod.ts";
import { SRB_ANSWER, type SrbAnswer } from "../answers.ts";
import {
  COMPLETION_WANTED,
  encodeStorageRequest,
  LONG_PACKET_BYTES,
  packetBytesOf,
} from "../protocol.ts";
import { SRB_DIRECTIONS, SRB_FLAGS } from "../srb.ts";
import type { ScsiWork } from "./scsi_work.ts";

/** Whose command it is: the search's for disks, or a piece of a request of a program's. */
export type CommandOwner =
  | { readonly kind: "search" }
  | {
    readonly kind: "piece";
    /** The request. */
    readonly operation: number;
    /** The first of its blocks. */
    readonly lba: number;
    /** How many of them. */
    readonly blocks: number;
  };

/** What a command does, which follows from whose it is. */
export interface CommandPlan {
  /** The disk that it goes to. */
  readonly lun: number;
  /** The command itself. */
  readonly work: ScsiWork;
}

/** A command on its way. */
export interface Command extends CommandPlan {
  /** Whose it is. */
  readonly owner: CommandOwner;
  /** The pages of its data, from the first time that it is sent on; null where it has none, or none yet. */
  buffer: vmbus.GuestBuffer | null;
  /** How often it was sent again. */
  retries: number;
}

/** A command that was not sent yet. */
export function newCommand(owner: CommandOwner, { lun, work }: CommandPlan): Command {
  return { owner, lun, work, buffer: null, retries: 0 };
}

/** Seconds after which the guest gives up, as it tells the host. */
const TIMEOUT_SECONDS = 60;
const DIRECTION_FLAGS = { read: SRB_FLAGS.dataIn, write: SRB_FLAGS.dataOut, none: 0 } as const;

/** The packet of a command in `version` of the protocol. */
export function encodeCommand({ lun, work }: CommandPlan, version: number): Uint8Array {
  const packetBytes = packetBytesOf(version);
  const isLong = packetBytes === LONG_PACKET_BYTES;
  return encodeStorageRequest({
    operation: "executeSrb",
    flags: COMPLETION_WANTED,
    status: 0,
    srbBytes: isLong ? 0x34 : 0x24,
    srbStatus: 0,
    scsiStatus: 0,
    portNumber: 0,
    pathId: 0,
    targetId: 0,
    lun,
    cdbBytes: work.cdbBytes,
    senseBytes: isLong ? 0x14 : 0x12,
    direction: SRB_DIRECTIONS[work.direction],
    dataTransferBytes: work.byteCount,
    cdb: work.cdb,
    ...isLong && {
      queueTag: 0,
      queueAction: 0,
      srbFlags: SRB_FLAGS.disableSyncTransfer | DIRECTION_FLAGS[work.direction],
      timeoutSeconds: TIMEOUT_SECONDS,
      queueSortKey: 0,
    },
  }, packetBytes);
}

/**
 * The answer to a command; null where no host gives such an answer: it is too short for the version, no completion,
 * or says that more was moved than was asked for.
 */
export function decodeAnswer(
  { work }: CommandPlan,
  version: number,
  bytes: Uint8Array,
  byteCount: number,
): SrbAnswer | null {
  if (byteCount < packetBytesOf(version)) return null;
  const answer = SRB_ANSWER.decode(bytes, byteCount);
  if (answer instanceof Damage || answer.dataTransferBytes > work.byteCount) return null;
  return answer;
}

/** A command as it is saved: what it does follows from whose it is. */
export function saveCommand({ owner, buffer, retries }: Command): vmbus.PlainData {
  return { owner: { ...owner }, buffer: buffer && buffer.gpa, retries };
}

/**
 * Reads what {@linkcode saveCommand} told; `planOf` says what the command does.
 *
 * @throws {Error} There is no such command.
 */
export function restoreCommand(
  context: vmbus.GuestRestoreContext,
  saved: vmbus.SavedFields,
  planOf: (owner: CommandOwner) => CommandPlan,
): Command {
  const owner = saved.record("owner", (fields): CommandOwner => {
    if (fields.word("kind", ["search", "piece"]) === "search") return { kind: "search" };
    const [operation, lba, blocks] = [
      fields.uint("operation"),
      fields.uint("lba"),
      fields.uint("blocks"),
    ];
    return { kind: "piece", operation, lba, blocks };
  });
  const plan = planOf(owner);
  const buffer = saved.orNull("buffer", () => context.buffer(saved.uint("buffer")));
  if (buffer !== null && buffer.byteCount < plan.work.byteCount) {
    throw new Error("Cannot restore a SCSI command: its data has more bytes than its buffer");
  }
  return { owner, ...plan, buffer, retries: saved.uint("retries") };
}
