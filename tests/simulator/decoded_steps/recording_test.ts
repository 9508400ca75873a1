// What was decoded, as a recording for the page that failures have.

import { assertEquals } from "@std/assert";
import type { TraceEntry } from "../../../mod.ts";
import { stepsOfBytes } from "../../../simulator/decoded_steps/bytes.ts";
import { stepsOfLinuxTrace } from "../../../simulator/decoded_steps/linux_trace.ts";
import { StepRecorder } from "../../../simulator/decoded_steps/recording.ts";
import type { DecodedStep, Decoding } from "../../../simulator/decoded_steps/step.ts";
import type { Recording } from "../../../simulator/pages/recording.ts";
import { EntryTexts } from "../../../simulator/words/entry_text.ts";

const RUN = {
  scenario: "input",
  title: "",
  options: {},
  package: "",
  replay: null,
  digest: null,
};
const SETTINGS = { name: "input", isChecked: true };

async function recordingOf({ steps }: Decoding): Promise<Recording> {
  const recorder = new StepRecorder();
  for await (const step of steps) recorder.add(step);
  return recorder.recording(RUN);
}

Deno.test("StepRecorder: messages cross between host and guest, channels have lanes, findings their marks", async () => {
  const lines = [
    "vmbus_chan_sched: relid 0x3",
    "vmbus_close_internal: sending child_relid 0x3, ret 0",
    "vmbus_on_msg_dpc: msgtype=6",
    "vmbus_close_internal: sending child_relid 0x3, ret 0",
    "vmbus_close_internal: sending child_relid 0x3, ret -11",
    "vmbus_setevent: nothing",
  ].map((text) => `  a-1 [000] 1.5: ${text}`);
  const { lanes, arrows, marks, findings, entries } = await recordingOf(
    stepsOfLinuxTrace(lines, SETTINGS),
  );
  assertEquals(lanes.map(({ subject, side }) => [subject, side]), [
    ["host", null],
    ["guest", null],
    ["channel 3", "client"],
  ]);
  assertEquals(arrows, [{ kind: "message", from: 1, to: 1 }, { kind: "message", from: 3, to: 3 }]);
  assertEquals(marks.map(({ entry }) => entry), [3, 4]);
  assertEquals(findings.map(({ rule, place }) => [rule, place]), [
    ["wire.md 5.2: what a channel's state allows", "input:4"],
    [undefined, undefined],
  ]);
  const texts = new EntryTexts();
  assertEquals(entries.map((entry) => texts.next(entry)), [
    "the host signals the guest",
    "closeChannel(channelId 3) → the host",
    "openResult lies in the slot",
    "closeChannel(channelId 3) → the host",
    "closeChannel(channelId 3) was not posted: -11",
  ]);
});

Deno.test("StepRecorder: a packet has its bytes and fields, and what wraps its fields alone", async () => {
  const bytes = Uint8Array.fromHex("060002000200000005000000000000000000000000000000");
  const { entries, bytes: [kept], lanes } = await recordingOf(
    stepsOfBytes([{ place: null, bytes }], { kind: "packet" }, SETTINGS),
  );
  assertEquals(entries.map(({ event, details }) => [event, details["what"]]), [
    ["decoded", "packet: inBand, transaction 5"],
  ]);
  assertEquals([kept!.byteCount, kept!.bytes.length, kept!.fields![0]![0]], [24, 24, "descriptor"]);
  assertEquals(lanes.length, 2);
  const ring = new Uint8Array(8192);
  new Uint32Array(ring.buffer).set([8, 4080]);
  ring.set(bytes.subarray(0, 16), 4096 + 4080);
  const { bytes: parts, entries: shown } = await recordingOf(
    stepsOfBytes([{ place: null, bytes: ring }], { kind: "ring" }, SETTINGS),
  );
  assertEquals([shown.length, parts.map(({ entry }) => entry)], [2, [0]]);
});

// A fabric's own trace says where its channels are; its first partition is the host.
Deno.test("StepRecorder: lanes of a saved trace are those of its partitions and their channels", () => {
  const recorder = new StepRecorder();
  const add = (event: string, subject: string, details: TraceEntry["details"] = {}) => {
    const entry = { at100ns: 0, event, subject, values: [], details };
    recorder.add({ lines: () => [], damage: null, findings: [], entries: [{ entry }] });
  };
  add("partitionCreated", "root");
  add("partitionCreated", "guest");
  add("workDpc", "#0");
  add("channelCreated", "channel 1 (server)", { partition: "root" });
  add("channelCreated", "channel 2 (client)", { partition: "guest" });
  add("call", "channel 1 (server)");
  assertEquals(recorder.recording(RUN).lanes, [
    { subject: "root", partition: "root", side: null },
    { subject: "channel 1 (server)", partition: "root", side: "server" },
    { subject: "guest", partition: "guest", side: null },
    { subject: "channel 2 (client)", partition: "guest", side: "client" },
  ]);
});

Deno.test("StepRecorder: of a long input it keeps the last entries, with their marks", () => {
  const recorder = new StepRecorder();
  const entry = (at100ns: number): TraceEntry => ({
    at100ns,
    event: "note",
    subject: "guest",
    values: [],
    details: {},
  });
  const step = (at: number): DecodedStep => ({
    lines: () => [],
    damage: null,
    findings: at === 400_000 ? [{ rule: "wire.md 1", place: "", message: "" }] : [],
    entries: [{ entry: entry(at) }],
  });
  for (let at = 0; at <= 400_000; at++) recorder.add(step(at));
  const { entries, marks } = recorder.recording(RUN);
  assertEquals([entries.length, entries.at(-1)!.at100ns], [200_000, 400_000]);
  assertEquals(marks.map(({ entry }) => entry), [199_999]);
});
