/**
 * Reads ring vectors from text, and checks that they have the form of wire.md 10.
 *
 * @module
 */

import { bytesToHex } from "@noble/hashes/utils.js";
import {
  PACKET_TYPE_COMPLETION,
  PACKET_TYPE_GPA_DIRECT,
  PACKET_TYPE_IN_BAND,
  PACKET_TYPE_TRANSFER_PAGES,
  RING_DATA_PAGES_MAX,
} from "../../core/ring/layout.ts";
import { PAGE_BYTES } from "../../core/units.ts";
import { Fields, listOf, type Place, u64Of, wrongField } from "./fields.ts";
import { type JsonNode, parseJson } from "./json_text.ts";
import {
  CONTROL_BYTES,
  type Fill,
  type FinalState,
  type InitialState,
  type Operation,
  type Region,
  type RingVector,
  type Step,
  type VectorGpaRange,
  type VectorHeader,
  type VectorTransferRange,
  type WriteOperation,
} from "./ring_vector.ts";

const SHA256_BYTES = 32;

/**
 * Parses the text of a vector file: an array of cases.
 *
 * @throws {TextError} It is not JSON, or not of the form of wire.md 10; with the place.
 */
export function parseRingVectors(text: string): RingVector[] {
  return listOf(parseJson(text), { text, path: "cases" }, parseVector);
}

function parseVector(node: JsonNode, place: Place): RingVector {
  const unnamed = new Fields(node, place);
  const name = unnamed.string("name");
  const fields = new Fields(node, { text: place.text, path: `case ${JSON.stringify(name)}` });
  fields.take("name");
  const description = fields.string("description");
  const ringDataBytes = fields.int("ringDataBytes", RING_DATA_PAGES_MAX * PAGE_BYTES, PAGE_BYTES);
  if (ringDataBytes % PAGE_BYTES !== 0) {
    throw wrongField(
      fields.take("ringDataBytes"),
      fields.placeOf("ringDataBytes"),
      "a multiple of 4096",
    );
  }
  const initial = parseInitial(fields.take("initial"), fields.placeOf("initial"));
  const operations = fields.list(
    "operations",
    (item, at) => parseOperation(item, at, ringDataBytes),
  );
  const expected = parseExpected(fields, operations, ringDataBytes);
  const agreement = fields.list("agreement", (item, at) => {
    if (item.kind !== "string") throw wrongField(item, at, "the name of an implementation");
    return item.value;
  });
  fields.end();
  return { name, description, ringDataBytes, initial, operations, expected, agreement };
}

function parseInitial(node: JsonNode, place: Place): InitialState {
  const fields = new Fields(node, place);
  const initial = {
    fillByte: fields.int("fillByte", 0xff),
    writeIndex: fields.u32("writeIndex"),
    readIndex: fields.u32("readIndex"),
    interruptMask: fields.u32("interruptMask"),
    pendingSendSize: fields.u32("pendingSendSize"),
    featureBits: fields.u32("featureBits"),
  };
  fields.end();
  return initial;
}

function parseOperation(node: JsonNode, place: Place, ringDataBytes: number): Operation {
  const fields = new Fields(node, place);
  const op = fields.choice("op", ["write", "read", "readBatch", "set", "poke"]);
  const operation = parseOperationFields(op, fields, ringDataBytes);
  fields.end();
  return operation;
}

function parseOperationFields(
  op: Operation["op"],
  fields: Fields,
  ringDataBytes: number,
): Operation {
  switch (op) {
    case "write":
      return parseWrite(fields);
    case "read":
      return { op };
    case "readBatch":
      return { op, count: fields.int("count", 0xffff_ffff, 1) };
    case "set": {
      const field = fields.choice("field", ["interruptMask", "pendingSendSize"]);
      return { op, field, value: fields.u32("value") };
    }
    case "poke": {
      const offset = fields.int("offset", ringDataBytes);
      const bytes = fields.hex("hex");
      if (offset + bytes.length > ringDataBytes) {
        throw fields.wrong(`bytes within the ${ringDataBytes} of the data area`);
      }
      return { op, offset, bytes };
    }
  }
}

function parseWrite(fields: Fields): WriteOperation {
  const type = fields.numberChoice("type", [
    PACKET_TYPE_IN_BAND,
    PACKET_TYPE_TRANSFER_PAGES,
    PACKET_TYPE_GPA_DIRECT,
    PACKET_TYPE_COMPLETION,
  ]);
  const flags = fields.numberChoice("flags", [0, 1]);
  const transactionId = fields.u64("transactionId");
  if (fields.has("payloadHex") === fields.has("payloadFill")) {
    throw fields.wrong('exactly one of "payloadHex" and "payloadFill"');
  }
  const payload = fields.has("payloadHex")
    ? fields.hex("payloadHex")
    : parseFill(fields.take("payloadFill"), fields.placeOf("payloadFill"));
  return { op: "write", type, flags, transactionId, header: parseHeader(type, fields), payload };
}

