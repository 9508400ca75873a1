/**
 * The ring beside memcpy of the same bytes, and beside a ring of npm's.
 *
 * @module
 */

import { CopyRoom } from "../core/blocks.ts";
import { IncomingRing } from "../core/ring/incoming.ts";
import * as layout from "../core/ring/layout.ts";
import { OutgoingRing } from "../core/ring/outgoing.ts";
import { RingMemory } from "../core/ring/ring_memory.ts";
import { PAGE_BYTES } from "../core/units.ts";
import { MemcpyPipe } from "./baselines/memcpy_pipe.ts";
import { RingbufPipe } from "./baselines/ringbuf_pipe.ts";
import { compare, type Figure, type Goal, type Row, timingOf } from "./figure.ts";
import { type Contender, race, type RaceOptions } from "./measure.ts";
import { carrying, type Pipe } from "./pipe.ts";

/** A name of this module's own, as the ring's modules have them: see ring_memory.ts. */
const { PACKET_TYPE_IN_BAND } = layout;

/** Data bytes of every ring. */
const DATA_BYTES = 16 * PAGE_BYTES;

interface Size {
  readonly work: string;
  readonly payloadBytes: number;
  /** Packets of a batch, so few that they fit into the ring. */
  readonly batch: number;
  readonly besideRingbuf: Goal;
  readonly besideMemcpy: Goal;
}

const SIZES: readonly Size[] = [
  {
    work: "64 B",
    payloadBytes: 64,
    batch: 16,
    besideRingbuf: { kind: "atLeast", bar: 2.5, stretch: 3.3 },
    besideMemcpy: { kind: "atMost", bar: 2, stretch: 1.4 },
  },
  {
    work: "1 KiB",
    payloadBytes: 1024,
    batch: 16,
    besideRingbuf: { kind: "atLeast", bar: 6, stretch: 10 },
    besideMemcpy: { kind: "atMost", bar: 2, stretch: 1.2 },
  },
  {
    work: "16 KiB",
    payloadBytes: 16_384,
    batch: 3,
    besideRingbuf: { kind: "atLeast", bar: 14, stretch: 20 },
    besideMemcpy: { kind: "atMost", bar: 1.25, stretch: 1.1 },
  },
];

/** Memory as two threads would share it, or as guest memory is. */
function memoryOf(isShared: boolean, byteCount: number): Uint8Array {
  return new Uint8Array(isShared ? new SharedArrayBuffer(byteCount) : new ArrayBuffer(byteCount));
}

/** A ring of ours with both ends in one thread: each packet is shown at once, and read in place. */
export class RingPipe implements Pipe {
  readonly #outgoing: OutgoingRing;
  readonly #incoming: IncomingRing;
  readonly #room = new CopyRoom();
  #transactionId = 0;

  /** A ring in shared or in plain memory. */
  constructor(isShared: boolean) {
    const pieces = [memoryOf(isShared, PAGE_BYTES + DATA_BYTES)];
    const memory = new RingMemory(pieces, isShared ? "shared" : "exclusive");
    memory.initialize();
    this.#outgoing = new OutgoingRing(memory);
    this.#incoming = new IncomingRing(memory);
  }

