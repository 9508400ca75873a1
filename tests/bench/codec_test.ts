import { assertEquals } from "@std/assert";
import { MsgpackLibrary } from "../../bench/baselines/msgpack_library.ts";
import { MsgpackrLibrary } from "../../bench/baselines/msgpackr_library.ts";
import { CODEC_PACKETS, TupleRoundTrip } from "../../bench/codec.ts";
import type { RoundTrip } from "../../bench/round_trip.ts";
import type { PacketFields } from "../../core/packet/packet.ts";

/** A copy: a library may hand out a subclass of Uint8Array, whose `slice` copies nothing. */
function encodedBy({ encoded }: RoundTrip): Uint8Array {
  return Uint8Array.from(encoded.bytes.subarray(encoded.start, encoded.end));
}

/** A packet by value: its payload as it is, wherever that lies. */
function clear(packet: PacketFields): unknown {
  const { type, completionRequested, transactionIdLow, payload, payloadStart, ranges } = packet;
  const bytes = Uint8Array.from(
    payload.subarray(payloadStart, payloadStart + packet.payloadBytes),
  );
  return { type, completionRequested, transactionIdLow, bytes, ranges };
}

Deno.test("RoundTrip: the codec and both libraries write the same bytes", () => {
  for (const { work, packet } of CODEC_PACKETS) {
    const ours = new TupleRoundTrip(packet.payloadBytes);
    ours.turn(packet);
    for (const library of [new MsgpackrLibrary(), new MsgpackLibrary()]) {
      library.turn(packet);
      assertEquals(encodedBy(library), encodedBy(ours), work);
    }
  }
});

Deno.test("RoundTrip: each reads back the packet that was written, turn after turn", () => {
  for (const { work, packet } of CODEC_PACKETS) {
    const trips = [
      new TupleRoundTrip(packet.payloadBytes),
      new MsgpackrLibrary(),
      new MsgpackLibrary(),
    ];
    for (const trip of trips) {
      for (let turn = 0; turn < 5; turn++) trip.turn(packet);
      assertEquals(clear(trip.decoded), clear(packet), work);
    }
  }
});
