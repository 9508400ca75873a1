// The host's end of a bus alone, served with bytes written by hand: there is no guest behind the link.

import { assertEquals } from "@std/assert";
import * as vmbus from "../../../../mod.ts";
import { PAIR_TYPE } from "../../../support/connected_pair.ts";
import { hexBytes, words } from "../../../support/held_link.ts";
import {
  ALL_OFFERS_DELIVERED,
  CLOSE_1,
  CREATED_9,
  endpointOf,
  GPADL_9,
  HostStage,
  open,
  OPENED_7,
  RELEASE_1,
  REQUEST_OFFERS,
  RESCIND_1,
  TEARDOWN_9,
  TORNDOWN_9,
  typesOf,
} from "../../../support/host_stage.ts";

// wire.md 4.4, 4.5
Deno.test("HostEnd: offers what is there when it is asked, and what comes later at once", async () => {
  const stage = new HostStage();
  assertEquals(stage.enable(), []);
  const [offer = new Uint8Array(0), end, ...more] = await stage.say(REQUEST_OFFERS);
  assertEquals([end, more], [ALL_OFFERS_DELIVERED, []]);
  assertEquals(offer.length, 196);
  assertEquals(offer.subarray(0, 8), hexBytes("01000000 00000000"));
  // 6d9d9a51-5ea2-4f9a-9d0c-3f2c7f3b8f10 on the wire
  assertEquals(PAIR_TYPE.slice(0, 8), "6d9d9a51");
  assertEquals(offer.subarray(8, 24), hexBytes("519a9d6d a25e 9a4f 9d0c3f2c7f3b8f10"));
  assertEquals(offer.subarray(180), hexBytes("0000 0000 01000000 ff 00 0100 01200000"));
  assertEquals(await stage.say(REQUEST_OFFERS), []);
  assertEquals(await stage.end("requestOffers unexpectedMessage"), [RESCIND_1]);
});

// wire.md 4.5
Deno.test("HostEnd: a guest of bytes opens a channel, closes it and has its rings back", async () => {
  const stage = new HostStage();
  stage.enable();
  await stage.say(REQUEST_OFFERS);
  assertEquals(await stage.say(GPADL_9), [CREATED_9]);
  assertEquals(stage.link.heardChannels, []);
  assertEquals(await stage.say(open()), [OPENED_7]);
  assertEquals(stage.link.heardChannels, [1]);
  assertEquals(stage.pair.calls, ["server Opened", "server Started", "server PostStarted"]);
  assertEquals(await stage.say(CLOSE_1, TEARDOWN_9), [TORNDOWN_9]);
  assertEquals(stage.pair.calls.slice(3), ["server Suspend", "server Closed"]);
  assertEquals(stage.link.heardChannels, []);
  assertEquals(await stage.end(), [RESCIND_1]);
});

Deno.test("HostEnd: the guest is interrupted over the link, unless it wants none", async () => {
  const cases: [targetVp: number, rung: number[]][] = [[0, [1]], [0xffff_ffff, []]];
  for (const [targetVp, rung] of cases) {
    const stage = new HostStage();
    stage.enable();
    await stage.say(REQUEST_OFFERS, GPADL_9, open(targetVp));
    const { vsp, server } = stage.pair;
    vsp.VmbPacketSend(vsp.VmbPacketAllocate(server), null, 0, null, 0);
    assertEquals(stage.link.rung, rung);
    assertEquals(vmbus.inspectChannel(server).interruptsSent, rung.length);
    await stage.end();
  }
});

// wire.md 4.1, section 6
Deno.test("HostEnd: what it says and signals goes to places of the SynIC, and it is signalled by a connection", async () => {
  const stage = await HostStage.opened();
  const messages = { vp: 0, sint: 2, vtl: 0 };
  assertEquals(stage.link.targets, stage.link.targets.map(() => messages));
  assertEquals(stage.link.resolved, [{ vp: 0, sint: 2, vtl: 0, eventFlag: 1 }]);
  assertEquals(stage.link.signalOf(1), { connectionId: 0x2001, flag: 0 });
  await stage.end();
});

Deno.test("HostEnd: what the link schedules is the server's look at its rings", async () => {
  const stage = await HostStage.opened();
  const item = stage.link.interruptOf(1)!;
  assertEquals([item.kind, item.isScheduled], ["interrupt", false]);
  await stage.end();
});

// wire.md 5.2, ClosingReopen
Deno.test("HostEnd: an open that comes while the server closes waits for its end", async () => {
  const stage = await HostStage.opened();
  assertEquals(await stage.say(CLOSE_1, TEARDOWN_9, GPADL_9, open()), [
    hexBytes("0a000000 00000000 01000000 09000000 ffff0080"), // the id is in use until it is torn down
    TORNDOWN_9,
    hexBytes("06000000 00000000 01000000 07000000 0d0000c0"), // so that there are no such rings
  ]);
  await stage.end("gpadlHeader badGpadl", "openChannel badRings");
});

