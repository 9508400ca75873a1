// The documented callbacks (kmcl.md section 6; api.md section 1).

import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  closePair,
  enablePair,
  makePair,
  openPair,
  type Pair,
} from "../../support/connected_pair.ts";
import { openReceiver } from "../../support/receiving.ts";
import { sendPlain, WAIT } from "../../support/sending.ts";

/** Sends a packet from the client, whose end calls a completion routine. */
function sendWith(pair: Pair, routine: vmbus.EvtPacketCompletionRoutine): vmbus.VMBPACKET | null {
  const { vsc, client } = pair;
  const packet = vsc.VmbPacketAllocate(client);
  vsc.VmbPacketSetCompletionRoutine(packet, routine);
  assertEquals(vsc.VmbPacketSend(packet, null, 0, null, WAIT), vmbus.STATUS_SUCCESS);
  return packet;
}

Deno.test("KeGetCurrentIrql: is 0 in state changes, 2 where packets are processed", async () => {
  const levels: string[] = []; // R1
  const note = (name: string) => () => {
    levels.push(`${name} ${vmbus.KeGetCurrentIrql()}`);
    return vmbus.STATUS_SUCCESS;
  };
  const quiet = (name: string) => () => void note(name)();
  const pair = await openPair({
    serverCallbacks: {
      EvtChannelOpened: note("Opened"),
      EvtChannelStarted: quiet("Started"),
      EvtChannelPostStarted: quiet("PostStarted"),
      EvtChannelSuspend: quiet("Suspend"),
      EvtChannelClosed: quiet("Closed"),
    },
    onServerPacket: (_channel, packet) => {
      note("ProcessPacket")();
      pair.vsp.VmbChannelPacketComplete(packet, null, 0);
    },
    onServerBatch: quiet("ProcessingComplete"),
  });
  sendWith(pair, (packet) => {
    note("completion")();
    pair.vsc.VmbPacketFree(packet);
  });
  await closePair(pair);
  assertEquals(levels, [
    "Opened 0",
    "Started 0",
    "PostStarted 0",
    "ProcessPacket 2",
    "ProcessingComplete 2",
    "completion 2",
    "Suspend 0",
    "Closed 0",
  ]);
});

Deno.test("EvtChannelPnpFailure: runs at PASSIVE_LEVEL, and may wait", async () => {
  const log: unknown[] = [];
  const pair = makePair({
    serverCallbacks: { EvtChannelOpened: () => vmbus.STATUS_ACCESS_DENIED },
    onPnpFailure: async (channel, status) => {
      log.push(vmbus.KeGetCurrentIrql(), channel === pair.client, vmbus.ntStatusName(status));
      await pair.fabric.delay(3);
      log.push("returned");
    },
  });
  enablePair(pair);
  await pair.fabric.advance(3);
  assertEquals(log, [0, true, "STATUS_ACCESS_DENIED", "returned"]);
  await closePair(pair);
});

Deno.test("VmbChannelInitSetStateChangeCallbacks: every callback may be null", async () => {
  const none = vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT();
  const pair = await openPair({
    server: (vsp, channel) => {
      vmbus.expectSuccess(vsp.VmbChannelInitSetStateChangeCallbacks(channel, none));
    },
    client: (vsc, channel) => {
      vmbus.expectSuccess(vsc.VmbChannelInitSetStateChangeCallbacks(channel, none));
    },
  });
  await pair.vsp.VmbChannelPause(pair.server);
  pair.vsp.VmbChannelStart(pair.server);
  let answer: vmbus.NtStatus | null = null;
  sendWith(pair, (packet, status) => {
    answer = status;
    pair.vsc.VmbPacketFree(packet);
  });
  await pair.fabric.settle();
  assertEquals(answer, vmbus.STATUS_SUCCESS);
  assertEquals(pair.calls, []);
  await closePair(pair);
});

Deno.test("VmbClientChannelInitSetTargetPnp: PnpFailure may be left out", async () => {
  const pair = makePair({
    serverCallbacks: { EvtChannelOpened: () => vmbus.STATUS_UNSUCCESSFUL },
    client: (vsc, channel) => {
      const type = "6d9d9a51-5ea2-4f9a-9d0c-3f2c7f3b8f10";
      assertEquals(vsc.VmbClientChannelInitSetTargetPnp(channel, type), vmbus.STATUS_SUCCESS);
    },
  });
  enablePair(pair);
  await pair.fabric.settle();
  assertEquals(vmbus.inspectChannel(pair.client).lifecycle, "disabled");
  assertEquals(pair.calls, ["server Opened"]);
  await closePair(pair);
});

const NO_STATUSES: readonly unknown[] = [undefined, null, -1, 0.5, NaN, "0", 2 ** 32, true, {}];

