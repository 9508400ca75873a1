// kmcl.md section 9, selfWait: a wait that can end only after its own callback has returned.
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  closePair,
  enablePair,
  makePair,
  type Pair,
  type PairOptions,
} from "../../support/connected_pair.ts";
import { post, request } from "../../support/driving.ts";

/** A callback that waits for itself. */
interface Case {
  readonly callback: string;
  readonly owner: string;
  readonly call: string;
  /** What is waited for, as the message says. */
  readonly what: string;
  readonly options: (pair: () => Pair, wait: Wait) => PairOptions;
  readonly wait: Wait;
  readonly provoke?: (pair: Pair) => void;
}

type Wait = (pair: Pair) => Promise<unknown>;

const passiveClient: NonNullable<PairOptions["client"]> = (vsc, channel) =>
  vsc.VmbChannelSetIncomingProcessingAtPassive(channel, true);
const passiveServer: NonNullable<PairOptions["server"]> = (vsp, channel) =>
  vsp.VmbChannelSetIncomingProcessingAtPassive(channel, true);

const disableClient: Wait = ({ vsc, client }) => vsc.VmbChannelDisable(client);
const disableServer: Wait = ({ vsp, server }) => vsp.VmbChannelDisable(server);
const pauseClient: Wait = ({ vsc, client }) => vsc.VmbChannelPause(client);

/** A state change callback of the client that waits, once some time has passed. */
function inChange(name: string, call: string, what: string, wait: Wait): Case {
  return {
    callback: `EvtChannel${name}`,
    owner: "channel 2 (client)",
    call,
    what,
    options: (pair, waits) => ({
      clientCallbacks: {
        [`EvtChannel${name}`]: async () => {
          await pair().fabric.delay(1);
          await waits(pair());
          return vmbus.STATUS_SUCCESS;
        },
      },
    }),
    wait,
    ...name === "Suspend" ? { provoke: ({ vsc, client }) => void vsc.VmbChannelPause(client) } : {},
  };
}

/** A ProcessPacket of one side that waits, for the first packet that it gets. */
function inPacket(side: "server" | "client", call: string, what: string, wait: Wait): Case {
  const isServer = side === "server";
  const waited = new WeakSet<Pair>();
  return {
    callback: "EvtChannelProcessPacket",
    owner: isServer ? "channel 1 (server)" : "channel 2 (client)",
    call,
    what,
    options: (pair, waits) => ({
      [isServer ? "onServerPacket" : "onClientPacket"]: async (
        _channel: vmbus.VMBCHANNEL,
        packet: vmbus.VMBPACKETCOMPLETION,
      ) => {
        pair().vsp.VmbChannelPacketComplete(packet, null, 0);
        if (waited.has(pair())) return;
        waited.add(pair());
        await waits(pair());
      },
      ...isServer ? { server: passiveServer } : { client: passiveClient },
    }),
    wait,
    provoke: ({ vsp, vsc, server, client }) => isServer ? post(vsc, client) : post(vsp, server),
  };
}

const REQUEST = "VmbChannelSendSynchronousRequest";
const DISABLE = "VmbChannelDisable";
const ITS_PACKET = /the end of packet \d on channel 2 \(client\)/.source;
const CLIENT_OFF = "channel 2 \\(client\\) to be Disabled";
const SERVER_OFF = "channel 1 \\(server\\) to be Disabled";

const CASES: readonly Case[] = [
  ...["Opened", "Started"].map((name) => inChange(name, REQUEST, ITS_PACKET, request)),
  ...["Opened", "Started", "PostStarted", "Suspend"].map((name) =>
    inChange(name, DISABLE, CLIENT_OFF, disableClient)
  ),
  inChange("PostStarted", "VmbChannelPause", "channel 2 \\(client\\) to come to rest", pauseClient),
  inPacket("client", REQUEST, ITS_PACKET, request),
  inPacket("client", DISABLE, CLIENT_OFF, disableClient),
  inPacket("client", "VmbChannelPause", "channel 2 \\(client\\) to come to rest", pauseClient),
  inPacket("server", DISABLE, SERVER_OFF, disableServer),
  // The other side's wait needs this side's callback to return.
  inPacket("server", REQUEST, ITS_PACKET, request),
  inPacket("server", DISABLE, CLIENT_OFF, disableClient),
  {
    ...inChange("Opened", REQUEST, ITS_PACKET, request),
    owner: "channel 1 (server)",
    options: (pair, waits) => ({
      serverCallbacks: {
        EvtChannelOpened: async () => {
          await waits(pair());
          return vmbus.STATUS_SUCCESS;
        },
      },
    }),
  },
  // A batch ends at PASSIVE_LEVEL, and the queue waits for what hears of it.
  {
    ...inPacket("client", REQUEST, ITS_PACKET, request),
    callback: "EvtChannelProcessingComplete",
    options: (pair, waits) => ({
      client: passiveClient,
      onClientBatch: async () => void await waits(pair()),
    }),
  },
];

