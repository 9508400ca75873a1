/**
 * The words of the guest's charts: its connection, a channel that it was offered, a GPADL that it has created.
 *
 * @module
 */

/** What can happen to a guest's connection. */
export type GuestConnectionEvent = {
  readonly type:
    /** The guest is to connect, or to connect anew; or to leave the bus. */
    | "connect"
    | "disconnect"
    /** The host speaks the version that was asked for; or not, and there is a lower one; or not, and there is none. */
    | "accepted"
    | "refused"
    | "exhausted"
    /** The host speaks the version, and could not connect. */
    | "failed"
    /** The host has told of all that it offers. */
    | "allOffers"
    /** The guest has no channel any more. */
    | "released"
    /** The host has let go of everything of the guest. */
    | "unloaded";
};

/** What the guest asks of its connection's state. */
export type GuestConnectionTag =
  /** The guest has never made contact. */
  | "new"
  /** There is none. */
  | "disconnected"
  /** The host is asked for a version. */
  | "contacting"
  /** Both ends have agreed on a version. */
  | "connected"
  /** The host has told of all that it offers. */
  | "offered"
  /** The guest gives its channels back. */
  | "leaving"
  /** The host has heard that the guest has left, and has not answered. */
  | "unloading";

/** What happens on a step of a connection. */
export type GuestConnectionEffect =
  | "contact"
  | "tryLower"
  | "requestOffers"
  | "leave"
  | "sendUnload";

/** What can happen to a channel that was offered to the guest. */
export type GuestChannelEvent =
  /** A client took the channel, and asked the host to open it. */
  | { readonly type: "take" }
  /** The host confirmed the open, or refused it. */
  | { readonly type: "opened" | "refused" }
  /** The client closes the channel. */
  | { readonly type: "close" }
  /** The host has released the rings: the client has left the channel. */
  | { readonly type: "ringsFree" }
  /** The host took the offer back. */
  | { readonly type: "rescinded" }
  /** The client is to be interrupted on another processor; the host answers, or does not in versions before 5.3. */
  | { readonly type: "modify" | "modifyUnanswered" }
  /** The host has come to that, or refused it. */
  | { readonly type: "modified" | "modifyRefused" }
  /** Nobody has the channel, and the host owes no answer about it. */
  | { readonly type: "release" };

/** What the guest asks of the state of a channel. */
export type GuestChannelTag =
  /** No client has it. */
  | "free"
  /** The host has not answered the open. */
  | "opening"
  /** The host has confirmed the open, and was not told of a close. */
  | "open"
  /** The host took the offer back. */
  | "rescinded"
  /** The host has not answered a change of processors. */
  | "modifying";

/** What happens on a step of a channel. */
export const GUEST_CHANNEL_EFFECTS = [
  "scheduleMatch",
  "sendClose",
  "freeRings",
  "tellRescinded",
  "releaseIfDone",
  "sendRelease",
  "sendModify",
  "changeProcessor",
] as const;

/** One of them. */
export type GuestChannelEffect = typeof GUEST_CHANNEL_EFFECTS[number];

/** What can happen to a GPADL. */
export type GuestGpadlEvent = {
  /**
   * The host accepted or refused it, or gave no answer in time; the guest wants it back; the host has released it; the
   * guest crashed.
   */
  readonly type: "accepted" | "refused" | "unanswered" | "teardown" | "torndown" | "guestGone";
};

/** What the guest asks of a GPADL's state. */
export type GuestGpadlTag =
  /** The host has not answered its creation. */
  | "creating"
  /** The host has accepted it. */
  | "created"
  /** The host gave no answer in time: nobody uses it, and it goes as soon as the host has said what became of it. */
  | "forsaken"
  /** The guest wants it back. */
  | "deleting";

/** What happens on a step of a GPADL. */
export type GuestGpadlEffect =
  | "pin"
  | "sendTeardown"
  | "unpin"
  | "forsake"
  | "remove"
  | "answerWaits";
