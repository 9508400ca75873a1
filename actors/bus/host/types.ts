/**
 * The words of the host's charts: its connection to a guest, a channel that it offers, a GPADL of the guest.
 *
 * @module
 */

import type { NtStatus } from "../../../core/ntstatus.ts";

/** What can happen to a connection. */
export type ConnectionEvent = {
  readonly type:
    /** The guest asks to speak a version that the host speaks; or one that it does not, or by wrong means. */
    | "contact"
    | "badContact"
    /** What the contact needs is there, or cannot be. */
    | "ready"
    | "failed"
    /** The guest asks for the offers. */
    | "requestOffers"
    /** The guest puts the monitor pages somewhere else. */
    | "modify"
    /** The guest wants to hear nothing for a while; or something again. */
    | "pause"
    | "resume"
    /** The guest leaves the bus. */
    | "unload"
    /** The guest has no channel any more. */
    | "released"
    /** Nothing of the guest's memory is used for the connection any more. */
    | "dropped"
    /** The guest crashed or was destroyed. */
    | "guestGone";
};

/** What the host asks of a connection's state. */
export type ConnectionTag =
  /** Both ends have agreed on a version, and the guest has not left. */
  | "connected"
  /** The guest asked for offers: a new one is sent at once. */
  | "offering"
  /** The guest wants to hear nothing for now. */
  | "paused"
  /** The guest has left, and still has channels. */
  | "leaving"
  /** The guest crashed or was destroyed: nothing is sent to it, nothing taken from it. */
  | "gone";

/** What happens on a step of a connection. */
export type ConnectionEffect =
  | "prepare"
  | "accept"
  | "fail"
  | "refuse"
  | "flush"
  | "leave"
  | "drop"
  | "sendUnloadComplete"
  | "modify"
  | "sendPauseResponse";

/** What can happen to an offered channel. */
export type OfferedChannelEvent =
  /** The channel has an id, and the guest is to be told of it. */
  | { readonly type: "offered" }
  /** A restored guest knows the channel: it has it closed, or was told that it is gone. */
  | { readonly type: "resumeClosed" | "resumeRevoked" }
  /** The restored guest has the channel open; perhaps it asked for another processor, or opened it as reserved. */
  | { readonly type: "resumeOpen" | "resumeModifying" | "resumeReserved" }
  /** The guest opens the channel, over rings that can be used. */
  | { readonly type: "open" | "openReserved" }
  /** EvtChannelOpened returned: what it answered is the guest's to know. */
  | { readonly type: "opened" | "refused"; readonly status: NtStatus }
  /** The guest wants to be interrupted on another processor: now, or once it is as it asked before. */
  | { readonly type: "modify" | "modifyLater" }
  /** The host signals the processor that the guest asked for. */
  | { readonly type: "modified" }
  /** The guest closes the channel. */
  | { readonly type: "close" | "closeReserved" }
  /** The guest wants the channel open again, while the server is still closing it. */
  | { readonly type: "reopen" }
  /** The server has released the rings. */
  | { readonly type: "ringsFree" }
  /** The offer is taken back. */
  | { readonly type: "revoke" }
  /** A server of the same key is to have the id, once the guest has released it. */
  | { readonly type: "reoffer" }
  /** That server's offer is taken back before the guest has heard of it. */
  | { readonly type: "withdraw" }
  /** The guest released the id. */
  | { readonly type: "relIdReleased" }
  /** The guest disconnects: it has released all channels but those that it opened as reserved. */
  | { readonly type: "disconnect" }
  /** The guest crashed or was destroyed. */
  | { readonly type: "guestGone" };

/** What the host asks of an offered channel's state. */
export type OfferedChannelTag =
  /** The guest does not know the channel: a message about it is a fault. */
  | "released"
  /** The offer was taken back: what the guest says about the channel crossed that on its way. */
  | "revoked"
  /** A server of the same key waits for the guest to release the id. */
  | "reoffered"
  /** The server has rings, or is still to release them. */
  | "rings"
  /** The guest opened it as a reserved channel. */
  | "reserved"
  /** The guest has closed the channel, and may have its rings back before the server is done. */
  | "closing"
  /** The guest has the channel open. */
  | "open"
  /** The guest waits to be interrupted on another processor. */
  | "modifying";

/** What happens on a step of an offered channel. */
export const OFFERED_CHANNEL_EFFECTS = [
  "sendOffer",
  "sendOpenResult",
  "sendRescind",
  "sendReservedClosed",
  "beginModify",
  "sendModified",
  "tellPeerClosed",
  "freeRings",
  "openAgain",
  "forget",
  "handOver",
  "remove",
] as const;

/** One of them. */
export type OfferedChannelEffect = typeof OFFERED_CHANNEL_EFFECTS[number];

/** What can happen to a GPADL. */
export type HostGpadlEvent =
  /** All of its description is there, and describes memory of the guest. */
  | { readonly type: "complete" }
  /** The channel is opened over it. */
  | { readonly type: "useAsRing" }
  /** The server maps it. */
  | { readonly type: "map" }
  /** The rings are gone, or the server has unmapped it. */
  | { readonly type: "unused" }
  /** The guest wants it back. */
  | { readonly type: "teardown" }
  /** It is refused, or the guest released its channel: it is gone without a word. */
  | { readonly type: "drop" }
  /** The guest disconnected, or is gone. */
  | { readonly type: "disconnect" };

/** What the host asks of a GPADL's state. */
export type HostGpadlTag =
  /** Its description is whole, and the guest has not asked for it back. */
  | "accepted"
  /** The guest wants it back. */
  | "tearingDown"
  /** It holds the rings of an open channel. */
  | "ring"
  /** A server maps it. */
  | "mapped";

/** What happens on a step of a GPADL. */
export type HostGpadlEffect = "revokeMdl" | "sendTorndown" | "remove";
