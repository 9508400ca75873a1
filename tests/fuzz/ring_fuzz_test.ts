/** A hostile peer: it writes anything into control page and data area, at any time. */
import { assert, assertEquals } from "@std/assert";
import { Chance } from "../../core/chance.ts";
import { IncomingRing } from "../../core/ring/incoming.ts";
import { OutgoingRing } from "../../core/ring/outgoing.ts";
import { largestPacketBytes, type RingFault, RingMemory } from "../../core/ring/ring_memory.ts";
import { inEachMemory, type MemoryKind, TestPages } from "../support/test_ring.ts";

const CASES_PER_KIND = 16_000;
const OPERATIONS_PER_CASE = 12;

/** Every fault, so that an answer that is no fault's name is found. */
const FAULTS = {
  invalidWriteIndex: 0,
  invalidReadIndex: 0,
  invalidDataAvailable: 0,
  invalidDescriptorLengths: 0,
  invalidDescriptorFlags: 0,
  invalidDescriptorType: 0,
  invalidGpaDirectRangeCount: 0,
  interruptsExternallyMasked: 0,
} satisfies Record<RingFault, number>;

class Attack {
  readonly found: Record<RingFault, number> = { ...FAULTS };
  packetCount = 0;
  readonly #chance: Chance;
  readonly #pages: TestPages;
  readonly #memory: RingMemory;
  readonly #dataBytes: number;
  #outgoing: OutgoingRing;
  #incoming: IncomingRing;

  constructor(kind: MemoryKind, dataPages: number, chance: Chance) {
    this.#chance = chance;
    this.#pages = new TestPages(kind, dataPages);
    this.#memory = new RingMemory(this.#pages.pieces);
    this.#dataBytes = this.#memory.dataBytes;
    this.#outgoing = new OutgoingRing(this.#memory);
    this.#incoming = new IncomingRing(this.#memory);
  }

  /** One ring's life: honest packets, then operations between which the peer corrupts memory. */
  runCase(): void {
    this.#memory.initialize();
    const index = this.#chance.below(this.#dataBytes / 8) * 8;
    this.#memory.store(0, index);
    this.#memory.store(4, index);
    this.#outgoing = new OutgoingRing(this.#memory);
    this.#incoming = new IncomingRing(this.#memory);
    for (let i = this.#chance.below(4); i > 0; i--) this.#write();
    this.#outgoing.commit();
    for (let i = 0; i < OPERATIONS_PER_CASE; i++) {
      if (this.#chance.below(3) === 0) this.#corrupt();
      this.#operate();
    }
    this.#drain();
  }

  guardsHold(): boolean {
    return this.#pages.guardsHold();
  }

  #corrupt(): void {
    const chance = this.#chance;
    switch (chance.below(5)) {
      case 0: {
        const word = [0, 4, 8, 12, 64][chance.below(5)]!;
        this.#memory.store(word, this.#evilNumber());
        break;
      }
      case 1: { // an index that passes the checks
        this.#memory.store(chance.below(2) * 4, chance.below(this.#dataBytes / 8) * 8);
        break;
      }
      case 2:
        this.#poke(chance.below(this.#dataBytes), chance.below(256));
        break;
      default: { // a field of the descriptor or type header that is read next
        const at = this.#memory.snapshot().readIndex + 2 * chance.below(12);
        const value = this.#evilNumber();
        this.#poke(at, value & 0xff);
        this.#poke(at + 1, value >>> 8 & 0xff);
      }
    }
  }

  #poke(offset: number, byte: number): void {
    this.#pages.poke(offset % this.#dataBytes, [byte]);
  }

  /** Numbers near the edges that the checks are about, and any others. */
  #evilNumber(): number {
    const chance = this.#chance;
    const edges = [0, 1, 2, 3, 4, 7, 8, 9, 11, 16, this.#dataBytes, this.#dataBytes / 8, 0xffff];
    if (chance.below(4) === 0) return chance.below(2 ** 32);
    return (edges[chance.below(edges.length)]! + chance.below(3) - 1) >>> 0;
  }

