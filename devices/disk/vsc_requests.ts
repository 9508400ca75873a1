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
  type DiskReply,
  encodeRequest,
  PAGE_BYTES,
} from "./protocol.ts";
import type { DiskClientState } from "./vsc_state.ts";

const WAIT_FOR_COMPLETION = vmbus.VMBUS_CHANNEL_FORMAT_FLAG_WAIT_FOR_COMPLETION;

/** How a request ended: the host's answer, or why there is none. */
export type DiskOutcome =
  | DiskAnswer
  /** The disk is not open: nothing was sent. */
  | "notOpen"
  /** The disk was taken away before it answered: whether the request was carried out is unknown. */
  | "removed"
  /** There is no memory for the request: nothing was sent, and it may be asked for again. */
  | "exhausted"
  /** What the host sent is not a reply. */
  | "malformedReply";

/** Writes whole blocks out of guest memory, which is the host's to read until the request ended. */
export interface DiskWrite {
  /** Always `"write"`. */
  readonly operation: "write";
  /** The first block that is written. */
  readonly firstBlock: number;
  /** How many blocks. */
  readonly blockCount: number;
  /** The memory, as a chain of MDLs. */
  readonly mdl: vmbus.Mdl;
  /** Where in the chain the bytes begin; null where they are the whole chain. */
  readonly offset: number | null;
}

/** Reads whole blocks into guest memory, which is the host's to write until the request ended. */
export interface DiskRead {
  /** Always `"read"`. */
  readonly operation: "read";
  /** The first block that is read. */
  readonly firstBlock: number;
  /** How many blocks. */
  readonly blockCount: number;
  /** The memory, as whole pages. */
  readonly pfns: readonly number[];
}

/** Ends when all writes that ended before it are safe. */
export interface DiskFlush {
  /** Always `"flush"`. */
  readonly operation: "flush";
}

/** What a program may ask of a disk. */
export type DiskWork = DiskWrite | DiskRead | DiskFlush;

/**
 * Who hears how a request ended: a function, or a number that the program gave it. Only the number can
 * be saved.
 */
export type RequestEnd = number | ((outcome: DiskOutcome) => void);

/** A request under way. */
interface Pending {
  readonly end: RequestEnd;
  /** Blocks that a host which says "ok" must have moved. */
  readonly blockCount: number;
}

/** The requests of one channel. */
export class Requests {
  readonly #kmcl: vmbus.KmclClientInterfaceV1;
  readonly #channel: vmbus.VMBCHANNEL;
  /** Where they are counted. */
  readonly #state: DiskClientState;
  /** Hears of the end of a request that has a number. */
  readonly #ended: (tag: number, outcome: DiskOutcome) => void;
  /** Those under way, by their packets. */
  readonly #underWay = new Map<vmbus.VMBPACKET, Pending>();

  /** Requests on `channel`. */
  constructor(
    kmcl: vmbus.KmclClientInterfaceV1,
    channel: vmbus.VMBCHANNEL,
    state: DiskClientState,
    ended: (tag: number, outcome: DiskOutcome) => void,
  ) {
    this.#kmcl = kmcl;
    this.#channel = channel;
    this.#state = state;
    this.#ended = ended;
  }

