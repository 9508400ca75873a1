/**
 * A pair that is open and looked at, in which a test plants events that never happened: each checker must be
 * able to fail.
 *
 * @module
 */

import type { Endpoint } from "../../actors/channel/endpoint.ts";
import type { Observation } from "../../actors/runtime/observation.ts";
import { assert } from "@std/assert";
import { endpointBehind } from "../../kmcl/call_values.ts";
import type { Checker } from "../../simulator/mod.ts";
import { Checks } from "../../simulator/checkers/checks.ts";
import { openPair, type Pair, type PairOptions } from "./connected_pair.ts";

/** An open pair, its checkers, and what they found. */
export interface Planted extends Pair {
  readonly checks: Checks;
  readonly serverEnd: Endpoint;
  readonly clientEnd: Endpoint;
  /** Kind, checker, rule and place of each finding. */
  readonly found: readonly string[];
}

/** Opens a pair whose fabric `checkers` look at. */
export async function openPlanted(
  checkers: readonly Checker[],
  options: PairOptions = {},
): Promise<Planted> {
  const pair = await openPair(options);
  const found: string[] = [];
  const checks = new Checks(pair.fabric, checkers, {
    found: ({ kind, by, rule, place }) => void found.push(`${kind} ${by}: ${rule}, ${place}`),
  });
  const serverEnd = endpointBehind(pair.server);
  const clientEnd = endpointBehind(pair.client);
  assert(serverEnd !== null && clientEnd !== null);
  return { ...pair, checks, serverEnd, clientEnd, found };
}

/** What `checkers` find where `plant` makes up what happens next. */
export async function findingsOfPlanted(
  checkers: readonly Checker[],
  plant: (planted: Planted) => readonly Observation[] | void | Promise<void>,
  options: PairOptions = {},
): Promise<readonly string[]> {
  const planted = await openPlanted(checkers, options);
  const events = await plant(planted);
  for (const event of events ?? []) planted.checks.see(event);
  planted.checks.detach();
  planted.fabric.dispose();
  return planted.found;
}
