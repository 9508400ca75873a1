// The guest's end of a bus alone, served with bytes written by hand: there is no host behind the link.

import { assertEquals, assertExists } from "@std/assert";
import { GuestEnd } from "../../../../actors/bus/guest/guest_end.ts";
import type { PartitionObject } from "../../../../actors/partition/partition_object.ts";
import * as vmbus from "../../../../mod.ts";
import { makePair, type Pair } from "../../../support/connected_pair.ts";
import { HeldGuestLink, hexBytes, words } from "../../../support/held_link.ts";

/** OfferChannel of channel 5, of the type and instance of the pair's client (wire.md 4.4). */
const OFFER_5 = hexBytes(`
  01000000 00000000  519a9d6da25e9a4f9d0c3f2c7f3b8f10  4e1f7e0c522f574c8a1e0d7b4f1c2a33
  ${"00".repeat(16)}  0000 0000  ${"00".repeat(120)}  0000 0000 05000000 ff 00 0100 05200000`);
/** VersionResponse2: supported, messages to connection 9, no features (wire.md 4.2). */
const WELCOME = hexBytes("0f000000 00000000 01 00 0000 09000000 00000000");
const RESCIND_5 = hexBytes("02000000 00000000 05000000");
const CLOSE_5 = hexBytes("07000000 00000000 05000000");
const RELEASE_5 = hexBytes("0d000000 00000000 05000000");

/** The first handle that a guest gives out, and its first open. */
const RING = 0xe1e11;
const created = (status = 0) => words(10, 0, 5, RING, status);
const TEARDOWN = words(11, 0, 5, RING);
const TORNDOWN = words(12, 0, RING);
const opened = (openId = 1, status = 0) => words(6, 0, 5, openId, status);

/** The type of each message, its first word. */
const typesOf = (messages: readonly Uint8Array[]) => messages.map(([type]) => type);

/** A client, and the end of its bus that the test speaks to. */
class GuestStage {
  readonly pair: Pair;
  readonly link: HeldGuestLink;
  readonly end: GuestEnd;
  readonly refused: string[] = [];
  /** What the guest said to connect. */
  readonly connecting: readonly Uint8Array[];

  constructor() {
    this.pair = makePair();
    const guest = this.pair.guest as PartitionObject;
    this.link = new HeldGuestLink(guest.memory);
    this.link.answer = () => created();
    const setting = { runtime: guest.runtime, partition: guest, link: this.link };
    this.end = new GuestEnd(setting, (message, fault) => this.refused.push(`${message} ${fault}`));
    Object.assign(guest.bus, { ownGuest: this.end });
    this.end.connect();
    this.connecting = [...this.link.said.splice(0), ...this.link.say(WELCOME)];
    assertEquals(this.pair.vsc.VmbChannelEnable(this.pair.client), vmbus.STATUS_SUCCESS);
  }

  /** The host says this, and the guest does what it has to; what the host is told. */
  async say(...messages: Uint8Array[]): Promise<Uint8Array[]> {
    const said = this.link.say(...messages);
    await this.pair.fabric.settle();
    return [...said, ...this.link.said.splice(0)];
  }

  get state(): vmbus.ChannelState {
    return vmbus.inspectChannel(this.pair.client);
  }

  /** The client goes, and the rings that it had; the faults that there were. */
  async finish(...refused: string[]): Promise<void> {
    const { client, vsc, fabric } = this.pair;
    const disabled = vsc.VmbChannelDisable(client);
    await this.say();
    if (this.end.gpadls.all.length > 0) await this.say(TORNDOWN);
    await disabled;
    vsc.VmbChannelCleanup(client);
    assertEquals([this.refused, fabric.violations], [refused, []]);
  }

  static async opened(): Promise<GuestStage> {
    const stage = new GuestStage();
    await stage.say(OFFER_5);
    await stage.say(opened());
    assertEquals(stage.state.lifecycle, "opened");
    stage.pair.calls.length = 0;
    return stage;
  }
}

// wire.md 4.5
Deno.test("GuestEnd: a client takes the offer of a host of bytes, and opens it over its own rings", async () => {
  const stage = new GuestStage();
  const [contact, request, ...rest] = stage.connecting;
  // Version 6.0 for processor 0, SINT 2 of VTL 0, features 0x2f, no pages, the guest's own name.
  assertEquals(
    contact,
    hexBytes(`0e000000 00000000 00000600 00000000 02 00 0000 2f000000 ${"00".repeat(16)}
      75626d76 2073 6f4c 8000 000000000001`),
  );
  assertEquals([request, rest], [hexBytes("03000000 00000000"), []]);
  const [header, open, ...more] = await stage.say(OFFER_5, hexBytes("04000000 00000000"));
  assertExists(header);
  assertExists(open);
  assertEquals([header.subarray(0, 16), more], [words(8, 0, 5, RING), []]);
  assertEquals(header.subarray(16, 28), hexBytes("5800 0100 00a0000000000000")); // ten pages in one range
  // channel 5, open 1, that GPADL, processor 0; the host's ring begins with page 5
  assertEquals([open.length, open.subarray(0, 28)], [148, words(5, 0, 5, 1, RING, 0, 5)]);
  assertEquals([stage.state.lifecycle, stage.state.channelId], ["enabled", 5]);
  assertEquals(await stage.say(opened()), []);
  assertEquals(stage.pair.calls, ["client Opened", "client Started", "client PostStarted"]);
  const { vsc, client } = stage.pair;
  vsc.VmbPacketSend(vsc.VmbPacketAllocate(client), null, 0, null, 0);
  assertEquals([stage.link.rung, stage.link.heardChannels], [[5], [5]]);
  assertEquals(stage.link.interruptOf(5)?.kind, "interrupt");
  // By the connection of the offer, and by its own flag; messages by that which the host named (wire.md 4.1).
  assertEquals(stage.link.resolved, [{ connectionId: 0x2005, flag: 0 }]);
  assertEquals(stage.link.signalOf(5), { vp: 0, sint: 2, vtl: 0, eventFlag: 5 });
  assertEquals(new Set(stage.link.targets), new Set([4, 9]));
  await stage.finish();
  assertEquals(stage.link.heardChannels, []);
});

