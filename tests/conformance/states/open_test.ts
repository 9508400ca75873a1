/**
 * How a channel opens, and starts: who is called, in which order, and what a refusal does
 * (kmcl.md S3, S4, S5).
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  closePair,
  enablePair,
  makePair,
  openPair,
  type Pair,
  type PairOptions,
} from "../../support/connected_pair.ts";
import { type Ended, names, notedPacket, sendPlain, WAIT } from "../../support/sending.ts";

const stateOf = (channel: vmbus.VMBCHANNEL) => {
  const { lifecycle, initializing, flow } = vmbus.inspectChannel(channel);
  return { lifecycle, initializing, flow };
};
const callsOf = ({ calls }: Pair, side: string) => calls.filter((call) => call.startsWith(side));

/** A pair that was enabled, and did what it can; nothing says that it opened. */
async function tryPair(options: PairOptions): Promise<Pair> {
  const pair = makePair(options);
  enablePair(pair);
  await pair.fabric.settle();
  return pair;
}

// kmcl.md S3, S4
for (const schedule of ["fifo", "random"] as const) {
  for (let seed = 0; seed < (schedule === "fifo" ? 1 : 8); seed++) {
    Deno.test(`EvtChannelOpened: comes on each side, the server's first (${schedule} ${seed})`, async () => {
      const pair = await openPair({ fabric: { schedule, seed } });
      for (const side of ["server", "client"]) {
        assertEquals(callsOf(pair, side), [
          `${side} Opened`,
          `${side} Started`,
          `${side} PostStarted`,
        ]);
      }
      const { calls } = pair;
      assertEquals(calls.indexOf("server Opened") < calls.indexOf("client Opened"), true);
      await closePair(pair);
    });
  }
}

// kmcl.md S3, S4: slow callbacks do not overlap, nor do they change the order
Deno.test("EvtChannelStarted: waits for the end of a slow Opened, PostStarted for that of Started", async () => {
  const log: string[] = [];
  const slowly = (name: string) => async () => {
    log.push(`${name} begins`);
    await pair.fabric.delay(2);
    await null;
    await pair.fabric.delay(1);
    log.push(`${name} ends`);
    return vmbus.STATUS_SUCCESS;
  };
  const pair = makePair({
    serverCallbacks: {
      EvtChannelOpened: slowly("Opened"),
      EvtChannelStarted: async () => void await slowly("Started")(),
      EvtChannelPostStarted: async () => void await slowly("PostStarted")(),
    },
  });
  enablePair(pair);
  await pair.fabric.advance(2);
  assertEquals(stateOf(pair.server).lifecycle, "enabled");
  assertEquals(callsOf(pair, "client"), []);
  await pair.fabric.advance(1);
  assertEquals(stateOf(pair.server).lifecycle, "opened");
  await pair.fabric.advance(10);
  const names = ["Opened", "Started", "PostStarted"];
  assertEquals(log, names.flatMap((name) => [`${name} begins`, `${name} ends`]));
  await closePair(pair);
});

// kmcl.md S3, G1: during Opened GPADLs may be created
Deno.test("EvtChannelOpened: a client may create a GPADL in it, which the server maps", async () => {
  const pair = makePair({
    serverCallbacks: {
      EvtChannelClosed: (channel) => pair.vsp.VmbChannelUnmapGpadl(channel, handle ?? 0),
    },
    clientCallbacks: {
      EvtChannelOpened: (channel) => {
        const created = pair.vsc.VmbChannelCreateGpadlFromBuffer(channel, 0, buffer, 4096);
        handle = created.gpadlHandle;
        return created.status;
      },
      EvtChannelClosed: (channel) => pair.vsc.VmbChannelDeleteGpadl(channel, handle ?? 0),
    },
  });
  const buffer = pair.guest.memory.allocate(4096);
  let handle: number | null = null;
  enablePair(pair);
  await pair.fabric.settle();
  vmbus.expectSuccess(pair.vsp.VmbChannelMapGpadl(pair.server, 0, handle ?? 0));
  await pair.vsc.VmbChannelDisable(pair.client);
  pair.guest.memory.free(buffer);
  await closePair(pair);
});

