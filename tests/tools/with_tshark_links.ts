/**
 * What the dissector knows beside layouts, in Debian's tshark: tests of `deno task test:tools`, which the suite does not
 * find by their name.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { DISK_REPLY, DISK_REQUEST } from "../../devices/disk/mod.ts";
import { ECHO_HEADER } from "../../devices/echo/mod.ts";
import { CONTROL_MESSAGE } from "../../core/control/layouts.ts";
import type { ControlMessage } from "../../core/control/messages.ts";
import { RunCapture } from "../../simulator/capture/capture.ts";
import { captured } from "../../simulator/capture/captured.ts";
import {
  SCSI_INTERFACE_TYPE,
  SCSI_SENSE,
  STORAGE_ANSWERS,
  STORAGE_REQUEST,
} from "../../devices/storage/mod.ts";
import {
  capture,
  contactMessage,
  encodePacket,
  openMessage,
  rawPacketBytes,
  readCapture,
  runWorld,
  simulatedScenarios,
} from "../../simulator/mod.ts";
import { openPair } from "../support/connected_pair.ts";
import { checkPayload, dissected, fileOfRecords, PLAIN_HEADER } from "../support/dissected.ts";
import { createFabric } from "../support/fabric.ts";
import { runTool, testWithTools } from "../support/installed.ts";
import { sendPlain, WAIT } from "../support/sending.ts";
import { pictureOf } from "../../tools/dissector/picture.ts";
import { shownDisk } from "../../tools/dissector/shown_disk.ts";
import { withTree } from "../support/temp_tree.ts";

/** Columns of the packets of a file that `filter` shows. */
async function columnsOf(path: string, filter: string, ...fields: string[]): Promise<string[][]> {
  const columns = fields.flatMap((field) => ["-e", field]);
  const args = ["-2", "-X", "lua_script:tools/vmbus.lua", "-r", path, "-Y", filter, "-T", "fields"];
  const { code, stdout, stderr } = await runTool("tshark", [...args, ...columns]);
  assertEquals([code, stderr.replace(/^Running as user .*\n/, "")], [0, ""], filter);
  return stdout.trimEnd().split("\n").filter(Boolean).map((line) => line.split("\t"));
}

testWithTools("vmbus.lua: requests and answers are linked, with the time between them", [
  "tshark",
], async () => {
  await withTree({}, async (root) => {
    const path = `${root}/run.pcapng`;
    const fabric = createFabric({ codec: "vmbus" });
    using file = Deno.createSync(path);
    const running = capture(fabric, (bytes) => void file.writeSync(bytes));
    const guest = fabric.createPartition({ name: "one" });
    const pair = await openPair({ within: { fabric, guest }, onServerPacket: "hold" });
    for (const at of [0, 1]) sendPlain(pair.vsc, pair.client, new Uint8Array(8 + at), WAIT);
    await fabric.advance(3);
    assertEquals(pair.atServer.complete(2), 2);
    await fabric.settle();
    running.end();
    const links = ["frame.number", "vmbus.response_in", "vmbus.request_in", "vmbus.response_time"];
    const packets = await columnsOf(path, "vmbus.packet", ...links);
    const [first] = packets.map(([number]) => Number(number));
    assertEquals(packets, [
      [`${first}`, `${first! + 2}`, "", ""],
      [`${first! + 1}`, `${first! + 3}`, "", ""],
      [`${first! + 2}`, "", `${first}`, "0.003000000"],
      [`${first! + 3}`, "", `${first! + 1}`, "0.003000000"],
    ]);
    const answered = await columnsOf(path, "vmbus.request_in", "_ws.col.Info");
    assertEquals(answered.slice(0, 4).map(([info]) => info), [
      "versionResponse",
      "allOffersDelivered",
      "gpadlCreated, channel 1, GPADL 925201",
      "openResult, channel 1",
    ]);
  });
});

