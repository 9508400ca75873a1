// How a connection begins and ends on the host, by the numbers of wire.md section 8.

import { assertEquals } from "@std/assert";
import type { ConnectionBackend } from "../../../actors/bus/host/backend.ts";
import { imageOfHostEnd, restoreHostEnd } from "../../../actors/bus/host/image.ts";
import * as vmbus from "../../../mod.ts";
import {
  contactMessage,
  type ControlMessage,
  gpadlMessages,
  offerMessage,
  openMessage,
  versionMessage,
  wholePages,
} from "../../../simulator/peers/mod.ts";
import {
  makePair,
  PAIR_INSTANCE,
  PAIR_TYPE,
  type PairOptions,
} from "../../support/connected_pair.ts";
import { MULTICLIENT, WireHost } from "../../support/wire_host.ts";

const REQUEST_OFFERS: ControlMessage = { message: "requestOffers" };
/** An interface that comes before that of the others. */
const EARLY_TYPE = "00000000-5ea2-4f9a-9d0c-3f2c7f3b8f10";
const UNLOAD: ControlMessage = { message: "unload" };
const UNLOADED: ControlMessage = { message: "unloadComplete" };
const WELCOME = versionMessage("5.3", { connectionId: MULTICLIENT });
/** Pages of the rings of channel 1; those of another one follow. */
const RING_PAGES = 4;

function instanceOf(number: number): string {
  return `00000000-0000-0000-0000-00000000000${number}`;
}

/** Servers beside that of the host, each enabled; the last says what its callbacks do. */
function addServer(
  { pair: { fabric, guest } }: WireHost,
  number: number,
  options: PairOptions = {},
) {
  const pair = makePair({ within: { fabric, guest }, instance: instanceOf(number), ...options });
  vmbus.expectSuccess(pair.vsp.VmbChannelEnable(pair.server));
  pair.vsp.VmbChannelStart(pair.server);
  return pair;
}

/** What the guest says to open a channel, over rings of its own. */
function opening(channelId: number): readonly ControlMessage[] {
  const first = channelId * RING_PAGES;
  const pfns = Array.from({ length: RING_PAGES }, (_, at) => first + at);
  return [
    ...gpadlMessages(channelId, channelId, [wholePages(pfns)]),
    openMessage(channelId, channelId, 2),
  ];
}

function namesOf(said: readonly ControlMessage[]): readonly string[] {
  return said.map((message) =>
    "channelId" in message ? `${message.message} ${message.channelId}` : message.message
  );
}

/** What the host asks of what lies behind a connection, in order. */
function watchBackend({ host: { connection } }: WireHost): string[] {
  const asked: string[] = [];
  const { backend } = connection;
  const watched: ConnectionBackend = {
    connect: (contact, end) => (asked.push("connect"), backend.connect(contact, end)),
    modify: (pages) => (asked.push("modify"), backend.modify(pages)),
    disconnect: (end) => (asked.push("disconnect"), backend.disconnect(end)),
  };
  connection.backend = watched;
  return asked;
}

// wire.md section 8, 25
Deno.test("OfferChannel: the first channel has id 1, connection 0x2001, signals of its own and no monitor id", async () => {
  const host = new WireHost({ partition: { processors: 5 } });
  host.enable();
  await host.contact("5.3");
  assertEquals(await host.say(REQUEST_OFFERS), [
    offerMessage(PAIR_TYPE, PAIR_INSTANCE, { connectionId: 0x2001 }),
    { message: "allOffersDelivered" },
  ]);
  assertEquals(await host.say(...opening(1)), [
    { message: "gpadlCreated", channelId: 1, gpadlId: 1, status: 0 },
    { message: "openResult", channelId: 1, openId: 7, status: 0 },
  ]);
  assertEquals(await host.say({ message: "modifyChannel", channelId: 1, targetVp: 4 }), [
    { message: "modifyChannelResponse", channelId: 1, status: 0 },
  ]);
  assertEquals(await host.end(), []);
  assertEquals(await host.say({ message: "relIdReleased", channelId: 1 }), [
    { message: "rescindChannelOffer", channelId: 1 },
  ]);
  assertEquals([host.host.known, host.refused], [[], []]);
  host.pair.fabric.dispose();
});