for (const value of NO_STATUSES) {
  for (const isLate of [false, true]) {
    Deno.test(`EvtChannelOpened: that returns ${JSON.stringify(value) ?? value} ${isLate ? "later" : "at once"} has failed`, async () => {
      const opened = () => (isLate ? Promise.resolve(value) : value) as vmbus.NtStatus;
      const callbacks = vmbus.VMB_CHANNEL_STATE_CHANGE_CALLBACKS_INIT();
      const pair = makePair({
        fabric: { verifier: "record" },
        server: (vsp, channel) => {
          vsp.VmbChannelInitSetStateChangeCallbacks(channel, {
            ...callbacks,
            EvtChannelOpened: opened,
          });
        },
      });
      enablePair(pair);
      await pair.fabric.settle();
      assertEquals(pair.calls, ["client PnpFailure STATUS_UNSUCCESSFUL"]);
      assertEquals(vmbus.inspectChannel(pair.server).lifecycle, "enabled");
      const [violation, ...others] = pair.fabric.violations;
      assertEquals(violation?.rule, "callback that must return an NTSTATUS and does not");
      assertEquals([violation?.call, others], ["EvtChannelOpened", []]);
    });
  }
}

Deno.test("EvtChannelStarted: what a callback without result returns is ignored", async () => {
  const pair = await openPair({
    serverCallbacks: { EvtChannelStarted: () => 0xc000_0001 as never as void },
    onServerPacket: (_channel, packet) => {
      pair.vsp.VmbChannelPacketComplete(packet, null, 0);
      return "text" as never as void;
    },
  });
  sendPlain(pair.vsc, pair.client, Uint8Array.of(1));
  await pair.fabric.settle();
  assertEquals(vmbus.inspectChannel(pair.server).outstanding, 0);
  await closePair(pair);
});

const DISPATCH_CALLBACKS = [
  "EvtChannelProcessPacket",
  "EvtChannelProcessingComplete",
  "EvtPacketCompletionRoutine",
] as const;

for (const name of DISPATCH_CALLBACKS) {
  for (const mode of ["throw", "record", "off"] as const) {
    Deno.test(`${name}: a promise at DISPATCH_LEVEL is a violation (${mode})`, async () => {
      let returned = false; // kmcl.md section 9
      const later = async () => {
        await pair.fabric.delay(1);
        returned = true;
      };
      const { pair, fabric, kmcl, send } = await openReceiver("server", {
        onPacket: (_channel, packet) => {
          kmcl.VmbChannelPacketComplete(packet, null, 0);
          return name === "EvtChannelProcessPacket" ? later() : undefined;
        },
        onBatch: () => name === "EvtChannelProcessingComplete" ? later() : undefined,
      }, { fabric: { verifier: mode } });
      if (name === "EvtPacketCompletionRoutine") {
        sendWith(pair, (packet) => {
          kmcl.VmbPacketFree(packet);
          return later() as never as void;
        });
      } else send([1]);
      const settled = fabric.settle();
      if (mode === "throw") {
        const error = await assertRejects(() => settled, vmbus.VerifierError);
        assertEquals(error.violation.call, name);
      } else await settled;
      const rules = fabric.violations.map(({ rule }) => rule);
      const rule = "DISPATCH_LEVEL callback that returns a promise";
      assertEquals(rules, mode === "off" ? [] : [rule]);
      await fabric.advance(1); // the run continues
      assertEquals(returned, true);
      assertEquals(vmbus.inspectChannel(pair.server).outstanding, 0);
      await kmcl.VmbChannelDisable(pair.client);
      await kmcl.VmbChannelDisable(pair.server);
      kmcl.VmbChannelCleanup(pair.client);
      kmcl.VmbChannelCleanup(pair.server);
      assertEquals(fabric.leaks(), []);
    });
  }
}

Deno.test("EvtChannelProcessPacket: a packet that it threw over stays outstanding, and is the driver's to retire", async () => {
  const held: vmbus.VMBPACKETCOMPLETION[] = [];
  const cause = new Error("out of luck");
  const { pair, fabric, kmcl, send } = await openReceiver("server", {
    onPacket: (_channel, packet, buffer) => {
      if (buffer[0] === 1) {
        held.push(packet);
        throw cause;
      }
      kmcl.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  send([1]);
  send([2]);
  const error = await assertRejects(() => fabric.settle(), Error, "EvtChannelProcessPacket");
  assertStrictEquals(error.cause, cause);
  await fabric.settle();
  assertEquals(vmbus.inspectChannel(pair.server).outstanding, 1); // 2 came and went
  kmcl.VmbChannelPacketComplete(held[0]!, null, 0);
  assertEquals(vmbus.inspectChannel(pair.server).outstanding, 0);
  assert(fabric.violations.every(({ rule }) => rule === "exception out of a callback"));
});