// wire.md 2.5, 4.5: numbers of transactions are those of one opening, and answers those of one connection.
testWithTools(
  "vmbus.lua: nothing is linked over a new opening, a new connection, or by the wrong side",
  [
    "tshark",
  ],
  async () => {
    const packet = (direction: "toHost" | "toGuest", type?: 11) => ({
      header: { ...PLAIN_HEADER, kind: "packet", codec: "vmbus", channelId: 1, direction } as const,
      bytes: rawPacketBytes(encodePacket("vmbus", {
        transactionId: 7n,
        payload: new Uint8Array(8),
        ...type === undefined ? { completionRequested: true } : { type },
      })),
    });
    const said = (direction: "toHost" | "toGuest", message: ControlMessage) => ({
      header: { ...PLAIN_HEADER, direction },
      bytes: CONTROL_MESSAGE.encode(message),
    });
    const teardown = said("toHost", { message: "gpadlTeardown", channelId: 1, gpadlId: 9 });
    const torndown = { message: "gpadlTorndown", gpadlId: 9 } as const;
    const records = [
      packet("toHost"),
      said("toHost", openMessage(1, 9, 1)),
      packet("toGuest", 11),
      teardown,
      said("toHost", torndown),
      said("toHost", contactMessage("6.0")),
      said("toGuest", torndown),
      teardown,
      said("toGuest", torndown),
    ];
    await withTree({ "a.pcapng": fileOfRecords(records) }, async (root) => {
      const links = await columnsOf(`${root}/a.pcapng`, "vmbus.request_in", "frame.number");
      assertEquals(links, [["9"]]);
    });
  },
);

// mergecap sorts records of all files by time into one section: guests and channels have the same names and numbers.
testWithTools(
  "vmbus.lua: runs that were merged are told apart by their names, and sections by their numbers",
  [
    "tshark",
    "mergecap",
  ],
  async () => {
    const filesOf = () =>
      Promise.all([1, 2].map(async (seed) => {
        const pieces: Uint8Array[] = [];
        const sink = (bytes: Uint8Array) => void pieces.push(bytes);
        const run = new RunCapture(sink, `seed ${seed}`);
        const echo = simulatedScenarios.find(({ name }) => name === "small-echo")!;
        await runWorld(captured(echo, run), { seed, isFaulty: false, onChoice: run.chose });
        run.close([]);
        return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
      }));
    const linksOf = async (path: string) =>
      (await columnsOf(path, "vmbus.request_in", "frame.number")).length;
    const [one, other] = await filesOf() as [Uint8Array, Uint8Array];
    const both = Uint8Array.of(...one, ...other);
    const files = { "a.pcapng": one, "b.pcapng": other, "both.pcapng": both };
    await withTree(files, async (root) => {
      const all = await linksOf(`${root}/a.pcapng`) + await linksOf(`${root}/b.pcapng`);
      assert(all > 8);
      assertEquals(await linksOf(`${root}/both.pcapng`), all);
      const args = ["-w", `${root}/m.pcapng`, `${root}/a.pcapng`, `${root}/b.pcapng`];
      assertEquals((await runTool("mergecap", args)).code, 0);
      assertEquals(await linksOf(`${root}/m.pcapng`), all);
      const { interfaces, sections } = readCapture(await Deno.readFile(`${root}/m.pcapng`));
      assertEquals([interfaces.length > 2, sections.length], [true, 1]);
      assertEquals(new Set(interfaces.map(({ run }) => run)), new Set(["seed 1", "seed 2"]));
    });
  },
);

testWithTools("capture.md: its filters are some, and show something of a run of the disk", [
  "tshark",
], async () => {
  const text = await Deno.readTextFile("docs/capture.md");
  const filters = [...text.matchAll(/^\| `(vmbus[^`]*|_ws[^`]*|frame[^`]*)` \|/gm)].map((
    [, filter],
  ) => filter!.replaceAll("\\", ""));
  assert(filters.length >= 10);
  const pieces: Uint8Array[] = [];
  for (
    const scenario of simulatedScenarios.filter(({ name }) => /disk|hostile|everything/.test(name))
  ) {
    const sink = (bytes: Uint8Array) => void pieces.push(bytes);
    const run = new RunCapture(sink, `${scenario.name}, seed 3`);
    await runWorld(captured(scenario, run), { seed: 3, codec: "vmbus", onChoice: run.chose });
    run.close(["a sentence"]);
  }
  await withTree(
    { "a.pcapng": Uint8Array.from(pieces.flatMap((piece) => [...piece])) },
    async (root) => {
      for (const filter of filters) {
        assert((await columnsOf(`${root}/a.pcapng`, filter, "frame.number")).length > 0, filter);
      }
    },
  );
});

testWithTools("capture.svg: it is what tshark shows", ["tshark"], async () => {
  assertEquals(await Deno.readTextFile("docs/capture.svg"), pictureOf(await shownDisk()));
});

/** The capture of a world of the scenario of that name. */
async function worldOf(name: string, codec: "vmbus" | "msgpack"): Promise<Uint8Array> {
  const scenario = simulatedScenarios.find((each) => each.name === name)!;
  const pieces: Uint8Array[] = [];
  const run = new RunCapture((bytes) => void pieces.push(bytes));
  await runWorld(captured(scenario, run), { seed: 3, codec, isFaulty: false, onChoice: run.chose });
  run.close([]);
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}

for (const codec of ["vmbus", "msgpack"] as const) {
  testWithTools(`vmbus.lua: devices' payloads in ${codec} read as their layouts have them`, [
    "tshark",
  ], async () => {
    for (const name of ["disk", "echo"]) {
      const file = await worldOf(name, codec);
      const all = await dissected(file);
      const { records } = readCapture(file);
      const seen = records.filter((record, at) => {
        const { kind, direction } = record.header;
        const ofDisk = direction === "toHost" ? DISK_REQUEST : DISK_REPLY;
        return kind === "packet" &&
          checkPayload(record, all[at]!, name === "disk" ? ofDisk : ECHO_HEADER);
      });
      assert(seen.length > 4);
    }
  });
}