/** What Opened may return or do to refuse, and the status that the client hears. */
const REFUSALS: readonly [string, vmbus.EvtChannelOpened, vmbus.NtStatus][] = [
  ["an error", () => vmbus.STATUS_NOT_FOUND, vmbus.STATUS_NOT_FOUND],
  ["a warning", () => vmbus.STATUS_BUFFER_OVERFLOW, vmbus.STATUS_BUFFER_OVERFLOW],
  ["an unknown error", () => 0xdead_beef, 0xdead_beef],
  [
    "an error, later",
    () => Promise.resolve(vmbus.STATUS_DATA_ERROR),
    vmbus.STATUS_DATA_ERROR,
  ],
];

// kmcl.md S3: rolls back to Enabled; the client hears the status by PnpFailure, and is Disabled, torn down
for (const [what, refuse, status] of REFUSALS) {
  Deno.test(`EvtChannelOpened: ${what} of the server's refuses the open on both sides`, async () => {
    const heard: [vmbus.VMBCHANNEL, vmbus.NtStatus][] = [];
    let isRefused = true;
    const pair = await tryPair({
      serverCallbacks: { EvtChannelOpened: (channel) => isRefused ? refuse(channel) : 0 },
      onPnpFailure: (channel, failure) => void heard.push([channel, failure]),
    });
    const { fabric, vsc, server, client } = pair;
    assertEquals(heard, [[client, status]]);
    assertEquals(pair.calls, [
      "server Opened",
      `client PnpFailure ${vmbus.ntStatusName(status)}`,
    ]);
    assertEquals(stateOf(server), { lifecycle: "enabled", initializing: false, flow: "active" });
    assertEquals(stateOf(client).lifecycle, "disabled");
    assertEquals(stateOf(client).initializing, false);
    assertEquals(vmbus.inspectChannel(server).incomingRing, null);
    assertEquals(fabric.inspect().partitions[1]?.pinnedPages, 0);
    // The offer stands: the same client may try again.
    isRefused = false;
    assertEquals(vsc.VmbChannelEnable(client), vmbus.STATUS_SUCCESS);
    await fabric.settle();
    assertEquals([stateOf(server).lifecycle, stateOf(client).lifecycle], ["opened", "opened"]);
    assertEquals(callsOf(pair, "server"), [
      "server Opened",
      "server Opened",
      "server Started",
      "server PostStarted",
    ]);
    await closePair(pair);
  });

  // kmcl.md S3: closed again, then Disabled; Closed is not called on that side
  Deno.test(`EvtChannelOpened: ${what} of the client's closes the channel again`, async () => {
    const pair = await tryPair({ clientCallbacks: { EvtChannelOpened: refuse } });
    const { server, client } = pair;
    assertEquals(callsOf(pair, "client"), ["client Opened"]);
    assertEquals(callsOf(pair, "server").at(-1), "server Closed");
    assertEquals(stateOf(client).lifecycle, "disabled");
    assertEquals(stateOf(client).initializing, false);
    assertEquals(stateOf(server).lifecycle, "closed");
    assertEquals(vmbus.inspectChannel(server).incomingRing, null);
    assertEquals(pair.fabric.inspect().partitions[1]?.pinnedPages, 0);
    await closePair(pair);
  });
}

// kmcl.md S3: a success that is not STATUS_SUCCESS is one
Deno.test("EvtChannelOpened: any status that is a success opens the channel", async () => {
  const pair = await openPair({
    serverCallbacks: { EvtChannelOpened: () => vmbus.STATUS_PENDING },
    clientCallbacks: { EvtChannelOpened: () => vmbus.STATUS_TIMEOUT },
  });
  await closePair(pair);
});

