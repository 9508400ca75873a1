// In which states a channel may be saved, and what ends a save (kmcl.md section 8: V6).

import { assert, assertEquals, assertThrows } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  closePair,
  makePair,
  openPair,
  type Pair,
  type PairOptions,
} from "../../support/connected_pair.ts";
import { answerHeld, openSavingPair, type SavingPair, send } from "../../support/saving_server.ts";

const NO_STATE = "STATUS_INVALID_DEVICE_STATE";

function begin({ vsp, server }: Pick<Pair, "vsp" | "server">): string | undefined {
  const status = vsp.VmbChannelSaveBegin(server);
  if (status === vmbus.STATUS_SUCCESS) vsp.VmbChannelSaveEnd(server);
  return vmbus.ntStatusName(status);
}

function go({ vsp, server }: Pick<Pair, "vsp" | "server">): string | undefined {
  return vmbus.ntStatusName(vsp.VmbChannelSaveContinue(server, new Uint8Array(9000), 9000).status);
}

Deno.test("VmbChannelSaveBegin: is for a server that is Paused, and Enabled, Opened or Closed (V6)", async () => {
  const seen: string[] = [];
  const note = (what: string) => () => void seen.push(`${what} ${begin(pair)}`);
  const pair: Pair = makePair({
    serverCallbacks: {
      EvtChannelOpened: () => {
        note("in Opened")();
        return vmbus.STATUS_SUCCESS;
      },
      EvtChannelStarted: note("in Started"),
      EvtChannelPostStarted: note("in PostStarted"),
      EvtChannelSuspend: note("in Suspend"),
      EvtChannelClosed: note("in Closed"),
    },
  });
  const { fabric, vsp, vsc, server, client } = pair;
  note("initializing")();
  vsp.VmbChannelEnable(server);
  note("Enabled, Paused")();
  vsp.VmbChannelStart(server);
  note("Enabled, Active")();
  await vsp.VmbChannelPause(server);
  vsc.VmbChannelEnable(client);
  await fabric.settle();
  note("Opened, Paused")();
  vsp.VmbChannelStart(server);
  await fabric.settle();
  note("Opened, Active")();
  await vsp.VmbChannelPause(server);
  note("Opened, Paused again")();
  await vsc.VmbChannelDisable(client);
  await fabric.settle();
  note("Closed, Paused")();
  vsp.VmbChannelStart(server);
  note("Closed, Active")();
  await vsp.VmbChannelDisable(server);
  note("torn down")();
  assertEquals(seen, [
    `initializing ${NO_STATE}`,
    "Enabled, Paused STATUS_SUCCESS",
    `Enabled, Active ${NO_STATE}`,
    `in Opened ${NO_STATE}`,
    "Opened, Paused STATUS_SUCCESS",
    `in Started ${NO_STATE}`,
    `in PostStarted ${NO_STATE}`,
    `Opened, Active ${NO_STATE}`,
    `in Suspend ${NO_STATE}`,
    "Opened, Paused again STATUS_SUCCESS",
    `in Closed ${NO_STATE}`,
    "Closed, Paused STATUS_SUCCESS",
    `Closed, Active ${NO_STATE}`,
    `torn down ${NO_STATE}`,
  ]);
  vsp.VmbChannelCleanup(server);
  vsc.VmbChannelCleanup(client);
  assertEquals(fabric.leaks(), []);
});

Deno.test("VmbChannelSaveBegin: waits for no packet: one that the driver has keeps Pause from its end (V6)", async () => {
  const pair = await openPair({ onServerPacket: "hold" });
  const { held } = pair.atServer;
  const { fabric, vsp, vsc, server, client } = pair;
  vsc.VmbPacketSend(vsc.VmbPacketAllocate(client), null, 0, null, 0);
  await fabric.settle();
  const paused = vsp.VmbChannelPause(server);
  await fabric.settle();
  assertEquals(begin(pair), NO_STATE);
  vsp.VmbChannelPacketComplete(held[0] ?? null, null, 0);
  await paused;
  assertEquals(begin(pair), "STATUS_SUCCESS");
  await closePair(pair);
});

