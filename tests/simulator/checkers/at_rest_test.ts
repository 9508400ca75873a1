// Checkers that look at what is there, between work items and at the end: planted states make them fail.

import { Isolation } from "../../../core/memory/isolation.ts";
import { assertEquals } from "@std/assert";
import { WRITE_INDEX_OFFSET } from "../../../core/ring/layout.ts";
import { agreementChecker } from "../../../simulator/checkers/agreement.ts";
import type { Checker } from "../../../simulator/checkers/checker.ts";
import { callbacksChecker } from "../../../simulator/checkers/callbacks.ts";
import { protocolChecker } from "../../../simulator/checkers/protocol.ts";
import { PartitionObject } from "../../../actors/partition/partition_object.ts";
import { hangsChecker } from "../../../simulator/checkers/hangs.ts";
import { leaksChecker } from "../../../simulator/checkers/leaks.ts";
import { memoryChecker } from "../../../simulator/checkers/memory.ts";
import { trafficChecker } from "../../../simulator/checkers/traffic.ts";
import { CHECKERS } from "../../../simulator/mod.ts";
import { WAIT } from "../../support/sending.ts";
import { findingsOfPlanted, type Planted } from "../../support/planted.ts";

/** What `checker` finds at the end of a run in which `plant` has done something. */
async function atEnd(
  checker: Checker,
  plant: (planted: Planted) => void | Promise<void>,
): Promise<readonly string[]> {
  return await findingsOfPlanted([checker], async (planted) => {
    await plant(planted);
    planted.checks.end();
  });
}

/** Has the client send a packet of 8 bytes. */
function send({ vsc, client }: Planted, flags = 0): void {
  vsc.VmbPacketSend(vsc.VmbPacketAllocate(client), new Uint8Array(8), 8, null, flags);
}

Deno.test("agreement: finds that packets lie unread, and nobody is at them", async () => {
  // wire.md 1.8: the signal is lost
  const found = await atEnd(agreementChecker, (planted) => {
    const { doorbell } = planted.clientEnd.channel!;
    doorbell!.ring = () => {};
    send(planted);
    return planted.fabric.settle();
  });
  assertEquals(found, ["correctness agreement: wire.md 1.8: no wake-up is lost, server in root"]);
});

Deno.test("agreement: finds what is queued though there is room", async () => {
  const found = await findingsOfPlanted([agreementChecker], async (planted) => {
    const { vsp, vsc, server, client, fabric, serverEnd, atServer, checks } = planted;
    send(planted, WAIT);
    await fabric.settle();
    await vsc.VmbChannelPause(client);
    do { // until the server's ring is full, and its answer must wait
      vsp.VmbPacketSend(vsp.VmbPacketAllocate(server), new Uint8Array(4000), 4000, null, 0);
    } while (serverEnd.outgoing.queuedCount === 0);
    atServer.complete();
    serverEnd.outgoing.flush = () => {}; // kmcl.md S6: completions leave whatever the flow is
    await vsp.VmbChannelPause(server);
    vsc.VmbChannelStart(client);
    await fabric.settle();
    checks.end();
  }, { onServerPacket: "hold" });
  assertEquals(found, [
    "correctness agreement: P2: what is queued leaves when there is room, server in root",
  ]);
});

Deno.test("agreement: finds that the rings are gone, and the channel is open", async () => {
  const found = await atEnd(agreementChecker, ({ serverEnd }) => { // kmcl.md S10
    serverEnd.rings = null;
  });
  assertEquals(found, [
    "correctness agreement: S10: rings exist from Opened to Closed, server in root",
  ]);
});

Deno.test("agreement: finds that a latency outlives the rings", async () => {
  const found = await atEnd(agreementChecker, ({ clientEnd }) => { // kmcl.md S11
    clientEnd.rings = null;
    clientEnd.latency100ns = 50;
  });
  const rule = "S11: nothing of an open is left for the next";
  assertEquals(found[1], `correctness agreement: ${rule}, client in guest`);
});

