/** Packets sent against packets received: each once, in order, intact, whatever the circumstances. */
import { assert } from "@std/assert";
import fc from "fast-check";
import * as vmbus from "../../mod.ts";
import { closePair, openPair, type Pair } from "../support/connected_pair.ts";
import { times } from "../support/long.ts";
import { clearFeatureBits } from "../support/endpoints.ts";
import { type PacketPlan, TrafficDriver, type TrafficWorld } from "../support/traffic.ts";
import type { Treatment } from "../support/treatment.ts";

type Side = "server" | "client";

type Step =
  | { readonly kind: "send"; readonly side: Side; readonly plans: readonly PacketPlan[] }
  | { readonly kind: "settle" }
  | { readonly kind: "advance"; readonly milliseconds: number }
  | { readonly kind: "pauseAndStart"; readonly side: Side; readonly between: readonly Step[] }
  | { readonly kind: "quota"; readonly side: Side; readonly quota: number }
  | { readonly kind: "passive"; readonly side: Side; readonly isPassive: boolean }
  | {
    readonly kind: "retire";
    readonly side: Side;
    readonly count: number;
    readonly isLatestFirst: boolean;
  };

interface Circumstances {
  readonly fabric: vmbus.FabricOptions;
  readonly processors: number;
  readonly ringPages: readonly [number, number];
  readonly packetBytesMax: number;
  readonly latency100ns: number;
  /** Whether neither side says that it honours the pending send size, so that both poll (wire.md 1.7). */
  readonly polls: boolean;
  readonly steps: readonly Step[];
}

const RUNS = times(50, 300);

const anySide = fc.constantFrom<Side>("server", "client");

/** Milliseconds after which the rest of a run must be over. */
const ROUNDS_MAX = 10_000;
/** Bounds of external data in these channels. */
const EXTERNAL_BYTES_MAX = 12_000;
const EXTERNAL_CHAIN_MAX = 3;

function anyPlan(side: Side, packetBytesMax: number): fc.Arbitrary<PacketPlan> {
  const size = fc.oneof(
    { weight: 3, arbitrary: fc.nat({ max: 64 }) },
    { weight: 2, arbitrary: fc.nat({ max: packetBytesMax }) },
    { weight: 1, arbitrary: fc.constant(packetBytesMax) },
  );
  const external = fc.array(fc.integer({ min: 1, max: EXTERNAL_BYTES_MAX / EXTERNAL_CHAIN_MAX }), {
    maxLength: EXTERNAL_CHAIN_MAX,
  });
  const none = fc.constant<number[]>([]);
  return fc.record({
    byteCount: size,
    wantsCompletion: fc.boolean(),
    answerBytes: size,
    treatment: fc.constantFrom<Treatment>(
      "complete",
      "complete",
      "hold",
      "defer",
      "linger",
      "await",
    ),
    external: side === "client" ? fc.oneof({ weight: 4, arbitrary: none }, external) : none,
    isPagedOut: fc.boolean(),
  }).map((plan) => plan.external.length > 0 ? { ...plan, wantsCompletion: true } : plan);
}

/**
 * One side of a run may have a quota. Two quotas can block each other by contract (kmcl.md R6): each side
 * waits until its completion is in a ring that the other, which waits, does not read.
 */
function anyStep(packetBytesMax: number, quotaSide: Side): fc.Arbitrary<Step> {
  const send = anySide.chain((side) =>
    fc.record({
      kind: fc.constant("send" as const),
      side: fc.constant(side),
      plans: fc.array(anyPlan(side, packetBytesMax), { minLength: 1, maxLength: 30 }),
    })
  );
  const settle = fc.constant({ kind: "settle" as const });
  const simple: fc.Arbitrary<Step> = fc.oneof(
    { weight: 5, arbitrary: send },
    { weight: 3, arbitrary: settle },
    fc.record({ kind: fc.constant("advance" as const), milliseconds: fc.nat({ max: 3 }) }),
    fc.record({
      kind: fc.constant("quota" as const),
      side: fc.constant(quotaSide),
      quota: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.constant(0xffff_ffff)),
    }),
    fc.record({ kind: fc.constant("passive" as const), side: anySide, isPassive: fc.boolean() }),
    fc.record({
      kind: fc.constant("retire" as const),
      side: anySide,
      count: fc.integer({ min: 1, max: 10 }),
      isLatestFirst: fc.boolean(),
    }),
  );
  const pause = fc.record({
    kind: fc.constant("pauseAndStart" as const),
    side: anySide,
    between: fc.array(simple, { maxLength: 4 }),
  });
  return fc.oneof({ weight: 6, arbitrary: simple }, pause);
}

const anyCircumstances: fc.Arbitrary<Circumstances> = fc.tuple(
  fc.constantFrom(200, 1500, 6000),
  anySide,
).chain(([packetBytesMax, quotaSide]) =>
  fc.record({
    fabric: fc.record({
      seed: fc.nat(),
      schedule: fc.constantFrom("fifo" as const, "random" as const),
      codec: fc.constantFrom("msgpack" as const, "vmbus" as const),
      verifier: fc.constantFrom("throw" as const, "record" as const, "off" as const),
      trace: fc.constant("off" as const),
    }),
    processors: fc.integer({ min: 1, max: 3 }),
    ringPages: fc.tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 8 })),
    packetBytesMax: fc.constant(packetBytesMax),
    latency100ns: fc.constantFrom(0, 0, 5000),
    polls: fc.boolean(),
    steps: fc.array(anyStep(packetBytesMax, quotaSide), {
      minLength: 1,
      maxLength: 20,
      size: "max",
    }),
  })
);

