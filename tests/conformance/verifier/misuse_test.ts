// What the verifier catches (kmcl.md section 9), in its three modes.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { INVALID_HANDLES, MISUSES } from "./misuse.ts";
import { type Misuse, type MisuseStage, setMisuseStage } from "./misuse_stage.ts";

/** How a call ended: it threw, or its promise rejected; or what it gave. */
async function outcomeOf(run: () => unknown): Promise<{ threw: unknown } | { value: unknown }> {
  try {
    return { value: await run() };
  } catch (error) {
    return { threw: error };
  }
}

/** The misuses of each call. */
const BY_CALL = Map.groupBy([...MISUSES, ...INVALID_HANDLES], ({ call }) => call);

/** A violation has a rule name and the offending call; in the three modes it does what section 9 says. */
async function check(stage: MisuseStage, mode: vmbus.VerifierMode, misuse: Misuse): Promise<void> {
  const { rule, call, what, run, fallback, goesOn } = misuse;
  const { fabric } = stage;
  const known = fabric.violations.length;
  const before = fabric.inspect();
  const leaks = fabric.leaks();
  const outcome = await outcomeOf(() => run(stage));
  const [violation, ...others] = fabric.violations.slice(known);
  if (mode === "throw") {
    assert("threw" in outcome && outcome.threw instanceof vmbus.VerifierError, what);
    assertEquals(outcome.threw.violation, violation);
    assertEquals(outcome.threw.name, "VerifierError");
    assertStringIncludes(outcome.threw.message, call);
  } else assertEquals(outcome, { value: fallback }, what);
  if (mode === "off") assertEquals(violation, undefined);
  else {
    const found = [violation?.rule, violation?.call, violation?.at];
    assertEquals(found, [rule, call, fabric.now()], what);
    assertEquals(typeof violation?.message, "string");
  }
  assertEquals(others, [], what);
  if (goesOn === true) return;
  assertEquals(fabric.inspect(), before, what); // it changed nothing
  assertEquals(fabric.leaks(), leaks, what);
}

for (const [call, misuses] of BY_CALL) {
  for (const mode of ["throw", "record", "off"] as const) {
    Deno.test(`${call}: every misuse without a status, in mode ${mode}`, async () => {
      const stage = await setMisuseStage(mode);
      const last = (misuse: Misuse) => misuse.goesOn === true ? 1 : 0;
      const inOrder = misuses.toSorted((a, b) => last(a) - last(b));
      for (const misuse of inOrder) await check(stage, mode, misuse);
    });
  }
}

Deno.test("VmbChannelCleanup: with packets left continues in modes record and off, and stops in throw", async () => {
  for (const mode of ["throw", "record", "off"] as const) {
    const stage = await setMisuseStage(mode);
    const { server } = stage.idle;
    const cleanup = MISUSES.find(({ goesOn }) => goesOn === true) as Misuse;
    await outcomeOf(() => cleanup.run(stage));
    assertEquals(vmbus.inspectChannel(server) === null, mode !== "throw");
  }
});

Deno.test("VmbChannelPacketComplete: a context that was handed back is dead, whoever kept it", async () => {
  for (const mode of ["throw", "record"] as const) {
    const stage = await setMisuseStage(mode);
    const { fabric, vsp, vsc } = stage;
    const kept: vmbus.VMBPACKETCOMPLETION[] = [];
    const tried: string[] = [];
    const { server, client } = stage.idle;
    vsp.VmbChannelInitSetProcessPacketCallbacks(server, (_channel, packet) => {
      kept.push(packet);
      if (vmbus.KeGetCurrentIrql() === 0) return vsp.VmbChannelPacketComplete(packet, null, 0);
      vsp.VmbChannelPacketDeferToPassive(packet);
      // Handed back: the rest of this call has no packet any more.
      for (
        const use of [
          () => vsp.VmbChannelPacketComplete(packet, null, 0),
          () => vsp.VmbChannelPacketFail(packet),
          () => vsp.VmbChannelPacketDeferToPassive(packet),
        ]
      ) {
        try {
          use();
          tried.push("returned");
        } catch (error) {
          tried.push(error instanceof vmbus.VerifierError ? "threw" : "other");
        }
      }
    });
    vsp.VmbChannelEnable(server);
    vsp.VmbChannelStart(server);
    vsc.VmbChannelEnable(client);
    await fabric.settle();
    vsc.VmbPacketSend(vsc.VmbPacketAllocate(client), null, 0, null, 0);
    await fabric.settle();
    assertEquals(tried, Array(3).fill(mode === "throw" ? "threw" : "returned"));
    assertEquals(kept.length, 2); // it came again at PASSIVE_LEVEL
    const outcome = await outcomeOf(() => vsp.VmbChannelPacketComplete(kept[0]!, null, 0));
    assertEquals("threw" in outcome, mode === "throw");
    const rule = "PacketComplete, Defer or Fail of a context that is retired or handed back";
    assertEquals(fabric.violations.map((violation) => violation.rule), Array(4).fill(rule));
    assertEquals(vmbus.inspectChannel(server).fault, null);
  }
});
