/** Control messages that a guest must not send: which are refused, who sees it, and what stops. */
import { assert, assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  gpadlMessages,
  openMessage,
  RawGuest,
  u32Bytes,
  wholePages,
} from "../../../simulator/peers/mod.ts";
import type { ControlMessage } from "../../../core/control/messages.ts";
import { closePair, openPair } from "../../support/connected_pair.ts";
import { HostileStage } from "../../support/hostile_server.ts";

/** A refusal as it is remembered. */
type Refusal = Omit<vmbus.BusFault, "direction">;

/** What the host has refused lately. */
function refusals(stage: HostileStage): Refusal[] {
  const faults = stage.bus.faults.filter(({ direction }) => direction === "toHost");
  return faults.map(({ message, fault }) => ({ message, fault }));
}

/** A stage whose server is enabled and offered, and not open. */
async function offered(): Promise<HostileStage> {
  const stage = new HostileStage();
  assertEquals(stage.vsp.VmbChannelEnable(stage.server), vmbus.STATUS_SUCCESS);
  stage.vsp.VmbChannelStart(stage.server);
  await stage.fabric.settle();
  return stage;
}

const userData = new Uint8Array(120);
const NOBODY = "00000000-0000-0000-0000-000000000001";

// wire.md 4.1
Deno.test("BusFault: bytes that are no message are named and change nothing", async () => {
  const stage = await offered();
  const before = vmbus.inspectChannel(stage.server);
  const lies: [Uint8Array, string][] = [
    [new Uint8Array(0), "messageTooSmall"],
    [new Uint8Array(7), "messageTooSmall"],
    [u32Bytes(5, 0, 1), "messageTooSmall"],
    [u32Bytes(0, 0), "unknownMessageType"],
    [u32Bytes(14, 0, 0), "messageTooSmall"],
    [u32Bytes(30, 0, 0), "unknownMessageType"],
    [u32Bytes(0xffff_ffff, 0), "unknownMessageType"],
    [new Uint8Array(241), "messageTooLarge"],
  ];
  for (const [bytes] of lies) stage.guest.postBytes(bytes);
  await stage.fabric.settle();
  assertEquals(refusals(stage), lies.map(([, fault]) => ({ message: null, fault })) as Refusal[]);
  assertEquals(vmbus.inspectChannel(stage.server), before);
  assertEquals(stage.calls, []);
  await stage.end();
});

// wire.md 4.2, 4.5: what only the host may say, what names no channel, what comes twice.
Deno.test("BusFault: messages at the wrong time or place are unexpectedMessage", async () => {
  const stage = await offered();
  const before = vmbus.inspectChannel(stage.server);
  const offer: ControlMessage = {
    message: "offerChannel",
    interfaceId: NOBODY,
    instanceId: NOBODY,
    flags: 0,
    mmioMegabytes: 0,
    userData,
    subchannelIndex: 0,
    mmioMegabytesOptional: 0,
    channelId: 9,
    monitorId: 0xff,
    monitorAllocated: false,
    isDedicated: true,
    connectionId: 0,
  };
  const lies: ControlMessage[] = [
    offer,
    { message: "rescindChannelOffer", channelId: 1 },
    { message: "requestOffers" }, // the bus of a guest has asked once already
    { message: "allOffersDelivered" },
    { message: "openResult", channelId: 1, openId: 0, status: 0 },
    { message: "gpadlCreated", channelId: 1, gpadlId: 1, status: 0 },
    { message: "gpadlTorndown", gpadlId: 1 },
    openMessage(2, 1, 2),
    { message: "closeChannel", channelId: 2 },
    { message: "closeChannel", channelId: 1 }, // it is not open
    { message: "relIdReleased", channelId: 0 },
    { message: "gpadlTeardown", channelId: 2, gpadlId: 1 },
  ];
  for (const lie of lies) stage.guest.post(lie);
  await stage.fabric.settle();
  const expected = lies.map(({ message }) => ({ message, fault: "unexpectedMessage" }) as const);
  assertEquals(refusals(stage), expected);
  assertEquals(vmbus.inspectChannel(stage.server), before);
  await stage.end();
});

/** Messages that an open channel does not survive. */
const FATAL: readonly [ControlMessage, vmbus.ChannelFault][] = [
  [openMessage(1, 1, 3), "unexpectedMessage"],
  [{ message: "relIdReleased", channelId: 1 }, "unexpectedMessage"],
  [{ message: "gpadlTeardown", channelId: 1, gpadlId: 1 }, "badGpadl"],
  [{ message: "gpadlTeardown", channelId: 1, gpadlId: 5 }, "badGpadl"],
];

