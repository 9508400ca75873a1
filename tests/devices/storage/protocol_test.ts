/** Storage packets, byte for byte: storage.md, sections 1 to 4. */

import { assertEquals, assertThrows } from "@std/assert";
import { Damage } from "../../../core/layout/mod.ts";
import { fromHex } from "../../support/decoded_lines.ts";
import {
  answerBytesOf,
  decodeStorageRequest,
  encodeNotification,
  encodeStorageAnswer,
  encodeStorageRequest,
  ntStatusOf,
  packetBytesOf,
  PROPERTIES_ANSWER,
  SCSI_STATUSES,
  SRB_ANSWER,
  SRB_STATUSES,
  type SrbRequest,
  type SrbStatus,
  srbStatusOf,
  STORAGE_ANSWERS,
  STORAGE_OPERATIONS,
  STORAGE_REQUESTS,
  STORAGE_VERSIONS,
  type StorageOperation,
  VERSION_ANSWER,
} from "../../../devices/storage/mod.ts";

/** READ(10) of 8 blocks from block 8 on, as the document has it. */
const READ: SrbRequest = {
  operation: "executeSrb",
  flags: 1,
  status: 0,
  srbBytes: 0x34,
  srbStatus: 0,
  scsiStatus: 0,
  portNumber: 0,
  pathId: 0,
  targetId: 0,
  lun: 0,
  cdbBytes: 10,
  senseBytes: 0x14,
  direction: 1,
  dataTransferBytes: 4096,
  cdb: fromHex("28 00 00000008 00 0008 00 000000000000"),
  queueTag: 0,
  queueAction: 0,
  srbFlags: 0x48,
  timeoutSeconds: 60,
  queueSortKey: 0,
};
const READ_HEX = `03000000 01000000 00000000 3400 00 00 00 00 00 00 0a 14 01 00 00100000
  28000000000800000800000000000000 00000000 0000 00 00 48000000 3c000000 00000000`;

Deno.test("encodeStorageRequest: an SRB has the bytes of the document, long and short", () => {
  // storage.md P1, P5.
  assertEquals(encodeStorageRequest(READ, 64).toHex(), fromHex(READ_HEX).toHex());
  const {
    queueTag: _,
    queueAction: _1,
    srbFlags: _2,
    timeoutSeconds: _3,
    queueSortKey: _4,
    ...short
  } = READ;
  assertEquals(encodeStorageRequest(short, 48).toHex(), fromHex(READ_HEX).toHex().slice(0, 96));
  assertThrows(() => encodeStorageRequest(READ, 48), RangeError);
  assertEquals(decodeStorageRequest(fromHex(READ_HEX), 64), READ);
});

Deno.test("encodeStorageRequest: each operation has its number, and 0 behind its fields", () => {
  // storage.md P2.
  const numbers = [3, 4, 5, 6, 7, 8, 9, 10, 13];
  assertEquals(Object.values(STORAGE_REQUESTS), numbers);
  assertEquals(Object.values(STORAGE_OPERATIONS).sort((a, b) => a - b), [
    ...Array(14).keys().map((n) => n + 1),
  ]);
  const header = { flags: 1, status: 0 };
  const begin = encodeStorageRequest({ operation: "beginInitialization", ...header }, 64);
  assertEquals(begin.toHex(), "0700000001000000".padEnd(128, "0"));
  const version = { operation: "queryProtocolVersion", ...header, version: 0x600, revision: 0 };
  const query = encodeStorageRequest(version as never, 48);
  assertEquals(query.toHex(), "09000000010000000000000000060000".padEnd(96, "0"));
  const create = { operation: "createSubChannels", ...header, subChannels: 3 } as const;
  assertEquals(
    encodeStorageRequest(create, 64).toHex(),
    "0d00000001000000000000000300".padEnd(128, "0"),
  );
});

Deno.test("decodeStorageRequest: what is not there counts as 0, what is too much is ignored", () => {
  // storage.md P3.
  for (const length of [12, 16, 28, 48, 64, 72]) {
    const packet = new Uint8Array(80).fill(0xee);
    packet.set(fromHex(READ_HEX));
    const read = decodeStorageRequest(packet, length) as SrbRequest;
    assertEquals(read.cdb[0], length > 28 ? 0x28 : 0, `${length} bytes`);
    assertEquals(read.timeoutSeconds, length > 56 ? 60 : 0, `${length} bytes`);
  }
  for (const length of [0, 4, 11]) {
    const damage = decodeStorageRequest(new Uint8Array(16), length);
    assertEquals(damage instanceof Damage && damage.kind, "tooShort");
  }
});

