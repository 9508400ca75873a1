/**
 * A ring as somebody who never saw this package would use it: words and bytes at offsets of wire.md 1 and 2,
 * with Atomics, over any buffer.
 *
 * @module
 */

/** Words of a control page. */
const WRITE_INDEX = 0;
const READ_INDEX = 1;
const INTERRUPT_MASK = 2;
const FEATURE_BITS = 16;
const PAGE = 4096;

/** A packet as it lay in the ring. */
export interface BytePacket {
  readonly type: number;
  readonly flags: number;
  readonly transactionId: bigint;
  readonly payload: Uint8Array;
}

/** One ring of whole pages in a row: a control page and its data. */
export class ByteRing {
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;

  /** The ring that begins at byte `offset` of `memory`, with `pages` data pages. */
  constructor(memory: ArrayBufferLike, offset: number, pages: number) {
    this.#words = new Int32Array(memory, offset, PAGE / 4);
    this.#bytes = new Uint8Array(memory, offset + PAGE, pages * PAGE);
  }

  /** All zero, and the feature bit. */
  initialize(): void {
    this.#words.fill(0);
    this.#words[FEATURE_BITS] = 1;
  }

  /** Whether the reader is to be interrupted. */
  get wantsInterrupt(): boolean {
    return Atomics.load(this.#words, INTERRUPT_MASK) === 0;
  }

  /** The words that the writer and the reader have stored. */
  get indices(): [write: number, read: number] {
    return [Atomics.load(this.#words, WRITE_INDEX), Atomics.load(this.#words, READ_INDEX)];
  }

  /**
   * Writes a packet of `type`, with `header` between descriptor and payload: whether its reader is to be signalled;
   * null where there is no room.
   */
  write(
    type: number,
    flags: number,
    transactionId: bigint,
    payload: Uint8Array,
    header: Uint8Array = new Uint8Array(0),
  ): boolean | null {
    const size = this.#bytes.length;
    const [write, read] = this.indices;
    const start = 16 + header.length;
    const length = start + Math.ceil(payload.length / 8) * 8;
    const free = write >= read ? size - (write - read) : read - write;
    if (free <= length + 8) return null;
    const packet = new Uint8Array(length + 8);
    const view = new DataView(packet.buffer);
    view.setUint16(0, type, true);
    view.setUint16(2, start / 8, true);
    view.setUint16(4, length / 8, true);
    view.setUint16(6, flags, true);
    view.setBigUint64(8, transactionId, true);
    packet.set(header, 16);
    packet.set(payload, start);
    view.setUint32(length + 4, write, true);
    for (let at = 0; at < packet.length; at++) this.#bytes[(write + at) % size] = packet[at]!;
    Atomics.store(this.#words, WRITE_INDEX, (write + packet.length) % size);
    const [, readNow] = this.indices;
    return this.wantsInterrupt && readNow === write;
  }

  /** Takes the next packet, as its bytes without the trailer; null where there is none. */
  readBytes(): Uint8Array | null {
    const size = this.#bytes.length;
    const [write, read] = this.indices;
    if (write === read) return null;
    const at = (count: number) =>
      Uint8Array.from({ length: count }, (_, byte) => this.#bytes[(read + byte) % size]!);
    const length = new DataView(at(16).buffer).getUint16(4, true) * 8;
    const packet = at(length);
    Atomics.store(this.#words, READ_INDEX, (read + length + 8) % size);
    return packet;
  }

  /** Takes the next packet; null where there is none. */
  read(): BytePacket | null {
    const packet = this.readBytes();
    if (packet === null) return null;
    const head = new DataView(packet.buffer);
    return {
      type: head.getUint16(0, true),
      flags: head.getUint16(6, true),
      transactionId: head.getBigUint64(8, true),
      payload: packet.slice(head.getUint16(2, true) * 8),
    };
  }
}
