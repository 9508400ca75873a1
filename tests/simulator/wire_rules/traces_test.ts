// Traces, measured by the rules of wire.md: nothing is wrong with what two honest sides say, wherever a trace begins;
// and the traces of Linux that lie beside the tests.

import { assertEquals } from "@std/assert";
import { stepsOfLinuxTrace } from "../../../simulator/decoded_steps/linux_trace.ts";
import type { DecodedEnd } from "../../../simulator/decoded_steps/step.ts";
import { recordRun } from "../../../simulator/mod.ts";
import { simulatedScenarios } from "../../../simulator/scenarios/all.ts";
import { TraceCheck } from "../../../simulator/wire_rules/trace_check.ts";
import type { TraceEntry } from "../../../mod.ts";
import { times } from "../../support/long.ts";

function brokenRules(entries: readonly TraceEntry[]): readonly string[] {
  const check = new TraceCheck();
  return entries.flatMap((entry) => {
    const broken = check.takeEntry(entry);
    return broken === null ? [] : [`${broken.rule}: ${broken.what}`];
  });
}

async function traceOf(name: string, seed: number): Promise<readonly TraceEntry[]> {
  const scenario = simulatedScenarios.find((each) => each.name === name)!;
  const { entries } = await recordRun(scenario, { seed });
  return entries.filter(({ event }) => /^(?:message|partition)/.test(event));
}

Deno.test("TraceCheck: honest sides break no rule, whatever goes wrong around them, wherever one begins to look", async () => {
  for (const name of ["open-and-rescind", "byte-streams", "save-at-each-point"]) {
    for (let seed = 1; seed <= times(1, 20); seed++) {
      const entries = await traceOf(name, seed);
      for (let from = 0; from < entries.length; from += times(5, 1)) {
        assertEquals(brokenRules(entries.slice(from)), []);
      }
    }
  }
});

// wire.md 4.2: a hostile guest says what the host says, and more than was agreed on.
Deno.test("TraceCheck: a hostile side is found out by what it says", async () => {
  const found = await brokenRules(await traceOf("hostile-guest", 1));
  const who = "wire.md 4.2: who says it: the guest says gpadlTorndown, which it is told";
  assertEquals([found.includes(who), found.length], [true, 6]);
});

// A guest that takes the rescind knows: until then an open request may cross it (wire.md 4.5).
Deno.test("TraceCheck: what crosses a rescind is no mistake, and what follows it is one", async () => {
  const entries = await traceOf("open-and-rescind", 1);
  const at = entries.findIndex(({ event, details }) =>
    event === "messageTaken" && details["message"] === "rescindChannelOffer"
  );
  const open = entries.find(({ event, details }) =>
    event === "messageToHost" && details["message"] === "openChannel"
  )!;
  const said = entries.findIndex(({ event, details }) =>
    event === "messageToGuest" && details["message"] === "rescindChannelOffer"
  );
  const withOpen = (place: number) => brokenRules([...entries.slice(0, place + 1), open]);
  assertEquals(said < at, true);
  assertEquals(withOpen(said).filter((rule) => rule.includes("rescind")), []);
  assertEquals(withOpen(at).map((rule) => rule.replace(/:.*/, "")), ["wire.md 4.5"]);
});

async function checked(
  file: string,
  from = 0,
): Promise<{ readonly found: readonly string[]; readonly end: DecodedEnd }> {
  const text = await Deno.readTextFile(`tests/simulator/decoding/linux_traces/${file}`);
  const lines = text.split("\n").slice(from);
  const decoding = stepsOfLinuxTrace(lines, { name: "t", isChecked: true });
  const found: string[] = [];
  for await (const { findings, damage } of decoding.steps) {
    found.push(...findings.map(({ rule, place }) => `${place} ${rule}`));
    if (damage !== null) found.push(damage);
  }
  return { found, end: decoding.end() };
}

