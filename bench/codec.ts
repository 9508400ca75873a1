/**
 * The packet codec beside two msgpack libraries that write the same bytes.
 *
 * @module
 */

import { copyBytes } from "../core/bytes.ts";
import type { GpaRange } from "../core/memory/gpa_ranges.ts";
import {
  type ArrivedFrame,
  type BodySpace,
  NO_RANGES,
  PACKET_GPA_DIRECT,
  PACKET_IN_BAND,
  PacketFields,
} from "../core/packet/packet.ts";
import { TupleCodec } from "../core/packet/tuple_codec.ts";
import { MsgpackLibrary } from "./baselines/msgpack_library.ts";
import { MsgpackrLibrary } from "./baselines/msgpackr_library.ts";
import { compare, type Figure, type Goal, type Row, timingOf } from "./figure.ts";
import { type Contender, race } from "./measure.ts";
import type { RoundTrip } from "./round_trip.ts";

const BESIDE_MSGPACKR: Goal = { kind: "atLeast", bar: 4, stretch: 5.5 };

/** Room for an encoded packet beside its payload. */
const ROOM_BYTES = 256;
const TRANSACTION_ID = 7;

/** A request with `payloadBytes` and `ranges`. */
function packetOf(payloadBytes: number, ranges: readonly GpaRange[]): PacketFields {
  const packet = new PacketFields();
  packet.type = ranges.length > 0 ? PACKET_GPA_DIRECT : PACKET_IN_BAND;
  packet.completionRequested = true;
  packet.transactionIdLow = TRANSACTION_ID;
  packet.payload = Uint8Array.from({ length: payloadBytes }, (_, at) => at & 0xff);
  packet.payloadBytes = payloadBytes;
  packet.ranges = ranges;
  return packet;
}

/**
 * The packets that are encoded, by name. Those with ranges come first: V8 puts into its callers what was called often
 * so far, and a program that has such packets has them from the beginning.
 */
export const CODEC_PACKETS: readonly { readonly work: string; readonly packet: PacketFields }[] = [
  {
    work: "64 B and ranges",
    packet: packetOf(64, [
      { byteCount: 12_288, byteOffset: 0, pfns: [0x1200, 0x1201, 0x1202] },
      { byteCount: 512, byteOffset: 64, pfns: [0x20_0000] },
    ]),
  },
  { work: "64 B", packet: packetOf(64, NO_RANGES) },
  { work: "4 KiB", packet: packetOf(4096, NO_RANGES) },
];

/** Our codec, into and out of memory as the ring gives it. */
export class TupleRoundTrip implements RoundTrip, BodySpace {
  /** See {@linkcode RoundTrip.encoded}. */
  readonly encoded: { bytes: Uint8Array; start: number; end: number };
  /** See {@linkcode RoundTrip.decoded}. */
  readonly decoded = new PacketFields();
  /** See {@linkcode BodySpace.body}. */
  readonly body: Uint8Array;
  /** See {@linkcode BodySpace.bodyStart}. */
  readonly bodyStart = 0;
  readonly #codec = new TupleCodec();
  readonly #arrived: { -readonly [Key in keyof ArrivedFrame]: ArrivedFrame[Key] };

  /** Room for payloads of `payloadBytes`. */
  constructor(payloadBytes: number) {
    this.body = new Uint8Array(payloadBytes + ROOM_BYTES);
    this.encoded = { bytes: this.body, start: 0, end: 0 };
    this.decoded.payload = this.body;
    this.#arrived = {
      type: PACKET_IN_BAND,
      flags: 0,
      transactionIdLow: 0,
      transactionIdHigh: 0,
      bytes: this.body,
      start: 0,
      payloadStart: 0,
      end: 0,
      rangeCount: 0,
    };
  }

  /** See {@linkcode BodySpace.putPayload}. */
  putPayload(at: number, payload: Uint8Array, start: number, byteCount: number): void {
    copyBytes(this.body, payload, start, byteCount, at);
  }

  /** See {@linkcode RoundTrip.turn}. */
  turn(packet: PacketFields): void {
    const { bodyBytes } = this.#codec.frame(packet);
    this.#codec.encode(packet, this);
    this.encoded.end = bodyBytes;
    this.#arrived.end = bodyBytes;
    const fault = this.#codec.decode(this.#arrived, this.decoded);
    if (fault !== null) {
      throw new Error(`Cannot measure the codec: it refuses its packet: ${fault}`);
    }
  }
}

function turning(name: string, codec: RoundTrip, packet: PacketFields): Contender {
  return {
    name,
    run: (count) => {
      for (let i = 0; i < count; i++) codec.turn(packet);
      if (codec.decoded.payloadBytes !== packet.payloadBytes) {
        throw new Error(`Cannot measure ${name}: the payload came out with another length`);
      }
    },
  };
}

/** The figure. */
export const codecFigure: Figure = {
  measure: async (options) => {
    const rows: Row[] = [];
    for (const { work, packet } of CODEC_PACKETS) {
      const timings = await race([
        turning("tuple codec", new TupleRoundTrip(packet.payloadBytes), packet),
        turning("msgpackr", new MsgpackrLibrary(), packet),
        turning("@msgpack/msgpack", new MsgpackLibrary(), packet),
      ], options);
      const ours = timingOf(timings, "tuple codec");
      rows.push(
        compare(work, ours, timingOf(timings, "msgpackr"), BESIDE_MSGPACKR),
        compare(work, ours, timingOf(timings, "@msgpack/msgpack"), null),
      );
    }
    return rows;
  },
};
