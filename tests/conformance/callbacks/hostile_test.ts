// api.md section 1: whatever a callback returns or throws, its work item is finished, the error is
// reported, and what comes next comes.

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { makePair, openPair, type Pair, type PairOptions } from "../../support/connected_pair.ts";
import { HOSTILE_OBJECTS, HOSTILE_PROMISES, HOSTILE_THROWN } from "../../support/hostile_values.ts";
import { type Ended, names, notedPacket, WAIT } from "../../support/sending.ts";

const STATE_CHANGES = ["Opened", "Started", "PostStarted", "Suspend", "Closed"] as const;

/** Every callback of a pair, as a set of options that has it answer once with `harm`, and well after that. */
const CALLBACKS: Record<string, (harm: () => unknown, pair: () => Pair) => PairOptions> = {};
const once = (harm: () => unknown, well: (...args: never[]) => unknown) => {
  let count = 0;
  // deno-lint-ignore no-explicit-any -- the callbacks of a pair, whatever they take and return
  return ((...args: never[]) => count++ === 0 ? harm() : well(...args)) as any;
};
for (const side of ["server", "client"] as const) {
  const capital = side === "server" ? "Server" : "Client";
  const tableOf = (pair: Pair) => side === "server" ? pair.vsp : pair.vsc;
  for (const name of STATE_CHANGES) {
    CALLBACKS[`EvtChannel${name} of a ${side}`] = (harm) => ({
      [`${side}Callbacks`]: { [`EvtChannel${name}`]: once(harm, () => vmbus.STATUS_SUCCESS) },
    });
  }
  CALLBACKS[`EvtChannelProcessPacket of a ${side}`] = (harm, pair) => ({
    [`on${capital}Packet`]: (_channel: unknown, packet: vmbus.VMBPACKETCOMPLETION) => {
      tableOf(pair()).VmbChannelPacketComplete(packet, null, 0);
      return harm();
    },
  });
  CALLBACKS[`EvtChannelProcessingComplete of a ${side}`] = (harm) => ({
    [`on${capital}Batch`]: once(harm, () => {}),
  });
}
CALLBACKS["EvtChannelPnpFailure"] = (harm) => ({
  serverCallbacks: { EvtChannelOpened: once(() => vmbus.STATUS_UNSUCCESSFUL, () => 0) },
  onPnpFailure: once(harm, () => {}),
});

/** Drives until it is quiet; what rejects on the way. */
async function drive(fabric: vmbus.Fabric): Promise<unknown[]> {
  const errors: unknown[] = [];
  for (let round = 0; round < 20; round++) {
    try {
      await fabric.settle();
      return errors;
    } catch (error) {
      errors.push(error);
    }
  }
  throw new Error("it never comes to rest");
}

/** Sends a request in each direction and drives; all of them end well, whatever is thrown on the way. */
async function talk({ fabric, vsp, vsc, server, client }: Pair): Promise<unknown[]> {
  const ends: Ended[] = [];
  for (const [table, channel] of [[vsc, client], [vsp, server]] as const) {
    for (let count = 0; count < 2; count++) {
      const packet = notedPacket(table, channel, ends);
      assertEquals(table.VmbPacketSend(packet, null, 0, null, WAIT), vmbus.STATUS_SUCCESS);
    }
  }
  const errors = await drive(fabric);
  assertEquals(names(ends.map(({ status }) => status)), Array(4).fill("STATUS_SUCCESS"));
  for (const { packet } of ends) {
    (vsc.VmbPacketGetChannel(packet) === client ? vsc : vsp).VmbPacketFree(packet);
  }
  return errors;
}

