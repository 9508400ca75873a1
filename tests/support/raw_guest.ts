/**
 * A guest without drivers: it speaks to the host in control messages and in ring bytes, and may say
 * anything. Offsets are those of wire.md.
 *
 * @module
 */

import { assert } from "@std/assert";
import type { PartitionObject } from "../../actors/partition/partition_object.ts";
import { encodeControlMessage } from "../../core/control/codec.ts";
import type { ControlMessage } from "../../core/control/messages.ts";
import type { GpaRange } from "../../core/memory/gpa_ranges.ts";
import { gpadlWords, splitGpadl } from "../../core/memory/gpadl.ts";
import { PAGE_BYTES } from "../../core/units.ts";
import type * as vmbus from "../../mod.ts";

/** Words of a control page by their offsets (wire.md 1.2). */
export const CONTROL = {
  writeIndex: 0,
  readIndex: 4,
  interruptMask: 8,
  pendingSendSize: 12,
  featureBits: 64,
} as const;

/** Upstream: the guest writes. Downstream: the host does. */
export type RingName = "upstream" | "downstream";

/** The pages of one ring. */
interface RingPages {
  readonly control: number;
  /** Addresses of the data pages, in order. */
  readonly data: readonly number[];
}

/** A packet as it lies in a ring, without its trailer: descriptor (wire.md 2.1) and what follows it. */
export interface RawPacket {
  readonly type?: number;
  /** In bytes; default 16: no type header. */
  readonly dataOffset?: number;
  /** In bytes; default: what is there. */
  readonly length?: number;
  readonly flags?: number;
  readonly transactionId?: bigint;
  /** What follows the descriptor; whole words of 8 bytes. */
  readonly body?: Uint8Array;
}

/** A packet without payload and memory, with an id of any 64 bits, as a peer's own codec would write it. */
export function emptyPacket(
  codec: "msgpack" | "vmbus",
  type: number,
  flags: number,
  transactionId: bigint,
): RawPacket {
  if (codec === "vmbus") return { type, flags, transactionId, body: new Uint8Array(0) };
  // [type, flags, id as uint 64, no bytes, nil], padded
  const body = new Uint8Array(16);
  body.set([0x95, type, flags, 0xcf]);
  new DataView(body.buffer).setBigUint64(4, transactionId);
  body.set([0xc4, 0, 0xc0], 12);
  return { body };
}

/** The bytes of `packet`. */
export function rawPacketBytes(packet: RawPacket): Uint8Array {
  const body = packet.body ?? new Uint8Array(8);
  const bytes = new Uint8Array(16 + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, packet.type ?? 6, true);
  view.setUint16(2, (packet.dataOffset ?? 16) / 8, true);
  view.setUint16(4, (packet.length ?? bytes.length) / 8, true);
  view.setUint16(6, packet.flags ?? 0, true);
  view.setBigUint64(8, packet.transactionId ?? 0n, true);
  bytes.set(body, 16);
  return bytes;
}

/** u32 numbers as bytes. */
export function u32Bytes(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}

/** The rings of one channel in guest memory, from outside: nothing here is checked. */
export class RawRings {
  readonly memory: vmbus.GuestMemory;
  /** All pages, the upstream ring's first. */
  readonly pfns: readonly number[];
  /** Index of the page at which the downstream ring begins. */
  readonly downstreamPageOffset: number;
  readonly #pages: Readonly<Record<RingName, RingPages>>;

