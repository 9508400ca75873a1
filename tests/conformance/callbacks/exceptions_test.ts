// What drivers throw (kmcl.md sections 6 and 9; api.md section 1).

import { assertEquals, assertRejects, assertStrictEquals, assertStringIncludes } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import { makePair, type Pair, type PairOptions } from "../../support/connected_pair.ts";
import { WAIT } from "../../support/sending.ts";

/** A callback that throws once, and then does as it should. */
interface Thrower {
  readonly name: string;
  /** Whose it is, for the test's name. */
  readonly side: string;
  /** Whether it runs at PASSIVE_LEVEL, where it may also reject. */
  readonly isPassive: boolean;
  /** The state changes in a whole life of the pair. */
  readonly calls: readonly string[];
  /** Makes the callback do `act`. */
  readonly options: (
    act: () => unknown,
    complete: (packet: vmbus.VMBPACKETCOMPLETION) => void,
  ) => PairOptions;
}

const LIFE = [
  "server Opened",
  "server Started",
  "client Opened",
  "server PostStarted",
  "client Started",
  "client PostStarted",
  "client Suspend",
  "client Closed",
  "server Suspend",
  "server Closed",
];
const REFUSED_BY_SERVER = ["server Opened", "client PnpFailure STATUS_UNSUCCESSFUL"];

function stateChange(side: "server" | "client", name: string, calls = LIFE): Thrower {
  return {
    name: `EvtChannel${name}`,
    side,
    isPassive: true,
    calls,
    options: (act) => ({ [`${side}Callbacks`]: { [`EvtChannel${name}`]: act } }),
  };
}

function packetCallback(
  name: string,
  side: string,
  options: Thrower["options"],
): Thrower {
  return { name, side, isPassive: false, calls: LIFE, options };
}

const THROWERS: readonly Thrower[] = [
  stateChange("server", "Opened", REFUSED_BY_SERVER),
  stateChange("client", "Opened", [
    ...LIFE.slice(0, 3), // the close comes before PostStarted, and leaves it out
    "server Suspend",
    "server Closed",
  ]),
  ...["Started", "PostStarted", "Suspend", "Closed"].flatMap((name) => [
    stateChange("server", name),
    stateChange("client", name),
  ]),
  {
    name: "EvtChannelPnpFailure",
    side: "client",
    isPassive: true,
    calls: REFUSED_BY_SERVER,
    options: (act) => ({
      serverCallbacks: { EvtChannelOpened: () => vmbus.STATUS_UNSUCCESSFUL },
      onPnpFailure: () => act() as void,
    }),
  },
  packetCallback("EvtChannelProcessPacket", "server", (act, complete) => ({
    onServerPacket: (_channel, packet) => {
      complete(packet);
      act();
    },
  })),
  packetCallback("EvtChannelProcessingComplete", "server", (act) => ({
    onServerBatch: () => void act(),
  })),
  packetCallback("EvtPacketCompletionRoutine", "client", () => ({})),
];

/** Opens, sends a packet each way, closes; tells what each step that drives the loop threw. */
async function live(pair: Pair, routine: (() => unknown) | null): Promise<unknown[]> {
  const { fabric, vsp, vsc, server, client } = pair;
  const thrown: unknown[] = [];
  const step = (promise: Promise<void>) => promise.catch((error) => void thrown.push(error));
  vsp.VmbChannelEnable(server);
  vsp.VmbChannelStart(server);
  vsc.VmbChannelEnable(client);
  await step(fabric.settle());
  await step(fabric.settle());
  const packet = vsc.VmbPacketAllocate(client);
  if (routine !== null) vsc.VmbPacketSetCompletionRoutine(packet, () => void routine());
  vsc.VmbPacketSend(packet, null, 0, null, WAIT);
  await step(fabric.settle());
  for (const [table, channel] of [[vsc, client], [vsp, server]] as const) {
    await step(table.VmbChannelDisable(channel));
    await step(fabric.settle());
  }
  return thrown;
}

for (const { name, side, isPassive, options, calls } of THROWERS) {
  for (const mode of ["throw", "record", "off"] as const) {
    for (const isLate of isPassive ? [false, true] : [false]) {
      Deno.test(`${name}: of the ${side} ${isLate ? "rejects" : "throws"}, in mode ${mode}`, async () => {
        const cause = new Error("the driver's own");
        let isDue = true;
        const act = () => {
          if (!isDue) return vmbus.STATUS_SUCCESS;
          isDue = false;
          if (isLate) return Promise.reject(cause);
          throw cause;
        };
        const pair: Pair = makePair({
          fabric: { verifier: mode },
          ...options(act, (packet) => pair.vsp.VmbChannelPacketComplete(packet, null, 0)),
        });
        const thrown = await live(pair, name === "EvtPacketCompletionRoutine" ? act : null);
        assertEquals(isDue, false);
        assertEquals(pair.calls, calls); // the callback counts as returned
        if (mode === "record") assertEquals(thrown, []);
        else {
          assertEquals(thrown.length, 1);
          const [error] = thrown as Error[];
          assertStringIncludes(error!.message, name);
          assertStrictEquals(error?.cause, cause);
          assertEquals(error instanceof vmbus.VerifierError, false);
        }
        const found = pair.fabric.violations.map((violation) => [violation.rule, violation.call]);
        assertEquals(found, mode === "off" ? [] : [["exception out of a callback", name]]);
        assertEquals(vmbus.inspectChannel(pair.server).lifecycle, "disabled");
        assertEquals(vmbus.inspectChannel(pair.client).lifecycle, "disabled");
      });
    }
  }
}

Deno.test("VerifierError: out of a callback comes through as itself", async () => {
  const pair = makePair({
    serverCallbacks: {
      EvtChannelStarted: (channel) => pair.vsp.VmbChannelStart(channel), // a violation
    },
  });
  const { fabric, vsp, vsc, server, client } = pair;
  vsp.VmbChannelEnable(server);
  vsp.VmbChannelStart(server);
  vsc.VmbChannelEnable(client);
  const error = await assertRejects(() => fabric.settle(), vmbus.VerifierError);
  assertEquals(error.violation.rule, "Start or Pause inside a state change callback");
  assertStrictEquals(error.violation, fabric.violations[0]);
  assertEquals(fabric.violations.length, 1); // and is no exception of the driver's besides
  await fabric.settle();
  assertEquals(vmbus.inspectChannel(server).lifecycle, "opened");
});

for (const value of ["text", undefined, null, 17, { reason: "none" }]) {
  Deno.test(`EvtChannelStarted: may throw ${JSON.stringify(value)}, which is the cause`, async () => {
    const pair = makePair({
      clientCallbacks: {
        EvtChannelStarted: () => {
          throw value;
        },
      },
    });
    pair.vsp.VmbChannelEnable(pair.server);
    pair.vsc.VmbChannelEnable(pair.client);
    const error = await assertRejects(() => pair.fabric.settle(), Error, "EvtChannelStarted");
    assertStrictEquals(error.cause, value);
  });
}
