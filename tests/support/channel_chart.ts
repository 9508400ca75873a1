/**
 * The channel chart, both sides of it, as tests walk it.
 *
 * @module
 */

import { assert } from "@std/assert";
import { type AnyMachineSnapshot, type AnyStateMachine, createActor } from "xstate";
import { createChannelChart } from "../../actors/channel/machine.ts";
import type { ChannelEvent, ChannelTag, Side } from "../../actors/channel/types.ts";
import { isEnabled, stateKey } from "../../actors/chart/compile.ts";
import { allowedIn, reachOf } from "./charts.ts";

/** What can happen to an endpoint. */
export type ChannelEventType = ChannelEvent["type"];

/** Both sides. */
export const SIDES: readonly Side[] = ["server", "client"];

/** The chart of each side. */
export const CHANNEL_CHARTS: Readonly<Record<Side, AnyStateMachine>> = {
  server: createChannelChart("server"),
  client: createChannelChart("client"),
};

/** The reachable states of each side. */
export const CHANNEL_STATES: Readonly<Record<Side, readonly AnyMachineSnapshot[]>> = {
  server: [...reachOf(CHANNEL_CHARTS.server).values()].map(({ snapshot }) => snapshot),
  client: [...reachOf(CHANNEL_CHARTS.client).values()].map(({ snapshot }) => snapshot),
};

/** Whether `snapshot` allows `type`. */
export function allows(side: Side, snapshot: AnyMachineSnapshot, type: ChannelEventType): boolean {
  return isEnabled(CHANNEL_CHARTS[side], snapshot, type);
}

/** The state after `eventTypes`, each of which must be allowed. */
export function stateAfter(
  side: Side,
  eventTypes: readonly ChannelEventType[],
): AnyMachineSnapshot {
  const actor = createActor(CHANNEL_CHARTS[side]).start();
  for (const type of eventTypes) {
    assert(allows(side, actor.getSnapshot(), type), `${side} takes ${type}`);
    actor.send({ type });
  }
  return actor.getSnapshot();
}

/** The state that follows `snapshot` when `type` happens. */
export function nextState(
  side: Side,
  snapshot: AnyMachineSnapshot,
  type: ChannelEventType,
): AnyMachineSnapshot {
  const actor = createActor(CHANNEL_CHARTS[side], { snapshot }).start();
  actor.send({ type });
  return actor.getSnapshot();
}

/** Whether `snapshot` has `tag`. */
export function has(snapshot: AnyMachineSnapshot, tag: ChannelTag): boolean {
  return snapshot.hasTag(tag);
}

/** Checks something of every reachable state of both sides. */
export function forEachState(check: (side: Side, snapshot: AnyMachineSnapshot) => boolean): void {
  for (const side of SIDES) {
    for (const snapshot of CHANNEL_STATES[side]) {
      assert(check(side, snapshot), `${side} ${stateKey(snapshot.value)}`);
    }
  }
}

/** A step that the chart of one side can make. */
export interface Step {
  readonly side: Side;
  readonly from: AnyMachineSnapshot;
  readonly type: ChannelEventType;
  readonly to: AnyMachineSnapshot;
}

/** Every step that is possible on either side. */
export const CHANNEL_STEPS: readonly Step[] = SIDES.flatMap((side) =>
  CHANNEL_STATES[side].flatMap((from) =>
    (allowedIn(CHANNEL_CHARTS[side], from) as ChannelEventType[]).map((type) => (
      { side, from, type, to: nextState(side, from, type) }
    ))
  )
);

/** Checks something of every step. */
export function forEachStep(check: (step: Step) => boolean): void {
  for (const step of CHANNEL_STEPS) {
    assert(check(step), `${step.side} ${stateKey(step.from.value)} ${step.type}`);
  }
}
