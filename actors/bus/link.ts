/**
 * The seam of a bus: all that its two ends have of each other. Control messages cross as bytes, in order
 * each way (wire.md section 4), by the names that they have on the wire; signals cross by theirs; the guest's
 * memory is there for both. Nothing else does, and no object of one end can be reached from the other: an end
 * could be in another thread, or be somebody else's.
 *
 * @module
 */

import type { GuestRam } from "../../core/memory/guest_memory.ts";
import type { Doorbell } from "../channel/bus_port.ts";
import type { WorkItem } from "../runtime/processor.ts";
import type { GuestSignal, HostSignal, SynicPlace } from "./synic.ts";

/** Who a control message or an interrupt is for. */
export type Direction = "toHost" | "toGuest";

/** A link as one end of the bus has it: where its messages and signals go, and where those for it come. */
export interface Link<Target, Signal, Source, OwnSignal> {
  /** The guest's memory, in which rings and GPADLs lie. */
  readonly memory: GuestRam;
  /** Whether messages for this end are on their way. */
  readonly isBusy: boolean;
  /**
   * Whether messages for this end are held back, so that work which they come before need not look again and again:
   * `item` is due as soon as they are on their way again.
   */
  putsOff(item: WorkItem): boolean;
  /** Has this end hear what the other one says, a message at a time, and where it was posted to. */
  connect(hear: (message: Uint8Array, source: Source) => void): void;
  /** Whether this end is to hear nothing for now: what the other one says waits, in order (wire.md 5.4). */
  hold(isHeld: boolean): void;
  /** Puts a message for the other end on its way; once the guest is gone nothing happens. */
  post(message: Uint8Array, target: Target): void;
  /** What makes `signal` to the other end of channel `channelId`: resolved once, rung often. */
  doorbell(signal: Signal, channelId: number): Doorbell;
  /** `signal` is of channel `channelId`, and schedules this item from now on. Before, nobody hears it. */
  listen(signal: OwnSignal, channelId: number, interrupt: WorkItem): void;
  /** Makes a signal of the other end in its place; one that nobody hears does nothing. */
  raise(signal: OwnSignal): void;
  /** Nobody hears `signal` any more. */
  stopListening(signal: OwnSignal): void;
}

/** A link as the host's end has it: it is spoken to by connection ids. */
export type HostLink = Link<SynicPlace, GuestSignal, number, HostSignal>;

/** A link as the guest's end has it. */
export interface GuestLink extends Link<number, HostSignal, SynicPlace, GuestSignal> {
  /**
   * Says something to the host and waits for its answer, which overtakes whatever else is on its way:
   * creating a GPADL returns with what the host made of it (kmcl.md G5). Between threads this blocks.
   * Meanwhile the host may do anything: when this returns, the guest may have ended.
   *
   * @param messages What is said, in order.
   * @param connectionId Where it is said.
   * @param isAnswer Whether a message of the host is what is waited for.
   * @returns The answer; null where none comes, as the host gave none or is gone.
   */
  roundTrip(
    messages: readonly Uint8Array[],
    connectionId: number,
    isAnswer: (message: Uint8Array) => boolean,
  ): Uint8Array | null;
}