for (const [lie, fault] of FATAL) {
  // wire.md 5.2, 5.3: AlreadyOpen, InvalidState, InvalidGpadlState, unknown id
  Deno.test(`ChannelFault: ${fault} for ${JSON.stringify(lie).slice(0, 60)} while open`, async () => {
    const stage = await HostileStage.open();
    stage.guest.post(lie);
    await stage.fabric.settle();
    assertEquals(refusals(stage), [{ message: lie.message, fault }]);
    await stage.assertStopped(fault);
    await stage.assertRecovers();
  });
}

// wire.md 5.2: NotOpen
Deno.test("ChannelFault: unexpectedMessage for a close while Opened runs", async () => {
  const stage = await offered();
  stage.guest.open(stage.rings);
  stage.guest.post({ message: "closeChannel", channelId: 1 });
  await stage.fabric.settle();
  assertEquals(refusals(stage), [{ message: "closeChannel", fault: "unexpectedMessage" }]);
  assertEquals(stage.state.fault, "unexpectedMessage");
  assertEquals(stage.calls, ["server Opened"]);
  assertEquals(stage.send(), vmbus.STATUS_DEVICE_REMOVED);
  stage.calls.length = 0;
  await stage.assertRecovers();
});

// wire.md 3.3, 3.4
Deno.test("BusFault: a GPADL that is described wrongly is badGpadl, and its id is free again", async () => {
  const stage = await offered();
  const { pfns } = stage.rings;
  const [good] = gpadlMessages(1, 9, [wholePages(pfns)]);
  const header = { message: "gpadlHeader", channelId: 1, gpadlId: 9, readOnly: false } as const;
  const lies: ControlMessage[] = [
    { ...header, gpadlId: 0, byteLength: 16, rangeCount: 1, words: u32Bytes(8, 0, 1, 0) },
    { ...header, channelId: 3, byteLength: 16, rangeCount: 1, words: u32Bytes(8, 0, 1, 0) },
    { ...header, byteLength: 16, rangeCount: 2, words: u32Bytes(8, 0, 1, 0) },
    { ...header, byteLength: 16, rangeCount: 1, words: u32Bytes(0, 0, 1, 0) },
    { ...header, byteLength: 16, rangeCount: 1, words: u32Bytes(8, 4096, 1, 0) },
    { ...header, byteLength: 16, rangeCount: 1, words: u32Bytes(0xffff_ffff, 0, 1, 0) },
    { ...header, byteLength: 16, rangeCount: 1, words: u32Bytes(8192, 0, 1, 0) },
    { ...header, byteLength: 16, rangeCount: 1, words: u32Bytes(8, 0, 64, 0) },
    { message: "gpadlBody", messageNumber: 0, gpadlId: 9, words: u32Bytes(1, 0) },
  ];
  for (const lie of lies) {
    const { faultCount } = stage.bus;
    stage.guest.post(lie);
    await stage.fabric.settle();
    assertEquals(refusals(stage).at(-1), { message: lie.message, fault: "badGpadl" });
    assertEquals(stage.bus.faultCount, faultCount + 1);
  }
  assertEquals(stage.state.gpadls, []);
  assert(good !== undefined);
  stage.guest.post(good);
  stage.guest.post(good); // the same id twice
  await stage.fabric.settle();
  assertEquals(stage.state.gpadls.map(({ handle, state }) => [handle, state]), [[9, "accepted"]]);
  assertEquals(refusals(stage).at(-1), { message: "gpadlHeader", fault: "badGpadl" });
  assertEquals(stage.state.fault, null);
  await stage.end();
});

// wire.md 3.3: what is announced counts, so that no guest can make the host remember without end.
Deno.test("BusFault: badGpadl for more GPADLs than a guest may have", async () => {
  const inspected = async (byteLength: number, tries: number) => {
    const stage = await offered();
    const words = u32Bytes(8, 0, 1, 0);
    for (let gpadlId = 1; gpadlId <= tries; gpadlId++) {
      const header = { message: "gpadlHeader", channelId: 1, gpadlId, readOnly: false } as const;
      stage.guest.post({ ...header, byteLength, rangeCount: 1, words });
    }
    await stage.fabric.settle();
    const count = stage.state.gpadls.length;
    assertEquals(new Set(refusals(stage).map(({ fault }) => fault)), new Set(["badGpadl"]));
    await stage.end();
    return count;
  };
  assertEquals(await inspected(16, 16_500), 16_384); // complete, two words each
  assertEquals(await inspected(0xffff, 200), 128); // incomplete, 8191 words each: a million in all
});

