// kmcl.md X15: callbacks with a context.

import { assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { makePair, openPair, type Pair } from "../../support/connected_pair.ts";
import { serverTableV5 } from "../../support/later_tables.ts";
import { sendPlain, WAIT } from "../../support/sending.ts";

/** An open pair whose server was configured by `configure`, and the table of version 5. */
async function openWith(
  configure: (later: vmbus.KmclServerInterfaceV5, channel: vmbus.VMBCHANNEL) => vmbus.NtStatus,
  fabricOptions: vmbus.FabricOptions = {},
): Promise<{ pair: Pair; later: vmbus.KmclServerInterfaceV5 }> {
  const { fabric, guest } = makePair({ fabric: fabricOptions });
  const later = serverTableV5(fabric);
  const server = (_vsp: unknown, channel: vmbus.VMBCHANNEL) =>
    assertEquals(configure(later, channel), vmbus.STATUS_SUCCESS);
  return { pair: await openPair({ within: { fabric, guest }, server }), later };
}

Deno.test("VmbChannelInitSetProcessPacketCallbacksEx: both callbacks get the context last (X15)", async () => {
  const context = { mine: true };
  const seen: unknown[] = [];
  const { pair } = await openWith((later, channel) =>
    later.VmbChannelInitSetProcessPacketCallbacksEx(
      channel,
      (...given: Parameters<vmbus.EvtChannelProcessPacketEx>) => {
        seen.push([given.length, given[0] === channel, given[2].length, given[3], given[5]]);
        later.VmbChannelPacketComplete(given[1], null, 0);
      },
      (...given: Parameters<vmbus.EvtChannelProcessingCompleteEx>) =>
        void seen.push(given.slice(1)),
      context,
    )
  );
  sendPlain(pair.vsc, pair.client, Uint8Array.of(1, 2), WAIT);
  await pair.fabric.settle();
  assertEquals(seen, [[6, true, 2, 2, context], [1, context]]);
});

Deno.test("VmbChannelInitSetProcessPacketCallbacksEx: the call that came last counts, of either kind (X15)", async () => {
  const seen: string[] = [];
  const { pair } = await openWith((later, channel) => {
    const complete = (packet: vmbus.VMBPACKETCOMPLETION, name: string) => {
      seen.push(name);
      later.VmbChannelPacketComplete(packet, null, 0);
    };
    later.VmbChannelInitSetProcessPacketCallbacksEx(
      channel,
      (_channel, packet) => complete(packet, "ex"),
      () => void seen.push("batch"),
    );
    return later.VmbChannelInitSetProcessPacketCallbacks(
      channel,
      (...given) => complete(given[1], `plain of ${given.length}`),
    );
  });
  sendPlain(pair.vsc, pair.client, Uint8Array.of(1));
  await pair.fabric.settle();
  assertEquals(seen, ["plain of 5"]);
});

Deno.test("VmbPacketSetCompletionRoutineEx: the routine gets its context last, until another one is set (X15)", async () => {
  const { pair: { vsc, client, fabric }, later } = await openWith((table, channel) =>
    table.VmbChannelInitSetMaximumPacketCount(channel, 9)
  );
  const seen: unknown[] = [];
  const note = (
    ...given: Parameters<vmbus.EvtPacketCompletionRoutine | vmbus.EvtPacketCompletionRoutineEx>
  ) => void seen.push(given.slice(4));
  const send = async (packet: vmbus.VMBPACKET | null) => {
    vsc.VmbPacketSend(packet, null, 0, null, WAIT);
    await fabric.settle();
  };
  const packet = vsc.VmbPacketAllocate(client);
  later.VmbPacketSetCompletionRoutineEx(packet, note, "first");
  await send(packet);
  await send(packet);
  later.VmbPacketSetCompletionRoutineEx(packet, note); // none is null
  await send(packet);
  vsc.VmbPacketSetCompletionRoutine(packet, note);
  await send(packet);
  vsc.VmbPacketFree(packet);
  const next = vsc.VmbPacketAllocate(client); // the same object: nothing is left of the routine
  await send(next);
  assertEquals(seen, [["first"], ["first"], [null], []]);
  const size = vsc.VmbChannelSizeofPacket(client);
  const memory = new Uint8Array(size);
  const made = vmbus.expectSuccess(vsc.VmbPacketInitialize(client, memory, size)).packet;
  later.VmbPacketSetCompletionRoutineEx(made, note, 3);
  await send(made);
  assertEquals(seen.at(-1), [3]);
});

Deno.test("VmbPacketSetCompletionRoutineEx: no packet, and no function, are violations (X15)", async () => {
  const { pair: { vsc, client, fabric }, later } = await openWith(
    (table, channel) => table.VmbChannelInitSetMaximumPacketCount(channel, 9),
    { verifier: "record" },
  );
  const packet = vsc.VmbPacketAllocate(client);
  const seen: unknown[] = [];
  vsc.VmbPacketSetCompletionRoutine(packet, (...given) => void seen.push(given.length));
  later.VmbPacketSetCompletionRoutineEx(packet, null as never, 1);
  later.VmbPacketSetCompletionRoutineEx(null, () => {}, 1);
  vsc.VmbPacketSend(packet, null, 0, null, WAIT);
  await fabric.settle();
  assertEquals(seen, [4]); // a refused call changes nothing
  assertEquals(fabric.violations.map(({ rule, call }) => [rule, call]), [
    ["invalid argument", "VmbPacketSetCompletionRoutineEx"],
    ["invalid handle", "VmbPacketSetCompletionRoutineEx"],
  ]);
});

Deno.test("VmbServerChannelInitSetSaveRestorePacketCallbacksEx: the call that came last counts for both callbacks (X15)", async () => {
  const seen: unknown[] = [];
  for (const order of [["plain", "ex"], ["ex", "plain"]]) {
    const { fabric, guest } = makePair();
    const later = serverTableV5(fabric);
    const configure = (vsp: vmbus.KmclServerInterfaceV1, channel: vmbus.VMBCHANNEL) => {
      for (const name of order) {
        const save = (...given: unknown[]) => {
          seen.push([name, "save", ...given.slice(4)]);
          return { status: vmbus.STATUS_SUCCESS, bytesNeeded: 0 };
        };
        const restore = (...given: Parameters<vmbus.EvtChannelRestorePacket>) => {
          seen.push([name, "restore", ...given.slice(5)]);
          return vsp.VmbPacketRestore(vsp.VmbPacketAllocate(given[0]), given[1], given[2]);
        };
        // A context that is left out is null.
        if (name === "plain") {
          vsp.VmbServerChannelInitSetSaveRestorePacketCallbacks(channel, save, restore);
        } else later.VmbServerChannelInitSetSaveRestorePacketCallbacksEx(channel, save, restore);
      }
    };
    const within = { fabric, guest };
    const pair = await openPair({ within, server: configure, onClientPacket: "hold" });
    const { vsp, server } = pair;
    vsp.VmbPacketSend(vsp.VmbPacketAllocate(server), null, 0, null, WAIT);
    await fabric.settle();
    const bytes = await vmbus.saveServerChannel(vsp, server);
    const again = makePair({ within: pair, server: configure });
    assertEquals(vmbus.restoreServerChannel(vsp, again.server, bytes), vmbus.STATUS_SUCCESS);
  }
  assertEquals(seen, [
    ["ex", "save", null],
    ["ex", "restore", null],
    ["plain", "save"],
    ["plain", "restore"],
  ]);
});
