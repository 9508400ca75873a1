// How a guest behaves before a host of bytes, by the numbers of wire.md section 8.

import { assertEquals } from "@std/assert";
import { GuestEnd } from "../../../actors/bus/guest/guest_end.ts";
import type { PartitionObject } from "../../../actors/partition/partition_object.ts";
import { decodeControlMessage } from "../../../core/control/codec.ts";
import { VERSION_NUMBERS, VERSIONS } from "../../../core/control/versions.ts";
import {
  type ControlMessage,
  controlMessageBytes,
  type InitiateContact,
  offerMessage,
  readTargetInfo,
  versionMessage,
} from "../../../simulator/peers/mod.ts";
import * as vmbus from "../../../mod.ts";
import {
  makePair,
  type Pair,
  PAIR_INSTANCE,
  PAIR_TYPE,
  type PairOptions,
} from "../../support/connected_pair.ts";
import { HeldGuestLink } from "../../support/held_link.ts";

/** A guest whose host is bytes. */
class WireGuest {
  readonly pair: Pair;
  readonly link: HeldGuestLink;
  readonly end: GuestEnd;
  readonly refused: string[] = [];

  constructor(options: PairOptions = {}) {
    this.pair = makePair(options);
    const guest = this.pair.guest as PartitionObject;
    this.link = new HeldGuestLink(guest.memory);
    const setting = { runtime: guest.runtime, partition: guest, link: this.link };
    this.end = new GuestEnd(setting, (message, fault) => this.refused.push(`${message} ${fault}`));
    Object.assign(guest.bus, { ownGuest: this.end });
  }

  /** Guest that a host of bytes welcomes. */
  static connected(): WireGuest {
    const guest = new WireGuest();
    guest.end.connect();
    guest.hear(versionMessage("6.0"));
    return guest;
  }

  /** The guest hears this; what it has said since it was heard last. */
  hear(...messages: readonly ControlMessage[]): readonly unknown[] {
    const before = this.link.said.splice(0);
    const said = this.link.say(...messages.map(controlMessageBytes));
    return [...before, ...said].map((bytes) => decodeControlMessage(bytes));
  }
}

const offer = (channelId: number) => offerMessage(PAIR_TYPE, PAIR_INSTANCE, { channelId });
const rescind = (channelId: number) => ({ message: "rescindChannelOffer", channelId } as const);
const release = (channelId: number) => ({ message: "relIdReleased", channelId } as const);

// wire.md section 8, 52
Deno.test("InitiateContact: a guest begins with 6.0, its name and its features, and goes down a version a refusal", () => {
  const guest = new WireGuest({ partition: { vmbusFeatures: 0x2f } });
  guest.end.connect();
  for (const version of VERSIONS.toReversed()) {
    const [contact, ...more] = guest.hear() as InitiateContact[];
    assertEquals([contact?.version, more], [VERSION_NUMBERS[version], []]);
    const isNewest = version === "6.0";
    assertEquals("clientId" in contact!, isNewest);
    const isAimed = VERSION_NUMBERS[version] >= VERSION_NUMBERS["5.0"];
    // Below 2.4 the same 8 bytes say where the interrupt page lies: a page that is not the one at 0 (wire.md section 6).
    const hasPage = VERSION_NUMBERS[version] < VERSION_NUMBERS["2.4"];
    if (hasPage) {
      assertEquals([contact!.targetInfo === 0, Number(contact!.targetInfo) % 4096], [false, 0]);
    } else {
      const featureFlags = isNewest ? 0x2f : 0;
      const told = { sint: isAimed ? 2 : 0, vtl: 0, featureFlags };
      assertEquals(readTargetInfo(contact!.targetInfo), told);
    }
    assertEquals(guest.link.targets.splice(0), [isAimed ? 4 : 1]);
    guest.link.say(controlMessageBytes(versionMessage(version, { isSupported: false })))
      .forEach((bytes) => guest.link.said.push(bytes));
  }
  assertEquals([guest.hear(), guest.refused], [[], ["versionResponse noCommonVersion"]]);
});

// wire.md section 8, 53
Deno.test("GuestEnd.connect: a guest that makes contact makes no other one", () => {
  const guest = new WireGuest();
  guest.end.connect();
  assertEquals(guest.hear().length, 1);
  guest.end.connect();
  assertEquals([guest.hear(), guest.refused], [[], []]);
  assertEquals(guest.hear(versionMessage("6.0")), [{ message: "requestOffers" }]);
});

