import { assertEquals, assertThrows } from "@std/assert";
import { BrokenInvariant } from "../../../core/assert.ts";
import {
  PIPE_DATA_MAX,
  PIPE_HEADER_BYTES,
  readPipeHeader,
  writePipeHeader,
} from "../../../core/packet/pipe.ts";
import { bytesOf } from "../../support/packet_frames.ts";

Deno.test("writePipeHeader: writes type 1 and the exact length, and nothing else", () => {
  const target = new Uint8Array(12).fill(0xee);
  writePipeHeader(target, 2, 0x1234);
  // wire.md 2.4
  assertEquals(target, bytesOf("eeee 01000000 34120000 eeee"));
});

Deno.test("writePipeHeader: takes from 0 to 16384 bytes", () => {
  const target = new Uint8Array(PIPE_HEADER_BYTES);
  for (const dataBytes of [0, PIPE_DATA_MAX]) {
    writePipeHeader(target, 0, dataBytes);
    assertEquals(readPipeHeader(target, 0, PIPE_HEADER_BYTES + dataBytes), dataBytes);
  }
  // kmcl.md 7: a longer one is refused before it comes here.
  assertThrows(() => writePipeHeader(target, 0, PIPE_DATA_MAX + 1), BrokenInvariant);
});

Deno.test("readPipeHeader: gives the length without the padding", () => {
  // wire.md 8, case 13: a message of 3 bytes arrives as 3 bytes.
  const payload = bytesOf("ff 01000000 03000000 616263 0000000000");
  assertEquals(readPipeHeader(payload, 1, 16), 3);
});

Deno.test("readPipeHeader: takes a datagram without data", () => {
  assertEquals(readPipeHeader(bytesOf("01000000 00000000"), 0, 8), 0);
});

Deno.test("readPipeHeader: refuses every type but data", () => {
  // wire.md 2.4: in message mode anything but type 1 is an error.
  for (const type of ["00000000", "02000000", "03000000", "04000000", "01010000", "01000080"]) {
    assertEquals(readPipeHeader(bytesOf(`${type} 00000000`), 0, 8), "badPipePacketType");
  }
});

Deno.test("readPipeHeader: refuses a length beyond what arrived", () => {
  const payload = bytesOf("01000000 09000000 0000000000000000");
  assertEquals(readPipeHeader(payload, 0, 16), "badPipeLength");
  assertEquals(readPipeHeader(bytesOf("01000000 ffffffff"), 0, 8), "badPipeLength");
});

Deno.test("readPipeHeader: refuses a length above the maximum that did arrive", () => {
  const payload = new Uint8Array(PIPE_HEADER_BYTES + PIPE_DATA_MAX + 8);
  payload.set(bytesOf("01000000 01400000"));
  assertEquals(readPipeHeader(payload, 0, payload.length), "badPipeLength");
});

Deno.test("readPipeHeader: refuses a payload without a whole header", () => {
  assertEquals(readPipeHeader(new Uint8Array(8), 0, 0), "badPipeLength");
});
