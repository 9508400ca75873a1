// Signals and monitor pages end to end, over the options that programs have (wire.md section 6, behaviours 24, 29 and
// 30), and saved guests of each kind.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { FEATURES, type VmbusVersion } from "../../../core/control/versions.ts";
import { decodeControlMessage, isControlFault } from "../../../core/control/codec.ts";
import { messageOfEntry } from "../../../simulator/decoding/message_of_entry.ts";
import * as vmbus from "../../../mod.ts";
import { closePair, openPair, type PairOptions } from "../../support/connected_pair.ts";
import { withParts } from "../../kmcl/saving/saved_parts.ts";
import { createFabric } from "../../support/fabric.ts";
import { endpointBehind } from "../../support/endpoints.ts";
import { partitionBehind } from "../../support/signal_pages.ts";
import { times } from "../../support/long.ts";
import {
  finishTalk,
  migrateTalk,
  startTalk,
  step,
  TALK_DRIVERS,
} from "../../support/talk_stage.ts";

type Words = { readonly [field: string]: unknown };

/** The messages that were said on the bus of a traced fabric, of those that are called `name`. */
function said(fabric: vmbus.Fabric, name: string): readonly Words[] {
  return fabric.trace.flatMap((entry): Words[] => {
    const bytes = messageOfEntry(entry);
    const message = bytes === null ? null : decodeControlMessage(bytes, "any");
    const isNamed = message !== null && !isControlFault(message) && message.message === name;
    return isNamed ? [{ ...message }] : [];
  });
}

/** What `inspect()` shows of a guest. */
function shown(fabric: vmbus.Fabric) {
  const { signalPages, channels } = fabric.inspect().partitions[1]!;
  assert(signalPages !== null);
  return { ...signalPages, monitorIds: channels.map(({ monitorId }) => monitorId) };
}

function pages(monitorPages: vmbus.PartitionOptions["monitorPages"], isHosts = false): PairOptions {
  return {
    fabric: { trace: "full", monitorPages: isHosts },
    partition: { monitorPages: monitorPages! },
  };
}

Deno.test("createPartition, createFabric: monitorPages is one of its words, and is off unless it is said", async () => {
  const fabric = createFabric();
  const bad = [true, "both", null, 1] as unknown as "none"[];
  for (const monitorPages of bad) {
    assertThrows(
      () => fabric.createPartition({ name: "guest", monitorPages }),
      TypeError,
      'monitorPages must be one of "none", "guest", "host"',
    );
  }
  assertThrows(
    () => createFabric({ monitorPages: "host" as unknown as boolean }),
    TypeError,
    "monitorPages must be true or false",
  );
  const pair = await openPair();
  const { interruptPageGpa, monitorPageGpa, monitorIds } = shown(pair.fabric);
  assertEquals([interruptPageGpa, monitorPageGpa, monitorIds], [null, null, [null]]);
  await closePair(pair);
});

// behaviour 29
Deno.test("MNF: a guest without pages gets no ids; with pages each channel gets the lowest that is free", async () => {
  const none = await openPair(pages("none"));
  assertEquals(said(none.fabric, "offerChannel").at(-1)?.["monitorId"], 0xff);
  await closePair(none);
  const asked = await openPair(pages("host")); // of a host that brings none
  assertEquals(said(asked.fabric, "offerChannel").at(-1)?.["monitorId"], 0xff);
  await closePair(asked);
  const pair = await openPair(pages("guest"));
  const [contact] = said(pair.fabric, "initiateContact").slice(-1);
  const { monitorPageGpa, monitorIds } = shown(pair.fabric);
  assertEquals(contact?.["childToParentMonitorGpa"], monitorPageGpa);
  assertEquals(contact?.["parentToChildMonitorGpa"] === 0, false);
  assertEquals(monitorIds, [0]);
  const [offer] = said(pair.fabric, "offerChannel").slice(-1);
  assertEquals([offer?.["monitorId"], offer?.["monitorAllocated"]], [0, true]);
  await closePair(pair);
});

// behaviour 24
Deno.test("MNF: the host's page goes before the guest's, which is told in the long response", async () => {
  for (const monitorPages of ["host", "guest"] as const) {
    const features = FEATURES.serverSpecifiedMonitorPages;
    const pair = await openPair({
      ...pages(monitorPages, true),
      partition: { monitorPages, vmbusFeatures: features },
    });
    const { fabric, guest, vsc, client } = pair;
    const response = said(fabric, "versionResponse").at(-1);
    const { monitorPageGpa } = shown(fabric);
    assertEquals(response?.["supportedFeatures"], features);
    assertEquals(response?.["childToParentMonitorGpa"], monitorPageGpa);
    assertEquals(response?.["parentToChildMonitorGpa"], 0);
    const own = said(fabric, "initiateContact").at(-1)?.["childToParentMonitorGpa"];
    assertEquals(own === 0, monitorPages === "host");
    assertEquals(own === monitorPageGpa, false);
    assertEquals(endpointBehind(client).channel?.monitored?.id, 0);
    const packet = vsc.VmbPacketAllocate(client);
    assert(packet !== null);
    vsc.VmbPacketSend(packet, new Uint8Array(8), 8, null, 0);
    assertEquals(shown(fabric).pendingMonitorIds, [0]);
    await fabric.run();
    assertEquals(shown(fabric).monitorSignals, 1);
    // The host's page is no page that the guest may change (wire.md 4.5).
    const { host } = partitionBehind(guest).bus;
    assertEquals(host.signals.hostPage?.gpa, monitorPageGpa);
    await closePair(pair);
    guest.disconnect();
    await fabric.settle();
    assertEquals(host.signals.hostPage, null);
  }
});

