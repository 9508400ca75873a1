/**
 * When Start, Pause and Disable may be called (kmcl.md S9, section 9).
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  closePair,
  enablePair,
  makePair,
  openPair,
  type Pair,
} from "../../support/connected_pair.ts";
import { sendPlain } from "../../support/sending.ts";

const SIDES = ["server", "client"] as const;

const tableOf = (pair: Pair, side: typeof SIDES[number]) => side === "server" ? pair.vsp : pair.vsc;
const flowOf = (channel: vmbus.VMBCHANNEL) => vmbus.inspectChannel(channel).flow;

for (const side of SIDES) {
  // kmcl.md S9: a second Start changes nothing
  Deno.test(`VmbChannelStart: of a ${side} that is Active does nothing`, async () => {
    const pair = await openPair();
    pair.calls.length = 0;
    const kmcl = tableOf(pair, side);
    kmcl.VmbChannelStart(pair[side]);
    await pair.fabric.settle();
    assertEquals([pair.calls, flowOf(pair[side])], [[], "active"]);
    await closePair(pair);
  });

  // kmcl.md S9: allowed from Enable to Disable; in Disabled, of either kind, it is a violation
  Deno.test(`VmbChannelStart: of a ${side} in Disabled is a violation`, async () => {
    for (const verifier of ["throw", "record"] as const) {
      const pair = makePair({ fabric: { verifier } });
      const { fabric, vsp, vsc, server, client } = pair;
      const kmcl = tableOf(pair, side);
      const start = () => {
        const before = vmbus.inspectChannel(pair[side]);
        if (verifier === "record") kmcl.VmbChannelStart(pair[side]);
        else assertThrows(() => kmcl.VmbChannelStart(pair[side]), vmbus.VerifierError);
        assertEquals(vmbus.inspectChannel(pair[side]), before);
        const { rule, call } = fabric.violations.at(-1) ?? {};
        assertEquals([rule, call], ["Start in Disabled", "VmbChannelStart"]);
      };
      start();
      enablePair(pair);
      await fabric.settle();
      await vsc.VmbChannelDisable(client);
      await vsp.VmbChannelDisable(server);
      start();
      assertEquals(fabric.violations.length, 2);
    }
  });

  // kmcl.md S9, section 9: not inside a state change callback of the channel
  for (const name of ["Opened", "Started", "PostStarted", "Suspend", "Closed"] as const) {
    Deno.test(`EvtChannel${name}: Start, Pause and Disable of the ${side} itself are violations in it`, async () => {
      let isMisusing = true;
      const unchanged = (call: () => unknown) => {
        const before = vmbus.inspectChannel(pair[side]);
        call();
        assertEquals(vmbus.inspectChannel(pair[side]), before);
      };
      const pair = makePair({
        fabric: { verifier: "record" },
        [`${side}Callbacks`]: {
          [`EvtChannel${name}`]: () => {
            const kmcl = tableOf(pair, side);
            if (isMisusing) {
              unchanged(() => kmcl.VmbChannelStart(pair[side]));
              unchanged(() => kmcl.VmbChannelPause(pair[side]));
              unchanged(() => kmcl.VmbChannelDisable(pair[side]));
            }
            isMisusing = false;
            return vmbus.STATUS_SUCCESS;
          },
        },
      });
      enablePair(pair);
      await pair.fabric.settle();
      await tableOf(pair, side).VmbChannelDisable(pair[side]);
      await pair.fabric.settle();
      assertEquals(
        pair.fabric.violations.map(({ rule, call }) => `${call}: ${rule}`),
        [
          "VmbChannelStart: Start or Pause inside a state change callback",
          "VmbChannelPause: Start or Pause inside a state change callback",
          "VmbChannelDisable: selfWait",
        ],
      );
      assertEquals(isMisusing, false);
    });
  }
}

// api.md section 1: after its first await a callback is a thread like any other
Deno.test("VmbChannelStart: is allowed in a state change callback after its first await", async () => {
  const pair = makePair({
    serverCallbacks: {
      EvtChannelOpened: async (channel) => {
        await pair.fabric.delay(1);
        pair.vsp.VmbChannelStart(channel);
        return vmbus.STATUS_SUCCESS;
      },
    },
  });
  pair.vsp.VmbChannelEnable(pair.server);
  pair.vsc.VmbChannelEnable(pair.client);
  await pair.fabric.advance(1);
  assertEquals(flowOf(pair.server), "active");
  await closePair(pair);
});

// kmcl.md S9: another channel's callbacks may start, pause and disable this one
Deno.test("VmbChannelPause: may be called in a state change callback of another channel", async () => {
  const pair = await openPair({
    clientCallbacks: {
      EvtChannelSuspend: () => {
        pair.vsp.VmbChannelStart(pair.server);
        return pair.vsp.VmbChannelPause(pair.server);
      },
    },
  });
  await pair.vsc.VmbChannelPause(pair.client);
  assertEquals([flowOf(pair.server), flowOf(pair.client)], ["paused", "paused"]);
  await closePair(pair);
});

// kmcl.md S8, S11, section 9: at DISPATCH_LEVEL what returns at once is right, and what would wait is not
Deno.test("VmbChannelPause: at DISPATCH_LEVEL is a violation only where it has to wait", async () => {
  const rules: string[] = [];
  const pair = makePair({
    fabric: { verifier: "record" },
    onServerPacket: (_channel, packet) => {
      assertEquals(vmbus.KeGetCurrentIrql(), 2);
      const { vsp, fabric } = pair;
      vsp.VmbChannelPause(idle);
      vsp.VmbChannelDisable(idle);
      vsp.VmbChannelCleanup(idle);
      assertEquals(fabric.violations, []);
      vsp.VmbChannelPause(pair.server);
      vsp.VmbChannelDisable(pair.server);
      rules.push(...fabric.violations.map(({ rule, call }) => `${call}: ${rule}`));
      vsp.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  const { channel: idle } = vmbus.expectSuccess(
    pair.vsp.VmbChannelAllocate(pair.fabric.root.device, true),
  );
  enablePair(pair);
  await pair.fabric.settle();
  sendPlain(pair.vsc, pair.client, new Uint8Array(1));
  await pair.fabric.settle();
  assertEquals(rules, [
    "VmbChannelPause: waiting call at DISPATCH_LEVEL",
    "VmbChannelDisable: waiting call at DISPATCH_LEVEL",
  ]);
  assertEquals([flowOf(pair.server), pair.fabric.violations.length], ["active", 2]);
});
