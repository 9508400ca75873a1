import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { interfaceBlock, recordBlock, sectionBlock } from "../../../simulator/capture/pcapng.ts";
import { isCapture, readCapture } from "../../../simulator/capture/read_capture.ts";
import {
  CAPTURE_HEADER,
  CAPTURE_HEADER_BYTES,
  type CaptureHeader,
  captureHeader,
  type CaptureRecord,
} from "../../../simulator/capture/record.ts";
import { fromHex } from "../../support/decoded_lines.ts";

const HEADER: CaptureHeader = captureHeader({
  kind: "message",
  bus: 1,
  step: 7,
  item: 9,
  busVersion: 0x6_0000,
  busFeatures: 0x2f,
});
const INTERFACES = [
  { name: "guest: bus", description: "control messages" },
  { name: "guest: channel 1", description: "Ring, äöü" },
];
const RECORDS: readonly CaptureRecord[] = [
  {
    interface: 0,
    at100ns: 12_345,
    header: HEADER,
    bytes: fromHex("0300000000000000"),
    comments: [],
  },
  {
    interface: 1,
    at100ns: 2 ** 40 + 1,
    header: { ...HEADER, kind: "packet", direction: "toGuest", codec: "vmbus", channelId: 1 },
    bytes: Uint8Array.of(1, 2, 3),
    comments: ["fault: one", "fault: two"],
  },
];

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

const blocks = () => [
  sectionBlock(),
  ...INTERFACES.map(interfaceBlock),
  ...RECORDS.map(recordBlock),
];

// The layout of capture.md, byte for byte: what others read must not move.
Deno.test("CAPTURE_HEADER: 56 bytes", () => {
  assertEquals(
    CAPTURE_HEADER.encode({
      ...HEADER,
      kind: "packet",
      direction: "toGuest",
      codec: "msgpack",
      pipe: "byte",
      vtl: 2,
      channelId: 0x0102,
      ringIndex: 0x40,
      ringBytes: 0x1000,
      interfaceType: "01234567-89ab-cdef-0123-456789abcdef",
    }),
    fromHex(
      "01380201020202000201000001000000070000000900000040000000001000000000060" +
        "02f00000067452301ab89efcd0123456789abcdef",
    ),
  );
});

Deno.test("recordBlock: whole words, both lengths, and the flags of its direction", () => {
  const bytes = recordBlock(RECORDS[1]!);
  const view = new DataView(bytes.buffer);
  assertEquals(bytes.length % 4, 0);
  assertEquals(view.getUint32(4, true), bytes.length);
  assertEquals(view.getUint32(bytes.length - 4, true), bytes.length);
  // The last option but the end: code 2, 4 bytes, inbound.
  assertEquals(bytes.slice(-16, -8), fromHex("0200040001000000"));
});

Deno.test("readCapture: what was written", () => {
  const bytes = concat(blocks());
  assert(isCapture(bytes));
  assertEquals(readCapture(bytes), {
    interfaces: INTERFACES,
    sections: [0],
    records: RECORDS,
    passedOver: 0,
    damage: null,
    damages: [],
  });
});

Deno.test("readCapture: of a section it says which order of bytes it has, if not ours", () => {
  const whole = concat(blocks());
  const sections = [
    ["1a2b3c4d", "it is written in big-endian words, as no capture of ours is"],
    ["4d3c2b1b", "455818317 says no order of bytes"],
    ["00000000", "0 says no order of bytes"],
  ] as const;
  for (const [magic, reason] of sections) {
    const { damage } = readCapture(
      concat([whole.subarray(0, 8), fromHex(magic), whole.subarray(12)]),
    );
    assertEquals([damage?.offset, damage?.reason], [8, reason]);
  }
});

Deno.test("readCapture: an interface says what its run is called, behind what it is", () => {
  const interfaces = [
    { name: "a", description: "Ring", run: "echo, seed 1; run: again" },
    { name: "b", description: "Ring" },
    { name: "c", description: "", run: "" },
  ];
  const bytes = concat([sectionBlock(), ...interfaces.map(interfaceBlock)]);
  assertEquals(readCapture(bytes).interfaces, interfaces);
  // A guest that is called so makes no other run of its bus.
  for (const run of [undefined, "mine"]) {
    const named = {
      name: "d",
      description: "messages of x; run: y and its host",
      ...run && { run },
    };
    const [read] = readCapture(concat([sectionBlock(), interfaceBlock(named)])).interfaces;
    assertEquals([read!.description, read!.run], ["messages of x y and its host", run]);
  }
});

