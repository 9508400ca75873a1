import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { capture, RunCapture } from "../../../simulator/capture/capture.ts";
import { captured } from "../../../simulator/capture/captured.ts";
import { type ReadCapture, readCapture } from "../../../simulator/capture/read_capture.ts";
import { CAPTURE_NO_GUID, CAPTURE_NONE } from "../../../simulator/capture/record.ts";
import { fieldsOfControlMessage } from "../../../simulator/decoding/control_message.ts";
import { fieldsOfPacket } from "../../../simulator/decoding/packet.ts";
import { encodePacket, RawGuest } from "../../../simulator/peers/mod.ts";
import { DELAYS } from "../../../simulator/scenarios/faults.ts";
import { twoPhaseCommit } from "../../../simulator/scenarios/protocols/two_phase_commit/scenario.ts";
import { runWorld } from "../../../simulator/worlds/run_world.ts";
import {
  makePair,
  makeServer,
  openPair,
  PAIR_TYPE,
  serverTable,
} from "../../support/connected_pair.ts";
import { createFabric } from "../../support/fabric.ts";
import { sendPlain, WAIT } from "../../support/sending.ts";

/** A sink, and what is in it by now. */
function makeSink() {
  const pieces: Uint8Array[] = [];
  const read = (): ReadCapture => {
    const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const piece of pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    return readCapture(bytes);
  };
  return { pieces, sink: (bytes: Uint8Array) => void pieces.push(bytes), read };
}

const nameOfMessage = (bytes: Uint8Array) =>
  /\((\w+)\)/.exec(fieldsOfControlMessage(bytes).fields[0]?.text ?? "")?.[1];

Deno.test("capture: each control message with its bytes, in order, from the first one on", async () => {
  const fabric = createFabric({ trace: "full" });
  const { sink, read } = makeSink();
  const captured = capture(fabric, sink);
  await openPair({ within: { fabric, guest: fabric.createPartition({ name: "one" }) } });
  captured.end();
  const { interfaces, records, damage } = read();
  assertEquals(damage, null);
  assertEquals(interfaces[0]?.name, "one: bus");
  const messages = records.filter(({ header }) => header.kind === "message");
  const told = fabric.trace.filter(({ event }) => /^messageTo/.test(event));
  assert(told.length > 5);
  assertEquals(
    messages.map(({ bytes, at100ns }) => [bytes.toHex(), at100ns]),
    told.map(({ details, at100ns }) => [details.bytes, at100ns]),
  );
  assertEquals(
    messages.slice(0, 3).map(({ bytes, header }) => [nameOfMessage(bytes), header.direction]),
    [["initiateContact", "toHost"], ["versionResponse", "toGuest"], ["requestOffers", "toHost"]],
  );
  assertEquals(messages[0]?.header.busVersion, CAPTURE_NONE);
  assertEquals(messages.at(-1)?.header.busVersion, 0x6_0000);
  assertEquals(messages.at(-1)?.header.channelId, 0);
});

// wire.md 1.4, 2.1: also where packets wrap around the end of a ring of one page.
for (const codec of ["vmbus", "msgpack"] as const) {
  Deno.test(`capture: each packet of ${codec} as it lies in its ring, with its trailer`, async () => {
    const fabric = createFabric({ codec });
    const { sink, read } = makeSink();
    const captured = capture(fabric, sink);
    const guest = fabric.createPartition({ name: "one" });
    const { vsc, client } = await openPair({ within: { fabric, guest }, ringPages: [1, 1] });
    for (let at = 0; at < 40; at++) {
      sendPlain(vsc, client, new Uint8Array(300).fill(at), WAIT);
      await fabric.settle();
    }
    captured.end();
    const { records, interfaces } = read();
    const packets = records.filter(({ header }) => header.kind === "packet");
    assertEquals(packets.length, 80);
    for (const [at, { bytes, header, ...record }] of packets.entries()) {
      const { fields, damage } = fieldsOfPacket(bytes, { codec });
      assertEquals(damage, null);
      const trailer = fields.at(-1)?.fields?.at(-1);
      assertEquals(trailer?.value, header.ringIndex);
      assertEquals(header.direction, at % 2 === 0 ? "toHost" : "toGuest");
      assertEquals([header.codec, header.pipe, header.channelId], [codec, "none", 1]);
      assertEquals([header.interfaceType, header.ringBytes], [PAIR_TYPE, 8192]);
      assertEquals(interfaces[record.interface]?.name, "one: channel 1");
    }
  });
}

