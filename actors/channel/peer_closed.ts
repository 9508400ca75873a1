/**
 * The opposite side of a channel has closed. On a pipe, what it had sent is read first (kmcl.md S10, section 7).
 *
 * @module
 */

import type { RingFault } from "../../core/ring/ring_memory.ts";
import type { ChannelEvent, ChannelFault } from "./types.ts";

/** What is asked of the endpoint whose opposite side has closed. */
interface LeftEndpoint {
  /** Tells its chart what happened. */
  tell(event: ChannelEvent): void;
  /** The opposite side broke the protocol. */
  faulted(fault: ChannelFault): void;
}

/** The receiving half of such an endpoint. */
interface LeftReader {
  /** The reader's end of the ring, while there is one. */
  readonly ring: { usedBytes(): number | RingFault } | null;
  /** Whether a ProcessPacket or ProcessingComplete call is unfinished. */
  readonly isBusy: boolean;
}

/** One that may be in any state. */
interface LeftPipe extends LeftEndpoint {
  /** What its driver has set. */
  readonly configuration: { readonly isPipe: boolean };
  /** Whether packets move. */
  readonly flows: boolean;
  /** Its chart. */
  readonly actor: { can(type: ChannelEvent["type"]): boolean };
  /** Its receiving half. */
  readonly incoming: LeftReader;
}

/**
 * Tells the chart of `endpoint` that the opposite side closed, and whether there is still something to read.
 *
 * @param isReadable Whether the memory of the rings is still there to be read.
 */
export function tellPeerClosed(endpoint: LeftPipe, isReadable: boolean): void {
  const mayRead = isReadable && endpoint.configuration.isPipe && endpoint.flows;
  const unreadBytes = mayRead ? endpoint.incoming.ring?.usedBytes() : 0;
  const isUnread = typeof unreadBytes === "number" && unreadBytes > 0 &&
    endpoint.actor.can("peerClosedUnread");
  endpoint.tell({ type: isUnread ? "peerClosedUnread" : "peerClosed" });
}

/** A batch of packets has ended on a pipe that the opposite side closed: all was read, or reading continues. */
export function endEmptying(endpoint: LeftEndpoint, { ring, isBusy }: LeftReader): void {
  const unreadBytes = ring?.usedBytes() ?? 0;
  if (typeof unreadBytes === "string") endpoint.faulted(unreadBytes);
  else if (unreadBytes === 0 && !isBusy) endpoint.tell({ type: "allTaken" });
}
