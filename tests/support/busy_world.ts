/**
 * A run with a little of everything: two guests, traffic both ways, requests, pauses, delays, external
 * memory, a crash, and a clean end. Run as a program, it prints its outcome.
 *
 * @module
 */

import * as vmbus from "../../mod.ts";
import { enablePair, makePair, type Pair } from "./connected_pair.ts";
import { post, request } from "./driving.ts";

const INSTANCES = [
  "0c7e1f4e-2f52-4c57-8a1e-0d7b4f1c2a01",
  "0c7e1f4e-2f52-4c57-8a1e-0d7b4f1c2a02",
] as const;
const PACKETS = 120;
const ROUNDS = 4;

/** What a run came to. */
export interface Outcome {
  /** The fabric's digest; a run is the same as another where this is. */
  readonly digest: string;
  /** What each side received, in order, whatever the schedule. */
  readonly received: Readonly<Record<string, readonly string[]>>;
  /** The statuses of the requests of each guest, in order. */
  readonly answers: readonly (readonly string[])[];
  /** The state change callbacks of each side, in order. */
  readonly calls: Readonly<Record<string, readonly string[]>>;
  /** Virtual time at the end. */
  readonly now: number;
}

function textOf(buffer: Uint8Array, byteCount: number): string {
  return new TextDecoder().decode(buffer.subarray(0, byteCount));
}

function busyPair(
  index: number,
  fabric: vmbus.Fabric,
  guest: vmbus.Partition,
  received: Record<string, string[]>,
): Pair {
  const [atServer, atClient]: [string[], string[]] = [[], []];
  received[`server ${index}`] = atServer;
  received[`client ${index}`] = atClient;
  const pair: Pair = makePair({
    within: { fabric, guest },
    instance: INSTANCES[index]!,
    ringPages: [1, 1],
    onServerPacket: (_channel, packet, buffer, byteCount) => {
      const text = textOf(buffer, byteCount);
      if (text.endsWith("7") && vmbus.KeGetCurrentIrql() === 2) {
        return pair.vsp.VmbChannelPacketDeferToPassive(packet);
      }
      atServer.push(text);
      pair.vsp.VmbChannelPacketComplete(packet, buffer, byteCount);
    },
    client: (vsc, channel) => vsc.VmbChannelSetIncomingProcessingAtPassive(channel, index === 1),
    onClientPacket: (_channel, packet, buffer, byteCount) => {
      atClient.push(textOf(buffer, byteCount));
      if (index === 0) return pair.vsc.VmbChannelPacketComplete(packet, null, 0);
      return fabric.delay(0.25).then(() => pair.vsc.VmbChannelPacketComplete(packet, null, 0));
    },
    serverCallbacks: {
      EvtChannelOpened: async () => {
        await fabric.outside(() => Promise.resolve());
        await fabric.delay(index);
        return vmbus.STATUS_SUCCESS;
      },
    },
  });
  return pair;
}

async function traffic(pair: Pair, index: number, answers: string[]): Promise<void> {
  const { fabric, vsp, vsc, server, client, guest } = pair;
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < PACKETS / ROUNDS; i++) {
      post(vsc, client, `${"c".repeat(i)} ${round} ${i}`);
      post(vsp, server, `${"s".repeat(2 * i)} ${round} ${i}`);
    }
    const { status } = await request(pair, `ask ${round}`);
    answers.push(String(vmbus.ntStatusName(status)));
    if (round === 1) await vsp.VmbChannelPause(server);
    await fabric.delay(3);
    if (round === 1) vsp.VmbChannelStart(server);
    if (round === 2 && index === 0) guest.pause();
    await fabric.delay(10);
    guest.resume();
  }
}

/** Runs it; `prepare` is given the fabric before anything else happens in it. */
export function runBusyWorld(
  options: vmbus.FabricOptions,
  prepare: (fabric: vmbus.Fabric) => unknown = () => {},
): Promise<Outcome> {
  const fabric = vmbus.createFabric(options);
  prepare(fabric);
  return runBusyWorldIn(fabric);
}

/** The same in a fabric that is there. */
export async function runBusyWorldIn(fabric: vmbus.Fabric): Promise<Outcome> {
  const received: Record<string, string[]> = {};
  const answers: [string[], string[]] = [[], []];
  const pairs = INSTANCES.map((_, index) => {
    const guest = fabric.createPartition({
      name: `guest ${index}`,
      memoryPages: 64,
      processors: 2,
    });
    return busyPair(index, fabric, guest, received);
  });
  for (const pair of pairs) enablePair(pair);
  await fabric.advance(2);
  await Promise.all(pairs.map((pair, index) => traffic(pair, index, answers[index]!)));
  await fabric.advance(100);
  const [first, second] = pairs as [Pair, Pair];
  await first.vsc.VmbChannelDisable(first.client);
  second.guest.crash();
  await fabric.settle();
  for (const { vsp, server } of pairs) await vsp.VmbChannelDisable(server);
  const calls = Object.fromEntries(
    pairs.flatMap((pair, index) =>
      ["server", "client"].map((side) => [
        `${side} ${index}`,
        pair.calls.filter((call) => call.startsWith(side)),
      ])
    ),
  );
  return { digest: fabric.traceDigest(), received, answers, calls, now: fabric.now() };
}

if (import.meta.main) {
  // deno-lint-ignore no-console -- the outcome is this program's output
  console.log(JSON.stringify(await runBusyWorld(JSON.parse(Deno.args[0] ?? "{}"))));
}
