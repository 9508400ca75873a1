/**
 * Targets: what the drivers of the device pairs read that their opposite side wrote, both ways. An input is
 * the bytes of one packet, or of one shared block, with a byte before them that says which it is.
 *
 * @module
 */

import fc from "fast-check";
import { assert } from "../../../core/assert.ts";
import type { Chance } from "../../../core/chance.ts";
import {
  decodeRegisters,
  decodeReply,
  decodeRequest,
  decodeStatus,
  DISK_ANSWERS,
  encodeRegisters,
  encodeReply,
  encodeRequest,
  encodeStatus,
} from "../../../devices/disk/mod.ts";
import { readMessage, writeHeader } from "../../../devices/echo/mod.ts";
import type { FuzzNote } from "../../../simulator/fuzzing/mod.ts";
import { joined } from "../bytes.ts";
import { type PackageTarget, withCorpus } from "../package_target.ts";

/** Takes note of the numbers of a record. */
function noteNumbers(record: object, note: FuzzNote): void {
  for (const value of Object.values(record)) {
    if (typeof value !== "number") continue;
    assert(value >= 0 && Number.isInteger(value), "a field is a whole number");
    note(value);
  }
}

const request = fc.oneof(
  fc.record({
    operation: fc.constantFrom("read", "write"),
    firstBlock: fc.constantFrom(0, 1, 2 ** 32, 2 ** 53 - 1),
    blockCount: fc.nat(0xffff_ffff),
  }),
  fc.record({
    operation: fc.constant("negotiate"),
    version: fc.nat(2),
    statusGpadl: fc.nat(0xffff_ffff),
  }),
  fc.record({ operation: fc.constant("flush") }),
);

/** What a disk's server reads: requests. */
const diskToHost: PackageTarget = withCorpus(
  () => ({
    negotiate: encodeRequest({ operation: "negotiate", version: 1, statusGpadl: 0xe1e10 }),
    read: encodeRequest({ operation: "read", firstBlock: 2 ** 40, blockCount: 8 }),
    write: encodeRequest({ operation: "write", firstBlock: 0, blockCount: 1 }),
    flush: encodeRequest({ operation: "flush" }),
  }),
  {
    name: "disk-to-host",
    title: "requests that a guest sends to its disk",
    inputBytesMax: 64,
    draw: (seed, count) =>
      fc.sample(request, { seed, numRuns: count })
        .map((one) => encodeRequest(one as Parameters<typeof encodeRequest>[0])),
    run(input, note) {
      const decoded = decodeRequest(input, input.length);
      if (decoded === null) return "malformed";
      noteNumbers(decoded, note);
      return decoded.operation;
    },
  },
);

const REPLY = 0;
const REGISTERS = 1;

/** What a disk's client reads: replies, the register block and the status block. */
const diskToGuest: PackageTarget = withCorpus(
  () => ({
    "a reply": joined([REPLY], encodeReply({ answer: "ok", blockCount: 8 })),
    "a refusal": joined([REPLY], encodeReply({ answer: "badStatusBlock", blockCount: 0 })),
    "registers": joined(
      [REGISTERS],
      encodeRegisters({
        blockBytes: 512,
        blockCount: 2048,
        transferBytesMax: 65_536,
        queueDepth: 8,
        isReadOnly: false,
      }),
    ),
    "a status": joined(
      [2],
      encodeStatus({
        generation: 7,
        lastError: "ioError",
        blocksRead: 2 ** 40,
        blocksWritten: 1,
        deepestQueue: 3,
      }),
    ),
  }),
  {
    name: "disk-to-guest",
    title: "replies, registers and status that a disk shows its guest",
    inputBytesMax: 80,
    draw: (seed, count) =>
      fc.sample(
        fc.record({ answer: fc.constantFrom(...DISK_ANSWERS), blockCount: fc.nat(0xffff_ffff) }),
        { seed, numRuns: count },
      ).map((reply) => joined([REPLY], encodeReply(reply))),
    run(input, note) {
      const bytes = input.subarray(1);
      switch ((input[0] ?? 0) % 3) {
        case REPLY: {
          const reply = decodeReply(bytes, bytes.length);
          if (reply === null) return "malformed reply";
          noteNumbers(reply, note);
          return `reply ${reply.answer}`;
        }
        case REGISTERS: {
          const registers = decodeRegisters(bytes);
          if (typeof registers === "string") return registers;
          noteNumbers(registers, note);
          return "registers";
        }
        default: {
          const status = decodeStatus(bytes);
          if (status === null) return "malformed status";
          noteNumbers(status, note);
          return `status ${status.lastError}`;
        }
      }
    },
  },
);

const KINDS = ["hello", "transaction", "datagram", "beside"] as const;

function echoMessage(kind: typeof KINDS[number], sequence: number, payloadBytes: number) {
  const bytes = new Uint8Array(16 + payloadBytes + 7 & ~7).fill(0x33);
  writeHeader(bytes, kind, sequence, payloadBytes);
  return bytes;
}

/** A message of the echo pair as either side might say it. */
export function drawEchoMessage(chance: Chance): Uint8Array {
  return echoMessage(KINDS[chance.below(KINDS.length)]!, chance.below(9), chance.below(60));
}

const echo = fc.record({
  kind: fc.constantFrom(...KINDS),
  sequence: fc.constantFrom(0, 1, 2 ** 32, 2 ** 53 - 1),
  payloadBytes: fc.nat(60),
}).map(({ kind, sequence, payloadBytes }) => echoMessage(kind, sequence, payloadBytes));

/** What either side of the echo pair reads: both have one header. */
const echoBothWays: PackageTarget = withCorpus(
  () => Object.fromEntries(KINDS.map((kind, at) => [kind, echoMessage(kind, 10 ** at, 5 * at)])),
  {
    name: "echo",
    title: "messages of the echo pair, both ways",
    inputBytesMax: 128,
    draw: (seed, count) => fc.sample(echo, { seed, numRuns: count }),
    run(input, note) {
      const message = readMessage(input, input.length);
      if (typeof message === "string") return message;
      const { kind, sequence, payload } = message;
      assert(Number.isSafeInteger(sequence) && sequence >= 0, "a sequence is a whole number");
      assert(payload.length <= input.length - 16, "a payload lies in its message");
      note(sequence);
      for (const byte of payload) note(byte);
      return kind;
    },
  },
);

/** The targets of device protocols. */
export const deviceTargets: readonly PackageTarget[] = [diskToHost, diskToGuest, echoBothWays];
