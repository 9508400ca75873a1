/**
 * The program's side of the storage controller's VSC: the disks as block devices, and the promises that it awaits.
 *
 * A promise cannot be saved, but the program that awaits it is where it was when its guest was saved and is restored,
 * by the same driver value, in the same process: then its disks are the same objects, and its promises go on. What
 * had not been asked of the guest when it was saved is asked of the restored one.
 *
 * @module
 */

import * as vmbus from "../../../mod.ts";
import { type BlockDevice, BlockError } from "../block_device.ts";
import type { DiskFacts } from "./disk_facts.ts";
import type { OperationKind, OperationRequest } from "./operations.ts";
import type { SrbFailure } from "./verdict.ts";

/** What hears of the disks of a controller. */
export interface StorageProgram {
  /** A disk is there: it may be used from now on. */
  onDisk(disk: GuestDisk): void;
  /** Something of a disk has changed, such as how many blocks it has. */
  onChange?(disk: GuestDisk): void;
  /** A disk is not there any more: what is asked of it fails. */
  onGone?(disk: GuestDisk): void;
}

/** The driver, as a disk asks it. */
export interface DiskHost {
  /** Begins a request. */
  begin(request: OperationRequest): void;
}

/** A request that a program awaits. */
interface Awaited {
  readonly request: OperationRequest;
  /** What failed, in words. */
  readonly action: string;
  /** What it reads into, or writes. */
  readonly bytes: Uint8Array | null;
  readonly resolve: () => void;
  readonly reject: (error: BlockError) => void;
}

/** What is known of a disk at present. */
interface DiskRecord {
  /** Its number, which is the driver's. */
  readonly id: number;
  facts: DiskFacts;
  isGone: boolean;
}

/** Asks for `blocks` blocks from `lba` on; `bytes` are what is read into or written. */
type Ask = (
  record: DiskRecord,
  kind: OperationKind,
  lba: number,
  blocks: number,
  bytes: Uint8Array | null,
) => Promise<void>;

/** A disk of a storage controller. */
export class GuestDisk implements BlockDevice {
  readonly #record: DiskRecord;
  readonly #asks: Ask;

  /**
   * The disk of `record`.
   * @internal
   */
  constructor(record: DiskRecord, asks: Ask) {
    this.#record = record;
    this.#asks = asks;
  }

  /** What is known of it at present. */
  get facts(): DiskFacts {
    return this.#record.facts;
  }

  /** Whether it is not there any more. */
  get isGone(): boolean {
    return this.#record.isGone;
  }

  /** See {@linkcode BlockDevice.blockBytes}. */
  get blockBytes(): number {
    return this.facts.blockBytes;
  }

  /** See {@linkcode BlockDevice.blocks}. */
  get blocks(): number {
    return this.facts.blocks;
  }

  /** See {@linkcode BlockDevice.isReadOnly}. */
  get isReadOnly(): boolean {
    return this.facts.isReadOnly;
  }

  /** See {@linkcode BlockDevice.read}. */
  read(lba: number, into: Uint8Array): Promise<void> {
    return this.#ask("read", lba, into.length / this.blockBytes, into);
  }

  /** See {@linkcode BlockDevice.write}: `from` is the driver's to read until the promise has settled. */
  write(lba: number, from: Uint8Array): Promise<void> {
    return this.#ask("write", lba, from.length / this.blockBytes, from);
  }

  /** See {@linkcode BlockDevice.flush}. */
  flush(): Promise<void> {
    return this.#ask("flush", 0, 1, null);
  }

  /** See {@linkcode BlockDevice.discard}: STATUS_NOT_SUPPORTED where the disk can discard nothing. */
  discard(lba: number, blocks: number): Promise<void> {
    return this.#ask("discard", lba, blocks, null);
  }

  #ask(kind: OperationKind, lba: number, blocks: number, bytes: Uint8Array | null): Promise<void> {
    return this.#asks(this.#record, kind, lba, blocks, bytes);
  }
}

/** The sector does not exist. */
const STATUS_NONEXISTENT_SECTOR = 0xc000_0015;

/** The disks of one driver value, and what its program awaits: whichever guest is the present one. */
export class Disks {
  readonly #program: StorageProgram;
  readonly #disks = new Map<number, { readonly record: DiskRecord; readonly disk: GuestDisk }>();
  readonly #awaited = new Map<number, Awaited>();
  #host: DiskHost | null = null;
  #nextRequest = 0;

