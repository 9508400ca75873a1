/**
 * A channel from its allocation to its first Enable, and its cleanup (kmcl.md S1, S2, S12).
 *
 * @module
 */

import { createFabric } from "../../support/fabric.ts";
import { assertEquals, assertGreater, assertThrows } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  clientTable,
  closePair,
  enablePair,
  makePair,
  openPair,
  PAIR_INSTANCE,
  PAIR_TYPE,
  serverTable,
  setVmbus,
} from "../../support/connected_pair.ts";
import { names, WAIT } from "../../support/sending.ts";

const SIDES = ["server", "client"] as const;

const stateOf = (channel: vmbus.VMBCHANNEL) => {
  const { lifecycle, initializing, flow } = vmbus.inspectChannel(channel);
  return { lifecycle, initializing, flow };
};

/** A pair of which nothing is set but what Enable asks for. */
function makePlainPair(onServerPacket: vmbus.EvtChannelProcessPacket) {
  const fabric = createFabric();
  const guest = fabric.createPartition({ name: "guest", memoryPages: 512 });
  const vsp = serverTable(fabric);
  const vsc = clientTable(guest);
  const { channel: server } = vmbus.expectSuccess(vsp.VmbChannelAllocate(fabric.root.device, true));
  const { channel: client } = vmbus.expectSuccess(vsc.VmbChannelAllocate(guest.device, false));
  setVmbus(vsp, server, guest);
  vsp.VmbServerChannelInitSetTargetInterfaceId(server, PAIR_TYPE, PAIR_INSTANCE);
  vsp.VmbChannelInitSetProcessPacketCallbacks(server, onServerPacket, null);
  vsc.VmbClientChannelInitSetTargetPnp(client, PAIR_TYPE, null, null);
  vsc.VmbChannelInitSetProcessPacketCallbacks(client, () => {}, null);
  return { fabric, guest, vsp, vsc, server, client, calls: [] };
}

// kmcl.md S1
Deno.test("VmbChannelAllocate: leaves a channel Disabled and initializing", () => {
  const { server, client } = makePair();
  assertEquals(stateOf(server), { lifecycle: "disabled", initializing: true, flow: "paused" });
  assertEquals(stateOf(client), { lifecycle: "disabled", initializing: true, flow: "active" });
});

// kmcl.md S1
Deno.test("VmbChannelAllocate: gives every channel a pointer of null, an empty name and no instance", () => {
  const { vsp, server, client } = makePair();
  for (const channel of [server, client]) {
    assertEquals(vsp.VmbChannelGetPointer(channel), null);
    assertEquals(vmbus.inspectChannel(channel).friendlyName, "");
    const none = "00000000-0000-0000-0000-000000000000";
    assertEquals(vsp.VmbChannelGetInterfaceInstance(channel), none);
  }
});

// kmcl.md S1: maximum packet size 4096, external data of 65 536 bytes in chains of 16
Deno.test("VmbChannelAllocate: bounds packets and external data as documented", async () => {
  const pair = makePlainPair((_channel, packet) => {
    pair.vsp.VmbChannelPacketComplete(packet, null, 0);
  });
  const { fabric, guest, vsc, client } = pair;
  assertEquals(vsc.VmbChannelEnable(client), vmbus.STATUS_SUCCESS);
  const { memory } = guest;
  const buffer = memory.allocate(17 * 4096);
  const chain = (count: number, bytes: number): vmbus.Mdl => {
    const mdls = Array.from(
      { length: count },
      () => vmbus.IoAllocateMdl(memory, buffer.gpa, bytes),
    );
    mdls.reduce((first, second) => first.next = second);
    return mdls[0] as vmbus.Mdl;
  };
  const send = (byteCount: number, mdl: vmbus.Mdl | null) =>
    vsc.VmbPacketSend(
      vsc.VmbPacketAllocate(client),
      new Uint8Array(5000),
      byteCount,
      mdl,
      WAIT,
    );
  assertEquals(
    names([
      send(4096, null),
      send(4097, null),
      send(0, chain(1, 65_536)),
      send(0, chain(1, 65_537)),
      send(0, chain(16, 4096)),
      send(0, chain(17, 1)),
    ]),
    [
      "STATUS_SUCCESS",
      "STATUS_INVALID_PARAMETER_3",
      "STATUS_SUCCESS",
      "STATUS_INVALID_BUFFER_SIZE",
      "STATUS_SUCCESS",
      "STATUS_INVALID_BUFFER_SIZE",
    ],
  );
  assertGreater(vsc.VmbChannelSizeofPacket(client), 4096 + 8);
  await vsc.VmbChannelDisable(client);
  assertEquals(fabric.violations, []);
});

