// kmcl.md S16: drainAndDisable. What was sent before it is read, or the time is up.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { FEATURE_BITS_OFFSET, READ_INDEX_OFFSET } from "../../../core/ring/layout.ts";
import * as vmbus from "../../../mod.ts";
import { closePair, openPair, type Pair, type PairOptions } from "../../support/connected_pair.ts";
import { endpointBehind } from "../../support/endpoints.ts";
import {
  type Ended,
  freeAll,
  names,
  notedPacket,
  pattern,
  sendPlain,
  WAIT,
} from "../../support/sending.ts";

type Side = "server" | "client";
const SIDES: readonly Side[] = ["server", "client"];
/** A second of virtual time. */
const SECOND = { timeout100ns: 10_000_000 };

const otherOf = (side: Side): Side => side === "server" ? "client" : "server";
const tableOf = (pair: Pair, side: Side): vmbus.KmclClientInterfaceV1 =>
  side === "server" ? pair.vsp : pair.vsc;

/** Has `side` drained; what it is told, by name. */
async function drain(pair: Pair, side: Side, options = SECOND): Promise<string | undefined> {
  return vmbus.ntStatusName(
    await vmbus.drainAndDisable(tableOf(pair, side), pair[side], options),
  );
}

/** The options of a pair whose `side` has a ProcessPacket of the test's. */
function receiving(side: Side, onPacket: vmbus.EvtChannelProcessPacket): PairOptions {
  return side === "server" ? { onServerPacket: onPacket } : { onClientPacket: onPacket };
}

const PIPE: PairOptions = {
  server: (vsp, channel) => {
    vmbus.expectSuccess(
      vsp.VmbServerChannelInitSetFlags(channel, vmbus.VMBUS_SERVER_CHANNEL_INIT_FLAG_OFFER_AS_PIPE),
    );
  },
  client: (vsc, channel) => {
    vmbus.expectSuccess(
      vsc.VmbChannelInitSetFlags(channel, vmbus.VMBUS_CHANNEL_INIT_FLAG_IS_PIPE),
    );
  },
};

/** Rings of one page. */
const SMALL: PairOptions = {
  ringPages: [1, 1],
  client: (vsc, channel) => {
    vmbus.expectSuccess(vsc.VmbChannelInitSetMaximumPacketSize(channel, 512));
    vmbus.expectSuccess(vsc.VmbChannelInitSetMaximumExternalData(channel, 8, 1));
  },
};