Deno.test("VmbChannelSaveBegin: may be taken back, but not begun twice (V6)", async () => {
  const pair = await openPair();
  const { vsp, server } = pair;
  await vsp.VmbChannelPause(server);
  assertEquals(vsp.VmbChannelSaveBegin(server), vmbus.STATUS_SUCCESS);
  assertEquals(vsp.VmbChannelSaveBegin(server), vmbus.STATUS_INVALID_DEVICE_STATE);
  assertEquals(go(pair), "STATUS_SUCCESS");
  vsp.VmbChannelSaveEnd(server);
  assertEquals(begin(pair), "STATUS_SUCCESS");
  await closePair(pair);
});

// kmcl.md section 9
Deno.test("VmbChannelSaveContinue: without Begin it has a status, and End is a violation (V6)", async () => {
  for (const verifier of ["throw", "record", "off"] as const) {
    const pair = await openPair({ fabric: { verifier } });
    const { fabric, vsp, server } = pair;
    await vsp.VmbChannelPause(server);
    assertEquals(go(pair), NO_STATE);
    if (verifier === "throw") {
      assertThrows(() => vsp.VmbChannelSaveEnd(server), vmbus.VerifierError, "SaveEnd");
    } else assertEquals(vsp.VmbChannelSaveEnd(server), undefined);
    const rules = verifier === "off" ? [] : ["SaveEnd without SaveBegin"];
    assertEquals(fabric.violations.map(({ rule }) => rule), rules);
    assertEquals(go(pair), NO_STATE);
  }
});

/** Something that happens while a channel is being saved; how the pair must be closed after it. */
interface Change {
  readonly name: string;
  readonly change: (pair: SavingPair) => Promise<unknown> | void;
  /** What Begin gives once the save was ended; null where the server is gone. */
  readonly next: string | undefined;
}

const CHANGES: readonly Change[] = [
  { name: "Start", change: ({ vsp, server }) => vsp.VmbChannelStart(server), next: NO_STATE },
  { name: "Disable", change: ({ vsp, server }) => vsp.VmbChannelDisable(server), next: NO_STATE },
  {
    name: "a client that closes",
    change: async ({ vsc, client, fabric }) => {
      await vsc.VmbChannelDisable(client);
      await fabric.settle();
    },
    next: "STATUS_SUCCESS",
  },
  {
    name: "a guest that crashes",
    change: async ({ guest, fabric }) => {
      guest.crash();
      await fabric.settle();
    },
    next: NO_STATE,
  },
  { name: "a send", change: (pair) => void send(pair, "late"), next: "STATUS_SUCCESS" },
];

for (const { name, change, next } of CHANGES) {
  Deno.test(`VmbChannelSaveContinue: ${name} ends the save, until End has been called (V6)`, async () => {
    // A send after Suspend is a violation, and the packet queues (kmcl.md S6).
    const options: PairOptions = { fabric: { verifier: "record" } };
    const pair = await openSavingPair(options);
    const { vsp, server } = pair;
    await vsp.VmbChannelPause(server);
    assertEquals(vsp.VmbChannelSaveBegin(server), vmbus.STATUS_SUCCESS);
    const first = vsp.VmbChannelSaveContinue(server, new Uint8Array(8), 8);
    assertEquals(first.status, vmbus.STATUS_BUFFER_OVERFLOW);
    await change(pair);
    assertEquals([go(pair), go(pair)], [NO_STATE, NO_STATE]);
    assertEquals(vsp.VmbChannelSaveBegin(server), vmbus.STATUS_INVALID_DEVICE_STATE);
    vsp.VmbChannelSaveEnd(server);
    assertEquals(pair.fabric.violations.filter(({ rule }) => rule.startsWith("SaveEnd")), []);
    assertEquals(begin(pair), next);
    assertEquals(go(pair), NO_STATE);
  });
}