// kmcl.md S1: rings of 16 + 16 data pages, no MMIO, VTL 0, no quota, RequirePassive false, no callbacks
Deno.test("VmbChannelAllocate: its defaults make a channel that works", async () => {
  const levels: number[] = [];
  const held: vmbus.VMBPACKETCOMPLETION[] = [];
  const pair = makePlainPair((_channel, packet) => {
    levels.push(vmbus.KeGetCurrentIrql());
    held.push(packet);
  });
  const { fabric, vsp, vsc, server, client } = pair;
  enablePair(pair);
  await fabric.settle();
  assertEquals(stateOf(server), { lifecycle: "opened", initializing: false, flow: "active" });
  assertEquals(stateOf(client), { lifecycle: "opened", initializing: false, flow: "active" });
  const { incomingRing, outgoingRing } = vmbus.inspectChannel(client);
  assertEquals([incomingRing?.dataBytes, outgoingRing?.dataBytes], [16 * 4096, 16 * 4096]);
  assertEquals(vsc.VmbChannelGetMmioSpace(client), { mmioAddress: 0n, mmioSize: 0n });
  for (let i = 0; i < 300; i++) {
    vsc.VmbPacketSend(vsc.VmbPacketAllocate(client), null, 0, null, 0);
  }
  await fabric.settle();
  assertEquals(vmbus.inspectChannel(server).outstanding, 300);
  assertEquals(new Set(levels), new Set([2]));
  for (const packet of held) vsp.VmbChannelPacketComplete(packet, null, 0);
  await closePair(pair);
});

// kmcl.md S1: no callbacks
Deno.test("VmbChannelEnable: refuses a channel without ProcessPacket", () => {
  const { fabric, vsp, vsc, server, client } = makePlainPair(() => {});
  const { channel } = vmbus.expectSuccess(vsp.VmbChannelAllocate(fabric.root.device, true));
  vsp.VmbServerChannelInitSetTargetInterfaceId(channel, PAIR_TYPE, PAIR_INSTANCE);
  assertEquals(vsp.VmbChannelEnable(channel), vmbus.STATUS_INVALID_DEVICE_REQUEST);
  assertEquals(stateOf(channel).initializing, true);
  assertEquals(vsp.VmbChannelEnable(server), vmbus.STATUS_SUCCESS);
  assertEquals(vsc.VmbChannelEnable(client), vmbus.STATUS_SUCCESS);
});

