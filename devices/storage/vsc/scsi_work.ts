/**
 * The SCSI commands that the guest sends, and what it reads out of the data that comes back. A host may answer
 * anything: each reader says null where that is not what it must be.
 *
 * @module
 */

import { areBlocks, type DiskFacts, UNMAP_RANGES_MAX } from "./disk_facts.ts";
import { capacityIn, encodeUnmap, unmapBytesOf } from "../scsi/capacity.ts";
import { blockLimitsIn } from "../scsi/inquiry.ts";
import { type Cdb, cdbBytesOf, encodeCdb, SERVICE_ACTIONS } from "../scsi/commands.ts";

/** A command as an SRB carries it, as plain data. */
export interface ScsiWork {
  /** Its CDB. */
  readonly cdb: Uint8Array;
  /** Bytes of the CDB that count. */
  readonly cdbBytes: number;
  /** Which way its data goes. */
  readonly direction: "read" | "write" | "none";
  /** Bytes of its data. */
  readonly byteCount: number;
}

function work(direction: ScsiWork["direction"], byteCount: number, cdb: Cdb): ScsiWork {
  return { cdb: encodeCdb(cdb), cdbBytes: cdbBytesOf(cdb.operation), direction, byteCount };
}

// -- Blocks

const U32_MAX = 0xffff_ffff;
const U16_MAX = 0xffff;

/** Reads or writes `blocks` blocks from `lba` on: in the shorter form where the numbers fit it. */
export function transferWork(
  direction: "read" | "write",
  lba: number,
  blocks: number,
  byteCount: number,
): ScsiWork {
  const isShort = lba + blocks - 1 <= U32_MAX && blocks <= U16_MAX;
  const operation = isShort ? `${direction}10` as const : `${direction}16` as const;
  return work(direction, byteCount, { operation, blockFlags: 0, lba, blocks });
}

/** Has all that was written made safe. */
export const FLUSH_WORK: ScsiWork = work("none", 0, {
  operation: "synchronizeCache10",
  blockFlags: 0,
  lba: 0,
  blocks: 0,
});

/** Says that blocks are not needed any more; which, its data says. */
export function unmapWork(count: number): ScsiWork {
  const parameterBytes = unmapBytesOf(count);
  return work("write", parameterBytes, { operation: "unmap", parameterBytes });
}

/** The parameters of an UNMAP of `blocks` blocks from `lba` on, no more than `blocksMax` in a range. */
export function unmapParameters(lba: number, blocks: number, blocksMax: number): Uint8Array {
  const count = Math.ceil(blocks / blocksMax);
  return encodeUnmap(Array.from({ length: count }, (_, range) => ({
    lba: lba + range * blocksMax,
    blocks: Math.min(blocksMax, blocks - range * blocksMax),
  })));
}

// -- LUNs

/** Bytes that the guest has room for in an answer of this kind. */
const REPORT_BYTES = 4096;
const INQUIRY_BYTES = 104;
const PAGE_BYTES = 252;
const CAPACITY_BYTES = 32;
const MODE_BYTES = 192;

/** Asks whether a disk is there, and ready. */
export const TEST_WORK: ScsiWork = work("none", 0, { operation: "testUnitReady" });

/** Asks which LUNs there are. */
export const REPORT_WORK: ScsiWork = work("read", REPORT_BYTES, {
  operation: "reportLuns",
  selectReport: 0,
  allocationBytes: REPORT_BYTES,
});

// -- A disk

/** What a disk is asked, in this order, before it is one. */
export interface LookStep {
  /** The command. */
  readonly work: ScsiWork;
  /** Whether there is no disk where this has failed. */
  readonly isNeeded: boolean;
  /** What its answer adds to what is known; null where there is no disk. */
  readonly read: (facts: DiskFacts, data: Uint8Array) => DiskFacts | null;
}

function inquire(page: number | null): ScsiWork {
  const allocationBytes = page === null ? INQUIRY_BYTES : PAGE_BYTES;
  return work("read", allocationBytes, {
    operation: "inquiry",
    isVital: page !== null,
    isCommandSupport: false,
    page: page ?? 0,
    allocationBytes,
  });
}

/** Device type: a disk; with its qualifier, that it is connected. */
const CONNECTED_DISK = 0x00;

function readInquiry(facts: DiskFacts, data: Uint8Array): DiskFacts | null {
  if (data.length < 5 || data[0] !== CONNECTED_DISK) return null;
  const text = (at: number, end: number) => asciiOf(data.subarray(at, end)).trimEnd();
  return { ...facts, vendor: text(8, 16), product: text(16, 32), revision: text(32, 36) };
}

/** Text of a device: what is not printable in it is shown as a dot. */
function asciiOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes.map((byte) => byte >= 0x20 && byte <= 0x7e ? byte : 0x2e));
}

