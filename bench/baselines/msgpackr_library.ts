/**
 * msgpackr at its best: tuples instead of records, its own buffer used again for every packet, and
 * decoding in place.
 *
 * @module
 */

import { Packr, RESET_BUFFER_MODE, REUSE_BUFFER_MODE } from "msgpackr/pack";
import { PacketFields } from "../../core/packet/packet.ts";
import type { RoundTrip } from "../round_trip.ts";
import { emptyTuple, fillTuple, type PacketTuple, readTuple } from "./packet_tuple.ts";

/** The same place in the same buffer for every packet. */
const BUFFER_MODE = REUSE_BUFFER_MODE | RESET_BUFFER_MODE;

/** In that mode the library answers with its whole buffer, and the packet's place in it. */
interface ReusedBuffer extends Uint8Array<ArrayBuffer> {
  start: number;
  end: number;
}

/** Packets by msgpackr. */
export class MsgpackrLibrary implements RoundTrip {
  /** See {@linkcode RoundTrip.encoded}. */
  readonly encoded = { bytes: new Uint8Array(0), start: 0, end: 0 };
  /** See {@linkcode RoundTrip.decoded}. */
  readonly decoded = new PacketFields();
  readonly #packr = new Packr({ useRecords: false, structuredClone: false });
  readonly #tuple = emptyTuple();

  /** See {@linkcode RoundTrip.turn}. */
  turn(packet: PacketFields): void {
    fillTuple(this.#tuple, packet);
    const { encoded } = this;
    const buffer = this.#packr.pack(this.#tuple, BUFFER_MODE) as Uint8Array as ReusedBuffer;
    encoded.bytes = buffer;
    encoded.start = buffer.start;
    encoded.end = buffer.end;
    readTuple(this.#packr.unpack(buffer, encoded) as PacketTuple, this.decoded);
  }
}
