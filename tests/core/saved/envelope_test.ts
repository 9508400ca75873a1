import { crc32 } from "node:zlib";
import { assert, assertEquals } from "@std/assert";
import { STATUS_DATA_ERROR, STATUS_REVISION_MISMATCH } from "../../../core/ntstatus.ts";
import {
  EnvelopeReader,
  EnvelopeWriter,
  joined,
  readEnvelope,
  type SavedChunk,
  writeEnvelope,
} from "../../../core/saved/envelope.ts";
import { readSaved, SavedStateFault } from "../../../core/saved/fault.ts";

const CHUNKS: readonly SavedChunk[] = [
  { type: 1, data: { name: "disk", pages: [1, 2, 3] } },
  { type: 2, data: Uint8Array.of(1, 2, 3) },
  { type: 2, data: null },
];

function statusOf(read: () => unknown): number | null {
  const outcome = readSaved(read);
  return outcome instanceof SavedStateFault ? outcome.status : null;
}

Deno.test("writeEnvelope: the bytes are those that the document describes", () => {
  const bytes = writeEnvelope("channel", [{ type: 7, data: [5] }]);
  const head = [0x56, 0x4d, 0x42, 0x53, 1, 0, 1, 0];
  const chunk = [7, 0, 0, 0, 2, 0, 0, 0, 0x91, 5];
  const end = [0, 0, 0, 0, 1, 0, 0, 0, 1];
  const sum = (of: number[]) =>
    [0, 8, 16, 24].map((bit) => crc32(Uint8Array.from(of)) >>> bit & 0xff);
  assertEquals([...bytes], [...head, ...chunk, ...sum(chunk), ...end, ...sum(end)]);
  assertEquals([...writeEnvelope("partition", []).subarray(4, 8)], [1, 0, 2, 0]);
});

Deno.test("readEnvelope: gives back the chunks in order", () => {
  assertEquals(readEnvelope("partition", writeEnvelope("partition", CHUNKS)), CHUNKS);
  assertEquals(readEnvelope("channel", writeEnvelope("channel", [])), []);
});

Deno.test("EnvelopeReader: takes whole pieces, any number at a time", () => {
  const writer = new EnvelopeWriter("channel");
  const pieces = [
    writer.header(),
    ...CHUNKS.map(({ type, data }) => writer.chunk(type, data)),
    writer.end(),
  ];
  assertEquals(joined(pieces), writeEnvelope("channel", CHUNKS));
  for (let split = 1; split < pieces.length; split++) {
    const reader = new EnvelopeReader("channel");
    reader.read(joined(pieces.slice(0, split)));
    assertEquals(reader.isComplete, false);
    reader.read(joined(pieces.slice(split)));
    assertEquals(reader.isComplete, true);
    assertEquals(reader.chunks, CHUNKS);
  }
});

Deno.test("readEnvelope: an envelope that is cut short anywhere is damaged", () => {
  const bytes = writeEnvelope("channel", CHUNKS);
  for (let length = 0; length < bytes.length; length++) {
    const status = statusOf(() => readEnvelope("channel", bytes.subarray(0, length)));
    assertEquals(status, STATUS_DATA_ERROR, `${length} bytes`);
  }
});

Deno.test("readEnvelope: every changed byte is found", () => {
  const bytes = writeEnvelope("channel", CHUNKS);
  for (let at = 0; at < bytes.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const changed = bytes.slice();
      changed[at]! ^= 1 << bit;
      const isHeader = at >= 4 && at < 8;
      const expected = isHeader ? STATUS_REVISION_MISMATCH : STATUS_DATA_ERROR;
      assertEquals(statusOf(() => readEnvelope("channel", changed)), expected, `byte ${at}`);
    }
  }
});

Deno.test("readEnvelope: refuses another kind, chunks that are missing, and bytes behind the end", () => {
  const bytes = writeEnvelope("channel", CHUNKS);
  assertEquals(statusOf(() => readEnvelope("partition", bytes)), STATUS_REVISION_MISMATCH);
  const longer = joined([bytes, Uint8Array.of(0)]);
  assertEquals(statusOf(() => readEnvelope("channel", longer)), STATUS_DATA_ERROR);
  const writer = new EnvelopeWriter("channel");
  const header = writer.header();
  const chunk = writer.chunk(1, 1);
  const end = writer.end();
  assertEquals(statusOf(() => readEnvelope("channel", joined([header, chunk, end]))), null);
  for (const wrong of [[header, end], [header, chunk, chunk, end], [chunk, end]]) {
    assertEquals(statusOf(() => readEnvelope("channel", joined(wrong))), STATUS_DATA_ERROR);
  }
});

Deno.test("EnvelopeReader: a length of 4 GiB costs nothing", () => {
  const bytes = writeEnvelope("channel", CHUNKS);
  new DataView(bytes.buffer).setUint32(12, 0xffff_ffff, true);
  assertEquals(statusOf(() => readEnvelope("channel", bytes)), STATUS_DATA_ERROR);
});

Deno.test("readSaved: what is no fault of the bytes is thrown on", () => {
  let caught: unknown = null;
  try {
    readSaved(() => {
      throw new RangeError("ours");
    });
  } catch (error) {
    caught = error;
  }
  assert(caught instanceof RangeError);
});

Deno.test("readEnvelope: a file of something else is called that, however short it is", () => {
  const reasonOf = (bytes: readonly number[]) => {
    const fault = readSaved(() => readEnvelope("channel", Uint8Array.from(bytes)));
    return fault instanceof SavedStateFault ? fault.message : null;
  };
  assertEquals(reasonOf([0x25, 0x50, 0x44]), "this is no saved state");
  assertEquals(reasonOf([0x56, 0x4d]), "the header is cut short");
});

Deno.test("readEnvelope: takes bytes in shared memory", () => {
  const bytes = writeEnvelope("channel", CHUNKS);
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  assertEquals(readEnvelope("channel", shared), CHUNKS);
});