// wire.md section 8, 27
Deno.test("OfferChannel: devices that come before, while and after a guest connects are all offered, and open", async () => {
  const host = new WireHost();
  const connected: (() => void)[] = [];
  host.host.connection.backend = {
    ...host.host.connection.backend,
    connect: (_contact, end) => void connected.push(() => end(true)),
  };
  host.enable();
  assertEquals(await host.contact("5.3"), []);
  const servers = [addServer(host, 2)];
  connected[0]!();
  servers.push(addServer(host, 3));
  assertEquals(await host.say(), [WELCOME]);
  assertEquals(namesOf(await host.say(REQUEST_OFFERS)), [
    "offerChannel 1",
    "offerChannel 2",
    "offerChannel 3",
    "allOffersDelivered",
  ]);
  servers.push(addServer(host, 4));
  assertEquals(namesOf(await host.say()), ["offerChannel 4"]);
  for (const channelId of [1, 2, 3, 4]) {
    assertEquals(namesOf(await host.say(...opening(channelId))).at(-1), `openResult ${channelId}`);
  }
  const lives = () =>
    [host.pair, ...servers].map(({ server }) => vmbus.inspectChannel(server).lifecycle);
  assertEquals(lives(), ["opened", "opened", "opened", "opened"]);
  host.pair.guest.crash();
  await host.pair.fabric.settle();
  assertEquals(lives().filter((lifecycle) => lifecycle === "opened"), []);
  host.pair.fabric.dispose();
});

// wire.md section 8, 28
for (
  const [offerOrder, instances] of [["interface", [3, 2, 4]], ["absolute", [2, 4, 3]]] as const
) {
  Deno.test(`RequestOffers: channels are numbered by interface and order, or by order alone: ${offerOrder}`, async () => {
    const host = new WireHost({ fabric: { offerOrder } });
    const offers: readonly [number: number, interfaceType: string, order: number | null][] = [
      [4, PAIR_TYPE, 2],
      [3, EARLY_TYPE, null],
      [2, PAIR_TYPE, 1],
    ];
    for (const [number, interfaceType, order] of offers) {
      addServer(host, number, {
        server: (vsp, server) => {
          vsp.VmbServerChannelInitSetTargetInterfaceId(server, interfaceType, instanceOf(number));
          if (order !== null) vmbus.initSetOfferOrder(vsp, server, order);
        },
      });
    }
    await host.contact("5.3");
    const offered = (await host.say(REQUEST_OFFERS)).flatMap((message) =>
      message.message === "offerChannel" ? [[message.channelId, message.instanceId]] : []
    );
    assertEquals(offered, instances.map((number, at) => [at + 1, instanceOf(number)]));
    host.pair.fabric.dispose();
  });
}

/** A host with two channels that are open, whose servers take a while to close: one and two milliseconds. */
async function twoOpen(): Promise<WireHost> {
  const closes = (delayMs: number): PairOptions => ({
    serverCallbacks: { EvtChannelClosed: () => host.pair.fabric.delay(delayMs) },
  });
  const host: WireHost = new WireHost(closes(1));
  host.enable();
  addServer(host, 2, closes(2));
  await host.contact("5.3");
  await host.say(REQUEST_OFFERS);
  const said = namesOf(await host.say(...opening(1), ...opening(2)));
  assertEquals(said.filter((name) => name.startsWith("openResult")).length, 2);
  return host;
}

// wire.md section 8, 31
Deno.test("Unload: the host lets go of the connection once all channels have closed, and says so then", async () => {
  const host = await twoOpen();
  const asked = watchBackend(host);
  const { fabric } = host.pair;
  assertEquals(await host.say(UNLOAD), []);
  await fabric.advance(1);
  assertEquals([await host.say(), asked], [[], []]);
  await fabric.advance(1);
  assertEquals([await host.say(), asked], [[UNLOADED], ["disconnect"]]);
  assertEquals([host.host.known, host.host.gpadls.all, host.host.agreed], [[], [], "disconnected"]);
  assertEquals(await host.say(UNLOAD), []);
  assertEquals(host.refused, ["unload unexpectedMessage"]);
  fabric.dispose();
});

// wire.md section 8, 32
Deno.test("InitiateContact: on a connection it ends that first, without a word, and begins the new one then", async () => {
  const host = await twoOpen();
  const asked = watchBackend(host);
  const { fabric } = host.pair;
  assertEquals(await host.say(contactMessage("5.3")), []);
  await fabric.advance(2);
  assertEquals([await host.say(), asked], [[WELCOME], ["disconnect", "connect"]]);
  assertEquals(namesOf(await host.say(REQUEST_OFFERS)), [
    "offerChannel 1",
    "offerChannel 2",
    "allOffersDelivered",
  ]);
  assertEquals(host.refused, []);
  fabric.dispose();
});

