/** A SCSI disk between commands, its sense data, and the commands about itself: storage.md, sections 5 and 6. */

import { assertEquals, assertThrows } from "@std/assert";
import { type Cdb, ScsiFault, type ScsiFaultKind } from "../../../../devices/storage/mod.ts";
import type { DiskSettings } from "../../../../devices/storage/scsi/settings.ts";
import { fromHex } from "../../../support/decoded_lines.ts";
import {
  BAD_FIELD,
  BAD_OPCODE,
  BAD_RANGE,
  Bench,
  BLOCKS,
  modes,
  range,
  READY,
  sense,
} from "../../../support/scsi_bench.ts";

Deno.test("ScsiDisk: commands that do nothing are GOOD", () => {
  // storage.md D1, D3, D4.
  const bench = new Bench();
  const names = [
    "testUnitReady",
    "formatUnit",
    "reserve6",
    "release6",
    "preventMediumRemoval",
  ] as const;
  for (const operation of names) assertEquals(bench.end({ operation }), "GOOD 0", operation);
  const diagnose = (hex: string): Cdb => ({
    operation: "sendDiagnostic",
    parameters: fromHex(hex),
  });
  assertEquals(bench.end(diagnose("0000000000")), "GOOD 0");
  assertEquals(bench.end(diagnose("0400000000")), BAD_FIELD);
  assertEquals(bench.end(diagnose("0000000001")), BAD_FIELD);
});

Deno.test("ScsiDisk: an operation code that is not there is 05/20", () => {
  // storage.md D17, S4.
  const bench = new Bench();
  for (const opcode of [0x01, 0x37, 0x8d, 0xff]) {
    assertEquals(bench.end(Uint8Array.of(opcode, ...new Uint8Array(15))), BAD_OPCODE);
  }
  const reserve = { serviceAction: 0 } as const;
  assertEquals(
    bench.end({ operation: "persistentReserveIn", ...reserve, allocationBytes: 8 }, 8),
    BAD_OPCODE,
  );
  assertEquals(
    bench.end({
      operation: "persistentReserveOut",
      ...reserve,
      scopeAndType: 0,
      parameterBytes: 24,
    }),
    BAD_OPCODE,
  );
});

Deno.test("ScsiDisk: data of a request that says write is not filled", () => {
  // storage.md P5, S4.
  const bench = new Bench();
  const inquiry = { isVital: false, isCommandSupport: false, page: 0, allocationBytes: 36 };
  const commands: readonly Cdb[] = [
    range("read10", 0, 1),
    sense(),
    { operation: "inquiry", ...inquiry },
    { operation: "readCapacity10" },
    { operation: "serviceActionIn16", serviceAction: 0x10, lba: 0, allocationBytes: 32 },
    { ...modes(10), allocationBytes: 20 },
  ];
  for (const cdb of commands) {
    const { text, bytes } = bench.run(cdb, new Uint8Array(512).fill(0xee), false);
    assertEquals([text, bytes.every((byte) => byte === 0xee)], [BAD_FIELD, true], cdb.operation);
  }
});

Deno.test("ScsiDisk: MODE SENSE gives the caching page", () => {
  // storage.md D18.
  const bench = new Bench();
  const page = "080a04" + "00".repeat(9);
  for (const number of [0x08, 0x3f, 0x88, 0xbf]) {
    assertEquals(
      bench.gives({ ...modes(6, number), allocationBytes: 192 }, 192),
      "0f001000" + page,
    );
    assertEquals(
      bench.gives({ ...modes(10, number), allocationBytes: 192 }, 200),
      "0012001000000000" + page,
    );
  }
  const changeable = { ...modes(6, 0x48), allocationBytes: 16 };
  assertEquals(bench.gives(changeable, 16), "0f001000080a00" + "00".repeat(9));
  assertEquals(bench.gives({ ...modes(6), allocationBytes: 6 }, 8), "0f001000080a");
  assertEquals(bench.end({ ...modes(6), allocationBytes: 192 }), "GOOD 0");
  assertEquals(bench.end({ ...modes(10), allocationBytes: 0 }, 192), "GOOD 0");
  const wrong: readonly [Cdb, number][] = [
    [{ ...modes(6), allocationBytes: 17 }, 16],
    [{ ...modes(6), allocationBytes: 3 }, 16],
    [{ ...modes(10), allocationBytes: 7 }, 16],
    [{ ...modes(6, 0xc8), allocationBytes: 16 }, 16],
    [{ ...modes(6, 0x0a), allocationBytes: 16 }, 16],
  ];
  for (const [cdb, room] of wrong) {
    assertEquals(bench.end(cdb, room), BAD_FIELD, JSON.stringify(cdb));
  }
  const through = new Bench({ hasWriteCache: false });
  assertEquals(through.gives({ ...modes(6), allocationBytes: 7 }, 7), "0f001000080a00");
});

Deno.test("ScsiDisk: MODE SELECT is taken where it changes nothing", () => {
  // storage.md D19.
  const bench = new Bench();
  const page = "080c04" + "00".repeat(9);
  const [six, ten] = ["00000000" + page, "0000000000000000" + page];
  const select = (form: 6 | 10, hex: string, parameterBytes = hex.length / 2, isSaved = false) =>
    bench.end({
      operation: form === 6 ? "modeSelect6" : "modeSelect10",
      isSaved,
      parameterBytes,
    }, fromHex(hex));
  assertEquals(select(6, six), "GOOD 0");
  assertEquals(select(10, ten), "GOOD 0");
  assertEquals(select(6, "", 0), "GOOD 0");
  assertEquals(select(6, six, 16, true), BAD_FIELD);
  for (
    const [form, hex, length] of [[6, six, 15], [6, six, 17], [6, six.slice(2), 15], [
      10,
      six,
      16,
    ]] as const
  ) {
    assertEquals(select(form, hex, length), "02/06 05/1a/00 0", `${form} ${length}`);
  }
  const wrong = ["0a0c04", "080b04", "080c00"].map((head) => `00000000${head}${"00".repeat(9)}`);
  for (const hex of wrong) assertEquals(select(6, hex), "02/06 05/26/00 0", hex);
});