// wire.md 3.4: what was torn down counts no more.
Deno.test("VmbChannelMapGpadl: a guest may describe and take back as much as it likes", async () => {
  const stage = await HostileStage.open();
  const { guest, vsp, server } = stage;
  const pfns = Array.from({ length: 8000 }, (_, at) => at % 64);
  for (let round = 0; round < 150; round++) {
    guest.describe(1, 2, [wholePages(pfns)]);
    guest.post({ message: "gpadlTeardown", channelId: 1, gpadlId: 2 });
    const header = { message: "gpadlHeader", channelId: 1, gpadlId: 3, readOnly: false } as const;
    // Refused when it is complete: its page lies outside the guest's memory.
    guest.post({ ...header, byteLength: 16, rangeCount: 1, words: u32Bytes(8, 0, 64, 0) });
  }
  guest.describe(1, 2, [wholePages(pfns)]);
  await stage.fabric.settle();
  const { mdl } = vmbus.expectSuccess(vsp.VmbChannelMapGpadl(server, 0, 2));
  assertEquals(mdl.byteCount, 8000 * 4096);
  vsp.VmbChannelUnmapGpadl(server, 2);
  assertEquals(stage.state.fault, null);
  await stage.end();
});

/** Open requests whose rings cannot be used (wire.md 1.1). */
const BAD_RINGS: readonly [string, (stage: HostileStage) => void][] = [
  ["an unknown GPADL", ({ guest }) => guest.post(openMessage(1, 3, 3))],
  ["no page for the upstream ring's data", ({ guest, rings }) => {
    guest.describe(1, 1, [wholePages(rings.pfns)]);
    guest.post(openMessage(1, 1, 1));
  }],
  ["no page for the downstream ring's data", ({ guest, rings }) => {
    guest.describe(1, 1, [wholePages(rings.pfns)]);
    guest.post(openMessage(1, 1, 5));
  }],
  ["an offset far outside", ({ guest, rings }) => {
    guest.describe(1, 1, [wholePages(rings.pfns)]);
    guest.post(openMessage(1, 1, 0xffff_ffff));
  }],
  ["two ranges", ({ guest, rings }) => {
    const { pfns } = rings;
    guest.describe(1, 1, [wholePages(pfns.slice(0, 3)), wholePages(pfns.slice(3))]);
    guest.post(openMessage(1, 1, 3));
  }],
  ["part of a page", ({ guest, rings }) => {
    guest.describe(1, 1, [{ ...wholePages(rings.pfns), byteCount: 6 * 4096 - 8 }]);
    guest.post(openMessage(1, 1, 3));
  }],
  ["an offset in the first page", ({ guest, rings }) => {
    const { pfns } = rings;
    guest.describe(1, 1, [{ byteOffset: 8, byteCount: 5 * 4096, pfns }]);
    guest.post(openMessage(1, 1, 3));
  }],
  ["a page that is listed twice", ({ guest, rings }) => {
    const [a = 0, b = 0, c = 0] = rings.pfns;
    guest.describe(1, 1, [wholePages([a, b, c, a, b])]);
    guest.post(openMessage(1, 1, 2));
  }],
  ["no pages at all", ({ guest }) => {
    const header = { message: "gpadlHeader", channelId: 1, gpadlId: 1, readOnly: false } as const;
    guest.post({ ...header, byteLength: 0, rangeCount: 0, words: new Uint8Array(0) });
    guest.post(openMessage(1, 1, 2));
  }],
  ["a processor that is not there", ({ guest, rings }) => {
    guest.describe(1, 1, [wholePages(rings.pfns)]);
    guest.post({ ...openMessage(1, 1, 3), targetVp: 1 } as ControlMessage);
  }],
  ["a spoiled read index", ({ guest, rings }) => {
    rings.store("upstream", "readIndex", 4);
    guest.open(rings);
  }],
  ["a spoiled write index", ({ guest, rings }) => {
    rings.store("downstream", "writeIndex", 8192);
    guest.open(rings);
  }],
];