// api.md section 1: an Opened that threw counts as failed with STATUS_UNSUCCESSFUL
for (const isSlow of [false, true]) {
  Deno.test(`EvtChannelOpened: that throws ${isSlow ? "later" : "at once"} refuses, and fails the run`, async () => {
    const reason = new Error("no such device");
    const pair = makePair({
      serverCallbacks: {
        EvtChannelOpened: () => {
          if (isSlow) return pair.fabric.delay(0).then(() => Promise.reject(reason));
          throw reason;
        },
      },
    });
    enablePair(pair);
    const error = await assertRejects(() => pair.fabric.settle(), Error, "EvtChannelOpened");
    assertEquals(error.cause, reason);
    await pair.fabric.settle();
    assertEquals(pair.calls, ["server Opened", "client PnpFailure STATUS_UNSUCCESSFUL"]);
    assertEquals(stateOf(pair.server).lifecycle, "enabled");
    assertEquals(stateOf(pair.client).lifecycle, "disabled");
  });
}

// kmcl.md S3, section 9
Deno.test("EvtChannelOpened: that returns no NTSTATUS has failed, and is a violation", async () => {
  for (const value of [-1, 1.5, 2 ** 32, NaN]) {
    const pair = await tryPair({
      fabric: { verifier: "record" },
      serverCallbacks: { EvtChannelOpened: () => value },
    });
    assertEquals(pair.calls, ["server Opened", "client PnpFailure STATUS_UNSUCCESSFUL"]);
    assertEquals(pair.fabric.violations.map(({ rule, call }) => [rule, call]), [
      ["callback that must return an NTSTATUS and does not", "EvtChannelOpened"],
    ]);
  }
});

// kmcl.md S4: the queue runs only when Started has returned; what waited in the ring is delivered then
Deno.test("EvtChannelProcessPacket: comes when Started has returned, never before", async () => {
  const log: string[] = [];
  const pair = makePair({
    serverCallbacks: {
      EvtChannelStarted: async () => {
        await pair.fabric.delay(10);
        log.push("Started ends");
      },
    },
    onServerPacket: (_channel, packet) => {
      log.push("packet");
      pair.vsp.VmbChannelPacketComplete(packet, null, 0);
    },
    clientCallbacks: {
      EvtChannelStarted: () => {
        for (let i = 0; i < 3; i++) sendPlain(pair.vsc, pair.client, Uint8Array.of(i));
      },
    },
  });
  enablePair(pair);
  await pair.fabric.advance(9);
  assertEquals(log, []);
  assertEquals(vmbus.inspectChannel(pair.client).queued, 0); // they are in the ring
  await pair.fabric.advance(1);
  assertEquals(log, ["Started ends", "packet", "packet", "packet"]);
  await closePair(pair);
});

// kmcl.md S4: a later Start repeats Started, queue, PostStarted, without Opened
for (const side of ["server", "client"] as const) {
  Deno.test(`VmbChannelStart: of a paused ${side} repeats Started and PostStarted, without Opened`, async () => {
    const pair = await openPair();
    const kmcl = side === "server" ? pair.vsp : pair.vsc;
    await kmcl.VmbChannelPause(pair[side]);
    pair.calls.length = 0;
    kmcl.VmbChannelStart(pair[side]);
    assertEquals(pair.calls, []); // Start schedules, and returns
    await pair.fabric.settle();
    assertEquals(pair.calls, [`${side} Started`, `${side} PostStarted`]);
    await closePair(pair);
  });
}

// kmcl.md S4: Start while Opened
Deno.test("VmbChannelStart: of a server that opened while Paused begins its flow", async () => {
  const pair = makePair();
  const { fabric, vsp, vsc, server, client } = pair;
  vsp.VmbChannelEnable(server);
  vsc.VmbChannelEnable(client);
  await fabric.settle();
  assertEquals(stateOf(server), { lifecycle: "opened", initializing: false, flow: "paused" });
  assertEquals(callsOf(pair, "server"), ["server Opened"]);
  vsp.VmbChannelStart(server);
  await fabric.settle();
  assertEquals(callsOf(pair, "server"), ["server Opened", "server Started", "server PostStarted"]);
  assertEquals(stateOf(server).flow, "active");
  await closePair(pair);
});