/** Opens a pair with one harmful callback, talks, closes, and opens it again: all of it comes to its end. */
async function live(pair: Pair): Promise<unknown[]> {
  const { fabric, vsp, vsc, server, client } = pair;
  const errors: unknown[] = [];
  vmbus.expectSuccess(vsp.VmbChannelEnable(server));
  vsp.VmbChannelStart(server);
  for (let life = 0; life < 2; life++) {
    for (let tries = 0; vmbus.inspectChannel(client).lifecycle !== "opened"; tries++) {
      assert(tries < 3, "the channel opens");
      if (vmbus.inspectChannel(client).lifecycle === "disabled") {
        vmbus.expectSuccess(vsc.VmbChannelEnable(client));
      }
      errors.push(...await drive(fabric));
    }
    errors.push(...await talk(pair));
    const closed = vsc.VmbChannelDisable(client).catch((error) => void errors.push(error));
    errors.push(...await drive(fabric));
    await closed;
    assertEquals(vmbus.inspectChannel(client).lifecycle, "disabled");
  }
  const gone = vsp.VmbChannelDisable(server).catch((error) => void errors.push(error));
  errors.push(...await drive(fabric));
  await gone;
  vsc.VmbChannelCleanup(client);
  vsp.VmbChannelCleanup(server);
  assertEquals(fabric.leaks(), []);
  assertEquals(fabric.inspect().callbacks, []);
  return errors;
}

const HARMS: Readonly<Record<string, () => unknown>> = Object.fromEntries([
  ...Object.entries({ ...HOSTILE_OBJECTS, ...HOSTILE_PROMISES }).map((
    [name, make],
  ) => [`returns ${name}`, make]),
  ...Object.entries(HOSTILE_THROWN).map(([name, make]) => [`throws ${name}`, () => {
    throw make();
  }]),
]);

for (const [callback, optionsOf] of Object.entries(CALLBACKS)) {
  Deno.test(`${callback}: whatever it returns or throws, the channel continues`, async () => {
    for (const [at, [what, harm]] of Object.entries(HARMS).entries()) {
      // What mode throw does differently does not depend on the value: every fourth will do.
      for (const verifier of at % 4 === 0 ? ["record", "throw"] as const : ["record"] as const) {
        const pair: Pair = makePair({ ...optionsOf(harm, () => pair), fabric: { verifier } });
        const errors = await live(pair);
        // In mode record nothing rejects, and what was thrown is on the list.
        if (verifier === "record") assertEquals(errors, [], what);
        for (const error of errors) assertInstanceOf(error, Error, what);
        if (what.startsWith("throws")) {
          const rules = pair.fabric.violations.map(({ rule }) => rule);
          assert(rules.length > 0, what);
          assertEquals(new Set(rules), new Set(["exception out of a callback"]), what);
          if (verifier === "throw") assert(errors.length > 0, what);
        }
      }
    }
  });
}

Deno.test("EvtPacketCompletionRoutine: whatever it returns or throws, the packet is free and the next ends", async () => {
  for (const [what, harm] of Object.entries(HARMS)) {
    const pair = await openPair({ fabric: { verifier: "record" } });
    const { vsc, client, fabric } = pair;
    const packet = vsc.VmbPacketAllocate(client);
    vsc.VmbPacketSetCompletionRoutine(packet, () => harm() as void);
    vsc.VmbPacketSend(packet, null, 0, null, WAIT);
    await fabric.settle();
    vsc.VmbPacketFree(packet);
    assertEquals(await talk(pair), [], what);
  }
});

Deno.test("EvtChannelOpened: what is no NTSTATUS refuses the channel, and is named", async () => {
  for (const [what, harm] of Object.entries({ ...HOSTILE_OBJECTS, ...HOSTILE_THROWN })) {
    const pair = makePair({
      fabric: { verifier: "record" },
      serverCallbacks: { EvtChannelOpened: () => harm() as number },
    });
    const { fabric, vsp, vsc, server, client } = pair;
    vmbus.expectSuccess(vsp.VmbChannelEnable(server));
    vmbus.expectSuccess(vsc.VmbChannelEnable(client));
    await fabric.settle();
    if (what === "undefined") continue; // the stage makes a success of it
    assertEquals(vmbus.inspectChannel(client).lifecycle, "disabled", what);
    assertEquals(fabric.violations.length, 1, what);
  }
});

Deno.test("ActorInspector: what it throws is heard, and the actors go on", async () => {
  for (const [what, harm] of Object.entries(HOSTILE_THROWN)) {
    const pair = await openPair({ fabric: { verifier: "record" } });
    const stop = pair.fabric.inspectActors(() => {
      throw harm();
    });
    assertEquals(await talk(pair), [], what);
    stop();
    assert(pair.fabric.violations.length > 0);
    assertEquals(pair.fabric.violations[0]!.call, "ActorInspector");
  }
});
