/**
 * The cases of `exchanges.json`: a fabric of this package is run, and what its host and its guest say is written down.
 *
 * @module
 */

import { channelExchanges, sharingExchanges } from "./driver_exchanges.ts";
import type { Script } from "./exchange_script.ts";
import { Stage } from "./exchange_stage.ts";
import type { ExchangeCase } from "./exchanges_shape.ts";
import { handExchanges, hostileExchanges } from "./hand_exchanges.ts";
import { negotiations } from "./negotiations.ts";

/** Plays a script, and writes down what was said. */
async function recorded({ name, description, play, ...options }: Script): Promise<ExchangeCase> {
  const stage = new Stage(options);
  try {
    await stage.settle();
    await play(stage);
    await stage.settle();
    return { name, description, ...stage.taken() };
  } finally {
    stage.fabric.dispose();
  }
}

/** All cases. */
export async function exchangeCases(): Promise<readonly ExchangeCase[]> {
  const scripts = [
    ...negotiations(),
    ...channelExchanges(),
    ...sharingExchanges(),
    ...handExchanges(),
    ...hostileExchanges(),
  ];
  const cases: ExchangeCase[] = [];
  for (const script of scripts) cases.push(await recorded(script));
  return cases;
}
