import { assertEquals } from "@std/assert";
import type { FiredFault } from "../../../simulator/mod.ts";
import { tellApart } from "../../../simulator/worlds/expected.ts";
import type { Finding } from "../../../simulator/finding.ts";

const RULE = "exception out of a callback";
const PLACE = "EvtChannelSuspend of client in guest";

function finding(part: Partial<Finding> = {}): Finding {
  const message = "its driver threw";
  return { kind: "crash", rule: RULE, place: PLACE, message, by: "verifier", step: 1, ...part };
}

/** A fault that brings about a finding at the place. */
const FIRED = {
  fault: "callbackThrows",
  place: "EvtChannelSuspend of client of guest",
  bringsAbout: { rule: RULE, place: PLACE },
} as FiredFault;

Deno.test("tellApart: a fault that fired brings one finding about, at its place, by the verifier", () => {
  const elsewhere = finding({ place: "EvtChannelClosed of client in guest" });
  const others = finding({ by: "workload" });
  const second = finding({ step: 2 });
  const told = tellApart([others, elsewhere, finding(), second], [], [FIRED]);
  assertEquals(told.expected, [finding()]);
  assertEquals(told.findings, [others, elsewhere, second]);
  assertEquals(tellApart([finding(), second], [], [FIRED, FIRED]).findings, []);
});

Deno.test("tellApart: what a scenario knows is no failure however often, and uses no fault up", () => {
  const known = { rule: RULE, place: PLACE, reason: "known" };
  const { findings, expected } = tellApart([finding(), finding()], [known], []);
  assertEquals([findings.length, expected.length], [0, 2]);
});
