/**
 * The part of the storage controller's VSC that carries out what programs ask of a disk: each request is cut into
 * pieces that the host can move at once, and has ended when all of them have.
 *
 * @module
 */

import * as vmbus from "../../../mod.ts";
import type { DiskFacts } from "./disk_facts.ts";
import type { Buffers } from "./buffers.ts";
import { type Command, type CommandPlan, newCommand } from "./command.ts";
import { unmapBytesOf } from "../scsi/capacity.ts";
import { FLUSH_WORK, transferWork, unmapParameters, unmapWork } from "./scsi_work.ts";
import { failureOf } from "./queue.ts";
import type { StorageClientState } from "./state.ts";
import type { SrbFailure } from "./verdict.ts";

/** What a program asks of a disk. */
export type OperationKind = "read" | "write" | "flush" | "discard";
const KINDS: readonly OperationKind[] = ["read", "write", "flush", "discard"];

/** Pieces of one request that wait or are under way at once. */
const PIECES_MAX = 64;

/** What a program asks: plain data. */
export interface OperationRequest {
  /** Its number, which is the program's. */
  readonly id: number;
  /** The disk, by its number. */
  readonly disk: number;
  /** What is asked. */
  readonly kind: OperationKind;
  /** The first block. */
  readonly lba: number;
  /** How many blocks; of a flush 1, which stands for all. */
  readonly blocks: number;
}

interface Operation extends OperationRequest {
  /** Blocks of which pieces were made. */
  begun: number;
  /** Pieces that have not ended. */
  pieces: number;
  /** Why a piece has failed. */
  failure: SrbFailure | null;
}

type Piece = Extract<Command["owner"], { kind: "piece" }>;

/** What carries pieces out, and who hears of the end. */
export interface OperationUsers {
  /** Sends a piece. */
  submit(command: Command): void;
  /** Ends the pieces of a request that the host does not have. */
  dropUnsent(id: number, failure: SrbFailure): void;
  /** What is known of a disk, by its number, or was before it went; null of one that never was. */
  factsOf(disk: number): DiskFacts | null;
  /** Whether a disk is there. */
  isThere(disk: number): boolean;
  /** The bytes that a read fills or a write stores; null where no program waits for it any more. */
  bytesOf(id: number): Uint8Array | null;
  /** A request has ended. */
  ended(id: number, failure: SrbFailure | null): void;
}

/** The requests of programs that have not ended. */
export class Operations {
  readonly #state: StorageClientState;
  readonly #buffers: Buffers;
  readonly #users: OperationUsers;
  readonly #underWay = new Map<number, Operation>();

  /** None, of the controller whose state that is. */
  constructor(state: StorageClientState, buffers: Buffers, users: OperationUsers) {
    this.#state = state;
    this.#buffers = buffers;
    this.#users = users;
  }

