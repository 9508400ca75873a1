/**
 * Events that bring an encoded packet to an actor. The packet is read from the ring by whoever looks,
 * so that an event costs nothing more than one without; one object serves all packets of a channel.
 *
 * @module
 */

import { CopyRoom } from "../../core/blocks.ts";
import { NO_BYTES } from "../../core/bytes.ts";
import type { IncomingRing } from "../../core/ring/incoming.ts";
import { advanceIndex, DESCRIPTOR_BYTES, packetTotalBytes } from "../../core/ring/layout.ts";
import type { OutgoingRing } from "../../core/ring/outgoing.ts";
import type { RingMemory } from "../../core/ring/ring_memory.ts";
import type { PacketBytes } from "../packet/types.ts";

/** The body of the packet that was put into a ring last. */
export class LastBody implements PacketBytes {
  /** How long it is. */
  byteCount = 0;
  #ring: OutgoingRing | null = null;
  #memory: RingMemory | null = null;

  /** Packets go into `ring`, which lies in `memory`. */
  attach(ring: OutgoingRing, memory: RingMemory): void {
    this.#ring = ring;
    this.#memory = memory;
    this.byteCount = 0;
  }

  /** The ring is gone. */
  detach(): void {
    this.#ring = null;
    this.#memory = null;
    this.byteCount = 0;
  }

  /** The data area itself, or a copy where the body is not in one run there. */
  get bytes(): Uint8Array {
    const memory = this.#memory;
    if (memory === null || this.byteCount === 0) return NO_BYTES;
    const offset = this.#offsetIn(memory);
    if (this.#isInOneRun(memory, offset)) return memory.data;
    const room = new CopyRoom();
    room.reserve(this.byteCount);
    memory.copyOut(offset, room.blocks, room.start, this.byteCount);
    return room.copy;
  }

  /** See {@linkcode PacketBytes.start}. */
  get start(): number {
    if (this.#memory === null) return 0;
    const offset = this.#offsetIn(this.#memory);
    return this.#isInOneRun(this.#memory, offset) ? offset : 0;
  }

  /** See {@linkcode PacketBytes.end}. */
  get end(): number {
    return this.start + this.byteCount;
  }

  /** Where in the ring the body begins: the writer stands after its packet. */
  #offsetIn({ dataBytes }: RingMemory): number {
    const index = this.#ring?.position.index ?? 0;
    const fromBody = packetTotalBytes(this.byteCount) - DESCRIPTOR_BYTES;
    return advanceIndex(index, dataBytes - fromBody, dataBytes);
  }

  #isInOneRun({ contiguousBytes }: RingMemory, offset: number): boolean {
    return offset + this.byteCount <= contiguousBytes;
  }
}

/** An event that carries the packet that was put into a ring last. */
export class SentEvent<Type extends string> implements PacketBytes {
  /** What happens. */
  readonly type: Type;
  readonly #body: LastBody;

  /** Carries what `body` has when it is read. */
  constructor(type: Type, body: LastBody) {
    this.type = type;
    this.#body = body;
  }

  /** See {@linkcode PacketBytes.bytes}. */
  get bytes(): Uint8Array {
    return this.#body.bytes;
  }

  /** See {@linkcode PacketBytes.start}. */
  get start(): number {
    return this.#body.start;
  }

  /** See {@linkcode PacketBytes.end}. */
  get end(): number {
    return this.#body.end;
  }
}

/** An event that carries the packet that a ring shows, or has just passed. */
export class TakenEvent<Type extends string> implements PacketBytes {
  /** What happens. */
  readonly type: Type;
  /** The ring; null while there is none. */
  ring: IncomingRing | null = null;

  /** An event of a channel without a ring. */
  constructor(type: Type) {
    this.type = type;
  }

  /** See {@linkcode PacketBytes.bytes}. */
  get bytes(): Uint8Array {
    return this.ring?.bytes ?? NO_BYTES;
  }

  /** See {@linkcode PacketBytes.start}. */
  get start(): number {
    return this.ring?.start ?? 0;
  }

  /** See {@linkcode PacketBytes.end}. */
  get end(): number {
    return this.ring?.end ?? 0;
  }
}
