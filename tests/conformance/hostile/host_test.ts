/** Each fault that a host can be caught at by its guest: who sees it, and what stops (wire.md 1.9, 5.6). */
import { createFabric } from "../../support/fabric.ts";
import { assert, assertEquals } from "@std/assert";
import { encodeControlMessage } from "../../../core/control/codec.ts";
import type { ControlMessage } from "../../../core/control/messages.ts";
import * as vmbus from "../../../mod.ts";
import {
  Chance,
  type Codec,
  CORRUPTIONS,
  foreseenRings,
  rangedPacket,
  type RawPacket,
  type RawRings,
} from "../../../simulator/peers/mod.ts";
import {
  enablePair,
  makePair,
  openPair,
  type Pair,
  PAIR_TYPE,
  type PairOptions,
} from "../../support/connected_pair.ts";
import { request, watch } from "../../support/driving.ts";

const CODECS: readonly Codec[] = ["vmbus", "msgpack"];

/** A pair, and its rings from outside. */
interface Stage {
  readonly pair: Pair;
  readonly rings: RawRings;
}

async function open(options: PairOptions = {}): Promise<Stage> {
  const fabric = createFabric({ codec: "vmbus", ...options.fabric });
  const guest = fabric.createPartition({ name: "guest", memoryPages: 64 });
  const rings = foreseenRings(guest.memory, 4, 4);
  const pair = await openPair({ within: { fabric, guest }, ...options });
  pair.calls.length = 0;
  return { pair, rings };
}

function tell({ guest }: Pair, message: ControlMessage): void {
  guest.postControlMessage("toGuest", encodeControlMessage(message));
}

/** The client looks at its rings, as after a signal. */
async function look({ fabric, vsc, client, calls }: Pair): Promise<void> {
  await vsc.VmbChannelPause(client);
  vsc.VmbChannelStart(client);
  await fabric.settle();
  assertEquals(calls.splice(0, 2), ["client Suspend", "client Started"]);
}

function clientState({ client }: Pair): vmbus.ChannelState {
  return vmbus.inspectChannel(client);
}

function send({ vsc, client }: Pair): vmbus.NtStatus {
  const packet = vsc.VmbPacketAllocate(client);
  const status = vsc.VmbPacketSend(packet, new Uint8Array(8), 8, null, 0);
  if (status !== vmbus.STATUS_SUCCESS) vsc.VmbPacketFree(packet);
  return status;
}

/** The fault is named, Suspend came once, nothing is sent, and the channel can be left and opened anew. */
async function assertStopped({ pair }: Stage, fault: string): Promise<void> {
  const { fabric, vsc, client, calls } = pair;
  assertEquals([clientState(pair).fault, clientState(pair).lifecycle], [fault, "opened"]);
  assertEquals(calls.filter((call) => call.startsWith("client")).at(-1), "client Suspend");
  assertEquals(calls.filter((call) => call === "client Suspend").length, 1);
  assertEquals(send(pair), vmbus.STATUS_DEVICE_REMOVED);
  assertEquals((await request(pair)).status, vmbus.STATUS_DEVICE_REMOVED);
  calls.length = 0;
  await vsc.VmbChannelDisable(client);
  assertEquals(calls.filter((call) => call.startsWith("client")), ["client Closed"]);
  assertEquals([clientState(pair).fault, clientState(pair).lifecycle], [null, "disabled"]);
  assertEquals(vsc.VmbChannelEnable(client), vmbus.STATUS_SUCCESS);
  await fabric.settle();
  assertEquals([clientState(pair).fault, clientState(pair).lifecycle], [null, "opened"]);
  assertEquals((await request(pair)).status, vmbus.STATUS_SUCCESS);
  await end(pair);
}

async function end({ fabric, vsp, vsc, server, client }: Pair): Promise<void> {
  await vsp.VmbChannelDisable(server);
  await vsc.VmbChannelDisable(client);
  vsp.VmbChannelCleanup(server);
  vsc.VmbChannelCleanup(client);
  assertEquals(fabric.violations, []);
  assertEquals(fabric.leaks(), []);
}