Deno.test("decodeStorageRequest: an operation that is no guest's is damage", () => {
  // storage.md I6.
  for (const operation of [0, 1, 2, 11, 12, 14, 15, 99, 0xffff_ffff]) {
    const packet = new Uint8Array(64);
    new DataView(packet.buffer).setUint32(0, operation, true);
    const damage = decodeStorageRequest(packet, 64);
    assertEquals(damage instanceof Damage && damage.kind, "unknownTag", `${operation}`);
  }
});

Deno.test("answerBytesOf: an answer is as long as its request, and at most a long packet", () => {
  // storage.md P4.
  assertEquals([16, 48, 56, 64, 72].map(answerBytesOf), [16, 48, 56, 64, 64]);
  assertEquals(Object.values(STORAGE_VERSIONS).map(packetBytesOf), [48, 48, 64, 64, 64]);
});

Deno.test("encodeStorageAnswer: the answers have the bytes of the document", () => {
  // storage.md, section 10.
  const header = { flags: 0, status: 0 };
  const version = encodeStorageAnswer(
    VERSION_ANSWER,
    { ...header, version: 0x600, revision: 0 },
    64,
  );
  assertEquals(version.toHex(), "01000000000000000000000000060000".padEnd(128, "0"));
  const properties = { ...header, subChannelsMax: 3, propertyFlags: 1, transferBytesMax: 0x40000 };
  assertEquals(
    encodeStorageAnswer(PROPERTIES_ANSWER, properties, 64).toHex(),
    fromHex("01000000 0000000000000000 00000000 0300 0000 01000000 00000400").toHex().padEnd(
      128,
      "0",
    ),
  );
  const failed = {
    ...READ,
    ...header,
    status: 0xc0000185,
    srbStatus: 0x86,
    scsiStatus: 2,
    cdbBytes: 16,
    direction: 0,
    dataTransferBytes: 0,
    sense: fromHex("7000050000 00000a00000000 2100 00000000 0000"),
  };
  const bytes = `01000000 00000000 850100c0 3400 86 02 00000000 10 14 00 00 00000000
    7000050000 00000a00000000 2100 00000000 0000`;
  assertEquals(
    encodeStorageAnswer(SRB_ANSWER, failed, 64).toHex(),
    fromHex(bytes).toHex().padEnd(128, "0"),
  );
  assertEquals(
    encodeStorageAnswer(SRB_ANSWER, failed, 16).toHex(),
    fromHex(bytes).toHex().slice(0, 32),
  );
});

Deno.test("encodeNotification: a change of LUNs, and an event", () => {
  // storage.md P2, H3.
  const header = { flags: 0, status: 0 };
  const change = encodeNotification({ operation: "enumerateBus", ...header }, 64);
  assertEquals(change.toHex(), "0b".padEnd(128, "0"));
  const address = { lun: 1, targetId: 2, pathId: 3, eventFlags: 4 };
  const event = encodeNotification({ operation: "eventNotification", ...header, ...address }, 48);
  assertEquals(event.toHex(), `0e${"0".repeat(22)}01020304`.padEnd(96, "0"));
});

Deno.test("ntStatusOf: each SRB status has the NTSTATUS of the table", () => {
  // storage.md S2, S6.
  assertEquals(Object.values(SCSI_STATUSES), [0x00, 0x02, 0x08, 0x18, 0x40]);
  const statuses: Readonly<Record<string, readonly SrbStatus[]>> = {
    "0": ["success"],
    "c0000120": ["aborted"],
    "80000011": ["busy"],
    "c00000c0": ["noDevice", "noHba", "invalidLun", "invalidTargetId"],
    "c00000b5": ["timeout", "commandTimeout"],
    "c000009d": ["selectionTimeout"],
    "80000005": ["dataOverrun"],
    "c0000010": ["badSrbBlockLength", "badFunction"],
    "c0000001": ["requestFlushed"],
  };
  const listed = new Map(
    Object.entries(statuses).flatMap(([hex, names]) => names.map((name) => [name, hex] as const)),
  );
  for (const name of Object.keys(SRB_STATUSES) as SrbStatus[]) {
    assertEquals(ntStatusOf(name).toString(16), listed.get(name) ?? "c0000185", name);
    assertEquals(srbStatusOf(SRB_STATUSES[name] | 0xc0), name);
  }
  assertEquals(srbStatusOf(0x3f), null);
});

Deno.test("STORAGE_REQUESTS: each has an answer", () => {
  const names = Object.keys(STORAGE_REQUESTS) as StorageOperation[];
  assertEquals(Object.keys(STORAGE_ANSWERS).sort(), names.sort());
});
