import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { array, fieldsOf, type Layout, struct, u16, u8 } from "../../../core/layout/mod.ts";
import { entryTextsOf } from "../../../simulator/pages/entry_texts.ts";
import { traceEventsOf } from "../../../simulator/pages/trace_events.ts";
import { packetOf, rowsOf } from "../../../simulator/pages/fields.ts";
import { recordRun } from "../../../simulator/pages/record_run.ts";
import type { RecordedBytes, Recording } from "../../../simulator/pages/recording.ts";
import { disk } from "../../../simulator/scenarios/disk/scenario.ts";
import { echo } from "../../../simulator/scenarios/echo/scenario.ts";
import { everything } from "../../../simulator/scenarios/everything/scenario.ts";
import { defineScenario } from "../../../simulator/worlds/define_scenario.ts";
import { PayloadReader } from "../../../simulator/decoding/payloads.ts";
import type { DriverTable, ScenarioDefinition } from "../../../simulator/worlds/world.ts";

const PAIR = struct("pair", 4, { first: [0, u16, "bytes"], second: [2, u16] });
const LIST = struct("list", 0, { all: [0, array(u8, "toTheEnd")] });

async function quiet<Drivers extends DriverTable>(scenario: ScenarioDefinition<Drivers>) {
  return await recordRun(scenario, { seed: 5, isFaulty: false, schedule: "fifo" });
}

/** The fields of each payload that was seen at entries of an event. */
function seenAt({ bytes, entries }: Recording, event: string): readonly RecordedBytes[] {
  return bytes.filter(({ entry }) => entries[entry]!.event === event);
}

const text = ({ fields = [] }: RecordedBytes) =>
  fields.map(([name, , , value]) => `${name} ${value}`).join(", ");

Deno.test("recordRun: requests and replies of the disk read as its protocol has them", async () => {
  const recording = await quiet(disk);
  const sent = seenAt(recording, "packetEntered");
  assertMatch(text(sent[0]!), /^operation 1 \(negotiate\), .*version 1, statusGpadl \d+/);
  assert(sent.some((one) => /^operation 3 \(write\), .*blockCount \d+ blocks?/.test(text(one))));
  const answered = seenAt(recording, "packetCompleted");
  for (const one of answered) assertMatch(text(one), /^answer 0 \(ok\), blockCount \d+ block/);
  assert(answered.length > 0);
  // The list of entries and the trace for Perfetto have it in a few words.
  const texts = entryTextsOf(recording);
  assertMatch(texts[sent[0]!.entry]!, / enters the ring, \d+ bytes: disk request: negotiate$/);
  const { traceEvents } = traceEventsOf(recording);
  assert(traceEvents.some(({ name }) => name.endsWith(": disk request: negotiate")));
});

Deno.test("recordRun: what a packet says of itself is the same where it arrives", async () => {
  const answer = { isAnswer: true, layout: struct("answer", 1, { first: [0, u8] }) };
  const recording = await quiet({ ...echo, payloads: [answer, ...echo.payloads!] });
  const { entries } = recording;
  const of = new Map(recording.bytes.map((one) => [one.entry, one]));
  const packets = recording.arrows.filter(({ kind }) => kind === "packet");
  assert(packets.length > 3);
  for (const { from, to } of packets) {
    // What is behind the header has come to be a multiple of 8 bytes, as VMBus counts in such words (wire.md 2.1).
    const packet = packetOf(entries[from]!)!.slice(0, 3);
    assertEquals(packetOf(entries[to]!)!.slice(0, 3), packet);
    const [sent, arrived] = [from, to].map((entry) => of.get(entry)!.fields!.slice(0, 3));
    assertEquals(sent, arrived);
    assertMatch(text(of.get(to)!), /^kind [1-4] \(\w+\), payloadBytes \d+ bytes?, sequence \d+/);
  }
  const completed = entries.find(({ event }) => event === "packetCompleted")!;
  assertEquals(packetOf(completed)!.slice(0, 3), [
    ["type", "completion"],
    ["flags", "none"],
    ["transaction id", String(completed.details.packet)],
  ]);
  assertMatch(text(of.get(entries.indexOf(completed))!), /^first [1-4], rest \d+ bytes$/);
  assertEquals(packetOf(entries.find(({ event }) => event === "packetEnded")!), null);
});

Deno.test("recordRun: each honest message of everything fits its layout", async () => {
  const { bytes } = await quiet(everything);
  const filled = bytes.filter(({ byteCount }) => byteCount > 0);
  assert(filled.length > 10);
  for (const one of filled) {
    assertMatch(text(one), /^number \d+, kind \d \(\w+\), treat/);
    assert(!one.fields!.some(([name]) => name === "damaged"));
  }
});

const shownFields = (layout: Layout<unknown>, bytes: Uint8Array) =>
  rowsOf(fieldsOf(layout, bytes), bytes);

Deno.test("rowsOf: damage, what is behind the layout, and more fields than anybody reads", () => {
  const bytes = Uint8Array.of(1, 0, 2, 0, 9, 9, 9);
  assertEquals(shownFields(PAIR, bytes), [
    ["first", 0, 2, "1 byte", 0],
    ["second", 2, 2, "2", 0],
    ["rest", 4, 3, "3 bytes", 0],
  ]);
  assertEquals(shownFields(PAIR, bytes.subarray(0, 3)), [
    ["first", 0, 2, "1 byte", 0],
    ["damaged", 2, 1, "second takes 2 bytes, 1 are there", 0],
  ]);
  const many = shownFields(LIST, new Uint8Array(4000));
  assertEquals(many.length, 257);
  assertEquals(many.at(-1), ["more", 255, 3745, "3745 fields more", 0]);
});

Deno.test("PayloadReader: the first that fits counts; where none does nobody says", () => {
  const interfaceType = "5F2D1A3C-90B4-4C1E-8A57-E1C06D2B7F44";
  const payloads = [
    { interfaceType, isAnswer: true, layout: PAIR },
    { direction: "toHost", layout: LIST },
  ] as const;
  const mine = interfaceType.toLowerCase();
  const layoutOf = (type: string | null, direction: "toHost" | "toGuest", isAnswer: boolean) =>
    new PayloadReader(payloads).read(
      { interfaceType: type, direction, isAnswer, transaction: "" },
      new Uint8Array(4),
    )?.title ?? null;
  assertEquals(layoutOf(mine, "toHost", true), "pair");
  assertEquals(layoutOf(mine, "toHost", false), "list");
  assertEquals(layoutOf(mine, "toGuest", true), "pair");
  assertEquals(layoutOf(mine, "toGuest", false), null);
  assertEquals(layoutOf(null, "toGuest", true), null);
});

Deno.test("defineScenario: refuses what says of no payload how it reads", () => {
  const wrong = [
    null,
    {},
    { layout: {} },
    { layout: PAIR, interfaceType: "disk" },
    { layout: PAIR, direction: "host" },
    { layout: PAIR, isAnswer: 1 },
  ];
  for (const one of wrong) {
    const part = { name: "test", title: "a test", partitions: {}, workload: () => {} };
    assertThrows(
      () => defineScenario({ ...part, payloads: [{ layout: PAIR }, one as never] }),
      TypeError,
      "each of its payloads must be one with a layout",
    );
  }
});
