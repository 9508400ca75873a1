/**
 * How an open channel closes, step by step (kmcl.md S7, S10, S15). closing_matrix_test.ts has every cause at
 * every point; here each step is looked at by itself.
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
import { WAIT } from "../../support/sending.ts";

/** A synchronous request of the client that nobody answers; its end is noted on `log`. */
function ask({ vsc, client }: Pair, log: string[], name = "caller"): void {
  vsc.VmbChannelSendSynchronousRequest(client, null, 0, null, WAIT, null, 0).then(({ status }) => {
    log.push(`${name} ${vmbus.ntStatusName(status)}`);
  });
}

/** A packet that wants a completion; its end is noted on `log`. */
function send(
  kmcl: vmbus.KmclClientInterfaceV1,
  channel: vmbus.VMBCHANNEL,
  log: string[],
  name: string,
): void {
  const packet = kmcl.VmbPacketAllocate(channel);
  kmcl.VmbPacketSetCompletionRoutine(packet, (done, status) => {
    log.push(`${name} ${vmbus.ntStatusName(status)}`);
    kmcl.VmbPacketFree(done);
  });
  assertEquals(kmcl.VmbPacketSend(packet, null, 0, null, WAIT), vmbus.STATUS_SUCCESS);
}

const lifecycleOf = (channel: vmbus.VMBCHANNEL) => vmbus.inspectChannel(channel).lifecycle;

/** A pair whose client has a blocked caller and a packet in the ring, both held by the server. */
async function openBusy(log: string[]): Promise<Pair> {
  const pair = await openPair({
    onServerPacket: "hold",
    serverCallbacks: {
      EvtChannelSuspend: () => {
        log.push("server Suspend");
        pair.fabric.delay(1).then(() => {
          log.push("server retires");
          pair.atServer.complete();
        });
      },
      EvtChannelClosed: () => void log.push("server Closed"),
    },
    clientCallbacks: {
      EvtChannelSuspend: () => void log.push("client Suspend"),
      EvtChannelClosed: () => void log.push("client Closed"),
    },
  });
  ask(pair, log);
  send(pair.vsc, pair.client, log, "packet");
  await pair.fabric.settle();
  assertEquals(vmbus.inspectChannel(pair.server).outstanding, 2);
  return pair;
}

// kmcl.md S10: callers first, then Suspend, the retiring, the opposite side, Closed, S15, the final state
Deno.test("VmbChannelDisable: of the client closes in the documented order", async () => {
  const log: string[] = [];
  const pair = await openBusy(log);
  const { fabric, vsc, client, server } = pair;
  vsc.VmbChannelDisable(client).then(() => log.push(`client ${lifecycleOf(client)}`));
  await fabric.run();
  assertEquals(log, [
    "caller STATUS_DEVICE_REMOVED",
    "client Suspend",
    "client Closed",
    "packet STATUS_DEVICE_REMOVED",
    "server Suspend",
    "server retires",
    "server Closed",
    "client disabled",
  ]);
  assertEquals(lifecycleOf(server), "closed");
  await closePair(pair);
});

// kmcl.md S10
Deno.test("VmbChannelDisable: of the server closes in the documented order", async () => {
  const log: string[] = [];
  const pair = await openBusy(log);
  const { fabric, vsp, client, server } = pair;
  vsp.VmbChannelDisable(server).then(() => log.push(`server ${lifecycleOf(server)}`));
  await fabric.run();
  assertEquals(log.filter((line) => line.startsWith("server")), [
    "server Suspend",
    "server retires",
    "server Closed",
    "server disabled",
  ]);
  // The client hears of it when the server has retired all: what it waited for has come by then.
  assertEquals(log.filter((line) => !line.startsWith("server")), [
    "packet STATUS_SUCCESS",
    "caller STATUS_SUCCESS",
    "client Suspend",
    "client Closed",
  ]);
  assertEquals(lifecycleOf(client), "disabled");
  await closePair(pair);
});

// kmcl.md S10, S13: a guest that crashed while the server held its packets
Deno.test("Partition.crash: the server gets Suspend, retires what it holds, then gets Closed", async () => {
  const log: string[] = [];
  const pair = await openBusy(log);
  pair.guest.crash();
  await pair.fabric.run();
  assertEquals(log, [
    "caller STATUS_DEVICE_REMOVED",
    "server Suspend",
    "server retires",
    "server Closed",
  ]);
  assertEquals(lifecycleOf(pair.server), "closed");
  assertEquals(lifecycleOf(pair.client), "disabled");
  await closePair(pair);
});

