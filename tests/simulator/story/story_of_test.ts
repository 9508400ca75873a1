// simulator.md, "The story": what a story tells of, what it leaves out, and what it has in one line.
import { assert, assertEquals } from "@std/assert";
import type { TraceEntry } from "../../../mod.ts";
import {
  type Finding,
  runWorld,
  type ScenarioDefinition,
  type Story,
  storyOf,
} from "../../../simulator/mod.ts";
import { deviceQueue } from "../../../tools/canaries/drivers/requests.ts";
import { keptPastSuspend } from "../../../tools/canaries/drivers/life.ts";
import {
  arrive,
  call,
  CLIENT,
  complete,
  entry,
  FINDING,
  finish,
  openedPair,
  processed,
  send,
  SERVER,
} from "./entries.ts";

function tell(trace: readonly TraceEntry[], finding: Finding = FINDING): Story {
  return storyOf({ scenario: "by hand", seed: 0n, trace }, finding);
}

/** All lines but the finding's: who, what. */
function linesOf(...entries: readonly (TraceEntry | readonly TraceEntry[])[]): string[] {
  const { lines } = tell([...openedPair(), ...entries.flat()]);
  return lines.slice(0, -1).map(({ who, text, to }) =>
    `${who}: ${text}${to === undefined ? "" : ` → ${to}`}`
  );
}

Deno.test("storyOf: packets are told as they are sent, arrive, are completed and end", () => {
  assertEquals(linesOf(send(0), arrive(1), complete(1), processed(), finish(0)), [
    "guest: VmbPacketSend(packet 0, 8 bytes, wants a completion) → host",
    "host: EvtChannelProcessPacket(packet 0, 8 bytes)",
    "host: VmbChannelPacketComplete(packet 0)",
    "guest: packet 0 ends with STATUS_SUCCESS, 0 bytes",
  ]);
});

Deno.test("storyOf: a packet object that is used again is another packet, of the same transaction", () => {
  const packetObject = `VMBPACKET 0 of ${CLIENT}`;
  const routine = call(CLIENT, "VmbPacketSetCompletionRoutine", { packetObject });
  assertEquals(linesOf(routine, send(0), arrive(1), complete(1), finish(0), send(0)).slice(3), [
    "guest: EvtPacketCompletionRoutine(packet 0, STATUS_SUCCESS, 0 bytes)",
    "guest: VmbPacketSend(packet 1 of transaction 0, 8 bytes, wants a completion) → host",
  ]);
});

Deno.test("storyOf: a packet that waits in the queue is told of again when it leaves it", () => {
  const [begin, end] = call(CLIENT, "VmbPacketSend", { bufferLength: 8, flags: 0 });
  const queued = entry("packetQueued", CLIENT, { packet: 0, byteCount: 8 });
  const entered = entry("packetEntered", CLIENT, { packet: 0, byteCount: 8 });
  assertEquals(linesOf([begin!, queued, end!], entered, arrive(1)), [
    "guest: VmbPacketSend(packet 0, 8 bytes), into its queue",
    "guest: puts packet 0 from its queue into the ring → host",
    "host: EvtChannelProcessPacket(packet 0, 8 bytes)",
  ]);
});

Deno.test("storyOf: one that is handed back comes again, before all others, and is the same packet", () => {
  const defer = entry("packetRetired", SERVER, { packet: 1, how: "handedBack", payload: null });
  assertEquals(linesOf(send(0), send(1), arrive(1), defer, processed(), arrive(2)).slice(2), [
    "host: EvtChannelProcessPacket(packet 0, 8 bytes)",
    "host: packet 0 goes back, and comes again",
    "host: EvtChannelProcessPacket(packet 0, 8 bytes)",
  ]);
});

Deno.test("storyOf: what is held is told of where nobody would expect it", () => {
  const suspend = entry("callbackBegin", SERVER, { callback: "EvtChannelSuspend" });
  const sent = [0, 1, 2, 3].flatMap((slot) => send(slot));
  const arrived = [1, 2, 3, 4].map((number) => arrive(number));
  assertEquals(
    linesOf(sent, arrived, complete(2), suspend).at(-1),
    "host: EvtChannelSuspend, while packets 0, 2 and 3 are still held",
  );
  const pause = call(SERVER, "VmbChannelPause");
  assertEquals(
    linesOf(send(0), arrive(1), pause).at(-1),
    "host: VmbChannelPause, while packet 0 is still held",
  );
});

