// Contacts over a paravisor's connection, and what they alone are given (wire.md 4.1, 4.3, 5.1).

import { assertEquals } from "@std/assert";
import {
  acceptanceOf,
  type ContactRules,
  isTrusted,
  judgeContact,
} from "../../../../actors/bus/host/contact.ts";
import { hostPort, redirectPort } from "../../../../actors/bus/synic.ts";
import { targetInfoOf } from "../../../../core/control/connection_messages.ts";
import { ALL_VERSIONS, FEATURES_DEFAULT } from "../../../../core/control/dialect.ts";
import { VERSION_NUMBERS, type VmbusVersion } from "../../../../core/control/versions.ts";

const HOST: ContactRules = {
  versions: ALL_VERSIONS,
  features: FEATURES_DEFAULT,
  vtl: 0,
  port: hostPort(0),
  processorCount: 1,
};
const PARAVISOR: ContactRules = { ...HOST, port: redirectPort(2) };
const REDIRECT = 0x80_0074;

function contact(
  version: VmbusVersion,
  target: { sint?: number; vtl?: number; featureFlags?: number } = {},
) {
  return {
    message: "initiateContact",
    version: VERSION_NUMBERS[version],
    targetMessageVp: 0,
    targetInfo: targetInfoOf({ sint: 2, vtl: 0, featureFlags: 0, ...target }),
    parentToChildMonitorGpa: 0,
    childToParentMonitorGpa: 0,
  } as const;
}

// wire.md 4.3: confidential channels, only for trusted connections.
Deno.test("judgeContact: confidential channels are agreed to over the paravisor's connection alone", () => {
  const asked = contact("6.0", { featureFlags: 0x14 });
  const agreed = (connectionId: number, rules: ContactRules) => {
    const outcome = judgeContact(asked, connectionId, rules);
    return outcome.kind === "good" ? outcome.contact.protocol.features : outcome.kind;
  };
  assertEquals(agreed(REDIRECT, PARAVISOR), 0x14);
  assertEquals(agreed(4, PARAVISOR), 0x4); // through the host
  assertEquals(agreed(REDIRECT, HOST), 0x4); // the host has no such port
  assertEquals(agreed(4, { ...HOST, features: 0x14 }), 0x4); // whatever it is told that it has
});

Deno.test("acceptanceOf: a paravisor answers with the connection that it was spoken to by", () => {
  const outcome = judgeContact(contact("5.3"), REDIRECT, PARAVISOR);
  assertEquals(outcome.kind === "good" && acceptanceOf(outcome.contact), {
    message: "versionResponse",
    supported: 1,
    connectionState: 0,
    selected: REDIRECT,
  });
});

Deno.test("isTrusted: the one connection of a paravisor", () => {
  assertEquals([isTrusted(REDIRECT, PARAVISOR), isTrusted(4, PARAVISOR)], [true, false]);
  assertEquals([isTrusted(REDIRECT, HOST), isTrusted(4, HOST)], [false, false]);
});
