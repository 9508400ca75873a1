/**
 * Target: capture files, which anybody may have written (capture.md). What is read of one is written again, and read as
 * the same.
 *
 * @module
 */

import { assert } from "../../../core/assert.ts";
import { areEqual } from "../../../core/saved/plain_data.ts";
import { interfaceBlock, recordBlock, sectionBlock } from "../../../simulator/capture/pcapng.ts";
import { type ReadCapture, readCapture } from "../../../simulator/capture/read_capture.ts";
import {
  CAPTURE_HEADER_BYTES,
  captureHeader,
  type CaptureRecord,
} from "../../../simulator/capture/record.ts";
import { joined } from "../bytes.ts";
import type { NamedSeeds } from "../corpus.ts";
import { type PackageTarget, withCorpus } from "../package_target.ts";

const RECORD: CaptureRecord = {
  interface: 0,
  at100ns: 12_345,
  header: captureHeader({ kind: "message", bus: 1 }),
  bytes: Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0),
  comments: ["fault: one"],
};

/** The file of records, whose interfaces are ours. */
function fileOf({ interfaces, records }: Pick<ReadCapture, "interfaces" | "records">): Uint8Array {
  return joined(
    sectionBlock(),
    ...interfaces.map(interfaceBlock),
    ...records.map((record) => {
      // What a later version's header has behind these fields was passed over.
      const header = { ...record.header, headerBytes: CAPTURE_HEADER_BYTES };
      return recordBlock({ ...record, header });
    }),
  );
}

function makeSeeds(): NamedSeeds {
  const interfaces = [{ name: "guest: bus", description: "" }];
  const one = fileOf({ interfaces, records: [RECORD] });
  const packet: CaptureRecord = {
    ...RECORD,
    header: { ...RECORD.header, kind: "packet", codec: "vmbus", channelId: 1, pipe: "byte" },
    comments: [],
  };
  return {
    "a message": one,
    "two packets": fileOf({ interfaces, records: [packet, packet] }),
    "two sections": joined(one, one),
    "no records": fileOf({ interfaces, records: [] }),
    "cut in a record": one.slice(0, -20),
    "no interface": fileOf({ interfaces: [], records: [RECORD] }),
  };
}

/** Writes what was read, and reads it again. */
function readAgain(read: ReadCapture): void {
  const again = readCapture(fileOf(read));
  assert(again.damage === null, "what was read can be written");
  assert(again.records.length === read.records.length, "each record is there again");
  for (const [at, { at100ns, bytes, comments, header }] of read.records.entries()) {
    const same = again.records[at]!;
    assert(same.at100ns === at100ns && areEqual(same.bytes, bytes), "a record is what it was");
    assert(same.comments.join() === comments.join(), "what is said about it is what it was");
    assert(same.header.kind === header.kind && same.header.step === header.step, "its header too");
  }
}

/** Capture files. */
export const captureTarget: PackageTarget = withCorpus(makeSeeds, {
  name: "captures",
  title: "capture files",
  inputBytesMax: 1024,
  run(input, note) {
    const read = readCapture(input);
    const { records, interfaces, damage, damages } = read;
    note(records.length);
    note(interfaces.length);
    for (const { bytes } of records) assert(bytes.length <= input.length, "bytes are of the file");
    for (const { offset, recordsBefore } of damages) {
      assert(offset <= input.length, "damage lies in the file");
      assert(recordsBefore <= records.length, "and among its records");
    }
    readAgain(read);
    return damage?.reason.replaceAll(/\d+/g, "N") ?? "whole";
  },
});
