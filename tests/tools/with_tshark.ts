/**
 * Captures in Debian's tshark: tests of `deno task test:tools`, which the suite does not find by their name.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { CONTROL_MESSAGE, formsOf } from "../../core/control/layouts.ts";
import { MESSAGE_RULES, VERSION_NUMBERS } from "../../core/control/versions.ts";
import { RunCapture } from "../../simulator/capture/capture.ts";
import { captured } from "../../simulator/capture/captured.ts";
import {
  capture,
  type CaptureHeader,
  encodePacket,
  rawPacketBytes,
  readCapture,
  runWorld,
  simulatedScenarios,
} from "../../simulator/mod.ts";
import { anyControlMessage } from "../support/control_messages.ts";
import {
  checkFile,
  checkRecord,
  dissected,
  fileOfRecords,
  hasShown,
  PLAIN_HEADER,
} from "../support/dissected.ts";
import { openPair } from "../support/connected_pair.ts";
import { createFabric } from "../support/fabric.ts";
import { runTool, testWithTools } from "../support/installed.ts";
import { withTree } from "../support/temp_tree.ts";

testWithTools("capture: tshark reads the file, with interfaces, directions and comments", [
  "tshark",
], async () => {
  await withTree({}, async (root) => {
    const path = `${root}/run.pcapng`;
    const fabric = createFabric();
    using file = Deno.createSync(path);
    const captured = capture(fabric, (bytes) => void file.writeSync(bytes));
    const guest = fabric.createPartition({ name: "one" });
    await openPair({ within: { fabric, guest } });
    captured.note("one", "it is open");
    captured.end();
    const fields = ["frame.interface_name", "frame.packet_flags_direction", "frame.comment"];
    const columns = fields.flatMap((field) => ["-e", field]);
    const { code, stdout } = await runTool("tshark", ["-r", path, "-T", "fields", ...columns]);
    assertEquals(code, 0);
    const lines = stdout.trimEnd().split("\n");
    assertEquals(lines[0], "one: bus\t0x00000002\t");
    assertEquals(lines[1], "one: bus\t0x00000001\t");
    assertEquals(lines.at(-1), "one: bus\t0x00000002\tit is open");
  });
});

const SEED = 11;
const NAMES = Object.keys(MESSAGE_RULES) as (keyof typeof MESSAGE_RULES)[];

/** Messages of each form of each number, several of each. */
function allForms() {
  const messages = fc.sample(anyControlMessage, { numRuns: 3000, seed: SEED });
  return NAMES.flatMap((name) => {
    const own = messages.filter(({ message }) => message === name)
      .map((message) => CONTROL_MESSAGE.encode(message));
    return formsOf(name).flatMap((form, at, forms) => {
      const longer = forms[at - 1]?.byteCount ?? Infinity;
      const found = own.filter(({ length }) => length >= form.byteCount && length < longer);
      assert(found.length > 0, `there is a ${name} of ${form.byteCount} bytes`);
      return found.slice(0, 4).map((bytes) => ({ name, bytes }));
    });
  });
}

const messageHeader = (name: keyof typeof MESSAGE_RULES, version: number): CaptureHeader => ({
  ...PLAIN_HEADER,
  direction: MESSAGE_RULES[name].to === "host" ? "toHost" : "toGuest",
  busVersion: version,
  busFeatures: 0xff,
});

// wire.md 4.2
testWithTools(
  "vmbus.lua: every form of every message at every version reads as the decoder reads it",
  [
    "tshark",
  ],
  async () => {
    const records = Object.values(VERSION_NUMBERS).flatMap((version) =>
      allForms().map(({ name, bytes }) => ({ header: messageHeader(name, version), bytes, name }))
    );
    const all = await dissected(fileOfRecords(records));
    for (const [at, record] of records.entries()) {
      assertEquals(checkRecord(record, all[at]!), false);
      const { since, isAlwaysSaid } = MESSAGE_RULES[record.name];
      const isSaid = isAlwaysSaid === true || record.header.busVersion >= VERSION_NUMBERS[since];
      assertEquals(hasShown(all[at]!, "vmbus.not_said"), !isSaid, `${record.name} at ${since}`);
    }
  },
);

/** `bytes` with some of them changed, cut off or added. */
function damagedBytes(bytes: Uint8Array, random: (below: number) => number): Uint8Array {
  const how = random(3);
  if (how === 0) return bytes.slice(0, random(bytes.length + 1));
  if (how === 1) return Uint8Array.of(...bytes, ...new Uint8Array(random(260)).fill(random(256)));
  const changed = bytes.slice();
  for (let count = random(4); count >= 0; count--) {
    // Where lengths, offsets and types are, more than elsewhere.
    const at = random(random(2) === 0 ? Math.min(bytes.length, 28) : bytes.length);
    changed[at] = random(2) === 0 ? random(256) : random(4);
  }
  return changed;
}

/** Numbers that are the same in each run. */
function drawing(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = Math.imul(state ^ state >>> 15, 0x2c1b_3c6d) + 0x9e37_79b9 | 0;
    return (state >>> 8) % below;
  };
}

