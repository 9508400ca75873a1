import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  Chance,
  type ControlMessage,
  controlMessageBytes,
  HonestGuest,
  offerMessage,
} from "../../../simulator/peers/mod.ts";
import { makeServer, PAIR_INSTANCE, PAIR_TYPE, serverTable } from "../../support/connected_pair.ts";
import { createFabric } from "../../support/fabric.ts";

/** A guest, and a host in whose place the test speaks. */
function makeStage() {
  const fabric = createFabric();
  const partition = fabric.createPartition({ name: "honest", memoryPages: 128 });
  const guest = new HonestGuest(partition, Chance.fromSeed(1));
  const say = async (...messages: readonly ControlMessage[]) => {
    for (const message of messages) {
      partition.postControlMessage("toGuest", controlMessageBytes(message));
    }
    await fabric.settle();
    return guest.complaints.splice(0);
  };
  return { fabric, partition, guest, say };
}

const OFFER = offerMessage(PAIR_TYPE, PAIR_INSTANCE);

// wire.md 3.4, 4.5, 5.2: properties/bus_crossing_test.ts has it live with servers that come and go.
Deno.test("HonestGuest: has nothing to complain of in a host that keeps to the protocol", async () => {
  const { fabric, partition, guest } = makeStage();
  const vsp = serverTable(fabric);
  const server = makeServer(vsp, fabric, partition, [], {});
  vmbus.expectSuccess(vsp.VmbChannelEnable(server));
  vsp.VmbChannelStart(server);
  for (let round = 0; round < 60; round++) {
    guest.speak();
    await fabric.settle();
  }
  await vsp.VmbChannelDisable(server);
  for (let last = 0; last < 8 && guest.channelCount > 0; last++) {
    guest.finish();
    await fabric.settle();
  }
  assertEquals([guest.complaints, guest.channelCount], [[], 0]);
  assertEquals(fabric.inspect().partitions[1]?.faults, []);
  const { opens, created, headers, releases } = guest.counts;
  assert(opens > 1 && created > 1 && created === headers, JSON.stringify(guest.counts));
  assertEquals(releases, 1);
});

/** What no host may say, and what the guest says of it. */
const LIES: readonly [ControlMessage, string][] = [
  [OFFER, "offerChannel: channel 1 was not released"],
  [
    { message: "rescindChannelOffer", channelId: 2 },
    "rescindChannelOffer: there is no channel 2",
  ],
  [
    { message: "gpadlCreated", channelId: 1, gpadlId: 3, status: 0 },
    "gpadlCreated: GPADL 3 awaits none",
  ],
  [{ message: "gpadlTorndown", gpadlId: 3 }, "gpadlTorndown: GPADL 3 is wanted back by 0 channels"],
  [
    { message: "openResult", channelId: 1, openId: 7, status: 0 },
    "openResult: channel 1 awaits none",
  ],
  [
    { message: "openResult", channelId: 4, openId: 7, status: 0 },
    "openResult: there is no channel 4",
  ],
  [{ message: "requestOffers" }, "requestOffers: only a guest says this"],
];

for (const [lie, complaint] of LIES) {
  Deno.test(`HonestGuest: complains: ${complaint}`, async () => {
    const { say } = makeStage();
    assertEquals(await say(OFFER), []);
    assertEquals(await say(lie), [complaint]);
  });
}

// wire.md 3.4: the true host has offered no channel, and refuses what the guest describes for it.
Deno.test("HonestGuest: complains of a GPADL that is refused", async () => {
  const { guest, say } = makeStage();
  await say(OFFER);
  while (guest.counts.headers === 0) guest.speak();
  guest.finish(); // its bodies
  const complaints = await say();
  assertEquals(complaints.length, 1);
  assertMatch(complaints[0]!, /^gpadlCreated: GPADL [1-4] is refused with status 2147549183$/);
});

Deno.test("HonestGuest: misuse is told", () => {
  const { partition } = makeStage();
  assertThrows(
    () => new HonestGuest(partition, Math as never),
    TypeError,
    "Cannot make an honest guest: chance must be a Chance, as Chance.fromSeed makes it, not an object",
  );
  assertThrows(
    () => new HonestGuest(7 as never, Chance.fromSeed(1)),
    TypeError,
    "Cannot take the guest's end of a bus: 7 is no partition",
  );
});