// kmcl.md S4: a channel that opens while it is Paused gets Opened alone
Deno.test("EvtChannelStarted: of a client that opens while Paused does not come before VmbChannelStart", async () => {
  const pair = makePair();
  const { fabric, vsc, client } = pair;
  await vsc.VmbChannelPause(client);
  enablePair(pair);
  await fabric.settle();
  assertEquals(stateOf(client), { lifecycle: "opened", initializing: false, flow: "paused" });
  assertEquals(callsOf(pair, "client"), ["client Opened"]);
  vsc.VmbChannelStart(client);
  await fabric.settle();
  assertEquals(callsOf(pair, "client"), ["client Opened", "client Started", "client PostStarted"]);
  await closePair(pair);
});

// kmcl.md S5: in Started packets may be sent; they queue, and leave once it has returned
Deno.test("EvtChannelStarted: packets may be sent in it, and queue until it has returned", async () => {
  const ends: Ended[] = [];
  const pair = makePair({
    clientCallbacks: {
      EvtChannelStarted: async () => {
        const packet = notedPacket(pair.vsc, pair.client, ends);
        const status = pair.vsc.VmbPacketSend(packet, Uint8Array.of(1), 1, null, WAIT);
        assertEquals(status, vmbus.STATUS_SUCCESS);
        await pair.fabric.delay(5);
      },
    },
  });
  enablePair(pair);
  await pair.fabric.settle();
  assertEquals([vmbus.inspectChannel(pair.client).queued, ends.length], [1, 0]);
  await pair.fabric.advance(5);
  assertEquals(names(ends.map(({ status }) => status)), ["STATUS_SUCCESS"]);
  pair.vsc.VmbPacketFree(ends[0]?.packet ?? null);
  await closePair(pair);
});

// kmcl.md S5, section 9: nothing may wait in Started; in PostStarted it may
for (const mode of ["throw", "record"] as const) {
  Deno.test(`VmbChannelSendSynchronousRequest: in Started is a violation (${mode}), in PostStarted it works`, async () => {
    const answers: (string | undefined)[] = [];
    const ask = ({ vsc, client }: Pair) =>
      vsc.VmbChannelSendSynchronousRequest(client, null, 0, null, WAIT, null, 0).then(
        ({ status }) => void answers.push(vmbus.ntStatusName(status)),
        ({ violation }) => void answers.push(violation.rule),
      );
    const pair = makePair({
      fabric: { verifier: mode },
      clientCallbacks: {
        EvtChannelStarted: () => ask(pair),
        EvtChannelPostStarted: () => ask(pair),
      },
    });
    enablePair(pair);
    await pair.fabric.settle();
    assertEquals(answers, [
      mode === "throw" ? "selfWait" : "STATUS_INVALID_DEVICE_REQUEST",
      "STATUS_SUCCESS",
    ]);
  });
}

Deno.test("EvtChannelPnpFailure: of an open that is past, it comes before Opened of a later one", async () => {
  let refusals = 0;
  const pair = makePair({ // kmcl.md S3
    serverCallbacks: {
      EvtChannelOpened: () => ++refusals <= 2 ? vmbus.STATUS_UNSUCCESSFUL : vmbus.STATUS_SUCCESS,
    },
    onPnpFailure: async () => {
      if (refusals > 1) return;
      for (let again = 0; again < 2; again++) { // it takes its time, and is refused once more meanwhile
        pair.vsc.VmbChannelEnable(pair.client);
        await pair.fabric.delay(1);
      }
    },
  });
  enablePair(pair);
  await pair.fabric.run();
  assertEquals(pair.calls.filter((call) => call.startsWith("client")).slice(0, 3), [
    "client PnpFailure STATUS_UNSUCCESSFUL",
    "client PnpFailure STATUS_UNSUCCESSFUL",
    "client Opened",
  ]);
  await closePair(pair);
});
