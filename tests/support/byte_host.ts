/**
 * A host of bytes on the foreign door: its messages and its signals, written by hand.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type * as vmbus from "../../mod.ts";
import { hexBytes, words } from "./held_link.ts";

/** How a host of bytes is made. */
export interface ByteHostOptions {
  readonly name?: string;
  /** Guest address of the first byte of its guest's memory. */
  readonly base?: number;
  readonly memory?: ArrayBuffer | SharedArrayBuffer;
  /** Whether it answers a GPADL inside the call that describes it. Default true. */
  readonly answers?: boolean;
  readonly waitForMessage?: (host: ByteHost) => boolean;
  /** Options of its guest. */
  readonly guest?: Pick<
    vmbus.ForeignHostOptions,
    "vmbusVersion" | "vmbusFeatures" | "monitorPages" | "isolated"
  >;
  /** Called as pages of an isolated guest become visible, or private again. */
  readonly onVisibility?: (host: ByteHost) => void;
  /** What it says to a contact with its version, from byte 8 on. Default: yes. */
  readonly welcome?: readonly number[];
  /** The version that it speaks; it refuses each other one. Default 5.3. */
  readonly version?: number;
}

/** OfferChannel of channel 5, of the type and instance that tests use, signalled by connection 0x3005 (wire.md 4.4). */
export const OFFER_5 = hexBytes(`
  01000000 00000000  519a9d6da25e9a4f9d0c3f2c7f3b8f10  4e1f7e0c522f574c8a1e0d7b4f1c2a33
  ${"00".repeat(16)}  0000 0000  ${"00".repeat(120)}  0000 0000 05000000 ff 00 0100 05300000`);

/** A host that somebody else wrote. */
export class ByteHost {
  readonly memory: ArrayBuffer | SharedArrayBuffer;
  readonly door: vmbus.ForeignHost;
  /** What it was told, and where. */
  readonly heard: { bytes: Uint8Array; connectionId: number }[] = [];
  /** How it was signalled: `connectionId flag`. */
  readonly signals: string[] = [];
  /** Whether it answers a GPADL inside the call that describes it. */
  answers: boolean;
  /** Sees what it is told, first. */
  onMessage: (bytes: Uint8Array) => void = () => {};
  /** Pages of an isolated guest that it may touch. */
  readonly visible: Set<number> = new Set();
  /** The versions that the guest has tried. */
  readonly tried: number[] = [];
  readonly #version: number;
  readonly #welcomeWords: readonly number[] | null;

  constructor(fabric: vmbus.Fabric, options: ByteHostOptions = {}) {
    const { name = "ours", base = 0, memory = new ArrayBuffer(64 * 4096), waitForMessage } =
      options;
    this.memory = memory;
    this.answers = options.answers ?? true;
    this.#version = options.version ?? 0x5_0003;
    this.#welcomeWords = options.welcome ?? null;
    const { onVisibility } = options;
    this.door = fabric.attachForeignHost({
      name,
      memory,
      memoryBase: base,
      ...options.guest,
      onMessage: (bytes, connectionId) => this.#hear(bytes, connectionId),
      onSignal: (connectionId, flag) => void this.signals.push(`${connectionId} ${flag}`),
      onVisibility: (pfns, isVisible) => {
        for (const pfn of pfns) {
          assertEquals(this.visible.has(pfn), !isVisible);
          if (isVisible) this.visible.add(pfn);
          else this.visible.delete(pfn);
        }
        onVisibility?.(this);
      },
      ...waitForMessage && { waitForMessage: () => waitForMessage(this) },
    });
  }

  #hear(bytes: Uint8Array, connectionId: number): void {
    this.onMessage(bytes);
    if (bytes[0] === 14) return this.#welcome(new Uint32Array(bytes.slice(0, 12).buffer)[2]!);
    this.heard.push({ bytes, connectionId });
    if (this.answers && bytes[0] === 8) this.created(bytes);
  }

  /** Answers a contact: from 5.0 on the guest is to say what it says over connection 9. */
  #welcome(version: number): void {
    this.tried.push(version);
    const isRight = version === this.#version;
    const selected = version >= 0x5_0000 ? 9 : version;
    this.say(15, 0, ...isRight && this.#welcomeWords || [isRight ? 1 : 0, isRight ? selected : 0]);
  }

  /** Accepts the GPADL that a header describes. */
  created(header: Uint8Array, status = 0): void {
    const [, , channelId, gpadlId] = new Uint32Array(header.slice(0, 16).buffer);
    this.say(10, 0, channelId!, gpadlId!, status);
  }

  /** Says a message of whole words. */
  say(...message: readonly number[]): void {
    this.post(words(...message));
  }

  /** Says bytes. */
  post(bytes: Uint8Array): void {
    assertEquals(this.door.postMessage(bytes), null);
  }

  /** What it was told since it looked last. */
  take(): Uint8Array[] {
    return this.heard.splice(0).map(({ bytes }) => bytes);
  }
}