Deno.test("capture: what was sent before it began is told as it lies there", async () => {
  const { fabric, vsc, client, vsp, server } = await openPair({ onServerPacket: "hold" });
  vsp.VmbChannelPause(server);
  await fabric.settle();
  sendPlain(vsc, client, Uint8Array.of(1));
  const { sink, read } = makeSink();
  capture(fabric, sink).end();
  const { records } = read();
  assertEquals(records.map(({ comments }) => comments), [["it was in the ring before"]]);
});

Deno.test("capture: a guest with the name of one that was destroyed has versions of its own", async () => {
  const fabric = createFabric();
  const { sink, read } = makeSink();
  const captured = capture(fabric, sink);
  for (const vmbusVersion of ["5.3", "5.0"] as const) {
    const guest = fabric.createPartition({ name: "one", vmbusVersion });
    await openPair({ within: { fabric, guest } });
    await guest.destroy();
    await fabric.settle();
  }
  captured.end();
  const { records, interfaces } = read();
  const versions = records.filter(({ header }) => header.kind === "message")
    .map(({ header }) => header.busVersion).filter((version) => version !== CAPTURE_NONE);
  assertEquals([...new Set(versions)], [0x5_0003, 0x5_0000]);
  assertEquals(interfaces.map(({ name }) => name), ["one: bus", "one: channel 1"]);
});

// wire.md 1.9
Deno.test("capture: what a hostile guest writes is there with what is wrong with it", async () => {
  const fabric = createFabric({ codec: "vmbus" });
  const { sink, read } = makeSink();
  const captured = capture(fabric, sink);
  const partition = fabric.createPartition({ name: "raw", memoryPages: 64 });
  const guest = new RawGuest(partition);
  const vsp = serverTable(fabric);
  const server = makeServer(vsp, fabric, partition, [], {});
  vmbus.expectSuccess(vsp.VmbChannelEnable(server));
  vsp.VmbChannelStart(server);
  await fabric.settle();
  const rings = guest.makeRings(1, 1);
  guest.open(rings, guest.offers[0]!.channelId, 77, { openId: 5 });
  await fabric.settle();
  const payload = new Uint8Array(16);
  rings.put("upstream", encodePacket("vmbus", { payload }), {
    ...encodePacket("vmbus", { payload }),
    length: 1000,
  });
  guest.signal(1);
  await fabric.settle();
  rings.store("upstream", "writeIndex", 4095);
  await fabric.step();
  captured.end();
  const { records } = read();
  const packets = records.filter(({ header }) => header.kind === "packet");
  assertEquals(packets.map(({ comments, bytes }) => [comments, bytes.length]), [
    [[], 40],
    [["40 bytes up to the write index can be no packet"], 40],
    [["write index 4095 is no place in 4096 bytes"], 0],
  ]);
  const notes = records.flatMap(({ header, comments }) => header.kind === "note" ? comments : []);
  assertStringIncludes(
    notes.join(),
    "found by channel 1 (server) in root: invalidDescriptorLengths",
  );
});

Deno.test("captured: a world is the same, and its faults, steps and findings are in the file", async () => {
  const scenario = { ...twoPhaseCommit(false), faults: DELAYS };
  const plain = await runWorld(scenario, { seed: 10 });
  const { sink, read, pieces } = makeSink();
  const run = new RunCapture(sink);
  const result = await runWorld(captured(scenario, run), { seed: 10, onChoice: run.chose });
  run.close(["a sentence"]);
  assertEquals(result.traceDigest, plain.traceDigest);
  assert(pieces.every(({ length }) => length <= 64 * 1024));
  const { interfaces, records, damage } = read();
  assertEquals(damage, null);
  const steps = records.map(({ header }) => header.step).filter((step) => step !== CAPTURE_NONE);
  assertEquals(steps, steps.toSorted((one, other) => one - other));
  assertEquals(steps.at(-1), result.steps);
  const faults = records.flatMap(({ comments }) => comments).filter((text) =>
    /^fault: /.test(text)
  );
  assertEquals(faults.length, result.faults.length);
  assert(faults.length > 0);
  const last = records.at(-1)!;
  assertEquals(interfaces[last.interface]?.name, "run");
  assertEquals([last.comments, last.header.interfaceType], [["a sentence"], CAPTURE_NO_GUID]);
});

