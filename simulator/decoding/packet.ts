/**
 * Packets field by field, as they lie in a ring (wire.md 2).
 *
 * @module
 */

import {
  Damage,
  type DecodedField,
  type DecodedFields,
  fieldsOf,
  type Layout,
} from "../../core/layout/mod.ts";
import { createCodec } from "../../core/packet/codec.ts";
import {
  GPA_DIRECT_HEADER,
  PIPE_HEADER,
  TRANSFER_PAGES_HEADER,
} from "../../core/packet/layouts.ts";
import { PacketFields } from "../../core/packet/packet.ts";
import {
  DESCRIPTOR_BYTES,
  DESCRIPTOR_FLAG_COMPLETION_REQUESTED,
  PACKET_TYPE_COMPLETION,
  PACKET_TYPE_GPA_DIRECT,
  PACKET_TYPE_IN_BAND,
  PACKET_TYPE_TRANSFER_PAGES,
  TRAILER_BYTES,
} from "../../core/ring/layout.ts";
import { DESCRIPTOR, type Descriptor, TRAILER } from "../../core/ring/layouts.ts";
import type { Codec } from "../codec.ts";
import { Parts } from "./parts.ts";
import { damagedField, type PayloadPlace, type PayloadReader } from "./payloads.ts";
import { fieldsOfTuple } from "./tuple.ts";

/** How the packets of a channel are written. */
export interface PacketForm {
  /** The encoding of the fabric that they are of. Default `"vmbus"`, as Hyper-V's own are. */
  readonly codec?: Codec;
  /** Whether each payload begins with the header of a pipe. Default false. */
  readonly isPipe?: boolean;
  /** The device whose payloads they have. Default: bytes are all that is known of them. */
  readonly device?: PacketDevice;
}

/** A device, to whom packets of it are shown. */
export interface PacketDevice extends Pick<PayloadPlace, "interfaceType" | "direction"> {
  /** Reads what they say; it has read those before. */
  readonly reader: PayloadReader;
  /** The channel that they are on, in a text. */
  readonly channel: string;
}

/** A packet, field by field. */
export interface DecodedPacket extends DecodedFields {
  /** In one line: `inBand, transaction 5, completion requested`. */
  readonly text: string;
}

/** What types there are in practice, and fewest words of 8 bytes before the payload. */
const TYPES: ReadonlyMap<number, readonly [name: string, dataOffset8Min: number]> = new Map([
  [PACKET_TYPE_IN_BAND, ["inBand", 2]],
  [PACKET_TYPE_TRANSFER_PAGES, ["transferPages", 3]],
  [PACKET_TYPE_GPA_DIRECT, ["gpaDirect", 3]],
  [PACKET_TYPE_COMPLETION, ["completion", 2]],
]);

/** One look at the bytes of a packet. */
class PacketWalk {
  readonly parts: Parts;
  readonly #bytes: Uint8Array;
  readonly #start: number;
  readonly #form: PacketForm;
  /** What the tuple says of the packet, where it has one; the descriptor's own words mean nothing then. */
  #tuple: readonly DecodedField[] = [];

  constructor(bytes: Uint8Array, form: PacketForm, start: number) {
    this.parts = new Parts(bytes, start);
    this.#bytes = bytes;
    this.#start = start;
    this.#form = form;
  }