// kmcl.md section 5, Enable
Deno.test("VmbChannelEnable: refuses a server without id or VMBus, and a client without target", () => {
  const { fabric, guest, vsp, vsc } = makePair();
  const makers: Record<string, (channel: vmbus.VMBCHANNEL) => void> = {
    nothing: () => {},
    "an id": (channel) =>
      void vsp.VmbServerChannelInitSetTargetInterfaceId(channel, PAIR_TYPE, PAIR_INSTANCE),
    "a VMBus": (channel) => setVmbus(vsp, channel, guest),
  };
  for (const [what, configure] of Object.entries(makers)) {
    const { channel } = vmbus.expectSuccess(vsp.VmbChannelAllocate(fabric.root.device, true));
    vsp.VmbChannelInitSetProcessPacketCallbacks(channel, () => {}, null);
    configure(channel);
    assertEquals(vsp.VmbChannelEnable(channel), vmbus.STATUS_INVALID_DEVICE_REQUEST, what);
    assertEquals(stateOf(channel).initializing, true);
  }
  const { channel } = vmbus.expectSuccess(vsc.VmbChannelAllocate(guest.device, false));
  vsc.VmbChannelInitSetProcessPacketCallbacks(channel, () => {}, null);
  assertEquals(vsc.VmbChannelEnable(channel), vmbus.STATUS_INVALID_DEVICE_REQUEST);
});

// kmcl.md S2: in Disabled only, of either kind
for (const side of SIDES) {
  Deno.test(`VmbChannelEnable: of a ${side} works in Disabled, of either kind, and nowhere else`, async () => {
    const pair = makePair({
      [`${side}Callbacks`]: { EvtChannelClosed: () => pair.fabric.delay(1) },
    });
    const { fabric, vsp, vsc, server, client } = pair;
    const kmcl = side === "server" ? vsp : vsc;
    const channel = pair[side];
    const enable = () => vmbus.ntStatusName(kmcl.VmbChannelEnable(channel));
    assertEquals(enable(), "STATUS_SUCCESS");
    assertEquals(enable(), "STATUS_INVALID_DEVICE_STATE"); // Enabled
    if (side === "server") vsc.VmbChannelEnable(client);
    else vsp.VmbChannelEnable(server);
    await fabric.settle();
    assertEquals(stateOf(channel).lifecycle, "opened");
    assertEquals(enable(), "STATUS_INVALID_DEVICE_STATE");
    const disabled = kmcl.VmbChannelDisable(channel);
    await fabric.settle();
    assertEquals(enable(), "STATUS_INVALID_DEVICE_STATE"); // Closed runs
    await fabric.advance(1);
    await disabled;
    assertEquals(stateOf(channel).lifecycle, "disabled");
    assertEquals(stateOf(channel).initializing, false);
    assertEquals(enable(), "STATUS_SUCCESS"); // torn down
    assertEquals(stateOf(channel).lifecycle, "enabled");
    await closePair(pair);
  });
}

// kmcl.md S2: a server whose guest closed
Deno.test("VmbChannelEnable: refuses a server that is Closed", async () => {
  const pair = await openPair();
  await pair.vsc.VmbChannelDisable(pair.client);
  await pair.fabric.settle();
  assertEquals(stateOf(pair.server).lifecycle, "closed");
  assertEquals(pair.vsp.VmbChannelEnable(pair.server), vmbus.STATUS_INVALID_DEVICE_STATE);
  await closePair(pair);
});

// kmcl.md S2: it returns at once; a client takes an offer that is there, or waits for one
for (const first of SIDES) {
  Deno.test(`VmbChannelEnable: returns at once, also where the ${first} comes first`, async () => {
    const pair = makePair();
    const { fabric, vsp, vsc, server, client, calls } = pair;
    const enable = {
      server: () => vsp.VmbChannelEnable(server),
      client: () => vsc.VmbChannelEnable(client),
    };
    assertEquals(enable[first](), vmbus.STATUS_SUCCESS);
    await fabric.settle();
    assertEquals(stateOf(pair[first]).lifecycle, "enabled");
    assertEquals(calls, []);
    assertEquals(enable[first === "server" ? "client" : "server"](), vmbus.STATUS_SUCCESS);
    assertEquals(calls, []);
    await fabric.settle();
    assertEquals(calls.slice(0, 2), ["server Opened", "client Opened"]);
    await closePair(pair);
  });
}