  /** See {@linkcode Pipe.carry}: the packet is shown, read and passed by itself. */
  carry(payload: Uint8Array): Uint8Array | null {
    if (!this.#put(payload)) return null;
    this.#outgoing.commit();
    const copy = this.#take();
    this.#incoming.commit();
    return copy;
  }

  /** Carries `payload` in `count` packets that are shown together, and whose room is given back together. */
  carryBatch(payload: Uint8Array, count: number): Uint8Array | null {
    for (let i = 0; i < count; i++) if (!this.#put(payload)) return null;
    this.#outgoing.commit();
    let copy: Uint8Array | null = null;
    for (let i = 0; i < count; i++) {
      copy = this.#take();
      if (copy === null) return null;
    }
    this.#incoming.commit();
    return copy;
  }

  #put(payload: Uint8Array): boolean {
    const outgoing = this.#outgoing;
    if (outgoing.reserve(payload.length) !== "ok") return false;
    outgoing.putPayload(outgoing.bodyStart, payload, 0, payload.length);
    outgoing.finish(PACKET_TYPE_IN_BAND, 0, 0, this.#transactionId++, 0);
    return true;
  }

  #take(): Uint8Array | null {
    const incoming = this.#incoming;
    if (incoming.next() !== "packet") return null;
    const byteCount = incoming.end - incoming.payloadStart;
    const copy = incoming.takePayload(this.#room, incoming.payloadStart, byteCount);
    incoming.advance();
    return copy;
  }
}

/** Carries payloads of `payloadBytes` in batches of `count`. */
function carryingBatches(ring: RingPipe, payloadBytes: number, count: number): Contender {
  const batches: Pipe = { carry: (payload) => ring.carryBatch(payload, count) };
  const { name, run } = carrying("shared ring", batches, payloadBytes);
  return { name, run: (packets) => run(Math.ceil(packets / count)) };
}

/** Memcpy for the same places as a ring's, and one more of the largest payloads. */
function memcpyPipe(isShared: boolean, out: "set" | "words"): MemcpyPipe {
  return new MemcpyPipe(memoryOf(isShared, 2 * DATA_BYTES), DATA_BYTES, out);
}

/** A ring in memory that two threads may share, which is what `ringbuf.js` is made for. */
async function measureShared(size: Size, options: RaceOptions): Promise<Row[]> {
  const { work, payloadBytes, besideRingbuf, besideMemcpy } = size;
  const timings = await race([
    carrying("shared ring", new RingPipe(true), payloadBytes),
    carrying("ringbuf.js", new RingbufPipe(DATA_BYTES), payloadBytes),
    carrying("shared memcpy", memcpyPipe(true, "set"), payloadBytes),
  ], options);
  const ring = timingOf(timings, "shared ring");
  return [
    compare(work, ring, timingOf(timings, "ringbuf.js"), besideRingbuf),
    compare(work, ring, timingOf(timings, "shared memcpy"), besideMemcpy),
  ];
}

/** The same for packets that are shown, and whose room is given back, several at once, as a busy channel does. */
async function measureBatches(size: Size, options: RaceOptions): Promise<Row[]> {
  const { work, payloadBytes, batch, besideRingbuf } = size;
  const timings = await race([
    carryingBatches(new RingPipe(true), payloadBytes, batch),
    carrying("ringbuf.js", new RingbufPipe(DATA_BYTES), payloadBytes),
  ], options);
  const ring = timingOf(timings, "shared ring");
  return [
    compare(`${work}, ${batch} a batch`, ring, timingOf(timings, "ringbuf.js"), besideRingbuf),
  ];
}

/** A ring in memory of one thread's own, as that of guests is. */
async function measurePlain(size: Size, options: RaceOptions): Promise<Row[]> {
  const { work, payloadBytes, besideMemcpy } = size;
  const timings = await race([
    carrying("plain ring", new RingPipe(false), payloadBytes),
    carrying("plain memcpy", memcpyPipe(false, "set"), payloadBytes),
    carrying("memcpy in words", memcpyPipe(false, "words"), payloadBytes),
  ], options);
  const ring = timingOf(timings, "plain ring");
  return [
    compare(work, ring, timingOf(timings, "plain memcpy"), besideMemcpy),
    compare(work, ring, timingOf(timings, "memcpy in words"), null),
  ];
}

/** The figure. */
export const ringFigure: Figure = {
  measure: async (options) => {
    const rows: Row[] = [];
    // One kind of memory after the other: a program has one kind, and its rings are compiled for that.
    for (const size of SIZES) rows.push(...await measureShared(size, options));
    for (const size of SIZES) rows.push(...await measureBatches(size, options));
    for (const size of SIZES) rows.push(...await measurePlain(size, options));
    return rows;
  },
};
