/**
 * The words of the chart of a session between a guest and its storage controller: what is asked and happens, what is
 * done, and how far it is (docs/storage.md, sections 3 and 4).
 *
 * @module
 */

import type { StorageOperation } from "../protocol.ts";

/** What the guest asks: its operation, or what that comes to with the numbers in it. */
export type AskedEvent =
  | Exclude<StorageOperation, "queryProtocolVersion" | "queryProperties" | "createSubChannels">
  /** A version that the host speaks, or another. */
  | "versionSpoken"
  | "versionUnknown"
  /** The properties, in a version that has sub-channels, or in an older one. */
  | "properties"
  | "propertiesAlone"
  /** Sub-channels: so many as there may be, or more. */
  | "subChannels"
  | "subChannelsTooMany";

/** What happens to the session. */
export type SessionEvent =
  | AskedEvent
  /** Disks were added or taken away, of which the guest has to hear; the primary channel runs, or rests. */
  | "changed"
  | "changedAtRest"
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

/** The names of all that the driver does on a step. */
export const SESSION_EFFECTS = [...ANSWERS, ...OWN_EFFECTS] as const;

/** What answers a request. */
export type AnswerEffect = typeof ANSWERS[number];

/** What the driver has to do on a step. */
export type SessionEffect = typeof SESSION_EFFECTS[number];

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
  | "begin"
  | "queryVersion"
  | "queryProperties"
  | "endInitialization"
  | "subChannelsFixed"
  | "ready"
  | "dead";

/** Where in its chart a session is. In `"ready.dead"` the primary channel has died, and sub-channels work on. */
export type SessionPlace = Exclude<StoragePhase, "ready"> | `ready.${StorageNews}` | "ready.dead";

/** What a sub-channel accepts, which is read only when the guest is ready; the primary accepts the same then, and more. */
export const SUB_CHANNEL_ANSWERS: { readonly [Operation in StorageOperation]?: AnswerEffect } = {
  executeSrb: "execute",
  resetLun: "reset",
  resetAdapter: "reset",
  resetBus: "reset",
};
