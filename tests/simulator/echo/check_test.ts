import { assertEquals } from "@std/assert";
import { STATUS_CANCELLED, STATUS_SUCCESS } from "../../../mod.ts";
import { EchoCheck } from "../../../simulator/echo/check.ts";
import { type BesidePacket, fillPayload, writeHeader } from "../../../devices/echo/mod.ts";
import { memoryFile } from "../../support/echo_stage.ts";

const FILE = memoryFile(30);
const NO_BYTES = new Uint8Array(0);

/** A check of a file of three pieces, 10 bytes each, all of which were read, and of two packets. */
async function begunCheck(): Promise<{ check: EchoCheck; packets: BesidePacket[] }> {
  const check = new EchoCheck({
    seed: 1n,
    file: FILE,
    pieceCount: 3,
    besideCount: 2,
    onProgress: () => {},
  });
  await check.readFile(0, 30);
  const packets = [check.nextBeside(), check.nextBeside()].filter((each) => each !== null);
  return { check, packets };
}

function piece(at: number): Uint8Array {
  return FILE.bytes.subarray(10 * at, 10 * at + 10);
}

function payloadOf({ sequence, byteCount }: BesidePacket): Uint8Array {
  const payload = new Uint8Array(byteCount);
  fillPayload(payload, sequence);
  return payload;
}

/** What ends `packet` as it should. */
function answerOf(packet: BesidePacket): Uint8Array {
  if (!packet.wantsCompletion) return NO_BYTES;
  const half = payloadOf(packet).subarray(0, packet.byteCount >> 1);
  const answer = new Uint8Array(16 + half.length);
  writeHeader(answer, "beside", packet.sequence, half.length);
  answer.set(half, 16);
  return answer;
}

/** What the check finds in a run that is good but for what `spoil` does. */
async function findingsOf(spoil: {
  readonly pieces?: readonly [sequence: number, payload: Uint8Array][];
  readonly taken?: (packets: readonly BesidePacket[]) => [sequence: number, payload: Uint8Array][];
  readonly ended?: (check: EchoCheck, packets: readonly BesidePacket[]) => void;
}): Promise<readonly string[]> {
  const { check, packets } = await begunCheck();
  const pieces = spoil.pieces ?? [[0, piece(0)], [1, piece(1)], [2, piece(2)]];
  for (const [sequence, payload] of pieces) check.pieceReturned(sequence, payload);
  const taken = spoil.taken?.(packets) ??
    packets.map((packet) => [packet.sequence, payloadOf(packet)] as const);
  for (const [sequence, payload] of taken) check.besideTaken(sequence, payload);
  if (spoil.ended !== undefined) spoil.ended(check, packets);
  else for (const each of packets) check.besideEnded(each, STATUS_SUCCESS, answerOf(each));
  check.finish();
  return check.findings;
}

Deno.test("EchoCheck: finds nothing where all is well", async () => {
  assertEquals(await findingsOf({}), []);
});

Deno.test("EchoCheck: finds pieces of the file that are missing, doubled, swapped or changed", async () => {
  const differs = "the file that came back is not the file that was sent";
  assertEquals(await findingsOf({ pieces: [[0, piece(0)], [1, piece(1)]] }), [
    "2 of 3 packets of the file came back",
    differs,
  ]);
  assertEquals(
    await findingsOf({ pieces: [[0, piece(0)], [1, piece(1)], [1, piece(1)], [2, piece(2)]] }),
    [
      "packet 1 of the file came back where 2 was due",
      "packet 2 of the file came back where 3 was due",
      "4 of 3 packets of the file came back",
      differs,
    ],
  );
  assertEquals(await findingsOf({ pieces: [[1, piece(1)], [0, piece(0)], [2, piece(2)]] }), [
    "packet 1 of the file came back where 0 was due",
    "packet 0 of the file came back where 1 was due",
    differs,
  ]);
  const changed = piece(2).slice();
  changed[9]! ^= 0x80;
  assertEquals(await findingsOf({ pieces: [[0, piece(0)], [1, piece(1)], [2, changed]] }), [
    differs,
  ]);
});

Deno.test("EchoCheck: finds packets beside the file that are missing, swapped, changed or too many", async () => {
  assertEquals(
    await findingsOf({ taken: ([first]) => [[0, payloadOf(first!)]] }),
    ["1 of 2 packets beside the file arrived"],
  );
  assertEquals(
    (await findingsOf({
      taken: ([first, second]) => [[1, payloadOf(second!)], [0, payloadOf(first!)]],
    }))[0],
    "packet 1 beside the file arrived where 0 was due",
  );
  assertEquals(
    await findingsOf({
      taken: ([first, second]) => [[0, payloadOf(first!)], [1, payloadOf(second!).fill(0)]],
    }),
    ["packet 1 beside the file is not what was sent"],
  );
  assertEquals(
    await findingsOf({
      taken: ([first, second]) => [[0, payloadOf(first!).subarray(1)], [1, payloadOf(second!)]],
    }),
    ["packet 0 beside the file is not what was sent"],
  );
  assertEquals(
    await findingsOf({
      taken: ([first, second]) => [[0, payloadOf(first!)], [1, payloadOf(second!).subarray(0, -1)]],
    }),
    ["packet 1 beside the file is not what was sent"],
  );
  assertEquals(
    await findingsOf({
      taken: (packets) => [
        ...packets.map((each): [number, Uint8Array] => [each.sequence, payloadOf(each)]),
        [2, NO_BYTES],
      ],
    }),
    ["packet 2 beside the file is one too many", "3 of 2 packets beside the file arrived"],
  );
});

Deno.test("EchoCheck: finds packets beside the file that end wrongly, or not at all", async () => {
  assertEquals(await findingsOf({ ended: () => {} }), ["0 of 2 packets beside the file ended"]);
  assertEquals(
    await findingsOf({
      ended: (check, packets) => {
        for (const each of packets) check.besideEnded(each, STATUS_CANCELLED, NO_BYTES);
      },
    }),
    [
      "packet 0 beside the file ended with STATUS_CANCELLED",
      "packet 1 beside the file ended with STATUS_CANCELLED",
      "0 of 2 packets beside the file ended",
    ],
  );
  const wanting: BesidePacket = { sequence: 0, byteCount: 40, wantsCompletion: true };
  const notWanting: BesidePacket = { ...wanting, wantsCompletion: false };
  const good = answerOf(wanting);
  const wrong = [NO_BYTES, good.subarray(0, 35), answerOf({ ...wanting, sequence: 1 })];
  wrong.push(good.with(16, 0xff), answerOf({ ...wanting, byteCount: 38 }));
  for (const answer of wrong) {
    const { check } = await begunCheck();
    check.besideEnded(wanting, STATUS_SUCCESS, answer);
    assertEquals(check.findings, ["packet 0 beside the file got a wrong answer"]);
  }
  const { check } = await begunCheck();
  check.besideEnded(wanting, STATUS_SUCCESS, good);
  assertEquals(check.findings, []);
  check.besideEnded(notWanting, STATUS_SUCCESS, good);
  assertEquals(check.findings, ["packet 0 beside the file got an answer that nobody asked for"]);
});

Deno.test("EchoCheck: keeps the first findings, and counts the rest", async () => {
  const { check } = await begunCheck();
  for (let at = 0; at < 25; at++) check.failed(`finding ${at}`);
  assertEquals(check.findings.length, 21);
  assertEquals(check.findings.slice(-2), ["finding 19", "and 5 more"]);
});