for (const [what, ask] of BAD_RINGS) {
  // wire.md 1.1, 1.9, 4.5
  Deno.test(`ChannelFault: badRings for ${what}; the channel can still be opened`, async () => {
    const stage = await offered();
    ask(stage);
    await stage.fabric.settle();
    assertEquals(refusals(stage), [{ message: "openChannel", fault: "badRings" }]);
    assertEquals([stage.state.lifecycle, stage.state.fault], ["enabled", null]);
    assertEquals(stage.calls, []);
    stage.rings.reset();
    stage.guest.post({ message: "gpadlTeardown", channelId: 1, gpadlId: 1 });
    stage.guest.open(stage.rings);
    await stage.fabric.settle();
    stage.assertRuns();
    await stage.end();
  });
}

// wire.md 5.2, ClosingReopen: one open request may wait for the end of a close, a second is a lie.
Deno.test("ChannelFault: unexpectedMessage for two open requests while the channel closes", async () => {
  const stage = await HostileStage.open();
  stage.guest.describe(1, 2, [wholePages(stage.guest.makeRings(1, 1).pfns)]);
  stage.guest.post({ message: "closeChannel", channelId: 1 });
  stage.guest.post(openMessage(1, 2, 2));
  stage.guest.post(openMessage(1, 2, 2));
  await stage.fabric.settle();
  assertEquals(refusals(stage), [{ message: "openChannel", fault: "unexpectedMessage" }]);
  // The close wipes the fault out; the request that waited is served.
  assertEquals(stage.calls.splice(0, 2), ["server Suspend", "server Closed"]);
  stage.assertRuns();
  await stage.end();
});

// kmcl.md S10: a request that waits for the end of a close is checked then, and its lie is named.
Deno.test("ChannelFault: badRings for an open request that waited for the end of a close", async () => {
  const stage = await HostileStage.open();
  stage.guest.post({ message: "closeChannel", channelId: 1 });
  stage.guest.post(openMessage(1, 4, 2));
  await stage.fabric.settle();
  assertEquals(refusals(stage), [{ message: "openChannel", fault: "badRings" }]);
  assertEquals(stage.calls, ["server Suspend", "server Closed"]);
  assertEquals([stage.state.lifecycle, stage.state.fault], ["closed", null]);
  await stage.end();
});

// kmcl.md S11, G4: a mapping lasts until the driver ends it, whatever the guest wants back.
Deno.test("VmbChannelMapGpadl: a guest that wants its GPADL back must wait for the unmap", async () => {
  const stage = await HostileStage.open();
  const { guest, vsp, server } = stage;
  const { gpa, pfns } = guest.partition.memory.allocate(4096);
  guest.describe(1, 6, [wholePages(pfns)]);
  await stage.fabric.settle();
  const { mdl } = vmbus.expectSuccess(vsp.VmbChannelMapGpadl(server, 0, 6));
  guest.post({ message: "gpadlTeardown", channelId: 1, gpadlId: 6 });
  await stage.fabric.settle();
  assertEquals(stage.state.gpadls.map(({ state, isMapped }) => [state, isMapped]), [
    ["tearingDown", true],
  ]);
  for (const view of vmbus.mdlSegments(mdl)) view.fill(7);
  assertEquals(guest.partition.memory.read(gpa, 1), Uint8Array.of(7));
  guest.post({ message: "gpadlTeardown", channelId: 1, gpadlId: 6 }); // again: a lie
  await stage.fabric.settle();
  assertEquals(stage.state.fault, "badGpadl");
  vsp.VmbChannelUnmapGpadl(server, 6);
  await stage.fabric.settle();
  assertEquals(stage.state.gpadls, []);
  await stage.end();
});

// kmcl.md S13: one guest's lies are no other guest's trouble.
Deno.test("BusFault: a flood of refused messages is counted, and only the latest are kept", async () => {
  const pair = await openPair({ fabric: { codec: "vmbus" } });
  const hostile = new RawGuest(pair.fabric.createPartition({ name: "hostile", memoryPages: 64 }));
  for (let left = 5000; left > 0; left--) {
    hostile.postBytes(u32Bytes(29 + left, 0));
  }
  const answer = await pair.vsc.VmbChannelSendSynchronousRequest(
    pair.client,
    null,
    0,
    null,
    1,
    null,
    0,
    null,
  );
  assertEquals(answer.status, vmbus.STATUS_SUCCESS);
  await pair.fabric.settle();
  const state = pair.fabric.inspect().partitions.find(({ name }) => name === "hostile");
  assertEquals([state?.faultCount, state?.faults.length], [5000, 16]);
  assertEquals(state?.messagesToHost, 0);
  hostile.partition.destroy();
  await closePair(pair);
});
