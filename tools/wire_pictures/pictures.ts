/**
 * The pictures of docs/wire.md, drawn from bytes that this package writes.
 *
 * @module
 */

import { decodeControlMessage, isControlFault } from "../../core/control/codec.ts";
import { OutgoingRing } from "../../core/ring/outgoing.ts";
import { RingMemory } from "../../core/ring/ring_memory.ts";
import { CONTROL_PAGE } from "../../core/ring/layouts.ts";
import { fieldsOf } from "../../core/layout/mod.ts";
import { PACKET_GPA_DIRECT } from "../../core/packet/packet.ts";
import { PAGE_BYTES } from "../../core/units.ts";
import { captured } from "../../simulator/capture/captured.ts";
import { RunCapture } from "../../simulator/capture/capture.ts";
import type { CaptureRecord } from "../../simulator/capture/record.ts";
import { readCapture } from "../../simulator/capture/read_capture.ts";
import { fieldsOfControlMessage } from "../../simulator/decoding/control_message.ts";
import { fieldsOfPacket } from "../../simulator/decoding/packet.ts";
import { runWorld } from "../../simulator/mod.ts";
import {
  controlMessageBytes,
  encodePacket,
  gpadlMessages,
  type PlainPacket,
  rawPacketBytes,
} from "../../simulator/peers/mod.ts";
import { smallEcho } from "../../simulator/scenarios/small/echo.ts";
import { bytesPicture } from "./bytes_picture.ts";
import { ringPicture } from "./ring_picture.ts";

/** The payload of the example that section 10 works out by hand: 1, 8, 15, … */
const PAYLOAD = Uint8Array.from({ length: 13 }, (_, at) => 1 + 7 * at);

/** The bytes of a packet with the trailer that a ring gives it at index 0. */
function packetBytes(packet: PlainPacket): Uint8Array {
  const raw = rawPacketBytes(encodePacket("vmbus", packet));
  const bytes = new Uint8Array(raw.length + 8);
  bytes.set(raw);
  return bytes;
}

function packetPicture(packet: PlainPacket, isPipe = false): readonly string[] {
  const bytes = packetBytes(packet);
  const { fields, text } = fieldsOfPacket(bytes, { isPipe });
  return [text, ...bytesPicture(bytes, fields)];
}

/** A ring of one page of data, in which packets of so many bytes of payload are written from `index` on. */
function ringWith(index: number, payloads: readonly Uint8Array[]): Uint8Array {
  const image = new Uint8Array(2 * PAGE_BYTES);
  new Uint32Array(image.buffer).fill(index, 0, 2);
  const ring = new OutgoingRing(new RingMemory([image]));
  for (const [at, payload] of payloads.entries()) {
    if (ring.reserve(payload.length) !== "ok") throw new Error("Cannot draw a ring: it is full");
    ring.putPayload(ring.bodyStart, payload, 0, payload.length);
    ring.finish(6, 0, 1, 5 + at, 0);
  }
  ring.commit();
  return image;
}

function controlPagePicture(): readonly string[] {
  const image = ringWith(4072, [PAYLOAD]);
  const bytes = image.subarray(0, 72);
  const { fields } = fieldsOf(CONTROL_PAGE, image.subarray(0, PAGE_BYTES));
  return bytesPicture(bytes, fields.filter(({ offset }) => offset < bytes.length));
}

/** The same data area as bytes: the packet of section 10, whose payload continues at its beginning. */
function wrapPicture(): readonly string[] {
  const image = ringWith(4072, [PAYLOAD]);
  const rows = (from: number, count: number) =>
    Array.from({ length: count }, (_, row) => {
      const at = from + 8 * row;
      const start = PAGE_BYTES + at;
      const digits = [...image.subarray(start, start + 8)]
        .map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
      return `${String(at).padStart(4)}  ${digits}`;
    });
  const told = [
    "descriptor: type 6, dataOffset8 2, length8 4, flags 1",
    "transactionId 5",
    "payload, its first 8 bytes; the data area ends here",
    "payload, its last 5 bytes, and 3 of padding",
    "trailer: the packet began at 0xfe8, which is 4072",
  ];
  return [
    ...ringPicture(image),
    ...[...rows(4072, 3), ...rows(0, 2)].map((row, at) => `${row}   ${told[at]}`),
  ];
}

