/**
 * A guest that somebody else wrote, on a storage controller: its rings, ranges and packets as bytes, in the order in
 * which a driver that is in use sends them.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { createStorage, type StorageDisk, type StorageServer } from "../../devices/storage/mod.ts";
import type * as vmbus from "../../mod.ts";
import { ByteGuest } from "./byte_guest.ts";
import { ByteRing } from "./byte_ring.ts";
import { fromHex } from "./decoded_lines.ts";
import { createFabric } from "./fabric.ts";
import { words } from "./held_link.ts";
import { STORAGE_INSTANCE } from "./storage_stage.ts";

const PAGE = 4096;
const MEMORY_PAGES = 32;
/** The rings of a channel are four pages: a control page and one of data, each way. */
const RING_PAGES = 4;
/** Where the guest has its data. */
export const DATA_PAGE = 16;

/** A channel of the controller, as the guest has it open. */
interface OpenChannel {
  readonly id: number;
  readonly upstream: ByteRing;
  readonly downstream: ByteRing;
}

/** How a stage is made. */
export interface BytesOptions {
  /** Of VMBus. */
  readonly version: number;
  /** Guest address of the first byte. */
  readonly base: number;
  readonly disks: readonly StorageDisk[];
  readonly subChannelsMax?: number;
  readonly queueDepth?: number;
}

/** Such a guest, and the controller. */
export class StorageBytes {
  readonly fabric: vmbus.Fabric;
  readonly guest: ByteGuest;
  readonly server: StorageServer;
  readonly #memory = new Uint8Array(MEMORY_PAGES * PAGE);
  readonly #channels: OpenChannel[] = [];
  readonly #base: number;

  constructor({ base, disks, subChannelsMax = 0, queueDepth = 256 }: BytesOptions) {
    this.fabric = createFabric({ codec: "vmbus" });
    this.#base = base;
    this.guest = new ByteGuest(this.fabric, { base, memory: this.#memory.buffer });
    const options = { instance: STORAGE_INSTANCE, subChannelsMax, queueDepth };
    this.server = createStorage(this.guest.door.partition, disks, options);
  }

  /** A stage whose guest has opened the primary. */
  static async opened(options: BytesOptions): Promise<StorageBytes> {
    const stage = new StorageBytes(options);
    stage.guest.connect(options.version);
    await stage.fabric.settle();
    assertEquals(stage.guest.take().map(([type]) => type), [15, 1, 4]);
    await stage.open();
    return stage;
  }

  /** Opens the channel that comes next: its rings are the four pages that come next. */
  async open(): Promise<void> {
    const index = this.#channels.length;
    const page = index * RING_PAGES;
    const id = index + 1;
    const [upstream, downstream] = [0, 2].map((at) =>
      new ByteRing(this.#memory.buffer, (page + at) * PAGE, 1)
    );
    upstream!.initialize();
    downstream!.initialize();
    this.#channels.push({ id, upstream: upstream!, downstream: downstream! });
    this.guest.describe(id, 0x100 + id, page, RING_PAGES);
    const message = new Uint8Array(148);
    message.set(words(5, 0, id, 0x200 + id, 0x100 + id, 0, 2));
    this.guest.post(message);
    await this.fabric.settle();
    assertEquals(this.guest.take().map(([type]) => type), [10, 6]);
  }

  /** Closes the primary. */
  async close(): Promise<void> {
    this.guest.say(7, 0, 1);
    this.guest.say(11, 0, 1, 0x101);
    await this.fabric.settle();
    this.#channels.length = 0;
  }

  /** The guest's data pages. */
  get data(): Uint8Array {
    return this.#memory.subarray(DATA_PAGE * PAGE);
  }

  /** Writes a packet: in-band without a range, GPA direct with one, `pages` in the order in which they are given. */
  send(
    id: bigint,
    packet: string | Uint8Array,
    range: { byteCount: number; byteOffset?: number; pages: readonly number[] } | null = null,
    options: { readonly index?: number; readonly flags?: number; readonly type?: number } = {},
  ): void {
    assert(this.post(id, packet, range, options), "the ring has room");
  }

  /** The same, and whether there was room. */
  post(
    id: bigint,
    packet: string | Uint8Array,
    range: { byteCount: number; byteOffset?: number; pages: readonly number[] } | null = null,
    { index = 0, flags = 1, type = range === null ? 6 : 9 }: {
      readonly index?: number;
      readonly flags?: number;
      readonly type?: number;
    } = {},
  ): boolean {
    const payload = typeof packet === "string" ? fromHex(packet) : packet;
    const { id: channelId, upstream } = this.#channels[index]!;
    const written = range === null
      ? upstream.write(type, flags, id, payload)
      : upstream.write(type, flags, id, payload, this.#rangeHeader(range));
    if (written === null) return false;
    assertEquals(this.guest.door.signalEvent(0x2000 + channelId, 0), null);
    return true;
  }

  #rangeHeader(
    { byteCount, byteOffset = 0, pages }: {
      byteCount: number;
      byteOffset?: number;
      pages: readonly number[];
    },
  ): Uint8Array {
    const header = new Uint8Array(16 + 8 * pages.length);
    const view = new DataView(header.buffer);
    view.setUint32(4, 1, true);
    view.setUint32(8, byteCount, true);
    view.setUint32(12, byteOffset, true);
    for (const [place, page] of pages.entries()) {
      view.setBigUint64(16 + 8 * place, BigInt(this.#base / PAGE + DATA_PAGE + page), true);
    }
    return header;
  }

  /** What the host wrote next, descriptor and all; null where it wrote nothing. */
  async take(index = 0): Promise<string | null> {
    await this.fabric.settle();
    return this.#channels[index]!.downstream.readBytes()?.toHex() ?? null;
  }

  /** Sends a packet and takes its answer: the payload, in base 16; null where none comes. */
  async ask(
    id: bigint,
    packet: string | Uint8Array,
    range: { byteCount: number; byteOffset?: number; pages: readonly number[] } | null = null,
    index = 0,
  ): Promise<string | null> {
    this.send(id, packet, range, { index });
    const answer = await this.take(index);
    if (answer === null) return null;
    const descriptor = new Uint8Array(16);
    const view = new DataView(descriptor.buffer);
    for (const [at, word] of [11, 2, answer.length / 16, 0].entries()) {
      view.setUint16(2 * at, word, true);
    }
    view.setBigUint64(8, id, true);
    assertEquals(answer.slice(0, 32), descriptor.toHex());
    return answer.slice(32);
  }

  /** The guest is detached, and the controller goes; nothing may be left. */
  async end(): Promise<void> {
    this.guest.door.detach();
    await this.server.close();
    assertEquals([this.fabric.leaks(), this.fabric.violations], [[], []]);
    await this.fabric[Symbol.asyncDispose]();
  }
}

/** A packet of 64 bytes that begins as these. */
export function padded(hex: string): string {
  return fromHex(hex).toHex().padEnd(128, "0");
}