const chance = Chance.fromSeed(19);
/** What a client notices. Pipes, on which no request shows that all is well again, are in stops_test.ts. */
const noticed = CORRUPTIONS.filter(({ noticedBy, ring, isPipe }) =>
  noticedBy === "reader" && ring !== "upstream" && isPipe !== true
);

for (const corruption of noticed) {
  const { name, what, fault } = corruption;
  for (const codec of corruption.codec === null ? CODECS : [corruption.codec]) {
    // wire.md 1.9
    Deno.test(`ChannelFault: ${fault} for ${what}, by the host, stops the client (${codec})`, async () => {
      const stage = await open({ fabric: { codec } });
      corruption.apply(stage.rings, "downstream", chance.fork(name));
      await look(stage.pair);
      await assertStopped(stage, `${fault}`);
    });
  }
}

/** Packets that are lies of a host alone, or of one that knows the client's transactions. */
const LIES: readonly [vmbus.ChannelFault, RawPacket][] = [
  // Only a guest describes its memory to the other side (wire.md 2.3).
  ["unexpectedPacketType", rangedPacket(1, 8, 0, 1, 0)],
  ["unknownTransaction", { type: 11, transactionId: 77n }],
];

for (const [fault, packet] of LIES) {
  // wire.md 2.3, 2.5
  Deno.test(`ChannelFault: ${fault} in what the host writes stops the client`, async () => {
    const stage = await open();
    stage.rings.put("downstream", packet);
    await look(stage.pair);
    await assertStopped(stage, fault);
  });
}

// wire.md 1.8, 1.9
Deno.test("ChannelFault: interruptsExternallyMasked where the host masks the client's ring", async () => {
  const stage = await open();
  stage.rings.store("downstream", "interruptMask", 1);
  await look(stage.pair);
  await assertStopped(stage, "interruptsExternallyMasked");
});

// wire.md 1.9: the writer's side.
Deno.test("ChannelFault: invalidReadIndex where the host spoils what the client sends by", async () => {
  const stage = await open();
  stage.rings.store("upstream", "readIndex", 2);
  assertEquals(send(stage.pair), vmbus.STATUS_DEVICE_REMOVED);
  await stage.pair.fabric.settle();
  await assertStopped(stage, "invalidReadIndex");
});

const GOOD_OFFER = {
  message: "offerChannel",
  interfaceId: "00000000-0000-0000-0000-0000000000aa",
  instanceId: "00000000-0000-0000-0000-0000000000bb",
  flags: 0,
  mmioMegabytes: 0,
  userData: new Uint8Array(120),
  subchannelIndex: 0,
  mmioMegabytesOptional: 0,
  channelId: 1,
  monitorId: 0xff,
  monitorAllocated: false,
  isDedicated: true,
  connectionId: 0x2001,
} as const;

const FATAL: readonly [ControlMessage, vmbus.ChannelFault][] = [
  [GOOD_OFFER, "unexpectedMessage"], // wire.md 5.6: an id that was not released
  [{ message: "openResult", channelId: 1, openId: 1, status: 0 }, "unexpectedMessage"],
  [{ message: "openResult", channelId: 1, openId: 99, status: 0xc000_0001 }, "unexpectedMessage"],
  [{ message: "gpadlCreated", channelId: 1, gpadlId: 0xe1e11, status: 0 }, "badGpadl"],
  [{ message: "gpadlTorndown", gpadlId: 0xe1e11 }, "badGpadl"], // its rings, while they are in use
];