  /** Those of `program`, none so far. */
  constructor(program: StorageProgram) {
    this.#program = program;
  }

  /** Has `host` asked from now on, by numbers that are at least `nextRequest`. */
  attach(host: DiskHost, nextRequest: number): void {
    this.#host = host;
    this.#nextRequest = Math.max(this.#nextRequest, nextRequest);
  }

  /** A disk is there, or something of it has changed; what one driver says once another is attached is not heard. */
  found(host: DiskHost, id: number, facts: DiskFacts): void {
    if (host !== this.#host) return;
    const known = this.#disks.get(id);
    if (known?.record.facts.lun === facts.lun && known.disk.blockBytes === facts.blockBytes) {
      const isChanged = JSON.stringify(known.record.facts) !== JSON.stringify(facts);
      known.record.facts = facts;
      if (isChanged) this.#program.onChange?.(known.disk);
      return;
    }
    if (known !== undefined) this.gone(host, id); // another one, which a guest that is no more had found
    const record: DiskRecord = { id, facts, isGone: false };
    const disk = new GuestDisk(record, (...asked) => this.#ask(...asked));
    this.#disks.set(id, { record, disk });
    this.#program.onDisk(disk);
  }

  /** A disk is gone. */
  gone(host: DiskHost, id: number): void {
    const known = this.#disks.get(id);
    if (host !== this.#host || known === undefined) return;
    this.#disks.delete(id);
    known.record.isGone = true;
    this.#program.onGone?.(known.disk);
  }

  /** The program's bytes of a request; null where it awaits none of that number. */
  bytesOf(host: DiskHost, id: number): Uint8Array | null {
    return host === this.#host ? this.#awaited.get(id)?.bytes ?? null : null;
  }

  /** A request has ended. */
  ended(host: DiskHost, id: number, failure: SrbFailure | null): void {
    const awaited = this.#awaited.get(id);
    if (host !== this.#host || awaited === undefined) return;
    this.#awaited.delete(id);
    if (failure === null) awaited.resolve();
    else awaited.reject(errorOf(awaited.action, failure));
  }

  /** What the program awaits and `isKnown` does not say to be under way: asked of a guest that is no more. */
  *lost(isKnown: (id: number) => boolean): Generator<OperationRequest> {
    for (const { request } of [...this.#awaited.values()]) {
      if (!isKnown(request.id)) yield request;
    }
  }

  #ask(
    record: DiskRecord,
    kind: OperationKind,
    lba: number,
    blocks: number,
    bytes: Uint8Array | null,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const action = kind === "flush"
        ? kind
        : `${kind} ${blocks} ${blocks === 1 ? "block" : "blocks"} at ${lba}`;
      if (!Number.isSafeInteger(lba) || lba < 0 || !Number.isSafeInteger(blocks) || blocks < 0) {
        throw new RangeError(
          `Cannot ${action}: these are no whole blocks of ${record.facts.blockBytes} bytes`,
        );
      }
      const status = refusalOf(record, kind, lba, blocks);
      if (status !== null) return reject(new BlockError(action, status));
      if (blocks === 0) return resolve();
      const request = { id: this.#nextRequest++, disk: record.id, kind, lba, blocks };
      this.#awaited.set(request.id, { request, action, bytes, resolve, reject });
      this.#host?.begin(request);
    });
  }
}

/** Why a request is not even begun; null where it is. */
function refusalOf(
  { isGone, facts }: DiskRecord,
  kind: OperationKind,
  lba: number,
  blocks: number,
): vmbus.NtStatus | null {
  if (isGone) return vmbus.STATUS_DEVICE_REMOVED;
  if (kind === "discard" && (facts.discardBlocksMax === 0 || facts.discardRangesMax === 0)) {
    return vmbus.STATUS_NOT_SUPPORTED;
  }
  return kind !== "flush" && lba + blocks > facts.blocks ? STATUS_NONEXISTENT_SECTOR : null;
}

function errorOf(action: string, { status, srbStatus, sense }: SrbFailure): BlockError {
  return new BlockError(action, status, srbStatus, sense);
}
