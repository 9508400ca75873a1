/**
 * MDLs: which pages of guest memory hold a piece of data (kmcl.md section 1).
 *
 * An MDL is a view of shared bytes, never a copy. Programs make MDLs and chain them by hand, so a
 * chain is measured before it is used: anything may stand in `next`.
 *
 * @module
 */

import { assert } from "../assert.ts";
import { PAGE_BYTES } from "../units.ts";
import { type GpaRange, partOfRange, pfnsOf } from "./gpa_ranges.ts";
import { GuestRam } from "./guest_memory.ts";
import { isHidden } from "./isolation.ts";
import { hex } from "./memory_checks.ts";
import type { GuestMemory } from "./types.ts";

/** MDLs that a chain may have. A longer one is taken for one that comes back to itself. */
export const CHAIN_MDLS_MAX = 65_536;

/** What the MDLs of one mapping share, so that one write ends them all. */
interface Mapping {
  revoked: boolean;
}

interface Content extends GpaRange {
  readonly memory: GuestRam;
  /** Null for an MDL of the program's own, which nothing revokes. */
  readonly mapping: Mapping | null;
}

// Set once by the class below: the package's only ways to make an MDL and to look into one.
let makeMdl: (content: Content) => Mdl;
let contentOf: (value: unknown) => Content | null;
let nextOf: (mdl: Mdl) => Mdl | null;

/** A memory descriptor list: a piece of guest memory, by the pages that it lies on. @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/wdm/ns-wdm-_mdl | MDL} */
export class Mdl {
  readonly #content: Content;
  /** Whatever a program set. Chains are followed by this: no code of a program's runs on the way. */
  #next: Mdl | null = null;

  private constructor(content: Content) {
    this.#content = content;
  }

  /** The MDL that continues where this one ends, or null. Set it to chain MDLs. */
  get next(): Mdl | null {
    return this.#next;
  }
  set next(mdl: Mdl | null) {
    this.#next = mdl;
  }

  /** Offset of the first byte in the first page, in bytes. */
  get byteOffset(): number {
    return this.#content.byteOffset;
  }

  /** Bytes that this MDL describes, the rest of the chain not counted. */
  get byteCount(): number {
    return this.#content.byteCount;
  }