for (const file of ["trace_cmd_boot.txt", "perf_script_rescind.txt", "tracefs_lost.txt"]) {
  Deno.test(`stepsOfLinuxTrace: nothing is wrong with ${file}, wherever it begins`, async () => {
    const { found, end } = await checked(file);
    assertEquals(found, []);
    assertEquals(
      end.unknown.some((each) => each.includes("began was not seen")),
      !file.includes("boot"),
    );
    assertEquals(end.unknown.some((each) => each.includes("was missed")), file.includes("lost"));
    for (let from = 1; from < 28; from++) assertEquals((await checked(file, from)).found, []);
  });
}

Deno.test("stepsOfLinuxTrace: each mistake of trace_cmd_broken.txt is found in the line behind its comment", async () => {
  const text = await Deno.readTextFile(
    "tests/simulator/decoding/linux_traces/trace_cmd_broken.txt",
  );
  const expected = text.split("\n").flatMap((line, at) => {
    const [, section] = /^# (\d\.\d): /.exec(line) ?? [];
    return section === undefined ? [] : [`t:${at + 2} wire.md ${section}`];
  });
  const { found } = await checked("trace_cmd_broken.txt");
  assertEquals(found.map((each) => each.replace(/(\d\.\d): .*/, "$1")), expected);
});

/** The findings of a trace of Linux, `lines` of which need neither task nor time. */
async function brokenLines(...lines: readonly string[]): Promise<readonly string[]> {
  const printed = lines.map((line) => `  a-1 [000] 1.5: vmbus_${line}`);
  const { steps } = stepsOfLinuxTrace(printed, { name: "t", isChecked: true });
  const found = await Array.fromAsync(steps, ({ findings }) => findings.map(({ place }) => place));
  return found.flat();
}

const device = "if_type 0c7f8e26-51d3-4b8e-9f0a-6d1b2c3e4f50, " +
  "if_instance 0c7f8e26-51d3-4b8e-9f0a-6d1b2c3e4f51";
const offer = (id: number) =>
  `onoffer: child_relid 0x${id}, monitorid 0xff, is_dedicated 1, connection_id 0x2001, ${device}, ` +
  "chn_flags 0x0, mmio_megabytes 0, sub_channel_index 0";
const contact = (version: number) => [
  `negotiate_version: sending vmbus_version_requested ${version}, target_vcpu 0x0, pages 2:0:0, ret 0`,
  "onversion_response: version_supported 1",
  "request_offers: sending ret 0",
];
const release = "release_relid: sending child_relid 0x1, ret 0";
const rescind = "onoffer_rescind: child_relid 0x1";

// Linux deals with offers and with rescinds in turns of their own, and tells of what it posts afterwards.
Deno.test("stepsOfLinuxTrace: what Linux tells of in another order than it was is no mistake", async () => {
  const known = contact(0x5_0003);
  assertEquals(await brokenLines(...known, offer(1), offer(2), rescind, release), []);
  assertEquals(await brokenLines(...known, rescind, offer(1), release), []);
  assertEquals(await brokenLines(...known, offer(1), rescind, offer(1), release), []);
  assertEquals(await brokenLines(...known, offer(1), release, offer(1), release), []);
  assertEquals(await brokenLines(...known, offer(1), offer(1)), ["t:5"]);
  assertEquals(await brokenLines(...known, offer(1), release, release), ["t:6"]);
  // Who begins to look between a contact and its answer sees one answer more than contacts.
  const refused = "onversion_response: version_supported 0";
  assertEquals(await brokenLines(refused, ...known, offer(1)), []);
  assertEquals(await brokenLines(refused, known[0]!, refused, ...known, offer(1)), []);
});

Deno.test("stepsOfLinuxTrace: a version without a name and a line that cannot be read leave nothing known", async () => {
  const close = "close_internal: sending child_relid 0x1, ret 0";
  assertEquals(await brokenLines(...contact(0x5_0003), close), ["t:4"]);
  assertEquals(await brokenLines(...contact(0x7_0000), close), []);
  assertEquals(await brokenLines(...contact(0x5_0003), "onoffer: [UNKNOWN]", close), []);
});
