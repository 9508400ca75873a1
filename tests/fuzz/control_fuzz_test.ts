import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Chance } from "../../core/chance.ts";
import {
  decodeControlMessage,
  encodeControlMessage,
  isControlFault,
} from "../../core/control/codec.ts";
import { CONTROL_MESSAGE_BYTES_MAX } from "../../core/control/messages.ts";
import { anyControlMessage } from "../support/control_messages.ts";
import { times } from "../support/long.ts";

const ROUNDS = times(8_000, 40_000);

/** Bits that a receiver ignores, by message number: [offset, mask] (wire.md 3.2, 4.4). */
const IGNORED_BITS: ReadonlyMap<number, readonly (readonly [number, number])[]> = new Map([
  [1, [
    ...Array.from({ length: 16 }, (_, index) => [40 + index, 0xff] as const),
    [189, 0xfe],
    [190, 0xfe],
    [191, 0xff],
  ]],
  [15, [10, 11, 20, 21, 22, 23].map((offset) => [offset, 0xff] as const)],
]);

/** Where a message has the addresses of the monitor pages, of which no more than 53 bits are told apart. */
const ADDRESSES: ReadonlyMap<number, readonly number[]> = new Map([
  [14, [24, 32]],
  [15, [24, 32]],
  [25, [8, 16]],
]);

/** Clears them, and the header's padding, of which a GPADL header keeps bit 0 (wire.md 3.2). */
function clearIgnoredBits(bytes: Uint8Array): void {
  const number = bytes[0]!;
  bytes[4]! &= number === 8 ? 1 : 0;
  bytes.fill(0, 5, 8);
  for (const [offset, mask] of IGNORED_BITS.get(number) ?? []) {
    // Where the supported features lie, the shorter form of message 15 ends.
    if (offset < bytes.length) bytes[offset]! &= ~mask;
  }
  const view = new DataView(bytes.buffer);
  for (const offset of ADDRESSES.get(number) ?? []) {
    if (offset + 8 > bytes.length || view.getBigUint64(offset, true) < 2n ** 53n) continue;
    view.setBigUint64(offset, 2n ** 53n - 1n, true);
  }
}

/** A seed message that was cut, lengthened, or changed in some bytes; or nothing but noise. */
function hostileBytes(chance: Chance, seeds: readonly Uint8Array[]): Uint8Array {
  if (chance.below(8) === 0) return chance.bytes(chance.below(300));
  const seed = seeds[chance.below(seeds.length)]!;
  const lengths = [seed.length, chance.below(seed.length + 1), chance.below(260)];
  const bytes = new Uint8Array(lengths[chance.below(lengths.length)]!);
  bytes.set(seed.subarray(0, bytes.length));
  for (let changes = chance.below(4); changes > 0 && bytes.length > 0; changes--) {
    bytes[chance.below(bytes.length)] = chance.below(256);
  }
  // The number decides everything, so it is often a valid one although the rest is not.
  if (bytes.length > 0 && chance.below(4) === 0) bytes[0] = chance.below(32);
  return bytes;
}

// wire.md 4.1: what the peer sends is a message or a named fault, and never an exception.
Deno.test("decodeControlMessage: hostile bytes are a fault or a message that has them", () => {
  const chance = Chance.fromSeed(44);
  const seeds = fc.sample(anyControlMessage, { seed: 44, numRuns: 500 }).map(encodeControlMessage);
  const outcomes = new Map<string, number>();
  for (let round = 0; round < ROUNDS; round++) {
    const bytes = hostileBytes(chance, seeds);
    const before = bytes.slice();
    const decoded = decodeControlMessage(bytes);
    assertEquals(bytes.toHex(), before.toHex());
    const outcome = isControlFault(decoded) ? decoded : decoded.message;
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    if (isControlFault(decoded)) continue;
    assert(bytes.length <= CONTROL_MESSAGE_BYTES_MAX);
    const again = encodeControlMessage(decoded);
    const expected = bytes.slice(0, again.length);
    clearIgnoredBits(expected);
    assertEquals(again.toHex(), expected.toHex());
  }
  // The rounds would prove little if they did not reach every message and every fault.
  assertEquals(outcomes.size, 29 + 3, [...outcomes.keys()].join());
  for (const [outcome, count] of outcomes) assert(count > ROUNDS / 400, `${outcome}: ${count}`);
});
