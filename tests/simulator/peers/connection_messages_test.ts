import { assertEquals, assertThrows } from "@std/assert";
import { VERSIONS, type VmbusVersion } from "../../../core/control/versions.ts";
import * as vmbus from "../../../mod.ts";
import {
  contactMessage,
  controlMessageBytes,
  RawGuest,
  RawHost,
  versionMessage,
} from "../../../simulator/peers/mod.ts";

const GUID = "00112233-4455-6677-8899-aabbccddeeff";

// wire.md 4.2
Deno.test("contactMessage: has the form that a guest of that version sends", () => {
  const bytes = (version: VmbusVersion, options = {}) =>
    controlMessageBytes(contactMessage(version, options)).subarray(8).toHex();
  const none = "00".repeat(16);
  const asked = { features: 0x25, interruptPageGpa: 0x5000, sint: 3, vtl: 1, messageVp: 7 };
  assertEquals(bytes("1.1", asked), `01000100070000000050000000000000${none}`);
  assertEquals(bytes("5.3", asked), `03000500070000000301000000000000${none}`);
  assertEquals(bytes("6.0", asked), `00000600070000000301000025000000${none}`);
  const pages = { parentToChildMonitorGpa: 0x1000, childToParentMonitorGpa: 0x2000 };
  assertEquals(
    bytes("6.0", { ...pages, clientId: GUID }),
    "00000600000000000200000000000000" + "00100000000000000020000000000000" +
      "33221100554477668899aabbccddeeff",
  );
  assertEquals(bytes("6.0", { features: 8 }).length / 2, 48);
  assertThrows(() => contactMessage("7.0" as "6.0"), TypeError, "make contact: version must be");
});

// wire.md 4.2
Deno.test("versionMessage: has the form that a host of that version sends", () => {
  const bytes = (version: VmbusVersion, options = {}) =>
    controlMessageBytes(versionMessage(version, options)).subarray(8).toHex();
  const options = { features: 0x25, connectionId: 0x800074 };
  assertEquals(bytes("4.1", options), "0100000001000400");
  assertEquals(bytes("5.3", options), "0100000074008000");
  assertEquals(bytes("6.0", options), "010000007400800025000000");
  assertEquals(bytes("6.0", { ...options, isSupported: false }), "0000000000000000");
  assertEquals(bytes("5.0", { connectionState: 2 }), "0102000004000000");
  assertEquals(
    bytes("6.0", { childToParentMonitorGpa: 0x2000 }),
    "0100000004000000" + "00000000" + "00000000" + "0000000000000000" + "0020000000000000",
  );
});

/** A guest and a host of bytes, at the ends of one bus. */
function both() {
  const fabric = vmbus.createFabric({ codec: "vmbus" });
  const partition = fabric.createPartition({ name: "guest", memoryPages: 32 });
  const host = new RawHost(partition);
  return { fabric, host, guest: new RawGuest(partition) };
}

// wire.md 4.3, 4.5
Deno.test("RawGuest.contact: a raw host agrees to each version, and to what it can keep", async () => {
  const { fabric, host, guest } = both();
  for (const version of VERSIONS) {
    guest.contact(version, { features: 0xff });
    await fabric.settle();
    const features = version === "6.0" ? 0x3f : 0;
    assertEquals([host.agreed, guest.agreed], [{ version, features }, { version, features }]);
  }
  guest.post({ ...contactMessage("6.0"), version: 0x7_0000 });
  await fabric.settle();
  assertEquals([host.agreed, guest.agreed], [null, null]);
  fabric.dispose();
});

// wire.md 4.2, 4.5: what is answered, and in which version.
Deno.test("RawHost: answers each message of a guest as any host must", async () => {
  const { fabric, guest } = both();
  const answersTo = async (say: () => void) => {
    await fabric.settle();
    guest.heard.length = 0;
    say();
    await fabric.settle();
    return guest.heard.map(({ message }) => message);
  };
  const socket = { endpointId: GUID, serviceId: GUID };
  const modify = () => guest.post({ message: "modifyChannel", channelId: 1, targetVp: 1 });
  const connect = () => guest.post({ message: "tlConnectRequest", ...socket });
  const rings = guest.makeRings(1, 1);
  guest.contact("0.13");
  assertEquals(await answersTo(() => guest.unload()), []);
  assertEquals(await answersTo(connect), []);
  guest.contact("5.2");
  assertEquals(await answersTo(modify), []);
  assertEquals(await answersTo(connect), ["tlConnectResult"]);
  guest.contact("6.0", { features: 0x24 });
  assertEquals(await answersTo(modify), ["modifyChannelResponse"]);
  assertEquals(await answersTo(() => guest.post({ message: "pause" })), ["pauseResponse"]);
  assertEquals(await answersTo(() => guest.post({ message: "resume" })), []);
  const pages = { parentToChildMonitorGpa: 0x1000, childToParentMonitorGpa: 0x2000 };
  assertEquals(await answersTo(() => guest.post({ message: "modifyConnection", ...pages })), [
    "modifyConnectionResponse",
  ]);
  assertEquals(await answersTo(() => guest.openReserved(rings)), ["gpadlCreated", "openResult"]);
  assertEquals(await answersTo(() => guest.unload()), ["unloadComplete"]);
  assertEquals(await answersTo(() => guest.closeReserved()), ["closeReservedResponse"]);
  assertEquals(guest.agreed, null);
  fabric.dispose();
});

// wire.md 4.3: every partition makes contact when it is created; a peer that takes its place goes by that.
Deno.test("RawGuest.agreed: is what the partition has agreed on, until the guest makes contact or leaves", async () => {
  const fabric = vmbus.createFabric({ codec: "vmbus" });
  const options = { name: "guest", memoryPages: 32, vmbusVersion: "4.1" } as const;
  const guest = new RawGuest(fabric.createPartition(options));
  assertEquals(guest.agreed, null);
  await fabric.settle();
  assertEquals(guest.agreed, { version: "4.1", features: 0 });
  guest.contact("6.0", { features: 0x3f });
  await fabric.settle();
  assertEquals(guest.agreed?.version, "6.0");
  guest.unload();
  await fabric.settle();
  assertEquals(guest.agreed, null);
  fabric.dispose();
});