// wire.md section 6: pages cannot change while a channel that goes through them is open
Deno.test("ModifyConnection: fails while a monitored channel is open, and has the page changed after that", async () => {
  const pair = await openPair(pages("guest"));
  const { fabric, guest, vsc, client } = pair;
  const { bus } = partitionBehind(guest);
  const page = guest.memory.allocate(2 * 4096);
  const modify = async (at: number) => {
    bus.post("toHost", {
      message: "modifyConnection",
      parentToChildMonitorGpa: at,
      childToParentMonitorGpa: at === 0 ? 0 : at + 4096,
    });
    await fabric.settle();
    return said(fabric, "modifyConnectionResponse").at(-1)?.["connectionState"];
  };
  const before = shown(fabric).monitorPageGpa;
  assertEquals([await modify(page.gpa), shown(fabric).monitorPageGpa], [2, before]);
  await vsc.VmbChannelDisable(client);
  await fabric.settle();
  assertEquals(await modify(page.gpa + 8), 2); // between pages
  assertEquals([await modify(page.gpa), shown(fabric).monitorPageGpa], [0, page.gpa + 4096]);
  assertEquals([await modify(0), shown(fabric).monitorPageGpa], [0, null]);
  guest.memory.free(page);
  await closePair(pair);
});

Deno.test("MNF: before 6.0 a host brings no page, and a guest that wants one goes without", async () => {
  const pair = await openPair({
    fabric: { monitorPages: true, vmbusVersion: "5.3" },
    partition: { monitorPages: "host" },
  });
  assertEquals(shown(pair.fabric).monitorPageGpa, null);
  await closePair(pair);
});

// behaviour 30
Deno.test("MNF: a channel that is opened without interrupts signals past the page", async () => {
  const pair = await openPair({
    ...pages("guest"),
    client: (vsc, channel) => {
      assertEquals(vmbus.initSetTargetProcessor(vsc, channel, null), vmbus.STATUS_SUCCESS);
    },
  });
  const { fabric, client, guest } = pair;
  assertEquals(endpointBehind(client).channel?.targetVp, 0xffff_ffff);
  assertEquals(shown(fabric).monitorIds, [null]);
  assertEquals(said(fabric, "offerChannel").at(-1)?.["monitorId"], 0);
  assertEquals(partitionBehind(guest).bus.host.signals.monitor.isInUse, false);
  await closePair(pair);
});

Deno.test("MNF: of more than 128 channels those beyond are offered without an id, until one is released", async () => {
  const fabric = createFabric();
  const guest = fabric.createPartition({ name: "guest", memoryPages: 64, monitorPages: "guest" });
  await fabric.settle();
  const { signals } = partitionBehind(guest).bus.host;
  const given = Array.from({ length: 130 }, () => signals.ids.take());
  assertEquals(given.slice(126), [126, 127, null, null]);
  signals.ids.free(5);
  assertEquals(signals.ids.take(), 5);
  fabric.dispose();
});

const KINDS: readonly (readonly [VmbusVersion, "none" | "guest" | "host"])[] = [
  ["0.13", "none"],
  ["1.1", "guest"],
  ["2.4", "guest"],
  ["6.0", "guest"],
  ["6.0", "host"],
];

for (const [vmbusVersion, monitorPages] of KINDS) {
  Deno.test(`savePartition: a guest of version ${vmbusVersion} with ${monitorPages} monitor pages continues wherever it was saved`, async () => {
    const options = { trace: "off", monitorPages: true } as const;
    const start = () =>
      startTalk({
        fabric: options,
        talk: { channels: 2, count: 6 },
        partition: { vmbusVersion, monitorPages },
      });
    const expected = await finishTalk(start());
    for (let items = 3; items < times(70, 200); items += times(33, 1)) {
      let stage = start();
      await step(stage, items);
      stage = await migrateTalk(stage, createFabric(options));
      assertEquals(await finishTalk(stage), expected);
    }
  });
}

Deno.test("restorePartition: a guest that is connected writes no page but that which its host has brought", async () => {
  const stage = startTalk({
    fabric: { monitorPages: true },
    partition: { monitorPages: "host" },
  });
  await step(stage, 60);
  const { bytes } = await vmbus.savePartition(stage.guest);
  const refusalOf = (to: (hostMonitorGpa: number) => number) =>
    vmbus.restorePartition(
      createFabric({ monitorPages: true }),
      withParts(bytes!, ({ guestEnd: { connection: { pages } } }) => {
        pages.hostMonitorGpa = to(pages.hostMonitorGpa);
      }),
      TALK_DRIVERS,
    ).reason;
  assertEquals(refusalOf((gpa) => gpa), null);
  for (const reason of [refusalOf((gpa) => gpa + 4096), refusalOf(() => 0)]) {
    assertEquals(reason?.includes("the host has brought another monitor page"), true);
  }
});

Deno.test("restorePartition: a guest whose host had brought its page needs a host that brings one", async () => {
  const stage = startTalk({
    fabric: { monitorPages: true },
    partition: { monitorPages: "host" },
  });
  await step(stage, 40);
  const { bytes } = await vmbus.savePartition(stage.guest);
  const { status, reason } = vmbus.restorePartition(createFabric(), bytes!, TALK_DRIVERS);
  assertEquals(status, vmbus.STATUS_REVISION_MISMATCH);
  assertEquals(reason?.includes("serverSpecifiedMonitorPages"), true);
});
