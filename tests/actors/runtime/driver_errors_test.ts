// api.md section 1: what a driver throws, and who hears of it. kmcl.md section 9, last item but one.
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  closePair,
  enablePair,
  makePair,
  openPair,
  type Pair,
  type PairOptions,
} from "../../support/connected_pair.ts";
import { hops, post, request } from "../../support/driving.ts";
import { createFabric } from "../../support/fabric.ts";

const THROWN = new RangeError("the driver's own reason");

function fail(): never {
  throw THROWN;
}

async function failLater(): Promise<never> {
  await null;
  throw THROWN;
}

/** Each callback that may throw, with how it comes to be called, and its endpoint. */
interface Case {
  readonly callback: string;
  readonly owner: string;
  readonly options: (thrower: () => never | Promise<never>) => PairOptions;
  readonly provoke?: (pair: Pair) => void;
  /** Whether it may return a promise. */
  readonly isPassive: boolean;
}

const passiveClient = (vsc: vmbus.KmclClientInterfaceV1, channel: vmbus.VMBCHANNEL) =>
  vsc.VmbChannelSetIncomingProcessingAtPassive(channel, true);

const CASES: readonly Case[] = [
  ...(["Opened", "Started", "PostStarted"] as const).map((name): Case => ({
    callback: `EvtChannel${name}`,
    owner: "channel 2 (client)",
    options: (thrower) => ({ clientCallbacks: { [`EvtChannel${name}`]: thrower } }),
    isPassive: true,
  })),
  ...(["Suspend", "Closed"] as const).map((name): Case => ({
    callback: `EvtChannel${name}`,
    owner: "channel 1 (server)",
    options: (thrower) => ({ serverCallbacks: { [`EvtChannel${name}`]: thrower } }),
    provoke: ({ guest }) => guest.crash(),
    isPassive: true,
  })),
  {
    callback: "EvtChannelPnpFailure",
    owner: "channel 2 (client)",
    options: (thrower) => ({
      serverCallbacks: { EvtChannelOpened: () => vmbus.STATUS_UNSUCCESSFUL },
      onPnpFailure: thrower,
    }),
    isPassive: true,
  },
  {
    callback: "EvtChannelProcessPacket",
    owner: "channel 2 (client)",
    options: (thrower) => ({ onClientPacket: thrower, client: passiveClient }),
    provoke: ({ vsp, server }) => post(vsp, server),
    isPassive: true,
  },
  {
    callback: "EvtChannelProcessPacket",
    owner: "channel 1 (server)",
    options: (thrower) => ({ onServerPacket: thrower }),
    provoke: ({ vsc, client }) => post(vsc, client),
    isPassive: false,
  },
  {
    callback: "EvtChannelProcessingComplete",
    owner: "channel 1 (server)",
    options: (thrower) => ({ onServerBatch: thrower }),
    provoke: ({ vsc, client }) => post(vsc, client),
    isPassive: false,
  },
  {
    callback: "EvtPacketCompletionRoutine",
    owner: "channel 2 (client)",
    options: () => ({}),
    provoke: ({ vsc, client }) => {
      const packet = vsc.VmbPacketAllocate(client);
      vsc.VmbPacketSetCompletionRoutine(packet, () => fail());
      vsc.VmbPacketSend(packet, new Uint8Array(8), 8, null, 0);
    },
    isPassive: false,
  },
];

async function runCase(pair: Pair, provoke: Case["provoke"]): Promise<void> {
  enablePair(pair);
  await pair.fabric.settle();
  provoke?.(pair);
  await pair.fabric.settle();
}

for (const { callback, owner, options, provoke, isPassive } of CASES) {
  for (const [kind, thrower] of [["throws", fail], ["rejects", failLater]] as const) {
    if (kind === "rejects" && !isPassive) continue;
    Deno.test(`${callback}: what it ${kind} rejects the call that drives, for ${owner}`, async () => {
      const pair = makePair(options(thrower));
      const error = await assertRejects(() => runCase(pair, provoke), Error);
      assertEquals(
        error.message,
        `Cannot go on as ${callback} of ${owner} threw: the driver's own reason`,
      );
      assertStrictEquals(error.cause, THROWN);
      assertEquals(pair.fabric.violations.map(({ rule, call }) => [rule, call]), [
        ["exception out of a callback", callback],
      ]);
      // It counts as returned: the run continues with the next call.
      await pair.fabric.settle();
      assertEquals(pair.fabric.inspect().callbacks, []);
    });

    Deno.test(`${callback}: what it ${kind} is a violation in mode record, for ${owner}`, async () => {
      const pair = makePair({ ...options(thrower), fabric: { verifier: "record" } });
      await runCase(pair, provoke);
      assertEquals(pair.fabric.violations.map(({ rule, call, message }) => [rule, call, message]), [
        [
          "exception out of a callback",
          callback,
          `${owner} in ${
            owner.includes("server") ? "root" : "guest"
          }: its driver threw: the driver's own reason`,
        ],
      ]);
    });

    Deno.test(`${callback}: what it ${kind} is heard in mode off too, for ${owner}`, async () => {
      const pair = makePair({ ...options(thrower), fabric: { verifier: "off" } });
      const error = await assertRejects(
        () => runCase(pair, provoke),
        Error,
        "the driver's own reason",
      );
      assertStrictEquals(error.cause, THROWN);
      assertEquals(pair.fabric.violations, []);
    });
  }
}

