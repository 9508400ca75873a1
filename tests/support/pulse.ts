/**
 * Pulse: one run for each work item of a talk. The save is asked for after that item, carried out at the
 * next safe point, and the talk goes on elsewhere. Each must come out as the talk that nobody disturbed.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { areEqual } from "../../core/saved/plain_data.ts";
import * as vmbus from "../../mod.ts";
import { serverTable } from "./connected_pair.ts";
import { ACTIVE_MOMENT, MOMENT_NAMES, momentsOf, PAUSED_MOMENT } from "./talk_moments.ts";
import {
  finishTalk,
  isOver,
  restoreTalk,
  saveTalk,
  type StartOptions,
  startTalk,
  step,
  type TalkStage,
} from "./talk_stage.ts";

/** How often, at least, a save must be asked for at each moment that a talk can be at. */
const MOMENT_TIMES = 20;

/** One talk, and the two fabrics that it is in. */
export interface PulseVariant extends Omit<StartOptions, "fabric" | "within"> {
  /** Where it begins. */
  readonly from?: vmbus.FabricOptions;
  /** Where it ends. */
  readonly to?: vmbus.FabricOptions;
  /** Whether one of the servers is Paused when the save is asked for. */
  readonly isPaused?: boolean;
}

/** What was seen. */
export interface PulseCount {
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

/** All the runs of one variant, each checked. */
export async function pulse(variant: PulseVariant): Promise<PulseCount> {
  const [from, to] = [vmbus.createFabric(variant.from ?? {}), vmbus.createFabric(variant.to ?? {})];
  const count = newCount();
  const begin = () => startTalk({ ...variant, within: from });
  const undisturbed = begin();
  const expected = await finishTalk(undisturbed);
  await end(undisturbed);
  for (let item = 0;; item++) {
    const stage = begin();
    await step(stage, item);
    if (isOver(stage)) return count;
    if (variant.isPaused === true) await pauseOne(stage, item);
    const bytes = await saveAt(stage, count);
    await end(stage);
    const next = restoreTalk(to, bytes);
    if (item % 16 === 0) {
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

/** Runs all variants; `least` is what there must be of each at least, all variants together. */
export async function pulseAll(
  variants: readonly PulseVariant[],
  least: { readonly runs: number; readonly inFlight: number },
): Promise<void> {
  const sum = newCount();
  for (const variant of variants) {
    const { runs, inFlight, waited, moments } = await pulse(variant);
    sum.runs += runs;
    sum.inFlight += inFlight;
    sum.waited += waited;
    for (const [name, times] of moments) note(sum, name, times);
  }
  assert(sum.runs >= least.runs, `${sum.runs} runs, not ${least.runs}`);
  assert(sum.inFlight >= least.inFlight, `${sum.inFlight} runs with packets in flight`);
  assert(sum.waited > 0, "some saves wait for a callback");
  const isPaused = variants[0]?.isPaused === true;
  const missed = MOMENT_NAMES.filter((name) => (sum.moments.get(name) ?? 0) < MOMENT_TIMES);
  assertEquals(
    missed,
    [isPaused ? ACTIVE_MOMENT : PAUSED_MOMENT],
    "the talk is at everything else",
  );
}
