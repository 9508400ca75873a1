import { assertEquals } from "@std/assert";
import { StockPackets } from "../../bench/baselines/stock_packets.ts";
import { OurPackets } from "../../bench/packet_life.ts";
import type { PacketLives } from "../../bench/packet_lives.ts";

Deno.test("PacketLives: both complete every transaction, with one object from the pool", () => {
  const contenders: PacketLives[] = [new OurPackets(), new StockPackets()];
  for (const packets of contenders) {
    for (let life = 0; life < 25; life++) packets.live();
    assertEquals([packets.completed, packets.objectCount], [25, 1]);
  }
});
