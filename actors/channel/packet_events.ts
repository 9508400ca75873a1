/**
 * Events that bring an encoded packet to an actor. The packet is read from the ring by whoever looks,
 * so that an event costs nothing more than one without; one object serves all packets of a fabric.
 *
 * @module
 */

import { CopyRoom } from "../../core/blocks.ts";
import { NO_BYTES } from "../../core/bytes.ts";
import { PacketFields } from "../../core/packet/packet.ts";
import type { IncomingRing } from "../../core/ring/incoming.ts";
import { advanceIndex, DESCRIPTOR_BYTES, packetTotalBytes } from "../../core/ring/layout.ts";
import type { OutgoingRing } from "../../core/ring/outgoing.ts";
import type { PacketBytes } from "../packet/types.ts";
import type { RuntimePort } from "../runtime/runtime_port.ts";

/** The body of the packet that was put into a ring last: one of these serves all channels of a fabric. */
export class LastBody implements PacketBytes {
  /** How long it is. */
  byteCount = 0;
  #ring: OutgoingRing | null = null;

  /** A packet whose body has `byteCount` bytes goes into `ring`. */
  begin(ring: OutgoingRing, byteCount: number): void {
    this.#ring = ring;
    this.byteCount = byteCount;
  }

  /** The data area itself, or a copy where the body is not in one run there. */
  get bytes(): Uint8Array {
    const ring = this.#ring;
    if (ring === null || this.byteCount === 0) return NO_BYTES;
    const { memory } = ring;
    const offset = this.#offsetIn(ring);
    if (this.#isInOneRun(ring, offset)) return memory.data;
    const room = new CopyRoom();
    room.reserve(this.byteCount);
    memory.copyOut(offset, room.blocks, room.start, this.byteCount);
    return room.copy;
  }

  /** See {@linkcode PacketBytes.start}. */
  get start(): number {
    if (this.#ring === null) return 0;
    const offset = this.#offsetIn(this.#ring);
    return this.#isInOneRun(this.#ring, offset) ? offset : 0;
  }

  /** See {@linkcode PacketBytes.end}. */
  get end(): number {
    return this.start + this.byteCount;
  }

  /** Where in the ring the body begins: the writer stands after its packet. */
  #offsetIn({ memory: { dataBytes }, position: { index } }: OutgoingRing): number {
    const fromBody = packetTotalBytes(this.byteCount) - DESCRIPTOR_BYTES;
    return advanceIndex(index, dataBytes - fromBody, dataBytes);
  }

  #isInOneRun({ memory: { contiguousBytes } }: OutgoingRing, offset: number): boolean {
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
class TakenEvent<Type extends string> implements PacketBytes {
  /** What happens. */
  readonly type: Type;
  readonly #packet: TakenPacket;

  /** Carries what `packet` is when it is read. */
  constructor(type: Type, packet: TakenPacket) {
    this.type = type;
    this.#packet = packet;
  }

  /** See {@linkcode PacketBytes.bytes}. */
  get bytes(): Uint8Array {
    return this.#packet.ring?.bytes ?? NO_BYTES;
  }

  /** See {@linkcode PacketBytes.start}. */
  get start(): number {
    return this.#packet.ring?.start ?? 0;
  }

  /** See {@linkcode PacketBytes.end}. */
  get end(): number {
    return this.#packet.ring?.end ?? 0;
  }
}

/**
 * The packet that an endpoint takes from its ring. One of these serves all endpoints of a fabric, which take
 * their packets one after the other: it stays in the processor's cache, where one of each of ten thousand
 * endpoints would not.
 */
export class TakenPacket {
  /** The ring that shows it; null before the first. */
  ring: IncomingRing | null = null;
  /** What it says. */
  readonly fields: PacketFields = new PacketFields();
  /** It begins a transaction here. */
  readonly arrived: TakenEvent<"arrived"> = new TakenEvent("arrived", this);
  /** It completes one. */
  readonly completes: TakenEvent<"complete"> = new TakenEvent("complete", this);
  /** Room for the answer that it brings. */
  answer: CopyRoom = new CopyRoom();

  /** The one of a fabric. */
  static of(runtime: RuntimePort): TakenPacket {
    return runtime.once(makeTakenPacket);
  }
}

function makeTakenPacket(): TakenPacket {
  return new TakenPacket();
}
