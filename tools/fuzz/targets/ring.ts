/**
 * Target: the reader's end of a ring whose writer may write anything, at any time (wire.md 1.6 to 1.9). An
 * input is the ring as the reader finds it, and what the writer changes while it reads:
 *
 * | offset | size | field |
 * |---|---|---|
 * | 0 | u8 | bits 0, 1: kind of memory; bit 2: two pages of data; bits 3, 4: write and read index as given below |
 * | 1 | u8 | changes, 4 at most |
 * | 2 | u16 | word at which the data stands, and at which the reader begins |
 * | 4 | u32 | write index; else the end of the data |
 * | 8 | u32 | read index; else where the data begins |
 * | 12 | u32 | pending send size |
 * | 16 | u32 | interrupt mask |
 * | 20 | 6 each | changes: u8 after which step, u8 bit 0: of the control page, u16 where, u16 the value |
 * | then | | data, whole words |
 *
 * @module
 */

import fc from "fast-check";
import { assert } from "../../../core/assert.ts";
import { CopyRoom } from "../../../core/blocks.ts";
import { IncomingRing } from "../../../core/ring/incoming.ts";
import { OutgoingRing } from "../../../core/ring/outgoing.ts";
import { RingMemory } from "../../../core/ring/ring_memory.ts";
import type { FuzzNote } from "../../../simulator/fuzzing/mod.ts";
import { joined, u16At, u16Bytes, u32At, u32Bytes } from "../bytes.ts";
import type { NamedSeeds } from "../corpus.ts";
import { type PackageTarget, withCorpus } from "../package_target.ts";

const PAGE = 4096;
const HEAD_BYTES = 20;
const CHANGE_BYTES = 6;
const CHANGES_MAX = 4;
/** Words of the control page that mean something. */
const CONTROL_OFFSETS = [0, 4, 8, 12, 64] as const;
const GUARD_BYTES = 64;
/** A ring of two pages holds fewer packets than that; the reader rests a few times besides. */
const STEPS_MAX = 1000;

/** A ring's pages, with bytes around each piece that nobody may read or write. */
class Pages {
  readonly memory: RingMemory;
  readonly #all: Uint8Array;
  readonly #pieces: readonly Uint8Array[];
  readonly #guards: readonly Uint8Array[];

