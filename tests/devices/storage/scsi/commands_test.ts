/** Command descriptor blocks, byte for byte: storage.md, section 6. */

import { assertEquals } from "@std/assert";
import { Damage } from "../../../../core/layout/mod.ts";
import { fromHex } from "../../../support/decoded_lines.ts";
import {
  type Cdb,
  cdbBytesOf,
  encodeCdb,
  SCSI_CDB,
  SCSI_OPCODES,
  type ScsiCommand,
} from "../../../../devices/storage/mod.ts";

const range = { blockFlags: 8, lba: 0x0102_0304, blocks: 0x0506 };
const CDBS: readonly (readonly [Cdb, string])[] = [
  [{ operation: "testUnitReady" }, "00"],
  [{ operation: "requestSense", allocationBytes: 18 }, "03 000000 12"],
  [{ operation: "read6", lbaHigh: 0x1f, lbaLow: 0x203, blocks: 4 }, "08 1f 0203 04"],
  [
    {
      operation: "inquiry",
      isVital: true,
      isCommandSupport: false,
      page: 0x83,
      allocationBytes: 260,
    },
    "12 01 83 0104",
  ],
  [{ operation: "modeSelect6", isSaved: true, parameterBytes: 24 }, "15 01 0000 18"],
  [{ operation: "modeSelect10", isSaved: false, parameterBytes: 264 }, "55 00 0000000000 0108"],
  [
    { operation: "modeSense6", modeFlags: 8, page: 0x3f, subpage: 0, allocationBytes: 192 },
    "1a 08 3f 00 c0",
  ],
  [
    { operation: "modeSense10", modeFlags: 0, page: 8, subpage: 0, allocationBytes: 256 },
    "5a 00 08 00 000000 0100",
  ],
  [{ operation: "startStopUnit", isImmediate: true, isStart: true }, "1b 01 0000 01"],
  [{ operation: "sendDiagnostic", parameters: fromHex("0400000000") }, "1d 04"],
  [{ operation: "readCapacity10" }, "25"],
  [{ operation: "read10", ...range }, "28 08 01020304 00 0506"],
  [{ operation: "write12", ...range, blocks: 0x05060708 }, "aa 08 01020304 05060708"],
  [
    { operation: "read16", ...range, lba: 0x01_0203_0405 },
    "88 08 0000000102030405 00000506",
  ],
  [{ operation: "unmap", parameterBytes: 24 }, "42 000000000000 0018"],
  [
    { operation: "persistentReserveIn", serviceAction: 1, allocationBytes: 8 },
    "5e 01 0000000000 0008",
  ],
  [
    { operation: "persistentReserveOut", serviceAction: 1, scopeAndType: 5, parameterBytes: 24 },
    "5f 01 05 0000 00000018",
  ],
  [
    { operation: "serviceActionIn16", serviceAction: 0x10, lba: 0, allocationBytes: 32 },
    "9e 10 0000000000000000 00000020",
  ],
  [{ operation: "reportLuns", selectReport: 0, allocationBytes: 256 }, "a0 00 00 000000 00000100"],
];

Deno.test("encodeCdb: each form has the bytes of the standard", () => {
  for (const [cdb, hex] of CDBS) {
    const bytes = encodeCdb(cdb);
    assertEquals(bytes.toHex(), fromHex(hex).toHex().padEnd(32, "0"), cdb.operation);
    const read = SCSI_CDB.decode(bytes);
    assertEquals(read, cdb.operation === "sendDiagnostic" ? cdb : { ...cdb, control: 0 });
  }
});

Deno.test("cdbBytesOf: as the standard's groups have it", () => {
  for (const name of Object.keys(SCSI_OPCODES) as ScsiCommand[]) {
    const digits = /\d+$/.exec(name)?.[0];
    const byName = { unmap: 10, reportLuns: 12, persistentReserveIn: 10, persistentReserveOut: 10 };
    const wanted = digits === undefined ? byName[name as keyof typeof byName] ?? 6 : Number(digits);
    assertEquals(cdbBytesOf(name), wanted, name);
  }
});

Deno.test("SCSI_CDB: an operation code that a disk does not have is damage", () => {
  const known = new Set<number>(Object.values(SCSI_OPCODES));
  for (let opcode = 0; opcode < 256; opcode++) {
    const bytes = new Uint8Array(16);
    bytes[0] = opcode;
    assertEquals(SCSI_CDB.decode(bytes) instanceof Damage, !known.has(opcode), `${opcode}`);
  }
});