const STORAGE_HEADER = {
  ...PLAIN_HEADER,
  kind: "packet",
  codec: "vmbus",
  channelId: 1,
  interfaceType: SCSI_INTERFACE_TYPE,
} as const;
const SRB = {
  flags: 1,
  status: 0,
  srbBytes: 48,
  srbStatus: 0,
  scsiStatus: 0,
  portNumber: 0,
  pathId: 0,
  targetId: 1,
  lun: 2,
  cdbBytes: 10,
  senseBytes: 18,
  direction: 1,
  dataTransferBytes: 512,
};

/** A READ of a disk that fails, and a version that is agreed on: requests first, then their answers. */
function storagePackets() {
  const read = [0x28, 0, 0, 1, 2, 3, 0, 0, 9, 0];
  const cdb = Uint8Array.from({ length: 16 }, (_, at) => read[at] ?? 0);
  const sense = new Uint8Array(20);
  sense.set(SCSI_SENSE.encode({ key: 5, code: 0x21, qualifier: 0 }));
  const version = { flags: 1, status: 0, version: 0x602, revision: 0 };
  const { executeSrb, queryProtocolVersion } = STORAGE_ANSWERS;
  const packet = (payload: Uint8Array, at: number, type: 6 | 11) => {
    const completionRequested = type === 6;
    const plain = { type, payload, transactionId: BigInt(at), completionRequested };
    return rawPacketBytes(encodePacket("vmbus", plain));
  };
  const requests = [
    STORAGE_REQUEST.encode({ operation: "executeSrb", ...SRB, cdb }),
    STORAGE_REQUEST.encode({ operation: "queryProtocolVersion", ...version }),
  ];
  const answers = [
    executeSrb.encode({ ...SRB, scsiStatus: 2, sense }),
    queryProtocolVersion.encode(version),
  ];
  return {
    layouts: [STORAGE_REQUEST, STORAGE_REQUEST, executeSrb, queryProtocolVersion],
    records: [
      ...requests.map((payload, at) => ({ header: STORAGE_HEADER, bytes: packet(payload, at, 6) })),
      ...answers.map((payload, at) => ({
        header: { ...STORAGE_HEADER, direction: "toGuest" } as const,
        bytes: packet(payload, at, 11),
      })),
    ],
  };
}

// storage.md
testWithTools(
  "vmbus.lua: storage's answers read as their requests decide, with command and sense inside",
  [
    "tshark",
  ],
  async () => {
    const { layouts, records } = storagePackets();
    const file = fileOfRecords(records);
    const all = await dissected(file);
    for (const [at, record] of records.entries()) {
      assert(checkPayload(record, all[at]!, layouts[at]!));
    }
    await withTree({ "a.pcapng": file }, async (root) => {
      const columns = [
        "vmbus.storage.cdb.operation",
        "vmbus.storage.cdb.lba",
        "vmbus.storage.sense.key",
      ];
      const [request, , answer] = await columnsOf(`${root}/a.pcapng`, "vmbus.packet", ...columns);
      assertEquals([request, answer], [["0x28", "66051", ""], ["", "", "0x05"]]);
    });
  },
);
