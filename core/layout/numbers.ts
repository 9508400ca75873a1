/**
 * Unsigned numbers, little-endian unless said otherwise, and how they are shown: names, flags, base.
 *
 * A number of 64 bits is a number where that is exact, up to 2^53 − 1, and a bigint beyond
 * ({@linkcode u64}); or, where it only says how much or where and is compared with what there is, always a
 * number, which is then 2^53 − 1 for all that is larger ({@linkcode size64}): no memory and no disk reaches that
 * far, so that whoever checks it refuses it.
 *
 * @module
 */

import { isU16, isU32, isU8 } from "../units.ts";
import type { Type } from "./type.ts";

const U32_COUNT = 0x1_0000_0000;
/** High half of the largest number that is exact. */
const HIGH_MAX = 0x1f_ffff;
const U64_MAX = 0xffff_ffff_ffff_ffffn;

/** Names of values, and the numbers that they are on the wire. */
export type Names = Readonly<Record<string, number>>;

/** How a number is shown. */
export interface NumberLook {
  /** Base in which its digits are written. Default 10; 16 for one with flags. */
  readonly radix?: 10 | 16;
  /** What some of its values are called. */
  readonly names?: Names;
  /** What its bits are called, each by its mask. */
  readonly flags?: Names;
}

/** A type whose look can be chosen. */
export interface Looked {
  /** How its values are shown. */
  readonly look: NumberLook;
  /** The same type, shown in another way. */
  looking(look: NumberLook): this;
}

/** A number whose bytes can lie in either order. */
export interface Ordered {
  /** Whether its highest byte comes first. */
  readonly isBigEndian: boolean;
  /** The same type with its highest byte first. */
  highestFirst(): this;
}

function flagsText(value: number | bigint, flags: Names): string {
  // A number has bits of its own up to 2^53 alone, and 32 for the operators of bits.
  let rest = BigInt(value);
  const names: string[] = [];
  for (const [name, mask] of Object.entries(flags)) {
    if ((BigInt(value) & BigInt(mask)) === 0n) continue;
    names.push(name);
    rest &= ~BigInt(mask);
  }
  if (rest !== 0n) names.push(`0x${rest.toString(16)} unknown`);
  return names.join(", ");
}

function numberText(value: number | bigint, { radix, names, flags }: NumberLook): string {
  const isHex = radix === 16 || flags !== undefined;
  const digits = isHex ? `0x${value.toString(16)}` : value.toString();
  const name = flags !== undefined
    ? flagsText(value, flags)
    : names && Object.keys(names).find((name) => names[name] === value);
  return name ? `${digits} (${name})` : digits;
}

/** A number of 8, 16 or 32 bits. */
export class NumberType implements Type<number>, Looked, Ordered {
  /** Whatever its width. */
  readonly isFixed = true;
  /** Records have a value for it. */
  readonly isSilent = false;
  /** Such as `a u32`. */
  readonly form: string;

  /** Its width, as C has it. */
  readonly kind: "u8" | "u16" | "u32";
  /** Its width in bytes. */
  readonly byteCount: 1 | 2 | 4;
  /** See {@linkcode Looked.look}. */
  readonly look: NumberLook;
  /** Whether its highest byte comes first. */
  readonly isBigEndian: boolean;

  /** The number of `kind`, which takes `byteCount` bytes. */
  constructor(
    kind: "u8" | "u16" | "u32",
    byteCount: 1 | 2 | 4,
    look: NumberLook = {},
    isBigEndian = false,
  ) {
    this.form = `a ${kind}`;
    this.kind = kind;
    this.byteCount = byteCount;
    this.look = look;
    this.isBigEndian = isBigEndian;
  }

  /** See {@linkcode Looked.looking}. */
  looking(look: NumberLook): this {
    const both = { ...this.look, ...look };
    return new NumberType(this.kind, this.byteCount, both, this.isBigEndian) as this;
  }

  /** See {@linkcode Ordered.highestFirst}. */
  highestFirst(): this {
    return new NumberType(this.kind, this.byteCount, this.look, true) as this;
  }

  /** See {@linkcode Type.fits}. */
  fits(value: unknown): value is number {
    if (this.byteCount === 4) return isU32(value);
    return this.byteCount === 2 ? isU16(value) : isU8(value);
  }

  /** See {@linkcode Type.sizeOf}. */
  sizeOf(): number {
    return this.byteCount;
  }

