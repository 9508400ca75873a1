/**
 * Does transactions in a worker, with settings of its own: what one lane teaches the compiler the others do
 * not share.
 *
 * @module
 */

/// <reference lib="deno.worker" />

import type { FabricOptions } from "../mod.ts";
import type { ExchangeOptions } from "./exchange.ts";
import { KmclExchange } from "./kmcl_exchange.ts";

/** What a worker is asked: to open, to do so many transactions, to close. */
export type Asked =
  | { readonly open: ExchangeOptions; readonly settings: FabricOptions }
  | { readonly count: number }
  | "close";

let exchange: KmclExchange | null = null;

async function answer(asked: Asked): Promise<void> {
  if (asked === "close") await exchange?.close();
  else if ("open" in asked) exchange = await KmclExchange.open(asked.open, asked.settings);
  else await exchange?.run(asked.count);
}

self.onmessage = async ({ data }: MessageEvent<Asked>) => {
  await answer(data);
  self.postMessage("done");
};