/** Reads READ CAPACITY(16); null: it is cut off, or no disk has such blocks. */
function readCapacity(facts: DiskFacts, data: Uint8Array): DiskFacts | null {
  const capacity = capacityIn(data);
  if (capacity === null) return null;
  const { lastLba, blockBytes } = capacity;
  const blocks = lastLba + 1;
  return areBlocks(blocks, blockBytes) ? { ...facts, blocks, blockBytes } : null;
}

const MODE_HEADER_BYTES = 4;
const CACHING_PAGE = 0x08;

/** Reads MODE SENSE(6): whether writes are refused, and whether what is written must be flushed. */
function readMode(facts: DiskFacts, data: Uint8Array): DiskFacts {
  const [, , parameter, descriptorBytes] = data;
  if (parameter === undefined || descriptorBytes === undefined) return facts;
  const page = data.subarray(MODE_HEADER_BYTES + descriptorBytes);
  const isCaching = page.length >= 3 && (page[0]! & 0x3f) === CACHING_PAGE;
  return {
    ...facts,
    isReadOnly: (parameter & 0x80) !== 0,
    hasWriteCache: isCaching ? (page[2]! & 0x04) !== 0 : facts.hasWriteCache,
  };
}

/** The payload of a vital product data page; null where `data` is not this one. */
function payloadOf(page: number, data: Uint8Array): Uint8Array | null {
  if (data.length < 4 || data[1] !== page) return null;
  return data.subarray(4, 4 + (data[2]! << 8 | data[3]!));
}

const IDENTIFIER_PAGE = 0x83;
const LIMITS_PAGE = 0xb0;
const PROVISIONING_PAGE = 0xb2;
const NAA = 3;

/** Reads which disk it is: its NAA name, or whatever other it has. */
function readIdentifier(facts: DiskFacts, data: Uint8Array): DiskFacts {
  const payload = payloadOf(IDENTIFIER_PAGE, data) ?? new Uint8Array(0);
  let identifier = "";
  for (let at = 0; at + 4 <= payload.length; at += 4 + payload[at + 3]!) {
    const name = payload.subarray(at + 4, at + 4 + payload[at + 3]!);
    const isNaa = (payload[at + 1]! & 0x0f) === NAA;
    if (isNaa || identifier === "") identifier = hexOf(name);
    if (isNaa) break;
  }
  return { ...facts, identifier };
}

function hexOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Reads how much may be discarded at once. */
function readLimits(facts: DiskFacts, data: Uint8Array): DiskFacts {
  const payload = payloadOf(LIMITS_PAGE, data);
  const limits = payload && blockLimitsIn(payload);
  if (limits === null) return facts;
  const { unmapBlocksMax, unmapDescriptorsMax } = limits;
  return {
    ...facts,
    discardBlocksMax: unmapBlocksMax,
    discardRangesMax: Math.min(unmapDescriptorsMax, UNMAP_RANGES_MAX),
  };
}

/** Reads whether anything may be discarded by UNMAP. */
function readProvisioning(facts: DiskFacts, data: Uint8Array): DiskFacts {
  const payload = payloadOf(PROVISIONING_PAGE, data);
  const isThere = payload !== null && payload.length >= 2 && (payload[1]! & 0x80) !== 0;
  return isThere ? facts : { ...facts, discardBlocksMax: 0, discardRangesMax: 0 };
}

const CAPACITY_STEP: LookStep = {
  work: work("read", CAPACITY_BYTES, {
    operation: "serviceActionIn16",
    serviceAction: SERVICE_ACTIONS.readCapacity16,
    lba: 0,
    allocationBytes: CAPACITY_BYTES,
  }),
  isNeeded: true,
  read: readCapacity,
};

const MODE_STEP: LookStep = {
  work: work("read", MODE_BYTES, {
    operation: "modeSense6",
    modeFlags: 0,
    page: CACHING_PAGE,
    subpage: 0,
    allocationBytes: MODE_BYTES,
  }),
  isNeeded: false,
  read: readMode,
};

/** What a LUN is asked that was not known. */
export const LOOK_STEPS: readonly LookStep[] = [
  { work: inquire(null), isNeeded: true, read: readInquiry },
  { work: TEST_WORK, isNeeded: true, read: (facts) => facts },
  CAPACITY_STEP,
  MODE_STEP,
  { work: inquire(IDENTIFIER_PAGE), isNeeded: false, read: readIdentifier },
  { work: inquire(LIMITS_PAGE), isNeeded: false, read: readLimits },
  { work: inquire(PROVISIONING_PAGE), isNeeded: false, read: readProvisioning },
];

/** What a disk is asked that is known: what of it may change. */
export const REFRESH_STEPS: readonly LookStep[] = [CAPACITY_STEP, MODE_STEP];
