/**
 * Target: the header of a packet of a byte pipe, which the peer writes, and in part the reader itself (wire.md 2.4).
 * An input is the payload of a packet, header included; as many bytes of it are then taken as its first byte says.
 *
 * @module
 */

import fc from "fast-check";
import { assert } from "../../../core/assert.ts";
import {
  PIPE_DATA_MAX,
  PIPE_HEADER_BYTES,
  readPipeHeader,
  StreamHeader,
  writePartlyTaken,
  writePipeHeader,
} from "../../../core/packet/pipe.ts";
import { Around, joined, u32At, u32Bytes } from "../bytes.ts";
import type { NamedSeeds } from "../corpus.ts";
import { type PackageTarget, withCorpus } from "../package_target.ts";

/** Of a packet: nothing of it was taken, or a part. */
const DATA = 1;
const PARTLY_TAKEN = 2;

function whole(byteCount: number): Uint8Array {
  const payload = new Uint8Array(PIPE_HEADER_BYTES + byteCount).fill(7);
  writePipeHeader(payload, 0, byteCount);
  return payload;
}

function partly(byteCount: number, takenBytes: number): Uint8Array {
  const payload = whole(byteCount);
  writePartlyTaken(payload, byteCount, takenBytes);
  return payload;
}

function makeSeeds(): NamedSeeds {
  return {
    "data": whole(20),
    "the end": whole(0),
    "a part was taken": partly(20, 8),
    "all but a byte was taken": partly(20, 19),
    "all was taken": joined(u32Bytes(PARTLY_TAKEN, 4 | 4 << 16), [1, 2, 3, 4]),
    "nothing was left to take": joined(u32Bytes(PARTLY_TAKEN, 0)),
    "more than arrived": joined(u32Bytes(DATA, 5), [1, 2, 3, 4]),
    "no whole header": Uint8Array.of(1, 0, 0, 0, 2),
    "another type": joined(u32Bytes(3, 1), [1]),
  };
}

const drawn = fc.record({
  type: fc.constantFrom(DATA, PARTLY_TAKEN, PARTLY_TAKEN, 0, 3),
  length: fc.nat(24),
  taken: fc.nat(26),
  data: fc.uint8Array({ maxLength: 24 }),
}).map(({ type, length, taken, data }) => joined(u32Bytes(type, length | taken << 16), data));

/** Takes so many bytes more, as the reader does that keeps the packet in its ring: the header says so then. */
function takeMore(bytes: Uint8Array, start: number, { dataBytes, takenBytes }: StreamHeader): void {
  const left = dataBytes - takenBytes;
  const more = (bytes[start] ?? 0) % left;
  const header = new Uint8Array(PIPE_HEADER_BYTES);
  writePartlyTaken(header, dataBytes, takenBytes + more);
  const again = new StreamHeader();
  const fault = again.read(header, 0, PIPE_HEADER_BYTES + dataBytes);
  assert(fault === null, "what the reader writes it can read");
  assert(
    again.dataBytes === dataBytes && again.takenBytes === takenBytes + more,
    "a packet is taken byte by byte",
  );
}

const around = new Around();

/** The header of a packet of a stream. */
export const streamHeaderTarget: PackageTarget = withCorpus(makeSeeds, {
  name: "stream-headers",
  title: "headers of packets of a byte pipe",
  inputBytesMax: 64,
  draw: (seed, count) => fc.sample(drawn, { seed, numRuns: count }),
  run(input, note) {
    const bytes = around.of(input);
    const header = new StreamHeader();
    header.dataBytes = 12_345;
    const fault = header.read(bytes, input.byteOffset, input.length);
    const datagram = readPipeHeader(bytes, input.byteOffset, input.length);
    if (fault !== null) {
      assert(header.dataBytes === 12_345 && header.takenBytes === 0, "a fault changes nothing");
      assert(typeof datagram === "string", "what no stream has, no datagram has");
      return fault;
    }
    const { dataBytes, takenBytes } = header;
    const room = input.length - PIPE_HEADER_BYTES;
    assert(dataBytes <= Math.min(room, PIPE_DATA_MAX), "data lies in its packet");
    assert(takenBytes === 0 || takenBytes < dataBytes, "something is left of a packet");
    const isPart = u32At(input, 0) === PARTLY_TAKEN;
    assert(isPart ? dataBytes > 0 : datagram === dataBytes, "a whole packet is what a datagram is");
    note(dataBytes << 1 | Number(isPart));
    note(takenBytes);
    if (dataBytes > 0) takeMore(bytes, input.byteOffset + PIPE_HEADER_BYTES, header);
    return dataBytes === 0 ? "end" : isPart ? "part" : "data";
  },
});
