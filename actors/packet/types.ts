/**
 * The words of the packet object's chart.
 *
 * @module
 */

/** Encoded bytes of a packet: `bytes[start, end)`, a view that holds while the event is handled. */
export interface PacketBytes {
  /** The array that holds them. */
  readonly bytes: Uint8Array;
  /** Where they begin. */
  readonly start: number;
  /** Where they end. */
  readonly end: number;
}

/** What can happen to a packet object. */
export type PacketEvent =
  /** VmbPacketAllocate or VmbPacketInitialize: the driver owns it. */
  | { readonly type: "allocate" }
  /** VmbPacketFree. */
  | { readonly type: "free" }
  /** Posted, but it has to wait on the channel's queue. */
  | { readonly type: "queue" }
  /** It is in the ring, and a completion packet will end it. */
  | { readonly type: "enter" } & PacketBytes
  /** It is in the ring, and that ends it: no completion was asked for. */
  | { readonly type: "enterLast" } & PacketBytes
  /** The transaction is over before or without a completion packet; its completion routine is due. */
  | { readonly type: "finish" }
  /**
   * Its completion routine begins: the driver may send or free it. It carries the completion packet, where
   * that is what ended the transaction.
   */
  | { readonly type: "complete" } & Partial<PacketBytes>
  /** A synchronous request gave up waiting after the packet entered the ring (kmcl.md Y3). */
  | { readonly type: "withdraw" };

/** What a channel asks of a packet's state. */
export type PacketTag =
  /** On the lookaside list. */
  | "pooled"
  /** In a transaction. */
  | "inFlight"
  /** In the ring, its completion packet awaited. */
  | "awaiting"
  /** Nobody waits for its completion packet any more. */
  | "withdrawn";