Deno.test("storyOf: what sets a channel up is one line, what nobody need know none, unless it fails", () => {
  const status = { status: 0, statusName: "STATUS_SUCCESS" };
  const failure = { status: 0xc000_000d, statusName: "STATUS_INVALID_PARAMETER" };
  assertEquals(
    linesOf(
      call(SERVER, "VmbChannelInitSetFlags", {}, status),
      call(SERVER, "VmbChannelInitSetMaximumPacketSize", {}, status),
      call(SERVER, "VmbChannelInitSetMaximumPacketSize", {}, failure),
      call(SERVER, "VmbChannelGetPointer"),
      call(CLIENT, "VmbPacketAllocate", {}, { result: `VMBPACKET 0 of ${CLIENT}` }),
      call(CLIENT, "VmbPacketAllocate", {}, { result: null }),
      call(SERVER, "VmbChannelEnable", {}, failure),
    ),
    [
      `host: sets up ${SERVER}: 2 calls`,
      "host: VmbChannelInitSetMaximumPacketSize returns STATUS_INVALID_PARAMETER",
      "guest: VmbPacketAllocate returns nothing",
      "host: VmbChannelEnable returns STATUS_INVALID_PARAMETER",
    ],
  );
});

Deno.test("storyOf: the end of a call or callback is told where others came between, or it waited", () => {
  const begin = (callback: string) => entry("callbackBegin", SERVER, { callback });
  const end = (callback: string) => entry("callbackEnd", SERVER, { callback });
  const waits = { call: "VmbChannelPause", wait: 0 };
  const [pause, returned] = call(SERVER, "VmbChannelPause");
  assertEquals(
    linesOf(
      begin("EvtChannelStarted"),
      end("EvtChannelStarted"),
      begin("EvtChannelPostStarted"),
      send(0),
      end("EvtChannelPostStarted"),
      [pause!, entry("waitBegan", SERVER, waits), returned!],
      begin("EvtChannelSuspend"),
      end("EvtChannelSuspend"),
      entry("waitEnded", SERVER, waits),
    ),
    [
      "host: EvtChannelStarted",
      "host: EvtChannelPostStarted",
      "guest: VmbPacketSend(packet 0, 8 bytes, wants a completion) → host",
      "host: EvtChannelPostStarted returns",
      "host: VmbChannelPause",
      "host: EvtChannelSuspend",
      "host: VmbChannelPause returns",
    ],
  );
});

Deno.test("storyOf: a callback that throws or refuses says so, and a quiet one nothing", () => {
  const begin = (callback: string) => entry("callbackBegin", SERVER, { callback });
  const quiet = "EvtChannelProcessingComplete";
  assertEquals(
    linesOf(
      begin("EvtChannelOpened"),
      entry("callbackEnd", SERVER, {
        callback: "EvtChannelOpened",
        status: 0xc000_0001,
        statusName: "STATUS_UNSUCCESSFUL",
      }),
      begin("EvtChannelClosed"),
      entry("callbackEnd", SERVER, { callback: "EvtChannelClosed", threw: true }),
      begin(quiet),
      entry("callbackEnd", SERVER, { callback: quiet }),
      entry("callbackBegin", SERVER, { callback: quiet, packetsProcessed: 2 }),
      send(0, SERVER),
    ),
    [
      "host: EvtChannelOpened returns STATUS_UNSUCCESSFUL",
      "host: EvtChannelClosed throws",
      `host: ${quiet}(2 packets)`,
      "host: VmbPacketSend(packet 0, 8 bytes, wants a completion) → guest",
    ],
  );
});

Deno.test("storyOf: control messages go from one to the other, but for those that every open has", () => {
  const say = (event: string, message: string, fields: TraceEntry["details"] = {}) =>
    entry(event, "guest", { bytes: "00", message, fields });
  assertEquals(
    linesOf(
      say("messageToHost", "requestOffers"),
      say("messageToGuest", "offerChannel", { channelId: 1 }),
      say("messageToGuest", "gpadlCreated", { channelId: 1, gpadlId: 7, status: 0 }),
      say("messageToGuest", "gpadlCreated", {
        channelId: 1,
        gpadlId: 7,
        status: 0x8000_ffff,
        statusName: "0x8000ffff",
      }),
      entry("messageToHost", "guest", { bytes: "", message: null, fault: "messageTooSmall" }),
      entry("fault", "guest", { fault: "messageTooSmall", message: "", direction: "toHost" }),
      entry("fault", SERVER, { fault: "badIndex" }),
    ),
    [
      "host: offerChannel(channelId 1) → guest",
      "host: gpadlCreated(channelId 1, GPADL 7, 0x8000ffff) → guest",
      "guest: sends what is no control message: messageTooSmall → host",
      "host: refuses a message: messageTooSmall",
      "host: stops: the opposite side has done wrong (badIndex)",
    ],
  );
});