  /**
   * Posts a request: null where `end` will hear of it, else why nothing was sent.
   *
   * @throws {vmbus.KmclError} The send function refuses its arguments.
   * @throws {RangeError} A number does not fit into the request.
   */
  submit(work: DiskWork, blockBytes: number, end: RequestEnd): DiskOutcome | null {
    const packet = this.#kmcl.VmbPacketAllocate(this.#channel);
    if (packet === null) {
      return vmbus.inspectChannel(this.#channel) === null ? "removed" : "exhausted";
    }
    let status: vmbus.NtStatus = vmbus.STATUS_UNSUCCESSFUL;
    try {
      this.#kmcl.VmbPacketSetCompletionRoutine(packet, this.#completed);
      status = this.#post(packet, work, blockBytes);
    } finally {
      // A packet that was refused is as before the call, and its routine does not run.
      if (!vmbus.NT_SUCCESS(status)) this.#kmcl.VmbPacketFree(packet);
    }
    if (status === vmbus.STATUS_DEVICE_REMOVED) return "removed";
    if (!vmbus.NT_SUCCESS(status)) {
      throw new vmbus.KmclError(status, `the send of a ${work.operation}`);
    }
    const blockCount = work.operation === "flush" ? 0 : work.blockCount;
    this.#underWay.set(packet, { end, blockCount });
    this.#state.requests++;
    return null;
  }

  /** Each kind of request has a send function of its own. */
  #post(packet: vmbus.VMBPACKET, work: DiskWork, blockBytes: number): vmbus.NtStatus {
    const kmcl = this.#kmcl;
    const bytes = encodeRequest(work);
    if (work.operation === "flush") {
      return kmcl.VmbPacketSend(packet, bytes, bytes.length, null, WAIT_FOR_COMPLETION);
    }
    const byteCount = work.blockCount * blockBytes;
    if (work.operation === "read") {
      const pageCount = Math.max(1, Math.ceil(byteCount / PAGE_BYTES));
      return kmcl.VmbPacketSendWithExternalPfns(
        packet,
        bytes,
        bytes.length,
        work.pfns,
        pageCount,
        WAIT_FOR_COMPLETION,
      );
    }
    const { mdl, offset } = work;
    if (offset === null) {
      return kmcl.VmbPacketSend(packet, bytes, bytes.length, mdl, WAIT_FOR_COMPLETION);
    }
    return kmcl.VmbPacketSendWithExternalMdl(
      packet,
      bytes,
      bytes.length,
      mdl,
      offset,
      byteCount,
      WAIT_FOR_COMPLETION,
    );
  }

  /** The completion routine: one serves all requests. */
  readonly #completed: vmbus.EvtPacketCompletionRoutine = (packet, status, buffer, byteCount) => {
    const pending = this.#underWay.get(packet);
    this.#underWay.delete(packet);
    this.#kmcl.VmbPacketFree(packet);
    if (pending === undefined) {
      throw new TypeError("Cannot end a request: its packet is none of those under way");
    }
    const { end, blockCount } = pending;
    let outcome: DiskOutcome = "removed"; // STATUS_CANCELLED or STATUS_DEVICE_REMOVED: it closed first
    if (vmbus.NT_SUCCESS(status)) {
      this.#state.completions++;
      outcome = outcomeOf(decodeReply(buffer, byteCount), blockCount);
    }
    if (typeof end === "number") this.#ended(end, outcome);
    else end(outcome);
  };

  /**
   * Those under way as plain data.
   *
   * @throws {Error} A function awaits one of them.
   */
  save(tokens: vmbus.HandleTokens): vmbus.PlainData {
    return [...this.#underWay].map(([packet, { end, blockCount }]) => {
      if (typeof end !== "number") {
        throw new Error("a program awaits a request, and a promise cannot be saved");
      }
      return { packet: tokens.of(packet), tag: end, blockCount };
    });
  }

  /** Takes one back that was under way. */
  restore(context: vmbus.GuestRestoreContext, saved: vmbus.SavedFields): void {
    const packet = context.attachPacket(saved.text("packet"), {
      completionRoutine: this.#completed,
    });
    this.#underWay.set(packet, { end: saved.uint("tag"), blockCount: saved.uint("blockCount") });
  }
}

/** What a reply says of a request that was to move `blockCount` blocks. */
function outcomeOf(reply: DiskReply | null, blockCount: number): DiskOutcome {
  const isLie = reply?.answer === "ok" && reply.blockCount !== blockCount;
  return reply === null || isLie ? "malformedReply" : reply.answer;
}
