import { assertEquals, assertMatch } from "@std/assert";
import {
  encodeCdb,
  encodeStorageAnswer,
  encodeStorageRequest,
  SCSI_INTERFACE_TYPE,
  SRB_ANSWER,
  VERSION_ANSWER,
} from "../../../devices/storage/mod.ts";
import { DEVICE_PAYLOADS } from "../../../simulator/decoding/devices.ts";
import { type DecodedPacket, fieldsOfPacket } from "../../../simulator/decoding/packet.ts";
import { PayloadReader } from "../../../simulator/decoding/payloads.ts";
import { fieldAt } from "../../../simulator/wire_rules/bytes_check.ts";
import { encodePacket, rawPacketBytes } from "../../../simulator/peers/mod.ts";

const HEAD = { flags: 1, status: 0 };
const SRB = {
  ...HEAD,
  srbBytes: 52,
  srbStatus: 0,
  scsiStatus: 0,
  portNumber: 0,
  pathId: 0,
  targetId: 0,
  lun: 3,
  cdbBytes: 10,
  senseBytes: 20,
  direction: 2,
  dataTransferBytes: 0,
};
const VERSION = { ...HEAD, version: 0x0602, revision: 0 };

const TEST_UNIT = encodeStorageRequest({
  ...SRB,
  operation: "executeSrb",
  cdb: encodeCdb({ operation: "testUnitReady" } as Parameters<typeof encodeCdb>[0]),
}, 48);
const ASKS_VERSION = encodeStorageRequest({ ...VERSION, operation: "queryProtocolVersion" }, 64);

/** A reader of packets on one channel of a storage controller. */
function storageReader(codec: "vmbus" | "msgpack", isDirected = true) {
  const reader = new PayloadReader(DEVICE_PAYLOADS);
  return (payload: Uint8Array, isAnswer = false, transactionId = 5n): DecodedPacket => {
    const packet = isAnswer
      ? { type: 11 as const, transactionId, payload }
      : { completionRequested: true, transactionId, payload };
    const direction = isAnswer ? "toGuest" : "toHost";
    return fieldsOfPacket(rawPacketBytes(encodePacket(codec, packet)), {
      codec,
      device: {
        reader,
        interfaceType: SCSI_INTERFACE_TYPE,
        direction: isDirected ? direction : null,
        channel: "1",
      },
    });
  };
}

const payloadIn = ({ fields }: DecodedPacket, ...names: readonly string[]) =>
  fieldAt(fields, "tuple") === null
    ? fieldAt(fields, "payload", ...names)
    : fieldAt(fields, "tuple", "payload", ...names);

for (const codec of ["vmbus", "msgpack"] as const) {
  // storage.md, sections 1 to 3
  Deno.test(`PayloadReader: a request, and its answer as the request decides; ${codec}`, () => {
    const read = storageReader(codec);
    const request = read(TEST_UNIT);
    assertMatch(request.text, /, storage request: executeSrb, testUnitReady$/);
    assertEquals(payloadIn(request, "lun")?.text, "3");
    assertMatch(payloadIn(request, "cdb", "operation")!.text, /testUnitReady/);
    read(ASKS_VERSION, false, 6n);
    // The one that was asked later is answered first.
    const version = read(encodeStorageAnswer(VERSION_ANSWER, VERSION, 64), true, 6n);
    assertMatch(version.text, /, storage version$/);
    const sense = new Uint8Array(20);
    sense.set([0x70, 0, 5, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x20]);
    const answer = read(encodeStorageAnswer(SRB_ANSWER, { ...SRB, sense }, 64), true);
    assertMatch(answer.text, /, SRB answer$/);
    assertEquals(payloadIn(answer, "sense", "key")?.text, "0x5 (illegalRequest)");
    const payload = payloadIn(answer)!;
    const rest = payloadIn(answer, "rest")!;
    assertEquals(rest.offset + rest.byteCount, payload.offset + payload.byteCount);
    // No sense data are no fields.
    read(TEST_UNIT);
    const good = read(
      encodeStorageAnswer(SRB_ANSWER, { ...SRB, sense: sense.fill(0) }, 64),
      true,
    );
    assertEquals(payloadIn(good, "sense")?.fields, undefined);
  });
}

Deno.test("PayloadReader: an answer whose request nobody has seen is bytes", () => {
  const read = storageReader("vmbus");
  const answer = read(encodeStorageAnswer(VERSION_ANSWER, VERSION, 64), true);
  assertMatch(answer.text, /^completion, transaction 5$/);
  assertEquals(payloadIn(answer)?.fields, undefined);
});

Deno.test("PayloadReader: which way bytes go they say, where nobody else does", () => {
  const read = storageReader("vmbus", false);
  assertMatch(read(ASKS_VERSION).text, /storage request: queryProtocolVersion$/);
  const answer = read(encodeStorageAnswer(VERSION_ANSWER, VERSION, 64), true);
  assertMatch(answer.text, /storage version$/);
  const notified = read(Uint8Array.of(11, ...new Uint8Array(63)));
  assertMatch(notified.text, /storage notification: enumerateBus$/);
});

// What VMBus carries is no business of VMBus.
Deno.test("PayloadReader: what no device says is shown as far as it goes, and is no damage of its packet", () => {
  const read = storageReader("vmbus");
  const unknown = read(TEST_UNIT.with(0, 99));
  assertEquals(unknown.damage, null);
  assertMatch(payloadIn(unknown, "damaged")!.text, /^operation: 99/);
  const command = read(TEST_UNIT.with(28, 0xff));
  assertMatch(payloadIn(command, "cdb", "damaged")!.text, /^operation: /);
  const short = read(TEST_UNIT.subarray(0, 8));
  assertEquals([short.damage, payloadIn(short, "damaged") === null], [null, false]);
  for (let at = 0; at < 64; at++) read(TEST_UNIT.slice(0, at).fill(at, at / 2));
});
