// api.md section 1: who is rejected as nothing can end his wait hears what holds it up.
import { assertEquals, assertRejects } from "@std/assert";
import * as vmbus from "../../../mod.ts";
import {
  enablePair,
  makePair,
  openPair,
  type Pair,
  PAIR_INSTANCE,
  PAIR_TYPE,
  type PairOptions,
} from "../../support/connected_pair.ts";
import { post, request } from "../../support/driving.ts";

/** A wait that nothing can end, and why. */
interface Case {
  readonly reason: string;
  readonly options?: PairOptions;
  /** Brings about what holds it up. */
  readonly before: (pair: Pair) => void | Promise<void>;
  readonly wait: (pair: Pair) => Promise<unknown>;
}

const holding: PairOptions = { onServerPacket: () => {} };
const disableServer = ({ vsp, server }: Pair) => vsp.VmbChannelDisable(server);
const disableClient = ({ vsc, client }: Pair) => vsc.VmbChannelDisable(client);
const pauseServer = ({ vsp, server }: Pair) => vsp.VmbChannelPause(server);

function open(pair: Pair): Promise<void> {
  enablePair(pair);
  return pair.fabric.settle();
}

async function openAt3Ms(pair: Pair, packets: number): Promise<void> {
  await open(pair);
  await pair.fabric.advance(3);
  for (let i = 0; i < packets; i++) post(pair.vsc, pair.client);
  await pair.fabric.advance(2);
}

const CASES: readonly Case[] = [
  {
    reason: "packet 0 of channel 1 (server) is held by its driver since t = 3 ms",
    options: holding,
    before: (pair) => openAt3Ms(pair, 1),
    wait: disableServer,
  },
  {
    reason: "packet 0 of channel 1 (server) is held by its driver since t = 3 ms, and 2 more",
    options: holding,
    before: (pair) => openAt3Ms(pair, 3),
    wait: pauseServer,
  },
  {
    reason: "packet 0 of channel 1 (server) is held by its driver since t = 3 ms",
    options: holding,
    before: (pair) => openAt3Ms(pair, 1),
    wait: disableClient,
  },
  {
    reason: "packet 0 of channel 1 (server) is held by its driver since t = 0 ms",
    options: holding,
    before: open,
    wait: request,
  },
  {
    reason: "channel 1 (server) is Paused",
    before: async (pair) => {
      await open(pair);
      await pair.vsp.VmbChannelPause(pair.server);
    },
    wait: request,
  },
  {
    reason: "channel 2 (client) is Paused",
    before: async (pair) => {
      await pair.vsc.VmbChannelPause(pair.client); // it opens Paused
      await open(pair);
    },
    wait: request,
  },
  {
    reason: `no offer of type ${PAIR_TYPE} stands`,
    before: ({ vsc, client }) => void vsc.VmbChannelEnable(client),
    wait: request,
  },
  {
    reason: `the offer of type ${PAIR_TYPE} is taken by channel 2 (client)`,
    before: open,
    wait: (pair) => {
      const second = makePair({ within: pair, instance: PAIR_INSTANCE });
      const { channel } = vmbus.expectSuccess(
        pair.vsc.VmbChannelAllocate(pair.guest.device, false),
      );
      pair.vsc.VmbClientChannelInitSetTargetPnp(channel, PAIR_TYPE);
      pair.vsc.VmbChannelInitSetProcessPacketCallbacks(channel, () => {});
      pair.vsc.VmbChannelEnable(channel);
      assertEquals(second.calls, []);
      return request({ vsc: pair.vsc, client: channel });
    },
  },
  {
    reason: "the guest is paused (guest)",
    before: async (pair) => {
      await open(pair);
      pair.guest.pause();
    },
    wait: disableClient,
  },
  {
    reason: "the root is paused",
    before: async (pair) => {
      await open(pair);
      pair.fabric.root.pause();
    },
    wait: request,
  },
  {
    reason: "the root is paused",
    before: async (pair) => {
      await open(pair);
      pair.fabric.root.pause();
    },
    wait: disableClient,
  },
  {
    reason: "channel 1 (server) has reached its transaction quota of 1: " +
      "packet 0 of channel 1 (server) is held by its driver since t = 0 ms",
    options: {
      ...holding,
      server: (vsp, channel) => vsp.VmbChannelSetTransactionQuota(channel, 1),
    },
    before: async (pair) => {
      await open(pair);
      post(pair.vsc, pair.client);
      await pair.fabric.settle();
    },
    wait: request,
  },
];

for (const { reason, options, before, wait } of CASES) {
  const title = `${wait.name || "a wait"} hears that ${reason}`;
  Deno.test(`VerifierError: ${title}`, async () => {
    const pair = makePair(options);
    await before(pair);
    const error = await assertRejects(() => wait(pair), vmbus.VerifierError);
    assertEquals(error.violation.rule, "wait that nothing can end");
    assertEquals(error.violation.message.endsWith(`: ${reason}`), true, error.violation.message);
  });
}

Deno.test("Fabric.inspect: says what holds up each caller, as do leaks", async () => {
  const pair = await openPair(holding);
  request(pair);
  await pair.fabric.settle();
  const heldUpBy = "packet 0 of channel 1 (server) is held by its driver since t = 0 ms";
  assertEquals(pair.fabric.inspect().callers, [{
    call: "VmbChannelSendSynchronousRequest",
    waitsFor: "the end of packet 0 on channel 2 (client)",
    inside: null,
    heldUpBy,
  }]);
  const leak = pair.fabric.leaks().find(({ kind }) => kind === "caller");
  assertEquals(
    leak?.message,
    `VmbChannelSendSynchronousRequest waits for the end of packet 0 on channel 2 (client): ${heldUpBy}`,
  );
});
