import { assertEquals, assertThrows } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  type ControlMessage,
  controlMessageBytes,
  encodePacket,
  type HostAnswer,
  RawHost,
} from "../../../simulator/peers/mod.ts";
import { makePair, type Pair, PAIR_INSTANCE, PAIR_TYPE } from "../../support/connected_pair.ts";

/** A client that is enabled, and a host in the hands of the test. */
function makeStage(answer?: HostAnswer) {
  const pair = makePair({ fabric: { codec: "vmbus" }, ringPages: [1, 1] });
  const host = new RawHost(pair.guest, answer);
  vmbus.expectSuccess(pair.vsc.VmbChannelEnable(pair.client));
  return { ...pair, host };
}

function namesOf(messages: readonly ControlMessage[]): string[] {
  return messages.map(({ message }) => message);
}

function stateOf({ client }: Pair): vmbus.ChannelState {
  return vmbus.inspectChannel(client);
}

// wire.md 3.4, 4.5, 2.5
Deno.test("RawHost: serves a client by hand, from its offer to its release", async () => {
  const stage = makeStage();
  const { fabric, vsc, client, host } = stage;
  const { channelId } = host.offer(PAIR_TYPE, PAIR_INSTANCE, { channelId: 9 });
  await fabric.settle();
  assertEquals(stateOf(stage).lifecycle, "opened");
  const rings = host.ringsOf(channelId)!;
  const answered = vsc.VmbChannelSendSynchronousRequest(
    client,
    new Uint8Array(8).fill(3),
    8,
    null,
    1,
    new Uint8Array(8),
    8,
    null,
  );
  await fabric.settle();
  const [request] = rings.take("upstream", "vmbus").packets;
  assertEquals([request?.payload, request?.completionRequested], [new Uint8Array(8).fill(3), true]);
  const { transactionId } = request!;
  const payload = new Uint8Array(8).fill(4);
  rings.put("downstream", encodePacket("vmbus", { type: 11, transactionId, payload }));
  host.signal(channelId);
  assertEquals((await answered).status, vmbus.STATUS_SUCCESS);
  host.rescind(channelId);
  await fabric.settle();
  assertEquals([stateOf(stage).lifecycle, host.ringsOf(channelId)], ["disabled", null]);
  assertEquals(namesOf(host.heard), [
    "initiateContact",
    "requestOffers",
    "gpadlHeader",
    "openChannel",
    "closeChannel",
    "gpadlTeardown",
    "relIdReleased",
  ]);
  assertEquals(fabric.inspect().partitions[1]?.faults, []);
});

// kmcl.md G5: the answer comes inside the call, also where it takes several messages to ask.
Deno.test("RawHost: takes what a client shares, and keeps it as long as it likes", async () => {
  const { fabric, guest, vsc, client, host } = makeStage();
  host.offer(PAIR_TYPE, PAIR_INSTANCE);
  await fabric.settle();
  const buffer = guest.memory.allocate(64 * 4096);
  const made = vsc.VmbChannelCreateGpadlFromBuffer(client, 0, buffer, buffer.byteCount);
  const { gpadlHandle } = vmbus.expectSuccess(made);
  assertEquals(host.gpadlOf(gpadlHandle)?.[0]?.pfns, buffer.pfns);
  host.inUse.add(gpadlHandle);
  let isDeleted = false;
  void vsc.VmbChannelDeleteGpadl(client, gpadlHandle).then(() => isDeleted = true);
  await fabric.settle();
  assertEquals(isDeleted, false);
  host.torndown(gpadlHandle);
  await fabric.settle();
  assertEquals([isDeleted, host.gpadlOf(gpadlHandle)], [true, null]);
});

/** Answers of a host that refuses. */
const REFUSALS: readonly [string, HostAnswer][] = [
  ["openChannel", (message) =>
    message.message !== "openChannel" ? null : [{
      message: "openResult",
      channelId: message.channelId,
      openId: message.openId,
      status: vmbus.STATUS_ACCESS_DENIED,
    }]],
  ["gpadlHeader", (message) =>
    message.message !== "gpadlHeader" ? null : [{
      message: "gpadlCreated",
      channelId: message.channelId,
      gpadlId: message.gpadlId,
      status: vmbus.STATUS_ACCESS_DENIED,
    }]],
];

