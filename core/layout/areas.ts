/**
 * Areas of bytes: fixed ones, what is left to the end, reserved bytes, texts, GUIDs.
 *
 * @module
 */

import { isBytes, lengthOf } from "../bytes.ts";
import { parseGuid, readGuid, writeGuid } from "../guid.ts";
import { bytesAt, Damage, type Type } from "./type.ts";

/** Bytes that a text shows of an area. */
const SHOWN_BYTES_MAX = 16;

/** Bytes in base 16, two digits each. */
export function hexOf(bytes: Uint8Array, between = ""): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(between);
}

/** The first bytes of an area as people read them. */
export function bytesText(bytes: Uint8Array): string {
  const { length } = bytes;
  if (length === 0) return "no bytes";
  const count = length === 1 ? "1 byte" : `${length} bytes`;
  if (length > 1 && bytes.every((byte) => byte === 0)) return `${count} of 0`;
  const first = hexOf(bytes.subarray(0, SHOWN_BYTES_MAX), " ");
  return `${count}: ${first}${length > SHOWN_BYTES_MAX ? " …" : ""}`;
}

/** An area of bytes. */
export interface BytesType extends Type<Uint8Array> {
  /** Always `"bytes"`. */
  readonly kind: "bytes";
  /** What its length is a multiple of, where it is not fixed. */
  readonly unitBytes: number;
}

/** `byteCount` bytes. What is read is a copy. */
export function bytes(byteCount: number): BytesType {
  return {
    kind: "bytes",
    unitBytes: 1,
    byteCount,
    isFixed: true,
    isSilent: false,
    form: `${byteCount} bytes`,
    fits: (value) => isBytes(value) && lengthOf(value) === byteCount,
    sizeOf: () => byteCount,
    read: (view, at) => bytesAt(view, at, byteCount).slice(),
    write: (view, at, value) => bytesAt(view, at, byteCount).set(value),
    textOf: bytesText,
  };
}

/** All bytes up to the end, as many as make whole units of `unitBytes`. What is read is a copy. */
export function bytesToEnd(unitBytes = 1): BytesType {
  return {
    kind: "bytes",
    unitBytes,
    byteCount: 0,
    isFixed: false,
    isSilent: false,
    form: unitBytes === 1 ? "bytes" : `whole words of ${unitBytes} bytes`,
    fits: (value) => isBytes(value) && lengthOf(value) % unitBytes === 0,
    sizeOf: (value) => value.length,
    read: (view, at, end) => bytesAt(view, at, end - at - (end - at) % unitBytes).slice(),
    write: (view, at, value) => bytesAt(view, at, value.length).set(value),
    textOf: bytesText,
  };
}

/** `byteCount` bytes that are 0 when they are written, and ignored when they are read. */
export function reserved(byteCount: number): Type<never> {
  return {
    kind: "reserved",
    byteCount,
    isFixed: true,
    isSilent: true,
    form: "nothing",
    fits: (value) => value === undefined,
    sizeOf: () => byteCount,
    read: () => undefined as never,
    write: (view, at) => bytesAt(view, at, byteCount).fill(0),
    textOf: () => `${byteCount} bytes of 0`,
  };
}

/** A lower-case GUID without braces; 16 bytes, mixed-endian as Windows has them. */
export const guid: Type<string> = {
  kind: "guid",
  byteCount: 16,
  isFixed: true,
  isSilent: false,
  form: "a lower-case GUID",
  fits: (value) => typeof value === "string" && value === parseGuid(value),
  sizeOf: () => 16,
  read: (view, at) => readGuid(view, at),
  write: (view, at, value) => writeGuid(view, at, value),
  textOf: (value) => value,
};

/** A text in UTF-8 that ends before the first byte of 0, or fills its `byteCount` bytes; anything else is damage. */
export function text(byteCount: number): Type<string> {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const fits = (value: unknown) =>
    typeof value === "string" && value.isWellFormed() && !value.includes("\0") &&
    encoder.encode(value).length <= byteCount;
  return {
    kind: "text",
    byteCount,
    isFixed: true,
    isSilent: false,
    form: `a text of at most ${byteCount} bytes without U+0000`,
    fits,
    sizeOf: () => byteCount,
    read: (view, at) => {
      const read = bytesAt(view, at, byteCount).slice();
      const end = read.indexOf(0);
      try {
        return decoder.decode(end === -1 ? read : read.subarray(0, end));
      } catch {
        return new Damage("wrongValue", at, "these bytes are no UTF-8");
      }
    },
    write: (view, at, value) => {
      const area = bytesAt(view, at, byteCount);
      area.fill(0);
      area.set(encoder.encode(value));
    },
    textOf: (value) => JSON.stringify(value),
  };
}