  /** Whether a request of a disk has not ended. */
  areOf(disk: number): boolean {
    return [...this.#underWay.values()].some((operation) => operation.disk === disk);
  }

  /** Whether a request has not ended. */
  has(id: number): boolean {
    return this.#underWay.has(id);
  }

  /** The lowest number above those of all requests that have not ended. */
  get nextId(): number {
    return Math.max(-1, ...this.#underWay.keys()) + 1;
  }

  /** Begins a request, of blocks that its disk has. */
  begin(request: OperationRequest): void {
    const operation: Operation = { ...request, begun: 0, pieces: 0, failure: null };
    this.#underWay.set(operation.id, operation);
    this.#goOn(operation);
  }

  /** Makes the next pieces, or ends the request where all of it is through. */
  #goOn(operation: Operation): void {
    const { id, blocks, disk } = operation;
    while (operation.pieces < PIECES_MAX && operation.begun < blocks) {
      if (operation.failure !== null) break;
      const facts = this.#users.factsOf(disk);
      if (facts === null || !this.#users.isThere(disk)) {
        operation.failure = failureOf(this.#state.endStatus);
        break;
      }
      const count = Math.min(blocks - operation.begun, this.#pieceBlocksMax(operation, facts));
      const owner: Piece = {
        kind: "piece",
        operation: id,
        lba: operation.lba + operation.begun,
        blocks: count,
      };
      operation.begun += count;
      operation.pieces++;
      this.#users.submit(newCommand(owner, this.planOf(owner)));
    }
    const isOver = operation.failure !== null || operation.begun === blocks;
    if (!isOver || operation.pieces > 0 || !this.#underWay.delete(id)) return;
    this.#users.ended(id, operation.failure);
  }

  #pieceBlocksMax({ kind }: Operation, facts: DiskFacts): number {
    const { transferBytesMax } = this.#state;
    if (kind === "flush") return 1;
    if (kind !== "discard") return transferBytesMax / facts.blockBytes;
    const [header, first] = [unmapBytesOf(0), unmapBytesOf(1)];
    const rangesMax = Math.floor((transferBytesMax - header) / (first - header));
    return facts.discardBlocksMax * Math.min(facts.discardRangesMax, rangesMax);
  }

  /**
   * What a piece does.
   *
   * @throws {Error} No request that has not ended has such a piece.
   */
  planOf({ operation: id, lba, blocks }: Piece): CommandPlan {
    const operation = this.#underWay.get(id);
    const facts = operation === undefined ? null : this.#users.factsOf(operation.disk);
    const isInside = operation !== undefined && lba >= operation.lba && blocks >= 1 &&
      lba + blocks <= operation.lba + operation.blocks;
    if (facts === null || !isInside) {
      throw new Error(`Cannot make a piece of request ${id}: it has none at block ${lba}`);
    }
    const { lun, blockBytes } = facts;
    const { kind } = operation;
    if (kind === "flush") return { lun, work: FLUSH_WORK };
    if (kind === "discard") {
      return { lun, work: unmapWork(Math.ceil(blocks / facts.discardBlocksMax)) };
    }
    return { lun, work: transferWork(kind, lba, blocks, blocks * blockBytes) };
  }

  /** Fills the buffer of a piece that sends data; false where the program's bytes are not there any more. */
  fill(piece: Piece, buffer: vmbus.GuestBuffer): boolean {
    const { kind, disk } = this.#underWay.get(piece.operation)!;
    const { discardBlocksMax } = this.#users.factsOf(disk) ?? { discardBlocksMax: 1 };
    if (kind === "discard") {
      this.#buffers.store(buffer, unmapParameters(piece.lba, piece.blocks, discardBlocksMax));
      return true;
    }
    const bytes = this.#bytesOf(piece);
    if (bytes === null) return false;
    this.#buffers.store(buffer, bytes);
    this.#state.copiedBytes += bytes.length;
    return true;
  }

  /** The program's bytes of a piece; null where they are not there. */
  #bytesOf({ operation: id, lba, blocks }: Piece): Uint8Array | null {
    const operation = this.#underWay.get(id)!;
    const facts = this.#users.factsOf(operation.disk);
    const bytes = this.#users.bytesOf(id);
    if (facts === null || bytes === null) return null;
    const { blockBytes } = facts;
    const at = (lba - operation.lba) * blockBytes;
    const part = bytes.subarray(at, at + blocks * blockBytes);
    // A program may have given its memory away meanwhile.
    return part.length === blocks * blockBytes ? part : null;
  }

  /** A piece in two, where the guest has no memory for the whole; null where it is one block, or no transfer. */
  split(piece: Piece): readonly Command[] | null {
    const operation = this.#underWay.get(piece.operation)!;
    const isTransfer = operation.kind === "read" || operation.kind === "write";
    if (!isTransfer || piece.blocks === 1) return null;
    const half = piece.blocks >> 1;
    const owners: Piece[] = [
      { ...piece, blocks: half },
      { ...piece, lba: piece.lba + half, blocks: piece.blocks - half },
    ];
    operation.pieces++;
    return owners.map((owner) => newCommand(owner, this.planOf(owner)));
  }

  /** A piece has ended; `movedBytes` of its buffer are the host's word for what it moved. */
  ended(command: Command, piece: Piece, failure: SrbFailure | null, movedBytes: number): void {
    const operation = this.#underWay.get(piece.operation)!;
    const { kind } = operation;
    const isTransfer = kind === "read" || kind === "write";
    operation.pieces--;
    let fault = failure;
    if (fault === null && isTransfer && movedBytes !== command.work.byteCount) {
      fault = failureOf(vmbus.STATUS_DATA_ERROR); // it says that it moved all, and that it moved less
    }
    if (fault === null && kind === "read") {
      const bytes = this.#bytesOf(piece);
      if (bytes !== null) {
        this.#buffers.load(command.buffer!, bytes);
        this.#state.copiedBytes += bytes.length;
      }
    }
    if (operation.failure === null && fault !== null) {
      operation.failure = fault;
      this.#users.dropUnsent(operation.id, fault); // each ends here, too
    }
    this.#goOn(operation);
  }

  // -- Saving

  /** Those that have not ended, as plain data. */
  save(): vmbus.PlainData {
    return [...this.#underWay.values()].map((operation) => ({
      ...operation,
      failure: operation.failure && saveFailure(operation.failure),
    }));
  }

  /** Takes one back that had not ended; its pieces are taken back after it. */
  restore(saved: vmbus.SavedFields): void {
    const operation: Operation = {
      id: saved.uint("id"),
      disk: saved.uint("disk"),
      kind: saved.word("kind", KINDS),
      lba: saved.uint("lba"),
      blocks: saved.uint("blocks", Number.MAX_SAFE_INTEGER, 1),
      begun: saved.uint("begun"),
      pieces: saved.uint("pieces"),
      failure: saved.orNull("failure", () => saved.record("failure", restoreFailure)),
    };
    const { id, disk, begun, blocks, lba } = operation;
    const isSound = begun <= blocks && Number.isSafeInteger(lba + blocks) &&
      !this.#underWay.has(id);
    if (!isSound || (operation.kind === "flush" && blocks !== 1)) {
      throw new Error(`Cannot restore request ${id} of disk ${disk}: it never was like that`);
    }
    this.#underWay.set(id, operation);
  }

  /**
   * Checks that each request has as many pieces as it counts, all of which are there, and one at least.
   *
   * @throws {Error} It has not.
   */
  checkRestored(commands: readonly Command[]): void {
    for (const { id, pieces } of this.#underWay.values()) {
      const own = commands.filter(({ owner }) => owner.kind === "piece" && owner.operation === id);
      if (own.length === pieces && pieces > 0) continue;
      throw new Error(`Cannot restore request ${id}: it has ${own.length} pieces of ${pieces}`);
    }
  }
}

function saveFailure({ status, srbStatus, sense }: SrbFailure): vmbus.PlainData {
  return { status, srbStatus, sense: sense && { ...sense } };
}

function restoreFailure(saved: vmbus.SavedFields): SrbFailure {
  return {
    status: saved.uint("status", 0xffff_ffff),
    srbStatus: saved.orNull("srbStatus", () => saved.uint("srbStatus", 0xff)),
    sense: saved.orNull("sense", () =>
      saved.record("sense", (fields) => ({
        key: fields.uint("key", 0xff),
        code: fields.uint("code", 0xff),
        qualifier: fields.uint("qualifier", 0xff),
      }))),
  };
}
