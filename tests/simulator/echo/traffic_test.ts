import { assertEquals } from "@std/assert";
import { TrafficPlan } from "../../../simulator/echo/traffic.ts";

Deno.test("TrafficPlan: two plans of one seed are the same, of many sizes, with both wishes", () => {
  const packetsOf = (seed: bigint) => {
    const plan = new TrafficPlan(seed, 500);
    return Array.from({ length: 500 }, () => plan.next());
  };
  const packets = packetsOf(3n);
  assertEquals(packetsOf(3n), packets);
  assertEquals(packetsOf(4n).some((each, at) => each?.byteCount !== packets[at]?.byteCount), true);
  assertEquals(packets.map((each) => each?.sequence), [...packets.keys()]);
  const sizes = packets.map((each) => each?.byteCount ?? -1);
  assertEquals(sizes.some((size) => size < 16) && sizes.some((size) => size > 1500), true);
  assertEquals(sizes.every((size) => size >= 0 && size <= 2048), true);
  assertEquals(new Set(packets.map((each) => each?.wantsCompletion)), new Set([true, false]));
});

Deno.test("TrafficPlan: ends after its last packet", () => {
  const plan = new TrafficPlan(0n, 1);
  assertEquals(plan.next()?.sequence, 0);
  assertEquals([plan.next(), plan.next()], [null, null]);
});
