// Byte pipes whose writer is hostile: whatever its packets say, a reader gets what a plain reading of them gives (wire.md 2.4).

import { assertEquals } from "@std/assert";
import { Chance } from "../../core/chance.ts";
import * as vmbus from "../../mod.ts";
import { openPipe, putRaw, streamPacket } from "../support/byte_pipes.ts";
import { closePair } from "../support/connected_pair.ts";
import { times } from "../support/long.ts";

/** A packet that may be wrong in its type, its length, and what it says was taken. */
function drawPacket(chance: Chance): Uint8Array {
  const data = chance.bytes(chance.below(60));
  const isNear = chance.below(8) !== 0;
  const type = isNear ? 1 + chance.below(chance.below(3) === 0 ? 2 : 1) : chance.below(6);
  const length = chance.below(6) === 0 ? chance.below(70) : data.length;
  const nearEnd = Math.max(0, length - 1 + chance.below(3));
  const taken = type === 2 ? (chance.below(3) === 0 ? nearEnd : chance.below(length + 1)) : 0;
  return streamPacket(type, length + taken * 0x1_0000, data);
}

/** What the packets come to: bytes, and how they end. */
function plainReading(packets: readonly Uint8Array[]) {
  const bytes: number[] = [];
  let hasEnded = false;
  for (const packet of packets) {
    const view = new DataView(packet.buffer);
    const [type, word] = [view.getUint32(0, true), view.getUint32(4, true)];
    const [length, taken] = type === 2 ? [word & 0xffff, word >>> 16] : [word, 0];
    const room = Math.ceil(packet.length / 8) * 8 - 8; // a packet is padded to words
    const isWrong = (type !== 1 && type !== 2) || length > room || (type === 2 && taken >= length);
    if (isWrong) return { bytes, end: hasEnded ? "end" : "reset" };
    const padded = [...packet.subarray(8), ...new Uint8Array(8)];
    if (!hasEnded) bytes.push(...padded.slice(taken, length));
    if (type === 1 && length === 0) hasEnded = true;
  }
  return { bytes, end: hasEnded ? "end" : "open" };
}

Deno.test("BytePipe.read: gives of any packets what they say, up to what they cannot say", async () => {
  const ends = new Set<string>();
  for (let seed = 0; seed < times(60, 5000); seed++) {
    const chance = Chance.fromSeed(seed);
    const packets = Array.from({ length: 1 + chance.below(8) }, () => drawPacket(chance));
    const schedule = seed % 2 === 0 ? "fifo" : "random";
    const pipe = await openPipe({ fabric: { seed, schedule, codec: "vmbus" } });
    for (const packet of packets) putRaw(pipe.client, packet);
    const expected = plainReading(packets);
    const came: number[] = [];
    let status = 0;
    while (
      status === vmbus.STATUS_SUCCESS &&
      (came.length < expected.bytes.length || expected.end !== "open")
    ) {
      const read = await pipe.host.read(1 + chance.below(80));
      came.push(...read.bytes);
      status = read.status;
    }
    const end = { open: 0, end: vmbus.STATUS_END_OF_FILE, reset: vmbus.STATUS_CONNECTION_RESET };
    assertEquals(
      [came, status],
      [expected.bytes, end[expected.end as keyof typeof end]],
      `seed ${seed}`,
    );
    ends.add(expected.end);
    await closePair(pipe);
  }
  assertEquals([...ends].sort(), ["end", "open", "reset"]);
});
