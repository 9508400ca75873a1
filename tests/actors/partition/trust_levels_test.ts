// Which server a trust level speaks to, and which messages that takes (wire.md 4.1, 5.1, section 6).

import { assertEquals } from "@std/assert";
import { PartitionObject } from "../../../actors/partition/partition_object.ts";
import { targetInfoOf } from "../../../core/control/connection_messages.ts";
import { encodeControlMessage } from "../../../core/control/codec.ts";
import type { ControlMessage } from "../../../core/control/messages.ts";
import { VERSION_NUMBERS } from "../../../core/control/versions.ts";
import * as vmbus from "../../../mod.ts";

const REDIRECT = 0x80_0074;
const CONFIDENTIAL = 0x10;

function busOf(partition: vmbus.Partition): PartitionObject["bus"] {
  return PartitionObject.of(partition as PartitionObject).bus;
}

/** A guest that its paravisor serves, which has made contact. */
async function redirected(options: Partial<vmbus.PartitionOptions> = {}) {
  const fabric = vmbus.createFabric({ trace: "full" });
  const paravisor = fabric.createPartition({ name: "paravisor", vtl: 2, memoryPages: 16 });
  const guest = fabric.createPartition({
    name: "guest",
    vtlOf: paravisor,
    redirect: true,
    ...options,
  });
  await fabric.settle();
  return { fabric, paravisor, guest, bus: busOf(guest) };
}

/** A contact at version 5.1 with the server of trust level `vtl`. */
function contactWith(vtl: number): ControlMessage {
  return {
    message: "initiateContact",
    version: VERSION_NUMBERS["5.1"],
    targetMessageVp: 0,
    targetInfo: targetInfoOf({ sint: 2, vtl, featureFlags: 0 }),
    parentToChildMonitorGpa: 0,
    childToParentMonitorGpa: 0,
  };
}

Deno.test("createPartition: a redirected level speaks to connection 0x800074, and may have confidential channels", async () => {
  for (const vmbusVersion of ["6.0", "5.3", "4.1", "2.4"] as const) {
    const { bus } = await redirected({ vmbusVersion });
    const { connection } = bus.host;
    assertEquals(bus.guest.connection.connectionId, REDIRECT, vmbusVersion);
    assertEquals(connection.contact?.connectionId, REDIRECT);
    assertEquals(connection.messagePlace, { vp: 0, sint: 2, vtl: 0 });
    const { hasConfidentialChannels } = connection.protocol!;
    assertEquals(hasConfidentialChannels, vmbusVersion === "6.0");
  }
  const { bus } = await redirected({ vmbusFeatures: 0 });
  assertEquals(bus.host.connection.protocol?.features, 0);
});

Deno.test("createPartition: a host agrees to no confidential channels, whatever both are told", async () => {
  const features = CONFIDENTIAL | 0x4;
  const fabric = vmbus.createFabric({ vmbusFeatures: features });
  const guest = fabric.createPartition({ name: "guest", vmbusFeatures: features });
  await fabric.settle();
  assertEquals(busOf(guest).host.connection.protocol?.features, 0x4);
  assertEquals(busOf(guest).guest.connection.protocol.features, 0x4);
});

// wire.md 8, case 36: a trusted connection rejects untrusted messages.
Deno.test("HostEnd: a guest that connected through its paravisor is not heard through the host", async () => {
  const { fabric, bus } = await redirected();
  const { actor } = bus.host;
  assertEquals(actor.is("connected"), true);
  for (const connectionId of [1, 4, 0x24]) {
    const fault = bus.host.receive({ message: "unload" }, connectionId);
    assertEquals(fault, "untrustedMessage");
    assertEquals(bus.host.receive(contactWith(0), connectionId), "untrustedMessage");
  }
  assertEquals(actor.is("connected"), true);
  assertEquals(bus.host.receive({ message: "unload" }, REDIRECT), null);
  await fabric.settle();
  // It has left: then it may connect through the host, and no longer has what only a trusted one has.
  assertEquals(bus.host.receive(contactWith(0), 4), null);
  assertEquals(actor.is("connected"), true);
  assertEquals(bus.host.receive({ message: "requestOffers" }, 4), null);
});

Deno.test("BusFault: untrustedMessage is in inspect(), and on the trace", async () => {
  const { fabric, guest, bus } = await redirected();
  // As where a host puts a message into the guest's mouth: by a connection of its own.
  bus.guest.link.post(encodeControlMessage({ message: "unload" }), 4);
  await fabric.settle();
  const state = fabric.inspect().partitions.find(({ name }) => name === "guest");
  assertEquals(state?.faults, [
    { direction: "toHost", message: "unload", fault: "untrustedMessage" },
  ]);
  const named = fabric.trace.filter(({ event }) => event === "fault");
  assertEquals(named.map(({ subject, values }) => [subject, values[0]]), [
    [guest.name, "untrustedMessage"],
  ]);
});

// wire.md 8, case 20
Deno.test("HostEnd: case 20, a contact with another trust level is not answered, and goes to a lower one alone", async () => {
  const fabric = vmbus.createFabric();
  const guest = fabric.createPartition({ name: "guest", vmbusVersion: "5.3" });
  const above = fabric.createPartition({
    name: "above",
    vtlOf: guest,
    vtl: 2,
    vmbusVersion: "5.3",
  });
  await fabric.settle();
  const heard: string[] = [];
  for (const [name, partition] of [["guest", guest], ["above", above]] as const) {
    const { host } = busOf(partition);
    const { link } = host;
    const post = link.post.bind(link);
    link.post = (bytes, place) => {
      heard.push(`${name} at ${place.vtl}`);
      post(bytes, place);
    };
  }
  const version = () => busOf(guest).host.connection.protocol?.version;
  assertEquals(version(), "5.3");
  // A guest cannot have the server of a level above it begin anew.
  assertEquals(busOf(guest).host.receive(contactWith(2), 4), null);
  assertEquals([heard, busOf(above).host.connection.protocol?.version], [[], "5.3"]);
  // Nobody is at level 1.
  assertEquals(busOf(guest).host.receive(contactWith(1), 4), null);
  assertEquals(heard, []);
  // The level above may speak for the one below: that is answered where it lives.
  assertEquals(busOf(above).host.receive(contactWith(0), 4), null);
  assertEquals([heard, version()], [["guest at 0"], "5.1"]);
});
