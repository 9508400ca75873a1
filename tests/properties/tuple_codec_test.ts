// The codec for the packet's one shape against msgpackr, the reference (performance.md: codec).
import { assertEquals } from "@std/assert";
import { pack, unpack } from "msgpackr/pack";
import { Chance } from "../../core/chance.ts";
import { MsgpackCodec } from "../../core/packet/msgpack_codec.ts";
import type { GpaRange } from "../../core/memory/gpa_ranges.ts";
import { type ArrivedFrame, Frame, PacketFields } from "../../core/packet/packet.ts";
import { TupleCodec } from "../../core/packet/tuple_codec.ts";
import { PAGE_BYTES, pagesSpanned, roundUp8 } from "../../core/units.ts";
import { times } from "../support/long.ts";
import { bodySpace, decodeWhole, packetOf } from "../support/packet_frames.ts";

const PACKETS = times(15_000, 100_000);
const CUT_PACKETS = times(100, 1_000);
const MUTATIONS = times(10_000, 60_000);
/** Numbers around each border between two forms of msgpack. */
const BORDERS = [0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x1_0000, 0xffff_ffff];

const ours = new TupleCodec();
const reference = new MsgpackCodec();

/** A number that is as likely near a border as anywhere. */
function anyUint(chance: Chance): number {
  return chance.below(2) === 0 ? BORDERS[chance.below(BORDERS.length)]! : chance.below(0xffff_ffff);
}

function anyPfn(chance: Chance): number {
  return chance.below(8) === 0 ? 2 ** 32 + chance.below(2 ** 31) * 2 ** 20 : anyUint(chance);
}

function anyRange(chance: Chance): GpaRange {
  const byteOffset = chance.below(3) === 0 ? 0 : chance.below(PAGE_BYTES);
  const byteCount = 1 + chance.below(chance.below(20) === 0 ? 20 * PAGE_BYTES : 3 * PAGE_BYTES);
  const pages = pagesSpanned(byteOffset, byteCount);
  return { byteOffset, byteCount, pfns: Array.from({ length: pages }, () => anyPfn(chance)) };
}

/** A packet of any kind; a few are longer than a 16-bit length. */
function anyPacket(chance: Chance, payload: Uint8Array): PacketFields {
  const sizes = [40, 300, chance.below(200) === 0 ? 66_000 : 80];
  const payloadBytes = chance.below(sizes[chance.below(sizes.length)]!);
  const kind = chance.below(4);
  const type = kind === 0 ? 11 : kind === 1 ? 9 : 6;
  const ranges = Array.from({ length: 1 + chance.below(chance.below(10) === 0 ? 20 : 3) }, () => 0);
  return packetOf({
    type,
    completionRequested: type !== 11 && chance.below(2) === 0,
    transactionIdLow: anyUint(chance),
    transactionIdHigh: chance.below(4) === 0 ? anyUint(chance) : 0,
    payload,
    payloadStart: chance.below(8),
    payloadBytes,
    ranges: type === 9 ? ranges.map(() => anyRange(chance)) : [],
  });
}

/** The body that a codec writes, in an array of its own that has nothing else in it. */
function bodyOf(codec: TupleCodec | MsgpackCodec, packet: PacketFields): Uint8Array {
  const body = new Uint8Array(codec.frame(packet).bodyBytes);
  codec.encode(packet, bodySpace(body, 0));
  return body;
}

function arrivedWith(body: Uint8Array): ArrivedFrame {
  const end = roundUp8(body.length);
  const bytes = new Uint8Array(end + 8).fill(0xee);
  bytes.set(body);
  return Object.assign(new Frame(), { bytes, start: 0, payloadStart: 0, end, rangeCount: 0 });
}

/** What a decoder makes of a body: the fault, or every field. */
function decoded(codec: TupleCodec | MsgpackCodec, arrived: ArrivedFrame): unknown {
  const into = new PacketFields();
  const fault = decodeWhole(codec, arrived, into);
  if (fault !== null) return fault;
  const { payload, payloadStart, payloadBytes, ...rest } = into;
  return { ...rest, payload: payload.slice(payloadStart, payloadStart + payloadBytes) };
}

