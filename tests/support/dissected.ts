/**
 * Records in tshark with the dissector of this package, and what the decoder says of the same bytes.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { fieldsOf, type Layout } from "../../core/layout/mod.ts";
import {
  type CaptureHeader,
  type CaptureRecord,
  type DecodedField,
  readCapture,
} from "../../simulator/mod.ts";
import { CaptureWriter } from "../../simulator/capture/capture_writer.ts";
import { CAPTURE_HEADER_BYTES, captureHeader } from "../../simulator/capture/record.ts";
import { fieldsOfControlMessage } from "../../simulator/decoding/control_message.ts";
import { fieldsOfPacket } from "../../simulator/decoding/packet.ts";
import { runTool } from "./installed.ts";
import { shownBy, type ShownField } from "./pdml.ts";
import { withTree } from "./temp_tree.ts";

/** The header of a message to the host, of no agreed version. */
export const PLAIN_HEADER: CaptureHeader = captureHeader({ kind: "message", bus: 1 });

/** The file of records: one interface has all of them. */
export function fileOfRecords(
  records: readonly (Pick<CaptureRecord, "header" | "bytes"> & Partial<CaptureRecord>)[],
): Uint8Array {
  const pieces: Uint8Array[] = [];
  const writer = new CaptureWriter((bytes) => void pieces.push(bytes));
  writer.addInterface({ name: "test", description: "records of a test" });
  for (const record of records) {
    writer.add({ at100ns: 0, comments: [], ...record, interface: 0 });
  }
  writer.flush();
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}

/** What tshark shows of each record of a file, with the dissector. */
export async function dissected(file: Uint8Array): Promise<readonly (readonly ShownField[])[]> {
  return await withTree({ "a.pcapng": file }, async (root) => {
    const args = ["-2", "-X", "lua_script:tools/vmbus.lua", "-r", `${root}/a.pcapng`, "-T", "pdml"];
    const { code, stdout, stderr } = await runTool("tshark", args);
    assertEquals([code, stderr.replace(/^Running as user .*\n/, "")], [0, ""]);
    return shownBy("vmbus", stdout);
  });
}

/** What tshark adds to fields of the layouts. */
const ADDED = ["_ws.expert", "vmbus.device", "vmbus.transaction", "vmbus.device_data"];

const ownFields = (fields: readonly ShownField[]) =>
  fields.filter(({ name }) => !ADDED.includes(name));

/** Whether the field or one inside it has the name. */
export function hasShown(fields: readonly ShownField[], name: string): boolean {
  return fields.some((field) => field.name === name || hasShown(field.fields, name));
}

/** A line as both can have it: number, name, and what its value is. */
function partsOfDecoded({ text, value }: DecodedField): readonly string[] {
  const [number] = /^(?:0x[0-9a-f]+|\d+)(?= |$)/.exec(text) ?? [];
  if (typeof value === "boolean") return [value ? "true" : "false"];
  if (number === undefined || value === null) return [];
  const [, name] = / \(([^)]*)\)$/.exec(text) ?? [];
  return [
    String(BigInt(number)),
    ...name === undefined ? [] : [name.replace(/,? ?0x.* unknown$/, "")],
  ];
}

function checkLine(field: DecodedField, shown: ShownField, place: string): void {
  const { name, text, value, fields } = field;
  const { line, show } = shown;
  if (!/^\[\d+\]$/.test(name)) assertEquals(line.includes(name), true, `${place}: ${line}`);
  if (fields !== undefined || text === "nil") return;
  if (text.startsWith(String(value)) && /^[0-9a-f]{8}-/.test(text)) {
    return assertEquals(show, text, place);
  }
  if (typeof value === "string" && /^(?:no bytes$|\d+ bytes?(?:: | of 0$))/.test(text)) {
    if (field.byteCount > 0) assertEquals(show.replaceAll(":", ""), value, place);
    return;
  }
  const [number, said] = partsOfDecoded(field);
  if (number === "true" || number === "false") {
    assertEquals(/^(?:1|true)$/i.test(show), value, place);
  } else if (number !== undefined) {
    assertEquals(String(BigInt(show)), number, `${place}: ${line}`);
    if (said) assertEquals(line.includes(said), true, `${place}: ${line} does not say ${said}`);
  }
}