Deno.test("EvtChannelOpened: fails with STATUS_UNSUCCESSFUL where it throws", async () => {
  const pair = makePair({ serverCallbacks: { EvtChannelOpened: fail } });
  enablePair(pair);
  await assertRejects(() => pair.fabric.settle(), Error, "EvtChannelOpened of channel 1 (server)");
  await pair.fabric.settle();
  assertEquals(pair.calls, ["server Opened", "client PnpFailure STATUS_UNSUCCESSFUL"]);
});

Deno.test("EvtChannelProcessPacket: leaves a packet that it did not retire to the driver", async () => {
  const packets: vmbus.VMBPACKETCOMPLETION[] = [];
  const pair = await openPair({
    onServerPacket: (_channel, packet) => {
      packets.push(packet);
      fail();
    },
  });
  post(pair.vsc, pair.client, "one");
  post(pair.vsc, pair.client, "two");
  await assertRejects(() => pair.fabric.settle(), Error, "threw: the driver's own reason");
  await assertRejects(() => pair.fabric.settle(), Error, "threw: the driver's own reason");
  await pair.fabric.settle();
  assertEquals(vmbus.inspectChannel(pair.server)?.outstanding, 2);
  for (const packet of packets) pair.vsp.VmbChannelPacketComplete(packet, null, 0);
  assertEquals(vmbus.inspectChannel(pair.server)?.outstanding, 0);
});

Deno.test("VerifierError: comes out of a callback as itself", async () => {
  const pair = makePair({
    clientCallbacks: {
      EvtChannelOpened: () => {
        pair.vsc.VmbChannelSetTransactionQuota(pair.client, 0);
        return vmbus.STATUS_SUCCESS;
      },
    },
  });
  enablePair(pair);
  const error = await assertRejects(() => pair.fabric.settle(), vmbus.VerifierError);
  assertEquals(error.violation.rule, "quota 0");
  assertEquals(error.name, "VerifierError");
  assertEquals(error.cause, undefined);
  assertEquals(pair.fabric.violations, [error.violation]);
});

Deno.test("VerifierError: carries rule, call, text and time", async () => {
  const pair = await openPair();
  await pair.fabric.advance(2);
  let caught: unknown;
  try {
    pair.vsc.VmbChannelSetTransactionQuota(pair.client, 0);
  } catch (error) {
    caught = error;
  }
  assertInstanceOf(caught, vmbus.VerifierError);
  assertEquals(caught.violation.call, "VmbChannelSetTransactionQuota");
  assertEquals(caught.violation.at, 2);
  assert(caught.message.startsWith("Cannot go on with VmbChannelSetTransactionQuota: "));
  assert(caught.message.endsWith("(quota 0)"));
});

Deno.test("VmbChannelSendSynchronousRequest: rejects with what a driver threw while it drove", async () => {
  const pair = await openPair({ onServerPacket: fail });
  const error = await assertRejects(() => request(pair), Error, "EvtChannelProcessPacket");
  assertStrictEquals(error.cause, THROWN);
  // The request was given up, and the channel continues.
  assertEquals(vmbus.inspectChannel(pair.client)?.blockedCallers, 0);
  await pair.fabric.settle();
});

Deno.test("Fabric.settle: hears of a throw before a waiting call does", async () => {
  const pair = await openPair({ onServerPacket: fail });
  const outcomes = await Promise.allSettled([pair.fabric.settle(), request(pair)]);
  const [settled, asked] = outcomes.map((outcome) => "reason" in outcome ? outcome.reason : null);
  assertInstanceOf(settled, Error);
  assertStrictEquals(settled.cause, THROWN);
  // Then nothing can end the request.
  assertInstanceOf(asked, vmbus.VerifierError);
});

