/**
 * Images of rings field by field: the control page, the packets that nobody has read, and those that were read and are
 * not yet written over (wire.md 1).
 *
 * @module
 */

import { Damage, type DecodedFields, fieldsOf } from "../../core/layout/mod.ts";
import {
  advanceIndex,
  DESCRIPTOR_BYTES,
  isRingIndex,
  TRAILER_BYTES,
  usedBetween,
} from "../../core/ring/layout.ts";
import { CONTROL_PAGE, type ControlPage, DESCRIPTOR, TRAILER } from "../../core/ring/layouts.ts";
import { PAGE_BYTES } from "../../core/units.ts";
import { type DecodedPacket, fieldsOfPacket, type PacketForm } from "./packet.ts";
import { type DecodedDamage, Parts, relocated } from "./parts.ts";

/** Bytes of the smallest packet, trailer included. */
const PACKET_BYTES_MIN = DESCRIPTOR_BYTES + TRAILER_BYTES;

/** A packet in a ring, field by field: its offsets are those of the image, also where it wraps. */
export interface RingPacket extends DecodedPacket {
  /** Where in the data area its descriptor begins, as indices count. */
  readonly index: number;
}

/** An image of a ring, field by field. */
export interface DecodedRing {
  /** The fields of the control page. */
  readonly controlPage: DecodedFields;
  /** Bytes of the data area. */
  readonly dataBytes: number;
  /** Bytes from the read index to the write index; 0 where an index is impossible. */
  readonly usedBytes: number;
  /** The packets that nobody has read, the oldest first. */
  readonly packets: readonly RingPacket[];
  /** Packets that were read and are still there whole, the oldest first: the trailers lead back to them. */
  readonly stale: readonly RingPacket[];
  /** What is wrong with the image; with its packets, only of those that nobody has read. */
  readonly damage: DecodedDamage | null;
}

/** One look at a ring's image. */
class RingWalk {
  readonly parts: Parts;
  readonly dataBytes: number;
  readonly #data: Uint8Array;
  readonly #form: PacketForm;
  readonly #start: number;

  constructor(image: Uint8Array, form: PacketForm, start: number) {
    this.parts = new Parts(image, start);
    this.#start = start;
    this.#form = form;
    const there = Math.max(image.length - PAGE_BYTES, 0);
    this.dataBytes = there - there % PAGE_BYTES;
    this.#data = image.subarray(image.length - there, image.length - there + this.dataBytes);
    if (there === 0 || there % PAGE_BYTES !== 0) {
      const wanted = "a ring is a control page and whole pages of data";
      this.parts.note(image.length, `${wanted}: ${image.length} bytes are there`);
    }
  }

  /** Bytes from the read index to the write index, where both can be. */
  usedBytes({ readIndex, writeIndex }: ControlPage): number {
    const { dataBytes } = this;
    let areGood = dataBytes > 0;
    for (
      const [at, name, index] of [[0, "writeIndex", writeIndex], [
        4,
        "readIndex",
        readIndex,
      ]] as const
    ) {
      if (isRingIndex(index, dataBytes)) continue;
      areGood = false;
      this.parts.note(at, `${name}: ${index} is no place of a word in ${dataBytes} bytes of data`);
    }
    return areGood ? usedBetween(writeIndex, readIndex, dataBytes) : 0;
  }

