/** The connection between host and guest, end to end (wire.md 4.3, 4.5, 5.1, 5.6). */
import { assertEquals, assertThrows } from "@std/assert";
import { VERSIONS, type VmbusVersion } from "../../../core/control/versions.ts";
import * as vmbus from "../../../mod.ts";
import { contactMessage, RawGuest, RawHost, versionMessage } from "../../../simulator/peers/mod.ts";
import {
  closePair,
  makePair,
  openPair,
  PAIR_INSTANCE,
  PAIR_TYPE,
} from "../../support/connected_pair.ts";
import { createFabric } from "../../support/fabric.ts";
import { HostileStage } from "../../support/hostile_server.ts";

function connectionOf(fabric: vmbus.Fabric, at = 1): vmbus.ConnectionState {
  return fabric.inspect().partitions[at]!.connection;
}

function faultsOf(fabric: vmbus.Fabric, at = 1): readonly string[] {
  return fabric.inspect().partitions[at]!.faults.map(({ message, fault }) => `${message} ${fault}`);
}

function namesOf(messages: readonly { readonly message: string }[]): string[] {
  return messages.map(({ message }) => message);
}

// wire.md 4.3, 4.5, 5.6
Deno.test("Fabric: host and guest agree on the highest version that both have", async () => {
  const cases: readonly (readonly [
    vmbus.FabricOptions["vmbusVersion"],
    vmbus.PartitionOptions["vmbusVersion"],
    VmbusVersion,
  ])[] = [
    [undefined, undefined, "6.0"],
    ["4.1", undefined, "4.1"],
    [undefined, "2.4", "2.4"],
    [{ highest: "5.2" }, { lowest: "1.1" }, "5.2"],
    [{ lowest: "0.13", highest: "3.0" }, { lowest: "1.1", highest: "4.0" }, "3.0"],
  ] as never;
  for (const [ofHost, ofGuest, agreed] of cases) {
    const fabric = createFabric({ ...ofHost && { vmbusVersion: ofHost } });
    fabric.createPartition({ name: "guest", ...ofGuest && { vmbusVersion: ofGuest } });
    await fabric.settle();
    const { state, guestState, version } = connectionOf(fabric);
    assertEquals([state, guestState, version], ["connected", "connected", agreed]);
    assertEquals(faultsOf(fabric), []);
    assertEquals(connectionOf(fabric, 0).guestState, "new"); // the root has no client of its own
    fabric.dispose();
  }
});

// wire.md 4.3: requested AND supported, in 6.0 alone
Deno.test("Fabric: host and guest agree on the features that both have", async () => {
  const cases: readonly (readonly [vmbus.FabricOptions, vmbus.PartitionOptions, number])[] = [
    [{ vmbusFeatures: 0x0c }, { name: "guest", vmbusFeatures: 0x28 }, 0x08],
    [{ vmbusFeatures: 0 }, { name: "guest" }, 0],
    [{ vmbusVersion: "5.3" }, { name: "guest" }, 0],
  ];
  for (const [ofHost, ofGuest, features] of cases) {
    const fabric = createFabric(ofHost);
    fabric.createPartition(ofGuest);
    await fabric.settle();
    const connection = connectionOf(fabric);
    assertEquals(connection.features, features);
    assertEquals(connection.clientId !== null, (features & 8) !== 0);
    fabric.dispose();
  }
});

Deno.test("Fabric: without a common version there is a fault that says so, and nothing hangs", async () => {
  const fabric = createFabric({ vmbusVersion: "4.0" });
  const guest = fabric.createPartition({
    name: "guest",
    vmbusVersion: { lowest: "5.0", highest: "6.0" },
  });
  const pair = makePair({ within: { fabric, guest } });
  assertEquals(pair.vsp.VmbChannelEnable(pair.server), vmbus.STATUS_SUCCESS);
  assertEquals(pair.vsc.VmbChannelEnable(pair.client), vmbus.STATUS_SUCCESS);
  await fabric.run();
  assertEquals(faultsOf(fabric), ["versionResponse noCommonVersion"]);
  const { state, guestState, version } = connectionOf(fabric);
  assertEquals([state, guestState, version], ["disconnected", "disconnected", null]);
  assertEquals(vmbus.inspectChannel(pair.client).lifecycle, "enabled");
  await closePair(pair);
});

