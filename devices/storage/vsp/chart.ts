/**
 * How far a guest and its storage controller are, as a state chart (docs/storage.md, sections 3 and 4): what the guest
 * asks on the primary channel, and what befalls that. What a state does not list it does not accept.
 *
 * @module
 */

// deno-fmt-ignore-file -- laid out by hand, a line a state
import { setup } from "xstate";
import { ChartTable } from "../../chart.ts";
import type { StorageOperation } from "../protocol.ts";

/** What the guest asks: its operation, or what that comes to with the numbers in it. */
export type AskedEvent =
  | Exclude<StorageOperation, "queryProtocolVersion" | "queryProperties" | "createSubChannels">
  /** A version that the host speaks, or another. */
  | "versionSpoken" | "versionUnknown"
  /** The properties, in a version that has sub-channels, or in an older one. */
  | "properties" | "propertiesAlone"
  /** Sub-channels: so many as there may be, or more. */
  | "subChannels" | "subChannelsTooMany";

/** What happens to the session. */
export type SessionEvent =
  | AskedEvent
  /** Disks were added or taken away, of which the guest has to hear; the primary channel runs, or rests. */
  | "changed" | "changedAtRest"
  /** The primary channel runs, from now on or again. */
  | "started"
  /** The notification has left, or never will. */
  | "notified"
  /** The guest did on the primary channel what no guest does. */
  | "died"
  /** The primary channel has closed. */
  | "closed";

/** What there is to do with a request, which these answer. */
const ANSWERS = [
  /** Says yes. */
  "accept",
  /** Keeps the version, and says so. */
  "agree",
  /** Says that the version is another. */
  "refuseVersion",
  /** Tells the properties. */
  "tellProperties",
  /** Offers sub-channels. */
  "grant",
  /** Says that there are not so many sub-channels. */
  "refuseCount",
  /** Runs a SCSI command. */
  "execute",
  /** Waits for the commands that run. */
  "reset",
] as const;

const OWN_EFFECTS = [
  /** Serves the sub-channels. */
  "serve",
  /** Tells the guest of other disks. */
  "notify",
  /** Forgets what was agreed on. */
  "forget",
  /** Takes the sub-channels away. */
  "closeSubChannels",
] as const;

const EFFECTS = [...ANSWERS, ...OWN_EFFECTS] as const;

/** What answers a request. */
export type AnswerEffect = typeof ANSWERS[number];

/** What the driver has to do on a step. */
export type SessionEffect = typeof EFFECTS[number];

/**
 * Whether a guest that is ready knows which disks there are: `"told"` it does; `"untold"` disks were added or taken
 * away, and it cannot be told yet; `"leaving"` the notification waits for room in the ring, and tells of what comes
 * meanwhile.
 */
export type StorageNews = "told" | "untold" | "leaving";

/**
 * What the guest has to do next: begin, agree on a version, ask for properties, end, perhaps asking for sub-channels
 * before; with `"subChannelsFixed"` it has asked, or cannot. `"ready"`: it may work. `"dead"`: its primary channel died
 * before that.
 */
export type StoragePhase =
  | "begin" | "queryVersion" | "queryProperties" | "endInitialization" | "subChannelsFixed" | "ready" | "dead";

/** Where in its chart a session is. In `"ready.dead"` the primary channel has died, and sub-channels work on. */
export type SessionPlace = Exclude<StoragePhase, "ready"> | `ready.${StorageNews}` | "ready.dead";

/** What a sub-channel accepts, which is read only when the guest is ready; the primary accepts the same then, and more. */
export const SUB_CHANNEL_ANSWERS: { readonly [Operation in StorageOperation]?: AnswerEffect } = {
  executeSrb: "execute", resetLun: "reset", resetAdapter: "reset", resetBus: "reset",
};

/** The chart. */
// deno-lint-ignore explicit-function-return-type explicit-module-boundary-types
export function createStorageSessionChart() {
  const begins = { died: "dead" } as const;
  const ends = { target: "#storageSession.ready.told", actions: ["accept", "serve"] } as const;
  const refusesCount = { actions: "refuseCount" } as const;
  const serves = {
    ...Object.fromEntries(Object.entries(SUB_CHANNEL_ANSWERS).map(([operation, actions]) => [operation, { actions }])),
    subChannels: { actions: "grant" }, subChannelsTooMany: refusesCount, died: "dead",
  } as const;
  const tells = { target: "leaving", actions: "notify" } as const;
  return setup({
    types: { events: {} as { type: SessionEvent } },
    actions: Object.fromEntries(EFFECTS.map((name) => [name, () => {}])) as Record<SessionEffect, () => void>,
  }).createMachine({ id: "storageSession", initial: "begin", on: { closed: { target: ".begin", actions: ["forget", "closeSubChannels"] } }, states: {
    begin: { on: { ...begins, beginInitialization: { target: "queryVersion", actions: "accept" } } },
    queryVersion: { on: { ...begins, versionSpoken: { target: "queryProperties", actions: "agree" }, versionUnknown: { actions: "refuseVersion" } } },
    queryProperties: { on: { ...begins, properties: { target: "endInitialization", actions: "tellProperties" }, propertiesAlone: { target: "subChannelsFixed", actions: "tellProperties" } } },
    endInitialization: { on: { ...begins, endInitialization: ends, subChannels: { target: "subChannelsFixed", actions: "grant" }, subChannelsTooMany: refusesCount } },
    subChannelsFixed: { on: { ...begins, endInitialization: ends } },
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