Deno.test("agreement: finds a packet that is out with the driver, and was not seen", async () => {
  const found = await atEnd(agreementChecker, async ({ checks, serverEnd }) => { // kmcl.md R4
    checks.see({
      kind: "packetArrives",
      endpoint: serverEnd,
      packet: 1,
      transactionIdLow: 0,
      transactionIdHigh: 0,
      wantsCompletion: false,
      hasExternalData: false,
      payload: new Uint8Array(0),
      payloadBytes: 0,
      irql: 2,
    });
    await Promise.resolve();
  });
  assertEquals(found, ["correctness agreement: R4: packets out with the driver, server in root"]);
});

Deno.test("agreement: finds a transaction that was sent, and is not in flight", async () => {
  const found = await atEnd(agreementChecker, ({ checks, clientEnd }) => { // kmcl.md P1
    checks.see({
      kind: "packetEnters",
      endpoint: clientEnd,
      packet: 0,
      payload: new Uint8Array(0),
      payloadBytes: 0,
      wantsCompletion: true,
      hasExternalData: false,
    });
  });
  assertEquals(found, ["correctness agreement: P1: packets in flight, client in guest"]);
});

Deno.test("memory: finds pages that are pinned for nobody", async () => {
  const found = await atEnd(memoryChecker, ({ clientEnd }) => { // kmcl.md P6
    clientEnd.memory.pin([500]);
  });
  assertEquals(found, ["correctness memory: P6: pages are pinned while they are in use, guest"]);
});

Deno.test("memory: finds a page that an isolated guest shares for nothing", async () => {
  const found = await atEnd(memoryChecker, ({ clientEnd: { memory } }) => { // kmcl.md X17
    memory.isolation = new Isolation(() => false);
    memory.isolation.share([500]);
  });
  assertEquals(found, ["correctness memory: X17: pages are shared while there is a reason, guest"]);
});

Deno.test("traffic: finds that the ring holds what nobody sent", async () => {
  const found = await atEnd(trafficChecker, (planted) => { // kmcl.md R2
    const { doorbell } = planted.clientEnd.channel!;
    doorbell!.ring = () => {};
    const { incoming } = planted.serverEnd.rings!;
    const before = incoming.load(WRITE_INDEX_OFFSET);
    send(planted);
    incoming.store(WRITE_INDEX_OFFSET, before);
  });
  assertEquals(found, [
    "correctness traffic: R2: the ring holds what was sent, incoming ring of server in root",
  ]);
});

Deno.test("hangs: names the driver that keeps a packet, and since when", async () => {
  const messages: string[] = [];
  const naming: Checker = {
    name: "naming",
    attach: (context) =>
      hangsChecker.attach({
        ...context,
        step: 412,
        fail: (_rule, _place, message) => void messages.push(message),
      }),
  };
  const found = await findingsOfPlanted([hangsChecker, naming], async (planted) => {
    send(planted, WAIT);
    await planted.fabric.settle();
    planted.checks.end();
  }, { onServerPacket: "hold" });
  assertEquals(found, [ // kmcl.md section 5, VmbChannelPacketComplete
    "liveness hangs: section 5: each packet is retired, driver of server in root",
  ]);
  assertEquals(messages, ["channel 1 (server) holds packet 0 since step 412"]);
});

Deno.test("hangs: names what holds a transaction up that no driver has", async () => {
  const found: string[] = [];
  const naming: Checker = {
    name: "naming",
    attach: (context) =>
      hangsChecker.attach({ ...context, fail: (...words) => void found.push(words.join(", ")) }),
  };
  await findingsOfPlanted([naming], async (planted) => {
    await planted.vsp.VmbChannelPause(planted.server);
    send(planted, WAIT);
    await planted.fabric.settle();
    planted.checks.end();
  });
  assertEquals(found, [ // kmcl.md P1, S8
    "P1: each transaction ends, transaction of client in guest, " +
    "packet 0 of channel 2 (client) is in flight: channel 1 (server) is Paused, liveness",
  ]);
});

