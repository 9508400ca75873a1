/**
 * Pause and Suspend (kmcl.md S7, S8).
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  closePair,
  enablePair,
  makePair,
  openPair,
  type Pair,
} from "../../support/connected_pair.ts";
import { runSteps } from "../../support/run_steps.ts";
import { type Ended, notedPacket, sendPlain, WAIT } from "../../support/sending.ts";

const SIDES = ["server", "client"] as const;
type Side = typeof SIDES[number];

const tableOf = (pair: Pair, side: Side) => side === "server" ? pair.vsp : pair.vsc;
const otherOf = (side: Side): Side => side === "server" ? "client" : "server";
const flowOf = (channel: vmbus.VMBCHANNEL) => vmbus.inspectChannel(channel).flow;

/** Whether the call has returned by now. */
function watch(call: Promise<void>): { hasReturned: boolean } {
  const watched = { hasReturned: false };
  call.then(() => watched.hasReturned = true);
  return watched;
}

/** A pair of which `side` holds every packet. */
async function openHolding(side: Side): Promise<{
  pair: Pair;
  held: vmbus.VMBPACKETCOMPLETION[];
}> {
  const pair = await openPair(
    side === "server" ? { onServerPacket: "hold" } : { onClientPacket: "hold" },
  );
  pair.calls.length = 0;
  const { held } = side === "server" ? pair.atServer : pair.atClient;
  return { pair, held };
}