  #operate(): void {
    switch (this.#chance.below(9)) {
      case 0:
        this.#write();
        break;
      case 1:
        this.#outgoing.commit();
        break;
      case 2:
        this.#outgoing.commit();
        this.#checkAnswer(this.#outgoing.awaitRoom(this.#chance.below(4057)), this.#outgoing);
        break;
      case 3:
        this.#checkAnswer(this.#outgoing.freeBytes(), this.#outgoing);
        this.#checkAnswer(this.#incoming.usedBytes(), this.#incoming);
        break;
      case 4:
        this.#incoming.commit();
        this.#checkAnswer(this.#incoming.rearm(), this.#incoming);
        break;
      case 5:
        this.#incoming.commit();
        break;
      default:
        this.#read();
    }
  }

  #write(): void {
    const bodyBytes = this.#chance.below(this.#chance.below(8) === 0 ? 9000 : 300);
    const result = this.#outgoing.reserve(bodyBytes);
    this.#checkAnswer(result, this.#outgoing);
    if (result !== "ok") return;
    const { body, bodyStart } = this.#outgoing;
    assert(bodyStart + bodyBytes <= body.length, "the body's place holds the body");
    assert(bodyBytes + 24 <= largestPacketBytes(this.#dataBytes), "what is too large is refused");
    body.fill(0x11, bodyStart, bodyStart + bodyBytes);
    if (bodyBytes >= 24) body.set([1, 0, 0, 0], bodyStart + 4); // a count of ranges
    if (this.#chance.below(4) === 0) this.#corrupt();
    const type = [6, 7, 9, 11][this.#chance.below(4)]!;
    this.#outgoing.finish(type, bodyBytes < 24 ? 0 : 24, 0, 1, 2);
  }

  #read(): boolean {
    const found = this.#incoming.next();
    this.#checkAnswer(found, this.#incoming);
    if (found !== "packet") return false;
    this.packetCount++;
    this.#checkPacket();
    if (this.#chance.below(4) === 0) this.#corrupt();
    this.#incoming.advance();
    return true;
  }

  #checkPacket(): void {
    const { type, flags, bytes, start, payloadStart, end, rangeCount } = this.#incoming;
    assert([6, 7, 9, 11].includes(type) && flags <= 1);
    assert(0 <= start && start <= payloadStart && payloadStart <= end && end <= bytes.length);
    assert(payloadStart % 8 === 0 && end % 8 === 0);
    assert(type !== 9 || rangeCount > 0);
    assertEquals(this.#incoming.packetBytes().length, 16 + end - start);
  }

  /** A batch ends within one round of the ring, though the peer writes new indices all the time. */
  #drain(): void {
    this.#incoming.commit();
    let readBytes = 0;
    while (this.#read()) {
      readBytes += 16 + this.#incoming.end - this.#incoming.start + 8;
      assert(readBytes <= this.#dataBytes, "a batch holds no more than the ring");
      this.#memory.store(0, this.#chance.below(this.#dataBytes / 8) * 8);
    }
    this.#incoming.commit();
  }

  /** A fault must have a name, and stay. */
  #checkAnswer(answer: unknown, end: OutgoingRing | IncomingRing): void {
    if (end.fault === null) {
      assert(typeof answer !== "string" || !Object.hasOwn(FAULTS, answer));
      return;
    }
    assertEquals(answer, end.fault);
    this.found[end.fault]++;
  }
}

// wire.md 1.9
Deno.test(
  "IncomingRing: no corruption makes a ring throw, hang or leave its memory",
  inEachMemory((kind) => {
    const chance = Chance.fromSeed(20_260_801).fork(kind);
    const attacks = [1, 2].map((pages) => new Attack(kind, pages, chance));
    for (let i = 0; i < CASES_PER_KIND; i++) {
      const attack = attacks[i % attacks.length]!;
      attack.runCase();
      if (i % 1000 === 0) assert(attack.guardsHold());
    }
    for (const { found, packetCount } of attacks) {
      for (const [fault, count] of Object.entries(found)) {
        assert(count > 0, `${fault} never came up`);
      }
      assert(packetCount > CASES_PER_KIND / 2, "most rings carried packets before they broke");
    }
    assert(attacks.every((attack) => attack.guardsHold()));
  }),
);