  constructor(isShared: boolean, isScattered: boolean, dataPages: number) {
    const pieceCount = isScattered ? dataPages + 1 : 1;
    const pieceBytes = isScattered ? PAGE : (dataPages + 1) * PAGE;
    const byteCount = pieceCount * (pieceBytes + GUARD_BYTES) + GUARD_BYTES;
    this.#all = new Uint8Array(
      isShared ? new SharedArrayBuffer(byteCount) : new ArrayBuffer(byteCount),
    );
    const startOf = (piece: number) => GUARD_BYTES + piece * (pieceBytes + GUARD_BYTES);
    // The last page first, so that none is followed by the next one of the ring.
    this.#pieces = Array.from({ length: pieceCount }, (_, piece) => {
      const at = startOf(pieceCount - 1 - piece);
      return this.#all.subarray(at, at + pieceBytes);
    });
    this.#guards = Array.from(
      { length: pieceCount + 1 },
      (_, piece) => this.#all.subarray(startOf(piece) - GUARD_BYTES, startOf(piece)),
    );
    this.memory = new RingMemory(this.#pieces, isShared ? "shared" : "exclusive");
  }

  /** An empty ring, with bytes `around` it. */
  reset(around: number): void {
    for (const piece of this.#pieces) piece.fill(0);
    for (const guard of this.#guards) guard.fill(around);
    this.memory.initialize();
  }

  /** Writes into the data area, wrapping. */
  poke(offset: number, bytes: Uint8Array): void {
    const { dataBytes } = this.memory;
    const pieceBytes = this.#pieces[0]!.length;
    for (let at = 0; at < bytes.length; at++) {
      const place = PAGE + (offset + at) % dataBytes;
      this.#pieces[Math.trunc(place / pieceBytes)]![place % pieceBytes] = bytes[at]!;
    }
  }

  check(around: number): void {
    for (const guard of this.#guards) {
      for (const byte of guard) assert(byte === around, "nobody writes outside of a ring");
    }
  }
}

/** Every kind of memory, with one page and with two. */
const PAGES: readonly Pages[] = Array.from(
  { length: 8 },
  (_, kind) => new Pages((kind & 1) !== 0, (kind & 2) !== 0, (kind & 4) === 0 ? 1 : 2),
);

/** A reader of the ring that an input describes. */
class Reading {
  readonly #input: Uint8Array;
  readonly #note: FuzzNote;
  readonly #pages: Pages;
  readonly #changes: number;
  readonly #room: CopyRoom;
  #ring: IncomingRing;
  /** Bytes of the batch: between two commits no more than the ring holds. */
  #batchBytes = 0;
  packets = 0;

  constructor(input: Uint8Array, around: number, room: CopyRoom, note: FuzzNote) {
    this.#input = input;
    this.#note = note;
    this.#room = room;
    const flags = input[0] ?? 0;
    this.#pages = PAGES[flags & 7]!;
    this.#changes = Math.min(input[1] ?? 0, CHANGES_MAX);
    const { memory } = this.#pages;
    this.#pages.reset(around);
    const start = u16At(input, 2) * 8 % memory.dataBytes;
    const from = HEAD_BYTES + this.#changes * CHANGE_BYTES;
    const data = input.subarray(from, from + (Math.max(0, input.length - from) & ~7));
    this.#pages.poke(start, data);
    const end = (start + data.length) % memory.dataBytes;
    memory.store(0, (flags & 8) !== 0 ? u32At(input, 4) : end);
    memory.store(4, (flags & 16) !== 0 ? u32At(input, 8) : start);
    memory.store(12, u32At(input, 12));
    this.#ring = new IncomingRing(memory);
    memory.store(8, u32At(input, 16));
  }

  /** What the writer does after step `step`. */
  #change(step: number): void {
    const input = this.#input;
    for (let change = 0; change < this.#changes; change++) {
      const at = HEAD_BYTES + change * CHANGE_BYTES;
      if (input[at] !== step) continue;
      const where = u16At(input, at + 2);
      const value = u16At(input, at + 4);
      if (((input[at + 1] ?? 0) & 1) !== 0) {
        this.#pages.memory.store(CONTROL_OFFSETS[where % CONTROL_OFFSETS.length]!, value);
      } else this.#pages.poke(where, u16Bytes(value));
    }
  }

  #take(): void {
    const ring = this.#ring;
    const { type, flags, start, payloadStart, end, rangeCount } = ring;
    assert(type === 6 || type === 7 || type === 9 || type === 11, "a packet has a known type");
    assert(flags <= 1, "a packet's flags are known");
    assert(start <= payloadStart && payloadStart <= end, "a payload follows its header");
    assert((start | payloadStart | end) % 8 === 0, "a packet is whole words");
    assert(type !== 9 || rangeCount > 0, "a GPA direct packet has ranges");
    const isScattered = this.packets % 2 === 0;
    const payload = isScattered
      ? ring.takePayload(this.#room, payloadStart, end - payloadStart)
      : ring.bytes.subarray(payloadStart, end);
    assert(payload.length === end - payloadStart, "a payload has all of its bytes");
    if (ring.bytes.length < end) throw new Error(`a packet ends at ${end}, behind its bytes`);
    this.#note(type << 16 | flags);
    this.#note(rangeCount);
    this.#note(payload.length);
    for (let at = 0; at < payload.length; at += 8) this.#note(payload[at]!);
    this.packets++;
    this.#batchBytes += 16 + end - start + 8;
    assert(this.#batchBytes <= this.#pages.memory.dataBytes, "a batch is no more than the ring");
    ring.advance();
  }

  /** Reads until it is empty twice, or the writer did something wrong. */
  run(): string {
    const ring = this.#ring;
    for (let step = 0, rests = 0; step < STEPS_MAX; step++) {
      const found = ring.next();
      if (found === "packet") {
        this.#change(step);
        this.#take();
        continue;
      }
      if (found !== "empty") return found;
      if (ring.commit()) this.#note(1);
      this.#batchBytes = 0;
      this.#change(step);
      const rest = ring.rearm();
      if (rest !== "more" && rest !== "sleep") return rest;
      if (rest === "sleep" && rests++ > 0) return this.packets > 0 ? "sound" : "empty";
    }
    throw new Error("the reader finds no end");
  }

  end(around: number): void {
    const { fault } = this.#ring;
    if (fault !== null) assert(this.#ring.next() === fault, "a fault stays");
    this.#pages.check(around);
  }
}

/** What `write` puts into a ring that begins at `index`, as an input. */
function inputOf(
  index: number,
  write: (ring: OutgoingRing) => void,
  {
    flags = 0,
    changes = [] as readonly Uint8Array[],
    writeIndex = 0,
    readIndex = 0,
    pendingSendSize = 0,
  } = {},
): Uint8Array {
  const bytes = new Uint8Array(2 * PAGE);
  const memory = new RingMemory([bytes]);
  memory.initialize();
  const ring = new OutgoingRing(memory);
  write(ring);
  ring.commit();
  const data = bytes.subarray(PAGE, PAGE + memory.load(0));
  return joined(
    [flags, changes.length],
    u16Bytes(index / 8),
    u32Bytes(writeIndex, readIndex, pendingSendSize, 0),
    ...changes,
    data,
  );
}

/** Writes a packet with a type's header of `headerBytes`, which begins with a count of ranges where it has one. */
function put(ring: OutgoingRing, type: number, headerBytes: number, payloadBytes: number): void {
  if (ring.reserve(headerBytes + payloadBytes) !== "ok") return;
  const { body, bodyStart } = ring;
  body.fill(0x11, bodyStart, bodyStart + headerBytes + payloadBytes);
  if (headerBytes >= 8) body.set([0, 0, 0, 0, 1, 0, 0, 0], bodyStart);
  ring.finish(type, headerBytes, 1, 5, 0);
}

/** After step `step` the word of the control page, or of the data, at `where` becomes `value`. */
function change(step: number, isControl: boolean, where: number, value: number): Uint8Array {
  return joined([step, isControl ? 1 : 0], u16Bytes(where, value));
}

function makeSeeds(): NamedSeeds {
  const inBand = (ring: OutgoingRing) => put(ring, 6, 0, 20);
  const three = (ring: OutgoingRing) => {
    inBand(ring);
    put(ring, 9, 24, 8);
    put(ring, 11, 0, 0);
  };
  return {
    "one packet": inputOf(0, inBand),
    "three packets": inputOf(64, three),
    "three packets that wrap": inputOf(PAGE - 40, three),
    "three packets on scattered pages": inputOf(PAGE - 8, three, { flags: 2 }),
    "three packets in shared memory of two pages": inputOf(PAGE - 8, three, { flags: 1 | 4 }),
    "shared, scattered": inputOf(PAGE - 16, three, { flags: 3 }),
    "transfer pages": inputOf(8, (ring) => put(ring, 7, 16, 8)),
    "a writer that waits for room": inputOf(0, inBand, { pendingSendSize: 4040 }),
    "an index that is none": inputOf(0, inBand, { flags: 8, writeIndex: 4096 }),
    "a read index that is none": inputOf(0, inBand, { flags: 16, readIndex: 4 }),
    "a packet that changes while it is read": inputOf(0, three, {
      changes: [change(0, false, 50, 0xffff), change(1, true, 0, 8)],
    }),
    "a packet that comes after a rest": inputOf(0, inBand, { changes: [change(1, true, 0, 96)] }),
  };
}

/** Rings with honest packets, beginning anywhere, in any memory, with changes near what is read. */
const drawn = fc.record({
  index: fc.oneof(fc.nat(511), fc.integer({ min: 500, max: 511 })),
  flags: fc.nat(31),
  packets: fc.array(
    fc.record({
      type: fc.constantFrom(6, 7, 9, 11, 6),
      header: fc.nat(4),
      payload: fc.nat(60),
    }),
    { maxLength: 5 },
  ),
  changes: fc.array(
    fc.tuple(fc.nat(6), fc.boolean(), fc.nat(300), fc.nat(0xffff)),
    { maxLength: CHANGES_MAX },
  ),
  writeIndex: fc.nat(1100).map((words) => words * 8),
  readIndex: fc.nat(1100).map((words) => words * 8),
  pendingSendSize: fc.constantFrom(0, 0, 8, 4000, 4096),
}).map(({ index, packets, changes, ...settings }) =>
  inputOf(
    index * 8,
    (ring) => packets.forEach(({ type, header, payload }) => put(ring, type, header * 8, payload)),
    { ...settings, changes: changes.map((each) => change(...each)) },
  )
);

const room = new CopyRoom();

/** The reader of a ring. */
export const ringTarget: PackageTarget = withCorpus(makeSeeds, {
  name: "ring",
  title: "the reader of a ring whose writer writes anything",
  inputBytesMax: 640,
  draw: (seed, count) => fc.sample(drawn, { seed, numRuns: count }),
  run(input, note) {
    // Around the ring stands what stands around the input, so that to read it shows.
    const around = new Uint8Array(input.buffer, input.byteOffset + input.length, 1)[0]!;
    const reading = new Reading(input, around, room, note);
    const outcome = reading.run();
    reading.end(around);
    return outcome;
  },
});
