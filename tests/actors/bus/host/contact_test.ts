import { assertEquals } from "@std/assert";
import {
  acceptanceOf,
  type ContactOutcome,
  type ContactRules,
  judgeContact,
} from "../../../../actors/bus/host/contact.ts";
import type { InitiateContact2 } from "../../../../core/control/connection_messages.ts";
import { hostPort } from "../../../../actors/bus/synic.ts";
import { ALL_VERSIONS } from "../../../../core/control/dialect.ts";
import { VERSIONS, type VmbusVersion } from "../../../../core/control/versions.ts";
import { contactMessage, type ContactOptions } from "../../../../simulator/peers/mod.ts";

const RULES: ContactRules = {
  versions: ALL_VERSIONS,
  features: 0x2f,
  vtl: 0,
  port: hostPort(0),
  processorCount: 2,
};
const CLIENT = "00112233-4455-6677-8899-aabbccddeeff";
const NORMAL = 1;
const MULTICLIENT = 4;

function judged(
  version: VmbusVersion,
  options: ContactOptions = {},
  connectionId = MULTICLIENT,
  rules: Partial<ContactRules> = {},
): ContactOutcome {
  return judgeContact(contactMessage(version, options), connectionId, { ...RULES, ...rules });
}

/** The answer that a guest hears; null: none. */
function answerTo(outcome: ContactOutcome): unknown {
  if (outcome.kind === "forwarded") return null;
  return outcome.kind === "good" ? acceptanceOf(outcome.contact) : outcome.refused.response;
}

const RESPONSE = { message: "versionResponse", supported: 1, connectionState: 0 } as const;
const UNSUPPORTED = { ...RESPONSE, supported: 0, selected: 0 };

// wire.md section 8, 16
Deno.test("judgeContact: a version that is none, or that the host does not speak, is unsupported", () => {
  const message = { ...contactMessage("6.0"), version: 0xffff_ffff };
  assertEquals(answerTo(judgeContact(message, MULTICLIENT, RULES)), UNSUPPORTED);
  const range = { lowest: "2.4", highest: "5.0" } as const;
  const spoken = VERSIONS.filter((version) =>
    judged(version, {}, NORMAL, { versions: range }).kind === "good"
  );
  assertEquals(spoken, ["2.4", "3.0", "4.0", "4.1", "5.0"]);
});

// wire.md section 8, 17, 18
Deno.test("judgeContact: the version is echoed below 5.0, then the connection; the target VP counts from 3.0 on", () => {
  const options = { messageVp: 1, interruptPageGpa: 0x5000 };
  for (const version of VERSIONS) {
    const outcome = judged(version, options, NORMAL);
    if (outcome.kind !== "good") throw new Error(`${version} is refused`);
    const { contact } = outcome;
    const isLate = !["0.13", "1.1", "2.4"].includes(version);
    assertEquals(contact.messagePlace, { vp: isLate ? 1 : 0, sint: 2, vtl: 0 });
    const hasPage = version === "0.13" || version === "1.1";
    assertEquals(contact.interruptPageGpa, hasPage ? 0x5000 : null);
  }
  assertEquals(answerTo(judged("4.1", {}, NORMAL)), { ...RESPONSE, selected: 0x4_0001 });
  assertEquals(answerTo(judged("5.3")), { ...RESPONSE, selected: 4 });
  assertEquals(answerTo(judged("6.0")), { ...RESPONSE, selected: 4, supportedFeatures: 0 });
});

// wire.md section 8, 19
Deno.test("judgeContact: another SINT is answered there on the multiclient port, and no matter on the other", () => {
  const outcome = judged("5.0", { sint: 3 });
  assertEquals(outcome.kind, "unheard");
  assertEquals(outcome.kind === "unheard" && outcome.refused.place.sint, 3);
  assertEquals(answerTo(outcome), UNSUPPORTED);
  assertEquals(answerTo(judged("5.0", { sint: 3 }, NORMAL)), { ...RESPONSE, selected: NORMAL });
});

// wire.md section 8, 20; 5.1: the trust level comes first.
Deno.test("judgeContact: a contact with another trust level is that one's, from 5.1 on", () => {
  assertEquals(judged("5.1", { vtl: 2, sint: 3 }), { kind: "forwarded", vtl: 2 });
  assertEquals(judged("5.0", { vtl: 2 }).kind, "good");
  assertEquals(judged("5.1", { vtl: 2 }, NORMAL).kind, "good");
});

// wire.md section 8, 21 to 23
Deno.test("judgeContact: features are those that are asked for and supported; a name needs its feature", () => {
  const features = 0xf000_0001;
  assertEquals(answerTo(judged("6.0", { features })), {
    ...RESPONSE,
    selected: 4,
    supportedFeatures: 0x1,
  });
  assertEquals(answerTo(judged("6.0", { features: 0xff })), {
    ...RESPONSE,
    selected: 4,
    supportedFeatures: 0x2f,
  });
  const clientOf = (outcome: ContactOutcome) => outcome.kind === "good" && outcome.contact.clientId;
  assertEquals(clientOf(judged("6.0", { features: 8, clientId: CLIENT })), CLIENT);
  assertEquals(clientOf(judged("6.0", { features: 0, clientId: CLIENT })), null);
  const unagreed = judged("6.0", { features: 8, clientId: CLIENT }, MULTICLIENT, { features: 1 });
  assertEquals(clientOf(unagreed), null);
});

// wire.md 4.5, 5.1: told from 2.4 on; older ones hear that the version is not supported.
Deno.test("judgeContact: one monitor page without the other is a failure, and so is a processor that is not there", () => {
  const half = { parentToChildMonitorGpa: 0x1000 };
  const failed = { ...RESPONSE, connectionState: 2 };
  assertEquals(answerTo(judged("2.4", half, NORMAL)), { ...failed, selected: 0x2_0004 });
  assertEquals(answerTo(judged("1.1", half, NORMAL)), UNSUPPORTED);
  assertEquals(answerTo(judged("6.0", { messageVp: 2 })), {
    ...failed,
    selected: 4,
    supportedFeatures: 0,
  });
  const whole = { ...half, childToParentMonitorGpa: 0x2000 };
  const outcome = judged("6.0", whole);
  assertEquals(outcome.kind === "good" && outcome.contact.monitorPages, whole);
});

Deno.test("judgeContact: an interrupt page beyond all memory is a number that no memory has", () => {
  const message: InitiateContact2 = {
    ...contactMessage("1.1"),
    targetInfo: 2n ** 64n - 1n,
    clientId: CLIENT,
  };
  const outcome = judgeContact(message, NORMAL, RULES);
  assertEquals(
    outcome.kind === "good" && outcome.contact.interruptPageGpa,
    Number.MAX_SAFE_INTEGER,
  );
});