Deno.test("createFabric: vmbusVersion and vmbusFeatures are versions and features", () => {
  const wrong: readonly (readonly [unknown, string])[] = [
    [{ vmbusVersion: "7.0" }, 'vmbusVersion must be one of "0.13", "1.1"'],
    [{ vmbusVersion: 6 }, "or a range of them, not 6"],
    [{ vmbusVersion: { lowest: "9" } }, "the lowest of vmbusVersion must be one of"],
    [{ vmbusVersion: { highest: null } }, "the highest of vmbusVersion must be one of"],
    [{ vmbusVersion: { lowest: "5.0", highest: "4.1" } }, "5.0, is above its highest, 4.1"],
    [{ vmbusFeatures: 0x100 }, "vmbusFeatures must be a whole number from 0 to 255"],
    [{ vmbusFeatures: -1 }, "vmbusFeatures must be a whole number"],
  ];
  const fabric = createFabric();
  for (const [options, reason] of wrong) {
    assertThrows(() => createFabric(options as vmbus.FabricOptions), Error, reason);
    const ofGuest = { name: "guest", ...options as object };
    assertThrows(() => fabric.createPartition(ofGuest), Error, reason);
  }
  fabric.dispose();
});

// wire.md 4.5
Deno.test("Partition.disconnect: clients see their channels taken back, the host all of it, and both come back", async () => {
  for (const vmbusVersion of ["0.13", "1.1", "5.3", "6.0"] as const) {
    const pair = await openPair({ fabric: { vmbusVersion, trace: "full" } });
    const { fabric, guest, server, client, vsc } = pair;
    pair.calls.length = 0;
    guest.disconnect();
    guest.disconnect(); // which it does already
    await fabric.settle();
    assertEquals(pair.calls.filter((call) => /Closed/.test(call)).sort(), [
      "client Closed",
      "server Closed",
    ]);
    const { state, guestState } = connectionOf(fabric);
    assertEquals([state, guestState], ["disconnected", "disconnected"]);
    assertEquals(fabric.inspect().partitions[1]?.pinnedPages, 0);
    const said = fabric.trace.filter(({ event }) => /^messageTo/.test(event))
      .map(({ details }) => String(details["message"]));
    assertEquals(said.filter((name) => /unload/i.test(name)), [
      "unload",
      ...vmbusVersion === "0.13" ? [] : ["unloadComplete"],
    ]);
    assertEquals(vmbus.inspectChannel(client).lifecycle, "disabled"); // as after any rescind
    assertEquals(vsc.VmbChannelEnable(client), vmbus.STATUS_SUCCESS);
    await fabric.settle();
    assertEquals(vmbus.inspectChannel(client).lifecycle, "enabled"); // it waits
    guest.connect();
    await fabric.settle();
    assertEquals(vmbus.inspectChannel(client).lifecycle, "opened");
    assertEquals(vmbus.inspectChannel(server).lifecycle, "opened");
    assertEquals(faultsOf(fabric), []);
    await closePair(pair);
  }
});

// wire.md 4.5, section 8, 32: implicit disconnect, no UnloadComplete
Deno.test("Partition.connect: a guest that is connected gives its channels back, and makes contact anew", async () => {
  const pair = await openPair({ fabric: { trace: "full" } });
  const { fabric, guest, client, vsc } = pair;
  guest.connect();
  await fabric.settle();
  assertEquals(connectionOf(fabric).guestState, "connected");
  const said = fabric.trace.filter(({ event, subject }) =>
    /^messageTo/.test(event) && subject === "guest"
  )
    .map(({ details }) => String(details["message"]));
  assertEquals(said.filter((name) => /unload|initiate/i.test(name)), [
    "initiateContact",
    "initiateContact",
  ]);
  assertEquals(vsc.VmbChannelEnable(client), vmbus.STATUS_SUCCESS);
  await fabric.settle();
  assertEquals(vmbus.inspectChannel(client).lifecycle, "opened");
  await closePair(pair);
});

// wire.md section 8, 31
Deno.test("Unload: the host answers once each open channel is closed", async () => {
  const stage = await HostileStage.open();
  stage.guest.heard.length = 0;
  stage.guest.unload();
  stage.guest.post({ message: "unload" }); // which nobody says who has left
  await stage.fabric.settle();
  assertEquals(namesOf(stage.guest.heard), ["unloadComplete"]);
  assertEquals(stage.calls.filter((call) => /Closed/.test(call)), ["server Closed"]);
  assertEquals(stage.bus.connection.state, "disconnected");
  assertEquals(stage.bus.faults.map(({ fault }) => fault), ["unexpectedMessage"]);
  stage.guest.contact("6.0");
  stage.guest.post({ message: "requestOffers" });
  await stage.fabric.settle();
  assertEquals(namesOf(stage.guest.heard), [
    "unloadComplete",
    "versionResponse",
    "offerChannel",
    "allOffersDelivered",
  ]);
  await stage.end();
});

// wire.md section 8, 32
Deno.test("InitiateContact: while connected it closes all first, and needs no Unload", async () => {
  const stage = await HostileStage.open();
  stage.guest.heard.length = 0;
  stage.guest.contact("4.0");
  await stage.fabric.settle();
  assertEquals(namesOf(stage.guest.heard), ["versionResponse"]);
  assertEquals(stage.calls.filter((call) => /Closed/.test(call)), ["server Closed"]);
  assertEquals([stage.bus.connection.version, stage.bus.bus], ["4.0", "quiet"]);
  stage.guest.post({ ...contactMessage("6.0"), version: 0xffff_ffff });
  await stage.fabric.settle();
  assertEquals(stage.bus.connection.state, "disconnected");
  await stage.end();
});