for (const side of SIDES) {
  for (const [kind, options] of [["a pipe", PIPE], ["packets", {}]] as const) {
    Deno.test(`drainAndDisable: what a ${side} sent last arrives, in every order (${kind})`, async () => {
      const schedules: readonly vmbus.FabricOptions[] = [
        { schedule: "fifo" },
        ...[1, 7, 20, 49].map((seed) => ({ schedule: "random", seed } as const)),
      ];
      for (const fabric of schedules) {
        const got: number[] = [];
        const pair = await openPair({
          ...options,
          ...receiving(otherOf(side), (_channel, packet, buffer) => {
            got.push(buffer[0]!);
            tableOf(pair, otherOf(side)).VmbChannelPacketComplete(packet, null, 0);
          }),
          fabric,
          partition: { processors: 2 },
        });
        for (let at = 0; at < 10; at++) {
          sendPlain(tableOf(pair, side), pair[side], Uint8Array.of(at));
        }
        assertEquals(await drain(pair, side), "STATUS_SUCCESS");
        assertEquals(vmbus.inspectChannel(pair[side]).lifecycle, "disabled");
        assertEquals(pair.fabric.now(), 0); // nobody waited for time to pass
        await pair.fabric.settle();
        assertEquals(got, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        await closePair(pair);
      }
    });
  }

  Deno.test(`drainAndDisable: a ${side} waits for packets that queue, and that are deferred`, async () => {
    const got: number[] = [];
    const deferred = new Set<number>();
    const pair = await openPair({
      ...SMALL,
      ...receiving(otherOf(side), (_channel, packet, buffer) => {
        const table = tableOf(pair, otherOf(side));
        if (!deferred.has(buffer[0]!)) {
          deferred.add(buffer[0]!);
          return table.VmbChannelPacketDeferToPassive(packet);
        }
        got.push(buffer[0]!);
        table.VmbChannelPacketComplete(packet, null, 0);
      }),
    });
    for (let at = 0; at < 50; at++) {
      sendPlain(tableOf(pair, side), pair[side], pattern(400).fill(at));
    }
    assert(vmbus.inspectChannel(pair[side]).queued > 0);
    assertEquals(await drain(pair, side), "STATUS_SUCCESS");
    await pair.fabric.settle();
    assertEquals(got, Array.from({ length: 50 }, (_, at) => at));
    await closePair(pair);
  });

  Deno.test(`drainAndDisable: transactions that a ${side} began end with their answers`, async () => {
    const pair = await openPair({
      ...receiving(otherOf(side), (_channel, packet) => {
        pair.fabric.delay(3).then(() =>
          tableOf(pair, otherOf(side)).VmbChannelPacketComplete(packet, Uint8Array.of(7), 1)
        );
      }),
    });
    const ends: Ended[] = [];
    const packets = [0, 1, 2].map(() => notedPacket(tableOf(pair, side), pair[side], ends));
    for (const packet of packets) tableOf(pair, side).VmbPacketSend(packet, null, 0, null, WAIT);
    assertEquals(await drain(pair, side), "STATUS_SUCCESS");
    assertEquals(pair.fabric.now(), 3);
    assertEquals(names(ends.map(({ status }) => status)), Array(3).fill("STATUS_SUCCESS"));
    freeAll(tableOf(pair, side), packets);
    await closePair(pair);
  });

  Deno.test(`drainAndDisable: answers that a ${side} gives once it is told to suspend arrive`, async () => {
    const held: vmbus.VMBPACKETCOMPLETION[] = [];
    const complete = () => {
      for (const packet of held.splice(0)) {
        tableOf(pair, side).VmbChannelPacketComplete(packet, Uint8Array.of(9), 1);
      }
    };
    const pair = await openPair({
      ...receiving(side, (_channel, packet) => void held.push(packet)),
      [`${side}Callbacks`]: { EvtChannelSuspend: complete },
    });
    const asker = tableOf(pair, otherOf(side));
    const ends: Ended[] = [];
    const packets = [0, 1].map(() => notedPacket(asker, pair[otherOf(side)], ends));
    for (const packet of packets) asker.VmbPacketSend(packet, null, 0, null, WAIT);
    pair.calls.length = 0;
    assertEquals(await drain(pair, side), "STATUS_SUCCESS");
    await pair.fabric.settle();
    assertEquals(ends.map(({ answer }) => answer), [[9], [9]]);
    assertEquals(pair.calls.filter((call) => call.startsWith(side)), [
      `${side} Suspend`,
      `${side} Closed`,
    ]);
    freeAll(asker, packets);
    await closePair(pair);
  });

  Deno.test(`drainAndDisable: what had arrived at a ${side} is given to its driver`, async () => {
    let got = 0;
    const pair = await openPair(receiving(side, (_channel, packet) => {
      got++;
      tableOf(pair, side).VmbChannelPacketComplete(packet, null, 0);
    }));
    const other = otherOf(side);
    for (let at = 0; at < 5; at++) sendPlain(tableOf(pair, other), pair[other], Uint8Array.of(at));
    assertEquals(await drain(pair, side), "STATUS_SUCCESS");
    assertEquals(got, 5);
    await closePair(pair);
  });

  Deno.test(`drainAndDisable: a ${side} whose peer is Paused waits until its time is up`, async () => {
    const pair = await openPair();
    const other = otherOf(side);
    await tableOf(pair, other).VmbChannelPause(pair[other]);
    sendPlain(tableOf(pair, side), pair[side], Uint8Array.of(1));
    assertEquals(await drain(pair, side, { timeout100ns: 20_000 }), "STATUS_CANCELLED");
    assertEquals(pair.fabric.now(), 2);
    assertEquals(vmbus.inspectChannel(pair[side]).lifecycle, "disabled");
    await closePair(pair);
  });

  Deno.test(`drainAndDisable: a ${side} does not wait for what is sent after it`, async () => {
    // Both sides keep each other busy for ever: neither ring is ever still.
    const next = (from: Side): vmbus.EvtChannelProcessPacket => (_channel, packet) => {
      const table = tableOf(pair, from);
      table.VmbChannelPacketComplete(packet, null, 0);
      if (!isOver) sendPlain(table, pair[from], Uint8Array.of(1));
    };
    let isOver = false;
    const suspend = { EvtChannelSuspend: () => void (isOver = true) };
    const pair = await openPair({
      onServerPacket: next("server"),
      onClientPacket: next("client"),
      serverCallbacks: suspend,
      clientCallbacks: suspend,
    });
    for (let at = 0; at < 4; at++) {
      sendPlain(tableOf(pair, side), pair[side], Uint8Array.of(at));
    }
    assertEquals(await drain(pair, side), "STATUS_SUCCESS");
    assertEquals(pair.fabric.now(), 0);
    await closePair(pair);
  });

  Deno.test(`drainAndDisable: a ${side} whose peer closes first hears whether it had read`, async () => {
    for (const isRead of [false, true]) {
      const pair = await openPair();
      const other = otherOf(side);
      await tableOf(pair, other).VmbChannelPause(pair[other]);
      if (!isRead) sendPlain(tableOf(pair, side), pair[side], Uint8Array.of(1));
      const status = drain(pair, side);
      await tableOf(pair, other).VmbChannelDisable(pair[other]);
      assertEquals(await status, isRead ? "STATUS_SUCCESS" : "STATUS_DEVICE_REMOVED");
      await closePair(pair);
    }
  });

  Deno.test(`drainAndDisable: a ${side} whose peer spoils the ring is disabled`, async () => {
    const pair = await openPair();
    const other = otherOf(side);
    await tableOf(pair, other).VmbChannelPause(pair[other]);
    sendPlain(tableOf(pair, side), pair[side], Uint8Array.of(1));
    const { rings } = endpointBehind(pair[side]);
    rings?.outgoing.store(READ_INDEX_OFFSET, 5);
    assertEquals(await drain(pair, side), "STATUS_DEVICE_REMOVED");
    assertEquals(pair.fabric.now(), 0);
    await closePair(pair);
  });
}

Deno.test("drainAndDisable: a peer that reads and does not signal is believed when the time is up", async () => {
  const pair = await openPair();
  endpointBehind(pair.server).rings?.outgoing.store(FEATURE_BITS_OFFSET, 0);
  sendPlain(pair.vsp, pair.server, Uint8Array.of(1));
  assertEquals(await drain(pair, "server", { timeout100ns: 50_000 }), "STATUS_SUCCESS");
  assertEquals(pair.fabric.now(), 5);
  await closePair(pair);
});

Deno.test("drainAndDisable: a guest that stands still, or is gone, holds up nobody for ever", async () => {
  const still = await openPair();
  sendPlain(still.vsp, still.server, Uint8Array.of(1));
  still.guest.pause();
  assertEquals(await drain(still, "server", { timeout100ns: 10_000 }), "STATUS_CANCELLED");
  assertEquals(still.fabric.now(), 1);

  const gone = await openPair();
  sendPlain(gone.vsp, gone.server, Uint8Array.of(1));
  const status = drain(gone, "server");
  gone.guest.crash();
  assertEquals(await status, "STATUS_DEVICE_REMOVED");
  const own = await openPair();
  await own.vsp.VmbChannelPause(own.server);
  sendPlain(own.vsc, own.client, Uint8Array.of(1));
  const asked = drain(own, "client");
  own.guest.crash();
  assertEquals(await asked, "STATUS_DEVICE_REMOVED");
});

Deno.test("drainAndDisable: what was queued before the channel opened is read once it is open", async () => {
  const pair = await openPair();
  const other = await vmbus.drainAndDisable(pair.vsc, pair.client, SECOND);
  assertEquals(other, vmbus.STATUS_SUCCESS);
  await pair.fabric.settle();
  vmbus.expectSuccess(pair.vsc.VmbChannelEnable(pair.client));
  const ends: Ended[] = [];
  const packet = notedPacket(pair.vsc, pair.client, ends);
  assertEquals(pair.vsc.VmbPacketSend(packet, null, 0, null, WAIT), vmbus.STATUS_SUCCESS);
  assertEquals(await drain(pair, "client"), "STATUS_SUCCESS");
  assertEquals(names(ends.map(({ status }) => status)), ["STATUS_SUCCESS"]);
  freeAll(pair.vsc, [packet]);
  await closePair(pair);
});

Deno.test("drainAndDisable: several callers, and a plain Disable beside them, all come to an end", async () => {
  const pair = await openPair();
  await pair.vsc.VmbChannelPause(pair.client);
  sendPlain(pair.vsp, pair.server, Uint8Array.of(1));
  const statuses = [
    drain(pair, "server", { timeout100ns: 10_000 }),
    drain(pair, "server", { timeout100ns: 90_000 }),
  ];
  assertEquals(await Promise.all(statuses), ["STATUS_CANCELLED", "STATUS_DEVICE_REMOVED"]);
  assertEquals(pair.fabric.now(), 1);
  assertEquals(await drain(pair, "server"), "STATUS_SUCCESS"); // it is Disabled already
  await closePair(pair);
});

Deno.test("drainAndDisable: is refused where VmbChannelDisable is, and without a bound", async () => {
  const outcomes: (string | undefined)[] = [];
  const pair: Pair = await openPair({
    fabric: { verifier: "record" },
    clientCallbacks: {
      EvtChannelSuspend: async () => void outcomes.push(await drain(pair, "client")),
    },
    onServerPacket: (_channel, packet) => {
      drain(pair, "server").then((status) => outcomes.push(status));
      pair.vsp.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  const { vsc, client, fabric } = pair;
  sendPlain(vsc, client, Uint8Array.of(1));
  await fabric.settle();
  await vsc.VmbChannelPause(client);
  assertEquals(outcomes, ["STATUS_INVALID_DEVICE_REQUEST", "STATUS_INVALID_DEVICE_REQUEST"]);
  assertEquals(fabric.violations.map(({ rule, call }) => [rule, call]), [
    ["waiting call at DISPATCH_LEVEL", "VmbChannelDisable"],
    ["selfWait", "VmbChannelDisable"],
  ]);
  const loose = vmbus.drainAndDisable as (...args: unknown[]) => Promise<number>;
  for (const options of [undefined, null, {}, { timeout100ns: -1 }, { timeout100ns: 1.5 }]) {
    assertEquals(await loose(vsc, client, options), vmbus.STATUS_INVALID_PARAMETER_2);
  }
  assertEquals(await loose(vsc, null, SECOND), vmbus.STATUS_INVALID_PARAMETER_1);
  const strict = await openPair();
  await assertRejects(() => loose(strict.vsc, {}, SECOND), vmbus.VerifierError, "invalid handle");
});

// api.md section 1: awaited again after the program drove, it drives, and is told what holds it up.
Deno.test("drainAndDisable: is a wait like any other, also where it was begun before settle()", async () => {
  const pair = await openPair({ onServerPacket: () => {} });
  const { vsc, vsp, client, server, fabric } = pair;
  vsc.VmbPacketSend(vsc.VmbPacketAllocate(client), null, 0, null, WAIT);
  await fabric.settle();
  const drained = vmbus.drainAndDisable(vsp, server, SECOND);
  await fabric.settle();
  await assertRejects(
    () => drained,
    vmbus.VerifierError,
    "packet 0 of channel 1 (server) is held by its driver since t = 0 ms",
  );
});

// I1: a channel of another fabric is none, as in every function of the table.
Deno.test("drainAndDisable: with the table of another fabric it blames the call, and touches nothing", async () => {
  const [pair, other] = [await openPair(), await openPair()];
  const error = await assertRejects(
    () => vmbus.drainAndDisable(other.vsc, pair.client, SECOND),
    vmbus.VerifierError,
  );
  assertEquals([error.violation.rule, error.violation.call], [
    "invalid handle",
    "VmbChannelDisable",
  ]);
  assertEquals(vmbus.inspectChannel(pair.client).lifecycle, "opened");
  assertEquals(await drain(pair, "client"), "STATUS_SUCCESS");
});