// Wireshark refuses a whole file in which a packet has more than 262 144 bytes.
Deno.test("recordBlock: of a long record there is as much as Wireshark takes, and how much is missing", () => {
  const [record] = RECORDS;
  const bytes = new Uint8Array(300_000).fill(7);
  const block = recordBlock({ ...record!, bytes });
  const view = new DataView(block.buffer);
  assertEquals([view.getUint32(20, true), view.getUint32(24, true)], [262_144, 300_056]);
  const { records, damage } = readCapture(
    concat([sectionBlock(), interfaceBlock(INTERFACES[0]!), block]),
  );
  assertEquals(damage, null);
  const kept = 262_144 - CAPTURE_HEADER_BYTES;
  assertEquals([records[0]!.bytes.length, records[0]!.missingBytes], [kept, 300_000 - kept]);
  assertEquals(recordBlock(records[0]!), block);
});

Deno.test("recordBlock: of a long comment there are whole characters", () => {
  const comments = [`a${"ä".repeat(40_000)}`];
  const bytes = concat([
    sectionBlock(),
    interfaceBlock(INTERFACES[0]!),
    recordBlock({ ...RECORDS[0]!, comments }),
  ]);
  assertEquals(readCapture(bytes).records[0]!.comments, [`a${"ä".repeat(32_767)}`]);
});

// As editcap -s cuts packets: 20 bytes of them, or of the second one 57.
Deno.test("readCapture: records that were cut say so, and those cut in their header are passed over", () => {
  const cut = (record: CaptureRecord, byteCount: number) => {
    const whole = recordBlock({ ...record, comments: [], bytes: new Uint8Array(byteCount - 56) });
    new DataView(whole.buffer).setUint32(24, 56 + record.bytes.length, true);
    return whole;
  };
  const inHeader = cut(RECORDS[1]!, 56);
  new DataView(inHeader.buffer).setUint32(20, 20, true);
  const start = [sectionBlock(), ...INTERFACES.map(interfaceBlock)];
  const read = readCapture(concat([...start, inHeader, cut(RECORDS[1]!, 57)]));
  assertEquals(read.damage, null);
  assertEquals(read.passedOver, 1);
  assertEquals(read.records.map(({ bytes, missingBytes }) => [bytes.length, missingBytes]), [[
    1,
    2,
  ]]);
});

Deno.test("readCapture: a file of two sections counts interfaces anew in each", () => {
  const { interfaces, records, damage } = readCapture(concat([...blocks(), ...blocks()]));
  assertEquals(damage, null);
  assertEquals(interfaces.length, 4);
  assertEquals(records.map((record) => record.interface), [0, 1, 2, 3]);
});

Deno.test("readCapture: blocks that are not ours are passed over", () => {
  const other = fromHex("050000001000000000000000" + "10000000");
  const ethernet = interfaceBlock(INTERFACES[0]!);
  ethernet[8] = 1;
  const foreign = recordBlock({ ...RECORDS[0]!, interface: 2 });
  const bytes = concat([...blocks(), other, ethernet, foreign]);
  const { records, damage } = readCapture(bytes);
  assertEquals(damage, null);
  assertEquals(records, RECORDS);
});

Deno.test("readCapture: times in other powers of ten", () => {
  const nano = interfaceBlock(INTERFACES[0]!);
  // The value of the last option but the end.
  nano[nano.length - 12] = 9;
  const bytes = concat([sectionBlock(), nano, recordBlock({ ...RECORDS[0]!, at100ns: 12_399 })]);
  assertEquals(readCapture(bytes).records.map(({ at100ns }) => at100ns), [123]);
});

