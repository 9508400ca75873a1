/**
 * What a world of the pinging pair has come to, in few words.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import * as vmbus from "../../mod.ts";
import { type FaultRule, runWorld, type WorldResult } from "../../simulator/mod.ts";
import { type Answerer, type Pinger, pinging } from "./pinging.ts";

/** What a world of the pair has come to, its drivers just before they close. */
export interface Seen {
  readonly result: WorldResult;
  readonly client: Pinger;
  readonly server: Answerer;
  /** Whether the guest was there at the end. */
  readonly isThere: boolean;
  /** What the client was called for, apart from packets and its own close. */
  readonly calls: readonly string[];
  /** Where the server's channel was. */
  readonly lifecycle: string;
  /** How the client's packets ended, each status once. */
  readonly ends: readonly (string | undefined)[];
}

/** Runs the pair in fifo's order, with this rule; nothing may be found. */
export async function runPinging(rule: FaultRule): Promise<Seen> {
  let seen: Omit<Seen, "result" | "ends"> | null = null;
  const scenario = pinging([rule]);
  const result = await runWorld({
    ...scenario,
    async end(world) {
      const [client, server] = [world.driver("client"), world.driver("server")];
      const { lifecycle } = vmbus.inspectChannel(server.channel);
      const calls = [...client.calls];
      seen = { client, server, isThere: world.isThere("guest"), calls, lifecycle };
      await scenario.end?.(world);
    },
  }, { schedule: "fifo" });
  assertEquals(result.findings, []);
  const { client } = seen!;
  const ends = [...new Set(client.state.ends)].map((status) => vmbus.ntStatusName(status));
  return { result, ...seen!, ends };
}

/** What happened, and where. */
export const firedIn = ({ faults }: WorldResult): readonly string[] =>
  faults.map(({ fault, place }) => `${fault}: ${place}`);
