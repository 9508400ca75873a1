// Monitor pages, and failed connects of sockets, by the numbers of wire.md section 8.

import { assert, assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  type ControlMessage,
  gpadlMessages,
  type OfferChannel,
  openMessage,
  versionMessage,
  wholePages,
} from "../../../simulator/peers/mod.ts";
import { makePair, type PairOptions } from "../../support/connected_pair.ts";
import { MULTICLIENT, WireHost } from "../../support/wire_host.ts";

const REQUEST_OFFERS: ControlMessage = { message: "requestOffers" };
const OWN_PAGES = { parentToChildMonitorGpa: 0x1_0000, childToParentMonitorGpa: 0x1_1000 };
const NONE = 0xff;

function monitorIdsOf(said: readonly ControlMessage[]): readonly (number | null)[] {
  return said.filter((message): message is OfferChannel => message.message === "offerChannel")
    .map(({ monitorId, monitorAllocated }) => monitorAllocated ? monitorId : null);
}

/** A host with two devices, whose guest has made contact and asked for its offers; what it was told then. */
async function offered(options: PairOptions, ...contact: Parameters<WireHost["contact"]>) {
  const host = new WireHost(options);
  host.enable();
  const { fabric, guest } = host.pair;
  const second = makePair({
    within: { fabric, guest },
    instance: "00000000-0000-0000-0000-000000000002",
  });
  vmbus.expectSuccess(second.vsp.VmbChannelEnable(second.server));
  const [answer] = await host.contact(...contact);
  const said = await host.say(REQUEST_OFFERS);
  return { host, answer, said };
}

// wire.md section 8, 24
Deno.test("VersionResponse: a host that brings the monitor pages says where, offers go by them, those of the guest mean nothing", async () => {
  const fabric = { monitorPages: true, vmbusFeatures: 0x40 };
  const { host, answer, said } = await offered({ fabric }, "6.0", { features: 0x40, ...OWN_PAGES });
  assert(answer !== undefined && "childToParentMonitorGpa" in answer, JSON.stringify(answer));
  const { childToParentMonitorGpa, parentToChildMonitorGpa } = answer;
  assertEquals<unknown>(
    answer,
    versionMessage("6.0", {
      connectionId: MULTICLIENT,
      features: 0x40,
      childToParentMonitorGpa,
      parentToChildMonitorGpa,
    }),
  );
  assert(
    childToParentMonitorGpa !== 0 && childToParentMonitorGpa !== OWN_PAGES.childToParentMonitorGpa,
  );
  assertEquals(monitorIdsOf(said), [0, 1]);
  assertEquals(await host.end(), []);
});

// wire.md section 8, 29
Deno.test("OfferChannel: has the lowest monitor id that is free, and none without pages, or where the host wants its own", async () => {
  const none = await offered({}, "5.3", {});
  assertEquals(monitorIdsOf(none.said), [null, null]);
  const [offer] = none.said;
  assertEquals(offer !== undefined && "monitorId" in offer && offer.monitorId, NONE);
  const own = await offered({}, "5.3", OWN_PAGES);
  assertEquals(monitorIdsOf(own.said), [0, 1]);
  const brings = { fabric: { monitorPages: true } };
  const unwanted = await offered(brings, "5.3", OWN_PAGES);
  assertEquals(monitorIdsOf(unwanted.said), [0, 1]); // below 6.0 a host brings none
  for (const { host } of [none, own, unwanted]) await host.end();
});

// wire.md section 8, 30
Deno.test("OpenChannel: without interrupts a channel has no processor, and signals nobody through the monitor page", async () => {
  const { host } = await offered({}, "5.3", OWN_PAGES);
  const pfns = [4, 5, 6, 7];
  const open = openMessage(2, 1, 2, { targetVp: 0xffff_ffff });
  await host.say(...gpadlMessages(2, 1, [wholePages(pfns)]), open);
  const channel = host.host.channel(2)!;
  assertEquals([channel.hasInterrupts, channel.doorbell], [false, null]);
  assertEquals(vmbus.inspectChannel(host.pair.server).lifecycle, "opened");
  assertEquals(await host.end(), []);
});

const SOCKET = {
  endpointId: "0c7e1f4e-2f52-4c57-8a1e-0d7b4f1c2a33",
  serviceId: "00000001-facb-11e6-bd58-64006a7986d3",
};

// wire.md section 8, 35
Deno.test("TlConnectRequest: a connect that fails is told of from 4.1 on; the short form will do at 5.2", async () => {
  const request: ControlMessage = { message: "tlConnectRequest", ...SOCKET };
  const result: ControlMessage = { message: "tlConnectResult", ...SOCKET, status: 0xc000_0236 };
  for (const [version, isTold] of [["4.0", false], ["4.1", true], ["5.2", true]] as const) {
    const { host } = await offered({}, version, {});
    assertEquals(await host.say(request), isTold ? [result] : [], version);
    assertEquals(await host.end(), []);
  }
});
