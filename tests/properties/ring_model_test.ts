/** The ring against an array of packets, and its bytes against a writer that counts modulo. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { times } from "../support/long.ts";
import {
  counting,
  createTestRing,
  MEMORY_KINDS,
  readPacket,
  type TestPacket,
  type TestRing,
  writePacket,
} from "../support/test_ring.ts";

type Step =
  | { readonly kind: "write"; readonly packet: TestPacket }
  | { readonly kind: "commitWrite" }
  | { readonly kind: "read" }
  | { readonly kind: "commitRead" }
  | { readonly kind: "rearm" }
  | { readonly kind: "mask" }
  | { readonly kind: "awaitRoom"; readonly bodyBytes: number }
  | { readonly kind: "clearAwaitRoom" }
  | { readonly kind: "pending"; readonly bytes: number }
  | { readonly kind: "features"; readonly bits: number };

const RUNS = times(100, 250);

function totalOf(bodyBytes: number): number {
  return 16 + Math.ceil(bodyBytes / 8) * 8 + 8;
}

/** What a ring must do, written down from wire.md 1.2-1.8 without regard to speed. */
class Model {
  readonly data: Uint8Array;
  readonly #dataBytes: number;
  readonly #packets: TestPacket[] = [];
  #staged: TestPacket[] = [];
  #consumed: TestPacket[] = [];
  #writeIndex: number;
  #readIndex: number;
  #mask = 1;
  #pending = 0;
  #features = 1;

  constructor(dataBytes: number, index: number) {
    this.#dataBytes = dataBytes;
    this.#writeIndex = index;
    this.#readIndex = index;
    this.data = new Uint8Array(dataBytes);
  }

  control() {
    return {
      writeIndex: this.#writeIndex,
      readIndex: this.#readIndex,
      interruptMask: this.#mask,
      pendingSendSize: this.#pending,
      featureBits: this.#features,
    };
  }

  /** What the step must answer; undefined where the contract does not allow it now. */
  apply(step: Step): unknown {
    switch (step.kind) {
      case "write":
        return this.#write(step.packet);
      case "commitWrite":
        return this.#commitWrite();
      case "read":
        return this.#read();
      case "commitRead":
        return this.#commitRead();
      case "rearm":
        if (this.#consumed.length > 0) return undefined;
        this.#mask = this.#packets.length === 0 ? 0 : 1;
        return this.#packets.length === 0 ? "sleep" : "more";
      case "mask":
        this.#mask = 1;
        return null;
      case "awaitRoom": {
        const total = totalOf(step.bodyBytes);
        if (this.#staged.length > 0 || total > this.#dataBytes - 16) return undefined;
        const fits = total < this.#free();
        this.#pending = fits ? 0 : total;
        return fits;
      }
      case "clearAwaitRoom":
        this.#pending = 0;
        return null;
      case "pending":
        this.#pending = step.bytes;
        return null;
      case "features":
        this.#features = step.bits;
        return null;
    }
  }

  #used(packets: readonly TestPacket[]): number {
    return packets.reduce(
      (sum, { header, payload }) => sum + totalOf(header.length + payload.length),
      0,
    );
  }

  /** Raw free bytes as the writer counts them: what is staged, and read but not committed, is used. */
  #free(): number {
    return this.#dataBytes - this.#used([...this.#consumed, ...this.#packets, ...this.#staged]);
  }