Deno.test("Fabric.settle: hears of a throw before a drive that began earlier", async () => {
  const pair = await openPair({ onServerPacket: fail });
  const stop = new AbortController();
  const ran = pair.fabric.run(stop.signal);
  pair.fabric.delay(1e6);
  post(pair.vsc, pair.client);
  await assertRejects(() => pair.fabric.settle(), Error, "threw: the driver's own reason");
  stop.abort();
  await ran;
});

Deno.test("Fabric.settle: hears of what failed while nobody drove", async () => {
  const gate = Promise.withResolvers<void>();
  const stop = new AbortController();
  const pair = makePair({
    serverCallbacks: {
      EvtChannelOpened: async () => {
        stop.abort();
        await gate.promise;
        return fail();
      },
    },
  });
  enablePair(pair);
  await pair.fabric.run(stop.signal);
  gate.resolve();
  await hops(10);
  const error = await assertRejects(() => pair.fabric.settle(), Error);
  assertStrictEquals(error.cause, THROWN);
});

Deno.test("Fabric.settle: names also what is thrown and is no Error", async () => {
  const pair = makePair({
    clientCallbacks: {
      EvtChannelStarted: () => {
        throw "a text";
      },
    },
  });
  enablePair(pair);
  const error = await assertRejects(() => pair.fabric.settle(), Error, "threw: a text");
  assertEquals(error.cause, "a text");
});

Deno.test("EvtChannelOpened: may return a thenable of any make", async () => {
  const answers: unknown[] = [
    { then: (resolve: (status: number) => void) => resolve(vmbus.STATUS_SUCCESS) },
    { then: (_: unknown, reject: (reason: unknown) => void) => reject(THROWN) },
    { then: fail },
    {
      then: (resolve: (status: number) => void, reject: (reason: unknown) => void) => {
        resolve(vmbus.STATUS_SUCCESS);
        reject(THROWN);
        resolve(vmbus.STATUS_UNSUCCESSFUL);
      },
    },
  ];
  const outcomes: unknown[] = [];
  for (const answer of answers) {
    const pair = makePair({
      serverCallbacks: { EvtChannelOpened: () => answer as Promise<vmbus.NtStatus> },
    });
    enablePair(pair);
    const [settled] = await Promise.allSettled([pair.fabric.settle()]);
    await pair.fabric.settle();
    outcomes.push([settled.status, vmbus.inspectChannel(pair.server)?.lifecycle]);
  }
  assertEquals(outcomes, [
    ["fulfilled", "opened"],
    ["rejected", "enabled"],
    ["rejected", "enabled"],
    ["fulfilled", "opened"],
  ]);
});

Deno.test("Fabric: a pair closes cleanly after its driver threw", async () => {
  let isBad = true;
  const pair = makePair({
    fabric: { verifier: "off" },
    clientCallbacks: {
      EvtChannelPostStarted: () => {
        if (isBad) fail();
      },
    },
  });
  enablePair(pair);
  await assertRejects(() => pair.fabric.settle(), Error, "EvtChannelPostStarted");
  isBad = false;
  await pair.fabric.settle();
  await closePair(pair);
});

// Section 9: only a violation of this fabric is on its list already, and only its errors can be read.
for (const verifier of ["record", "throw"] as const) {
  Deno.test(`EvtChannelProcessPacket: an error that only looks like a violation's is a driver's (${verifier})`, async () => {
    const other = createFabric();
    const foreign = vmbus.WdfFdoQueryForInterface(
      other.root.device,
      vmbus.KMCL_SERVER_INTERFACE_TYPE,
      vmbus.KMCL_SERVER_INTERFACE_V1_SIZE,
      1,
    );
    const bare = Object.create(vmbus.VerifierError.prototype);
    const throwers: readonly (() => unknown)[] = [
      () => vmbus.expectSuccess(foreign).kmcl.VmbChannelStart(null),
      () => {
        throw bare;
      },
      () => {
        throw new Proxy(bare, {
          get() {
            throw 1;
          },
        });
      },
    ];
    for (const thrower of throwers) {
      const pair: Pair = await openPair({
        fabric: { verifier },
        onServerPacket: (_channel, packet) => {
          pair.vsp.VmbChannelPacketComplete(packet, null, 0);
          thrower();
        },
      });
      post(pair.vsc, pair.client);
      const text = "EvtChannelProcessPacket of channel 1 (server) threw: ";
      if (verifier === "record") await pair.fabric.settle();
      else await assertRejects(() => pair.fabric.settle(), Error, text);
      assertEquals(pair.fabric.violations.map(({ rule }) => rule), [
        "exception out of a callback",
      ]);
    }
  });
}
