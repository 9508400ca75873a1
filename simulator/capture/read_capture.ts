/**
 * Reads capture files: those of this package, also as Wireshark has written them again, such as a part of one.
 *
 * @module
 */

import { Damage } from "../../core/layout/mod.ts";
import {
  BLOCK,
  BLOCK_FRAME_BYTES,
  BYTE_ORDER_MAGIC,
  INTERFACE_BYTES,
  LINK_TYPE,
  OPTION,
  PACKET_BYTES,
  padded,
  TIME_DIGITS,
} from "./pcapng.ts";
import {
  CAPTURE_HEADER,
  CAPTURE_HEADER_BYTES,
  type CaptureInterface,
  type CaptureRecord,
} from "./record.ts";

/** A capture file that was read. */
export interface ReadCapture {
  /** Where records come from. */
  readonly interfaces: readonly CaptureInterface[];
  /** The records before the damage, in the order of the file. */
  readonly records: readonly CaptureRecord[];
  /** How many packets were passed over: of other link types, or cut off inside the header of a record. */
  readonly passedOver: number;
  /** Where, in bytes, the rest could not be read, and why; null: all of it was read. */
  readonly damage: { readonly offset: number; readonly reason: string } | null;
}

/** An interface as its block says, and whether its records are ours. */
interface SeenInterface extends CaptureInterface {
  readonly isOurs: boolean;
  /** What a unit of its time is divided by to be one of 100 ns. */
  readonly perTick: number;
}

/** Why reading stops, and where. */
class Stop extends Error {
  readonly offset: number;

  constructor(offset: number, reason: string) {
    super(reason);
    this.offset = offset;
  }
}

const decoder = new TextDecoder();
const U32_COUNT = 0x1_0000_0000;
/** Bits of a time resolution: it counts powers of 2. */
const IS_BINARY = 0x80;

/** Whether `bytes` begin as a pcapng file does, of whatever byte order. */
export function isCapture(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) ===
      BLOCK.section; // a palindrome
}

/** One file, block by block. */
class Reader {
  readonly interfaces: SeenInterface[] = [];
  readonly records: CaptureRecord[] = [];
  passedOver = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** The place in `interfaces` of the section's first one. */
  #first = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Reads all blocks. */
  readAll(): void {
    let at = 0;
    while (at < this.#bytes.length) at = this.#block(at);
  }

  /** The block at `at`; returns where it ends. */
  #block(at: number): number {
    const there = this.#bytes.length - at;
    if (there < BLOCK_FRAME_BYTES) throw new Stop(at, "the file ends inside a block");
    const type = this.#u32(at);
    if (at === 0 && type !== BLOCK.section) throw new Stop(0, "it is no pcapng file");
    if (type === BLOCK.section) this.#section(at, there);
    const byteCount = this.#u32(at + 4);
    if (byteCount < BLOCK_FRAME_BYTES || byteCount % 4 !== 0) {
      throw new Stop(at + 4, `no block has ${byteCount} bytes`);
    }
    if (byteCount > there) throw new Stop(at, "the file ends inside a block");
    const [body, end] = [at + 8, at + byteCount - 4];
    if (this.#u32(end) !== byteCount) {
      throw new Stop(end, "a block says two lengths of itself");
    }
    if (type === BLOCK.interface) this.#interface(body, end);
    else if (type === BLOCK.packet) this.#packet(body, end);
    return end + 4;
  }

  #section(at: number, there: number): void {
    if (there < BLOCK_FRAME_BYTES + 16) throw new Stop(at, "the file ends inside a block");
    if (this.#u32(at + 8) !== BYTE_ORDER_MAGIC) {
      throw new Stop(at + 8, "it is written in big-endian words, as no capture of ours is");
    }
    this.#first = this.interfaces.length;
  }

  #interface(body: number, end: number): void {
    if (end - body < INTERFACE_BYTES) throw new Stop(body, "an interface takes 8 bytes");
    let [name, description, digits] = ["", "", 6];
    for (const [code, value, at] of this.#options(body + INTERFACE_BYTES, end)) {
      if (code === OPTION.name) name = decoder.decode(value);
      else if (code === OPTION.description) description = decoder.decode(value);
      else if (code === OPTION.timeResolution) {
        digits = value[0] ?? digits;
        if ((digits & IS_BINARY) !== 0 || digits > 15) {
          throw new Stop(at, `time in units of another kind: ${digits}`);
        }
      }
    }
    const isOurs = this.#view.getUint16(body, true) === LINK_TYPE;
    this.interfaces.push({ name, description, isOurs, perTick: 10 ** (digits - TIME_DIGITS) });
  }

  #packet(body: number, end: number): void {
    if (end - body < PACKET_BYTES) throw new Stop(body, "a packet takes 20 bytes");
    const place = this.#first + this.#u32(body);
    const from = this.interfaces[place];
    if (from === undefined) throw new Stop(body, `there is no interface ${this.#u32(body)}`);
    const byteCount = this.#u32(body + 12);
    const data = body + PACKET_BYTES;
    if (byteCount > end - data) throw new Stop(body + 12, "a packet is longer than its block");
    const missingBytes = Math.max(this.#u32(body + 16) - byteCount, 0);
    const bytes = this.#bytes.subarray(data, data + byteCount);
    const isHeadless = missingBytes > 0 &&
      byteCount < Math.max(CAPTURE_HEADER_BYTES, bytes[1] ?? 0);
    if (!from.isOurs || isHeadless) {
      this.passedOver++;
      return;
    }
    const header = CAPTURE_HEADER.decode(bytes);
    if (header instanceof Damage) throw new Stop(data + header.offset, header.reason);
    if (header.headerBytes > byteCount) {
      throw new Stop(data + 1, `a header of ${header.headerBytes} bytes has ${byteCount}`);
    }
    const comments: string[] = [];
    for (const [code, value] of this.#options(data + padded(byteCount), end)) {
      if (code === OPTION.comment) comments.push(decoder.decode(value));
    }
    const units = this.#u32(body + 4) * U32_COUNT + this.#u32(body + 8);
    const at100ns = Math.floor(units / from.perTick);
    if (!Number.isSafeInteger(at100ns)) throw new Stop(body + 4, "no run has so late a time");
    this.records.push({
      interface: place,
      at100ns,
      header,
      bytes: bytes.slice(header.headerBytes),
      ...missingBytes > 0 && { missingBytes },
      comments,
    });
  }

  /** The options from `at` on, each with where it lies. */
  *#options(
    at: number,
    end: number,
  ): Generator<readonly [code: number, value: Uint8Array, at: number]> {
    while (end - at >= 4) {
      const code = this.#view.getUint16(at, true);
      const byteCount = this.#view.getUint16(at + 2, true);
      if (code === OPTION.end) return;
      if (byteCount > end - at - 4) throw new Stop(at, "an option is longer than its block");
      yield [code, this.#bytes.subarray(at + 4, at + 4 + byteCount), at];
      at += 4 + padded(byteCount);
    }
  }

  #u32(at: number): number {
    return this.#view.getUint32(at, true);
  }
}

/**
 * Reads a capture file. Blocks, options and interfaces that are not ours are passed over. It never throws: of a file
 * that is damaged or cut it gives what comes before the damage.
 */
export function readCapture(bytes: Uint8Array): ReadCapture {
  const reader = new Reader(bytes);
  let damage: ReadCapture["damage"] = null;
  try {
    reader.readAll();
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    damage = { offset: error.offset, reason: error.message };
  }
  const interfaces = reader.interfaces.map(({ name, description }) => ({ name, description }));
  const { records, passedOver } = reader;
  return { interfaces, records, passedOver, damage };
}