function assertSameBytes(actual: Uint8Array, expected: Uint8Array, which: string): void {
  if (actual.length === expected.length && actual.every((byte, at) => byte === expected[at])) {
    return;
  }
  assertEquals(actual, expected, which);
}

Deno.test("TupleCodec: writes msgpackr's bytes, and each reads the other's", () => {
  const chance = Chance.fromSeed(1);
  const payload = chance.bytes(70_000);
  for (let at = 0; at < PACKETS; at++) {
    const packet = anyPacket(chance, payload);
    const body = bodyOf(ours, packet);
    assertSameBytes(body, bodyOf(reference, packet), `packet ${at}`);
    const into = new PacketFields();
    const arrived = arrivedWith(body);
    assertEquals(decodeWhole(ours, arrived, into), null);
    assertEquals(into.payloadBytes, packet.payloadBytes);
    if (at % 10 === 0) assertEquals(decoded(ours, arrived), decoded(reference, arrived));
  }
});

Deno.test("TupleCodec: plain pack and unpack agree with it", () => {
  const chance = Chance.fromSeed(2);
  const payload = chance.bytes(70_000);
  for (let at = 0; at < 5_000; at++) {
    const packet = anyPacket(chance, payload);
    const { type, payloadStart, payloadBytes } = packet;
    const ranges = packet.ranges.map((range) => [range.byteCount, range.byteOffset, range.pfns]);
    const bytes = payload.slice(payloadStart, payloadStart + payloadBytes);
    const flags = packet.completionRequested ? 1 : 0;
    const { transactionIdLow, transactionIdHigh } = packet;
    const isWide = transactionIdHigh !== 0;
    const id = isWide
      ? BigInt(transactionIdHigh) << 32n | BigInt(transactionIdLow)
      : transactionIdLow;
    const tuple = [type, flags, id, bytes, type === 9 ? ranges : null];
    const body = bodyOf(ours, packet);
    const packed = new Uint8Array(pack(tuple));
    if (isWide) packed[3] = 0xcf; // pack writes an int 64 where that will do
    assertSameBytes(body, packed, `packet ${at}`);
    if (at % 10 === 0) assertEquals(new Uint8Array(unpack(body)[3]), bytes);
  }
});

Deno.test("TupleCodec: takes and refuses what the reference does, whatever the bytes", () => {
  const chance = Chance.fromSeed(3);
  const payload = chance.bytes(400);
  const outcomes = new Set<string>();
  for (let at = 0; at < MUTATIONS; at++) {
    const packet = anyPacket(chance, payload.slice());
    if (packet.payloadBytes > 300) packet.payloadBytes = 300;
    const body = bodyOf(ours, packet);
    for (let times = 1 + chance.below(3); times > 0; times--) {
      const isEarly = chance.below(3) > 0;
      body[chance.below(isEarly ? Math.min(12, body.length) : body.length)] = chance.below(256);
    }
    const arrived = arrivedWith(
      chance.below(5) === 0 ? body.slice(0, chance.below(body.length)) : body,
    );
    const outcome = decoded(reference, arrived);
    assertEquals(decoded(ours, arrived), outcome);
    outcomes.add(typeof outcome === "string" ? outcome : "taken");
  }
  for (const wanted of ["taken", "malformedMsgpack", "unexpectedPacketType", "rangeTooSmall"]) {
    assertEquals(outcomes.has(wanted), true, `no body was ${wanted}`);
  }
});

Deno.test("TupleCodec: what lies behind a packet's end is no part of it, even where it would fit", () => {
  const chance = Chance.fromSeed(4);
  const payload = chance.bytes(400);
  for (let at = 0; at < CUT_PACKETS; at++) {
    const packet = anyPacket(chance, payload);
    packet.payloadBytes = Math.min(packet.payloadBytes, 80);
    const body = bodyOf(ours, packet);
    for (let end = 0; end < body.length; end++) {
      // Once with the true bytes behind the end, once with nothing: the packet ends with its memory.
      for (const bytes of [body, body.subarray(0, end), body.slice(0, end)]) {
        const arrived = { ...arrivedWith(body), bytes, end };
        assertEquals(decoded(ours, arrived), decoded(reference, arrived), `packet ${at} to ${end}`);
      }
    }
  }
});
