/**
 * The seam of a bus: all that its two ends have of each other. Control messages cross as bytes, in order
 * each way (wire.md section 4); doorbells cross; the guest's memory is there for both. Nothing else does,
 * and no object of one end can be reached from the other: an end could be in another thread.
 *
 * @module
 */

import type { GuestRam } from "../../core/memory/guest_memory.ts";
import type { Doorbell } from "../channel/bus_port.ts";
import type { WorkItem } from "../runtime/processor.ts";

/** Who a control message or an interrupt is for. */
export type Direction = "toHost" | "toGuest";

/** A link as one end of the bus has it. */
export interface Link {
  /** The guest's memory, in which rings and GPADLs lie. */
  readonly memory: GuestRam;
  /** Whether messages for this end are on their way. */
  readonly isBusy: boolean;
  /**
   * Whether messages for this end are held back, so that work which they come before need not look again and again:
   * `item` is due as soon as they are on their way again.
   */
  putsOff(item: WorkItem): boolean;
  /** Has this end hear what the other one says, a message at a time. */
  connect(hear: (message: Uint8Array) => void): void;
  /** Puts a message for the other end on its way; once the guest is gone nothing happens. */
  post(message: Uint8Array): void;
  /** What interrupts the other end of a channel. */
  doorbell(channelId: number): Doorbell;
  /** The interrupts of a channel schedule this item from now on. Before, nobody hears them. */
  listen(channelId: number, interrupt: WorkItem): void;
  /** Nobody hears the interrupts of a channel any more. */
  stopListening(channelId: number): void;
}

/** A link as the guest's end has it. */
export interface GuestLink extends Link {
  /**
   * Says something to the host and waits for its answer, which overtakes whatever else is on its way:
   * creating a GPADL returns with what the host made of it (kmcl.md G5). Between threads this blocks.
   * Meanwhile the host may do anything: when this returns, the guest may have ended.
   *
   * @param messages What is said, in order.
   * @param isAnswer Whether a message of the host is what is waited for.
   * @returns The answer; null where none comes, as the host gave none or is gone.
   */
  roundTrip(
    messages: readonly Uint8Array[],
    isAnswer: (message: Uint8Array) => boolean,
  ): Uint8Array | null;
}