testWithTools(
  "vmbus.lua: damaged messages have the decoder's fields, and are malformed where it finds damage",
  [
    "tshark",
  ],
  async () => {
    const random = drawing(SEED);
    const records = [1, 2, 3, 4].flatMap(() => allForms()).map(({ name, bytes }) => ({
      header: messageHeader(name, 0x6_0000),
      bytes: damagedBytes(bytes, random),
    }));
    const all = await dissected(fileOfRecords(records));
    const damaged = records.filter((record, at) => checkRecord(record, all[at]!));
    assert(damaged.length > 50 && damaged.length < records.length);
  },
);

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const anyRange = fc.record({
  byteCount: fc.integer({ min: 1, max: 40_000 }),
  byteOffset: fc.nat(4095),
})
  .chain(({ byteCount, byteOffset }) => {
    const pages = Math.ceil((byteCount + byteOffset) / 4096);
    const pfns = fc.array(fc.oneof(fc.nat(1000), fc.nat(2 ** 40)), {
      minLength: pages,
      maxLength: pages,
    });
    return fc.record({
      byteCount: fc.constant(byteCount),
      byteOffset: fc.constant(byteOffset),
      pfns,
    });
  });
const common = {
  transactionId: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  payload: fc.uint8Array({ maxLength: 300 }),
};
const anyPacket = fc.oneof(
  fc.record({ ...common, completionRequested: fc.boolean() }),
  fc.record({ ...common, type: fc.constant(11 as const) }),
  fc.record({
    ...common,
    completionRequested: fc.boolean(),
    ranges: fc.array(anyRange, { minLength: 1, maxLength: 3 }),
  }),
);
const anyTransfer = fc.record({
  ...common,
  completionRequested: fc.boolean(),
  transferPages: fc.record({
    pageSetId: fc.nat(0xffff),
    ranges: fc.array(
      fc.record({
        byteCount: fc.integer({ min: 1, max: 0xffff }),
        byteOffset: u32.map((at) => at >>> 4),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  }),
});

/** Packets of each codec, with their trailers, and of pipes. */
function allPackets(numRuns: number) {
  const trailer = Uint8Array.of(0, 0, 0, 0, 8, 0, 0, 0);
  const settings = { numRuns, seed: SEED };
  const packets = fc.sample(anyPacket, settings);
  const whole = (bytes: Uint8Array) => Uint8Array.of(...bytes, ...trailer);
  const header = {
    ...PLAIN_HEADER,
    kind: "packet",
    channelId: 1,
    ringIndex: 8,
    ringBytes: 4096,
  } as const;
  const coded = (["vmbus", "msgpack"] as const).flatMap((codec) =>
    [...packets, ...codec === "vmbus" ? fc.sample(anyTransfer, settings) : []].map((packet) => ({
      header: { ...header, codec },
      bytes: whole(rawPacketBytes(encodePacket(codec, packet))),
    }))
  );
  const pipes = packets.filter((packet) => !("ranges" in packet)).flatMap((packet, at) => {
    const { payload } = packet;
    const head = Uint8Array.of(
      1 + at % 2,
      0,
      0,
      0,
      payload.length & 0xff,
      payload.length >> 8,
      0,
      0,
    );
    const framed = { ...packet, payload: Uint8Array.of(...head, ...payload) };
    return [{
      header: { ...header, codec: "vmbus", pipe: at % 2 === 0 ? "message" : "byte" } as const,
      bytes: whole(rawPacketBytes(encodePacket("vmbus", framed))),
    }];
  });
  return [...coded, ...pipes];
}

// wire.md 2, 3.1
testWithTools("vmbus.lua: packets of either codec, and of pipes, read as the decoder reads them", [
  "tshark",
], async () => {
  assertEquals(await checkFile(fileOfRecords(allPackets(150))), 0);
});

// wire.md 1.9
testWithTools(
  "vmbus.lua: damaged packets have the decoder's fields, and are malformed where it finds damage",
  [
    "tshark",
  ],
  async () => {
    const random = drawing(SEED + 1);
    const records = allPackets(300).map(({ header, bytes }) => ({
      header,
      bytes: damagedBytes(bytes, random),
    }));
    const damaged = await checkFile(fileOfRecords(records));
    assert(damaged > 200 && damaged < records.length);
  },
);

testWithTools("vmbus.lua: a record that is longer than Wireshark takes is cut, and not malformed", [
  "tshark",
], async () => {
  const bytes = rawPacketBytes(encodePacket("vmbus", { payload: new Uint8Array(300_000) }));
  const header = { ...PLAIN_HEADER, kind: "packet", codec: "vmbus", channelId: 1 } as const;
  const note = { header: { ...PLAIN_HEADER, kind: "note" } as const, bytes: Uint8Array.of(65) };
  const [packet, behind] = await dissected(fileOfRecords([{ header, bytes }, note]));
  assert(hasShown(packet!, "vmbus.cut") && hasShown(packet!, "vmbus.payload"));
  assert(!hasShown(packet!, "vmbus.malformed") && !hasShown(packet!, "vmbus.refused"));
  assert(hasShown(behind!, "vmbus.note") && !hasShown(behind!, "vmbus.cut"));
});

/** The file of worlds of all scenarios, one section behind the other. */
async function fileOfWorlds(codec: "vmbus" | "msgpack"): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for (const scenario of simulatedScenarios) {
    const run = new RunCapture((bytes) => void pieces.push(bytes));
    await runWorld(captured(scenario, run), { seed: 3, codec, onChoice: run.chose });
    run.close([]);
  }
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}

for (const codec of ["vmbus", "msgpack"] as const) {
  testWithTools(`vmbus.lua: a world of each scenario, in ${codec}, reads as the decoder reads it`, [
    "tshark",
  ], async () => {
    const file = await fileOfWorlds(codec);
    assert(readCapture(file).records.length > 1000);
    const damaged = await checkFile(file);
    assert(damaged > 0, "a hostile peer writes what is no packet");
  });
}
