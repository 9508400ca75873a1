// api.md section 3: on one processor a lower IRQL does not run while a higher one is runnable.
import { assert, assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { enablePair, makePair, type Pair, type PairOptions } from "../../support/connected_pair.ts";
import { post } from "../../support/driving.ts";

/**
 * Two clients of one guest, each with a packet to take at PASSIVE_LEVEL; the first, in its callback, has
 * the host send to a third, which takes packets at DISPATCH_LEVEL. Says who ran, in order.
 */
async function orderOf(processors: number, options: vmbus.FabricOptions): Promise<string[]> {
  const log: string[] = [];
  const fabric = vmbus.createFabric(options);
  const guest = fabric.createPartition({ name: "guest", memoryPages: 512, processors });
  const clientOf = (name: string, isPassive: boolean, work: () => void): Pair => {
    const pairOptions: PairOptions = {
      within: { fabric, guest },
      instance: `0c7e1f4e-2f52-4c57-8a1e-0d7b4f1c2a0${pairs.length}`,
      client: (vsc, channel) => vsc.VmbChannelSetIncomingProcessingAtPassive(channel, isPassive),
      onClientPacket: (_channel, packet) => {
        log.push(`${name} at ${vmbus.KeGetCurrentIrql()}`);
        work();
        pair.vsc.VmbChannelPacketComplete(packet, null, 0);
      },
    };
    const pair: Pair = makePair(pairOptions);
    pairs.push(pair);
    enablePair(pair);
    return pair;
  };
  const pairs: Pair[] = [];
  const first = clientOf("first", true, () => post(third.vsp, third.server));
  const second = clientOf("second", true, () => {});
  const third = clientOf("third", false, () => {});
  await fabric.settle();
  for (const { vsp, server } of [first, second]) post(vsp, server);
  await fabric.settle();
  return log;
}

Deno.test("Fabric: runs DISPATCH_LEVEL work of a processor before PASSIVE_LEVEL work that came first", async () => {
  assertEquals(await orderOf(1, {}), ["first at 0", "third at 2", "second at 0"]);
});

Deno.test("Fabric: lets another processor go on at PASSIVE_LEVEL meanwhile", async () => {
  // The second's channel is on another processor than the third's.
  assertEquals(await orderOf(2, {}), ["first at 0", "second at 0", "third at 2"]);
});

Deno.test("Fabric: keeps to the levels of a processor under every schedule", async () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < 24; seed++) {
    // With scheduling points the host's signal may come after the second has run.
    const log = await orderOf(1, { seed, schedule: { name: "random", points: false } });
    assertEquals(log.length, 3);
    assertEquals(log.indexOf("third at 2"), log.indexOf("first at 0") + 1);
    seen.add(log.join());
  }
  assertEquals(seen.size, 2, "both orders of the two at PASSIVE_LEVEL came");
});

Deno.test("Fabric: has more orders to choose from where there are more processors", async () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < 24; seed++) {
    seen.add((await orderOf(2, { seed, schedule: "random" })).join());
  }
  assert(seen.has("first at 0,second at 0,third at 2"));
  assert(seen.has("first at 0,third at 2,second at 0"));
  assert(seen.has("second at 0,first at 0,third at 2"));
});
