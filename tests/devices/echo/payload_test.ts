import { assertEquals } from "@std/assert";
import { fillPayload, isPayload } from "../../../devices/echo/mod.ts";

Deno.test("isPayload: knows the payload of a packet from that of others, and each change", () => {
  const payload = new Uint8Array(600);
  fillPayload(payload, 9);
  assertEquals(isPayload(payload, 9), true);
  assertEquals(isPayload(payload.subarray(0, 300), 9), true);
  assertEquals(isPayload(payload, 10), false);
  assertEquals(isPayload(payload.subarray(1), 9), false);
  assertEquals(isPayload(payload.subarray(256), 9), false);
  payload[599]! ^= 1;
  assertEquals(isPayload(payload, 9), false);
});
