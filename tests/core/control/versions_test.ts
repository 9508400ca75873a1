import { assertEquals } from "@std/assert";
import {
  FEATURES,
  FEATURES_KNOWN,
  isSince,
  MESSAGE_RULES,
  type Protocol,
  protocolOf,
  refusalOf,
  VERSION_NUMBERS,
  versionOf,
  VERSIONS,
  type VmbusVersion,
} from "../../../core/control/versions.ts";

// wire.md 4.3
Deno.test("versionOf: each version is major << 16 | minor, and no other number is one", () => {
  for (const version of VERSIONS) {
    const [major, minor] = version.split(".").map(Number);
    assertEquals(VERSION_NUMBERS[version], major! << 16 | minor!);
    assertEquals(versionOf(VERSION_NUMBERS[version]), version);
  }
  assertEquals([0, 12, 0x1_0000, 0x6_0001, 0xffff_ffff].map(versionOf), Array(5).fill(null));
  assertEquals(VERSIONS.map((version) => isSince(version, "2.4")).indexOf(true), 2);
});

// wire.md 4.2
Deno.test("MESSAGE_RULES: each message has a number of its own, 1 to 29", () => {
  const numbers = Object.values(MESSAGE_RULES).map(({ number }) => number);
  assertEquals(numbers, Array.from({ length: 29 }, (_, at) => at + 1));
});

/** The lowest version that can do each thing, from the table of wire.md 4.3. */
const SINCE: Readonly<Partial<Record<keyof Protocol, VmbusVersion>>> = {
  hasDedicatedSignals: "1.1",
  hasUnloadComplete: "1.1",
  hasDedicatedInterrupts: "2.4",
  hasTargetVp: "2.4",
  hasSubchannels: "2.4",
  hasPendingSendSize: "2.4",
  hasConnectionState: "2.4",
  hasTargetMessageVp: "3.0",
  hasReservedChannels: "4.0",
  hasTlConnect: "4.0",
  hasModifyChannel: "4.1",
  hasTlConnectResult: "4.1",
  hasMulticlient: "5.0",
  hasTargetVtl: "5.1",
  hasSiloId: "5.2",
  hasModifyChannelResponse: "5.3",
  hasFeatureFlags: "6.0",
};

Deno.test("protocolOf: a version can do what it and those before it added", () => {
  for (const version of VERSIONS) {
    const protocol = protocolOf(version);
    for (const [capability, since] of Object.entries(SINCE)) {
      const expected = VERSIONS.indexOf(version) >= VERSIONS.indexOf(since);
      assertEquals(protocol[capability as keyof Protocol], expected, `${capability} in ${version}`);
    }
    assertEquals(protocol.hasInterruptPage, ["0.13", "1.1"].includes(version));
  }
});

// wire.md 4.3: feature flags, 6.0 only; unknown bits are dropped.
Deno.test("protocolOf: a feature is there where its bit was agreed on, in 6.0 alone", () => {
  const features: readonly (readonly [number, keyof Protocol])[] = [
    [0x1, "hasGuestSpecifiedSignals"],
    [0x2, "hasInterruptRedirection"],
    [0x4, "hasModifyConnection"],
    [0x8, "hasClientId"],
    [0x10, "hasConfidentialChannels"],
    [0x20, "hasPauseResume"],
    [0x40, "hasServerMonitorPages"],
    [0x80, "hasGpaPinning"],
  ];
  assertEquals(Object.values(FEATURES), features.map(([bit]) => bit));
  for (const [bit, capability] of features) {
    assertEquals(protocolOf("6.0", bit)[capability], true);
    assertEquals(protocolOf("6.0", 0xffff_ffff ^ bit)[capability], false);
    assertEquals(protocolOf("5.3", bit)[capability], false);
  }
  assertEquals(protocolOf("6.0", 0xffff_ffff).features, FEATURES_KNOWN);
  assertEquals(protocolOf("5.3", 0xff), protocolOf("5.3"));
  assertEquals([0, 1, 2, 4].map((bits) => protocolOf("6.0", bits).hasOpenChannel2), [
    false,
    true,
    true,
    false,
  ]);
});

Deno.test("refusalOf: says from when on a message may be said", () => {
  assertEquals(refusalOf("unload", "disconnected"), "unload is said on a connection alone");
  assertEquals(
    refusalOf("modifyChannel", protocolOf("4.0")),
    "modifyChannel is said from version 4.1 on, not in 4.0",
  );
  assertEquals(refusalOf("pause", protocolOf("6.0")), "pause is said with pauseResume alone");
  assertEquals(refusalOf("pause", protocolOf("6.0", FEATURES.pauseResume)), null);
  assertEquals(refusalOf("pause", "any"), null);
  assertEquals(refusalOf("initiateContact", "disconnected"), null);
});
