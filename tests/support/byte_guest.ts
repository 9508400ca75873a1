/**
 * A guest of bytes on the foreign door: its memory, its messages and its signals, written by hand.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type * as vmbus from "../../mod.ts";
import { ByteRing } from "./byte_ring.ts";
import { words } from "./held_link.ts";

/** How a guest of bytes is made. */
export interface ByteGuestOptions {
  readonly name?: string;
  /** Guest address of its first byte. */
  readonly base?: number;
  readonly memory?: ArrayBuffer | SharedArrayBuffer;
  readonly vtl?: number;
  readonly processors?: number;
}

/** Pages of the memory that it makes for itself. */
const PAGES = 16;

/** A guest that somebody else wrote. */
export class ByteGuest {
  readonly memory: ArrayBuffer | SharedArrayBuffer;
  readonly base: number;
  readonly door: vmbus.ForeignGuest;
  /** What it was told, and where. */
  readonly heard: { bytes: Uint8Array; target: vmbus.SynicPlace }[] = [];
  /** How it was interrupted: `vp sint flag`. */
  readonly signals: string[] = [];
  /** Its own ring and the host's, in pages 0 to 3. */
  readonly upstream: ByteRing;
  readonly downstream: ByteRing;
  /** Hears of each interrupt. */
  onSignal: () => void = () => {};
  /** Where it posts its messages. */
  connectionId = 1;

  readonly #vtl: number;

  constructor(fabric: vmbus.Fabric, options: ByteGuestOptions = {}) {
    const { name = "foreign", base = 0, memory = new ArrayBuffer(PAGES * 4096), vtl = 0 } = options;
    const { processors = 1 } = options;
    this.memory = memory;
    this.base = base;
    this.#vtl = vtl;
    this.upstream = new ByteRing(memory, 0, 1);
    this.downstream = new ByteRing(memory, 2 * 4096, 1);
    this.door = fabric.attachForeignGuest({
      name,
      memory,
      memoryBase: base,
      vtl,
      processors,
      onMessage: (bytes, target) => void this.heard.push({ bytes, target }),
      onSignal: (vp, sint, flag) => {
        this.signals.push(`${vp} ${sint} ${flag}`);
        this.onSignal();
      },
    });
  }

  /**
   * InitiateContact, short, without pages: below 5.0 over connection 1, from then on over 4, for SINT 2
   * (wire.md 4.1, 4.2).
   */
  contact(version: number, features = 0): void {
    const isMulticlient = version >= 0x5_0000;
    this.connectionId = isMulticlient ? 4 : 1;
    const target = isMulticlient
      ? [2 | (version > 0x5_0000 ? this.#vtl << 8 : 0), features]
      : [0, 0];
    this.say(14, 0, version, 0, ...target, 0, 0, 0, 0);
  }

  /** Contact, RequestOffers. */
  connect(version = 0x4_0000): void {
    this.contact(version);
    this.say(3, 0);
  }

  /** Says a message of whole words. */
  say(...message: readonly number[]): void {
    this.post(words(...message));
  }

  /** Says bytes. */
  post(bytes: Uint8Array): void {
    assertEquals(this.door.postMessage(bytes, this.connectionId), null);
  }

  /** What it was told since it looked last. */
  take(): Uint8Array[] {
    return this.heard.splice(0).map(({ bytes }) => bytes);
  }

  /** Describes `count` pages from `page` on as GPADL `gpadlId` of a channel: one header (wire.md 3.2). */
  describe(channelId: number, gpadlId: number, page: number, count: number): void {
    const byteLength = 8 * (1 + count);
    const message = new Uint8Array(20 + byteLength);
    message.set(words(8, 0, channelId, gpadlId, byteLength | 1 << 16));
    const view = new DataView(message.buffer);
    view.setUint32(20, count * 4096, true);
    for (let at = 0; at < count; at++) {
      view.setBigUint64(28 + 8 * at, BigInt(this.base / 4096 + page + at), true);
    }
    this.post(message);
  }

  /** Opens a channel over GPADL `gpadlId`: four pages, of which the last two are the host's ring. */
  open(channelId: number, openId: number, gpadlId: number, targetVp = 0): void {
    this.upstream.initialize();
    this.downstream.initialize();
    const message = new Uint8Array(148);
    message.set(words(5, 0, channelId, openId, gpadlId, targetVp, 2));
    this.post(message);
  }
}