function stageOf({ options, wait }: Case, verifier: vmbus.VerifierMode): Pair {
  const pair: Pair = makePair({ fabric: { verifier }, ...options(() => pair, wait) });
  return pair;
}

async function run(pair: Pair, provoke: Case["provoke"]): Promise<void> {
  enablePair(pair);
  await pair.fabric.advance(2);
  provoke?.(pair);
  await pair.fabric.advance(2);
}

for (const each of CASES) {
  const { callback, owner, call, what, provoke } = each;
  const title = `${call} in ${callback} of ${owner} is one, as it waits for ${what}`;
  const message = new RegExp(
    `^channel \\d .* in \\w+: ${callback} of ${
      owner.replace(/[()]/g, "\\$&")
    } waits for ${what}, but has to return first`,
  );

  Deno.test(`selfWait: ${title}, thrown in mode throw`, async () => {
    const pair = stageOf(each, "throw");
    const error = await assertRejects(() => run(pair, provoke), vmbus.VerifierError);
    assertEquals([error.violation.rule, error.violation.call], ["selfWait", call]);
    assertMatch(error.violation.message, message);
    assertEquals(pair.fabric.violations, [error.violation]);
    await pair.fabric.settle();
    assertEquals(pair.fabric.inspect().callbacks, []);
  });

  Deno.test(`selfWait: ${title}, recorded in mode record`, async () => {
    const pair = stageOf(each, "record");
    await run(pair, provoke);
    await pair.fabric.run();
    assertEquals(pair.fabric.violations.map(({ rule }) => rule), ["selfWait"]);
    assertMatch(pair.fabric.violations[0]!.message, message);
  });

  Deno.test(`selfWait: ${title}, shown in mode off`, async () => {
    const pair = stageOf(each, "off");
    await run(pair, provoke);
    assertEquals(pair.fabric.violations, []);
    const { callers, callbacks } = pair.fabric.inspect();
    const caller = callers.find(({ inside }) => inside === callback);
    assertEquals([caller?.call, caller?.selfWait], [call, true]);
    assertEquals(callbacks.includes(`${callback} of ${owner}`), true);
  });
}

Deno.test("selfWait: a request in Suspend is one beside being a send after Suspend", async () => {
  const pair: Pair = makePair({
    fabric: { verifier: "record" },
    clientCallbacks: { EvtChannelSuspend: async () => void await request(pair) },
  });
  enablePair(pair);
  await pair.fabric.settle();
  pair.vsc.VmbChannelPause(pair.client);
  await pair.fabric.settle();
  assertEquals(pair.fabric.violations.map(({ rule }) => rule), [
    "send between Suspend and the next Started or Closed",
    "selfWait",
  ]);
});

/** Callbacks of the client that wait for something that can end. */
const ENDING: Readonly<Record<string, (pair: Pair) => PairOptions["clientCallbacks"]>> = {
  "a request with a timeout": (pair) => ({
    EvtChannelOpened: async () => {
      await request(pair, "ask", -10_000);
      return vmbus.STATUS_SUCCESS;
    },
  }),
  "a request that races a delay": (pair) => ({
    EvtChannelOpened: async () => {
      await Promise.race([request(pair), pair.fabric.delay(1)]);
      return vmbus.STATUS_SUCCESS;
    },
  }),
  "a delay, beside a request that it does not await": (pair) => ({
    EvtChannelStarted: async () => {
      await pair.fabric.delay(1);
      request(pair);
      await pair.fabric.delay(1);
    },
  }),
  "a request that it leaves to others": (pair) => ({
    EvtChannelOpened: () => {
      request(pair).then(() => {});
      return vmbus.STATUS_SUCCESS;
    },
  }),
  "a request in PostStarted": (pair) => ({
    EvtChannelPostStarted: async () => void await request(pair),
  }),
};

