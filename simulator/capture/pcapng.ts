/**
 * Blocks of a pcapng file, as far as captures have them: a section, its interfaces, and packets with comments
 * (draft-ietf-opsawg-pcapng). Little-endian, as VMBus is.
 *
 * @module
 */

import { PACKAGE_VERSION } from "../artefacts/package_version.ts";
import { CAPTURE_HEADER, type CaptureInterface, type CaptureRecord } from "./record.ts";

/** Types of blocks. */
export const BLOCK = { section: 0x0a0d_0d0a, interface: 1, packet: 6 } as const;
/** Codes of options. */
export const OPTION = {
  end: 0,
  comment: 1,
  /** Of a section. */
  application: 4,
  /** Of an interface. */
  name: 2,
  /** Of an interface. */
  description: 3,
  /** Of an interface. */
  timeResolution: 9,
  /** Of a packet. */
  flags: 2,
} as const;
/** What a section says to tell little-endian from big. */
export const BYTE_ORDER_MAGIC = 0x1a2b_3c4d;
/** The link type of records: Wireshark's USER0, on which `tools/vmbus.lua` puts its dissector. */
export const LINK_TYPE = 147;
/** A unit of time is 10^-7 s. */
export const TIME_DIGITS = 7;
/** Bytes of a block around its body: type and length before it, length behind it. */
export const BLOCK_FRAME_BYTES = 12;
/** Bytes of an interface's body before its options. */
export const INTERFACE_BYTES = 8;
/** Bytes of a packet's body before its data. */
export const PACKET_BYTES = 20;
/** Bytes of a packet's data that Wireshark takes: it refuses a whole file for more. What is behind them is left out. */
const DATA_BYTES_MAX = 262_144;
/** The flags of a packet: it came in, or went out, as the guest sees it. */
const FLAG_INBOUND = 1;
const FLAG_OUTBOUND = 2;
/** An option's length is a u16. */
const OPTION_BYTES_MAX = 0xffff;
const U32_COUNT = 0x1_0000_0000;

const encoder = new TextEncoder();

/** `byteCount` with what fills it up to words of 4 bytes. */
export function padded(byteCount: number): number {
  return byteCount + 3 & ~3;
}

/** One option, with its padding. */
function option(code: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + padded(value.length));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, code, true);
  view.setUint16(2, value.length, true);
  bytes.set(value, 4);
  return bytes;
}

/** An option of text: whole characters of it, as many as there is room for. */
function textOption(code: number, text: string): Uint8Array {
  const bytes = encoder.encode(text);
  if (bytes.length <= OPTION_BYTES_MAX) return option(code, bytes);
  const { written } = encoder.encodeInto(text, bytes.subarray(0, OPTION_BYTES_MAX));
  return option(code, bytes.subarray(0, written));
}

/** The options that a block ends with; none take no bytes. */
function optionList(options: readonly Uint8Array[]): readonly Uint8Array[] {
  return options.length === 0 ? [] : [...options, option(OPTION.end, new Uint8Array(0))];
}

/** The block of type `type`, whose parts are whole words. */
function block(type: number, parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const byteCount = parts.reduce((sum, part) => sum + part.length, BLOCK_FRAME_BYTES);
  const bytes = new Uint8Array(byteCount);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, byteCount, true);
  let at = 8;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  view.setUint32(at, byteCount, true);
  return bytes;
}

/** What a file begins with. */
export function sectionBlock(): Uint8Array<ArrayBuffer> {
  const body = new Uint8Array(16);
  const view = new DataView(body.buffer);
  view.setUint32(0, BYTE_ORDER_MAGIC, true);
  view.setUint16(4, 1, true); // version 1.0
  view.setBigInt64(8, -1n, true); // nobody knows how long the section will be
  const application = textOption(OPTION.application, `@vmbus/kmcl ${PACKAGE_VERSION}`);
  return block(BLOCK.section, [body, ...optionList([application])]);
}

/** What stands in an interface's description between what it is and its run. */
const RUN = "; run: ";

/** The description of an interface in two: what it is, and its run. */
export function readDescription(text: string): Omit<CaptureInterface, "name"> {
  const at = text.indexOf(RUN);
  if (at < 0) return { description: text };
  return { description: text.slice(0, at), run: text.slice(at + RUN.length) };
}

/** Says that there is an interface: the first one is 0, and so on. */
export function interfaceBlock(
  { name, description, run }: CaptureInterface,
): Uint8Array<ArrayBuffer> {
  const body = new Uint8Array(INTERFACE_BYTES);
  new DataView(body.buffer).setUint16(0, LINK_TYPE, true); // and a snap length of 0: no limit
  const what = description.replaceAll(RUN, " "); // a guest may be called anything
  return block(BLOCK.interface, [
    body,
    ...optionList([
      textOption(OPTION.name, name),
      textOption(OPTION.description, run === undefined ? what : what + RUN + run),
      option(OPTION.timeResolution, Uint8Array.of(TIME_DIGITS)),
    ]),
  ]);
}

/** A record. */
export function recordBlock(record: CaptureRecord): Uint8Array<ArrayBuffer> {
  const { at100ns, header, comments, missingBytes = 0 } = record;
  const head = CAPTURE_HEADER.encode(header);
  const bytes = record.bytes.subarray(0, DATA_BYTES_MAX - head.length);
  const byteCount = head.length + bytes.length;
  const body = new Uint8Array(PACKET_BYTES + padded(byteCount));
  const view = new DataView(body.buffer);
  view.setUint32(0, record.interface, true);
  view.setUint32(4, Math.floor(at100ns / U32_COUNT), true);
  view.setUint32(8, at100ns % U32_COUNT, true);
  view.setUint32(12, byteCount, true);
  view.setUint32(16, head.length + record.bytes.length + missingBytes, true);
  body.set(head, PACKET_BYTES);
  body.set(bytes, PACKET_BYTES + head.length);
  const flags = new Uint8Array(4);
  flags[0] = header.direction === "toHost" ? FLAG_OUTBOUND : FLAG_INBOUND;
  return block(BLOCK.packet, [
    body,
    ...optionList([
      ...comments.map((text) => textOption(OPTION.comment, text)),
      option(OPTION.flags, flags),
    ]),
  ]);
}
