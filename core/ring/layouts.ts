/**
 * The ring's bytes as layouts (wire.md 1.2, 1.4, 2.1): for whoever shows them, writes wrong ones, or holds the
 * ring's own code against them. Writer and reader of the ring move words by hand, as each of them is on the way
 * of every packet.
 *
 * @module
 */

import { flags, type Layout, named, reserved, struct, u16, u32, u64 } from "../layout/mod.ts";
import { PAGE_BYTES } from "../units.ts";
import {
  DESCRIPTOR_BYTES,
  DESCRIPTOR_FLAG_COMPLETION_REQUESTED,
  FEATURE_PENDING_SEND_SIZE,
  PACKET_TYPE_COMPLETION,
  PACKET_TYPE_GPA_DIRECT,
  PACKET_TYPE_IN_BAND,
  PACKET_TYPE_TRANSFER_PAGES,
  TRAILER_BYTES,
} from "./layout.ts";

/** What a ring's control page says (wire.md 1.2). */
export interface ControlPage {
  /** u32, the writer's: where in the data area the next packet will start. */
  readonly writeIndex: number;
  /** u32, the reader's: where in the data area the oldest unread packet starts. */
  readonly readIndex: number;
  /** u32, the reader's: not 0 = do not signal that the ring is no longer empty. */
  readonly interruptMask: number;
  /** u32, the writer's: free bytes that it waits for; 0 = it is not blocked. */
  readonly pendingSendSize: number;
  /** u32, the writer's: bit 0 = it uses pendingSendSize. */
  readonly featureBits: number;
  /** u64: signals of the guest, for statistics alone. */
  readonly guestToHostInterruptCount: number | bigint;
}

/** The control page of a ring. */
export const CONTROL_PAGE: Layout<ControlPage> = struct("control page", PAGE_BYTES, {
  writeIndex: [0, u32, "bytes"],
  readIndex: [4, u32, "bytes"],
  interruptMask: [8, u32],
  pendingSendSize: [12, u32, "bytes"],
  reserved16: [16, reserved(48)],
  featureBits: [64, flags(u32, { pendingSendSize: FEATURE_PENDING_SEND_SIZE })],
  reserved68: [68, reserved(4020)],
  guestToHostInterruptCount: [4088, u64],
});

/** Types of packets by their names (wire.md 2.2). */
const PACKET_TYPES = {
  invalid: 0,
  synch: 1,
  addTransferPageSet: 2,
  removeTransferPageSet: 3,
  establishGpadl: 4,
  tearDownGpadl: 5,
  inBand: PACKET_TYPE_IN_BAND,
  transferPages: PACKET_TYPE_TRANSFER_PAGES,
  gpadlData: 8,
  gpaDirect: PACKET_TYPE_GPA_DIRECT,
  cancelRequest: 10,
  completion: PACKET_TYPE_COMPLETION,
  additionalPacket: 12,
  additionalData: 13,
};

/** What a packet begins with (wire.md 2.1). */
export interface Descriptor {
  /** u16: what kind of packet it is. */
  readonly type: number;
  /** u16: where the payload begins, in words of 8 bytes from the descriptor on. */
  readonly dataOffset8: number;
  /** u16: descriptor, headers and padded payload, in words of 8 bytes. */
  readonly length8: number;
  /** u16: bit 0 = a completion is asked for. */
  readonly flags: number;
  /** u64: the requester's number of the transaction. */
  readonly transactionId: number | bigint;
}

/** The descriptor of a packet. */
export const DESCRIPTOR: Layout<Descriptor> = struct("descriptor", DESCRIPTOR_BYTES, {
  type: [0, named(u16, PACKET_TYPES)],
  dataOffset8: [2, u16, "words of 8 bytes"],
  length8: [4, u16, "words of 8 bytes"],
  flags: [6, flags(u16, { completionRequested: DESCRIPTOR_FLAG_COMPLETION_REQUESTED })],
  transactionId: [8, u64],
});

/** What follows a packet (wire.md 1.4). */
export interface Trailer {
  /** u32: where in the data area the packet's descriptor starts. No reader relies on it. */
  readonly descriptorOffset: number;
}

/** The trailer of a packet. */
export const TRAILER: Layout<Trailer> = struct("trailer", TRAILER_BYTES, {
  reserved: [0, reserved(4)],
  descriptorOffset: [4, u32, "bytes"],
});