// kmcl.md S12
for (const side of SIDES) {
  Deno.test(`VmbChannelCleanup: of a ${side} requires Disabled`, async () => {
    const pair = makePair();
    const { fabric, vsp, vsc, server, client } = pair;
    const kmcl = side === "server" ? vsp : vsc;
    const refused = () => {
      const { lifecycle } = stateOf(pair[side]);
      const error = assertThrows(() => kmcl.VmbChannelCleanup(pair[side]), vmbus.VerifierError);
      assertEquals(error.violation.rule, "Cleanup while not Disabled");
      assertEquals(stateOf(pair[side]).lifecycle, lifecycle);
      return lifecycle;
    };
    enablePair(pair);
    assertEquals(refused(), "enabled");
    await fabric.settle();
    assertEquals(refused(), "opened");
    await vsc.VmbChannelDisable(client);
    await fabric.settle();
    if (side === "server") assertEquals(refused(), "closed");
    await vsp.VmbChannelDisable(server);
    vsc.VmbChannelCleanup(client);
    vsp.VmbChannelCleanup(server);
    assertEquals([vmbus.inspectChannel(server), vmbus.inspectChannel(client)], [null, null]);
    assertEquals(fabric.leaks(), []);
  });
}

// kmcl.md S12: also before the first Enable; and in mode "record" it does nothing where it is refused
Deno.test("VmbChannelCleanup: frees a channel that was never enabled, and no other in mode record", () => {
  const { fabric, vsp, vsc, server, client } = makePair({ fabric: { verifier: "record" } });
  vsp.VmbChannelCleanup(server);
  assertEquals(vmbus.inspectChannel(server), null);
  vsc.VmbChannelEnable(client);
  vsc.VmbChannelCleanup(client);
  assertEquals(stateOf(client).lifecycle, "enabled");
  assertEquals(fabric.violations.map(({ rule }) => rule), ["Cleanup while not Disabled"]);
});

// kmcl.md S12: every later use of the handle is use of an invalid handle
Deno.test("VmbChannelCleanup: makes the handle invalid for ever", () => {
  const { fabric, vsp, server } = makePair({ fabric: { verifier: "record" } });
  vsp.VmbChannelCleanup(server);
  assertEquals(vsp.VmbChannelEnable(server), vmbus.STATUS_INVALID_PARAMETER_1);
  vsp.VmbChannelStart(server);
  vsp.VmbChannelCleanup(server);
  assertEquals(vsp.VmbPacketAllocate(server), null);
  assertEquals(
    fabric.violations.map(({ rule, call }) => [rule, call]),
    ["VmbChannelStart", "VmbChannelCleanup", "VmbPacketAllocate"].map((call) => [
      "invalid handle",
      call,
    ]),
  );
});

// kmcl.md S12: packets of a freed channel are no packets either
Deno.test("VmbChannelCleanup: makes the channel's packets invalid", () => {
  const { vsp, server } = makePair();
  const memory = new Uint8Array(vsp.VmbChannelSizeofPacket(server));
  const { packet } = vmbus.expectSuccess(
    vsp.VmbPacketInitialize(server, memory, memory.length),
  );
  vsp.VmbPacketSetCompletionRoutine(packet, () => {});
  vsp.VmbChannelCleanup(server);
  assertEquals(vsp.VmbPacketSend(packet, null, 0, null, 0), vmbus.STATUS_INVALID_PARAMETER_1);
  assertThrows(() => vsp.VmbPacketGetChannel(packet), vmbus.VerifierError, "invalid handle");
});

// kmcl.md S12, section 9 (+): reported, and in mode "record" it continues
Deno.test("VmbChannelCleanup: reports packets that were not freed", () => {
  const { fabric, vsp, server } = makePair({ fabric: { verifier: "record" } });
  vsp.VmbPacketAllocate(server);
  vsp.VmbChannelCleanup(server);
  assertEquals(fabric.violations.map(({ rule }) => rule), [
    "Cleanup with packets of the channel in flight or not freed",
  ]);
  assertEquals(vmbus.inspectChannel(server), null);
});