Deno.test("hangs: a caller that waits is named with what he waits for", async () => {
  const found: string[] = [];
  const naming: Checker = {
    name: "naming",
    attach: (context) =>
      hangsChecker.attach({ ...context, fail: (...words) => void found.push(words.join(", ")) }),
  };
  await findingsOfPlanted([naming], async (planted) => {
    const { vsp, vsc, server, client, fabric, checks } = planted;
    await vsp.VmbChannelPause(server);
    vsc.VmbChannelSendSynchronousRequest(client, new Uint8Array(8), 8, null, WAIT, null, 0, null)
      .catch(() => {}); // the fabric is disposed of
    await fabric.settle();
    checks.end();
  });
  assertEquals(found, [ // kmcl.md Y1
    "every wait ends, VmbChannelSendSynchronousRequest of client in guest, " +
    "VmbChannelSendSynchronousRequest waits for the end of packet 0 on channel 2 (client): " +
    "channel 1 (server) is Paused, liveness",
  ]);
});

Deno.test("leaks: says what is alive, at a place that is the same in every run", async () => {
  const found = await atEnd(leaksChecker, () => {});
  assertEquals(found, [ // kmcl.md section 9
    "correctness leaks: no channel is left, server in root",
    "correctness leaks: no channel is left, client in guest",
  ]);
});

Deno.test("Checks: find that a callback of a crashed guest runs", async () => {
  const found = await findingsOfPlanted([callbacksChecker], ({ guest, clientEnd }) => { // kmcl.md S13
    guest.crash();
    const callback = "EvtChannelSuspend";
    return [{ kind: "callbackBegins", endpoint: clientEnd, callback, irql: 0, count: 0 }];
  });
  assertEquals(found, [
    "correctness callbacks: S13: nothing of a gone partition runs, client in guest",
  ]);
});

Deno.test("Checks: what a checker throws is its own finding, and the others go on", async () => {
  const throwing: Checker = {
    name: "mine",
    attach: () => ({
      sees: {
        channelFaults: () => {
          throw new Error("no");
        },
      },
    }),
  };
  const found = await findingsOfPlanted([throwing, protocolChecker], ({ serverEnd }) => [
    { kind: "channelFaults", endpoint: serverEnd, fault: "badGpadl" },
  ]);
  assertEquals(found, [
    "crash mine: nothing throws, checker mine",
    "correctness protocol: wire.md 1.9: an honest side has no fault, server in root",
  ]);
});

Deno.test("Checks: a channel that was tampered with is excused until it is opened anew", async () => {
  const fault = { kind: "channelFaults", fault: "badGpadl" } as const;
  const found = await findingsOfPlanted([protocolChecker], ({ serverEnd, clientEnd }) => [
    { kind: "channelTampered", partition: "guest", channelId: clientEnd.channelId },
    { ...fault, endpoint: serverEnd },
    { ...fault, endpoint: clientEnd },
    { kind: "ringsAttached", endpoint: serverEnd, isResumed: false },
    { ...fault, endpoint: clientEnd },
  ]);
  assertEquals(found, [
    "correctness protocol: wire.md 1.9: an honest side has no fault, client in guest",
  ]);
});

Deno.test("Checks: whoever writes to the pages of a ring excuses its channel", async () => {
  const found = await findingsOfPlanted([protocolChecker], ({ guest, serverEnd }) => {
    const { gpadls } = PartitionObject.of(serverEnd.guest!).bus.guest;
    const page = gpadls.all.find(({ isRing }) => isRing)!.ranges[0]!.pfns[1]!;
    guest.memory.write(page * 4096 + 100, Uint8Array.of(7));
    return [{ kind: "channelFaults", endpoint: serverEnd, fault: "invalidWriteIndex" }];
  });
  assertEquals(found, []);
});

Deno.test("CHECKERS: find nothing in a pair that works and closes", async () => {
  const found = await findingsOfPlanted(CHECKERS, async (planted) => {
    const { fabric, vsp, vsc, server, client, checks } = planted;
    for (let i = 0; i < 5; i++) send(planted, i % 2 === 0 ? WAIT : 0);
    await fabric.settle();
    await vsp.VmbChannelPause(server);
    vsp.VmbChannelStart(server);
    await vsc.VmbChannelDisable(client);
    await vsp.VmbChannelDisable(server);
    vsc.VmbChannelCleanup(client);
    vsp.VmbChannelCleanup(server);
    checks.end();
  });
  assertEquals(found, []);
});