Deno.test("storyOf: switches say what ran instead of what, faults where; a message that one overtook is taken", () => {
  const closed = { message: "closeChannel", fields: { channelId: 1 } };
  const { lines } = tell([
    ...openedPair(),
    entry("choice", "#0", { kind: "draw", offset: 3, step: 6, count: 9, chosen: 3 }),
    entry("messageToHost", "guest", { bytes: "00", ...closed }),
    entry("choice", "#0", { kind: "item", offset: 0, step: 7, count: 2, chosen: 0 }),
    entry("choice", "#0", {
      kind: "item",
      offset: 1,
      step: 8,
      ran: `the interrupt of ${SERVER}`,
      insteadOf: "the next control message of guest",
    }),
    entry("faultFired", "#0", { fault: "guestPaused", place: "guest", guest: "guest" }),
    entry("messageTaken", "guest", { direction: "toHost", ...closed }),
  ]);
  assertEquals(lines.map(({ step, who, text, mark }) => [step, who, text, mark]), [
    [7, "guest", "closeChannel(channelId 1)", undefined],
    [
      8,
      "host",
      "the interrupt of host runs instead of the next control message of guest",
      "switch",
    ],
    [9, "guest", "guestPaused: guest", "fault"],
    [9, "host", "takes closeChannel(channelId 1)", undefined],
    [9, "world", "correctness: all is well: it is not", "finding"],
  ]);
});

/** Packet `slot`, from its send to its end; packets are completed in order. */
function wholeWay(slot: number): readonly TraceEntry[] {
  return [send(slot), arrive(slot + 1), complete(slot + 1), processed(), finish(slot)].flat();
}

/** So many lines that nothing before them is among the last ones. */
function otherLines(): readonly TraceEntry[] {
  return Array.from({ length: 12 }, () => call(CLIENT, "VmbChannelStart")).flat()
    .concat(Array.from({ length: 12 }, () => call(SERVER, "VmbChannelStart")).flat());
}

Deno.test("storyOf: packets that went the way of one before are one line, but at the end", () => {
  const many = Array.from({ length: 40 }, (_, slot) => wholeWay(slot));
  const lines = linesOf(...many, otherLines());
  assertEquals(lines.slice(0, 6), [
    "guest: VmbPacketSend(packet 0, 8 bytes, wants a completion) → host",
    "host: EvtChannelProcessPacket(packet 0, 8 bytes)",
    "host: VmbChannelPacketComplete(packet 0)",
    "guest: packet 0 ends with STATUS_SUCCESS, 0 bytes",
    "guest: packets 1 to 39 go as packet 0 did",
    "guest: VmbChannelStart",
  ]);
  // The last 24 lines are six packets, each in four lines of its own.
  const atEnd = linesOf(...many);
  assertEquals(atEnd.length, 4 + 1 + 24);
  assertEquals(atEnd[4], "guest: packets 1 to 33 go as packet 0 did");
});

Deno.test("storyOf: a packet that went another way, or is beside a switch, is told of by itself", () => {
  const between = entry("choice", "#0", { kind: "item", offset: 1, step: 1 });
  const [first, ...rest] = wholeWay(2);
  const lines = linesOf(
    wholeWay(0),
    wholeWay(1),
    [first!, ...rest.slice(0, 2), between, ...rest.slice(2)],
    wholeWay(3),
    [send(4), arrive(5)].flat(),
    otherLines(),
  );
  assertEquals(lines.filter((line) => / as packet /.test(line)), [
    "guest: packet 1 goes as packet 0 did",
    "guest: packet 3 goes as packet 0 did",
  ]);
  assert(lines.includes("guest: VmbPacketSend(packet 2, 8 bytes, wants a completion) → host"));
  assert(lines.includes("host: EvtChannelProcessPacket(packet 4, 8 bytes)"));
});

