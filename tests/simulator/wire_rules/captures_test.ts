// Captures, measured by the rules of wire.md: nothing is wrong with what two honest sides write, wherever a capture
// begins, and a completion has its request.

import { assertEquals } from "@std/assert";
import { capture } from "../../../simulator/capture/capture.ts";
import {
  type CaptureDamage,
  type ReadCapture,
  readCapture,
} from "../../../simulator/capture/read_capture.ts";
import { type CaptureHeader, captureHeader } from "../../../simulator/capture/record.ts";
import { stepsOfCapture } from "../../../simulator/decoded_steps/capture.ts";
import type { DecodedStep } from "../../../simulator/decoded_steps/step.ts";
import { SeenTransactions } from "../../../simulator/wire_rules/seen_transactions.ts";
import { captured } from "../../../simulator/capture/captured.ts";
import { RunCapture } from "../../../simulator/capture/capture.ts";
import { runWorld } from "../../../simulator/mod.ts";
import { simulatedScenarios } from "../../../simulator/scenarios/all.ts";
import { createFabric } from "../../support/fabric.ts";
import { times } from "../../support/long.ts";

async function captureOf(name: string, seed: number, isFaulty = true): Promise<ReadCapture> {
  return readCapture(await fileOf(name, seed, isFaulty));
}

