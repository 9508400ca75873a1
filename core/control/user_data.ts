/**
 * What lies in the 120 bytes of user data: the kind of pipe in an offer, and in an open request the
 * place of the channel's MMIO.
 *
 * @module
 */

import { assert } from "../assert.ts";
import { Damage, guid, hex, oneOf, reserved, size64, struct, u32, u8 } from "../layout/mod.ts";
import { readGuid } from "../guid.ts";
import { isUint } from "../units.ts";
import { USER_DATA_BYTES } from "./messages.ts";

/** Whether a pipe is a stream of bytes or keeps message boundaries (wire.md 4.4). */
export type PipeType = "byte" | "message";

/** User data of a pipe's offer (wire.md 4.4). */
const PIPE_USER_DATA = struct("pipe user data", USER_DATA_BYTES, {
  pipeType: [0, oneOf(u32, { byte: 0, message: 4 })],
  provider: [4, reserved(116)], // the provider's part
});

/** What the offer of a socket says of it (wire.md 4.4). */
export interface SocketOffer {
  /** Whether the host connects to the guest, which accepts; else the guest has asked. */
  readonly isForGuestAccept: boolean;
  /** Whether it is for a container. */
  readonly isForContainer: boolean;
  /** Version of this user data: 0, or 1 from RS5 on. */
  readonly version: number;
  /** The container that it is for, a GUID; all zero for none. */
  readonly siloId: string;
}

/** User data of a socket's offer: that of a byte pipe, with more of the provider's part (wire.md 4.4). */
const SOCKET_USER_DATA = struct("socket user data", USER_DATA_BYTES, {
  pipeType: [0, oneOf(u32, { byte: 0, message: 4 })],
  isForGuestAccept: [4, u8],
  isForContainer: [5, u8],
  version: [6, u32],
  siloId: [10, guid],
  rest: [26, reserved(94)],
});

/** The user data of a socket's offer. */
export function socketUserData(offer: SocketOffer): Uint8Array {
  const { isForGuestAccept, isForContainer, version, siloId } = offer;
  return SOCKET_USER_DATA.encode({
    pipeType: "byte",
    isForGuestAccept: isForGuestAccept ? 1 : 0,
    isForContainer: isForContainer ? 1 : 0,
    version,
    siloId,
  });
}

/** What a socket's offer says of it; a byte that is not 0 counts as true, whatever it is. */
export function readSocketOffer(userData: Uint8Array): SocketOffer {
  const { isForGuestAccept, isForContainer, version, siloId } = SOCKET_USER_DATA.fields;
  const view = viewOf(userData);
  return {
    isForGuestAccept: isForGuestAccept.read(view) !== 0,
    isForContainer: isForContainer.read(view) !== 0,
    version: version.read(view),
    siloId: readGuid(view, siloId.offset),
  };
}

/** User data of a pipe's offer: u32 pipeType, and nothing in the provider's part (wire.md 4.4). */
export function pipeUserData(pipeType: PipeType): Uint8Array {
  return PIPE_USER_DATA.encode({ pipeType });
}

/** The kind of pipe that a pipe's offer names; its sender may have written any number there. */
export function readPipeType(userData: Uint8Array): PipeType | "unknownPipeType" {
  const pipeType = PIPE_USER_DATA.fields.pipeType.read(viewOf(userData));
  return pipeType instanceof Damage ? "unknownPipeType" : pipeType;
}

/** Where a guest has put the MMIO of a channel; both numbers are 0 without MMIO. */
export interface MmioPlacement {
  /** Guest physical address of the first byte. */
  readonly gpa: number;
  /** Bytes from there on. */
  readonly byteCount: number;
}

/** Where MMIO is, at the beginning of the user data of an open request. */
const MMIO_PLACEMENT = struct("MMIO placement", 16, {
  gpa: [0, hex(size64)],
  byteCount: [8, size64, "bytes"],
});

/**
 * Writes into the user data of an open request where the guest has put the channel's MMIO: u64 gpa
 * at 0, u64 byteCount at 8.
 *
 * No public source shows how the host learns this place: to send it here is this project's own
 * decision.
 */
export function writeMmioPlacement(userData: Uint8Array, gpa: number, byteCount: number): void {
  const view = viewOf(userData);
  const isSafe = [gpa, byteCount].every((value) => isUint(value, Number.MAX_SAFE_INTEGER));
  assert(isSafe, "a u64 field holds a safe unsigned number");
  MMIO_PLACEMENT.fields.gpa.write(view, gpa);
  MMIO_PLACEMENT.fields.byteCount.write(view, byteCount);
}

/**
 * Reads what {@linkcode writeMmioPlacement} wrote. A number that is not safe becomes
 * Number.MAX_SAFE_INTEGER, which no guest's address space reaches, so that the range checks of the
 * reader refuse it.
 */
export function readMmioPlacement(userData: Uint8Array): MmioPlacement {
  const view = viewOf(userData);
  const { gpa, byteCount } = MMIO_PLACEMENT.fields;
  return { gpa: gpa.read(view), byteCount: byteCount.read(view) };
}

function viewOf(userData: Uint8Array): DataView {
  assert(userData.length === USER_DATA_BYTES, "user data has 120 bytes");
  return new DataView(userData.buffer, userData.byteOffset, userData.length);
}
