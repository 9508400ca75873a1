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
  readDescription,
  TIME_DIGITS,
} from "./pcapng.ts";
import {
  CAPTURE_HEADER,
  CAPTURE_HEADER_BYTES,
  type CaptureInterface,
  type CaptureRecord,
} from "./record.ts";

/** What could not be read of a capture file. */
export interface CaptureDamage {
  /** Where, in bytes. */
  readonly offset: number;
  /** Why. */
  readonly reason: string;
  /** How many records were read before. */
  readonly recordsBefore: number;
}

/** A capture file that was read. */
export interface ReadCapture {
  /** Where records come from. */
  readonly interfaces: readonly CaptureInterface[];
  /** For each section the place in `interfaces` of its first one: a section is a run of its own. */
  readonly sections: readonly number[];
  /** The records that could be read, in the order of the file. */
  readonly records: readonly CaptureRecord[];
  /**
   * How many packets were passed over: of other link types, cut off inside the header of a record, or, behind damage, of
   * interfaces that nobody can tell apart any more.
   */
  readonly passedOver: number;
  /** The first of `damages`; null: all of it was read. */
  readonly damage: CaptureDamage | null;
  /** What could not be read, in the order of the file; what follows is read from the next block on that is whole. */
  readonly damages: readonly CaptureDamage[];
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
/** Bytes of a section's body before its options. */
const SECTION_BYTES = 16;
/** Types of blocks at which reading continues behind damage. */
const BLOCKS: ReadonlySet<number> = new Set(Object.values(BLOCK));
/** Stands for an interface whose block could not be read. */
const UNREAD: SeenInterface = { name: "", description: "", isOurs: false, perTick: 1 };
/** Places that are told of: a file of nothing but damage is not read to its end. */
const DAMAGES_MAX = 10_000;
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
  readonly sections: number[] = [];
  readonly damages: CaptureDamage[] = [];
  passedOver = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** The place in `interfaces` of the section's first one. */
  #first = 0;
  /** Interfaces of the section from this one on have numbers that nobody knows: some may be lost before them. */
  #unsure = Infinity;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Reads all blocks. */
  readAll(): void {
    const { length } = this.#bytes;
    const isOurs = length < 4 || isCapture(this.#bytes);
    if (!isOurs) return this.#note(new Stop(0, "it is no pcapng file"));
    for (let at = 0; at < length;) {
      if (this.damages.length === DAMAGES_MAX) {
        return this.#note(new Stop(at, "too much is damaged: the rest is left out"));
      }
      const fault = this.#frameFault(at);
      if (fault !== null) {
        this.#note(fault);
        at = this.#behind(at);
        continue;
      }
      const end = at + this.#u32(at + 4);
      this.#block(at, end);
      at = end;
    }
  }

  /** What is wrong with the block at `at` from outside: its lengths, and of a section its byte order; null: nothing. */
  #frameFault(at: number): Stop | null {
    const there = this.#bytes.length - at;
    const cut = new Stop(at, "the file ends inside a block");
    if (there < BLOCK_FRAME_BYTES) return cut;
    if (this.#u32(at) === BLOCK.section) {
      if (there < BLOCK_FRAME_BYTES + SECTION_BYTES) return cut;
      const magic = this.#u32(at + 8);
      if (magic !== BYTE_ORDER_MAGIC) {
        const isBigEndian = this.#view.getUint32(at + 8) === BYTE_ORDER_MAGIC;
        const what = isBigEndian
          ? "it is written in big-endian words, as no capture of ours is"
          : `${magic} says no order of bytes`;
        return new Stop(at + 8, what);
      }
    }
    const byteCount = this.#u32(at + 4);
    if (byteCount < BLOCK_FRAME_BYTES || byteCount % 4 !== 0) {
      return new Stop(at + 4, `no block has ${byteCount} bytes`);
    }
    if (byteCount > there) return cut;
    const end = at + byteCount - 4;
    if (this.#u32(end) === byteCount) return null;
    return new Stop(end, "a block says two lengths of itself");
  }

  /** Where the next block that is whole begins, behind one at `at` that is not; the end of the file where there is none. */
  #behind(at: number): number {
    const { length } = this.#bytes;
    if (length - at < BLOCK_FRAME_BYTES) return length;
    const isWhole = (place: number) =>
      place === length || place < length && BLOCKS.has(this.#type(place)) &&
        this.#frameFault(place) === null;
    // Its first length may be right, and its last one wrong.
    const told = at + this.#u32(at + 4);
    let next = at + 4;
    if (told > at && told % 4 === at % 4 && isWhole(told)) next = told;
    else while (next < length && !isWhole(next)) next += 4;
    next = Math.min(next, length);
    const isOnePacket = this.#u32(at) === BLOCK.packet &&
      (next === told || this.#u32(next - 4) === next - at);
    if (!isOnePacket) this.#unsure = Math.min(this.#unsure, this.interfaces.length - this.#first);
    return next;
  }

  /** The type of the block at `at`; 0 where the file ends before it. */
  #type(at: number): number {
    return this.#bytes.length - at < 4 ? 0 : this.#u32(at);
  }

  /** The block at `at`, which ends at `end`: where it cannot be read, that is noted. */
  #block(at: number, end: number): void {
    const type = this.#u32(at);
    const [body, bodyEnd] = [at + 8, end - 4];
    try {
      if (type === BLOCK.section) this.#section();
      else if (type === BLOCK.interface) this.#interface(body, bodyEnd);
      else if (type === BLOCK.packet) this.#packet(body, bodyEnd);
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
      this.#note(error);
      // Those behind it are counted as they were, and nothing of its own can be read.
      if (type === BLOCK.interface) this.interfaces.push(UNREAD);
    }
  }

  #note({ offset, message }: Stop): void {
    this.damages.push({ offset, reason: message, recordsBefore: this.records.length });
  }

  #section(): void {
    this.#first = this.interfaces.length;
    this.#unsure = Infinity;
    this.sections.push(this.#first);
  }

  #interface(body: number, end: number): void {
    if (end - body < INTERFACE_BYTES) throw new Stop(body, "an interface takes 8 bytes");
    let [name, described, digits] = ["", "", 6];
    for (const [code, value, at] of this.#options(body + INTERFACE_BYTES, end)) {
      if (code === OPTION.name) name = decoder.decode(value);
      else if (code === OPTION.description) described = decoder.decode(value);
      else if (code === OPTION.timeResolution) {
        digits = value[0] ?? digits;
        if ((digits & IS_BINARY) !== 0 || digits > 15) {
          throw new Stop(at, `time in units of another kind: ${digits}`);
        }
      }
    }
    const isOurs = this.#view.getUint16(body, true) === LINK_TYPE;
    const perTick = 10 ** (digits - TIME_DIGITS);
    this.interfaces.push({ name, ...readDescription(described), isOurs, perTick });
  }

  #packet(body: number, end: number): void {
    if (end - body < PACKET_BYTES) throw new Stop(body, "a packet takes 20 bytes");
    const place = this.#first + this.#u32(body);
    const from = this.interfaces[place];
    if (this.#u32(body) >= this.#unsure) {
      this.passedOver++;
      return;
    }
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
 * that is damaged or cut it gives what can be read, and each place where something could not be.
 */
export function readCapture(bytes: Uint8Array): ReadCapture {
  const reader = new Reader(bytes);
  reader.readAll();
  const interfaces = reader.interfaces.map(({ isOurs: _isOurs, perTick: _perTick, ...one }) => one);
  const { sections, records, passedOver, damages } = reader;
  return { interfaces, sections, records, passedOver, damage: damages[0] ?? null, damages };
}