function messagePicture(bytes: Uint8Array): readonly string[] {
  return bytesPicture(bytes, fieldsOfControlMessage(bytes).fields);
}

function gpadlPicture(): readonly string[] {
  const pfns = [0x111, 0x222, 0x333];
  const [header] = gpadlMessages(1, 0xe1e10, [{ byteCount: 3 * PAGE_BYTES, byteOffset: 0, pfns }]);
  return messagePicture(controlMessageBytes(header!));
}

/** What a guest and its host say in a real run: a driver echoes what another one sends. */
async function recordsOfRun(): Promise<readonly CaptureRecord[]> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  const run = new RunCapture((bytes) => pieces.push(bytes));
  await runWorld(captured(smallEcho, run), { seed: 1, codec: "vmbus", isFaulty: false });
  run.close([]);
  return readCapture(new Uint8Array(await new Blob(pieces).arrayBuffer())).records;
}

/** Columns between the two lines of an exchange. */
const FLOW_COLUMNS = 76;

function flowLine({ header, bytes }: CaptureRecord): string {
  const isPacket = header.kind === "packet";
  const message = isPacket ? null : decodeControlMessage(bytes);
  const name = message === null || isControlFault(message)
    ? fieldsOfPacket(bytes).text
    : message.message;
  const id = message === null || isControlFault(message)
    ? ""
    : "channelId" in message
    ? ` ${message.channelId}`
    : "";
  const label = ` ${isPacket ? `ring: ${name}` : `${name}${id}`}, ${bytes.length} bytes `;
  const line = isPacket ? "┄" : "─";
  const rest = line.repeat(FLOW_COLUMNS - label.length - 2);
  return header.direction === "toHost"
    ? `  │${line}${label}${rest}▶│`
    : `  │◀${rest}${label}${line}│`;
}

/** An exchange as lines. */
function flowPicture(records: readonly CaptureRecord[]): readonly string[] {
  return [`guest${" ".repeat(FLOW_COLUMNS - 7)}host`, ...records.map(flowLine)];
}

/** All pictures, by name. */
export async function wirePictures(): Promise<ReadonlyMap<string, readonly string[]>> {
  const records = (await recordsOfRun()).filter(({ header }) => header.kind !== "note");
  const bytesOf = (name: string) =>
    records.find(({ header, bytes }) => {
      const message = header.kind === "message" ? decodeControlMessage(bytes) : "none";
      return typeof message !== "string" && message.message === name;
    })!.bytes;
  const first = records.findIndex(({ header }) => header.kind === "packet");
  const gpaRanges = [{ byteCount: 0x2400, byteOffset: 0x10, pfns: [0x111, 0x222, 0x333] }];
  return new Map([
    ["ring", ringPicture(ringWith(512, [1, 2, 3].map((count) => new Uint8Array(200 * count))))],
    ["control page", controlPagePicture()],
    ["wrap", wrapPicture()],
    [
      "in-band packet",
      packetPicture({ payload: PAYLOAD, transactionId: 5n, completionRequested: true }),
    ],
    [
      "GPA-direct packet",
      packetPicture({
        type: PACKET_GPA_DIRECT,
        payload: Uint8Array.of(1, 2, 3, 4),
        transactionId: 1n,
        completionRequested: true,
        ranges: gpaRanges,
      }),
    ],
    [
      "pipe packet",
      packetPicture({ payload: Uint8Array.of(1, 0, 0, 0, 3, 0, 0, 0, 0x61, 0x62, 0x63) }, true),
    ],
    ["GPADL header", gpadlPicture()],
    ["contact", messagePicture(bytesOf("initiateContact"))],
    ["version response", messagePicture(bytesOf("versionResponse"))],
    ["offer", messagePicture(bytesOf("offerChannel"))],
    ["open request", messagePicture(bytesOf("openChannel"))],
    ["exchange", flowPicture(records.slice(0, first + 2))],
  ]);
}