for (const [name, callbacks] of Object.entries(ENDING)) {
  Deno.test(`selfWait: ${name} is none`, async () => {
    const options: { clientCallbacks?: PairOptions["clientCallbacks"] } = {};
    const pair: Pair = makePair({
      clientCallbacks: {
        EvtChannelOpened: (channel) =>
          options.clientCallbacks?.EvtChannelOpened?.(channel) ?? vmbus.STATUS_SUCCESS,
        EvtChannelStarted: (channel) => options.clientCallbacks?.EvtChannelStarted?.(channel),
        EvtChannelPostStarted: (channel) =>
          options.clientCallbacks?.EvtChannelPostStarted?.(channel),
      },
    });
    options.clientCallbacks = callbacks(pair) ?? {};
    enablePair(pair);
    await pair.fabric.advance(5);
    assertEquals(vmbus.inspectChannel(pair.client).lifecycle, "opened");
    await closePair(pair);
  });
}

Deno.test("selfWait: of two callbacks that wait for each other, each is one", async () => {
  // The server's packet waits for the client to be Disabled, whose packet waits for the server to be.
  const pair: Pair = makePair({
    fabric: { verifier: "record" },
    server: passiveServer,
    client: passiveClient,
    onServerPacket: async (_channel, packet) => {
      pair.vsp.VmbChannelPacketComplete(packet, null, 0);
      await pair.fabric.delay(1);
      await pair.vsc.VmbChannelPause(pair.client);
    },
    onClientPacket: async (_channel, packet) => {
      pair.vsc.VmbChannelPacketComplete(packet, null, 0);
      await pair.fabric.delay(1);
      await pair.vsp.VmbChannelPause(pair.server);
    },
  });
  enablePair(pair);
  await pair.fabric.settle();
  post(pair.vsc, pair.client);
  post(pair.vsp, pair.server);
  await pair.fabric.advance(1);
  assertEquals(pair.fabric.violations.map(({ rule, message }) => [rule, message]), [
    [
      "selfWait",
      "channel 1 (server) in root: EvtChannelProcessPacket of channel 1 (server) waits for channel 2 (client) to come to rest, but " +
      "has to return first: EvtChannelProcessPacket of channel 2 (client) has not returned",
    ],
    [
      "selfWait",
      "channel 2 (client) in guest: EvtChannelProcessPacket of channel 2 (client) waits for channel 1 (server) to come to rest, but " +
      "has to return first: EvtChannelProcessPacket of channel 1 (server) has not returned",
    ],
  ]);
});

Deno.test("selfWait: of a callback whose processors stand still is found when they run", async () => {
  const pair: Pair = makePair({
    fabric: { verifier: "record" },
    clientCallbacks: {
      EvtChannelOpened: async () => {
        pair.guest.pause();
        await request(pair);
        return vmbus.STATUS_SUCCESS;
      },
    },
  });
  enablePair(pair);
  await pair.fabric.settle();
  assertEquals(pair.fabric.violations, []);
  pair.guest.resume();
  await pair.fabric.settle();
  await pair.fabric.settle();
  assertEquals(pair.fabric.violations.map(({ rule }) => rule), ["selfWait"]);
});

Deno.test("selfWait: a mapping that the return of Closed ends is waited for in vain by that callback", async () => {
  const pair: Pair = makePair({
    fabric: { verifier: "off" },
    serverCallbacks: {
      EvtChannelClosed: async () => {
        await pair.vsc.VmbChannelDeleteGpadl(pair.client, handle);
      },
    },
  });
  enablePair(pair);
  await pair.fabric.settle();
  const buffer = pair.guest.memory.allocate(4096);
  const created = pair.vsc.VmbChannelCreateGpadlFromBuffer(pair.client, 0, buffer, 4096);
  const handle = vmbus.expectSuccess(created).gpadlHandle;
  vmbus.expectSuccess(pair.vsp.VmbChannelMapGpadl(pair.server, 0, handle));
  pair.vsp.VmbChannelDisable(pair.server);
  pair.guest.pause();
  await pair.fabric.settle();
  pair.guest.resume();
  await pair.fabric.settle();
  const { callers } = pair.fabric.inspect();
  assertEquals(callers.find(({ inside }) => inside === "EvtChannelClosed"), {
    call: "VmbChannelDeleteGpadl",
    waitsFor: `GPADL ${handle} of channel 2 (client) to be unmapped`,
    inside: "EvtChannelClosed",
    heldUpBy: `GPADL ${handle} of channel 2 (client) is mapped by channel 1 (server)`,
    selfWait: true,
  });
});