  /** The packets from `readIndex` on. */
  unread(readIndex: number, usedBytes: number): RingPacket[] {
    const packets: RingPacket[] = [];
    let [index, left] = [readIndex, usedBytes];
    while (left > 0) {
      const totalBytes = this.#totalBytes(index);
      if (totalBytes < PACKET_BYTES_MIN || totalBytes > left) {
        const place = PAGE_BYTES + index;
        const told = left < DESCRIPTOR_BYTES ? "a descriptor" : `the packet's ${totalBytes} bytes`;
        packets.push(this.#packet(index, left));
        this.parts.damage ??= packets.at(-1)!.damage;
        this.parts.note(place, `${left} bytes up to the write index cannot be ${told}`);
        break;
      }
      const packet = this.#packet(index, totalBytes);
      packets.push(packet);
      this.parts.damage ??= packet.damage;
      index = advanceIndex(index, totalBytes, this.dataBytes);
      left -= totalBytes;
    }
    return packets;
  }

  /** The packets before `readIndex`, in the bytes that are free: each trailer says where its packet begins. */
  stale(readIndex: number, freeBytes: number): RingPacket[] {
    const packets: RingPacket[] = [];
    let [end, left] = [readIndex, freeBytes];
    while (left >= PACKET_BYTES_MIN) {
      const at = advanceIndex(end, this.dataBytes - TRAILER_BYTES, this.dataBytes);
      const trailer = TRAILER.decode(this.#take(at, TRAILER_BYTES));
      if (trailer instanceof Damage) break;
      const index = trailer.descriptorOffset;
      if (!isRingIndex(index, this.dataBytes)) break;
      const totalBytes = usedBetween(end, index, this.dataBytes);
      if (totalBytes < PACKET_BYTES_MIN || totalBytes > left) break;
      if (totalBytes !== this.#totalBytes(index)) break;
      packets.unshift(this.#packet(index, totalBytes));
      end = index;
      left -= totalBytes;
    }
    return packets;
  }

  /** Bytes that the descriptor at `index` says, trailer included. */
  #totalBytes(index: number): number {
    const descriptor = DESCRIPTOR.decode(this.#take(index, DESCRIPTOR_BYTES));
    return descriptor instanceof Damage ? 0 : descriptor.length8 * 8 + TRAILER_BYTES;
  }

  #packet(index: number, byteCount: number): RingPacket {
    const { dataBytes } = this;
    const found = fieldsOfPacket(this.#take(index, byteCount), this.#form);
    const place = (offset: number) =>
      this.#start + PAGE_BYTES + advanceIndex(index, offset, dataBytes);
    return { ...relocated(found, place), text: found.text, index };
  }

  /** A copy of bytes of the data area, also where they wrap. */
  #take(index: number, byteCount: number): Uint8Array {
    const taken = new Uint8Array(byteCount);
    const first = this.#data.subarray(index, index + byteCount);
    taken.set(first);
    taken.set(this.#data.subarray(0, byteCount - first.length), first.length);
    return taken;
  }
}

/**
 * What an image of a ring says: `bytes` are its control page and its data pages, and the first of them lies at offset
 * `start` of whatever they are a part of. It never throws: where an index is impossible no packets are found, where a
 * packet is damaged none are found behind it.
 */
export function fieldsOfRing(bytes: Uint8Array, form: PacketForm = {}, start = 0): DecodedRing {
  const image = bytes.slice();
  const walk = new RingWalk(image, form, start);
  const page = image.subarray(0, PAGE_BYTES);
  const controlPage = fieldsOf(CONTROL_PAGE, page, start);
  const control = CONTROL_PAGE.decode(page);
  const { parts, dataBytes } = walk;
  const none = { controlPage, dataBytes, usedBytes: 0, packets: [], stale: [] };
  if (control instanceof Damage) return { ...none, damage: parts.damage };
  const usedBytes = walk.usedBytes(control);
  const areIndicesGood = isRingIndex(control.readIndex, dataBytes) &&
    isRingIndex(control.writeIndex, dataBytes);
  if (!areIndicesGood) return { ...none, damage: parts.damage };
  const stale = walk.stale(control.readIndex, dataBytes - usedBytes); // a completion may have its request there
  const packets = walk.unread(control.readIndex, usedBytes);
  return { controlPage, dataBytes, usedBytes, packets, stale, damage: parts.damage };
}

/** How packets that go this way are read. */
function formOf(direction: "toHost" | "toGuest", form: PacketForm): PacketForm {
  return form.device === undefined ? form : { ...form, device: { ...form.device, direction } };
}

/** Both halves of a channel. */
export interface DecodedRings {
  /** The ring that the guest writes. */
  readonly upstream: DecodedRing;
  /** The ring that the host writes. */
  readonly downstream: DecodedRing;
}

/**
 * What an image of both rings of a channel says, one after the other as they lie in the GPADL:
 * `downstreamPageOffset`, as the open request has it, is the page at which the second begins.
 */
export function fieldsOfRings(
  bytes: Uint8Array,
  downstreamPageOffset: number,
  form: PacketForm = {},
): DecodedRings {
  const middle = Math.min(downstreamPageOffset * PAGE_BYTES, bytes.length);
  return {
    upstream: fieldsOfRing(bytes.subarray(0, middle), formOf("toHost", form)),
    downstream: fieldsOfRing(bytes.subarray(middle), formOf("toGuest", form), middle),
  };
}
