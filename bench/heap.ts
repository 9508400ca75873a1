/**
 * What a transaction allocates once everything is warm. The goal is nothing at all.
 *
 * @module
 */

import { PlainExchange } from "./baselines/plain_exchange.ts";
import type { Exchange, ExchangeOptions } from "./exchange.ts";
import type { Figure, Goal, Row } from "./figure.ts";
import { BARE, KmclExchange } from "./kmcl_exchange.ts";
import { median, turn } from "./measure.ts";
import { collect, usedBytes } from "./memory.ts";

/** Transactions, in one run and in runs as counted, until nothing is compiled any more and no pool grows. */
const WARM_UP_COUNT = 200_000;
/** So few that what they allocate is not collected before it is counted. */
const COUNT = 512;

/** A whole byte in a transaction would be an object now and then: it may not be. */
const NOTHING: Goal = { kind: "atMost", bar: 1, stretch: null };

/**
 * Bytes that one transaction allocates. What a run of any length allocates, such as its promise, falls
 * out, as a run is held against one twice as long.
 */
async function allocatedBytes(exchange: Exchange, rounds: number): Promise<number> {
  const perTransaction: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await turn();
    const once = await bytesOf(exchange, COUNT);
    const twice = await bytesOf(exchange, 2 * COUNT);
    perTransaction.push((twice - once) / COUNT);
  }
  return median(perTransaction);
}

async function bytesOf(exchange: Exchange, count: number): Promise<number> {
  collect();
  const before = usedBytes();
  await exchange.run(count);
  return usedBytes() - before;
}

async function measureOne(
  work: string,
  name: string,
  exchange: Exchange,
  rounds: number,
  goal: Goal | null,
): Promise<Row> {
  await exchange.run(WARM_UP_COUNT);
  for (let done = 0; done < WARM_UP_COUNT; done += COUNT) await exchange.run(COUNT);
  await turn();
  const value = await allocatedBytes(exchange, rounds);
  await exchange.close();
  return { work, name, value, unit: "B", beside: null, score: value, goal };
}

/** The figure. */
export const heapFigure: Figure = {
  measure: async ({ rounds }) => {
    const rows: Row[] = [];
    for (const codec of ["msgpack", "vmbus"] as const) {
      for (const payloadBytes of [64, 4096]) {
        const work = `${payloadBytes === 64 ? "64 B" : "4 KiB"}, 8 in flight, ${codec}`;
        const options: ExchangeOptions = { payloadBytes, inFlight: 8, codec };
        rows.push(
          await measureOne(work, "kmcl", await KmclExchange.open(options, BARE), rounds, NOTHING),
          await measureOne(work, "plain classes", new PlainExchange(options), rounds, null),
        );
      }
    }
    return rows;
  },
};