Deno.test("RunCapture: a guest that moves keeps the number of its bus, and time continues", async () => {
  const { sink, read } = makeSink();
  const run = new RunCapture(sink);
  for (const names of [["one", "two"], ["two"]]) {
    const fabric = createFabric();
    run.watch(fabric);
    for (const name of names) {
      await openPair({ within: { fabric, guest: fabric.createPartition({ name }) } });
      await fabric.advance(5);
    }
  }
  run.close([]);
  const { interfaces, records } = read();
  const busesOf = (name: string) =>
    new Set(
      records.filter((record) => interfaces[record.interface]?.name === `${name}: bus`)
        .map(({ header }) => header.bus),
    );
  assertEquals([...busesOf("one"), ...busesOf("two"), ...busesOf("two (2)")], [1, 2, 2]);
  const times = records.map(({ at100ns }) => at100ns);
  assertEquals(times, times.toSorted((one, other) => one - other));
  assertEquals(times.at(-1)! >= 50_000, true);
});

Deno.test("capture: notes of the program's own, and nothing behind its end", async () => {
  const fabric = createFabric();
  const { sink, read } = makeSink();
  {
    using captured = capture(fabric, sink);
    fabric.createPartition({ name: "one" });
    captured.note("one", "here it begins");
  }
  const before = read().records.length;
  void makePair({ within: { fabric, guest: fabric.createPartition({ name: "two" }) } });
  await fabric.settle();
  const { records } = read();
  assertEquals(records.length, before);
  assertEquals(new TextDecoder().decode(records.at(-1)?.bytes), "here it begins");
});

// capture.md: byte 7 of the header, whatever a program notes.
Deno.test("capture: the note of a guest's end says that it parts it from what was said before", async () => {
  const fabric = createFabric();
  const { sink, read } = makeSink();
  {
    using captured = capture(fabric, sink);
    const one = fabric.createPartition({ name: "one" });
    captured.note("one", "one: saved");
    one.pause();
    one.resume();
    one.crash();
    one.destroy();
    await fabric.settle();
  }
  const notes = read().records.filter(({ header }) => header.kind === "note");
  assertEquals(notes.map(({ header, comments }) => [comments[0], header.parting]), [
    ["one: saved", "none"],
    ["one: paused", "none"],
    ["one: resumed", "none"],
    ["one: crashed", "crashed"],
    ["one: destroyed", "destroyed"],
  ]);
});

Deno.test("capture: what is no fabric, no function or no text is refused", () => {
  const fabric = createFabric();
  const sink = () => {};
  assertThrows(() => capture({} as never, sink), TypeError, "is no fabric");
  assertThrows(
    () => capture(fabric, null as never),
    TypeError,
    "sink must be a function, not null",
  );
  const captured = capture(fabric, sink);
  assertThrows(() => captured.note(1 as never, ""), TypeError, "partition must be a string, not 1");
  assertThrows(() => captured.note("", 1 as never), TypeError, "text must be a string, not 1");
});

Deno.test("capture: says what its run is called in each interface, and refuses what is no name", async () => {
  const fabric = createFabric();
  const { sink, read } = makeSink();
  const captured = capture(fabric, sink, { run: "mine" });
  await openPair({ within: { fabric, guest: fabric.createPartition({ name: "one" }) } });
  captured.end();
  const { interfaces } = read();
  assertEquals(interfaces.length, 2);
  for (const { run, description } of interfaces) {
    assertEquals([run, description.includes("mine")], ["mine", false]);
  }
  assertThrows(
    () => capture(createFabric(), sink, { run: 7 as unknown as string }),
    TypeError,
    "Cannot capture a fabric: run must be a string, not 7",
  );
});