Deno.test("ScsiDisk: keeps why a command failed until one succeeds or REQUEST SENSE asks", () => {
  // storage.md S3, S5, D2.
  const bench = new Bench();
  const none = "700000000000000a" + "00".repeat(10);
  const outside = "700005000000000a0000000021000000" + "0000";
  assertEquals(bench.gives(sense(), 18), none);
  bench.run(range("read10", BLOCKS, 1), 512);
  assertEquals(bench.gives(sense(), 18), outside);
  assertEquals(bench.gives(sense(), 18), none);
  bench.run(range("read10", BLOCKS, 1), 512);
  bench.run(READY);
  assertEquals(bench.gives(sense(), 18), none);
  bench.run(range("read10", BLOCKS, 1), 512);
  assertEquals(bench.gives(sense(8), 18), outside.slice(0, 16));
  assertEquals(bench.end(sense(7), 18), BAD_FIELD);
  assertEquals(bench.end(sense(18), 17), BAD_FIELD);
  assertEquals(bench.gives(sense(252), 252), "700005000000000a0000000024000000" + "0000");
});

Deno.test("ScsiDisk: a change of size is told once, and the command is not carried out", () => {
  // storage.md S7.
  const bench = new Bench();
  const changed = "02/04 06/2a/09 0";
  const inquiry: Cdb = {
    operation: "inquiry",
    isVital: false,
    isCommandSupport: false,
    page: 0,
    allocationBytes: 5,
  };
  bench.image.resize(100 * 512);
  assertEquals(bench.end(inquiry, 5), "GOOD 5");
  assertEquals(bench.disk.blocks, BLOCKS);
  assertEquals(bench.end(range("write10", 0, 1), new Uint8Array(512).fill(9)), changed);
  assertEquals(bench.gives(range("read10", 0, 1), 512), "00".repeat(512));
  assertEquals(bench.end(range("read10", 100, 1), 512), BAD_RANGE);
  bench.image.resize(200 * 512);
  assertEquals(bench.gives(sense(), 18), "700006000000000a000000002a090000" + "0000");
  assertEquals([bench.end(READY), bench.disk.blocks], ["GOOD 0", 200]);
  bench.image.resize(200 * 512 + 511); // not a block more
  assertEquals(bench.end(READY), "GOOD 0");
  bench.image.resize(300 * 512);
  bench.image.resize(200 * 512);
  assertEquals(bench.end(READY), "GOOD 0");
  bench.image.resize(300 * 512);
  assertEquals(bench.end(Uint8Array.of(0xff, ...new Uint8Array(15))), changed);
});

Deno.test("ScsiDisk: what an image throws ends its command, as it says", () => {
  // storage.md S4, M3.
  const block = new Uint8Array(512);
  const ends = (thrown: unknown) => {
    const fail = () => {
      throw thrown;
    };
    const bench = new Bench({}, { read: fail, write: fail, flush: fail });
    const result = [
      bench.end(range("read10", 0, 1), 512),
      bench.end(range("write10", 0, 1), block),
      bench.end(range("synchronizeCache10", 0, 0)),
    ];
    return [...result, bench.disk.imageFault, bench.end(READY)];
  };
  const kinds = {
    readError: "02/04 03/11/00 0",
    writeFault: "02/04 03/03/00 0",
    ioError: "02/04 03/00/00 0",
    guardFailed: "02/04 03/10/01 0",
    referenceTagFailed: "02/04 03/10/03 0",
    applicationTagFailed: "02/04 03/11/02 0",
    lbaOutOfRange: "02/04 05/21/00 0",
    reservationConflict: "18/04 - 0",
    busy: "08/05 - 0",
    aborted: "40/02 0b/00/00 0",
  } satisfies Partial<Record<ScsiFaultKind, string>>;
  assertEquals(ends(new Error("gone")), [
    kinds.readError,
    kinds.writeFault,
    kinds.ioError,
    "gone",
    "GOOD 0",
  ]);
  assertEquals(ends("a text")[3], "a text");
  for (const [kind, end] of Object.entries(kinds)) {
    assertEquals(ends(new ScsiFault(kind as ScsiFaultKind)).slice(0, 3), [end, end, end], kind);
  }
});

Deno.test("DiskSettings: out of bounds is refused", () => {
  const refused: readonly [DiskSettings, string][] = [
    [{ blockBytes: 256 }, "blockBytes"],
    [{ blockBytes: 1000 }, "blockBytes"],
    [{ blockBytes: 131_072 }, "blockBytes"],
    [{ physicalBlockBytes: 256 }, "physicalBlockBytes"],
    [{ physicalBlockBytes: 3072 }, "physicalBlockBytes"],
    [{ diskId: new Uint8Array(15) }, "diskId"],
    [{ vendor: "nine byte" }, "vendor"],
    [{ product: "tab\t" }, "product"],
    [{ serial: "x".repeat(65) }, "serial"],
    [{ rotationRate: 65_536 }, "rotationRate"],
  ];
  for (const [settings, name] of refused) {
    assertThrows(() => new Bench(settings), RangeError, `disk: ${name} must be`);
  }
});