// wire.md 5.2: Revoked
Deno.test("HostEnd: what the guest says of a channel that was taken back crossed that, and is no fault", async () => {
  const stage = await HostStage.opened();
  assertEquals(await stage.end(), [RESCIND_1]);
  assertEquals(await stage.say(CLOSE_1, TEARDOWN_9), [TORNDOWN_9]);
  assertEquals(stage.host.known.length, 1);
  assertEquals(await stage.say(RELEASE_1), []);
  assertEquals([stage.host.known, stage.refused], [[], []]);
  assertEquals(await stage.say(RELEASE_1), []);
  assertEquals(stage.refused, ["relIdReleased unexpectedMessage"]);
});

// docs/decisions.md D265: each of them was let pass while the server disabled the channel by itself.
Deno.test("HostEnd: what an honest guest never says is a fault, whatever the server is at", async () => {
  const wrong: readonly (readonly [string, Uint8Array[]])[] = [
    ["closeChannel unexpectedMessage", [CLOSE_1, CLOSE_1]],
    ["openChannel unexpectedMessage", [open()]],
    ["gpadlTeardown badGpadl", [TEARDOWN_9]],
    ["relIdReleased unexpectedMessage", [RELEASE_1]],
  ];
  for (const [fault, messages] of wrong) {
    const stage = await HostStage.opened();
    const { vsp, server } = stage.pair;
    const disabled = vsp.VmbChannelDisable(server); // the rescind is due, and not sent yet
    assertEquals(stage.link.say(...messages), []);
    assertEquals(stage.refused, [fault]);
    await disabled;
    vsp.VmbChannelCleanup(server);
    assertEquals(stage.pair.calls, ["server Suspend", "server Closed"]);
  }
});

// kmcl.md S13
Deno.test("HostEnd.guestGone: the server closes, and nobody is told of anything", async () => {
  const stage = await HostStage.opened();
  stage.pair.guest.crash();
  assertEquals(await stage.say(), []);
  assertEquals(stage.pair.calls, ["server Suspend", "server Closed"]);
  assertEquals(stage.host.gpadls.all, []);
  const said = await stage.end();
  assertEquals([said.length, stage.host.known], [0, []]);
});

Deno.test("HostEnd.guestGone: channels that no server has claimed go with their guest", async () => {
  const stage = new HostStage();
  const { host } = stage;
  const restore = (channelId: number, instance: string, isRevoked: boolean) => {
    const key = { interfaceType: PAIR_TYPE, instance, subchannelIndex: 0 };
    return host.unclaimed.restoreChannel(channelId, key, isRevoked);
  };
  const [open, closed] = [restore(3, "one", false), restore(4, "two", false)];
  restore(5, "three", true);
  const gpadl = { channelId: 3, gpadlId: 8, isReadOnly: false, words: 2 };
  host.gpadls.restore(gpadl, [{ byteOffset: 0, byteCount: 4096, pfns: [4] }], null);
  host.unclaimed.restoreRing(open, host.gpadls.ringCandidate(3, 8)!);
  for (const channel of [open, closed]) host.unclaimed.add(channel);
  assertEquals(await stage.say(words(7, 0, 3)), []); // lost, as nobody serves the channel
  assertEquals(host.known.map(({ channelId }) => channelId), [3, 4, 5]);
  stage.pair.guest.crash();
  assertEquals([host.known, host.unclaimed.all, host.gpadls.all], [[], [], []]);
  assertEquals([stage.link.said, stage.refused], [[], []]);
});

Deno.test("HostEnd: bytes that are no message are refused, and those that are cut short", async () => {
  const stage = new HostStage();
  stage.enable();
  assertEquals(
    await stage.say(new Uint8Array(0), hexBytes("63000000 00000000"), open().subarray(0, 147)),
    [],
  );
  await stage.end("null messageTooSmall", "null unknownMessageType", "null messageTooSmall");
});

// kmcl.md S10, simulator.md: to the server it is as if the guest had closed
Deno.test("takeBack: the server of an open channel closes, and can be offered again", async () => {
  const stage = await HostStage.opened();
  const { host, pair } = stage;
  const server = endpointOf(pair.server);
  assertEquals(host.takeBack(server), true);
  host.offerAgain(server); // it has rings still
  assertEquals(stage.link.said.splice(0), [RESCIND_1]);
  assertEquals(host.takeBack(server), false);
  assertEquals(await stage.say(CLOSE_1, TEARDOWN_9), [TORNDOWN_9]); // both crossed the rescind
  assertEquals(pair.calls, ["server Suspend", "server Closed"]);
  host.offerAgain(server);
  host.offerAgain(server);
  assertEquals(stage.link.said, []); // the guest has the id still (wire.md 5.2)
  const [offer, ...more] = await stage.say(RELEASE_1);
  assertEquals([typesOf([offer!]), more, offer![184]], [[1], [], 1]);
  assertEquals(typesOf(await stage.end()), [2]);
});

Deno.test("takeBack: a server whose offer was taken back leaves as any other", async () => {
  for (const isOpen of [false, true]) {
    const stage = isOpen ? await HostStage.opened() : new HostStage();
    if (!isOpen) {
      await stage.say(REQUEST_OFFERS);
      stage.enable();
    }
    const server = endpointOf(stage.pair.server);
    stage.host.takeBack(server);
    assertEquals(typesOf(stage.link.said.splice(0)), [2]);
    assertEquals(await stage.end(), []);
    stage.host.offerAgain(server); // its driver has disabled it
    assertEquals(stage.link.said, []);
  }
});
