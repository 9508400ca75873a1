import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  decodeRegisters,
  decodeReply,
  decodeRequest,
  decodeStatus,
  DISK_ANSWERS,
  type DiskRegisters,
  encodeRegisters,
  encodeReply,
  encodeRequest,
  encodeStatus,
  findRegisterFault,
} from "../../../devices/disk/mod.ts";

const REGISTERS: DiskRegisters = {
  blockBytes: 512,
  blockCount: 0x1_0000_0002,
  isReadOnly: true,
  transferBytesMax: 65_536,
  queueDepth: 32,
};

// deno-fmt-ignore
const REGISTER_BYTES = [
  0x44, 0x49, 0x53, 0x4b, 1, 0, 0, 0, 0, 2, 0, 0, 1, 0, 0, 0,
  2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 32, 0, 0, 0,
];

// devices/disk/shared_blocks.ts: the register block
Deno.test("encodeRegisters: lays the registers out as the header says", () => {
  assertEquals([...encodeRegisters(REGISTERS)], REGISTER_BYTES);
  assertEquals(decodeRegisters(Uint8Array.from(REGISTER_BYTES)), REGISTERS);
});

Deno.test("decodeRegisters: believes no block that is short, foreign or of another version", () => {
  const bytes = encodeRegisters(REGISTERS);
  assertEquals(decodeRegisters(bytes.subarray(0, 31)), "noDisk");
  assertEquals(decodeRegisters(new Uint8Array(32)), "noDisk");
  assertEquals(decodeRegisters(bytes.with(4, 2)), "wrongVersion");
});

Deno.test("decodeRegisters: believes no numbers that do not go together", () => {
  const faultOf = (change: Partial<DiskRegisters>) =>
    decodeRegisters(encodeRegisters({ ...REGISTERS, ...change }));
  for (const blockBytes of [0, 256, 513, 131_072]) {
    assertEquals(faultOf({ blockBytes }), "badBlockBytes");
  }
  assertEquals(faultOf({ blockCount: 0 }), "badBlockCount");
  assertEquals(faultOf({ blockCount: 2 ** 53 / 512 }), "badBlockCount");
  assertEquals(faultOf({ blockCount: Number.MAX_SAFE_INTEGER }), "badBlockCount");
  for (const transferBytesMax of [0, 511, 513]) {
    assertEquals(faultOf({ transferBytesMax }), "badTransferBytes");
  }
  assertEquals(faultOf({ queueDepth: 0 }), "badQueueDepth");
});

Deno.test("findRegisterFault: finds numbers that the fields cannot hold", () => {
  assertEquals(findRegisterFault(REGISTERS), null);
  assertEquals(findRegisterFault({ ...REGISTERS, blockCount: 1.5 }), "badBlockCount");
  assertEquals(findRegisterFault({ ...REGISTERS, queueDepth: 1.5 }), "badQueueDepth");
  assertEquals(findRegisterFault({ ...REGISTERS, queueDepth: 2 ** 32 }), "badQueueDepth");
  assertEquals(findRegisterFault({ ...REGISTERS, transferBytesMax: 2 ** 32 }), "badTransferBytes");
});

// devices/disk/protocol.ts: requests
Deno.test("encodeRequest: lays requests out as the header says", () => {
  const negotiate = { operation: "negotiate", version: 1, statusGpadl: 0x0102_0304 } as const;
  // deno-fmt-ignore
  const negotiateBytes = [1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 4, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0];
  assertEquals([...encodeRequest(negotiate)], negotiateBytes);
  const write = { operation: "write", firstBlock: 0x2_0000_0001, blockCount: 5 } as const;
  // deno-fmt-ignore
  const writeBytes = [3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0];
  assertEquals([...encodeRequest(write)], writeBytes);
  assertEquals(encodeRequest({ ...write, operation: "read" })[0], 2);
  assertEquals([...encodeRequest({ operation: "flush" })], [4, ...Array(23).fill(0)]);
});

Deno.test("decodeRequest: gives back what was encoded", () => {
  const u32 = fc.nat({ max: 0xffff_ffff });
  const requests = fc.oneof(
    fc.record({
      operation: fc.constant("negotiate" as const),
      version: u32,
      statusGpadl: u32,
    }),
    fc.record({
      operation: fc.constantFrom("read" as const, "write" as const),
      firstBlock: fc.maxSafeNat(),
      blockCount: u32,
    }),
    fc.constant({ operation: "flush" as const }),
  );
  const backAndForth = fc.property(requests, (request) => {
    assertEquals(decodeRequest(encodeRequest(request), 24), request);
  });
  fc.assert(backAndForth, { seed: 11, numRuns: 300 });
});

Deno.test("decodeRequest: knows no other lengths and no other operations", () => {
  const flush = encodeRequest({ operation: "flush" });
  assertEquals(decodeRequest(new Uint8Array(0), 0), null);
  assertEquals(decodeRequest(flush, 16), null);
  assertEquals(decodeRequest(new Uint8Array([...flush, ...flush]), 48), null);
  for (const operation of [0, 5, 255]) {
    assertEquals(decodeRequest(flush.with(0, operation), 24), null);
  }
});

// devices/disk/protocol.ts: replies
Deno.test("encodeReply: lays replies out as the header says", () => {
  const bytes = encodeReply({ answer: "outOfRange", blockCount: 0x0203 });
  assertEquals([...bytes], [1, 0, 0, 0, 3, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  for (const answer of DISK_ANSWERS) {
    const reply = { answer, blockCount: 7 };
    assertEquals(decodeReply(encodeReply(reply), 16), reply);
  }
});

Deno.test("decodeReply: knows no other lengths and no other answers", () => {
  const bytes = encodeReply({ answer: "ok", blockCount: 1 });
  assertEquals(decodeReply(bytes, 8), null);
  assertEquals(decodeReply(bytes, 24), null);
  assertEquals(decodeReply(bytes.with(0, DISK_ANSWERS.length), 16), null);
});

// devices/disk/shared_blocks.ts: the status block
Deno.test("encodeStatus: lays the status block out as the header says", () => {
  const status = {
    generation: 9,
    lastError: "ioError",
    blocksRead: 0x1_0000_0003,
    blocksWritten: 4,
    deepestQueue: 5,
  } as const;
  const bytes = encodeStatus(status);
  // deno-fmt-ignore
  assertEquals([...bytes], [
    9, 0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0,
    4, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0,
  ]);
  assertEquals(decodeStatus(bytes), status);
  assertEquals(decodeStatus(bytes.subarray(0, 31)), null);
  assertEquals(decodeStatus(bytes.with(4, 200)), null);
});
