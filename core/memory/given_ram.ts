/**
 * What a guest memory is made of: RAM of the machine's, or RAM that a program gives, in a buffer of its own.
 *
 * @module
 */

import { describe } from "../describe.ts";
import { isUint, PAGE_BYTES } from "../units.ts";
import { GUEST_PAGES_MAX } from "./memory_checks.ts";
import type { MemoryMisuse } from "./types.ts";

/** What a {@linkcode GuestRam} is made of. */
export interface GuestRamOptions {
  /** Pages of RAM, from 1 to {@linkcode GUEST_PAGES_MAX}. */
  readonly pageCount: number;
  /** Size of the MMIO window in MiB, from 0 to {@linkcode MMIO_MEGABYTES_MAX}. */
  readonly mmioMegabytes: number;
  /** Called with each misuse. When it returns, the misused call changes nothing. */
  readonly onMisuse: (rule: MemoryMisuse, message: string) => void;
  /** RAM that somebody else has, and may touch at any time; null: the machine's, and nobody else is at it. */
  readonly given?: GivenRam | null;
}

/** RAM of somebody else's. */
export interface GivenRam {
  /** Its bytes, whole pages: as many as there are pages of RAM. */
  readonly bytes: Uint8Array;
  /** Guest address of the first byte, the start of a page. */
  readonly baseGpa: number;
  /** Whether somebody else decides what lies where: no page can be allocated then. */
  readonly isInUse: boolean;
}

/** Highest guest address of any byte: the page numbers of more do not fit 40 bits. */
const GPA_MAX = 2 ** 52 - 1;

/** The runtime's own accessors, whatever a program's object has under those names. */
const [bytesOfPlain, bytesOfShared] = [ArrayBuffer, globalThis.SharedArrayBuffer].map((made) =>
  made && Object.getOwnPropertyDescriptor(made.prototype, "byteLength")!.get!
);

/** How long a buffer of either kind is; null where `value` is neither. */
function byteLengthOf(value: unknown): number | null {
  for (const byteLength of [bytesOfPlain, bytesOfShared]) {
    try {
      if (byteLength !== undefined) return byteLength.call(value);
    } catch {
      // It is of the other kind, or of neither.
    }
  }
  return null;
}

/** Whether the length of a buffer may change. */
function isResizable(buffer: ArrayBufferLike): boolean {
  const { resizable, growable } = buffer as { resizable?: boolean; growable?: boolean };
  return resizable === true || growable === true;
}

/**
 * The RAM that a program gives as `memory`, whose first byte has guest address `memoryBase`; `isInUse`, where its
 * guest is somebody else.
 *
 * @throws {TypeError} `memory` is neither an ArrayBuffer nor a SharedArrayBuffer, or its length can change.
 * @throws {RangeError} It is not 1 to {@linkcode GUEST_PAGES_MAX} whole pages, or `memoryBase` is not the address of a page.
 */
export function givenRam(
  action: string,
  memory: unknown,
  memoryBase: unknown,
  isInUse: boolean,
): GivenRam {
  const byteLength = byteLengthOf(memory);
  if (byteLength === null) {
    throw new TypeError(
      `Cannot ${action}: memory must be an ArrayBuffer or a SharedArrayBuffer, not ${
        describe(memory)
      }`,
    );
  }
  const buffer = memory as ArrayBufferLike;
  if (isResizable(buffer)) {
    throw new TypeError(`Cannot ${action}: memory must have a length that never changes`);
  }
  const pageCount = byteLength / PAGE_BYTES;
  if (!isUint(pageCount, GUEST_PAGES_MAX) || pageCount === 0) {
    throw new RangeError(
      `Cannot ${action}: memory must be 1 to ${GUEST_PAGES_MAX} pages of ${PAGE_BYTES} bytes, not ` +
        `${byteLength} bytes`,
    );
  }
  const isBase = isUint(memoryBase, GPA_MAX + 1 - byteLength) && memoryBase % PAGE_BYTES === 0;
  if (!isBase) {
    throw new RangeError(
      `Cannot ${action}: memoryBase must be a multiple of ${PAGE_BYTES} from 0, below 2^52 with all of ` +
        `memory, not ${describe(memoryBase)}`,
    );
  }
  return { bytes: new Uint8Array(buffer), baseGpa: memoryBase, isInUse };
}