  #write(packet: TestPacket): string {
    const total = totalOf(packet.header.length + packet.payload.length);
    if (total > this.#dataBytes - 16) return "tooLarge";
    if (total - 8 > this.#free() - 16) return "full"; // the form that wire.md 1.3 gives for O
    const start = (this.#writeIndex + this.#used(this.#staged)) % this.#dataBytes;
    const words = new DataView(new ArrayBuffer(total));
    words.setUint16(0, packet.type, true);
    words.setUint16(2, 2 + packet.header.length / 8, true);
    words.setUint16(4, (total - 8) / 8, true);
    words.setUint16(6, packet.flags, true);
    words.setUint32(8, packet.transactionId[0], true);
    words.setUint32(12, packet.transactionId[1], true);
    [...packet.header, ...packet.payload].forEach((byte, at) => words.setUint8(16 + at, byte));
    words.setUint32(total - 4, start, true);
    for (let at = 0; at < total; at++) {
      this.data[(start + at) % this.#dataBytes] = words.getUint8(at);
    }
    const padded = Array.from(
      { length: total - 24 - packet.header.length },
      (_, at) => packet.payload[at] ?? 0,
    );
    this.#staged.push({ ...packet, payload: padded });
    return "ok";
  }

  #commitWrite(): boolean {
    const isEmpty = this.#consumed.length === 0 && this.#packets.length === 0;
    const isSignal = this.#staged.length > 0 && this.#mask === 0 && isEmpty;
    this.#writeIndex = (this.#writeIndex + this.#used(this.#staged)) % this.#dataBytes;
    this.#packets.push(...this.#staged);
    this.#staged = [];
    return isSignal;
  }

  #read(): TestPacket | "empty" {
    const packet = this.#packets.shift();
    if (packet === undefined) return "empty";
    this.#consumed.push(packet);
    return packet;
  }

  /** The condition as wire.md 1.7 gives it for O; the ring computes the one for L and D. */
  #commitRead(): boolean {
    if (this.#consumed.length === 0) return false;
    this.#mask = this.#mask === 0 ? 1 : this.#mask;
    const usedNow = this.#used(this.#packets);
    const before = this.#dataBytes - usedNow - this.#used(this.#consumed);
    const now = this.#dataBytes - usedNow;
    this.#readIndex = (this.#readIndex + this.#used(this.#consumed)) % this.#dataBytes;
    this.#consumed = [];
    const wanted = Math.floor(this.#pending / 8) * 8;
    return this.#features % 2 === 1 && wanted !== 0 && before - 8 < wanted && now - 8 >= wanted;
  }
}

/** Does the step on the real ring; the answer has the model's form. */
function perform(ring: TestRing, step: Step): unknown {
  switch (step.kind) {
    case "write":
      return writePacket(ring.outgoing, step.packet);
    case "commitWrite":
      return ring.outgoing.commit();
    case "read":
      return readPacket(ring.incoming);
    case "commitRead":
      return ring.incoming.commit();
    case "rearm":
      return ring.incoming.rearm();
    case "mask":
      ring.incoming.mask();
      return null;
    case "awaitRoom":
      return ring.outgoing.awaitRoom(step.bodyBytes);
    case "clearAwaitRoom":
      // Asks first, so that the word is the writer's to clear.
      ring.memory.store(12, 0);
      ring.outgoing.clearAwaitRoom();
      return null;
    case "pending":
      ring.memory.store(12, step.bytes);
      return null;
    case "features":
      ring.memory.store(64, step.bits);
      return null;
  }
}

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const bodyBytes = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 80 }) },
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 1600 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 17_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(4056, 4057, 8152, 8153, 12_248, 16_344, 16_345) },
);

const packet: fc.Arbitrary<TestPacket> = fc.record({
  type: fc.constantFrom(6, 7, 9, 11),
  flags: fc.constantFrom(0, 1),
  transactionId: fc.tuple(u32, u32),
  payloadBytes: bodyBytes,
  first: fc.nat(255),
}).map(({ payloadBytes, first, ...rest }) => ({
  ...rest,
  header: rest.type === 7 || rest.type === 9 ? [...counting(4), 1, 0, 0, 0, ...counting(8)] : [],
  payload: counting(payloadBytes, first),
}));

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: packet.map((packet) => ({ kind: "write" as const, packet })) },
  { weight: 5, arbitrary: fc.constant({ kind: "commitWrite" as const }) },
  { weight: 8, arbitrary: fc.constant({ kind: "read" as const }) },
  { weight: 5, arbitrary: fc.constant({ kind: "commitRead" as const }) },
  { weight: 4, arbitrary: fc.constant({ kind: "rearm" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "mask" as const }) },
  {
    weight: 2,
    arbitrary: bodyBytes.map((bodyBytes) => ({ kind: "awaitRoom" as const, bodyBytes })),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "clearAwaitRoom" as const }) },
  {
    weight: 4,
    arbitrary: fc.integer({ min: 0, max: 9000 })
      .map((bytes) => ({ kind: "pending" as const, bytes })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(0, 1, 1, 1, 3)
      .map((bits) => ({ kind: "features" as const, bits })),
  },
);

const start = fc.integer({ min: 1, max: 4 }).chain((pages) =>
  fc.record({
    pages: fc.constant(pages),
    index: fc.oneof(
      fc.integer({ min: 0, max: pages * 512 - 1 }),
      fc.integer({ min: pages * 512 - 12, max: pages * 512 - 1 }),
    ).map((word) => word * 8),
  })
);

// wire.md 1.2-1.8: answers, signals, control page and bytes, in every kind of memory
Deno.test("OutgoingRing: with IncomingRing, does what an array of packets does", () => {
  let signals = 0;
  fc.assert(
    fc.property(
      start,
      fc.array(step, { minLength: 10, maxLength: 80 }),
      ({ pages, index }, steps) => {
        const model = new Model(pages * 4096, index);
        const rings = MEMORY_KINDS.map((kind) => createTestRing(kind, pages, index));
        for (const step of steps) {
          const wanted = model.apply(step);
          if (wanted === undefined) continue;
          if (wanted === true) signals++;
          for (const ring of rings) {
            assertEquals(perform(ring, step), wanted);
            assertEquals(ring.memory.snapshot(), model.control());
          }
        }
        for (const ring of rings) {
          assertEquals(ring.pages.copy().subarray(4096), model.data);
          assert(ring.pages.guardsHold());
        }
      },
    ),
    { seed: 0x51_6e_a1, numRuns: RUNS },
  );
  assert(signals > RUNS / 1.25, `signals were decided both ways: ${signals} were given`);
});