Deno.test("readCapture: a time that no number has exactly is damage", () => {
  const late = recordBlock({ ...RECORDS[0]!, at100ns: 2 ** 60 });
  const { records, damage } = readCapture(concat([...blocks(), late]));
  assertEquals(records, RECORDS);
  assertEquals(damage?.reason, "no run has so late a time");
});

Deno.test("readCapture: a longer header of a later version is passed over", () => {
  const bytes = concat(blocks().slice(0, 2));
  const longer = recordBlock({
    ...RECORDS[0]!,
    header: { ...HEADER, headerVersion: 2, headerBytes: 60 },
    bytes: fromHex("ffffffff0300000000000000"),
  });
  const [record] = readCapture(concat([bytes, longer])).records;
  assertEquals(record?.bytes, RECORDS[0]!.bytes);
});

Deno.test("readCapture: a file that is cut anywhere gives what is whole", () => {
  const whole = concat(blocks());
  const ends: number[] = [];
  let end = 0;
  for (const { length } of blocks()) ends.push(end += length);
  for (let at = 0; at < whole.length; at++) {
    const { records, damage } = readCapture(whole.slice(0, at));
    assertEquals(records.length, ends.slice(3).filter((each) => each <= at).length);
    assertEquals(damage === null, at === 0 || ends.includes(at), String(at));
  }
});

/** What is read of a file in which the block at `place` is changed. */
function readChanged(place: number, change: (block: Uint8Array) => void) {
  const all = blocks().map((block) => block.slice());
  change(all[place]!);
  const offset = all.slice(0, place).reduce((sum, { length }) => sum + length, 0);
  const { records, damages, passedOver } = readCapture(concat(all));
  const found = damages.map(({ offset: at, reason, recordsBefore }) => [
    at - offset,
    reason,
    recordsBefore,
  ]);
  return { records, found, passedOver };
}

const word = (at: number, value: number) => (block: Uint8Array) =>
  new DataView(block.buffer).setUint32(at < 0 ? block.length + at : at, value, true);

Deno.test("readCapture: a record with a damaged header is told of, and those behind it are read", () => {
  const { records, found } = readChanged(3, (block) => block[28 + 2] = 99);
  assertEquals(records, [RECORDS[1]!]);
  assertMatch(String(found), /^30,kind: 99 .*,0$/);
});

// draft-ietf-opsawg-pcapng 3.1: the length stands before and behind a block.
Deno.test("readCapture: where a length is wrong, reading continues at the next block that is whole", () => {
  for (const [at, value] of [[4, 7], [4, 0], [4, 2 ** 31], [4, 40], [-4, 8]] as const) {
    const { records, found, passedOver } = readChanged(3, word(at, value));
    assertEquals([records, found.length, found[0]?.[2], passedOver], [[RECORDS[1]!], 1, 0, 0]);
  }
  // Nothing follows the last one.
  const { records, found } = readChanged(4, word(4, 7));
  assertEquals([records, found], [[RECORDS[0]!], [[4, "no block has 7 bytes", 1]]]);
});

Deno.test("readCapture: behind an interface that cannot be read others keep their numbers, or have none", () => {
  // The second interface's record is another's than anybody can say.
  const body = readChanged(1, (block) => word(block.length - 12, 0x0001_0080)(block));
  assertEquals([body.records, body.passedOver], [[RECORDS[1]!], 1]);
  const frame = readChanged(1, word(4, 7));
  assertEquals([frame.records, frame.passedOver, frame.found.length], [[], 2, 1]);
});

Deno.test("readCapture: a file of nothing but damage is not read to its end", () => {
  const short = fromHex("060000000c0000000c000000");
  const { damages } = readCapture(concat([sectionBlock(), ...Array(20_000).fill(short)]));
  assertEquals(damages.length, 10_001);
  assertEquals(damages.at(-1)!.reason, "too much is damaged: the rest is left out");
});

Deno.test("readCapture: whatever the bytes are, it ends and does not throw", () => {
  const whole = concat(blocks());
  fc.assert(fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
    const bytes = whole.slice();
    bytes[at] = byte;
    const { records, damage } = readCapture(bytes);
    assert(records.length === RECORDS.length || damage !== null || byte !== whole[at]);
  }));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    readCapture(concat([sectionBlock(), bytes]));
  }));
});
