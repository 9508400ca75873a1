/**
 * How far a guest and its storage controller are, as a state chart (docs/storage.md, sections 3 and 4): what the guest
 * asks on the primary channel, and what befalls that. What a state does not list it does not accept.
 *
 * @module
 */

// deno-fmt-ignore-file -- laid out by hand, a line a state
import { setup } from "xstate";
import { ChartTable } from "../../chart.ts";
import {
  SESSION_EFFECTS,
  type SessionEffect,
  type SessionEvent,
  type SessionPlace,
  SUB_CHANNEL_ANSWERS,
} from "./words.ts";

/** The chart. */
// deno-lint-ignore explicit-function-return-type explicit-module-boundary-types
export function createStorageSessionChart() {
  const mayDie = { died: "dead" } as const;
  const ends = { target: "#storageSession.ready.told", actions: ["accept", "serve"] } as const;
  const refusesCount = { actions: "refuseCount" } as const;
  const serves = {
    ...Object.fromEntries(Object.entries(SUB_CHANNEL_ANSWERS).map(([operation, actions]) => [operation, { actions }])),
    subChannels: { actions: "grant" }, subChannelsTooMany: refusesCount, died: "dead",
  } as const;
  const tells = { target: "leaving", actions: "notify" } as const;
  return setup({
    types: { events: {} as { type: SessionEvent } },
    actions: Object.fromEntries(SESSION_EFFECTS.map((name) => [name, () => {}])) as Record<SessionEffect, () => void>,
  }).createMachine({ id: "storageSession", initial: "begin", on: { closed: { target: ".begin", actions: ["forget", "closeSubChannels"] } }, states: {
    begin: { on: { ...mayDie, beginInitialization: { target: "queryVersion", actions: "accept" } } },
    queryVersion: { on: { ...mayDie, versionSpoken: { target: "queryProperties", actions: "agree" }, versionUnknown: { actions: "refuseVersion" } } },
    queryProperties: { on: { ...mayDie, properties: { target: "endInitialization", actions: "tellProperties" }, propertiesAlone: { target: "subChannelsFixed", actions: "tellProperties" } } },
    endInitialization: { on: { ...mayDie, endInitialization: ends, subChannels: { target: "subChannelsFixed", actions: "grant" }, subChannelsTooMany: refusesCount } },
    subChannelsFixed: { on: { ...mayDie, endInitialization: ends } },
    ready: { initial: "told", states: {
      told: { on: { ...serves, changed: tells, changedAtRest: "untold" } },
      untold: { on: { ...serves, changed: tells, started: tells } },
      leaving: { on: { ...serves, notified: "told" } },
      dead: {},
    } },
    dead: {},
  } });
}

/** The chart as a table. */
export const SESSION_CHART: ChartTable<SessionPlace, SessionEvent, SessionEffect> = new ChartTable(createStorageSessionChart);
