/**
 * The traffic that the host sends beside the file: what one packet of it is, and which bytes it carries.
 * The bytes follow from the packet's number, so that whoever receives one can check it without asking.
 *
 * @module
 */

/** One packet of the traffic. */
export interface BesidePacket {
  /** Its number, from 0. */
  readonly sequence: number;
  /** Bytes of its payload. */
  readonly byteCount: number;
  /** Whether the host wants a completion. */
  readonly wantsCompletion: boolean;
}

/** Byte `offset` of the payload of packet `sequence`. */
function payloadByte(sequence: number, offset: number): number {
  return (sequence * 131 + offset * 7 + (offset >> 8)) & 0xff;
}

/** Fills `payload` with what packet `sequence` carries. */
export function fillPayload(payload: Uint8Array, sequence: number): void {
  for (let offset = 0; offset < payload.length; offset++) {
    payload[offset] = payloadByte(sequence, offset);
  }
}

/** Whether `payload` is the beginning of what packet `sequence` carries. */
export function isPayload(payload: Uint8Array, sequence: number): boolean {
  return payload.every((byte, offset) => byte === payloadByte(sequence, offset));
}
