/**
 * Bytes field by field, whatever they are: what the command `decode` shows of them.
 *
 * @module
 */

import { MESSAGE_NUMBER_MAX } from "../../core/control/versions.ts";
import { CONTROL_PAGE } from "../../core/ring/layouts.ts";
import { Damage, type DecodedFields } from "../../core/layout/mod.ts";
import { isRingIndex } from "../../core/ring/layout.ts";
import { PAGE_BYTES } from "../../core/units.ts";
import { fieldsOfControlMessage, messageNumberOf } from "./control_message.ts";
import { fieldsOfGpadl } from "./gpadl.ts";
import { fieldsOfPacket, type PacketForm } from "./packet.ts";
import type { DecodedDamage } from "./parts.ts";
import { fieldsOfInterruptPage, fieldsOfMonitorPage } from "./signal_pages.ts";
import { type DecodedRing, fieldsOfRing, fieldsOfRings, type RingPacket } from "./ring.ts";

/** What bytes may be: see {@linkcode DecodeForm.kind}. */
export const BYTES_KINDS = [
  "message",
  "packet",
  "ring",
  "rings",
  "gpadl",
  "monitorPage",
  "interruptPage",
] as const;

/** One of {@linkcode BYTES_KINDS}. */
export type BytesKind = typeof BYTES_KINDS[number];

/** How bytes are to be read. */
export interface DecodeForm extends PacketForm {
  /**
   * What they are: a control message; a packet as it lies in a ring; a ring, its control page first; both rings of a
   * channel, as its GPADL has them; the messages that describe a GPADL, each in a list of bytes of its own; a monitor
   * page; an interrupt page. Default: what they look like, which is no page of signals, as any bytes may be one.
   */
  readonly kind?: BytesKind;
  /** The page at which the second ring begins. Default: the one in the middle. */
  readonly downstreamPageOffset?: number;
}

/** Some of the bytes. */
export interface DecodedPart extends DecodedFields {
  /** What they are, in one line. */
  readonly title: string;
  /** Of a packet in a ring: where in the ring's data area it begins. */
  readonly index?: number;
}

/** Bytes, field by field. */
export interface DecodedBytes {
  /** What they were read as. */
  readonly kind: BytesKind;
  /** Whether nobody said so: they look like it. */
  readonly isGuess: boolean;
  /** Their parts, in order. */
  readonly parts: readonly DecodedPart[];
  /** What is wrong with them: of several things the first. */
  readonly damage: DecodedDamage | null;
}

/** Before here a control page has its fields, behind it nothing but zeros (wire.md 1.2). */
const CONTROL_FIELDS_BYTES = 72;

/** Whether `page` may be a control page of a ring of `dataBytes`. */
function isControlPage(page: Uint8Array, dataBytes: number): boolean {
  const control = CONTROL_PAGE.decode(page.subarray(0, PAGE_BYTES));
  return !(control instanceof Damage) && isRingIndex(control.writeIndex, dataBytes) &&
    isRingIndex(control.readIndex, dataBytes) &&
    page.subarray(CONTROL_FIELDS_BYTES, PAGE_BYTES - 8).every((byte) => byte === 0);
}

/** What `bytes` look like. */
function kindOf(bytes: Uint8Array): Exclude<BytesKind, "gpadl"> {
  const half = bytes.length / 2;
  if (bytes.length >= 2 * PAGE_BYTES) {
    const isHalf = half % PAGE_BYTES === 0 && half >= 2 * PAGE_BYTES;
    return isHalf && isControlPage(bytes.subarray(half), half - PAGE_BYTES) ? "rings" : "ring";
  }
  const head = new Uint8Array(4);
  head.set(bytes.subarray(0, 4));
  const number = messageNumberOf(head);
  // A packet has the words before its payload in the upper half: no message has so high a number.
  return number > 0 && number <= MESSAGE_NUMBER_MAX ? "message" : "packet";
}

function partsOfRing(ring: DecodedRing, name: string): DecodedPart[] {
  const { controlPage, dataBytes, usedBytes, packets, stale, damage } = ring;
  const { fields } = controlPage;
  const size = `${dataBytes} bytes of data, ${usedBytes} of them unread`;
  const packetPart = (packet: RingPacket, what: string): DecodedPart => ({
    ...packet,
    title: `${what} at index ${packet.index}: ${packet.text}`,
  });
  const inPackets = packets.some((packet) => packet.damage !== null);
  return [
    { ...controlPage, fields, title: `${name}: ${size}`, damage: inPackets ? null : damage },
    ...stale.map((packet) => ({ ...packetPart(packet, "read already, packet"), damage: null })),
    ...packets.map((packet) => packetPart(packet, "packet")),
  ];
}

/** Parts, and what is wrong with them. */
type Parts = Pick<DecodedBytes, "parts" | "damage">;

function partsOf(
  kind: Exclude<BytesKind, "gpadl">,
  bytes: Uint8Array,
  form: DecodeForm,
): Parts {
  switch (kind) {
    case "message": {
      const found = fieldsOfControlMessage(bytes);
      const title = `control message, ${bytes.length} bytes`;
      return { parts: [{ ...found, title }], damage: found.damage };
    }
    case "packet": {
      const found = fieldsOfPacket(bytes, form);
      return { parts: [{ ...found, title: `packet: ${found.text}` }], damage: found.damage };
    }
    case "ring": {
      const ring = fieldsOfRing(bytes, form);
      return { parts: partsOfRing(ring, "ring"), damage: ring.damage };
    }
    case "rings": {
      const middle = form.downstreamPageOffset ?? Math.floor(bytes.length / 2 / PAGE_BYTES);
      const { upstream, downstream } = fieldsOfRings(bytes, middle, form);
      return {
        parts: [
          ...partsOfRing(upstream, "ring of the guest to the host"),
          ...partsOfRing(downstream, "ring of the host to the guest"),
        ],
        damage: upstream.damage ?? downstream.damage,
      };
    }
    case "monitorPage": {
      const page = fieldsOfMonitorPage(bytes);
      return { parts: [page], damage: page.damage };
    }
    case "interruptPage": {
      const page = fieldsOfInterruptPage(bytes);
      return { parts: [page], damage: page.damage };
    }
  }
}

function partsOfGpadl(messages: readonly Uint8Array[]): Parts {
  const { messages: shown, ranges, fault } = fieldsOfGpadl(messages);
  const parts = shown.map((message, at) => ({ ...message, title: `message ${at + 1}` }));
  const whole = fault === null ? null : { offset: 0, reason: fault };
  const damage = shown.find((message) => message.damage !== null)?.damage ?? ranges.damage ?? whole;
  const title = "ranges, from the first word on";
  return { parts: [...parts, { ...ranges, title, damage: ranges.damage ?? whole }], damage };
}

/**
 * What the bytes of `items` are, field by field. Each item is decoded for itself, but for the messages of a GPADL, which
 * together are one. It never throws: damaged bytes give what can be told, and the damage.
 */
export function decodeBytes(
  items: readonly Uint8Array[],
  form: DecodeForm = {},
): readonly DecodedBytes[] {
  const { kind: told } = form;
  const isGuess = told === undefined;
  if (told === "gpadl") return [{ kind: told, isGuess, ...partsOfGpadl(items) }];
  return items.map((bytes) => {
    const kind = told ?? kindOf(bytes);
    return { kind, isGuess, ...partsOf(kind, bytes, form) };
  });
}
