/**
 * The charts of the package, and ways through them.
 *
 * @module
 */

import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  createMachine,
  type EventObject,
  getNextSnapshot,
} from "xstate";
import { getShortestPaths } from "xstate/graph";
import { assert } from "@std/assert";
import { createGuestChannelChart } from "../../actors/bus/guest/channel_machine.ts";
import { createGuestConnectionChart } from "../../actors/bus/guest/connection_machine.ts";
import { createGuestGpadlChart } from "../../actors/bus/guest/gpadl_machine.ts";
import { createConnectionChart } from "../../actors/bus/host/connection_machine.ts";
import { createHostGpadlChart } from "../../actors/bus/host/gpadl_machine.ts";
import { createOfferedChannelChart } from "../../actors/bus/host/offered_channel_machine.ts";
import { createArrivedPacketChart } from "../../actors/channel/arrived_packet_machine.ts";
import { createBytePipeChart } from "../../actors/channel/byte_pipe_machine.ts";
import { createChannelChart } from "../../actors/channel/machine.ts";
import { compileChart, eventTypesOf, isEnabled, stateKey } from "../../actors/chart/compile.ts";
import { nameEffects } from "../../actors/chart/effects.ts";
import { createPacketChart } from "../../actors/packet/machine.ts";
import { createStorageClientChart } from "../../devices/storage/vsc/chart.ts";
import { createStorageSessionChart } from "../../devices/storage/vsp/chart.ts";
import { withNamedEffects } from "../../tools/chart.ts";
import { createPartitionChart } from "../../actors/partition/machine.ts";

/** Makes each of the charts, by name. */
export const CHARTS: Readonly<Record<string, () => AnyStateMachine>> = {
  server: () => createChannelChart("server"),
  client: () => createChannelChart("client"),
  packet: createPacketChart,
  arrivedPacket: createArrivedPacketChart,
  bytePipe: createBytePipeChart,
  partition: createPartitionChart,
  connection: createConnectionChart,
  offeredChannel: createOfferedChannelChart,
  hostGpadl: createHostGpadlChart,
  guestConnection: createGuestConnectionChart,
  guestChannel: createGuestChannelChart,
  guestGpadl: createGuestGpadlChart,
  storageClient: () => withNamedEffects(createStorageClientChart()),
  storageSession: () => withNamedEffects(createStorageSessionChart()),
};

/** More states than any of the charts has: a walk that finds as many is lost. */
const STATES_MAX = 1000;

/** A state that XState's own graph walk reached, and the event types that lead there. */
export interface Reached {
  readonly snapshot: AnyMachineSnapshot;
  readonly eventTypes: readonly string[];
}

const reached = new WeakMap<AnyStateMachine, ReadonlyMap<string, Reached>>();

/** Every reachable state of `machine` by its key, found by XState and not by the package. */
export function reachOf(machine: AnyStateMachine): ReadonlyMap<string, Reached> {
  const known = reached.get(machine) ?? findReach(machine);
  reached.set(machine, known);
  return known;
}

function findReach(machine: AnyStateMachine): ReadonlyMap<string, Reached> {
  const events: EventObject[] = eventTypesOf(machine).map((type) => ({ type }));
  const paths = getShortestPaths(machine, {
    events,
    serializeState: (snapshot) => stateKey(snapshot.value),
    limit: STATES_MAX * events.length,
  });
  return new Map(paths.map(({ state, steps }) => [
    stateKey(state.value),
    // Each path begins with an event of XState's own.
    { snapshot: state, eventTypes: steps.map(({ event }) => event.type).slice(1) },
  ]));
}

/** Every state node of `machine`, parents first. */
export function nodesOf(machine: AnyStateMachine): readonly AnyStateMachine["root"][] {
  const below = (node: AnyStateMachine["root"]): AnyStateMachine["root"][] => [
    node,
    ...Object.values(node.states).flatMap(below),
  ];
  return below(machine.root);
}

/** The event types that `snapshot` allows, in alphabetical order. */
export function allowedIn(machine: AnyStateMachine, snapshot: AnyMachineSnapshot): string[] {
  return eventTypesOf(machine).filter((type) => isEnabled(machine, snapshot, type));
}

/** The tags of `snapshot`, in alphabetical order. */
export function tagsOf(snapshot: AnyMachineSnapshot): string[] {
  return [...snapshot.tags].sort();
}

/** A state of a chart without regions, by its path: `delivering.fresh`. */
function pathOf(value: AnyMachineSnapshot["value"]): string {
  if (typeof value === "string") return value;
  return Object.entries(value).map(([key, child]) => `${key}.${pathOf(child ?? "")}`).join();
}

/** All of a chart without regions: for each state its tags, and where each event leads. */
export type FlatTable = Readonly<
  Record<
    string,
    { readonly tags: readonly string[]; readonly on: Readonly<Record<string, string>> }
  >
>;

/** A chart without regions, as its reachable states and the interpreter have it. */
export function flatTableOf(machine: AnyStateMachine): FlatTable {
  const rows = [...reachOf(machine).values()].map(({ snapshot }) => {
    const on = allowedIn(machine, snapshot).map((type) => {
      const after: AnyMachineSnapshot = getNextSnapshot(machine, snapshot, { type });
      return [type, pathOf(after.value)];
    });
    return [pathOf(snapshot.value), { tags: tagsOf(snapshot), on: Object.fromEntries(on) }];
  });
  return Object.fromEntries(rows);
}

/** The effects of the last of `events`, which happen one after the other from the chart's first state. */
export function effectsAlong(machine: AnyStateMachine, ...events: string[]): readonly string[] {
  const compiled = compileChart(machine);
  let row = compiled.first;
  let effects: readonly string[] = [];
  for (const type of events) {
    const step = row.step(type);
    assert(step !== undefined, `${type} is allowed`);
    effects = step.effects ?? [];
    row = step.row;
  }
  return effects;
}

/** As much of a chart's configuration as is changed to name effects. */
interface NodeConfig {
  readonly on?: Readonly<Record<string, unknown>> | undefined;
  readonly states?: Readonly<Record<string, NodeConfig>> | undefined;
}

/**
 * The chart `machine` with an effect named wherever one can be: when a state is entered, when it is left,
 * and on each transition, two of them there.
 */
export function withEffects(machine: AnyStateMachine): AnyStateMachine {
  const names: string[] = [];
  const named = (...added: string[]) => {
    names.push(...added);
    return added;
  };
  const transitionOf = (config: unknown, name: string): unknown => {
    if (Array.isArray(config)) return config.map((one, at) => transitionOf(one, `${name} ${at}`));
    const record = typeof config === "string" ? { target: config } : Object(config);
    return { ...record, actions: named(`${name} first`, `${name} second`) };
  };
  const nodeOf = (config: NodeConfig, path: string): NodeConfig => ({
    ...config,
    ...{ entry: named(`enter ${path}`), exit: named(`leave ${path}`) },
    on: Object.fromEntries(
      Object.entries(config.on ?? {}).map((
        [type, transition],
      ) => [type, transitionOf(transition, `${path} ${type}`)]),
    ),
    ...(config.states && {
      states: Object.fromEntries(
        Object.entries(config.states).map(([key, child]) => [key, nodeOf(child, `${path}.${key}`)]),
      ),
    }),
  });
  const config = nodeOf(machine.config, machine.id) as AnyStateMachine["config"];
  return createMachine(config, { ...machine.implementations, actions: nameEffects(names) });
}