Deno.test("storyOf: the same that happens to packets one right behind the other is one line", () => {
  const slots = [0, 1, 2, 3, 4];
  const sent = slots.flatMap((slot) => send(slot));
  const arrived = slots.map((slot) => arrive(slot + 1));
  // Each ends with another status, so that no two go the same way.
  const ended = slots.map((packet) =>
    entry("packetEnded", CLIENT, { packet, status: packet, statusName: `STATUS_${packet}` })
  );
  assertEquals(linesOf(sent, arrived, otherLines(), ended).slice(0, 2), [
    "guest: VmbPacketSend(packets 0 to 4, 8 bytes, wants a completion) → host",
    "host: EvtChannelProcessPacket(packets 0 to 4, 8 bytes)",
  ]);
});

Deno.test("storyOf: a partition with several channels has a name for each, and one called host is none", () => {
  const other = entry("channelCreated", "channel 3 (server)", {
    partition: "root",
    side: "server",
  });
  const { participants } = tell([
    ...openedPair("host"),
    other,
    ...call(SERVER, "VmbChannelEnable"),
    ...call("channel 3 (server)", "VmbChannelEnable"),
    ...call(CLIENT, "VmbChannelEnable"),
  ]);
  assertEquals(participants, ["root: channel 1", "root: channel 3", "host"]);
});

Deno.test("storyOf: a story ends where the finding is on the trace, with the line of whoever did it", () => {
  const finding: Finding = {
    ...FINDING,
    by: "verifier",
    place: "VmbPacketFree of client in guest",
    message: `${CLIENT} in guest, packet 0: it is in flight`,
    firstSource: "file:///drivers/queue.ts:7:3",
  };
  const { rule, message } = finding;
  const source = "file:///drivers/disk.ts:12:5";
  const violation = entry("violation", "#0", { rule, call: "VmbPacketFree", message }, 7);
  const trace = [...openedPair(), ...send(0), { ...violation, source }, ...send(1)];
  const { lines } = tell(trace, finding);
  assertEquals(lines.length, 2);
  const text = `correctness: all is well: ${message}, first from queue.ts:7:3`;
  assertEquals(lines[1], { step: 0, at100ns: 7, who: "guest", text, mark: "finding", source });
  // Another finding's violation is a line of its own.
  assertEquals(
    tell(trace).lines[1]?.text,
    `the verifier finds all is well in VmbPacketFree: ${message}`,
  );
});

/** The first world of a planted mistake, from that seed on, in which something is found, and its story. */
async function plantedStory(scenario: ScenarioDefinition, from: number): Promise<Story> {
  for (let seed = from; seed < from + 200; seed++) {
    const result = await runWorld(scenario, { seed, trace: "full" });
    const [finding] = result.findings;
    if (finding !== undefined) return storyOf(result, finding);
  }
  throw new Error("Cannot tell a story: nothing is found in 200 worlds");
}

Deno.test("storyOf: a real run, whose server believes after Suspend what it knew before", async () => {
  const { lines, participants } = await plantedStory(keptPastSuspend(true), 6);
  assertEquals(participants, ["host", "guest"]);
  assertEquals(lines.at(-1)?.mark, "finding");
  assert(lines.some(({ mark }) => mark === "switch"));
  const told = lines.map(({ who, text }) => `${who}: ${text}`);
  const wanted = [
    /^host: VmbPacketSend\(packet \d/,
    /^guest: VmbChannelDisable/,
    /^guest: closeChannel\(channelId 1\)$/,
    /^host: EvtPacketCompletionRoutine\(packet \d+.*, STATUS_DEVICE_REMOVED/,
    /^guest: VmbChannelEnable$/,
    /^world: correctness: every notice comes/,
  ];
  for (const pattern of wanted) assert(told.some((line) => pattern.test(line)), `${pattern}`);
  assert(told.every((line) => !/undefined|NaN|\[object/.test(line)));
});

Deno.test("storyOf: a real run, whose server completes at Suspend what it completes later again", async () => {
  const { lines, finding } = await plantedStory(deviceQueue("completed twice"), 43);
  assertEquals(finding.by, "verifier");
  const suspend = lines.find(({ text }) => text.startsWith("EvtChannelSuspend, while packet"));
  assert(suspend !== undefined && suspend.who === lines.at(-1)?.who);
});