// wire.md section 8, 33
Deno.test("OpenReservedChannel: answers go where they are asked for; it outlives the connection, and not the guest", async () => {
  const open: ControlMessage = {
    message: "openReservedChannel",
    channelId: 1,
    targetVp: 1,
    targetSint: 5,
    ringGpadlId: 1,
    downstreamPageOffset: 2,
  };
  const close: ControlMessage = {
    message: "closeReservedChannel",
    channelId: 1,
    targetVp: 2,
    targetSint: 6,
  };
  const host = await WireHost.offered("5.3", {}, { partition: { processors: 4 } });
  const [header] = opening(1);
  await host.say(header!);
  assertEquals(await host.placed(open), [[
    { message: "openResult", channelId: 1, openId: 0, status: 0 },
    { vp: 1, sint: 5, vtl: 0 },
  ]]);
  assertEquals(await host.say(UNLOAD), [UNLOADED]);
  assertEquals(vmbus.inspectChannel(host.pair.server).lifecycle, "opened");
  assertEquals(await host.placed(close), [[
    { message: "closeReservedResponse", channelId: 1 },
    { vp: 2, sint: 6, vtl: 0 },
  ]]);
  assertEquals(await host.say(contactMessage("5.3"), REQUEST_OFFERS).then(namesOf), [
    "versionResponse",
    "offerChannel 1",
    "allOffersDelivered",
  ]);
  await host.say(header!, open);
  assertEquals(await host.say({ message: "closeChannel", channelId: 1 }), []);
  assertEquals(host.refused, ["closeChannel unexpectedMessage"]);
  host.pair.guest.crash();
  await host.pair.fabric.settle();
  assertEquals(vmbus.inspectChannel(host.pair.server).lifecycle, "closed");
  host.pair.fabric.dispose();
});

// wire.md section 8, 40
Deno.test("GpadlHeader: one that was never completed goes with the connection, and its id is free on the next", async () => {
  const host = await WireHost.offered("5.3");
  const pfns = Array.from({ length: 40 }, (_, at) => at % 8);
  const [header, ...bodies] = gpadlMessages(1, 77, [wholePages(pfns)]);
  assertEquals(await host.say(header!), []);
  assertEquals(await host.say(UNLOAD), [UNLOADED]);
  assertEquals(host.host.gpadls.all, []);
  await host.say(contactMessage("5.3"), REQUEST_OFFERS);
  assertEquals(await host.say(header!, ...bodies), [
    { message: "gpadlCreated", channelId: 1, gpadlId: 77, status: 0 },
  ]);
  assertEquals(await host.end(), []);
});

/** A host that was paused while a channel was opening, and has had more to say since. */
async function paused(): Promise<WireHost> {
  const host: WireHost = new WireHost({
    serverCallbacks: {
      EvtChannelOpened: () => host.pair.fabric.delay(1).then(() => vmbus.STATUS_SUCCESS),
    },
  });
  host.enable();
  await host.contact("6.0", { features: 0x20 });
  await host.say(REQUEST_OFFERS);
  assertEquals(namesOf(await host.say(...opening(1))), ["gpadlCreated 1"]);
  assertEquals(await host.say({ message: "pause" }), [{ message: "pauseResponse" }]);
  await host.pair.fabric.advance(1);
  addServer(host, 2);
  assertEquals(await host.say(), []);
  return host;
}

const QUEUED = ["openResult 1", "offerChannel 2"];

// wire.md section 8, 49
Deno.test("restoreHostEnd: what a paused host has to say is saved, and said in order when the guest hears again", async () => {
  const host = await paused();
  const other = new WireHost();
  restoreHostEnd(other.host, imageOfHostEnd(host.host));
  assertEquals(await other.say(), []);
  assertEquals(namesOf(await other.say({ message: "resume" })), QUEUED);
  assertEquals([host.refused, other.refused], [[], []]);
  for (const { pair } of [host, other]) pair.fabric.dispose();
});

// wire.md section 8, 59 and 4.5: Unload and InitiateContact end the rest as well, and nobody hears what waited
Deno.test("Pause: a guest that rests says nothing but that it continues, leaves, or connects anew", async () => {
  const host = await paused();
  assertEquals(await host.say(REQUEST_OFFERS, { message: "pause" }), []);
  assertEquals(host.refused.splice(0), [
    "requestOffers unexpectedMessage",
    "pause unexpectedMessage",
  ]);
  assertEquals(namesOf(await host.say({ message: "resume" })), QUEUED);
  assertEquals(await host.say({ message: "pause" }), [{ message: "pauseResponse" }]);
  assertEquals(namesOf(await host.say(UNLOAD)), ["unloadComplete"]);
  assertEquals(host.refused, []);
  host.pair.fabric.dispose();
});
