// Misuse inside callbacks (kmcl.md section 9, S5, S9, Y5), in the three modes of the verifier.

import { assert, assertEquals } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  enablePair,
  makePair,
  type Pair,
  type PairCallbacks,
} from "../../support/connected_pair.ts";
import { hops } from "../../support/driving.ts";
import { sendPlain } from "../../support/sending.ts";

/** A call that a callback of the client must not make. */
interface InsideMisuse {
  readonly rule: vmbus.ViolationRule;
  readonly call: string;
  readonly run: (pair: Pair, packet: vmbus.VMBPACKETCOMPLETION | null) => unknown;
  /** Where it is made. */
  readonly inside: readonly (keyof PairCallbacks | "EvtChannelProcessPacket")[];
  readonly fallback?: unknown;
}

const STATE_CHANGES: readonly (keyof PairCallbacks)[] = [
  "EvtChannelOpened",
  "EvtChannelStarted",
  "EvtChannelPostStarted",
  "EvtChannelSuspend",
  "EvtChannelClosed",
];

const REFUSED = {
  status: vmbus.STATUS_INVALID_DEVICE_REQUEST,
  completionBufferSize: null,
};

function request({ vsc, client }: Pair): Promise<vmbus.RequestResult> {
  return vsc.VmbChannelSendSynchronousRequest(client, null, 0, null, 0, null, 0);
}

const INSIDE: readonly InsideMisuse[] = [
  {
    rule: "Start or Pause inside a state change callback",
    call: "VmbChannelStart",
    run: ({ vsc, client }) => vsc.VmbChannelStart(client),
    inside: STATE_CHANGES,
  },
  {
    rule: "Start or Pause inside a state change callback",
    call: "VmbChannelPause",
    run: ({ vsc, client }) => vsc.VmbChannelPause(client),
    inside: STATE_CHANGES,
  },
  {
    rule: "selfWait",
    call: "VmbChannelDisable",
    run: ({ vsc, client }) => vsc.VmbChannelDisable(client),
    inside: STATE_CHANGES,
  },
  {
    rule: "selfWait",
    call: "VmbChannelSendSynchronousRequest",
    run: request,
    inside: ["EvtChannelStarted"],
    fallback: REFUSED,
  },
  {
    rule: "waiting call at DISPATCH_LEVEL",
    call: "VmbChannelDisable",
    run: ({ vsc, client }) => vsc.VmbChannelDisable(client),
    inside: ["EvtChannelProcessPacket"],
  },
  {
    rule: "waiting call at DISPATCH_LEVEL",
    call: "VmbChannelPause",
    run: ({ vsc, client }) => vsc.VmbChannelPause(client),
    inside: ["EvtChannelProcessPacket"],
  },
  {
    rule: "waiting call at DISPATCH_LEVEL",
    call: "VmbChannelSendSynchronousRequest",
    run: request,
    inside: ["EvtChannelProcessPacket"],
    fallback: REFUSED,
  },
  {
    rule: "waiting call at DISPATCH_LEVEL",
    call: "VmbChannelDeleteGpadl",
    run: ({ vsc, client }) => vsc.VmbChannelDeleteGpadl(client, handle),
    inside: ["EvtChannelProcessPacket"],
  },
];

/** The GPADL of the pair under test. */
let handle = 0;

