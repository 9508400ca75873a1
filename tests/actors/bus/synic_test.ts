// Connection ids by trust level and interrupt source (wire.md 4.1).

import { assertEquals } from "@std/assert";
import {
  contactConnectionId,
  eventConnectionId,
  hostPort,
  messageConnectionId,
  redirectPort,
} from "../../../actors/bus/synic.ts";

Deno.test("messageConnectionId: VTL 2 and SINT 7 give the redirect id", () => {
  assertEquals(messageConnectionId({ vtl: 2, sint: 7 }), 0x80_0074);
  assertEquals(messageConnectionId({ vtl: 0, sint: 3 }), 0x34);
});

Deno.test("eventConnectionId: channel 1 of the host, and of a paravisor", () => {
  assertEquals(eventConnectionId(1, hostPort(0)), 0x2001);
  assertEquals(eventConnectionId(1, hostPort(2)), 0x2_2001);
  assertEquals(eventConnectionId(1, redirectPort(2)), 0x2_7001);
});

Deno.test("contactConnectionId: 1, 4 from version 5.0 on, and a paravisor's own in any version", () => {
  const ids = [hostPort(0), hostPort(2), redirectPort(2)].map((port) =>
    [false, true].map((isMulticlient) => contactConnectionId(port, isMulticlient))
  );
  assertEquals(ids, [[1, 4], [1, 4], [0x80_0074, 0x80_0074]]);
});
