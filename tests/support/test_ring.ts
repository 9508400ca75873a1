/**
 * Rings for tests, in every kind of memory that a ring may lie in, between guard bytes.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { CopyRoom } from "../../core/blocks.ts";
import { IncomingRing } from "../../core/ring/incoming.ts";
import { OutgoingRing } from "../../core/ring/outgoing.ts";
import { RingMemory } from "../../core/ring/ring_memory.ts";
import { PAGE_BYTES } from "../../core/units.ts";

/** What a ring's pages lie in. Nothing that a ring does may depend on it. */
export const MEMORY_KINDS = ["plain", "shared", "scattered", "sharedScattered"] as const;
/** One of {@linkcode MEMORY_KINDS}. */
export type MemoryKind = typeof MEMORY_KINDS[number];

const GUARD_BYTES = 64;
const GUARD_VALUE = 0xa5;

/** A ring's pages with guard bytes around each piece. */
export class TestPages {
  /** Views of the pages in ring order, the control page first. */
  readonly pieces: readonly Uint8Array[];
  readonly #all: Uint8Array;

  constructor(kind: MemoryKind, dataPages: number) {
    const isScattered = kind === "scattered" || kind === "sharedScattered";
    const isShared = kind === "shared" || kind === "sharedScattered";
    const pieceCount = isScattered ? dataPages + 1 : 1;
    const pieceBytes = isScattered ? PAGE_BYTES : (dataPages + 1) * PAGE_BYTES;
    const strideBytes = pieceBytes + GUARD_BYTES;
    const totalBytes = pieceCount * strideBytes + GUARD_BYTES;
    this.#all = new Uint8Array(
      isShared ? new SharedArrayBuffer(totalBytes) : new ArrayBuffer(totalBytes),
    );
    this.#all.fill(GUARD_VALUE);
    // Last page first, so that no page is followed by the next one of the ring.
    this.pieces = Array.from({ length: pieceCount }, (_, index) => {
      const at = GUARD_BYTES + (pieceCount - 1 - index) * strideBytes;
      return this.#all.subarray(at, at + pieceBytes).fill(0);
    });
  }

  /** A copy of control page and data area in ring order. */
  copy(): Uint8Array {
    const copy = new Uint8Array(this.pieces.reduce((sum, piece) => sum + piece.length, 0));
    let at = 0;
    for (const piece of this.pieces) {
      copy.set(piece, at);
      at += piece.length;
    }
    return copy;
  }

  /** Writes raw bytes into the data area. */
  poke(offset: number, bytes: Iterable<number>): void {
    let at = PAGE_BYTES + offset;
    for (const byte of bytes) {
      const piece = Math.floor(at / this.pieces[0]!.length);
      this.pieces[piece]![at % this.pieces[0]!.length] = byte;
      at++;
    }
  }

  /** Whether nobody wrote outside of the pages. */
  guardsHold(): boolean {
    const guards = this.#all.slice();
    for (const piece of this.pieces) {
      const at = piece.byteOffset - this.#all.byteOffset;
      guards.fill(GUARD_VALUE, at, at + piece.length);
    }
    return guards.every((byte) => byte === GUARD_VALUE);
  }
}

/** A packet, as tests write and read it. */
export interface TestPacket {
  readonly type: number;
  readonly flags: number;
  readonly transactionId: readonly [low: number, high: number];
  /** Type header. */
  readonly header: readonly number[];
  readonly payload: readonly number[];
}

/** An in-band packet with `payload` that asks for nothing. */
export function inBand(payload: readonly number[], id = 0): TestPacket {
  return { type: 6, flags: 0, transactionId: [id, 0], header: [], payload };
}

/** `count` bytes that differ from their neighbours. */
export function counting(count: number, first = 1): number[] {
  return Array.from({ length: count }, (_, index) => (first + 7 * index) & 0xff);
}

/** Writes one packet without committing it. */
export function writePacket(
  ring: OutgoingRing,
  packet: TestPacket,
): ReturnType<OutgoingRing["reserve"]> {
  const { header, payload } = packet;
  const result = ring.reserve(header.length + payload.length);
  if (result !== "ok") return result;
  ring.body.set(header, ring.bodyStart);
  const around = Uint8Array.from([0xcc, ...payload, 0xcc]);
  ring.putPayload(ring.bodyStart + header.length, around, 1, payload.length);
  const [low, high] = packet.transactionId;
  ring.finish(packet.type, packet.header.length, packet.flags, low, high);
  return result;
}

/** The packet that `next` showed; throws where its payload depends on who copies it, and when. */
export function shownPacket(ring: IncomingRing): TestPacket {
  const { payloadStart, end } = ring;
  const take = () => [...ring.takePayload(new CopyRoom(), payloadStart, end - payloadStart)];
  const first = take();
  const payload = [...ring.bytes.subarray(payloadStart, end)];
  assertEquals(first, payload);
  assertEquals(take(), payload);
  return {
    type: ring.type,
    flags: ring.flags,
    transactionId: [ring.transactionIdLow, ring.transactionIdHigh],
    header: [...ring.bytes.subarray(ring.start, payloadStart)],
    payload,
  };
}

/** Reads one packet without committing it; or says why there is none. */
export function readPacket(ring: IncomingRing): TestPacket | ReturnType<IncomingRing["next"]> {
  const found = ring.next();
  if (found !== "packet") return found;
  const packet = shownPacket(ring);
  ring.advance();
  return packet;
}

/** A ring with both of its ends attached. */
export interface TestRing {
  readonly pages: TestPages;
  readonly memory: RingMemory;
  readonly outgoing: OutgoingRing;
  readonly incoming: IncomingRing;
}

/** An empty ring whose indices are `index`, as the guest hands it over. */
export function createTestRing(kind: MemoryKind, dataPages: number, index = 0): TestRing {
  const pages = new TestPages(kind, dataPages);
  const isShared = kind === "shared" || kind === "sharedScattered";
  const memory = new RingMemory(pages.pieces, isShared ? "shared" : "exclusive");
  memory.initialize();
  memory.store(0, index);
  memory.store(4, index);
  return {
    pages,
    memory,
    outgoing: new OutgoingRing(memory),
    incoming: new IncomingRing(memory),
  };
}

/** A ring whose unread part begins with these 16-bit words, at `at`, and holds `availableBytes`. */
export function hostileRing(
  kind: MemoryKind,
  words: readonly number[],
  availableBytes: number,
  at = 0,
): TestRing {
  const ring = createTestRing(kind, 1, at);
  const bytes = words.flatMap((word) => [word & 0xff, word >> 8]);
  const tail = Math.min(bytes.length, 4096 - at);
  ring.pages.poke(at, bytes.slice(0, tail));
  ring.pages.poke(0, bytes.slice(tail));
  ring.memory.store(0, (at + availableBytes) % 4096);
  return ring;
}

/** The body of a test that is run in each kind of memory. */
export function inEachMemory(
  run: (kind: MemoryKind) => void,
): (test: Deno.TestContext) => Promise<void> {
  return async (test) => {
    for (const kind of MEMORY_KINDS) await test.step(`${kind} memory`, () => run(kind));
  };
}