  /** Page frame numbers of the pages that hold the bytes, in order. */
  get pfns(): readonly number[] {
    // Frozen no sooner than a program asks: most MDLs are never asked.
    return Object.freeze(this.#content.pfns);
  }

  static {
    makeMdl = (content) => new Mdl(content);
    contentOf = (value) =>
      typeof value === "object" && value !== null && #content in value ? value.#content : null;
    nextOf = (mdl) => mdl.#next;
  }
}

/**
 * Makes an MDL for `byteCount` bytes of RAM at guest address `gpa`. It pins nothing, and there is
 * nothing to free.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/wdm/nf-wdm-ioallocatemdl | IoAllocateMdl}
 * @throws {TypeError} `memory` is not the memory of a partition.
 * @throws {RangeError} `byteCount` is 0, or the bytes are not all inside RAM.
 */
export function IoAllocateMdl(memory: GuestMemory, gpa: number, byteCount: number): Mdl {
  if (!GuestRam.isGuestRam(memory)) {
    throw new TypeError("Cannot make an MDL: the memory is not that of a partition");
  }
  memory.requireRam("describe", gpa, byteCount);
  if (byteCount === 0) {
    throw new RangeError(
      `Cannot describe 0 bytes at ${hex(gpa)}: an MDL has at least one`,
    );
  }
  const pfns = pfnsOf(gpa, byteCount);
  return makeMdl({ byteOffset: gpa % PAGE_BYTES, byteCount, pfns, memory, mapping: null });
}

/**
 * Views of the bytes that an MDL and the MDLs chained to it describe, in order. The bytes are shared:
 * both sides of a channel see what is written. Each MDL has views of its own; pages that follow each
 * other in memory share one. `null` gives no views.
 *
 * An MDL that KMCL made and took back gives no views either, and using it is a violation: `use of an MDL
 * after PacketComplete or Unmap`.
 *
 * @see {@link https://learn.microsoft.com/en-us/windows-hardware/drivers/ddi/wdm/nf-wdm-mmgetsystemaddressformdlsafe | MmGetSystemAddressForMdlSafe}
 * @throws {TypeError} `mdl` or something chained to it is not an MDL.
 * @throws {RangeError} The chain has more than {@linkcode CHAIN_MDLS_MAX} MDLs or no end.
 */
export function mdlSegments(mdl: Mdl | null): Uint8Array[] {
  const views: Uint8Array[] = [];
  let count = 0;
  for (let at = mdl; at !== null; at = nextOf(at)) {
    const content = contentOf(at);
    if (content === null) {
      throw new TypeError(`Cannot view an MDL chain: its part ${count} is no MDL`);
    }
    if (content.mapping?.revoked) {
      const message = `Cannot view an MDL chain: KMCL took back its part ${count}`;
      content.memory.onMisuse("use of an MDL after PacketComplete or Unmap", message);
      return [];
    }
    if (++count > CHAIN_MDLS_MAX) {
      throw new RangeError(
        `Cannot view an MDL chain: it has more than ${CHAIN_MDLS_MAX} parts or no end`,
      );
    }
    if (areHidden(content)) return [];
    content.memory.appendPieces(content, views);
  }
  return views;
}

/** Whether a driver of the host looks at memory that its guest keeps to itself (kmcl.md X17). */
function areHidden({ memory, pfns }: Content): boolean {
  return memory.isolation !== null &&
    pfns.some((pfn) => isHidden(memory, "view", pfn * PAGE_BYTES, PAGE_BYTES));
}

/**
 * What the MDLs of the chain that begins with `value` describe; null where it is not an MDL. Runs no code
 * of the program.
 */
export function mdlParts(value: unknown): GpaRange[] | null {
  const parts: GpaRange[] = [];
  for (let at: unknown = value; parts.length <= CHAIN_MDLS_MAX; at = nextOf(at as Mdl)) {
    const content = contentOf(at); // a program may chain anything
    if (content === null) break;
    parts.push(content);
  }
  return parts.length === 0 ? null : parts;
}

/** Whether `value` is an MDL that was not revoked. */
export function isLiveMdl(value: unknown): value is Mdl {
  const content = contentOf(value);
  return content !== null && !content.mapping?.revoked;
}

/** How much a chain of MDLs describes. */
export interface ChainSize {
  /** Bytes of all its MDLs. */
  readonly byteCount: number;
  /** MDLs in it. */
  readonly mdlCount: number;
}

/**
 * Measures the chain that begins with `first`. Null where a part of it is not a live MDL or not of
 * `memory`, and where the chain has more than {@linkcode CHAIN_MDLS_MAX} MDLs or does not end.
 */
export function measureChain(first: Mdl, memory: GuestRam): ChainSize | null {
  let byteCount = 0;
  let mdlCount = 0;
  for (let at: Mdl | null = first; at !== null; at = nextOf(at)) {
    const content = contentOf(at);
    if (content === null || content.memory !== memory || content.mapping?.revoked) return null;
    if (++mdlCount > CHAIN_MDLS_MAX) return null;
    byteCount += content.byteCount;
  }
  return { byteCount, mdlCount };
}

/**
 * The part of a measured chain that begins `offset` bytes into it and has `length` bytes, as ranges:
 * one for each MDL that it touches.
 */
export function rangesOfChain(first: Mdl, offset: number, length: number): GpaRange[] {
  assert(length > 0, "a part of an MDL chain has at least one byte");
  const ranges: GpaRange[] = [];
  let skip = offset;
  let left = length;
  for (let at: Mdl | null = first; left > 0; at = nextOf(at)) {
    assert(at !== null, "a part of an MDL chain lies inside it");
    const content = known(at);
    if (skip >= content.byteCount) {
      skip -= content.byteCount;
      continue;
    }
    const taken = Math.min(left, content.byteCount - skip);
    ranges.push(partOfRange(content, skip, taken));
    skip = 0;
    left -= taken;
  }
  return ranges;
}

/**
 * As {@linkcode rangesOfChain} for FORCE_MDL_LENGTH: only the first MDL counts, and the part may
 * reach beyond its byte count, up to {@linkcode mdlRoomBytes} (kmcl.md section 5).
 */
export function rangesOfFirst(mdl: Mdl, offset: number, length: number): GpaRange[] {
  assert(length > 0, "a part of an MDL has at least one byte");
  assert(offset + length <= mdlRoomBytes(mdl), "a part of an MDL ends with its last page");
  return [partOfRange(known(mdl), offset, length)];
}

/** Bytes from the first byte of `mdl` to the end of its last page. */
export function mdlRoomBytes(mdl: Mdl): number {
  const content = known(mdl);
  return content.pfns.length * PAGE_BYTES - content.byteOffset;
}

/**
 * A chain of MDLs, one for each of `ranges`, which a peer described and whose PFNs were checked.
 * It lives until {@linkcode mdlRevoke}.
 */
export function mdlOfRanges(memory: GuestRam, ranges: readonly GpaRange[]): Mdl {
  const mapping: Mapping = { revoked: false };
  let next: Mdl | null = null;
  for (let at = ranges.length - 1; at >= 0; at--) {
    const { byteOffset, byteCount, pfns } = ranges[at]!;
    const mdl: Mdl = makeMdl({ byteOffset, byteCount, pfns, memory, mapping });
    mdl.next = next;
    next = mdl;
  }
  assert(next !== null, "an MDL chain is made of at least one range");
  return next;
}

/**
 * Takes back the whole chain that {@linkcode mdlOfRanges} made, given its first MDL, whatever the
 * program chained to it since.
 */
export function mdlRevoke(mdl: Mdl): void {
  const { mapping } = known(mdl);
  assert(mapping !== null, "a revoked MDL is one that the package mapped");
  mapping.revoked = true;
}

function known(mdl: Mdl): Content {
  const content = contentOf(mdl);
  assert(content !== null, "an MDL chain was checked before it is used");
  return content;
}