// wire.md 4.1: another interrupt source, trust level or processor is somebody else's; whoever plays the guest hears all.
Deno.test("GuestEnd: a message that was put elsewhere than where the guest listens is not for it", () => {
  const guest = new WireGuest({ partition: { processors: 2 } });
  guest.end.connect();
  guest.hear();
  const own = { vp: 1, sint: 2, vtl: 0 };
  for (const other of [{ sint: 3 }, { vtl: 1 }, { vp: 2 }]) {
    guest.link.source = { ...own, ...other };
    assertEquals(guest.hear(versionMessage("6.0")), []);
  }
  guest.link.source = own;
  assertEquals(guest.hear(versionMessage("6.0")), [{ message: "requestOffers" }]);
  const heard: string[] = [];
  guest.end.taker = { hear: ({ message }) => heard.push(message), contacted: () => {} };
  guest.link.source = { ...own, sint: 3 };
  guest.hear({ message: "unloadComplete" });
  assertEquals([heard, guest.refused], [["unloadComplete"], []]);
  guest.pair.fabric.dispose();
});

// wire.md section 8, 54 and 57
Deno.test("OfferChannel: an id comes again once it was released; before, that is the host's fault", () => {
  const guest = WireGuest.connected();
  guest.link.said.length = 0;
  assertEquals(guest.hear(offer(7), rescind(7)), [release(7)]);
  assertEquals([guest.hear(offer(7)), guest.refused], [[], []]);
  assertEquals(guest.hear(offer(7)), []);
  assertEquals(guest.refused, ["offerChannel unexpectedMessage"]);
  assertEquals(guest.hear(rescind(7)), [release(7)]);
});

// wire.md 4.5: the host has not heard yet that the guest leaves, or connects anew.
Deno.test("GuestEnd.connect: what the host has said before it heard of that comes to nothing, and is no fault", () => {
  const left = WireGuest.connected();
  left.end.connection.disconnect();
  assertEquals(left.hear(), [{ message: "unload" }]);
  assertEquals(left.hear(offer(7), rescind(7), { message: "allOffersDelivered" }), []);
  left.end.connect();
  const [contact] = left.hear({ message: "unloadComplete" }) as readonly ControlMessage[];
  assertEquals(contact?.message, "initiateContact");
  const anew = WireGuest.connected();
  anew.end.connect();
  assertEquals((anew.hear() as readonly ControlMessage[]).at(-1)?.message, "initiateContact");
  assertEquals(anew.hear(offer(7), { message: "allOffersDelivered" }), []);
  assertEquals(anew.hear(versionMessage("6.0")), [{ message: "requestOffers" }]);
  for (const guest of [left, anew]) {
    assertEquals([guest.end.channels.length, guest.refused], [0, []]);
  }
  assertEquals(anew.hear({ message: "requestOffers" }), []);
  assertEquals(anew.refused, ["requestOffers unexpectedMessage"]);
});

// wire.md 4.5: a rescind is the answer to an open request that it overtakes.
Deno.test("GuestEnd: leaves though a channel that it was opening is taken back instead of answered", async () => {
  const guest = WireGuest.connected();
  const { fabric, vsc, client, calls } = guest.pair;
  guest.link.answer = (said) => {
    const header = decodeControlMessage(said[0]!);
    const gpadlId = typeof header === "string" || !("gpadlId" in header) ? 0 : header.gpadlId;
    return controlMessageBytes({ message: "gpadlCreated", channelId: 7, gpadlId, status: 0 });
  };
  vmbus.expectSuccess(vsc.VmbChannelEnable(client));
  guest.hear(offer(7));
  await fabric.settle();
  const names = (said: readonly unknown[]) =>
    (said as ControlMessage[]).map(({ message }) => message);
  assertEquals(names(guest.hear()).slice(-2), ["gpadlHeader", "openChannel"]);
  guest.end.connection.disconnect();
  assertEquals(names(guest.hear(rescind(7))), ["gpadlTeardown"]);
  const [teardown] = guest.end.gpadls.all;
  assertEquals(names(guest.hear({ message: "gpadlTorndown", gpadlId: teardown!.handle })), [
    "relIdReleased",
    "unload",
  ]);
  await fabric.settle();
  assertEquals([guest.refused, calls], [[], ["client PnpFailure STATUS_DEVICE_REMOVED"]]);
  fabric.dispose();
});