for (const [name, answer] of REFUSALS) {
  // kmcl.md S3: the client is told why.
  Deno.test(`RawHost: answers ${name} as it is told to`, async () => {
    const stage = makeStage(answer);
    stage.host.offer(PAIR_TYPE, PAIR_INSTANCE);
    await stage.fabric.settle();
    assertEquals(stateOf(stage).lifecycle, "disabled");
    assertEquals(stage.calls.length, 1);
    assertEquals(stage.calls[0]?.startsWith("client PnpFailure"), true, stage.calls[0]);
  });
}

Deno.test("RawHost: a host that answers nothing leaves its client to wait", async () => {
  const stage = makeStage((message) => message.message === "openChannel" ? [] : null);
  stage.host.offer(PAIR_TYPE, PAIR_INSTANCE);
  await stage.fabric.settle();
  assertEquals(stateOf(stage).lifecycle, "enabled");
  stage.host.rescind(); // no guest waits for longer
  await stage.fabric.settle();
  assertEquals(stateOf(stage).lifecycle, "disabled");
});

/** What a guest says that no host takes. */
const WRONG: readonly [string, ControlMessage[]][] = [
  ["rings in a GPADL that there is not", []],
  ["rings in a GPADL that lacks its bodies", [header({ byteLength: 400 })]],
  ["rings on a page that the guest does not have", [
    header({ words: words(5 * 4096, [1, 2, 3, 4, 512]), byteLength: 48 }),
  ]],
  ["a ring without data", [header({ words: words(3 * 4096, [1, 2, 3]), byteLength: 32 })]],
  ["part of a page", [header({ words: words(4 * 4096 - 8, [1, 2, 3, 4]), byteLength: 40 })]],
];

function words(byteCount: number, pfns: readonly number[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from([byteCount, ...pfns], BigInt).buffer);
}

function header(changes: { byteLength: number; words?: Uint8Array }): ControlMessage {
  const all = { rangeCount: 1, readOnly: false, words: new Uint8Array(16), ...changes };
  return { message: "gpadlHeader", channelId: 1, gpadlId: 5, ...all };
}

for (const [what, before] of WRONG) {
  // wire.md 1.1
  Deno.test(`RawHost: opens no channel over ${what}`, async () => {
    const { fabric, guest, host } = makeStage();
    const open = { openId: 7, ringGpadlId: 5, targetVp: 0, downstreamPageOffset: 2 };
    const userData = new Uint8Array(120);
    for (const message of before) say(guest, message);
    say(guest, { message: "openChannel", channelId: 1, ...open, userData });
    await fabric.settle();
    assertEquals([host.ringsOf(1), namesOf(host.heard).at(-2)], [null, "openChannel"]);
    assertEquals(fabric.inspect().partitions[1]?.faults.at(-1)?.message, "openResult"); // unasked
  });
}

/** Says something in the place of a guest that is out of order. */
function say(guest: vmbus.Partition, message: ControlMessage): void {
  guest.postControlMessage("toHost", controlMessageBytes(message));
}

// wire.md 3.1, 3.4
Deno.test("RawHost: refuses a GPADL that describes no memory", async () => {
  const { fabric, guest, host } = makeStage();
  say(guest, header({ byteLength: 16, words: words(0, [1]) }));
  say(guest, { message: "gpadlBody", messageNumber: 0, gpadlId: 77, words: new Uint8Array(8) });
  await fabric.settle();
  assertEquals(host.gpadlOf(5), null);
  assertEquals(fabric.inspect().partitions[1]?.faults.map(({ message }) => message), [
    "gpadlCreated",
  ]);
});

Deno.test("RawHost: misuse is told", () => {
  const { host, guest } = makeStage();
  const misuses: readonly [() => unknown, string][] = [
    [
      () => new RawHost(null as never),
      "Cannot take the host's end of a bus: null is no partition",
    ],
    [
      () => new RawHost(guest, {} as never),
      "Cannot make a raw host: answer must be a function, not an object",
    ],
    [
      () => host.offer("disk", PAIR_INSTANCE),
      "Cannot encode offerChannel: interfaceId must be a lower-case GUID without braces, not disk",
    ],
    [
      () => host.rescind(2 ** 32),
      "Cannot encode rescindChannelOffer: channelId must be a whole number from 0 to 4294967295, not 4294967296",
    ],
    [
      () => host.postBytes(7 as never),
      "Cannot post a control message: a value of type number is no ArrayBufferView",
    ],
  ];
  for (const [misuse, message] of misuses) {
    assertEquals(assertThrows(misuse, Error).message, message);
  }
});
