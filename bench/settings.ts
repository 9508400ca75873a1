/**
 * What the default settings cost: the same transactions with them and without, each in a worker of its own,
 * as lanes that share a process's compiled code slow each other down.
 *
 * @module
 */

import type { FabricOptions } from "../mod.ts";
import type { ExchangeOptions } from "./exchange.ts";
import { compare, type Figure, type Goal, type Row, timingOf } from "./figure.ts";
import { BARE } from "./kmcl_exchange.ts";
import { type Contender, race, type RaceOptions } from "./measure.ts";
import type { Asked } from "./settings_worker.ts";

const BESIDE_BARE: Goal = { kind: "atMost", bar: 1.6, stretch: 1.3 };

/** The settings that are held against each other, those without verifier and trace last. */
const SETTINGS: readonly { readonly name: string; readonly settings: FabricOptions }[] = [
  { name: "default settings", settings: {} },
  { name: "digestWithoutPayloads", settings: { trace: "digestWithoutPayloads" } },
  { name: "verifier and trace off", settings: BARE },
];

/** What is measured; the bar is for small packets, of which a run has many. */
const WORK: readonly {
  readonly work: string;
  readonly exchanged: ExchangeOptions;
  readonly goal: Goal | null;
}[] = [
  {
    work: "64 B, 64 in flight",
    exchanged: { payloadBytes: 64, inFlight: 64, codec: "msgpack" },
    goal: BESIDE_BARE,
  },
  {
    work: "4 KiB, 64 in flight",
    exchanged: { payloadBytes: 4096, inFlight: 64, codec: "msgpack" },
    goal: null,
  },
];

/** One worker's transactions. */
export class Lane implements Contender {
  readonly name: string;
  readonly #worker: Worker;

  private constructor(name: string) {
    this.name = name;
    this.#worker = new Worker(new URL("./settings_worker.ts", import.meta.url), { type: "module" });
  }

  static async open(
    name: string,
    options: ExchangeOptions,
    settings: FabricOptions,
  ): Promise<Lane> {
    const lane = new Lane(name);
    await lane.#ask({ open: options, settings });
    return lane;
  }

  /** See {@linkcode Contender.run}. */
  run(count: number): Promise<void> {
    return this.#ask({ count });
  }

  /** Nothing of it is left. */
  async close(): Promise<void> {
    await this.#ask("close");
    this.#worker.terminate();
  }

  #ask(asked: Asked): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#worker.onmessage = () => resolve();
    this.#worker.onerror = ({ message }) => reject(new Error(`Cannot measure: ${message}`));
    this.#worker.postMessage(asked);
    return promise;
  }
}

async function measureOne(
  work: string,
  exchanged: ExchangeOptions,
  options: RaceOptions,
  goal: Goal | null,
): Promise<Row[]> {
  const lanes = await Promise.all(
    SETTINGS.map(({ name, settings }) => Lane.open(name, exchanged, settings)),
  );
  const timings = await race(lanes, options);
  for (const lane of lanes) await lane.close();
  const bare = timingOf(timings, "verifier and trace off");
  return [
    compare(work, timingOf(timings, "default settings"), bare, goal),
    compare(work, timingOf(timings, "digestWithoutPayloads"), bare, null),
  ];
}

/** The figure. */
export const settingsFigure: Figure = {
  measure: async (options) => {
    const rows: Row[] = [];
    for (const { work, exchanged, goal } of WORK) {
      rows.push(...await measureOne(work, exchanged, options, goal));
    }
    return rows;
  },
};
