import { assertEquals, assertGreater } from "@std/assert";
import { type FaultRule, runWorld } from "../../../../simulator/mod.ts";
import { disk } from "../../../../simulator/scenarios/disk/scenario.ts";

Deno.test("disk: nothing is wrong where nothing is made to go wrong", async () => {
  for (let seed = 0; seed < 8; seed++) {
    const { findings, reached } = await runWorld(disk, { seed, isFaulty: false });
    assertEquals([seed, findings], [seed, []]);
    assertGreater(Object.values(reached)[0]!, 0);
  }
});

// What each of them once brought about: a disk that opened for ever, or a call for a packet that is none.
const LOSSES: readonly FaultRule[] = [
  { do: "gpadlRefused", nth: 2 },
  { do: "openRefused", nth: 1 },
  { do: "memoryExhausted", where: { site: "packet" }, nth: 1 },
  { do: "memoryExhausted", where: { site: "pages" }, nth: 2 },
  { do: "deviceRemoved", nth: 12 },
];

for (const rule of LOSSES) {
  Deno.test(`disk: ${JSON.stringify(rule)} ends it, and it says so`, async () => {
    const losing = {
      ...disk,
      faults: [rule],
      numbers: { bytes: { title: "b", least: 4096, most: 4096 } },
    };
    for (let seed = 0; seed < 6; seed++) {
      const { findings, faults } = await runWorld(losing, { seed, schedule: "fifo" });
      assertEquals([seed, findings], [seed, []]);
      assertGreater(faults.length, 0);
    }
  });
}