for (const side of SIDES) {
  // kmcl.md S8
  Deno.test(`VmbChannelPause: of a ${side} resolves when Suspend was called and nothing is outstanding`, async () => {
    const { pair, held } = await openHolding(side);
    const { fabric, calls } = pair;
    const kmcl = tableOf(pair, side);
    for (let i = 0; i < 2; i++) {
      sendPlain(tableOf(pair, otherOf(side)), pair[otherOf(side)], new Uint8Array(1));
    }
    await fabric.settle();
    assertEquals(held.length, 2);
    const paused = watch(kmcl.VmbChannelPause(pair[side]));
    assertEquals(flowOf(pair[side]), "paused");
    assertEquals(calls, []); // Pause schedules
    await fabric.settle();
    assertEquals([calls, paused.hasReturned], [[`${side} Suspend`], false]);
    kmcl.VmbChannelPacketComplete(held[0] ?? null, null, 0);
    await fabric.settle();
    assertEquals(paused.hasReturned, false);
    kmcl.VmbChannelPacketComplete(held[1] ?? null, null, 0);
    await fabric.settle();
    assertEquals([calls, paused.hasReturned], [[`${side} Suspend`], true]);
    assertEquals(vmbus.inspectChannel(pair[side]).lifecycle, "opened");
    await closePair(pair);
  });

  // kmcl.md S8: what it has sent itself it need not wait for, and could not: no completion is taken
  Deno.test(`VmbChannelPause: of a ${side} does not wait for the packets that it sent`, async () => {
    const other = otherOf(side);
    const { pair, held } = await openHolding(other);
    const { fabric } = pair;
    const kmcl = tableOf(pair, side);
    const ends: Ended[] = [];
    const packet = notedPacket(kmcl, pair[side], ends);
    kmcl.VmbPacketSend(packet, Uint8Array.of(1), 1, null, WAIT);
    await fabric.settle();
    const paused = watch(kmcl.VmbChannelPause(pair[side]));
    await fabric.settle();
    assertEquals([held.length, paused.hasReturned], [1, true]);
    tableOf(pair, other).VmbChannelPacketComplete(held[0] ?? null, null, 0);
    await fabric.settle();
    assertEquals(ends, []); // it waits in the ring
    kmcl.VmbChannelStart(pair[side]);
    await fabric.settle();
    assertEquals(ends.map(({ status }) => status), [vmbus.STATUS_SUCCESS]);
    kmcl.VmbPacketFree(packet);
    await closePair(pair);
  });

  // kmcl.md S8: Suspend has returned, too, when Pause has
  Deno.test(`VmbChannelPause: of a ${side} waits for a slow Suspend`, async () => {
    const pair = await openPair({
      [`${side}Callbacks`]: { EvtChannelSuspend: () => pair.fabric.delay(4) },
    });
    const paused = watch(tableOf(pair, side).VmbChannelPause(pair[side]));
    await pair.fabric.advance(3);
    assertEquals(paused.hasReturned, false);
    await pair.fabric.advance(1);
    assertEquals(paused.hasReturned, true);
    await closePair(pair);
  });

  // kmcl.md S8: at once where there is nothing to stop
  Deno.test(`VmbChannelPause: of a ${side} that is not Opened, or is Paused, returns at once`, async () => {
    const pair = makePair();
    const { fabric, calls } = pair;
    const kmcl = tableOf(pair, side);
    const pause = async (): Promise<void> => {
      calls.length = 0;
      await kmcl.VmbChannelPause(pair[side]);
      assertEquals(calls, []);
      assertEquals(flowOf(pair[side]), "paused");
    };
    await pause(); // Disabled, initializing
    kmcl.VmbChannelEnable(pair[side]);
    await pause(); // Enabled
    kmcl.VmbChannelStart(pair[side]);
    await pause();
    tableOf(pair, otherOf(side)).VmbChannelEnable(pair[otherOf(side)]);
    await fabric.settle();
    assertEquals(vmbus.inspectChannel(pair[side]).lifecycle, "opened");
    await pause(); // Opened, never started
    kmcl.VmbChannelStart(pair[side]);
    await fabric.settle();
    await kmcl.VmbChannelPause(pair[side]);
    assertEquals(calls.filter((call) => call === `${side} Suspend`).length, 1);
    await pause(); // Paused
    await kmcl.VmbChannelDisable(pair[side]);
    await pause(); // torn down
    await closePair(pair);
  });

  // kmcl.md S8: in Disabled it makes the channel pause by itself when it is next enabled
  for (const kind of ["initializing", "torn down"]) {
    Deno.test(`VmbChannelPause: of a ${side} that is Disabled (${kind}) holds for the next Enable`, async () => {
      const pair = makePair();
      const { fabric, vsp, vsc, server, client, calls } = pair;
      if (kind === "torn down") {
        enablePair(pair);
        await fabric.settle();
        await vsc.VmbChannelDisable(client);
        await vsp.VmbChannelDisable(server);
        calls.length = 0;
      }
      await tableOf(pair, side).VmbChannelPause(pair[side]);
      vsp.VmbChannelEnable(server);
      vsc.VmbChannelEnable(client);
      await fabric.settle();
      assertEquals(flowOf(pair[side]), "paused");
      assertEquals(calls.filter((call) => call.startsWith(side)), [`${side} Opened`]);
      tableOf(pair, side).VmbChannelStart(pair[side]);
      await fabric.settle();
      assertEquals(calls.filter((call) => call.startsWith(side)).slice(1), [
        `${side} Started`,
        `${side} PostStarted`,
      ]);
      await closePair(pair);
    });
  }

  // kmcl.md S8: Pause is local; what the opposite side sends stays in the ring, and so do completions
  Deno.test(`VmbChannelPause: of a ${side} takes nothing from its ring, and tells nobody`, async () => {
    const received: number[] = [];
    const note: vmbus.EvtChannelProcessPacket = (_channel, packet, buffer) => {
      received.push(buffer[0] ?? -1);
      pair.vsp.VmbChannelPacketComplete(packet, null, 0);
    };
    const pair = await openPair(
      side === "server" ? { onServerPacket: note } : { onClientPacket: note },
    );
    const { fabric, calls } = pair;
    const kmcl = tableOf(pair, side);
    const other = otherOf(side);
    const ends: Ended[] = [];
    const packet = notedPacket(kmcl, pair[side], ends);
    assertEquals(kmcl.VmbPacketSend(packet, null, 0, null, WAIT), vmbus.STATUS_SUCCESS);
    calls.length = 0;
    await kmcl.VmbChannelPause(pair[side]); // before anything could be answered
    sendPlain(tableOf(pair, other), pair[other], Uint8Array.of(5));
    await fabric.settle();
    assertEquals([received, ends], [[], []]);
    assertEquals(calls, [`${side} Suspend`]);
    assertEquals([flowOf(pair[other]), vmbus.inspectChannel(pair[other]).queued], ["active", 0]);
    const { incomingRing } = vmbus.inspectChannel(pair[side]);
    assertEquals((incomingRing?.usedBytes ?? 0) > 0, true);
    kmcl.VmbChannelStart(pair[side]);
    await fabric.settle();
    assertEquals([received, ends.length], [[5], 1]);
    kmcl.VmbPacketFree(packet);
    await closePair(pair);
  });

  // kmcl.md S7: no ProcessPacket from Suspend's call on, whatever was due
  Deno.test(`EvtChannelSuspend: of a ${side} comes before any packet that was not delivered yet`, async () => {
    const log: string[] = [];
    const pair = await openPair({
      [side === "server" ? "onServerPacket" : "onClientPacket"]: (
        _channel: vmbus.VMBCHANNEL,
        packet: vmbus.VMBPACKETCOMPLETION,
      ) => {
        log.push("packet");
        pair.vsp.VmbChannelPacketComplete(packet, null, 0);
      },
      [`${side}Callbacks`]: {
        EvtChannelSuspend: async () => {
          log.push("Suspend");
          const other = otherOf(side);
          if (log.length === 1) sendPlain(tableOf(pair, other), pair[other], new Uint8Array(1));
          await pair.fabric.delay(1);
        },
        EvtChannelStarted: () => void log.push("Started"),
      },
    });
    log.length = 0;
    const kmcl = tableOf(pair, side);
    await kmcl.VmbChannelPause(pair[side]);
    await pair.fabric.settle();
    assertEquals(log, ["Suspend"]);
    kmcl.VmbChannelStart(pair[side]);
    await pair.fabric.settle();
    assertEquals(log, ["Suspend", "Started", "packet"]);
    await closePair(pair);
  });

  // kmcl.md S7: deferred packets go back to the ring, and are parsed anew
  Deno.test(`EvtChannelSuspend: of a ${side} sends deferred packets back to the ring`, async () => {
    const log: string[] = [];
    let isDeferring = true;
    const pair = await openPair({
      [side === "server" ? "onServerPacket" : "onClientPacket"]: (
        _channel: vmbus.VMBCHANNEL,
        packet: vmbus.VMBPACKETCOMPLETION,
        buffer: Uint8Array,
      ) => {
        log.push(`${isDeferring ? "deferred" : "done"} ${buffer[0]}`);
        if (isDeferring) pair.vsp.VmbChannelPacketDeferToPassive(packet);
        else pair.vsp.VmbChannelPacketComplete(packet, null, 0);
      },
    });
    const { fabric } = pair;
    const kmcl = tableOf(pair, side);
    const other = otherOf(side);
    for (const byte of [3, 4]) sendPlain(tableOf(pair, other), pair[other], Uint8Array.of(byte));
    while (log.length === 0) await runSteps(fabric, 1);
    await kmcl.VmbChannelPause(pair[side]);
    assertEquals(log, ["deferred 3"]);
    assertEquals(vmbus.inspectChannel(pair[side]).outstanding, 0);
    isDeferring = false;
    kmcl.VmbChannelStart(pair[side]);
    await fabric.settle();
    assertEquals(log, ["deferred 3", "done 3", "done 4"]);
    await closePair(pair);
  });

  // kmcl.md S7: so do those whose external data is pending
  if (side === "client") continue; // only a guest donates memory
  Deno.test("EvtChannelSuspend: sends a packet with pending external data back to the ring", async () => {
    const log: (string | undefined)[] = [];
    const pair = await openPair({
      onServerPacket: (_channel, packet) => {
        const { status } = pair.vsp.VmbChannelPacketGetExternalData(packet, 0);
        log.push(vmbus.ntStatusName(status));
        if (status === vmbus.STATUS_SUCCESS) pair.vsp.VmbChannelPacketComplete(packet, null, 0);
      },
    });
    const { fabric, guest, vsp, vsc, server, client } = pair;
    const buffer = guest.memory.allocate(4096);
    const mdl = vmbus.IoAllocateMdl(guest.memory, buffer.gpa, 4096);
    guest.memory.pageOut(buffer.gpa, 4096);
    const ends: Ended[] = [];
    const packet = notedPacket(vsc, client, ends);
    assertEquals(vsc.VmbPacketSend(packet, null, 0, mdl, WAIT), vmbus.STATUS_SUCCESS);
    while (log.length === 0) await runSteps(fabric, 1);
    await vsp.VmbChannelPause(server);
    await fabric.settle();
    assertEquals([log, ends.length], [["STATUS_PENDING"], 0]);
    vsp.VmbChannelStart(server);
    await fabric.settle();
    // Its pages were brought in while the server was paused, or are now.
    assertEquals([log.at(-1), ends.length], ["STATUS_SUCCESS", 1]);
    vsc.VmbPacketFree(packet);
    guest.memory.free(buffer);
    await closePair(pair);
  });
}

for (const side of SIDES) {
  // kmcl.md S8: Start calls a pause off, which then still has to come to rest once
  Deno.test(`VmbChannelStart: of a ${side} that is pausing lets Pause return, and starts again`, async () => {
    const { pair, held } = await openHolding(side);
    const { fabric, calls } = pair;
    const kmcl = tableOf(pair, side);
    sendPlain(tableOf(pair, otherOf(side)), pair[otherOf(side)], new Uint8Array(1));
    await fabric.settle();
    const paused = watch(kmcl.VmbChannelPause(pair[side]));
    await fabric.settle();
    kmcl.VmbChannelStart(pair[side]);
    assertEquals(flowOf(pair[side]), "active");
    await fabric.settle();
    assertEquals([calls, paused.hasReturned], [[`${side} Suspend`], false]);
    kmcl.VmbChannelPacketComplete(held[0] ?? null, null, 0);
    await fabric.settle();
    assertEquals(paused.hasReturned, true);
    assertEquals(calls, [`${side} Suspend`, `${side} Started`, `${side} PostStarted`]);
    await closePair(pair);
  });
}
