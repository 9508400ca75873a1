import { assertEquals, assertThrows } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { createFabric } from "../../support/fabric.ts";
import {
  Chance,
  type CorruptionName,
  CORRUPTIONS,
  emptyPacket,
  findCorruption,
  RawRings,
} from "../../../simulator/peers/mod.ts";
import { PACKET_LIES } from "../../../simulator/peers/packet_lies.ts";
import { HostileStage } from "../../support/hostile_server.ts";
import { makeVictim, sendOf } from "../../conformance/hostile/victim.ts";

/** The rows of the table in wire.md 1.9, and what stands for each. */
const ROWS: readonly (readonly [row: string, ...names: readonly CorruptionName[]])[] = [
  [
    "an index >= S or not multiple of 8",
    "writeIndexOutside",
    "writeIndexBetweenWords",
    "readIndexOutside",
    "readIndexBetweenWords",
  ],
  ["avail < 16 but not 0", "lessThanDescriptor"],
  ["dataOffset8 < 2", "payloadInDescriptor"],
  ["dataOffset8 > length8", "payloadBehindPacket"],
  ["length8*8 > avail", "lengthBeyondData"],
  ["length8*8 == avail", "noRoomForTrailer"],
  ["flags other than bit 0", "unknownFlag"],
  ["unknown type", "unknownType"],
  ["GPA-direct with dataOffset8 < 3", "gpaDirectWithoutHeader"],
  ["GPA-direct rangeCount 0", "gpaDirectWithoutRanges"],
  ["transfer pages with dataOffset8 < 3", "transferPagesWithoutHeader"],
  [
    "ranges longer than the header area, offset > 4095, byteCount 0",
    "missingRange",
    "rangeTooSmall",
    "rangeOffsetTooLarge",
    "rangeWithoutBytes",
  ],
  ["change of descriptor after check (TOCTOU)", "packetChangedAfterCheck"],
  ["peer rewrites my index", "readIndexRewritten", "writeIndexRewritten"],
  ["mask set by peer", "maskSetByPeer"],
];

// wire.md 1.9: conformance/hostile has each of them noticed. A row more there is a row more here.
Deno.test("CORRUPTIONS: has every attack of the wire's table, and each name once", async () => {
  const names = CORRUPTIONS.map(({ name }) => name);
  assertEquals(new Set(names).size, names.length);
  for (const [row, ...wanted] of ROWS) {
    assertEquals(wanted.filter((name) => !names.includes(name)), [], row);
  }
  const wire = await Deno.readTextFile("docs/wire.md");
  const table = /^### 1\.9 .*?^\|---[^\n]*\n(.*?)^\n/ms.exec(wire)?.[1] ?? "";
  assertEquals(table.trimEnd().split("\n").length, ROWS.length);
});

Deno.test("CORRUPTIONS: the same chance writes the same bytes", () => {
  const { memory } = createFabric().createPartition({ name: "guest", memoryPages: 8 });
  const rings = RawRings.allocate(memory, 1, 1);
  for (const corruption of CORRUPTIONS) {
    const [first, second] = [1, 2].map(() => {
      rings.reset(64);
      corruption.apply(rings, corruption.ring ?? "downstream", Chance.fromSeed(5));
      return rings.copyAll();
    });
    assertEquals(first, second, corruption.name);
  }
});

for (const corruption of CORRUPTIONS.filter(({ noticedBy }) => noticedBy === "writer")) {
  // wire.md 1.9: a writer looks where the room ends that it knows of.
  Deno.test(`CORRUPTIONS: ${corruption.name} stops a writer, whichever side it is`, async () => {
    for (const side of ["server", "client"] as const) {
      const victim = await makeVictim(side);
      corruption.apply(victim.rings, victim.outgoing, Chance.fromSeed(1));
      let status: vmbus.NtStatus = vmbus.STATUS_SUCCESS;
      for (let sent = 0; sent < 1000 && status === vmbus.STATUS_SUCCESS; sent++) {
        status = sendOf(victim);
      }
      await victim.signal();
      const { fault } = vmbus.inspectChannel(victim.channel);
      assertEquals([status, fault], [vmbus.STATUS_DEVICE_REMOVED, corruption.fault]);
    }
  });
}

// wire.md 1.9, "Ours": an end has copies of what it goes by.
for (
  const [name, ring] of [
    ["packetChangedAfterCheck", "upstream"],
    ["readIndexRewritten", "upstream"],
    ["writeIndexRewritten", "downstream"],
  ] as const
) {
  Deno.test(`CORRUPTIONS: ${name} while a callback runs is seen by nobody`, async () => {
    const { fault, apply } = findCorruption(name);
    const seen: Uint8Array[] = [];
    const stage: HostileStage = await HostileStage.open({
      onPacket: (_channel, packet, buffer) => {
        apply(stage.rings, ring, Chance.fromSeed(2));
        seen.push(buffer.slice());
        stage.vsp.VmbChannelPacketComplete(packet, null, 0);
      },
    });
    stage.rings.put("upstream", { flags: 1, body: new Uint8Array(16).fill(9) });
    await stage.signal();
    assertEquals([stage.state.fault, fault, seen], [null, null, [new Uint8Array(16).fill(9)]]);
    assertEquals(stage.rings.load("downstream", "writeIndex"), 24); // the completion, in its place
    assertEquals(stage.rings.load("upstream", "readIndex"), 40);
    stage.rings.put("upstream", emptyPacket("vmbus", 6, 0, 0n));
    await stage.signal();
    assertEquals([stage.state.fault, seen.length], [null, 2]);
    await stage.end();
  });
}

Deno.test("findCorruption: tells which there are", () => {
  assertEquals(findCorruption("noTuple").fault, "malformedMsgpack");
  const { message } = assertThrows(() => findCorruption("bug" as CorruptionName), RangeError);
  assertEquals(
    message.startsWith('Cannot find the corruption "bug": there are writeIndexOutside, '),
    true,
    message,
  );
});

Deno.test("CORRUPTIONS: misuse is told", () => {
  const { memory } = createFabric().createPartition({ name: "guest", memoryPages: 8 });
  const rings = RawRings.allocate(memory, 1, 1);
  const chance = Chance.fromSeed(5);
  assertThrows(
    () => findCorruption("rangeOutsideMemory").apply(rings, "downstream", chance),
    TypeError,
    'Cannot corrupt a ring by rangeOutsideMemory: ring must be one of "upstream", not downstream',
  );
  assertThrows(
    () => findCorruption("unknownFlag").apply({} as never, "upstream", chance),
    TypeError,
    "Cannot corrupt a ring by unknownFlag: rings must be RawRings, not an object",
  );
  assertThrows(
    () => findCorruption("unknownFlag").apply(rings, "upstream", 5 as never),
    TypeError,
    "Cannot corrupt a ring by unknownFlag: chance must be a Chance",
  );
});

// A number drawn of 32 bits must not become a negative one on its way.
Deno.test("PACKET_LIES: each of them can be told, whatever is drawn", () => {
  const { memory } = createFabric().createPartition({ name: "guest", memoryPages: 16 });
  const rings = RawRings.allocate(memory, 1, 1);
  for (const { tell } of Object.values(PACKET_LIES)) {
    for (let seed = 0; seed < 20; seed++) {
      rings.reset(0);
      tell(rings, "upstream", Chance.fromSeed(seed));
    }
  }
});
