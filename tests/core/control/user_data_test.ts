import { assertEquals, assertThrows } from "@std/assert";
import { BrokenInvariant } from "../../../core/assert.ts";
import { USER_DATA_BYTES } from "../../../core/control/messages.ts";
import {
  pipeUserData,
  readMmioPlacement,
  readPipeType,
  writeMmioPlacement,
} from "../../../core/control/user_data.ts";

// wire.md 4.4: u32 pipeType, 0 byte, 4 message.
Deno.test("pipeUserData: is the pipe's type, then nothing", () => {
  const rest = "00".repeat(USER_DATA_BYTES - 4);
  assertEquals(pipeUserData("byte").toHex(), "00000000" + rest);
  assertEquals(pipeUserData("message").toHex(), "04000000" + rest);
});

// wire.md 4.4
Deno.test("readPipeType: knows the two types, and names any other as a fault", () => {
  assertEquals(readPipeType(pipeUserData("byte")), "byte");
  assertEquals(readPipeType(pipeUserData("message")), "message");
  for (const [offset, value] of [[0, 1], [0, 5], [3, 4]] as const) {
    const userData = new Uint8Array(USER_DATA_BYTES);
    userData[offset] = value;
    assertEquals(readPipeType(userData), "unknownPipeType");
  }
});

Deno.test("writeMmioPlacement: writes u64 gpa, u64 byteCount and nothing else", () => {
  const userData = new Uint8Array(USER_DATA_BYTES).fill(0xee);
  writeMmioPlacement(userData, 0x1_0203_0405, 0x10_0000);
  assertEquals(
    userData.toHex(),
    "0504030201000000" + "0000100000000000" + "ee".repeat(USER_DATA_BYTES - 16),
  );
});

Deno.test("readMmioPlacement: gives back what was written, in a view that begins anywhere", () => {
  const room = new Uint8Array(USER_DATA_BYTES + 7);
  const userData = room.subarray(7);
  assertEquals(readMmioPlacement(userData), { gpa: 0, byteCount: 0 });
  writeMmioPlacement(userData, Number.MAX_SAFE_INTEGER, 4096);
  assertEquals(room.subarray(0, 7), new Uint8Array(7));
  assertEquals(readMmioPlacement(userData), { gpa: Number.MAX_SAFE_INTEGER, byteCount: 4096 });
});

Deno.test("readMmioPlacement: a number that is not safe becomes the largest safe one", () => {
  const userData = new Uint8Array(USER_DATA_BYTES);
  const view = new DataView(userData.buffer);
  view.setBigUint64(0, 2n ** 53n, true);
  view.setBigUint64(8, 2n ** 64n - 1n, true);
  assertEquals(readMmioPlacement(userData), {
    gpa: Number.MAX_SAFE_INTEGER,
    byteCount: Number.MAX_SAFE_INTEGER,
  });
});

Deno.test("writeMmioPlacement: asserts user data of 120 bytes and safe unsigned numbers", () => {
  const userData = new Uint8Array(USER_DATA_BYTES);
  assertThrows(() => writeMmioPlacement(userData.subarray(1), 0, 0), BrokenInvariant, "120");
  assertThrows(() => writeMmioPlacement(userData, -1, 0), BrokenInvariant, "u64");
  assertThrows(() => writeMmioPlacement(userData, 0, 2 ** 53), BrokenInvariant, "u64");
});
