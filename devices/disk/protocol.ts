/**
 * What the disk's two drivers say to each other: the header that both of them include. This file
 * describes packets, shared_blocks.ts what lies in shared memory.
 *
 * Four things cross:
 * - the *register block*, in MMIO: what the disk can do. The host writes it, the guest reads it;
 * - *requests*, packets from the guest: negotiate, read, write, flush. What is read or written is not
 *   in the packet, it is the packet's external data;
 * - *replies*, the completions of these packets;
 * - the *status block*, in a GPADL: what the disk has done so far. The guest lends the memory, the host
 *   writes it.
 *
 * All numbers are little-endian. Requests and replies have one size each, a multiple of 8 bytes, as
 * rings count in such words: so their lengths are the same in every encoding of packets.
 *
 * @module
 */

import { readU64, viewOf, writeU64 } from "./fields.ts";

/** Interface type of the offer: by it the guest finds the disk. */
export const DISK_INTERFACE_TYPE = "3a4f6f2e-91d3-4d2b-8c55-7e0b6c1d9a40";
/** The version of this header that both drivers speak. */
export const DISK_VERSION = 1;
/** Bytes in a page of guest memory: the external data of a read comes in whole pages. */
export const PAGE_BYTES = 4096;

// -- Requests
//
//   0  u32  operation: 1 negotiate, 2 read, 3 write, 4 flush
//   4  u32  0
//  negotiate:                            read, write:
//   8  u32  version                       8  u64  first block
//  12  u32  GPADL of the status block    16  u32  blocks
//  16  u64  0                            20  u32  0
//
// A read or write has external data, of as many bytes as its blocks at least. A read fills them from
// the start, a write is filled from them; bytes beyond are left alone.

/** Bytes of every request. */
export const REQUEST_BYTES = 24;
const OPERATIONS = ["none", "negotiate", "read", "write", "flush"] as const;

/** The first request after every start: which header the guest speaks, and where the status goes. */
export interface NegotiateRequest {
  /** Always `"negotiate"`. */
  readonly operation: "negotiate";
  /** The guest's version of this header. */
  readonly version: number;
  /** The GPADL that holds the status block. */
  readonly statusGpadl: number;
}

/** Moves blocks between the disk and the external data of the packet. */
export interface TransferRequest {
  /** Which way they go, as the guest sees it. */
  readonly operation: "read" | "write";
  /** The first of them. */
  readonly firstBlock: number;
  /** How many. */
  readonly blockCount: number;
}

/** Ends when all that was written before it is safe. */
export interface FlushRequest {
  /** Always `"flush"`. */
  readonly operation: "flush";
}

/** What a guest may ask for. */
export type DiskRequest = NegotiateRequest | TransferRequest | FlushRequest;

/** The bytes of a request. */
export function encodeRequest(request: DiskRequest): Uint8Array {
  const bytes = new Uint8Array(REQUEST_BYTES);
  const view = viewOf(bytes);
  view.setUint32(0, OPERATIONS.indexOf(request.operation), true);
  if (request.operation === "negotiate") {
    view.setUint32(8, request.version, true);
    view.setUint32(12, request.statusGpadl, true);
  } else if (request.operation !== "flush") {
    writeU64(view, 8, request.firstBlock);
    view.setUint32(16, request.blockCount, true);
  }
  return bytes;
}

/** What `bytes[0, byteCount)` ask for; null where no driver of this protocol would say that. */
export function decodeRequest(bytes: Uint8Array, byteCount: number): DiskRequest | null {
  if (byteCount !== REQUEST_BYTES) return null;
  const view = viewOf(bytes);
  const operation = OPERATIONS[view.getUint32(0, true)];
  switch (operation) {
    case "negotiate":
      return {
        operation,
        version: view.getUint32(8, true),
        statusGpadl: view.getUint32(12, true),
      };
    case "read":
    case "write":
      return { operation, firstBlock: readU64(view, 8), blockCount: view.getUint32(16, true) };
    case "flush":
      return { operation };
    default:
      return null;
  }
}

// -- Replies
//
//   0  u32  answer, see DISK_ANSWERS
//   4  u32  blocks that were moved
//   8  u64  0

/** Bytes of every reply. */
export const REPLY_BYTES = 16;

/** How a request can end; on the wire an answer is its place in this list. */
export const DISK_ANSWERS = [
  /** It was done. */
  "ok",
  /** Blocks that the disk does not have, no blocks, or more than it moves at once. */
  "outOfRange",
  /** A write to a disk that is read only. */
  "readOnly",
  /** The image could not be read or written. */
  "ioError",
  /** Negotiate comes first. */
  "notNegotiated",
  /** The guest speaks another version. */
  "wrongVersion",
  /** The status block's GPADL cannot be mapped for writing, or is too small. */
  "badStatusBlock",
] as const;

/** How a request ended. */
export type DiskAnswer = typeof DISK_ANSWERS[number];

/** What comes back for a request. */
export interface DiskReply {
  /** How it ended. */
  readonly answer: DiskAnswer;
  /** Blocks that were moved. */
  readonly blockCount: number;
}

/** The bytes of a reply. */
export function encodeReply({ answer, blockCount }: DiskReply): Uint8Array {
  const bytes = new Uint8Array(REPLY_BYTES);
  const view = viewOf(bytes);
  view.setUint32(0, DISK_ANSWERS.indexOf(answer), true);
  view.setUint32(4, blockCount, true);
  return bytes;
}

/** The reply in `bytes[0, byteCount)`; null where no host of this protocol would send that. */
export function decodeReply(bytes: Uint8Array, byteCount: number): DiskReply | null {
  if (byteCount !== REPLY_BYTES) return null;
  const view = viewOf(bytes);
  const answer = DISK_ANSWERS[view.getUint32(0, true)];
  return answer === undefined ? null : { answer, blockCount: view.getUint32(4, true) };
}
