/**
 * Many channels in one fabric: what each costs in time and in memory, beside few.
 *
 * @module
 */

import * as vmbus from "../mod.ts";
import { compare, type Figure, type Goal, type Row, timingOf } from "./figure.ts";
import { Requester } from "./exchange.ts";
import { BARE } from "./kmcl_exchange.ts";
import { type Contender, race, type RaceOptions } from "./measure.ts";
import { liveBytes } from "./memory.ts";
import { Stage, type StagePair } from "./stage.ts";

/** A guest has at most 2047 channels. */
const GUESTS = 5;
const FEW = 1;
const SOME = 100;
const MANY = 10_000;

const PAYLOAD_BYTES = 64;
/** Transactions on a channel before it is the next one's turn. */
const BURST = 64;
/** Under way at once: so many numbers stay on each channel's lookaside list. */
const IN_FLIGHT = 8;

const COST: Goal = { kind: "atMost", bar: 1.3, stretch: 1.2 };
const LINEAR: Goal = { kind: "atMost", bar: 1.5, stretch: 1.2 };
const MEMORY: Goal = { kind: "atMost", bar: 16_384, stretch: null };
const NS_PER_MS = 1e6;

/** A stage of `channels`, each with the smallest rings, in a fabric with the settings of the bars. */
export function openStage(channels: number): Promise<Stage> {
  return Stage.open({
    fabric: { seed: 1, ...BARE },
    channels,
    guests: GUESTS,
    packetBytes: PAYLOAD_BYTES,
    ringPages: 1,
    onRequest: (table) => (_channel, packet, buffer, bufferLength) => {
      table.VmbChannelPacketComplete(packet, buffer, bufferLength);
    },
  });
}

/** Goes round the channels of a stage, with a burst of transactions on each. */
export class Bursts {
  /** The books of the one requester, which is at one channel after the other. */
  readonly requester: Requester = new Requester(PAYLOAD_BYTES);
  readonly #stage: Stage;
  #next = 0;

  /** Bursts on the channels of `stage`. */
  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** Does at least `count` transactions, in whole bursts. */
  async run(count: number): Promise<void> {
    for (let done = 0; done < count; done += BURST) {
      const pair = this.#stage.pairs[this.#next]!;
      this.#next = (this.#next + 1) % this.#stage.pairs.length;
      this.requester.want(BURST);
      this.#begin(pair);
      await this.#stage.fabric.settle();
    }
  }

  #begin({ vsc, client }: StagePair): void {
    const routine: vmbus.EvtPacketCompletionRoutine = (packet, status, answer, answerBytes) => {
      if (status !== vmbus.STATUS_SUCCESS) vmbus.expectSuccess(status, "VmbPacketSend");
      this.requester.answered(answer, answerBytes);
      if (!this.#send(vsc, packet)) vsc.VmbPacketFree(packet);
    };
    for (let i = 0; i < IN_FLIGHT; i++) {
      const packet = vsc.VmbPacketAllocate(client);
      vsc.VmbPacketSetCompletionRoutine(packet, routine);
      this.#send(vsc, packet);
    }
  }

  #send(vsc: vmbus.KmclClientInterfaceV1, packet: vmbus.VMBPACKET | null): boolean {
    if (!this.requester.next()) return false;
    const wait = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;
    const status = vsc.VmbPacketSend(packet, this.requester.payload, PAYLOAD_BYTES, null, wait);
    if (status !== vmbus.STATUS_SUCCESS) vmbus.expectSuccess(status, "VmbPacketSend");
    return true;
  }
}

/** A piece of work is a burst; the rows are brought down to a transaction afterwards. */
function bursting(name: string, stage: Stage): Contender {
  const bursts = new Bursts(stage);
  return { name, run: (count) => bursts.run(count * BURST) };
}

function perTransaction(row: Row): Row {
  const { beside } = row;
  return {
    ...row,
    value: row.value / BURST,
    beside: beside === null ? null : { ...beside, value: beside.value / BURST },
  };
}

/** What a channel takes to open and to close, in nanoseconds, and what it holds, in bytes. */
interface Life {
  readonly openNs: number;
  readonly closeNs: number;
  readonly heldBytes: number;
}

/** Opens and closes `channels`. */
async function lifeOf(channels: number, now: () => number): Promise<Life> {
  const before = liveBytes();
  const opening = now();
  const stage = await openStage(channels);
  const openNs = (now() - opening) * NS_PER_MS / channels;
  const heldBytes = (liveBytes() - before - stage.ramBytes) / channels;
  const closing = now();
  await stage.close();
  const closeNs = (now() - closing) * NS_PER_MS / channels;
  return { openNs, closeNs, heldBytes };
}

function lifeRows(some: Life, many: Life): Row[] {
  const row = (what: string, value: number, other: number): Row => ({
    work: `${what} a channel, ${MANY} of them`,
    name: "kmcl",
    value,
    unit: "ns",
    beside: { name: `${MANY / 10} of them`, value: other },
    score: value / other,
    goal: LINEAR,
  });
  return [
    row("opening", many.openNs, some.openNs),
    row("closing", many.closeNs, some.closeNs),
    {
      work: "memory of an idle pair beside its rings",
      name: "kmcl",
      value: many.heldBytes,
      unit: "B",
      beside: null,
      score: many.heldBytes,
      goal: MEMORY,
    },
  ];
}

async function costRows(options: RaceOptions): Promise<Row[]> {
  const stages = [await openStage(FEW), await openStage(SOME), await openStage(MANY)];
  const names = [`${FEW} channel`, `${SOME} channels`, `${MANY} channels`];
  const firstNs: number[] = [];
  for (const stage of stages) firstNs.push(await firstTourNs(stage, options.now));
  const timings = await race(
    stages.map((stage, index) => bursting(names[index]!, stage)),
    options,
  );
  for (const stage of stages) await stage.close();
  const few = timingOf(timings, names[0]!);
  const rows = names.slice(1).map((name) =>
    perTransaction(compare("a transaction, 64 on each in turn", timingOf(timings, name), few, COST))
  );
  return [...rows, {
    work: "the same, the first 64 on each",
    name: names[2]!,
    value: firstNs[2]!,
    unit: "ns",
    beside: null,
    score: firstNs[2]!,
    goal: null,
  }];
}

/**
 * Goes round all channels once, and says what a transaction took. The first burst on a channel makes
 * records of packets that arrive, and touches its rings for the first time; a race is too short to come to all of ten thousand.
 */
async function firstTourNs(stage: Stage, now: () => number): Promise<number> {
  const count = stage.pairs.length * BURST;
  const startMs = now();
  await new Bursts(stage).run(count);
  return (now() - startMs) * NS_PER_MS / count;
}

/** The figure. */
export const scaleFigure: Figure = {
  measure: async (options) => {
    const { now } = options;
    await lifeOf(MANY / 10, now); // the first ones pay for what is compiled on the way
    const some = await lifeOf(MANY / 10, now);
    const many = await lifeOf(MANY, now);
    return [...await costRows(options), ...lifeRows(some, many)];
  },
};