// kmcl.md S10: also inside PostStarted; later ones get it immediately
Deno.test("VmbChannelSendSynchronousRequest: inside PostStarted it returns when the channel closes", async () => {
  const log: string[] = [];
  let heldCount = 0;
  const pair: Pair = makePair({
    onServerPacket: "hold",
    serverCallbacks: { EvtChannelSuspend: () => void (heldCount += pair.atServer.complete()) },
    clientCallbacks: {
      EvtChannelPostStarted: async (channel) => {
        for (const name of ["first", "second"]) {
          const { status } = await pair.vsc.VmbChannelSendSynchronousRequest(
            channel,
            null,
            0,
            null,
            WAIT,
            null,
            0,
          );
          log.push(`${name} ${vmbus.ntStatusName(status)}`);
        }
      },
      EvtChannelSuspend: () => void log.push("Suspend"),
      EvtChannelClosed: () => void log.push("Closed"),
    },
  });
  enablePair(pair);
  await pair.fabric.settle();
  assertEquals(pair.fabric.inspect().callers.map(({ inside }) => inside), [
    "EvtChannelPostStarted",
  ]);
  const disabled = pair.vsc.VmbChannelDisable(pair.client);
  ask(pair, log, "later");
  await pair.fabric.settle();
  // The callback continues with a second request, which the closing channel refuses at once.
  assertEquals(log.toSorted(), [
    "Closed",
    "Suspend",
    "first STATUS_DEVICE_REMOVED",
    "later STATUS_DEVICE_REMOVED",
    "second STATUS_DEVICE_REMOVED",
  ]);
  assertEquals(log.slice(-2), ["Suspend", "Closed"]);
  assertEquals(heldCount, 1);
  await disabled;
  await closePair(pair);
});

/** Which callback is under way when the close is asked for, and what may follow it. */
const LEFT_OUT = [
  { during: "EvtChannelOpened", callbacks: ["Opened", "Closed"] },
  { during: "EvtChannelStarted", callbacks: ["Opened", "Started", "Suspend", "Closed"] },
  {
    during: "EvtChannelPostStarted",
    callbacks: ["Opened", "Started", "PostStarted", "Suspend", "Closed"],
  },
] as const;

// kmcl.md S10: what comes meanwhile waits for the one that runs, and what would have followed is left out
for (const side of ["server", "client"] as const) {
  for (const { during, callbacks } of LEFT_OUT) {
    for (const cause of ["this side disables", "the other side disables", "the guest crashes"]) {
      if (side === "client" && cause === "the guest crashes") continue;
      if (
        side === "server" && during === "EvtChannelOpened" && cause === "the other side disables"
      ) {
        continue; // the client hears of the open first: it closes when the server is Opened
      }
      Deno.test(`${during}: when ${cause} inside the ${side}'s, what would have followed is left out`, async () => {
        const slow = {
          [during]: async () => {
            await pair.fabric.delay(10);
            return vmbus.STATUS_SUCCESS;
          },
        };
        const pair = makePair({ [`${side}Callbacks`]: slow });
        const { fabric, guest, vsp, vsc, server, client, calls } = pair;
        enablePair(pair);
        await fabric.advance(5);
        const own = () => calls.filter((call) => call.startsWith(side));
        assertEquals(own().at(-1), `${side} ${during.slice("EvtChannel".length)}`);
        const isOurs = cause === "this side disables";
        if (cause === "the guest crashes") guest.crash();
        else if ((side === "server") === isOurs) vsp.VmbChannelDisable(server);
        else vsc.VmbChannelDisable(client);
        await fabric.run();
        assertEquals(own(), callbacks.map((callback) => `${side} ${callback}`));
        await closePair(pair);
      });
    }
  }
}

// kmcl.md S10: the opposite side is told before Closed is called, and does not wait for its end
for (const side of ["server", "client"] as const) {
  Deno.test(`EvtChannelClosed: while the ${side}'s runs, the opposite side closes already`, async () => {
    const other = side === "server" ? "client" : "server";
    const pair = await openPair({
      [`${side}Callbacks`]: { EvtChannelClosed: () => pair.fabric.delay(5) },
    });
    const { fabric, vsp, vsc, calls } = pair;
    calls.length = 0;
    (side === "server" ? vsp : vsc).VmbChannelDisable(pair[side]);
    await fabric.advance(4);
    assertEquals(calls, [
      `${side} Suspend`,
      `${side} Closed`,
      `${other} Suspend`,
      `${other} Closed`,
    ]);
    assertEquals(lifecycleOf(pair[side]), "opened"); // while a state is left it is still that one
    await fabric.advance(1);
    assertEquals(lifecycleOf(pair[side]), "disabled");
    await closePair(pair);
  });
}

// kmcl.md S3, S10: a server that goes away while it opens refuses the client
Deno.test("EvtChannelPnpFailure: tells the client that its server was disabled in Opened", async () => {
  const pair = makePair({
    serverCallbacks: { EvtChannelOpened: () => pair.fabric.delay(5).then(() => 0) },
  });
  enablePair(pair);
  await pair.fabric.advance(1);
  pair.vsp.VmbChannelDisable(pair.server);
  await pair.fabric.run();
  assertEquals(pair.calls, [
    "server Opened",
    "server Closed",
    "client PnpFailure STATUS_DEVICE_REMOVED",
  ]);
  assertEquals(lifecycleOf(pair.client), "disabled");
  await closePair(pair);
});

// kmcl.md S12: a channel that was freed gets no callback
Deno.test("VmbChannelCleanup: of a client that was just refused leaves PnpFailure out", async () => {
  const pair = makePair({
    client: (vsc, channel) => vsc.VmbChannelInitSetFlags(channel, 1), // a pipe: the offer is none
  });
  const { fabric, vsp, vsc, server, client, calls } = pair;
  vsp.VmbChannelEnable(server);
  await fabric.settle();
  vsc.VmbChannelEnable(client);
  while (lifecycleOf(client) !== "disabled") await runSteps(fabric, 1);
  assertEquals(calls, []);
  vsc.VmbChannelCleanup(client);
  await fabric.settle();
  assertEquals(calls, []);
  await vsp.VmbChannelDisable(server);
});
