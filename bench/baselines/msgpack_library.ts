/**
 * `@msgpack/msgpack` with one encoder and one decoder for all packets.
 *
 * @module
 */

import { Decoder, Encoder } from "@msgpack/msgpack";
import { PacketFields } from "../../core/packet/packet.ts";
import type { RoundTrip } from "../round_trip.ts";
import { emptyTuple, fillTuple, type PacketTuple, readTuple } from "./packet_tuple.ts";

/** Packets by `@msgpack/msgpack`. */
export class MsgpackLibrary implements RoundTrip {
  /** See {@linkcode RoundTrip.encoded}. */
  readonly encoded = { bytes: new Uint8Array(0), start: 0, end: 0 };
  /** See {@linkcode RoundTrip.decoded}. */
  readonly decoded = new PacketFields();
  readonly #encoder = new Encoder();
  readonly #decoder = new Decoder();
  readonly #tuple = emptyTuple();

  /** See {@linkcode RoundTrip.turn}. */
  turn(packet: PacketFields): void {
    fillTuple(this.#tuple, packet);
    const { encoded } = this;
    // A view of the encoder's own buffer, valid until it encodes again.
    encoded.bytes = this.#encoder.encodeSharedRef(this.#tuple);
    encoded.end = encoded.bytes.length;
    readTuple(this.#decoder.decode(encoded.bytes) as PacketTuple, this.decoded);
  }
}