  /** All of it, and how it reads in one line. */
  walk(): string {
    const descriptor = DESCRIPTOR.decode(this.#bytes);
    this.parts.group("descriptor", "descriptor", 0, fieldsOf(DESCRIPTOR, this.#bytes, this.#start));
    if (descriptor instanceof Damage) return "cut off in its descriptor";
    this.#check(descriptor);
    const there = this.#bytes.length;
    const lengthBytes = Math.min(Math.max(descriptor.length8 * 8, DESCRIPTOR_BYTES), there);
    const payloadStart = Math.min(Math.max(descriptor.dataOffset8 * 8, DESCRIPTOR_BYTES), there);
    this.#header(descriptor.type, payloadStart);
    if (payloadStart < lengthBytes) this.#payload(payloadStart, lengthBytes);
    if (this.parts.damage === null) this.#askCodec(descriptor, payloadStart, lengthBytes);
    const trailer = this.#bytes.subarray(lengthBytes, lengthBytes + TRAILER_BYTES);
    if (descriptor.length8 * 8 === lengthBytes && trailer.length === TRAILER_BYTES) {
      const found = fieldsOf(TRAILER, trailer, this.#start + lengthBytes);
      this.parts.group("trailer", "trailer", lengthBytes, found);
    }
    const [type, flags, transactionId] = this.#tuple.map(({ value }) => value);
    const isTold = typeof type === "number" && typeof flags === "number" &&
      (typeof transactionId === "number" || typeof transactionId === "string");
    const said = isTold ? { type, flags, transactionId } : descriptor;
    const device = this.parts.damage === null ? this.#device(said.type, said.transactionId) : null;
    return [textOf(said), ...device === null ? [] : [device]].join(", ");
  }

  /** Has the payload read as its device has it; gives a few words of it, null: nobody knows how it reads. */
  #device(type: number, transactionId: Descriptor["transactionId"] | string): string | null {
    const { device, codec, isPipe } = this.#form;
    if (device === undefined) return null;
    const list =
      (codec === "msgpack"
        ? this.parts.fields.find(({ name }) => name === "tuple")?.fields
        : this.parts.fields) as DecodedField[] | undefined ?? [];
    const name = codec !== "msgpack" && isPipe === true ? "data" : "payload";
    const at = list.findIndex((field) => field.name === name);
    const { value, offset, byteCount = 0 } = list[at] ?? {};
    if (typeof value !== "string" || value === "" || offset === undefined) return null;
    const bytes = Uint8Array.fromHex(value);
    const start = offset + byteCount - bytes.length;
    const { reader, channel, ...place } = device;
    const isAnswer = type === PACKET_TYPE_COMPLETION;
    const transaction = `${channel} ${transactionId}`;
    const read = reader.read({ ...place, isAnswer, transaction }, bytes, start);
    if (read === null) return null;
    const parts = new Parts(bytes, start);
    parts.add(read);
    parts.plain("rest", read.byteCount, bytes.length);
    // It is what the device has against it, and not VMBus.
    if (read.damage !== null) parts.fields.push(damagedField(read.damage));
    list[at] = { ...list[at]!, value: null, text: read.title, fields: parts.fields };
    return read.title;
  }

  /** Checks the descriptor as a reader does (wire.md 1.9). */
  #check({ type, dataOffset8, length8, flags }: Descriptor): void {
    const known = TYPES.get(type);
    if (known === undefined) this.parts.note(0, `type: nobody sends packets of type ${type}`);
    const least = known?.[1] ?? 2;
    if (dataOffset8 < least) {
      this.parts.note(
        2,
        `dataOffset8: ${dataOffset8} is less than the ${least} words before a payload`,
      );
    }
    if (dataOffset8 > length8) {
      this.parts.note(2, `dataOffset8: ${dataOffset8} is more than the packet's ${length8} words`);
    }
    if (flags > DESCRIPTOR_FLAG_COMPLETION_REQUESTED) {
      this.parts.note(6, "flags: bits other than 0 must be 0");
    }
    const there = this.#bytes.length;
    if (length8 * 8 > there) {
      this.parts.note(4, `length8: the packet has ${length8 * 8} bytes, ${there} are there`);
    }
  }

  /** What lies between descriptor and payload. */
  #header(type: number, payloadStart: number): void {
    const header = this.#bytes.subarray(DESCRIPTOR_BYTES, payloadStart);
    const layout = headerLayoutOf(type);
    let at = DESCRIPTOR_BYTES;
    if (layout !== null) {
      const found = fieldsOf(layout, header, this.#start + at);
      this.parts.group("header", layout.name, at, found);
      at += found.byteCount;
    }
    this.parts.plain("surplus", at, payloadStart);
  }

  #payload(at: number, end: number): void {
    const bytes = this.#bytes.subarray(at, end);
    if (this.#form.codec === "msgpack") {
      const found = fieldsOfTuple(bytes, this.#start + at);
      this.#tuple = found.fields[0]?.fields ?? [];
      this.parts.add(found);
      this.parts.plain("padding", at + found.byteCount, end);
    } else if (this.#form.isPipe === true) {
      const found = fieldsOf(PIPE_HEADER, bytes, this.#start + at);
      this.parts.group("pipeHeader", PIPE_HEADER.name, at, found);
      const header = PIPE_HEADER.decode(bytes);
      const dataStart = at + found.byteCount;
      const announced = header instanceof Damage ? 0 : header.length;
      if (announced > end - dataStart) {
        this.parts.note(
          at + 4,
          `length: ${announced} bytes are announced, ${end - dataStart} are there`,
        );
      }
      const dataEnd = Math.min(dataStart + announced, end);
      this.parts.plain("data", dataStart, dataEnd);
      this.parts.plain("padding", dataEnd, end);
    } else {
      this.parts.plain("payload", at, end);
    }
  }

  /** Has the codec itself say what is wrong: it knows best what a receiver takes. */
  #askCodec(descriptor: Descriptor, payloadStart: number, end: number): void {
    const { type, flags, transactionId } = descriptor;
    const layout = headerLayoutOf(type);
    const header = layout?.decode(this.#bytes.subarray(DESCRIPTOR_BYTES, payloadStart)) ?? null;
    const fault = createCodec(this.#form.codec ?? "vmbus").decode({
      type,
      flags,
      transactionIdLow: Number(BigInt(transactionId) & 0xffff_ffffn),
      transactionIdHigh: Number(BigInt(transactionId) >> 32n),
      bytes: this.#bytes,
      start: DESCRIPTOR_BYTES,
      payloadStart,
      end,
      rangeCount: header === null || header instanceof Damage ? 0 : header.rangeCount,
    }, new PacketFields());
    if (fault !== null) {
      this.parts.note(DESCRIPTOR_BYTES, `a receiver refuses this packet: ${fault}`);
    }
  }
}

/** What lies between the descriptor and the payload of packets of `type`; null: nothing. */
function headerLayoutOf(type: number): Layout<{ readonly rangeCount: number }> | null {
  if (type === PACKET_TYPE_GPA_DIRECT) return GPA_DIRECT_HEADER;
  return type === PACKET_TYPE_TRANSFER_PAGES ? TRANSFER_PAGES_HEADER : null;
}

function textOf(
  { type, flags, transactionId }: {
    readonly type: number;
    readonly flags: number;
    readonly transactionId: Descriptor["transactionId"] | string;
  },
): string {
  const words = [TYPES.get(type)?.[0] ?? `type ${type}`, `transaction ${transactionId}`];
  if ((flags & DESCRIPTOR_FLAG_COMPLETION_REQUESTED) !== 0) words.push("completion requested");
  return words.join(", ");
}

/**
 * The fields of the packet that `bytes` hold, descriptor first; its trailer too, where that is there. The first byte lies
 * at offset `start` of whatever they are a part of. The fields are groups: `descriptor`, `header` (of a packet that
 * describes memory), then `payload`, or `pipeHeader` and `data`, or the `tuple` of the codec `"msgpack"`, then
 * `trailer`. It never throws: damaged bytes give the fields as far as they can be told, and the damage, be it one that
 * the ring finds ([wire.md 1.9](https://jsr.io/@vmbus/kmcl/0.1.0/docs/wire.md)) or the codec.
 */
export function fieldsOfPacket(bytes: Uint8Array, form: PacketForm = {}, start = 0): DecodedPacket {
  const copy = bytes.slice();
  const walk = new PacketWalk(copy, form, start);
  const text = walk.walk();
  const byteCount = walk.parts.fields.reduce((sum, field) => sum + field.byteCount, 0);
  return { ...walk.parts.decoded(byteCount), text };
}
