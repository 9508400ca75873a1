/**
 * A ring that is put together for a case: written and read as rings are, then perhaps written over.
 *
 * @module
 */

import { IncomingRing } from "../../../core/ring/incoming.ts";
import { READ_INDEX_OFFSET, WRITE_INDEX_OFFSET } from "../../../core/ring/layout.ts";
import { OutgoingRing } from "../../../core/ring/outgoing.ts";
import { RingMemory } from "../../../core/ring/ring_memory.ts";
import { PAGE_BYTES } from "../../../core/units.ts";
import { encodePacket, type PlainPacket, rawPacketBytes } from "../../peers/raw_packet.ts";
import { putPacket } from "./ring_image.ts";

/** A ring that is being filled. */
export class Image {
  /** All of it, its control page first. */
  readonly bytes: Uint8Array;
  readonly #memory: RingMemory;
  readonly #outgoing: OutgoingRing;

  /** An empty one, whose next packet begins at `start`. */
  constructor(start = 0, dataPages = 1, fillByte = 0) {
    this.bytes = new Uint8Array((1 + dataPages) * PAGE_BYTES);
    this.bytes.fill(fillByte, PAGE_BYTES);
    this.#memory = new RingMemory([this.bytes]);
    this.#memory.initialize();
    this.#memory.store(WRITE_INDEX_OFFSET, start);
    this.#memory.store(READ_INDEX_OFFSET, start);
    this.#outgoing = new OutgoingRing(this.#memory);
  }

  /** Writes packets, and shows them. */
  put(...packets: readonly PlainPacket[]): this {
    for (const packet of packets) {
      putPacket(this.#outgoing, rawPacketBytes(encodePacket("vmbus", packet)));
    }
    this.#outgoing.commit();
    return this;
  }

  /** Has a reader pass packets, and give them back. */
  pass(count: number): this {
    const reader = new IncomingRing(this.#memory);
    for (let passed = 0; passed < count && reader.next() === "packet"; passed++) reader.advance();
    reader.commit();
    reader.unmask();
    return this;
  }

  /** Stores a word of the control page. */
  word(offset: number, value: number): this {
    this.#memory.store(offset, value);
    return this;
  }

  /** Writes over bytes of the ring, whose control page comes first. */
  poke(offset: number, ...bytes: readonly number[]): this {
    this.bytes.set(bytes, offset);
    return this;
  }
}