Deno.test("GuestEnd: waits with its offers as long as more is on its way to it", async () => {
  const stage = new GuestStage();
  stage.link.isBusy = true;
  stage.link.say(OFFER_5);
  await stage.pair.fabric.step(20);
  assertEquals([stage.link.said, stage.state.channelId], [[], null]);
  stage.link.isBusy = false;
  assertEquals(typesOf(await stage.say()), [8, 5]);
  await stage.say(opened());
  await stage.finish();
});

// kmcl.md G5: an opposite side that answers wrongly or not at all
Deno.test("GuestEnd: a ring GPADL that the host refuses, or says nothing of, is the end of the open", async () => {
  const forsaken = ["forsaken"]; // its pages are the host's until that says what became of them
  const cases: [answer: Uint8Array | null, fault: string | null, left: string[]][] = [
    [created(0x8000_ffff), null, []],
    [null, null, forsaken],
    [words(10, 0, 6, RING, 0), "gpadlCreated badGpadl", forsaken], // of another channel
    [words(10, 0, 5, RING + 1, 0), null, forsaken], // of another GPADL: no answer
  ];
  for (const [answer, fault, left] of cases) {
    const stage = new GuestStage();
    stage.link.answer = () => answer;
    assertEquals(typesOf(await stage.say(OFFER_5)), [8]);
    assertEquals(stage.pair.calls, ["client PnpFailure STATUS_UNSUCCESSFUL"]);
    const stages = stage.end.gpadls.all.map(({ stage }) => stage);
    assertEquals([stage.state.lifecycle, stages], ["disabled", left]);
    const { fabric, vsc, client } = stage.pair;
    vsc.VmbChannelCleanup(client);
    assertEquals([stage.refused, fabric.violations], [fault === null ? [] : [fault], []]);
  }
});

// kmcl.md S3
Deno.test("GuestEnd: an open that the host refuses gives the rings back before the client is Disabled", async () => {
  const stage = new GuestStage();
  await stage.say(OFFER_5);
  assertEquals(await stage.say(opened(1, 0xc000_0022)), [TEARDOWN]);
  assertEquals(stage.pair.calls, ["client PnpFailure STATUS_ACCESS_DENIED"]);
  assertEquals(stage.end.gpadls.all.map(({ stage }) => stage), ["deleting"]);
  await stage.finish();
  assertEquals(stage.end.gpadls.all, []);
});

// wire.md 5.6
Deno.test("GuestEnd: a channel that is taken back is closed, given back and released, in this order", async () => {
  const stage = await GuestStage.opened();
  assertEquals(await stage.say(RESCIND_5), [CLOSE_5, TEARDOWN]);
  assertEquals(stage.pair.calls, ["client Suspend", "client Closed"]);
  assertEquals(await stage.say(TORNDOWN), [RELEASE_5]);
  assertEquals(stage.end.channels, []);
  await stage.finish();
});

Deno.test("GuestEnd: an offer that nobody took is released as soon as it is taken back", async () => {
  const stage = new GuestStage();
  assertEquals(stage.link.say(OFFER_5, RESCIND_5), [RELEASE_5]);
  assertEquals(await stage.say(), []);
  assertEquals(stage.state.channelId, null);
  await stage.finish();
});

Deno.test("GuestEnd: a client that leaves an offer that stands leaves it to the next", async () => {
  const stage = await GuestStage.opened();
  const { vsc, client } = stage.pair;
  const disabled = vsc.VmbChannelDisable(client);
  assertEquals(await stage.say(), [CLOSE_5, TEARDOWN]);
  await stage.say(TORNDOWN);
  await disabled;
  assertEquals(stage.end.channels.map(({ actor }) => actor.is("free")), [true]);
  stage.link.answer = () => words(10, 0, 5, RING + 1, 0);
  assertEquals(vsc.VmbChannelEnable(client), vmbus.STATUS_SUCCESS);
  assertEquals(typesOf(await stage.say()), [8, 5]);
  assertEquals(await stage.say(opened(2)), []);
  assertEquals(stage.state.lifecycle, "opened");
});

// The host may be hostile: what it says that it cannot say is named (kmcl.md section 9).
Deno.test("GuestEnd: what no host says is a fault by name", async () => {
  const wrong: readonly (readonly [string, Uint8Array])[] = [
    ["offerChannel unexpectedMessage", OFFER_5],
    ["openResult unexpectedMessage", opened()],
    ["openResult unexpectedMessage", words(6, 0, 6, 1, 0)],
    ["rescindChannelOffer unexpectedMessage", words(2, 0, 6)],
    ["gpadlCreated badGpadl", created()],
    ["gpadlCreated badGpadl", words(10, 0, 5, 77, 0)],
    ["gpadlTorndown badGpadl", TORNDOWN],
    ["gpadlTorndown badGpadl", words(12, 0, 77)],
    ["closeChannel unexpectedMessage", CLOSE_5],
    ["null unknownMessageType", words(99, 0)],
    ["null messageTooSmall", OFFER_5.subarray(0, 195)],
  ];
  for (const [fault, message] of wrong) {
    const stage = await GuestStage.opened();
    await stage.say(message);
    assertEquals(stage.refused, [fault]);
    assertEquals(stage.end.channels.length, 1);
    await stage.finish(fault);
  }
});
