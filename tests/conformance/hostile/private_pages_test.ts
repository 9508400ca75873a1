// kmcl.md X17: what an isolated guest has not shared, its host does not read: neither where the guest says it should, nor
// where a driver of the host tries to.

import { assertEquals, assertThrows } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { foreseenRings, rangedPacket, RawGuest } from "../../../simulator/peers/mod.ts";
import {
  makeServer,
  openPair,
  type PairOptions,
  serverTable,
} from "../../support/connected_pair.ts";
import { createFabric } from "../../support/fabric.ts";
import { clientTableV5 } from "../../support/later_tables.ts";

/** A pair whose guest is isolated, and a page of that which it has not shared. */
async function isolatedPair(options: PairOptions = {}) {
  const fabric = createFabric({ codec: "vmbus", ...options.fabric });
  const guest = fabric.createPartition({ name: "guest", memoryPages: 512, isolated: true });
  const secret = guest.memory.allocate(4096);
  guest.memory.write(secret.gpa, Uint8Array.of(1, 2, 3));
  return { pair: await openPair({ ...options, within: { fabric, guest } }), secret };
}

/** What a driver of the host does with a page of its guest. */
const ACCESSES: Readonly<
  Record<string, (memory: vmbus.GuestMemory, gpa: number, mdl: vmbus.Mdl) => unknown>
> = {
  read: (memory, gpa) => [...memory.read(gpa, 3)],
  write: (memory, gpa) => memory.write(gpa, Uint8Array.of(9)),
  view: (_memory, _gpa, mdl) => vmbus.mdlSegments(mdl).length,
};
/** What comes of it where it is only recorded. */
const REFUSED = { read: [0, 0, 0], write: undefined, view: 0 };

for (const [name, access] of Object.entries(ACCESSES)) {
  Deno.test(`GuestMemory: a host's driver that would ${name} a private page is a violation (X17)`, async () => {
    for (const verifier of ["throw", "record"] as const) {
      const results: unknown[] = [];
      const { pair, secret } = await isolatedPair({
        fabric: { verifier },
        onServerPacket: (_channel, packet) => {
          const { memory } = pair.guest;
          const mdl = vmbus.IoAllocateMdl(memory, secret.gpa, 4096);
          const act = () => access(memory, secret.gpa, mdl);
          if (verifier === "record") results.push(act());
          else results.push(assertThrows(act, vmbus.VerifierError).violation.rule);
          pair.vsp.VmbChannelPacketComplete(packet, null, 0);
        },
      });
      const { fabric, guest, vsc, client } = pair;
      vsc.VmbPacketSend(vsc.VmbPacketAllocate(client), null, 0, null, 0);
      await fabric.settle();
      const rule = "host access to a private page";
      assertEquals(results, [verifier === "throw" ? rule : REFUSED[name as keyof typeof REFUSED]]);
      assertEquals(fabric.violations.map((violation) => violation.rule), [rule]);
      assertEquals([...guest.memory.read(secret.gpa, 3)], [1, 2, 3]);
    }
  });
}

Deno.test("GuestMemory: of an isolated guest, its own drivers read all, the host's what is shared (X17)", async () => {
  const results: number[][] = [];
  const { pair, secret } = await isolatedPair({
    onClientPacket: (_channel, packet) => {
      results.push([...pair.guest.memory.read(secret.gpa, 3)]);
      pair.vsc.VmbChannelPacketComplete(packet, null, 0);
    },
    onServerPacket: (_channel, packet) => {
      results.push([...pair.guest.memory.read(secret.gpa, 2)]);
      pair.vsp.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  const { fabric, vsp, vsc, server, client } = pair;
  vsp.VmbPacketSend(vsp.VmbPacketAllocate(server), null, 0, null, 0);
  await fabric.settle();
  assertEquals(results, [[1, 2, 3]]);
  const { gpadlHandle } = vmbus.expectSuccess(
    vsc.VmbChannelCreateGpadlFromBuffer(client, 0, secret, 4096),
  );
  vsc.VmbPacketSend(vsc.VmbPacketAllocate(client), null, 0, null, 0);
  await fabric.settle();
  assertEquals(results, [[1, 2, 3], [1, 2]]);
  await vsc.VmbChannelDeleteGpadl(client, gpadlHandle!);
  assertEquals(fabric.violations, []);
});

// A guest that lies to its host about what it has shared: by packets, GPADLs, and pages for signals.
Deno.test("rangeNotShared: a packet that describes a private page stops its channel (X17)", async () => {
  const fabric = createFabric({ codec: "vmbus" });
  const guest = fabric.createPartition({ name: "guest", memoryPages: 64, isolated: true });
  const rings = foreseenRings(guest.memory, 4, 4);
  const pair = await openPair({
    within: { fabric, guest },
    onServerPacket: "hold",
    client: (_vsc, channel) =>
      void clientTableV5(guest).VmbChannelInitSetBounceBufferSizes(channel, 0, 0),
  });
  const secret = guest.memory.allocate(4096);
  rings.put("upstream", rangedPacket(1, 8, 0, secret.pfns[0]!, 0));
  guest.postInterrupt("toHost", 1);
  await fabric.settle();
  assertEquals(vmbus.inspectChannel(pair.server).fault, "rangeNotShared");
  assertEquals([pair.atServer.held, pair.calls.at(-1)], [[], "server Suspend"]);
});

Deno.test("badGpadl: an isolated guest's GPADL of private pages is refused (X17)", async () => {
  const fabric = createFabric({ codec: "vmbus" });
  const guest = new RawGuest(
    fabric.createPartition({ name: "hostile", memoryPages: 64, isolated: true }),
  );
  const calls: string[] = [];
  const vsp = serverTable(fabric);
  const server = makeServer(vsp, fabric, guest.partition, calls, {});
  vsp.VmbChannelEnable(server);
  guest.open(guest.makeRings(2, 2));
  await fabric.settle();
  const answers = guest.heard.filter(({ message }) => message === "gpadlCreated");
  assertEquals(answers.map((answer) => "status" in answer && answer.status !== 0), [true]);
  const { faults } = fabric.inspect().partitions[1]!;
  assertEquals(faults[0]?.fault, "badGpadl");
  assertEquals(calls, []);
});

Deno.test("initiateContact: an isolated guest's private pages do not become its host's for signals (X17)", async () => {
  for (const isolated of [true, false]) {
    const fabric = createFabric({ codec: "vmbus" });
    const guest = new RawGuest(
      fabric.createPartition({ name: "hostile", memoryPages: 64, isolated }),
    );
    await fabric.settle();
    const page = guest.partition.memory.allocate(8192);
    guest.contact("5.0", {
      parentToChildMonitorGpa: page.gpa + 4096,
      childToParentMonitorGpa: page.gpa + 4096,
    });
    await fabric.settle();
    assertEquals(guest.agreed === null, isolated);
  }
});