  constructor(memory: vmbus.GuestMemory, pfns: readonly number[], downstreamPageOffset: number) {
    this.memory = memory;
    this.pfns = pfns;
    this.downstreamPageOffset = downstreamPageOffset;
    const pages = (from: number, to: number): RingPages => {
      const [control = 0, ...data] = pfns.slice(from, to).map((pfn) => pfn * PAGE_BYTES);
      return { control, data };
    };
    this.#pages = {
      upstream: pages(0, downstreamPageOffset),
      downstream: pages(downstreamPageOffset, pfns.length),
    };
  }

  /** Bytes of a data area. */
  dataBytes(ring: RingName): number {
    return this.#pages[ring].data.length * PAGE_BYTES;
  }

  load(ring: RingName, field: keyof typeof CONTROL): number {
    const bytes = this.memory.read(this.#pages[ring].control + CONTROL[field], 4);
    return new DataView(bytes.buffer).getUint32(0, true);
  }

  store(ring: RingName, field: keyof typeof CONTROL, value: number): void {
    this.memory.write(this.#pages[ring].control + CONTROL[field], u32Bytes(value));
  }

  /** Writes bytes into a control page, which must hold them. */
  pokeControl(ring: RingName, offset: number, bytes: Uint8Array): void {
    this.memory.write(this.#pages[ring].control + offset, bytes);
  }

  /** Writes bytes into a data area, around its end if need be. */
  poke(ring: RingName, offset: number, bytes: Uint8Array): void {
    const { data } = this.#pages[ring];
    for (let done = 0; done < bytes.length;) {
      const at = (offset + done) % this.dataBytes(ring);
      const count = Math.min(bytes.length - done, PAGE_BYTES - at % PAGE_BYTES);
      const page = data[Math.floor(at / PAGE_BYTES)];
      assert(page !== undefined);
      this.memory.write(page + at % PAGE_BYTES, bytes.subarray(done, done + count));
      done += count;
    }
  }

  /** A copy of a whole ring, control page first. */
  copy(ring: RingName): Uint8Array {
    const { control, data } = this.#pages[ring];
    const copy = new Uint8Array((1 + data.length) * PAGE_BYTES);
    [control, ...data].forEach((gpa, at) => {
      copy.set(this.memory.read(gpa, PAGE_BYTES), at * PAGE_BYTES);
    });
    return copy;
  }

  /** Puts packets where the next one belongs, each with a trailer, and shows them to the reader. */
  put(ring: RingName, ...packets: readonly RawPacket[]): void {
    let at = this.load(ring, "writeIndex");
    for (const packet of packets) {
      const bytes = rawPacketBytes(packet);
      this.poke(ring, at, bytes);
      this.poke(ring, at + bytes.length, u32Bytes(0, at));
      at = (at + bytes.length + 8) % this.dataBytes(ring);
    }
    this.store(ring, "writeIndex", at);
  }

  /** Both rings empty, as an honest guest hands them over. */
  reset(index = 0): void {
    for (const ring of ["upstream", "downstream"] as const) {
      this.memory.write(this.#pages[ring].control, new Uint8Array(PAGE_BYTES));
      this.store(ring, "featureBits", 1);
      this.store(ring, "writeIndex", index);
      this.store(ring, "readIndex", index);
    }
  }
}

/** A guest that has nothing but memory and its bus. */
export class RawGuest {
  readonly partition: vmbus.Partition;

  constructor(fabric: vmbus.Fabric, name = "hostile", memoryPages = 64) {
    this.partition = fabric.createPartition({ name, memoryPages });
  }

  post(message: ControlMessage): void {
    this.partition.postControlMessage("toHost", encodeControlMessage(message));
  }

  /** Rings in fresh pages, empty. */
  makeRings(upstreamPages: number, downstreamPages: number): RawRings {
    const { memory } = this.partition;
    const { pfns } = memory.allocate((upstreamPages + downstreamPages + 2) * PAGE_BYTES);
    const rings = new RawRings(memory, pfns, upstreamPages + 1);
    rings.reset();
    return rings;
  }

  /** Describes memory, in as many messages as it takes (wire.md 3.2, 3.3). */
  describe(channelId: number, gpadlId: number, ranges: readonly GpaRange[]): void {
    for (const message of gpadlMessages(channelId, gpadlId, ranges)) this.post(message);
  }

  /** Describes `rings` and asks for the channel to be opened over them (wire.md 4.5). */
  open(rings: RawRings, channelId = 1, gpadlId = 1): void {
    const { pfns, downstreamPageOffset } = rings;
    this.describe(channelId, gpadlId, [wholePages(pfns)]);
    this.post(openMessage(channelId, gpadlId, downstreamPageOffset));
  }

  /** Closes the channel and takes its rings back (wire.md 4.5). */
  close(channelId = 1, gpadlId = 1): void {
    this.post({ message: "closeChannel", channelId });
    this.post({ message: "gpadlTeardown", channelId, gpadlId });
  }

  /** Signals the host: it looks at the rings. */
  signal(channelId = 1): void {
    signalSide(this.partition, "server", channelId);
  }
}

/** Signals one side of a channel on the bus of `partition`, as if the other had. */
export function signalSide(
  partition: vmbus.Partition,
  side: vmbus.Side,
  channelId = 1,
): void {
  const { bus } = partition as PartitionObject;
  bus.interrupt(side === "server" ? "toHost" : "toGuest", channelId);
}

/** One range of whole pages. */
export function wholePages(pfns: readonly number[]): GpaRange {
  return { byteOffset: 0, byteCount: pfns.length * PAGE_BYTES, pfns };
}

/** The messages that describe `ranges`. */
export function gpadlMessages(
  channelId: number,
  gpadlId: number,
  ranges: readonly GpaRange[],
): ControlMessage[] {
  const [words = new Uint8Array(0), ...bodies] = splitGpadl(ranges);
  const byteLength = gpadlWords(ranges) * 8;
  const header = { message: "gpadlHeader", channelId, gpadlId, byteLength, words } as const;
  return [
    { ...header, rangeCount: ranges.length, readOnly: false },
    ...bodies.map((words) => ({ message: "gpadlBody", messageNumber: 0, gpadlId, words } as const)),
  ];
}

/** An open request. */
export function openMessage(
  channelId: number,
  ringGpadlId: number,
  downstreamPageOffset: number,
): ControlMessage {
  const userData = new Uint8Array(120);
  const rest = { openId: 7, ringGpadlId, targetVp: 0, downstreamPageOffset, userData };
  return { message: "openChannel", channelId, ...rest };
}

/**
 * Where the client that is enabled next will have its rings: the lowest pages that are free. It takes
 * them for sure, as memory is handed out in that order.
 */
export function foreseenRings(
  memory: vmbus.GuestMemory,
  incomingPages: number,
  outgoingPages: number,
): RawRings {
  const probe = memory.allocate((incomingPages + outgoingPages + 2) * PAGE_BYTES);
  memory.free(probe);
  return new RawRings(memory, probe.pfns, outgoingPages + 1);
}