/** Checks that tshark shows the fields that the decoder does: names, places, sizes and values. */
export function checkFields(
  fields: readonly DecodedField[],
  shown: readonly ShownField[],
  place = "",
): void {
  const own = ownFields(shown);
  const lines = own.map(({ line, pos, size }) => `${pos}+${size} ${line}`);
  assertEquals(
    own.map(({ pos, size }) => [pos - CAPTURE_HEADER_BYTES, size]),
    fields.map(({ offset, byteCount }) => [offset, byteCount]),
    `${place}: ${lines.join("; ")}, and decoded: ${
      fields.map(({ name, text }) => `${name} ${text}`).join("; ")
    }`,
  );
  for (const [at, field] of fields.entries()) {
    const inside = `${place}/${field.name}`;
    // What a tuple's bytes are is what follows their length.
    if (own[at]!.name !== "vmbus.tuple.bytes") checkLine(field, own[at]!, inside);
    if (field.fields !== undefined) checkFields(field.fields, own[at]!.fields, inside);
  }
}

/** Checks one record against the decoder; gives whether it is damaged. */
export function checkRecord(
  { header, bytes }: Pick<CaptureRecord, "header" | "bytes">,
  shown: readonly ShownField[],
): boolean {
  const form = {
    ...header.codec !== "none" && { codec: header.codec },
    isPipe: header.pipe !== "none",
  };
  const isMessage = header.kind === "message";
  const { fields, damage } = isMessage
    ? fieldsOfControlMessage(bytes)
    : fieldsOfPacket(bytes, form);
  const group = shown.find(({ name }) => name === (isMessage ? "vmbus.control" : "vmbus.packet"));
  const place = `${header.kind} ${bytes.toHex()}`;
  assertEquals(group?.pos, CAPTURE_HEADER_BYTES, place);
  checkFields(fields, group!.fields, place);
  const isDamaged = hasShown(group!.fields, "vmbus.malformed") ||
    hasShown(group!.fields, "vmbus.refused");
  assertEquals(isDamaged, damage !== null, `${place}: ${damage?.reason ?? "is well"}`);
  return isDamaged;
}

/** Where the payload of a packet lies in it; null: it has none, or is damaged. */
function payloadOf({ header, bytes }: Pick<CaptureRecord, "header" | "bytes">): Uint8Array | null {
  const { codec, pipe } = header;
  if (codec === "none") return null;
  const { fields, damage } = fieldsOfPacket(bytes, { codec, isPipe: pipe !== "none" });
  const list = codec === "msgpack" ? fields[1]?.fields : fields;
  const found = list?.find(({ name }) => name === (pipe === "none" ? "payload" : "data"));
  if (damage !== null || found === undefined) return null;
  const end = found.offset + found.byteCount;
  return bytes.subarray(end - String(found.value).length / 2, end);
}

/** Checks what tshark shows of a device's payload against `layout`; a packet without one passes. */
export function checkPayload(
  record: Pick<CaptureRecord, "header" | "bytes">,
  shown: readonly ShownField[],
  layout: Layout<unknown>,
): boolean {
  const payload = payloadOf(record);
  if (payload === null || payload.length === 0) return false;
  const start = payload.byteOffset - record.bytes.byteOffset;
  const group = shown.find(({ name }) => name === "vmbus.device_data");
  const { fields } = fieldsOf(layout, payload, start);
  checkFields(fields, group?.fields ?? [], `${layout.name} ${record.bytes.toHex()}`);
  return true;
}

/** Has tshark show a file, and checks each message and packet of it; gives how many of them are damaged. */
export async function checkFile(file: Uint8Array): Promise<number> {
  const { records, damage } = readCapture(file);
  assertEquals(damage, null);
  const all = await dissected(file);
  assertEquals(all.length, records.length);
  return records.filter((record, at) =>
    record.header.kind !== "note" && checkRecord(record, all[at]!)
  ).length;
}