for (const [lie, fault] of FATAL) {
  // wire.md 3.4, 5.6
  Deno.test(`ChannelFault: ${fault} for ${JSON.stringify(lie).slice(0, 70)} stops the client`, async () => {
    const stage = await open();
    tell(stage.pair, lie);
    await stage.pair.fabric.settle();
    const [, guest] = stage.pair.fabric.inspect().partitions;
    assertEquals(guest?.faults, [{ direction: "toGuest", message: lie.message, fault }]);
    await assertStopped(stage, fault);
  });
}

// wire.md 4.5, 5.6: what names nothing that the guest knows is refused, and nobody is harmed.
Deno.test("BusFault: messages that concern no channel are refused and change nothing", async () => {
  const { pair } = await open();
  const before = clientState(pair);
  const lies: [ControlMessage, vmbus.ChannelFault][] = [
    [{ message: "rescindChannelOffer", channelId: 2 }, "unexpectedMessage"],
    [{ message: "openResult", channelId: 2, openId: 1, status: 0 }, "unexpectedMessage"],
    [{ message: "gpadlCreated", channelId: 2, gpadlId: 1, status: 0 }, "badGpadl"],
    [{ message: "gpadlTorndown", gpadlId: 1 }, "badGpadl"],
    [{ message: "requestOffers" }, "unexpectedMessage"],
    [{ message: "closeChannel", channelId: 1 }, "unexpectedMessage"],
    [{ message: "relIdReleased", channelId: 1 }, "unexpectedMessage"],
    [{ ...GOOD_OFFER, channelId: 0 }, "unexpectedMessage"],
    [{ ...GOOD_OFFER, channelId: 2048 }, "unexpectedMessage"],
    [{ ...GOOD_OFFER, channelId: 0xffff_ffff }, "unexpectedMessage"],
  ];
  for (const [lie] of lies) tell(pair, lie);
  await pair.fabric.settle();
  const [, guest] = pair.fabric.inspect().partitions;
  const expected = lies.map(([{ message }, fault]) => ({ direction: "toGuest", message, fault }));
  assertEquals(guest?.faults, expected as vmbus.BusFault[]);
  assertEquals(clientState(pair), before);
  await end(pair);
});

// wire.md 4.5: an offer is taken back once.
Deno.test("BusFault: unexpectedMessage for an offer that is rescinded twice", async () => {
  const { pair } = await open();
  for (let times = 0; times < 2; times++) {
    tell(pair, { message: "rescindChannelOffer", channelId: 1 });
  }
  await pair.fabric.settle();
  const lie = { direction: "toGuest", message: "rescindChannelOffer", fault: "unexpectedMessage" };
  assertEquals(pair.fabric.inspect().partitions[1]?.faults, [lie as vmbus.BusFault]);
  const clientCalls = pair.calls.filter((call) => call.startsWith("client"));
  assertEquals(clientCalls, ["client Suspend", "client Closed"]);
  assertEquals(clientState(pair).lifecycle, "disabled");
  await end(pair);
});

// kmcl.md S10.1: a fault frees who waits, also inside PostStarted.
Deno.test("ChannelFault: callers that wait for the host are freed at once", async () => {
  const statuses: (string | undefined)[] = [];
  const stage: Stage = await open({
    onServerPacket: "hold",
    clientCallbacks: {
      EvtChannelPostStarted: async () => {
        const { status } = await request(stage.pair);
        statuses.push(vmbus.ntStatusName(status));
      },
    },
    client: (vsc, channel) => void vsc.VmbChannelPause(channel),
  });
  const { pair } = stage;
  pair.vsc.VmbChannelStart(pair.client);
  await pair.fabric.settle();
  const waiting = watch(
    request(pair).then(({ status }) => {
      statuses.push(vmbus.ntStatusName(status));
    }),
  );
  await pair.fabric.settle();
  assertEquals([clientState(pair).blockedCallers, waiting.state], [2, "pending"]);
  tell(pair, { message: "gpadlTorndown", gpadlId: 0xe1e11 });
  await pair.fabric.settle();
  assertEquals(statuses, ["STATUS_DEVICE_REMOVED", "STATUS_DEVICE_REMOVED"]);
  assertEquals(waiting.state, "resolved");
  assertEquals(pair.calls.at(-1), "client Suspend");
  assertEquals(clientState(pair).fault, "badGpadl");
  pair.atServer.complete();
  await end(pair);
});

