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

import {
  byField,
  Damage,
  type Layout,
  oneOf,
  reserved,
  size64,
  struct,
  u32,
} from "../../core/layout/mod.ts";

/** Interface type of the offer: by it the guest finds the disk. */
export const DISK_INTERFACE_TYPE = "3a4f6f2e-91d3-4d2b-8c55-7e0b6c1d9a40";
/** The version of this header that both drivers speak. */
export const DISK_VERSION = 1;
/** Bytes in a page of guest memory: the external data of a read comes in whole pages. */
export const PAGE_BYTES = 4096;

// -- Requests
//
// A read or write has external data, of as many bytes as its blocks at least. A read fills them from
// the start, a write is filled from them; bytes beyond are left alone.

/** Bytes of every request. */
export const REQUEST_BYTES = 24;

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

const TRANSFER = [REQUEST_BYTES, {
  firstBlock: [8, size64],
  blockCount: [16, u32, "blocks"],
  reserved20: [20, reserved(4)],
}] as const;

/** How a request lies in bytes. What is no exact number of blocks reads as 2^53 - 1, which no disk has. */
export const DISK_REQUEST: Layout<DiskRequest> = byField("disk request", "operation", {
  operation: [0, oneOf(u32, { negotiate: 1, read: 2, write: 3, flush: 4 })],
  reserved: [4, reserved(4)],
}, {
  negotiate: [REQUEST_BYTES, {
    version: [8, u32],
    statusGpadl: [12, u32],
    reserved16: [16, reserved(8)],
  }],
  read: TRANSFER,
  write: TRANSFER,
  flush: [REQUEST_BYTES, { reserved8: [8, reserved(16)] }],
});

/**
 * The bytes of a request.
 *
 * @throws {RangeError} A number of it is not whole, or does not fit its field.
 */
export function encodeRequest(request: DiskRequest): Uint8Array {
  return DISK_REQUEST.encode(request);
}

/** What `bytes[0, byteCount)` ask for; null where no driver of this protocol would say that. */
export function decodeRequest(bytes: Uint8Array, byteCount: number): DiskRequest | null {
  if (byteCount !== REQUEST_BYTES) return null;
  const request = DISK_REQUEST.decode(bytes, byteCount);
  return request instanceof Damage ? null : request;
}

// -- Replies

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

/** How a reply lies in bytes. */
export const DISK_REPLY: Layout<DiskReply> = struct("disk reply", REPLY_BYTES, {
  answer: [0, oneOf(u32, DISK_ANSWERS)],
  blockCount: [4, u32, "blocks"],
  reserved: [8, reserved(8)],
});

/** The bytes of a reply. */
export function encodeReply(reply: DiskReply): Uint8Array {
  return DISK_REPLY.encode(reply);
}

/** The reply in `bytes[0, byteCount)`; null where no host of this protocol would send that. */
export function decodeReply(bytes: Uint8Array, byteCount: number): DiskReply | null {
  if (byteCount !== REPLY_BYTES) return null;
  const reply = DISK_REPLY.decode(bytes, byteCount);
  return reply instanceof Damage ? null : reply;
}
