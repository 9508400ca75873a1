/**
 * The ring beside memcpy of the same bytes, and beside a ring of npm's.
 *
 * @module
 */

import { CopyRoom } from "../core/blocks.ts";
import { IncomingRing } from "../core/ring/incoming.ts";
import { PACKET_TYPE_IN_BAND } from "../core/ring/layout.ts";
import { OutgoingRing } from "../core/ring/outgoing.ts";
import { RingMemory } from "../core/ring/ring_memory.ts";
import { PAGE_BYTES } from "../core/units.ts";
import { MemcpyPipe } from "./baselines/memcpy_pipe.ts";
import { RingbufPipe } from "./baselines/ringbuf_pipe.ts";
import { compare, type Figure, type Goal, type Row, timingOf } from "./figure.ts";
import { race, type RaceOptions } from "./measure.ts";
import { carrying, type Pipe } from "./pipe.ts";

/** Data bytes of every ring. */
const DATA_BYTES = 16 * PAGE_BYTES;

interface Size {
  readonly work: string;
  readonly payloadBytes: number;
  readonly besideRingbuf: Goal;
  readonly besideMemcpy: Goal;
}

const SIZES: readonly Size[] = [
  {
    work: "64 B",
    payloadBytes: 64,
    besideRingbuf: { kind: "atLeast", bar: 2.5, stretch: 3.3 },
    besideMemcpy: { kind: "atMost", bar: 2, stretch: 1.4 },
  },
  {
    work: "1 KiB",
    payloadBytes: 1024,
    besideRingbuf: { kind: "atLeast", bar: 6, stretch: 10 },
    besideMemcpy: { kind: "atMost", bar: 2, stretch: 1.2 },
  },
  {
    work: "16 KiB",
    payloadBytes: 16_384,
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
    const memory = new RingMemory([memoryOf(isShared, PAGE_BYTES + DATA_BYTES)]);
    memory.initialize();
    this.#outgoing = new OutgoingRing(memory);
    this.#incoming = new IncomingRing(memory);
  }

  /** See {@linkcode Pipe.carry}. */
  carry(payload: Uint8Array): Uint8Array | null {
    const outgoing = this.#outgoing;
    const incoming = this.#incoming;
    if (outgoing.reserve(payload.length) !== "ok") return null;
    outgoing.putPayload(outgoing.bodyStart, payload, 0, payload.length);
    outgoing.finish(PACKET_TYPE_IN_BAND, 0, 0, this.#transactionId++, 0);
    outgoing.commit();
    if (incoming.next() !== "packet") return null;
    const byteCount = incoming.end - incoming.payloadStart;
    const copy = incoming.takePayload(this.#room, incoming.payloadStart, byteCount);
    incoming.advance();
    incoming.commit();
    return copy;
  }
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
  name: "ring",
  title: "Ring: one packet written, shown, read and passed, both ends in one thread",
  measure: async (options) => {
    const rows: Row[] = [];
    // One kind of memory after the other: a program has one kind, and its rings are compiled for that.
    for (const size of SIZES) rows.push(...await measureShared(size, options));
    for (const size of SIZES) rows.push(...await measurePlain(size, options));
    return rows;
  },
};