/** A pair whose client makes the call once, where it is told, and which then lives on and closes. */
async function live(
  mode: vmbus.VerifierMode,
  inside: InsideMisuse["inside"][number],
  run: InsideMisuse["run"],
): Promise<{ pair: Pair; outcomes: ({ threw: unknown } | { value: unknown })[] }> {
  const outcomes: ({ threw: unknown } | { value: unknown })[] = [];
  const act = (packet: vmbus.VMBPACKETCOMPLETION | null) => {
    // What a call returns at once counts, or what its promise, which nobody awaits here, becomes.
    const settled = (async () => await run(pair, packet))();
    settled.then((value) => outcomes.push({ value }), (threw) => outcomes.push({ threw }));
  };
  const callbacks: Record<string, () => unknown> = {
    EvtChannelOpened: () => {
      const created = pair.vsc.VmbChannelCreateGpadlFromBuffer(pair.client, 0, buffer, 1);
      handle = created.gpadlHandle ?? 0;
      if (inside === "EvtChannelOpened") act(null);
      return vmbus.STATUS_SUCCESS;
    },
    EvtChannelClosed: () => {
      if (inside === "EvtChannelClosed") act(null);
      return pair.vsc.VmbChannelDeleteGpadl(pair.client, handle);
    },
  };
  callbacks[inside] ??= () => act(null);
  const pair: Pair = makePair({
    fabric: { verifier: mode },
    clientCallbacks: callbacks as PairCallbacks,
    onClientPacket: (_channel, packet) => {
      if (inside === "EvtChannelProcessPacket") act(packet);
      pair.vsc.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  const buffer = pair.guest.memory.allocate(1);
  enablePair(pair);
  await pair.fabric.settle();
  sendPlain(pair.vsp, pair.server, Uint8Array.of(1));
  await pair.fabric.settle();
  await pair.vsc.VmbChannelDisable(pair.client);
  pair.guest.memory.free(buffer);
  return { pair, outcomes };
}

for (const { rule, call, run, inside, fallback } of INSIDE) {
  for (const place of inside) {
    for (const mode of ["throw", "record", "off"] as const) {
      Deno.test(`${call}: ${rule}, in ${place}, in mode ${mode}`, async () => {
        const { pair, outcomes } = await live(mode, place, run);
        const { fabric, calls, client } = pair;
        assertEquals(outcomes.length, 1);
        const [outcome] = outcomes;
        if (mode === "throw") {
          assert(outcome !== undefined && "threw" in outcome);
          assert(outcome.threw instanceof vmbus.VerifierError);
          assertEquals(outcome.threw.violation, fabric.violations[0]);
        } else assertEquals(outcome, { value: fallback });
        const found = fabric.violations.map((violation) => [violation.rule, violation.call]);
        assertEquals(found, mode === "off" ? [] : [[rule, call]]);
        // It did nothing: the client's life is as it would be without the call.
        const names = ["Opened", "Started", "PostStarted", "Suspend", "Closed"];
        const life = calls.filter((each) => each.startsWith("client"));
        assertEquals(life, names.map((name) => `client ${name}`));
        assertEquals(vmbus.inspectChannel(client).lifecycle, "disabled");
        assertEquals(fabric.inspect().callers, []);
      });
    }
  }
}

Deno.test("VmbChannelPause: that need not wait may be called at DISPATCH_LEVEL", async () => {
  const settled: string[] = []; // kmcl.md section 9: only a call that would have to wait is one
  const pair: Pair = makePair({
    onServerPacket: (_channel, packet) => {
      const { vsp } = pair;
      assertEquals(vmbus.KeGetCurrentIrql(), 2);
      vsp.VmbChannelPause(other.server).then(() => settled.push("paused"));
      vsp.VmbChannelDisable(other.client).then(() => settled.push("disabled"));
      vsp.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  const other = makePair({ within: pair, instance: "0c7e1f4e-2f52-4c57-8a1e-0d7b4f1c2a44" });
  enablePair(pair);
  sendPlain(pair.vsc, pair.client, Uint8Array.of(1));
  await pair.fabric.settle();
  await hops(5); // the promises are settled; their reactions come soon
  assertEquals(settled.sort(), ["disabled", "paused"]);
  assertEquals(pair.fabric.violations, []);
});

Deno.test("VmbChannelPacketDeferToPassive: after the first await is outside ProcessPacket", async () => {
  const thrown: unknown[] = []; // kmcl.md section 9: inline alone
  const pair: Pair = makePair({
    onServerPacket: async (_channel, packet) => {
      const { vsp } = pair;
      await pair.fabric.delay(1);
      try {
        vsp.VmbChannelPacketDeferToPassive(packet);
      } catch (error) {
        thrown.push(error instanceof vmbus.VerifierError && error.violation.rule);
      }
      vsp.VmbChannelPacketComplete(packet, null, 0);
    },
  });
  pair.vsp.VmbChannelSetIncomingProcessingAtPassive(pair.server, true);
  enablePair(pair);
  sendPlain(pair.vsc, pair.client, Uint8Array.of(1));
  await pair.fabric.advance(1);
  assertEquals(thrown, ["DeferToPassive outside ProcessPacket"]);
  assertEquals(vmbus.inspectChannel(pair.server).outstanding, 0);
  assertEquals(vmbus.inspectChannel(pair.server).fault, null);
});

Deno.test("VmbChannelPacketDeferToPassive: of another packet inside ProcessPacket is outside of its own", async () => {
  const held: vmbus.VMBPACKETCOMPLETION[] = []; // kmcl.md section 9
  const pair: Pair = makePair({
    fabric: { verifier: "record" },
    onServerPacket: (_channel, packet) => {
      for (const other of held) pair.vsp.VmbChannelPacketDeferToPassive(other);
      held.push(packet);
    },
  });
  enablePair(pair);
  for (const value of [1, 2]) sendPlain(pair.vsc, pair.client, Uint8Array.of(value));
  await pair.fabric.settle();
  const rules = pair.fabric.violations.map(({ rule }) => rule);
  assertEquals(rules, ["DeferToPassive outside ProcessPacket"]);
  assertEquals(vmbus.inspectChannel(pair.server).outstanding, 2);
});
