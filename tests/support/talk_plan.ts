/**
 * What the loadable pair of the tests of saving talks about: numbered transactions whose every property
 * follows from their channel, their sender and their number, so that any stage of the talk can be told in
 * plain data, and each outcome compared with that of another run.
 *
 * @module
 */

import type { Treatment } from "./treatment.ts";

/** What a transaction is. */
export type TalkKind =
  /** No completion is asked for. */
  | "post"
  /** A completion is asked for. */
  | "ask"
  /** The same, and guest memory goes with it. */
  | "lend"
  /** Tells the server the handle of a GPADL. */
  | "share"
  /** Has the receiver complete at once; of no account otherwise. */
  | "nudge";

/** What the receiver does with it; one that it holds it keeps until a nudge of its own has come back. */
type TalkTreat = Extract<Treatment, "complete" | "hold" | "defer">;

const KINDS: readonly TalkKind[] = ["post", "ask", "lend", "share", "nudge"];
const TREATS: readonly TalkTreat[] = ["complete", "hold", "defer"];

/** One transaction of the plan. */
export interface Talk {
  readonly kind: TalkKind;
  readonly treat: TalkTreat;
  /** Whether the pages that are lent are paged out before they are sent. */
  readonly isPagedOut: boolean;
  /** Whether the receiver, if it may, takes some time before it completes. */
  readonly isSlow: boolean;
  /** Whether it is sent in a packet object that was made with VmbPacketInitialize. */
  readonly isInitialized: boolean;
  readonly payload: Uint8Array;
}

/** Bytes of memory that go with a packet of kind `lend`, and where they begin in their buffer. */
export const LENT_BYTES = 600;
/** Offset of the lent bytes in their first page. */
export const LENT_OFFSET = 4000;

const HEADER_BYTES = 12;

/** A number that looks drawn, from other numbers. */
export function drawn(...numbers: readonly number[]): number {
  let hash = 0x811c_9dc5;
  for (const number of numbers) {
    hash = Math.imul(hash ^ number, 0x0100_0193) >>> 0;
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b_3c6d) >>> 0;
  }
  return (hash ^ (hash >>> 13)) >>> 0;
}

/** `byteCount` bytes that look drawn. */
export function drawnBytes(byteCount: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(byteCount);
  for (let at = 0; at < byteCount; at++) bytes[at] = Math.imul(at ^ seed, 0x9e37_79b1) >>> 24;
  return bytes;
}

/** A checksum of bytes, as text. */
export function sumOf(...parts: readonly Uint8Array[]): string {
  let hash = 0x811c_9dc5;
  for (const part of parts) {
    for (const byte of part) hash = Math.imul(hash ^ byte, 0x0100_0193) >>> 0;
  }
  return hash.toString(16);
}

function payloadOf(
  kind: TalkKind,
  treat: TalkTreat,
  isSlow: boolean,
  number: number,
  value: number,
  byteCount: number,
): Uint8Array {
  const payload = drawnBytes(HEADER_BYTES + byteCount, number);
  const view = new DataView(payload.buffer);
  view.setUint32(0, number, true);
  view.setUint32(4, value, true);
  payload.set([KINDS.indexOf(kind), TREATS.indexOf(treat), isSlow ? 1 : 0, 0], 8);
  return payload;
}

/** What the header of a payload says. */
export interface TalkHeader {
  readonly number: number;
  readonly value: number;
  readonly kind: TalkKind;
  readonly treat: TalkTreat;
  readonly isSlow: boolean;
}

/** Reads the header of a payload. */
export function headerOf(payload: Uint8Array): TalkHeader {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  return {
    number: view.getUint32(0, true),
    value: view.getUint32(4, true),
    kind: KINDS[payload[8]!]!,
    treat: TREATS[payload[9]!]!,
    isSlow: payload[10] === 1,
  };
}

/** Transaction `number` of one side of channel `channel`. */
export function talkOf(side: "server" | "client", channel: number, number: number): Talk {
  const draw = drawn(side === "server" ? 1 : 2, channel, number);
  const kindDraw = draw % 8;
  const kind: TalkKind = kindDraw < 2 ? "post" : kindDraw < 4 && side === "client" ? "lend" : "ask";
  const treat = TREATS[Math.max((draw >>> 3) % 6 - 3, 0)]!;
  const isSlow = (draw >>> 6) % 3 === 0;
  const byteCount = (draw >>> 9) % 4 === 0 ? 1900 : (draw >>> 9) % 300;
  return {
    kind,
    treat,
    isPagedOut: kind === "lend" && (draw >>> 20) % 2 === 0,
    isSlow,
    isInitialized: side === "client" && number % 7 === 3,
    payload: payloadOf(kind, treat, isSlow, number, 0, byteCount),
  };
}

/** The client's first packet. */
export function shareTalk(gpadlHandle: number): Talk {
  return {
    kind: "share",
    treat: "complete",
    isPagedOut: false,
    isSlow: false,
    isInitialized: false,
    payload: payloadOf("share", "complete", false, 0, gpadlHandle, 0),
  };
}

/** A packet that has its receiver complete it at once. */
export const NUDGE: Uint8Array = payloadOf("nudge", "complete", false, 0, 0, 0);

/** The bytes that go with client transaction `number`. */
export function lentBytes(channel: number, number: number): Uint8Array {
  return drawnBytes(LENT_BYTES, drawn(3, channel, number));
}
