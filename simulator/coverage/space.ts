/**
 * Everything that there is to come by, and what runs have not come by.
 *
 * @module
 */

import { GUEST_CONNECTION_ACTOR } from "../../actors/bus/guest/connection_machine.ts";
import { GUEST_CHANNEL_ACTOR } from "../../actors/bus/guest/channel_machine.ts";
import { GUEST_GPADL_ACTOR } from "../../actors/bus/guest/gpadl_machine.ts";
import { CONNECTION_ACTOR } from "../../actors/bus/host/connection_machine.ts";
import { HOST_GPADL_ACTOR } from "../../actors/bus/host/gpadl_machine.ts";
import { OFFERED_CHANNEL_ACTOR } from "../../actors/bus/host/offered_channel_machine.ts";
import { CHANNEL_ACTORS } from "../../actors/channel/actor_kinds.ts";
import { ARRIVED_PACKET_ACTOR } from "../../actors/channel/arrived_packet_machine.ts";
import { BYTE_PIPE_ACTOR } from "../../actors/channel/byte_pipe_machine.ts";
import { chartOf } from "../../actors/chart/chart_actor.ts";
import { PACKET_ACTOR } from "../../actors/packet/machine.ts";
import { PARTITION_ACTOR } from "../../actors/partition/machine.ts";
import type { Coverage, Nearness } from "./coverage.ts";
import { DOCUMENTED_STATUSES } from "./documented_statuses.ts";
import { transitionsIn } from "./transitions.ts";

/** All charts of the package. */
const KINDS = [
  CHANNEL_ACTORS.server,
  CHANNEL_ACTORS.client,
  PACKET_ACTOR,
  ARRIVED_PACKET_ACTOR,
  BYTE_PIPE_ACTOR,
  PARTITION_ACTOR,
  CONNECTION_ACTOR,
  OFFERED_CHANNEL_ACTOR,
  HOST_GPADL_ACTOR,
  GUEST_CONNECTION_ACTOR,
  GUEST_CHANNEL_ACTOR,
  GUEST_GPADL_ACTOR,
];

/** Everything that there is to come by. */
export interface CoverageSpace {
  /** Transitions that can be taken at all. */
  readonly transitions: readonly string[];
  /** Statuses that functions are documented to return. */
  readonly statuses: readonly string[];
}

let space: CoverageSpace | null = null;

/** Everything that there is to come by. It is worked out when it is first asked for, which takes a moment. */
export function coverageSpace(): CoverageSpace {
  space ??= { transitions: allTransitions(), statuses: allStatuses() };
  return space;
}

function allTransitions(): readonly string[] {
  const names = new Set<string>();
  for (const { name, createChart } of KINDS) {
    const { table } = chartOf(name, createChart, "compiled");
    if (table === null) continue;
    for (const snapshot of table.states.values()) {
      for (const type of table.eventTypes) {
        for (const transition of transitionsIn(snapshot, type)) names.add(transition);
      }
    }
  }
  return [...names].sort();
}

/** What transactions may end with (kmcl.md P1, P7, S15). */
const OF_TRANSACTIONS = ["SUCCESS", "CANCELLED", "DEVICE_REMOVED", "INVALID_BUFFER_SIZE"]
  .map((name) => `STATUS_${name}`);

function allStatuses(): readonly string[] {
  const all = [...DOCUMENTED_STATUSES, ["transaction", OF_TRANSACTIONS] as const];
  return all.flatMap(([call, names]) => names.map((name) => `${call} ${name}`));
}

/** What runs have not come by. None of it is a failure: it is where nobody has looked. */
export interface CoverageGaps extends CoverageSpace {
  /** Behaviours that ought to be reached, with how near a run has come; null: none has said. */
  readonly reached: Readonly<Record<string, Nearness | null>>;
}

/** What `coverage` lacks. */
export function coverageGaps(coverage: Coverage): CoverageGaps {
  const { transitions, statuses } = coverageSpace();
  const unreached = Object.entries(coverage.reached).filter(([, { worlds }]) => worlds === 0);
  return {
    transitions: transitions.filter((name) => coverage.transitions[name] === undefined),
    statuses: statuses.filter((name) => coverage.statuses[name] === undefined),
    reached: Object.fromEntries(unreached.map(([name, { nearest }]) => [name, nearest])),
  };
}
