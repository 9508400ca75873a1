/**
 * The whole transaction: send, ring, callback, completion, beside the same work done otherwise.
 *
 * @module
 */

import { MessageExchange } from "./baselines/message_exchange.ts";
import { NactExchange } from "./baselines/nact_exchange.ts";
import { PlainExchange } from "./baselines/plain_exchange.ts";
import { XstateExchange } from "./baselines/xstate_exchange.ts";
import type { Exchange, ExchangeOptions } from "./exchange.ts";
import { compare, type Figure, type Goal, type Row, timingOf } from "./figure.ts";
import { BARE, KmclExchange } from "./kmcl_exchange.ts";
import { race, type RaceOptions, type Timing } from "./measure.ts";

const BESIDE_PLAIN: Goal = { kind: "atMost", bar: 2, stretch: 1.5 };
/** For the work that its bar comes from: 64 bytes, 64 in flight. Beside other work it only informs. */
const BESIDE_MESSAGES: Goal = { kind: "atLeast", bar: 20, stretch: 28 };

/** Every contender, ours first. The settings of the first one are those that bars are for. */
export const EXCHANGES: readonly {
  readonly name: string;
  readonly open: (options: ExchangeOptions) => Exchange | Promise<Exchange>;
}[] = [
  { name: "kmcl", open: (options) => KmclExchange.open(options, BARE) },
  { name: "plain classes", open: (options) => new PlainExchange(options) },
  { name: "XState, sendTo", open: (options) => new XstateExchange(options) },
  { name: "nact", open: (options) => new NactExchange(options) },
  { name: "MessageChannel", open: (options) => new MessageExchange(options) },
];

/** What is measured. */
export const EXCHANGED: readonly { readonly work: string; readonly options: ExchangeOptions }[] =
  (["msgpack", "vmbus"] as const).flatMap((codec) =>
    [64, 4096].flatMap((payloadBytes) =>
      [1, 64].map((inFlight) => ({
        work: `${payloadBytes === 64 ? "64 B" : "4 KiB"}, ${inFlight} in flight, ${codec}`,
        options: { payloadBytes, inFlight, codec },
      }))
    )
  );

function besideMessages({ payloadBytes, inFlight }: ExchangeOptions): Goal | null {
  return payloadBytes === 64 && inFlight === 64 ? BESIDE_MESSAGES : null;
}

/** Opens `contenders` and races them; nothing of them is left. */
async function raceOf(
  contenders: typeof EXCHANGES,
  exchanged: ExchangeOptions,
  options: RaceOptions,
): Promise<Timing[]> {
  const lanes: { name: string; exchange: Exchange }[] = [];
  for (const { name, open } of contenders) lanes.push({ name, exchange: await open(exchanged) });
  const timings = await race(
    lanes.map(({ name, exchange }) => ({ name, run: (count: number) => exchange.run(count) })),
    options,
  );
  for (const { exchange } of lanes) await exchange.close();
  return timings;
}

/**
 * Ours beside plain classes, and then beside the others: those fill the processor's memory for code and leave
 * garbage, of which the one that does more has more to feel.
 */
async function measureOne(
  work: string,
  exchanged: ExchangeOptions,
  options: RaceOptions,
): Promise<Row[]> {
  const [ours, plain, ...others] = EXCHANGES;
  const alone = await raceOf([ours!, plain!], exchanged, options);
  const timings = await raceOf([ours!, ...others], exchanged, options);
  const kmcl = timingOf(timings, "kmcl");
  return [
    compare(work, timingOf(alone, "kmcl"), timingOf(alone, "plain classes"), BESIDE_PLAIN),
    compare(work, kmcl, timingOf(timings, "MessageChannel"), besideMessages(exchanged)),
    compare(work, kmcl, timingOf(timings, "XState, sendTo"), null),
    compare(work, kmcl, timingOf(timings, "nact"), null),
  ];
}

/** The figure. */
export const transactionFigure: Figure = {
  measure: async (options) => {
    const rows: Row[] = [];
    for (const { work, options: exchanged } of EXCHANGED) {
      rows.push(...await measureOne(work, exchanged, options));
    }
    return rows;
  },
};