async function fileOf(
  name: string,
  seed: number,
  isFaulty = true,
  runName: string | null = null,
): Promise<Uint8Array> {
  const scenario = simulatedScenarios.find((each) => each.name === name)!;
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  const run = new RunCapture((bytes) => pieces.push(bytes), runName);
  await runWorld(captured(scenario, run), { seed, isFaulty });
  run.close([]);
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

function findingsOf(whole: ReadCapture, from = 0): readonly string[] {
  const { steps } = stepsOfCapture({ ...whole, records: whole.records.slice(from) }, {
    name: "c",
    isChecked: true,
  });
  return [...steps as Iterable<DecodedStep>].flatMap(({ findings }) =>
    findings.map(({ rule, place }) => `${place}: ${rule}`)
  );
}

Deno.test("stepsOfCapture: honest sides break no rule, wherever a capture begins", async () => {
  for (const name of ["small-echo", "byte-streams"]) {
    for (let seed = 1; seed <= times(1, 20); seed++) {
      // What goes wrong in byte-streams are lies, too.
      const whole = await captureOf(name, seed, name !== "byte-streams");
      const step = Math.ceil(whole.records.length / times(8, 100));
      for (let from = 0; from < whole.records.length; from += step) {
        assertEquals(findingsOf(whole, from), []);
      }
    }
  }
});

// As editcap -s cuts records: what is not there is held against nobody.
Deno.test("stepsOfCapture: records that were cut break no rule, and are counted", async () => {
  const whole = await captureOf("small-echo", 1);
  for (const byteCount of [0, 12, 24, 40]) {
    const records = whole.records.map((record) => {
      const missingBytes = record.bytes.length - byteCount;
      if (missingBytes <= 0) return record;
      return { ...record, bytes: record.bytes.slice(0, byteCount), missingBytes };
    });
    const decoding = stepsOfCapture({ ...whole, records }, { name: "c", isChecked: true });
    const steps = [...decoding.steps as Iterable<DecodedStep>];
    const wrong = steps.filter(({ damage, findings }) => damage !== null || findings.length > 0);
    assertEquals(wrong, []);
    const count = records.filter(({ missingBytes }) => missingBytes !== undefined).length;
    assertEquals(decoding.end().lines, [`cut: ${count} records; what follows a cut is not known`]);
  }
});

// As editcap makes a capture of pcap, which has no names.
Deno.test("stepsOfCapture: without names of interfaces buses are told apart by their numbers", async () => {
  const whole = await captureOf("everything", 3);
  const interfaces = whole.interfaces.map(() => ({ name: "", description: "" }));
  const named = findingsOf(whole);
  assertEquals(new Set(whole.records.map(({ header }) => header.bus)).size > 1, true);
  assertEquals(findingsOf({ ...whole, interfaces }), named);
});

Deno.test("stepsOfCapture: says how many packets were passed over", () => {
  const read = readCapture(new Uint8Array(0));
  const none = { ...read, passedOver: 2 };
  const { end } = stepsOfCapture(none, { name: "c", isChecked: true });
  assertEquals(end().lines, ["passed over: 2 packets that are no records of a capture of VMBus"]);
});

// As cat puts captures together: names and numbers of the second are its own.
Deno.test("stepsOfCapture: two sections are two runs, of which neither says anything of the other", async () => {
  const [one, other] = [await fileOf("small-echo", 1), await fileOf("small-echo", 2)];
  const whole = readCapture(Uint8Array.of(...one, ...other));
  assertEquals([whole.damages, whole.sections.length], [[], 2]);
  // The first one ends in its middle, and of the second the beginning is missing: it comes with a completion.
  const second = whole.sections[1]!;
  const first = whole.records.findIndex(({ interface: place, header: { kind, direction } }) =>
    place >= second && kind === "packet" && direction === "toGuest"
  );
  const middle = readCapture(one).records.length / 2;
  const records = whole.records.filter((_each, at) => at >= first || at < middle);
  assertEquals(findingsOf({ ...whole, records }), []);
  // In one section they would be one guest.
  assertEquals(findingsOf({ ...whole, records, sections: [0] }).length > 0, true);
});

// What parts a guest from what was said before is a field of the record, which no text can be taken for (capture.md).
Deno.test("stepsOfCapture: a guest begins anew where it crashed, not where somebody notes such words", async () => {
  const whole = await captureOf("small-echo", 1, false);
  const [first] = whole.records.filter(({ header }) => header.channelId === 0);
  const andAgain = (parting: CaptureHeader["parting"]) => {
    const header = captureHeader({ bus: first!.header.bus, parting });
    const note = { ...first!, header, bytes: new TextEncoder().encode("guest: crashed") };
    const { records } = whole;
    const answer = records.findIndex(({ header: { kind, direction } }) =>
      kind === "packet" && direction === "toGuest"
    );
    // The guest ends in the middle of its life; of the next one the beginning is missing.
    const both = [...records.slice(0, records.length / 2), note, ...records.slice(answer)];
    return findingsOf({ ...whole, records: both });
  };
  assertEquals(andAgain("crashed"), []);
  assertEquals(andAgain("none").length > 0, true);
});

// As mergecap puts captures together: into one section, here by turns.
Deno.test("stepsOfCapture: runs that are merged into one section are told apart by their names", async () => {
  const names = ["small-echo, seed 1", "small-echo, seed 2"];
  const files = await Promise.all(
    names.map(async (name, at) => readCapture(await fileOf("small-echo", at + 1, false, name))),
  );
  const [one, other] = files as [ReadCapture, ReadCapture];
  const moved = other.records.map((record) => ({
    ...record,
    interface: record.interface + one.interfaces.length,
  }));
  const most = Math.max(one.records.length, moved.length);
  const records = Array.from({ length: most }, (_, at) => [one.records[at], moved[at]])
    .flat().filter((record) => record !== undefined);
  const interfaces = [...one.interfaces, ...other.interfaces];
  const merged = { ...one, interfaces, records };
  assertEquals(findingsOf(merged), []);
  const decoding = stepsOfCapture(merged, { name: "c", isChecked: true });
  const steps = [...decoding.steps as Iterable<DecodedStep>];
  assertEquals(decoding.end().lines, names.map((name, at) => `run ${at + 1}: ${name}`));
  const subjects = steps.flatMap(({ entries }) => entries.map(({ entry: { subject } }) => subject));
  assertEquals([...new Set(subjects.map((each) => each.replace(/, .*/, "")))].toSorted(), [
    "run 1",
    "run 2",
  ]);
  const nameless = interfaces.map(({ run: _run, ...each }) => each);
  assertEquals(findingsOf({ ...merged, interfaces: nameless }).length > 0, true);
});

Deno.test("stepsOfCapture: damage in the middle is told where it lies, and what follows is decoded and not misjudged", async () => {
  const whole = await fileOf("small-echo", 1);
  const view = new DataView(whole.buffer);
  const all = readCapture(whole).records.length;
  let packets = 0;
  for (let at = 0; at < whole.length; at += view.getUint32(at + 4, true)) {
    if (view.getUint32(at, true) !== 6 || packets++ % 5 !== 0) continue;
    for (const [place, byte] of [[at + 4, 1], [at + 28 + 2, 99]] as const) {
      const read = readCapture(whole.with(place, byte));
      assertEquals([read.records.length, read.damages.length], [all - 1, 1]);
      assertEquals(findingsOf(read), []);
      const { steps } = stepsOfCapture(read, { name: "c", isChecked: false });
      const damaged = [...steps as Iterable<DecodedStep>].map(({ damage }) => damage);
      const [{ offset, recordsBefore }] = read.damages as [CaptureDamage];
      assertEquals(damaged[recordsBefore]?.startsWith(`c: damaged at ${offset}: `), true);
    }
  }
});

// wire.md 1.4, 1.9, 2.5: of what a capture has of a packet, each mistake is told at its record.
Deno.test("stepsOfCapture: finds packets that no writer writes, and completions that nobody waits for", async () => {
  const whole = await captureOf("small-echo", 1);
  const at = whole.records.findIndex(({ header: { kind, direction } }) =>
    kind === "packet" && direction === "toGuest"
  );
  const changed = (offset: number, value: number, place = at): ReadCapture => {
    const records = whole.records.map((record, number) =>
      number === place ? { ...record, bytes: record.bytes.with(offset, value) } : record
    );
    return { ...whole, records };
  };
  const record = `c, record ${at + 1}: wire.md`;
  const { bytes } = whole.records[at]!;
  assertEquals(findingsOf(changed(6, 2)), [`${record} 1.9: what a reader refuses`]);
  assertEquals(findingsOf(changed(bytes.length - 1, 9)), [`${record} 1.4: the trailer`]);
  const twice = { ...whole, records: whole.records.toSpliced(at, 0, whole.records[at]!) };
  const completion = whole.records.slice(at).map(({ bytes }) => bytes[17]).indexOf(11);
  assertEquals(completion, 0);
  assertEquals(findingsOf(twice), [
    `c, record ${at + 2}: wire.md 2.5: a completion has its request`,
  ]);
});

Deno.test("stepsOfCapture: shows notes and damage, and forgets a guest that was restored", async () => {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  const fabric = createFabric();
  using file = capture(fabric, (bytes) => pieces.push(bytes));
  fabric.createPartition({ name: "guest" });
  await fabric.settle();
  file.note("guest", "words");
  file.end();
  const bytes = new Uint8Array(await new Blob(pieces).arrayBuffer());
  const { steps } = stepsOfCapture(readCapture(bytes.subarray(0, -3)), {
    name: "c",
    isChecked: false,
  });
  const shown = [...steps as Iterable<DecodedStep>];
  assertEquals(shown.at(-1)!.damage?.startsWith("c: damaged at "), true);
  const all = stepsOfCapture(readCapture(bytes), { name: "c", isChecked: false });
  const last = [...all.steps as Iterable<DecodedStep>].at(-1)!;
  assertEquals(last.lines({}), ["    0.0000  guest: words"]);
});

Deno.test("SeenTransactions: a completion ends one transaction of the other way", () => {
  const packet = (transactionId: string) => ({
    isCompletion: false,
    wantsCompletion: true,
    transactionId,
  });
  const completion = (transactionId: string) => ({
    isCompletion: true,
    wantsCompletion: false,
    transactionId,
  });
  const take = (isWhole: boolean) => {
    const seen = new SeenTransactions(isWhole);
    return (way: "toHost" | "toGuest", what: Parameters<typeof seen.take>[1]) =>
      seen.take(way, what)?.what ?? null;
  };
  const whole = take(true);
  assertEquals(whole("toHost", packet("5")), null);
  assertEquals(whole("toHost", packet("5")), null);
  const wrong = "a completion of transaction 5, which no packet waits for";
  assertEquals(whole("toHost", completion("5")), wrong);
  assertEquals(whole("toGuest", completion("5")), null);
  assertEquals(whole("toGuest", completion("5")), null);
  assertEquals(whole("toGuest", completion("5")), wrong);
  assertEquals(whole("toHost", { ...packet("6"), wantsCompletion: false }), null);
  assertEquals(whole("toGuest", completion("6")), wrong.replace("5", "6"));
  assertEquals(take(false)("toGuest", completion("5")), null);
});