/** An open pair whose drivers do as they are told. */
class Traffic {
  readonly pair: Pair;
  readonly drivers: Readonly<Record<Side, TrafficDriver>>;

  private constructor(pair: Pair, drivers: Readonly<Record<Side, TrafficDriver>>) {
    this.pair = pair;
    this.drivers = drivers;
  }

  static async open(circumstances: Circumstances): Promise<Traffic> {
    const { packetBytesMax, latency100ns } = circumstances;
    const fabric = vmbus.createFabric(circumstances.fabric);
    const { processors } = circumstances;
    const guest = fabric.createPartition({ name: "guest", memoryPages: 8192, processors });
    const isPadded = circumstances.fabric.codec === "vmbus";
    const world: TrafficWorld = { fabric, guest, isPadded };
    const bounds = (table: vmbus.KmclClientInterfaceV1, channel: vmbus.VMBCHANNEL) => {
      table.VmbChannelInitSetMaximumPacketSize(channel, packetBytesMax);
      table.VmbChannelInitSetMaximumExternalData(channel, EXTERNAL_BYTES_MAX, EXTERNAL_CHAIN_MAX);
      return new TrafficDriver(world, table);
    };
    const drivers: Partial<Record<Side, TrafficDriver>> = {};
    const callbacks = (side: Side) => ({
      EvtChannelSuspend: () => drivers[side]?.suspend(),
      EvtChannelStarted: () => drivers[side]?.started(),
    });
    const onPacket = (side: Side): vmbus.EvtChannelProcessPacket => (_channel, ...rest) =>
      drivers[side]?.processPacket(...rest);
    const onBatch = (side: Side) => (_channel: vmbus.VMBCHANNEL, count: number) => {
      const driver = drivers[side];
      if (driver !== undefined) driver.counted += count;
    };
    const pair = await openPair({
      within: { fabric, guest },
      ringPages: circumstances.ringPages,
      server: (vsp, channel) => drivers.server = bounds(vsp, channel),
      client: (vsc, channel) => drivers.client = bounds(vsc, channel),
      serverCallbacks: callbacks("server"),
      clientCallbacks: callbacks("client"),
      onServerPacket: onPacket("server"),
      onClientPacket: onPacket("client"),
      onServerBatch: onBatch("server"),
      onClientBatch: onBatch("client"),
    });
    const { server, client } = drivers;
    if (server === undefined || client === undefined) throw new Error("Cannot run: no drivers");
    server.connect(pair.server, client);
    client.connect(pair.client, server);
    pair.vsc.VmbChannelSetInterruptLatency(pair.client, latency100ns);
    if (circumstances.polls) clearFeatureBits(pair.client);
    return new Traffic(pair, { server, client });
  }

  async run(step: Step): Promise<void> {
    const { fabric } = this.pair;
    switch (step.kind) {
      case "send":
        return step.plans.forEach((plan) => this.drivers[step.side].send(plan));
      case "settle":
        return await fabric.settle();
      case "advance":
        return await fabric.advance(step.milliseconds);
      case "quota":
        return this.#setQuota(step.side, step.quota);
      case "passive": {
        const [table, channel] = this.#end(step.side);
        return table.VmbChannelSetIncomingProcessingAtPassive(channel, step.isPassive);
      }
      case "retire":
        return this.drivers[step.side].retire(step.count, step.isLatestFirst);
      case "pauseAndStart": {
        const [table, channel] = this.#end(step.side);
        await table.VmbChannelPause(channel);
        for (const inner of step.between) await this.run(inner);
        return table.VmbChannelStart(channel);
      }
    }
  }

  /** Lets everything that is under way end. */
  async finish(): Promise<void> {
    const { server, client } = this.drivers;
    const isIdle = () => server.isIdle && client.isIdle;
    for (let round = 0; round < ROUNDS_MAX && !isIdle(); round++) {
      await this.pair.fabric.advance(1);
      for (const driver of [server, client]) driver.retire(Infinity, false);
    }
    await this.pair.fabric.advance(2); // callbacks that linger
  }

  /** With the quota raised, the next completion restarts the queue (kmcl.md R4). */
  #setQuota(side: Side, quota: number): void {
    const [table, channel] = this.#end(side);
    table.VmbChannelSetTransactionQuota(channel, quota);
    this.drivers[side].quota = quota;
  }

  #end(side: Side): readonly [vmbus.KmclClientInterfaceV1, vmbus.VMBCHANNEL] {
    const { vsp, vsc, server, client } = this.pair;
    return side === "server" ? [vsp, server] : [vsc, client];
  }
}

// kmcl.md P1, P2, P3, P6, P8, R1, R2, R3, R4, R6, S7, S8
Deno.test("VmbPacketSend: every packet arrives once, in order and intact, and ends once", async () => {
  let packets = 0;
  let queued = 0;
  await fc.assert(
    fc.asyncProperty(anyCircumstances, async (circumstances) => {
      const traffic = await Traffic.open(circumstances);
      for (const step of circumstances.steps) {
        await traffic.run(step);
        queued += vmbus.inspectChannel(traffic.pair.client).queued;
      }
      await traffic.finish();
      traffic.drivers.server.assertDone();
      traffic.drivers.client.assertDone();
      packets += traffic.drivers.server.sent.length + traffic.drivers.client.sent.length;
      await closePair(traffic.pair);
    }),
    { seed: 20_260_805, numRuns: RUNS, endOnFailure: true },
  );
  // It would prove little if rings were never full and little was sent.
  assert(packets > 25 * RUNS && queued > 12 * RUNS, `${packets} packets, ${queued} queued`);
});
