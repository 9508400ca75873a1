/**
 * The part of the disk's VSC that has requests under way: from a packet object to the end of its
 * transaction.
 *
 * @module
 */

import * as vmbus from "../../mod.ts";
import {
  decodeReply,
  type DiskAnswer,
  encodeRequest,
  type FlushRequest,
  type TransferRequest,
} from "./protocol.ts";
import type { DiskClientState } from "./vsc_state.ts";

/** How a request ended: the host's answer, or why there is none. */
export type DiskOutcome =
  | DiskAnswer
  /** The disk is not open: nothing was sent. */
  | "notOpen"
  /** The disk was taken away before it answered: whether the request was carried out is unknown. */
  | "removed"
  /** The host's reply is none. */
  | "malformedReply";

/** Calls the send function that fits a request, for its packet and bytes. */
export type Post = (packet: vmbus.VMBPACKET | null, bytes: Uint8Array) => vmbus.NtStatus;

/** A request under way: the pointer of its packet. */
class PendingRequest {
  readonly resolvers = Promise.withResolvers<DiskOutcome>();
}

/** The requests of one channel. */
export class Requests {
  readonly #kmcl: vmbus.KmclClientInterfaceV1;
  readonly #channel: vmbus.VMBCHANNEL;
  /** Where they are counted. */
  readonly #state: DiskClientState;

  /** Requests on `channel`. */
  constructor(
    kmcl: vmbus.KmclClientInterfaceV1,
    channel: vmbus.VMBCHANNEL,
    state: DiskClientState,
  ) {
    this.#kmcl = kmcl;
    this.#channel = channel;
    this.#state = state;
  }

  /**
   * Posts a request; the promise resolves when it ended.
   *
   * @throws {vmbus.KmclError} The send function refuses its arguments.
   */
  send(request: TransferRequest | FlushRequest, post: Post): Promise<DiskOutcome> {
    const packet = this.#kmcl.VmbPacketAllocate(this.#channel);
    const pending = new PendingRequest();
    this.#kmcl.VmbPacketSetPointer(packet, pending);
    this.#kmcl.VmbPacketSetCompletionRoutine(packet, this.#ended);
    const status = post(packet, encodeRequest(request));
    if (vmbus.NT_SUCCESS(status)) {
      this.#state.requests++;
      return pending.resolvers.promise;
    }
    // A packet that was refused is as before the call, and its routine does not run.
    this.#kmcl.VmbPacketFree(packet);
    if (status === vmbus.STATUS_DEVICE_REMOVED) return Promise.resolve("removed");
    throw new vmbus.KmclError(status, `the send of a ${request.operation}`);
  }

  /** The completion routine: one serves all requests, as each is its packet's pointer. */
  readonly #ended: vmbus.EvtPacketCompletionRoutine = (packet, status, buffer, byteCount) => {
    const pending = this.#kmcl.VmbPacketGetPointer(packet);
    this.#kmcl.VmbPacketFree(packet);
    if (!(pending instanceof PendingRequest)) {
      throw new TypeError("Cannot end a request: its packet's pointer is another");
    }
    if (vmbus.NT_SUCCESS(status)) this.#state.completions++;
    // No success is STATUS_CANCELLED or STATUS_DEVICE_REMOVED: the channel closed first.
    const reply = vmbus.NT_SUCCESS(status) ? decodeReply(buffer, byteCount) : null;
    const failure = vmbus.NT_SUCCESS(status) ? "malformedReply" : "removed";
    pending.resolvers.resolve(reply?.answer ?? failure);
  };
}
