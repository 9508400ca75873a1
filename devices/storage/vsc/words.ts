/**
 * The words of the chart of the storage controller's VSC: what happens, what is done, and where it is (docs/storage.md
 * G1, G10, G11).
 *
 * @module
 */

/** What happens to the driver. */
export type ClientEvent =
  /** The host offers the controller, and the primary channel is open. */
  | "opened"
  /** The host's good answer to what it was asked; after one with `Multichannel` sub-channels are asked for. */
  | "accepted"
  | "acceptedMultichannel"
  /** The host does not speak this version, and there is another. */
  | "versionRefused"
  /** The answer about sub-channels. */
  | "granted"
  | "denied"
  /** The host cannot be agreed with, or the primary channel could not be opened. */
  | "refused"
  /** The primary channel cannot be opened anew. */
  | "notReopened"
  /** The host is silent, or breaks the rules of the bus: again, or too often in a row. */
  | "failed"
  | "failedOften"
  /** The primary channel closes. */
  | "suspended"
  /** A sub-channel has closed by itself; it is torn down. */
  | "pathClosed"
  | "pathGone"
  /** The program closes the controller. */
  | "close"
  /** All channels are closed. */
  | "allClosed"
  /** The time of its own comes that the driver has asked for, or a restored guest runs. */
  | "attend"
  /** There may be other disks. */
  | "rescan";

/** The names of all that the driver does on a step. */
export const CLIENT_EFFECTS = [
  /** Forgets what was agreed on with the host before. */
  "forget",
  /** Asks the host for the present step. */
  "ask",
  /** Lets requests onto the primary channel. */
  "serve",
  /** Searches for disks. */
  "search",
  /** Asks for a time of its own. */
  "attendSoon",
  /** Opens the sub-channels that the host has granted. */
  "openSubChannels",
  /** Waits until sub-channels that went are torn down: then the host has let go of what it had from them. */
  "awaitGone",
  /** Opens sub-channels anew that went and are torn down: each waits until it is offered again. */
  "reopenSubChannels",
  /** Sends what can be sent. */
  "pump",
  /** Ends what is under way, and asks for a time of its own. */
  "stop",
  /** Closes the channels. */
  "closeChannels",
  /** Frees the sub-channels, and pages. */
  "free",
  /** Opens the primary channel anew. */
  "reopen",
  /** Frees the primary channel. */
  "freePrimary",
] as const;

/** What the driver has to do on a step. */
export type ClientEffect = typeof CLIENT_EFFECTS[number];

/** What follows when the channels are closed. */
export type AfterClosing = "waiting" | "refused" | "closed";

/** What the host was asked, apart from SCSI commands, and has not answered. */
export type NegotiationStep = "begin" | "version" | "properties" | "subChannels" | "end";

/**
 * How far the driver is:
 * - `"waiting"`: no controller is offered, or it is being opened;
 * - `"negotiating"`: its host is asked for a version and its properties;
 * - `"ready"`: its disks are searched for, and used;
 * - `"closing"`: its channels close, or are about to be closed;
 * - `"refused"`: the host could not be agreed with, `refusal` says why;
 * - `"closed"`: the program has closed it.
 */
export type StorageClientPhase =
  | "waiting"
  | "negotiating"
  | "ready"
  | "closing"
  | "refused"
  | "closed";

/** Where in its chart the driver is: the phase, and what of it. */
export type ClientPlace =
  | Exclude<StorageClientPhase, "negotiating" | "ready" | "closing">
  | `negotiating.${NegotiationStep}`
  | "ready.settled"
  | "ready.subChannels"
  | `closing.${AfterClosing}`;
