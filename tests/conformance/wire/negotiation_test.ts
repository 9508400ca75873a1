// How host and guest agree on a version, by the numbers of wire.md section 8.

import { assertEquals } from "@std/assert";
import { VERSION_NUMBERS, VERSIONS } from "../../../core/control/versions.ts";
import {
  contactMessage,
  type ControlMessage,
  versionMessage,
} from "../../../simulator/peers/mod.ts";
import { FIRST_CONNECTION, MULTICLIENT, WireHost } from "../../support/wire_host.ts";

const REQUEST_OFFERS: ControlMessage = { message: "requestOffers" };
const UNSUPPORTED = versionMessage("5.3", { isSupported: false });
const PROCESSORS = { partition: { processors: 4 } };

// wire.md section 8, 16
Deno.test("InitiateContact: a version that is none is answered with supported 0, and connects nobody", async () => {
  const host = new WireHost();
  const contact = { ...contactMessage("6.0"), version: 0xffff_ffff };
  assertEquals(await host.say(contact), [UNSUPPORTED]);
  assertEquals(host.host.agreed, "disconnected");
  assertEquals(await host.say(REQUEST_OFFERS), []);
  assertEquals(await host.end(), ["requestOffers unexpectedMessage"]);
});

// wire.md section 8, 17
Deno.test("InitiateContact: the selected version comes back; processor and interrupt page count where they may", async () => {
  for (const version of VERSIONS.filter((version) => VERSION_NUMBERS[version] < 0x5_0000)) {
    const host = new WireHost(PROCESSORS);
    const options = { messageVp: 1, interruptPageGpa: 0x5000 };
    assertEquals(await host.contact(version, options), [versionMessage(version)]);
    assertEquals(host.host.connection.messagePlace, {
      vp: VERSION_NUMBERS[version] < VERSION_NUMBERS["3.0"] ? 0 : 1,
      sint: 2,
      vtl: 0,
    });
    const hasPage = VERSION_NUMBERS[version] < VERSION_NUMBERS["2.4"];
    assertEquals(host.host.connection.contact?.interruptPageGpa, hasPage ? 0x5000 : null);
    assertEquals(await host.end(), []);
  }
});

// wire.md section 8, 18
Deno.test("InitiateContact: from 5.0 on the answer has the connection for messages in the version's place", async () => {
  for (const version of ["5.0", "5.1", "5.2", "5.3", "6.0"] as const) {
    const host = new WireHost();
    assertEquals(await host.contact(version), [
      versionMessage(version, { connectionId: MULTICLIENT }),
    ]);
    assertEquals(await host.end(), []);
  }
});

// wire.md section 8, 19
Deno.test("InitiateContact: another SINT is refused there, and is nothing by the connection of the first versions", async () => {
  const host = new WireHost();
  const contact = contactMessage("5.3", { sint: 3 });
  host.link.source = MULTICLIENT;
  assertEquals(await host.placed(contact), [[UNSUPPORTED, { vp: 0, sint: 3, vtl: 0 }]]);
  assertEquals(host.host.agreed, "disconnected");
  host.link.source = FIRST_CONNECTION;
  assertEquals(await host.placed(contact), [[
    versionMessage("5.3", { connectionId: FIRST_CONNECTION }),
    { vp: 0, sint: 2, vtl: 0 },
  ]]);
  assertEquals(await host.end(), []);
});

// wire.md section 8, 20
Deno.test("InitiateContact: for another trust level it is not this host's, and is not answered", async () => {
  const host = new WireHost();
  assertEquals(await host.contact("5.3", { vtl: 2 }), []);
  assertEquals(host.host.agreed, "disconnected");
  // Before 5.1 a guest has no trust level to name.
  assertEquals(await host.contact("5.0", { vtl: 2 }), [versionMessage("5.0")]);
  assertEquals(await host.end(), []);
});

/** What a host that has `features` agrees to of what a guest asks for. */
async function agreedOf(features: number | undefined, asked: number): Promise<number | null> {
  const host = new WireHost({ fabric: features === undefined ? {} : { vmbusFeatures: features } });
  const [answer] = await host.contact("6.0", { features: asked });
  await host.end();
  return answer !== undefined && "supportedFeatures" in answer ? answer.supportedFeatures : null;
}

// wire.md section 8, 21
Deno.test("InitiateContact: of the features asked for, those come back that the host has", async () => {
  assertEquals(await agreedOf(0x1, 0xf000_0001), 0x1);
  assertEquals(await agreedOf(0x3f, 0xf000_0021), 0x21);
  assertEquals(await agreedOf(0, 0xff), 0);
});

// wire.md section 8, 22
Deno.test("InitiateContact: pinned memory is agreed on where the host is told to", async () => {
  assertEquals(await agreedOf(undefined, 0x80), 0);
  assertEquals(await agreedOf(0x80, 0x80), 0x80);
});

// wire.md section 8, 23
Deno.test("InitiateContact: the feature of the client id comes back, and the host has the id", async () => {
  const clientId = "00112233-4455-6677-8899-aabbccddeeff";
  const host = new WireHost();
  assertEquals(await host.contact("6.0", { features: 8, clientId }), [
    versionMessage("6.0", { features: 8 }),
  ]);
  assertEquals(host.host.connection.contact?.clientId, clientId);
  const short = contactMessage("6.0", { features: 8 });
  const { clientId: _clientId, ...cut } = short as typeof short & { clientId?: string };
  assertEquals(await host.say(cut), []);
  assertEquals(await host.end(), ["null messageTooSmall"]);
});