// wire.md 1.9: indices are looked at when the rings are attached.
Deno.test("BusFault: badRings where the host spoils an index before it confirms the open", async () => {
  for (const [ring, field] of [["upstream", "writeIndex"], ["downstream", "readIndex"]] as const) {
    const fabric = createFabric({ codec: "vmbus" });
    const guest = fabric.createPartition({ name: "guest", memoryPages: 64 });
    const rings = foreseenRings(guest.memory, 4, 4);
    const pair = makePair({
      within: { fabric, guest },
      serverCallbacks: {
        EvtChannelOpened: () => {
          rings.store(ring, field, 4);
          return vmbus.STATUS_SUCCESS;
        },
      },
    });
    enablePair(pair);
    await fabric.settle();
    const faults = fabric.inspect().partitions[1]?.faults;
    assertEquals(faults, [{ direction: "toGuest", message: "openResult", fault: "badRings" }]);
    assertEquals(clientState(pair).lifecycle, "disabled");
    const clientCalls = pair.calls.filter((call) => call.startsWith("client"));
    assertEquals(clientCalls, ["client PnpFailure STATUS_DEVICE_REMOVED"]);
    await end(pair);
  }
});

// wire.md 4.4: there are 2047 ids; a host cannot make its guest remember more.
Deno.test("BusFault: more offers than there are channels are refused", async () => {
  const { pair } = await open();
  for (let channelId = 2; channelId <= 4000; channelId++) tell(pair, { ...GOOD_OFFER, channelId });
  await pair.fabric.settle();
  assertEquals(pair.fabric.inspect().partitions[1]?.faultCount, 4000 - 2047);
  assertEquals((await request(pair)).status, vmbus.STATUS_SUCCESS);
  await end(pair);
});

// kmcl.md section 5, VmbServerChannelInitSetMmioMegabytes
Deno.test("EvtChannelPnpFailure: an offer that asks for more MMIO than there is fails alone", async () => {
  const fabric = createFabric();
  const pair = makePair({ within: { fabric, guest: fabric.createPartition({ name: "guest" }) } });
  assertEquals(pair.vsc.VmbChannelEnable(pair.client), vmbus.STATUS_SUCCESS);
  await fabric.settle();
  tell(pair, {
    ...GOOD_OFFER,
    interfaceId: PAIR_TYPE,
    mmioMegabytes: 0xffff,
    mmioMegabytesOptional: 0xffff,
  });
  await fabric.settle();
  assertEquals(pair.calls, ["client PnpFailure STATUS_INSUFFICIENT_RESOURCES"]);
  assertEquals(clientState(pair).lifecycle, "disabled");
  await end(pair);
});

// kmcl.md S10, S14: an offer that only the attacker made is taken, and comes to nothing.
Deno.test("EvtChannelPnpFailure: an offer that the host does not know fails with its refusal", async () => {
  const fabric = createFabric();
  const guest = fabric.createPartition({ name: "guest", memoryPages: 64 });
  const pair = makePair({ within: { fabric, guest } });
  await fabric.settle();
  tell(pair, { ...GOOD_OFFER, interfaceId: PAIR_TYPE, channelId: 55 });
  assertEquals(pair.vsc.VmbChannelEnable(pair.client), vmbus.STATUS_SUCCESS);
  await fabric.settle();
  assertEquals(pair.calls, ["client PnpFailure STATUS_UNSUCCESSFUL"]);
  assertEquals(clientState(pair).lifecycle, "disabled");
  const free = guest.memory.allocate(64 * 4096); // its rings are free again
  guest.memory.free(free);
  assert(fabric.inspect().partitions[1]?.pinnedPages === 0);
  await end(pair);
});