  /** See {@linkcode Type.read}: any bytes are a number. */
  read(view: DataView, at: number): number {
    if (this.byteCount === 4) return view.getUint32(at, !this.isBigEndian);
    return this.byteCount === 2 ? view.getUint16(at, !this.isBigEndian) : view.getUint8(at);
  }

  /** See {@linkcode Type.write}. */
  write(view: DataView, at: number, value: number): void {
    if (this.byteCount === 4) view.setUint32(at, value, !this.isBigEndian);
    else if (this.byteCount === 2) view.setUint16(at, value, !this.isBigEndian);
    else view.setUint8(at, value);
  }

  /** See {@linkcode Type.textOf}. */
  textOf(value: number): string {
    return numberText(value, this.look);
  }
}

/** A number of 64 bits. */
export interface WideType<T extends number | bigint> extends Type<T>, Looked, Ordered {
  /** Always `"u64"`. */
  readonly kind: "u64";
  /** Whether what is no exact number reads as `Number.MAX_SAFE_INTEGER`, not as a bigint. */
  readonly isCapped: boolean;
  /** See {@linkcode Type.read}: any bytes are a number. */
  read(view: DataView, at: number): T;
}

class WideNumberType<T extends number | bigint> implements WideType<T> {
  readonly kind = "u64";
  readonly byteCount = 8;
  readonly isFixed = true;
  readonly isSilent = false;
  readonly form: string = "a u64";
  readonly look: NumberLook;
  readonly isCapped: boolean;
  readonly isBigEndian: boolean;

  constructor(isCapped: boolean, look: NumberLook = {}, isBigEndian = false) {
    this.look = look;
    this.isCapped = isCapped;
    this.isBigEndian = isBigEndian;
  }

  looking(look: NumberLook): this {
    const both = { ...this.look, ...look };
    return new WideNumberType<T>(this.isCapped, both, this.isBigEndian) as this;
  }

  highestFirst(): this {
    return new WideNumberType<T>(this.isCapped, this.look, true) as this;
  }

  fits(value: unknown): boolean {
    return typeof value === "bigint"
      ? !this.isCapped && value >= 0n && value <= U64_MAX
      : Number.isSafeInteger(value) && value as number >= 0;
  }

  sizeOf(): number {
    return 8;
  }

  read(view: DataView, at: number): T {
    const low = view.getUint32(this.isBigEndian ? at + 4 : at, !this.isBigEndian);
    const high = view.getUint32(this.isBigEndian ? at : at + 4, !this.isBigEndian);
    if (high <= HIGH_MAX) return high * U32_COUNT + low as T;
    return (this.isCapped ? Number.MAX_SAFE_INTEGER : BigInt(high) << 32n | BigInt(low)) as T;
  }

  write(view: DataView, at: number, value: T): void {
    if (typeof value === "bigint") return view.setBigUint64(at, value, !this.isBigEndian);
    view.setUint32(this.isBigEndian ? at + 4 : at, value, !this.isBigEndian);
    const high = Math.floor(value as number / U32_COUNT);
    view.setUint32(this.isBigEndian ? at : at + 4, high, !this.isBigEndian);
  }

  textOf(value: T): string {
    return numberText(value, this.look);
  }
}

/** One byte. */
export const u8: NumberType = new NumberType("u8", 1);
/** Two bytes. */
export const u16: NumberType = new NumberType("u16", 2);
/** Four bytes. */
export const u32: NumberType = new NumberType("u32", 4);
/** Eight bytes: a number where that is exact, else a bigint. */
export const u64: WideType<number | bigint> = new WideNumberType<number | bigint>(false);
/** Eight bytes that say how much or where: what is no exact number reads as `Number.MAX_SAFE_INTEGER`. */
export const size64: WideType<number> = new WideNumberType<number>(true);

/** `type`, shown in base 16. */
export function hex<X extends Looked>(type: X): X {
  return type.looking({ radix: 16 });
}

/** `type`, some of whose values have names. Others are values as well: see {@linkcode oneOf}. */
export function named<X extends Looked>(type: X, names: Names): X {
  return type.looking({ names });
}

/** `type`, whose bits have names, each by its mask. Bits without a name are kept. */
export function flags<X extends Looked>(type: X, names: Names): X {
  return type.looking({ flags: names });
}

/** `type` with its highest byte first, as SCSI and network protocols have their numbers. */
export function bigEndian<X extends Ordered>(type: X): X {
  return type.highestFirst();
}
