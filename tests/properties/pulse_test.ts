/**
 * Pulse: one run for each work item of a talk. The save is asked for after that item, carried out at the
 * next safe point, and the talk continues elsewhere. Each must come out as the talk that nobody disturbed
 * (kmcl.md V7; docs/save-restore.md).
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { areEqual } from "../../core/saved/plain_data.ts";
import * as vmbus from "../../mod.ts";
import { serverTable } from "../support/connected_pair.ts";
import { times } from "../support/long.ts";
import { ACTIVE_MOMENT, MOMENT_NAMES, momentsOf, PAUSED_MOMENT } from "../support/talk_moments.ts";
import {
  finishTalk,
  isOver,
  restoreTalk,
  saveTalk,
  type StartOptions,
  startTalk,
  step,
  type TalkStage,
} from "../support/talk_stage.ts";

/** A run after each item in a thorough run of the tests; otherwise after one of so many. */
const STRIDE = times(19, 1);
/** How many runs of a test there must be at least, all its variants together. */
const RUNS = times(24, 500);
/** Those among them that were saved with packets in flight. */
const IN_FLIGHT = times(18, 400);
/** How often, at least, a save must be asked for at each moment that a talk can be at. */
const MOMENT_TIMES = times(1, 20);

/** One talk, and the two fabrics that it is in. */
interface PulseVariant extends Omit<StartOptions, "fabric" | "within"> {
  /** Where it begins. */
  readonly from?: vmbus.FabricOptions;
  /** Where it ends. */
  readonly to?: vmbus.FabricOptions;
  /** Whether one of the servers is Paused when the save is asked for. */
  readonly isPaused?: boolean;
}

/** What was seen. */
interface PulseCount {
  /** Runs, one for each item. */
  runs: number;
  /** Those that were saved with packets in flight. */
  inFlight: number;
  /** Those in which the save had to wait for a callback. */
  waited: number;
  /** How often the talk was at what, when the save was asked for. */
  readonly moments: Map<string, number>;
}

function newCount(): PulseCount {
  return { runs: 0, inFlight: 0, waited: 0, moments: new Map() };
}

function note({ moments }: PulseCount, name: string, times: number): void {
  moments.set(name, (moments.get(name) ?? 0) + times);
}

/** The runs of one variant, the first after `first` items, each checked. */
async function pulse(variant: PulseVariant, first: number): Promise<PulseCount> {
  const [from, to] = [vmbus.createFabric(variant.from ?? {}), vmbus.createFabric(variant.to ?? {})];
  const count = newCount();
  const begin = () => startTalk({ ...variant, within: from });
  const undisturbed = begin();
  const expected = await finishTalk(undisturbed);
  await end(undisturbed);
  for (let item = first;; item += STRIDE) {
    const stage = begin();
    await step(stage, item);
    if (isOver(stage)) return count;
    if (variant.isPaused === true) await pauseOne(stage, item);
    const bytes = await saveAt(stage, count);
    await end(stage);
    const next = restoreTalk(to, bytes);
    if (count.runs % 16 === 0) {
      const again = (await saveTalk(next)).bytes;
      assert(areEqual(again, bytes), `saved again after item ${item} it is another`);
    }
    next.guest.resume();
    assertEquals(await finishTalk(next), expected, `saved after item ${item}`);
    await end(next);
    count.runs++;
  }
}

async function saveAt(stage: TalkStage, count: PulseCount): Promise<Uint8Array> {
  const { fabric, host, client } = stage;
  const ended = () =>
    [...host.channels, ...client.channels].reduce((sum, { slowEnds }) => sum + slowEnds, 0);
  for (const name of momentsOf(stage)) note(count, name, 1);
  const unfinished = fabric.inspect().callbacks.length;
  const before = ended();
  const { bytes, summary } = await saveTalk(stage);
  // The safe point is never more than one callback away.
  assert(unfinished <= 1, "the talk has one callback at a time that takes its time");
  assertEquals(ended() - before, unfinished);
  const { queued, awaiting, ended: over, held } = summary.packets;
  if (queued + awaiting + over + held + summary.ringBytes > 0) count.inFlight++;
  if (unfinished > 0) count.waited++;
  return bytes;
}

async function pauseOne({ fabric, host }: TalkStage, item: number): Promise<void> {
  const { channel } = host.channels[item % host.channels.length]!;
  await serverTable(fabric).VmbChannelPause(channel);
}

async function end({ fabric, guest }: TalkStage): Promise<void> {
  guest.destroy();
  await fabric.settle();
  assertEquals(fabric.leaks(), []);
}

/** Runs all variants, which begin at different items. */
async function pulseAll(variants: readonly PulseVariant[]): Promise<void> {
  const sum = newCount();
  for (const [index, variant] of variants.entries()) {
    const { runs, inFlight, waited, moments } = await pulse(variant, 3 * index % STRIDE);
    sum.runs += runs;
    sum.inFlight += inFlight;
    sum.waited += waited;
    for (const [name, count] of moments) note(sum, name, count);
  }
  assert(sum.runs >= RUNS, `${sum.runs} runs`);
  assert(sum.inFlight >= IN_FLIGHT, `${sum.inFlight} runs with packets in flight`);
  assert(sum.waited > 0, "some saves wait for a callback");
  const isPaused = variants[0]?.isPaused === true;
  const missed = MOMENT_NAMES.filter((name) => (sum.moments.get(name) ?? 0) < MOMENT_TIMES);
  assertEquals(
    missed,
    [isPaused ? ACTIVE_MOMENT : PAUSED_MOMENT],
    "the talk is at everything else",
  );
}

/** The talks, and what each test of them is called. */
const TALKS: Readonly<Record<string, readonly PulseVariant[]>> = {
  "in scheduling order, into another schedule": [
    { to: { seed: 11, schedule: "random" } },
    { talk: { channels: 3, count: 14 }, to: { seed: 12, schedule: "random" } },
    { processors: 2, to: { seed: 13, schedule: "random" } },
    { talk: { channels: 1, count: 40 } },
  ],
  "in an order by chance": [
    { from: { seed: 21, schedule: "random" } },
    { from: { seed: 22, schedule: "random" }, to: { seed: 5, schedule: "random" } },
    { from: { seed: 23, schedule: "random" }, processors: 3 },
    { from: { seed: 24, schedule: "random" }, talk: { channels: 3, count: 15 } },
  ],
  "with one of its servers Paused": [
    { isPaused: true },
    { isPaused: true, from: { seed: 41, schedule: "random" } },
    { isPaused: true, to: { seed: 42, schedule: "random" }, processors: 2 },
    { isPaused: true, from: { seed: 43, schedule: "random" }, to: { seed: 44 } },
  ],
  "in Hyper-V's own encoding": [
    { from: { codec: "vmbus" }, to: { codec: "vmbus", seed: 31, schedule: "random" } },
    { from: { codec: "vmbus", seed: 32, schedule: "random" }, to: { codec: "vmbus" } },
    {
      from: { codec: "vmbus", verifier: "off" },
      to: { codec: "vmbus", verifier: "off", trace: "off" },
    },
    { from: { codec: "vmbus" }, to: { codec: "vmbus" }, processors: 2 },
  ],
};

for (const [name, variants] of Object.entries(TALKS)) {
  Deno.test(`savePartition: a talk comes out the same when it is saved and restored after each item, ${name}`, async () => {
    await pulseAll(variants);
  });
}
