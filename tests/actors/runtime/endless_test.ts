// api.md sections 1 and 3: what never ends by itself ends, and says who kept it going.
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { openPair, type Pair } from "../../support/connected_pair.ts";
import { post } from "../../support/driving.ts";

/** More than are counted for who is busy. */
const ITEMS_MAX = 12_000;

/** A pair that plays ping-pong for ever, beside one with nothing to do. */
async function pingPong(
  options: vmbus.FabricOptions = {},
  packets: number[] = [],
): Promise<Pair> {
  const pair: Pair = await openPair({
    fabric: { itemsPerInstantMax: ITEMS_MAX, ...options },
    onServerPacket: (_channel, packet) => {
      packets.push(packets.length);
      pair.vsp.VmbChannelPacketComplete(packet, null, 0);
      post(pair.vsp, pair.server);
    },
    onClientPacket: (_channel, packet) => {
      pair.vsc.VmbChannelPacketComplete(packet, null, 0);
      post(pair.vsc, pair.client);
    },
  });
  await openPair({ within: pair, instance: "0c7e1f4e-2f52-4c57-8a1e-0d7b4f1c2a34" });
  post(pair.vsc, pair.client);
  return pair;
}

const BUSIEST =
  "12000 work items ran while no time passed, and more are due; the busiest at the end were " +
  "channel 1 (server) with 50 % of the items, channel 2 (client) with 50 % of the items";

const DRIVES: Readonly<Record<string, (fabric: vmbus.Fabric) => Promise<unknown>>> = {
  settle: (fabric) => fabric.settle(),
  advance: (fabric) => fabric.advance(1),
  run: (fabric) => fabric.run(),
  runUntil: (fabric) => fabric.runUntil(() => false),
  delay: (fabric) => fabric.delay(1),
};

for (const [call, drive] of Object.entries(DRIVES)) {
  Deno.test(`Fabric.${call}: ends with who is busiest where no time would ever pass`, async () => {
    const { fabric } = await pingPong();
    const error = await assertRejects(() => drive(fabric), Error);
    assertEquals(error.message, `Cannot go on with ${call}: ${BUSIEST}`);
  });
}

Deno.test("Fabric.settle: may be called again after it was ended, and continues", async () => {
  const packets: number[] = [];
  const { fabric } = await pingPong({ itemsPerInstantMax: 500 }, packets);
  for (let again = 0; again < 3; again++) {
    const before = packets.length;
    await assertRejects(() => fabric.settle(), Error, "the busiest at the end");
    assertEquals(packets.length >= before + 50, true, "each call has a bound of its own");
  }
});

Deno.test("Fabric.run: with a signal is ended by that alone, however much runs", async () => {
  const packets: number[] = [];
  const { fabric } = await pingPong({ itemsPerInstantMax: 500 }, packets);
  const stop = new AbortController();
  const ran = fabric.run(stop.signal);
  while (packets.length < 1000) await new Promise((resolve) => setTimeout(resolve, 0));
  stop.abort();
  await ran;
});

Deno.test("Fabric.settle: has its bound anew with each call, and each moment of time", async () => {
  const pair = await openPair({ fabric: { itemsPerInstantMax: 40 } });
  const { fabric, vsc, client } = pair;
  for (let i = 0; i < 50; i++) {
    post(vsc, client);
    await fabric.settle();
  }
  const again = async (): Promise<void> => {
    for (let i = 0; i < 50; i++) {
      post(vsc, client);
      await fabric.delay(1);
    }
  };
  const repeated = again();
  await fabric.advance(60);
  await repeated;
});

Deno.test("Fabric.settle: counts timers that are due at once, too", async () => {
  const fabric = vmbus.createFabric({ itemsPerInstantMax: 100 });
  await fabric.settle();
  let isOver = false;
  const again = async () => {
    while (!isOver) await fabric.delay(0);
  };
  const repeated = again();
  const error = await assertRejects(() => fabric.settle(), Error);
  assertEquals(
    error.message,
    "Cannot go on with settle: 100 work items ran while no time passed, and more are due; " +
      "the busiest at the end were timers with 100 % of the items",
  );
  isOver = true;
  await repeated;
});

Deno.test("createFabric: refuses a bound that is no number of items", () => {
  for (const itemsPerInstantMax of [0, -1, 1.5, NaN, Infinity, "9", null]) {
    assertThrows(
      () => vmbus.createFabric({ itemsPerInstantMax: itemsPerInstantMax as number }),
      RangeError,
      "Cannot create a fabric: itemsPerInstantMax must be a whole number from 1, not ",
    );
  }
});