// wire.md 4.5, 5.4
Deno.test("Pause: the host says nothing until Resume, and a guest that has paused it has nothing to say", async () => {
  const stage = new HostileStage();
  await stage.fabric.settle();
  const { guest, vsp, server, fabric } = stage;
  guest.heard.length = 0;
  guest.post({ message: "pause" });
  await fabric.settle();
  assertEquals(vsp.VmbChannelEnable(server), vmbus.STATUS_SUCCESS);
  guest.post({ message: "requestOffers" });
  guest.post({
    message: "modifyConnection",
    parentToChildMonitorGpa: 0,
    childToParentMonitorGpa: 0,
  });
  await fabric.settle();
  assertEquals(namesOf(guest.heard.splice(0)), ["pauseResponse"]);
  assertEquals([stage.bus.connection.queued, stage.bus.faultCount], [1, 2]);
  guest.post({ message: "resume" });
  guest.post({
    message: "modifyConnection",
    parentToChildMonitorGpa: 0,
    childToParentMonitorGpa: 0,
  });
  guest.post({
    message: "modifyConnection",
    parentToChildMonitorGpa: 4096,
    childToParentMonitorGpa: 0,
  });
  await fabric.settle();
  assertEquals(guest.heard.splice(0).map(({ message }) => message), [
    "offerChannel",
    "modifyConnectionResponse",
  ]);
  assertEquals(stage.bus.faultCount, 3); // one page without the other
  guest.post({ message: "pause" });
  await fabric.settle();
  await vsp.VmbChannelDisable(server);
  await fabric.settle();
  guest.unload();
  await fabric.settle();
  assertEquals(namesOf(guest.heard), ["pauseResponse", "rescindChannelOffer", "unloadComplete"]);
  vsp.VmbChannelCleanup(server);
});

// wire.md 4.4: what a version does not have, its offers do not say.
Deno.test("OfferChannel: has the fields that the version has", async () => {
  for (const version of VERSIONS) {
    const fabric = createFabric({ vmbusVersion: version });
    const guest = new RawGuest(fabric.createPartition({ name: "guest" }));
    const pair = makePair({ within: { fabric, guest: guest.partition } });
    assertEquals(pair.vsp.VmbChannelEnable(pair.server), vmbus.STATUS_SUCCESS);
    await fabric.settle();
    const [offer] = guest.offers;
    assertEquals([offer?.isDedicated, offer?.subchannelIndex], [version !== "0.13", 0]);
    fabric.dispose();
  }
});

// wire.md 5.6: the guest believes no host more than it asked for.
Deno.test("VersionResponse: a host that cannot connect, or says more than it was asked, is met", async () => {
  const fabric = createFabric();
  const guest = fabric.createPartition({ name: "guest", vmbusFeatures: 0x8 });
  const host = new RawHost(
    guest,
    ({ message }) =>
      message === "initiateContact"
        ? [versionMessage("6.0", { features: 0xff, connectionId: 77 })]
        : null,
  );
  await fabric.settle();
  assertEquals(namesOf(host.heard), ["initiateContact", "requestOffers"]);
  host.post(versionMessage("6.0")); // unasked
  host.offer(PAIR_TYPE, PAIR_INSTANCE);
  await fabric.settle();
  assertEquals(faultsOf(fabric), ["versionResponse unexpectedMessage"]);
  const failing = fabric.createPartition({ name: "failing" });
  new RawHost(
    failing,
    ({ message }) =>
      message === "initiateContact" ? [versionMessage("6.0", { connectionState: 1 })] : null,
  );
  await fabric.settle();
  assertEquals(faultsOf(fabric, 2), ["versionResponse connectionFailed"]);
  assertEquals(connectionOf(fabric, 2).guestState, "disconnected");
  fabric.dispose();
});

// wire.md 4.2, 5.5: the name is the guest's, and not its place in a fabric.
Deno.test("restorePartition: a guest says the same name wherever it makes contact again", async () => {
  const fabric = createFabric();
  const { bytes } = await vmbus.savePartition(fabric.createPartition({ name: "guest" }));
  const { clientId } = connectionOf(fabric);
  const elsewhere = createFabric();
  elsewhere.createPartition({ name: "another" });
  const { partition } = vmbus.expectSuccess(vmbus.restorePartition(elsewhere, bytes!));
  partition.resume();
  partition.connect();
  await elsewhere.settle();
  const { guestState, clientId: again } = connectionOf(elsewhere, 2);
  assertEquals([guestState, again], ["connected", clientId]);
  assertEquals(typeof clientId, "string");
  fabric.dispose();
  elsewhere.dispose();
});