Deno.test("VmbChannelSaveBegin: a guest that is gone is saved no more, also where it never opened (V6)", async () => {
  const pair = makePair();
  const { fabric, guest, vsp, server } = pair;
  vsp.VmbChannelEnable(server);
  assertEquals(vsp.VmbChannelSaveBegin(server), vmbus.STATUS_SUCCESS);
  guest.crash();
  await fabric.settle();
  assertEquals(go(pair), NO_STATE);
  vsp.VmbChannelSaveEnd(server);
  assertEquals(begin(pair), NO_STATE);
});

Deno.test("VmbChannelSaveContinue: a completion that leaves for the ring ends the save (V6)", async () => {
  const pair = await openPair({
    ringPages: [1, 4],
    client: (vsc, channel) => {
      vsc.VmbChannelInitSetMaximumPacketSize(channel, 2000);
      vsc.VmbChannelInitSetMaximumExternalData(channel, 1, 1);
    },
    onServerPacket: "hold",
  });
  const { held } = pair.atServer;
  const { fabric, vsp, vsc, server, client } = pair;
  const wants = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;
  for (let count = 0; count < 4; count++) {
    vsc.VmbPacketSend(vsc.VmbPacketAllocate(client), null, 0, null, wants);
  }
  await fabric.settle();
  await vsc.VmbChannelPause(client); // it reads no completion
  const answer = new Uint8Array(2000);
  for (const packet of held) vsp.VmbChannelPacketComplete(packet, answer, answer.length);
  await vsp.VmbChannelPause(server);
  assert((vmbus.inspectChannel(server)?.queued ?? 0) > 0);
  assertEquals(vsp.VmbChannelSaveBegin(server), vmbus.STATUS_SUCCESS);
  vsc.VmbChannelStart(client); // reads, and so makes room
  await fabric.settle();
  assertEquals(vmbus.inspectChannel(server)?.queued, 0);
  assertEquals(go(pair), NO_STATE);
  vsp.VmbChannelSaveEnd(server);
  assertEquals(begin(pair), "STATUS_SUCCESS");
  await closePair(pair);
});

Deno.test("VmbChannelSaveBegin: a channel that stopped for a fault may be saved (V6)", async () => {
  const pair = await openSavingPair({
    onServerPacket: (_channel, packet) => pair.vsp.VmbChannelPacketFail(packet),
  });
  const { fabric, vsp, vsc, server, client } = pair;
  vsc.VmbPacketSend(vsc.VmbPacketAllocate(client), null, 0, null, 0);
  await fabric.settle();
  await vsp.VmbChannelPause(server);
  assertEquals(vmbus.inspectChannel(server)?.fault, "packetFailed");
  assertEquals(begin(pair), "STATUS_SUCCESS");
  answerHeld(pair);
  await closePair(pair);
});

// api.md section 1: time passes while a callback waits, whatever it called after it began to
Deno.test("VmbChannelSaveContinue: inside a callback that waits, it leaves that wait alone (V4)", async () => {
  const pair = await openSavingPair();
  const { fabric, vsp, guest, server, ends } = pair;
  send(pair, "sent");
  await vsp.VmbChannelPause(server);
  const seen: unknown[] = [];
  const other = makePair({
    within: { fabric, guest },
    instance: "0c7e1f4e-2f52-4c57-8a1e-0d7b4f1c2a34",
    serverCallbacks: {
      EvtChannelOpened: async () => {
        vsp.VmbChannelSaveBegin(server);
        const waits = fabric.delay(5);
        seen.push(go(pair));
        vsp.VmbChannelSaveEnd(server);
        await waits;
        seen.push(fabric.now());
        return vmbus.STATUS_SUCCESS;
      },
    },
  });
  other.vsp.VmbChannelEnable(other.server);
  other.vsc.VmbChannelEnable(other.client);
  await fabric.advance(10);
  assertEquals(seen, ["STATUS_SUCCESS", 5]);
  assertEquals(ends, []);
});