function parseHeader(type: number, fields: Fields): VectorHeader {
  if (type === PACKET_TYPE_GPA_DIRECT) {
    return { kind: "gpaDirect", ranges: fields.list("gpaRanges", parseGpaRange) };
  }
  if (type === PACKET_TYPE_TRANSFER_PAGES) {
    const pages = new Fields(fields.take("transferPages"), fields.placeOf("transferPages"));
    const pageSetId = pages.int("pageSetId", 0xffff);
    const ranges = pages.list("ranges", parseTransferRange);
    pages.end();
    return { kind: "transferPages", pageSetId, ranges };
  }
  return { kind: "none" };
}

function parseGpaRange(node: JsonNode, place: Place): VectorGpaRange {
  const fields = new Fields(node, place);
  const range = {
    byteCount: fields.u32("byteCount"),
    byteOffset: fields.u32("byteOffset"),
    pfns: fields.list("pfns", u64Of),
  };
  fields.end();
  return range;
}

function parseTransferRange(node: JsonNode, place: Place): VectorTransferRange {
  const fields = new Fields(node, place);
  const range = { byteCount: fields.u32("byteCount"), byteOffset: fields.u32("byteOffset") };
  fields.end();
  return range;
}

function parseFill(node: JsonNode, place: Place): Fill {
  const fields = new Fields(node, place);
  const fill = { byte: fields.int("byte", 0xff), length: fields.u32("length") };
  fields.end();
  return fill;
}

function parseExpected(
  vector: Fields,
  operations: readonly Operation[],
  ringDataBytes: number,
): FinalState {
  const fields = new Fields(vector.take("expected"), vector.placeOf("expected"));
  const steps = fields.list("steps", (node) => node);
  if (steps.length !== operations.length) {
    throw wrongField(
      fields.take("steps"),
      fields.placeOf("steps"),
      `an array of ${operations.length}, a step for each operation`,
    );
  }
  const path = fields.placeOf("steps").path;
  const expected = {
    steps: operations.map((operation, index) =>
      parseStep(steps[index]!, { text: vector.place.text, path: `${path}[${index}]` }, operation)
    ),
    controlPageHex: bytesToHex(fields.hex("controlPageHex", CONTROL_BYTES)),
    writeIndex: fields.u32("writeIndex"),
    readIndex: fields.u32("readIndex"),
    dataSha256: bytesToHex(fields.hex("dataSha256", SHA256_BYTES)),
    changedRegions: fields.list(
      "changedRegions",
      (node, place) => parseRegion(node, place, ringDataBytes),
    ),
  };
  fields.end();
  return expected;
}

function parseStep(node: JsonNode, place: Place, operation: Operation): Step {
  const fields = new Fields(node, place);
  const step = {
    ...parseOutcome(fields, operation.op),
    writeIndex: fields.u32("writeIndex"),
    readIndex: fields.u32("readIndex"),
  };
  fields.end();
  return step;
}

/** The part of a step that depends on the operation. */
function parseOutcome(fields: Fields, op: Operation["op"]): Omit<Step, "writeIndex" | "readIndex"> {
  if (op === "set" || op === "poke") return {};
  if (op === "write") {
    const result = fields.choice("result", ["ok", "full", "tooLarge"]);
    if (result === "ok") return { result, needSignal: fields.boolean("needSignal") };
    const needSignal = fields.take("needSignal");
    if (needSignal.kind !== "null") {
      throw wrongField(needSignal, fields.placeOf("needSignal"), "null, as nothing is written");
    }
    return { result, needSignal: null };
  }
  const result = fields.choice("result", ["ok", "empty", "corrupt"]);
  const signalWriter = fields.boolean("signalWriter");
  if (op === "readBatch" || result !== "ok") return { result, signalWriter };
  return { result, signalWriter, ...parsePacket(fields) };
}

/** The packet that a read must give: its bytes, or their count and digest. */
function parsePacket(fields: Fields): Pick<Step, "packetHex" | "packetLength" | "packetSha256"> {
  if (fields.has("packetHex")) return { packetHex: bytesToHex(fields.hex("packetHex")) };
  if (!fields.has("packetLength")) {
    throw fields.wrong('"packetHex", or "packetLength" and "packetSha256"');
  }
  return {
    packetLength: fields.u32("packetLength"),
    packetSha256: bytesToHex(fields.hex("packetSha256", SHA256_BYTES)),
  };
}

function parseRegion(node: JsonNode, place: Place, ringDataBytes: number): Region {
  const fields = new Fields(node, place);
  const offset = fields.u32("offset");
  const content = fields.has("hex")
    ? fields.hex("hex")
    : { byte: fields.int("fill", 0xff), length: fields.u32("length") };
  fields.end();
  if (offset + content.length > ringDataBytes) {
    throw fields.wrong(`bytes within the ${ringDataBytes} of the data area`);
  }
  return { offset, content };
}
