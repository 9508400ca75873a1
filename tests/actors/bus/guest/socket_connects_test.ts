import { assertEquals } from "@std/assert";
import { SocketConnects } from "../../../../actors/bus/guest/socket_connects.ts";
import type { ControlMessage, TlConnectResult } from "../../../../core/control/messages.ts";
import { protocolOf, type VmbusVersion } from "../../../../core/control/versions.ts";
import { STATUS_NOT_SUPPORTED } from "../../../../core/ntstatus.ts";

const ENDPOINT = "7a0e52c4-93b1-4f6d-8e25-000000000001";
const SERVICE = "00001388-facb-11e6-bd58-64006a7986d3";
const SILO = "5c1a6d0e-7f2b-4c93-8d41-0b6e9a2f3c58";
const REFUSED = 0xc000_0236;

/** A guest of this version, which is connected or not, and what it says. */
function guestOf(version: VmbusVersion, isConnected = true) {
  const posted: ControlMessage[] = [];
  const connection = { protocol: protocolOf(version, 0), actor: { is: () => isConnected } };
  const connects = new SocketConnects({ connection, post: (message) => posted.push(message) });
  return { posted, connects };
}

// wire.md 4.2, 4.3: since 4.0; with the silo since 5.2
Deno.test("SocketConnects: asks in the form of the version, once there is one", () => {
  const plain = { message: "tlConnectRequest", endpointId: ENDPOINT, serviceId: SERVICE } as const;
  for (
    const [version, expected] of [
      ["3.0", []],
      ["4.0", [plain]],
      ["5.1", [plain]],
      ["5.2", [{ ...plain, siloId: SILO }]],
      ["6.0", [{ ...plain, siloId: SILO }]],
    ] as const
  ) {
    const heard: number[] = [];
    const { posted, connects } = guestOf(version, false);
    connects.ask(ENDPOINT, SERVICE, SILO, { end: (status) => heard.push(status) });
    assertEquals([posted, heard], [[], []]);
    connects.connected();
    assertEquals(posted, [...expected]);
    assertEquals(heard, expected.length === 0 ? [STATUS_NOT_SUPPORTED] : []);
  }
});

// wire.md 4.5
Deno.test("SocketConnects: who has asked hears of the one refusal that is its own", () => {
  const heard: number[] = [];
  const { posted, connects } = guestOf("6.0");
  connects.ask(ENDPOINT, SERVICE, SILO, { end: (status) => heard.push(status) });
  assertEquals(posted, [
    { message: "tlConnectRequest", endpointId: ENDPOINT, serviceId: SERVICE, siloId: SILO },
  ]);
  const result: TlConnectResult = {
    message: "tlConnectResult",
    endpointId: ENDPOINT,
    serviceId: SERVICE,
    status: REFUSED,
  };
  assertEquals(connects.refused({ ...result, endpointId: SILO }), null);
  assertEquals(connects.refused({ ...result, serviceId: SILO }), "unexpectedMessage");
  assertEquals(connects.refused({ ...result, status: 0 }), "unexpectedMessage");
  assertEquals([heard, connects.has(ENDPOINT)], [[], true]);
  assertEquals(connects.refused(result), null);
  assertEquals(connects.refused(result), null); // a second one says nothing new
  assertEquals([heard, connects.has(ENDPOINT)], [[REFUSED], false]);
});

Deno.test("SocketConnects: who gave up hears nothing", () => {
  const heard: number[] = [];
  const { connects } = guestOf("6.0");
  connects.ask(ENDPOINT, SERVICE, SILO, { end: (status) => heard.push(status) });
  connects.forget(ENDPOINT);
  const result = { message: "tlConnectResult", endpointId: ENDPOINT, serviceId: SERVICE } as const;
  assertEquals(connects.refused({ ...result, status: REFUSED }), null);
  assertEquals(heard, []);
});
